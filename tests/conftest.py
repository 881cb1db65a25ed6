"""Fixtures for every test. `db` wraps a test in a transaction; `committed_database` is for what commits."""

import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from pytest_django import DjangoDbBlocker

# The suite never touches a server that the shell happens to name.
for _name in ("DATABASE_URL", "DATABASE_OWNER_URL"):
    os.environ.pop(_name, None)

CHROMIUM = Path("/usr/bin/chromium")


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Refuse the cleaning by TRUNCATE, skip browser tests with a reason where there is no browser, and leave the long
    tests out unless they are asked for."""
    if "nightly" not in config.option.markexpr:
        long = [item for item in items if item.get_closest_marker("nightly")]
        config.hook.pytest_deselected(items=long)
        items[:] = [item for item in items if item not in long]
    no_browser = pytest.mark.skip(reason=f"{CHROMIUM} is missing; install the package chromium")
    for item in items:
        marker = item.get_closest_marker("django_db")
        if marker and marker.kwargs.get("transaction"):
            raise pytest.UsageError(
                f"{item.nodeid}: history refuses TRUNCATE; use the fixture committed_database"
            )
        if item.get_closest_marker("browser") and not CHROMIUM.exists():
            item.add_marker(no_browser)


@pytest.fixture(scope="session")
def template_database(django_test_environment: None, django_db_blocker: DjangoDbBlocker) -> str:
    """The name of the migrated database that others are copied from."""
    from tests import databases

    with django_db_blocker.unblock():
        return databases.ensure_template()


@pytest.fixture(scope="session")
def django_db_setup(template_database: str, django_db_blocker: DjangoDbBlocker) -> Iterator[None]:
    """One copy of the template for this run, or for this worker of a parallel run."""
    from tests import databases

    with databases.copy_of(template_database) as name:
        with django_db_blocker.unblock():
            switch = databases.using(name)
            switch.__enter__()
        yield
        with django_db_blocker.unblock():
            switch.__exit__(None, None, None)


@pytest.fixture
def committed_database(
    django_db_setup: None, template_database: str, django_db_blocker: DjangoDbBlocker
) -> Iterator[Any]:
    """A fresh database for one test: what it writes is committed, so other processes see it too.

    Gives an object with `url`, `owner_url`, `superuser_url` and `environment()`; the default connection of
    every thread uses the same database. Not together with `db`.
    """
    from tests import databases

    with django_db_blocker.unblock(), databases.copy_of(template_database) as name, databases.using(name):
        yield databases.CommittedDatabase(name)


@pytest.fixture
def transactional_db() -> None:
    pytest.fail("History refuses TRUNCATE; use the fixture committed_database.")


@pytest.fixture
def live_site(committed_database: Any) -> Iterator[str]:
    """The whole site on a port of this machine, over `committed_database`. Gives its address."""
    from django.contrib.staticfiles.handlers import StaticFilesHandler
    from django.test.testcases import LiveServerThread

    thread = LiveServerThread("127.0.0.1", StaticFilesHandler)
    thread.daemon = True
    thread.start()
    thread.is_ready.wait()
    if thread.error:
        raise thread.error
    yield f"http://127.0.0.1:{thread.port}"
    thread.terminate()


@pytest.fixture(scope="session")
def browser() -> Iterator[Any]:
    """Chromium, without a window."""
    from playwright.sync_api import sync_playwright

    # Playwright keeps an event loop in this thread; our own queries here are still plain and synchronous.
    os.environ["DJANGO_ALLOW_ASYNC_UNSAFE"] = "1"
    flags = ["--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-sync",
             "--disable-background-networking", "--disable-component-update"]  # fmt: skip
    with sync_playwright() as playwright:
        chromium = playwright.chromium.launch(executable_path=str(CHROMIUM), args=flags)
        yield chromium
        chromium.close()


@pytest.fixture
def page(browser: Any) -> Iterator[Any]:
    """A fresh page of the browser, as wide as a desktop."""
    context = browser.new_context(viewport={"width": 1360, "height": 900})
    yield context.new_page()
    context.close()
