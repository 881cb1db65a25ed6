"""Production refuses to start unsafe, in a process of its own; nothing here needs a database."""

import os
import subprocess
import sys

import pytest

from tests.architecture.sources import ROOT

SAFE = {
    "DJANGO_SETTINGS_MODULE": "loyalty.settings.production",
    "SECRET_KEY": "k" * 60,
    "DATABASE_URL": "postgresql://loyalty_app:a@db/loyalty",
    "DATABASE_OWNER_URL": "postgresql://loyalty_owner:b@db/loyalty",
    "ALLOWED_HOSTS": "loyalty.example",
}


def start(**changes: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-c", "import django; django.setup()"],
        cwd=ROOT,
        env={"PATH": os.environ["PATH"], **SAFE, **changes},
        capture_output=True,
        text=True,
        check=False,
    )


def test_a_safe_installation_starts() -> None:
    assert start().stderr == ""


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"SECRET_KEY": ""}, "SECRET_KEY"),
        ({"SECRET_KEY": "short"}, "SECRET_KEY"),
        ({"SECRET_KEY": "only-for-development-and-the-demo-never-in-production"}, "SECRET_KEY"),
        ({"DEBUG": "1"}, "DEBUG"),
        ({"DATABASE_URL": ""}, "DATABASE_URL"),
        ({"DATABASE_OWNER_URL": ""}, "DATABASE_OWNER_URL"),
        ({"DATABASE_OWNER_URL": SAFE["DATABASE_URL"]}, "same role"),
        ({"ALLOWED_HOSTS": "*"}, "ALLOWED_HOSTS"),
    ],
)
def test_an_unsafe_one_refuses_and_says_why(changes: dict[str, str], reason: str) -> None:
    done = start(**changes)
    assert done.returncode != 0
    assert "ImproperlyConfigured" in done.stderr
    assert reason in done.stderr


def test_web_server_and_worker_are_safe_unless_told_otherwise() -> None:
    command = "import os, loyalty; print(os.environ['DJANGO_SETTINGS_MODULE'])"
    done = subprocess.run(
        [sys.executable, "-c", command],
        cwd=ROOT,
        env={"PATH": os.environ["PATH"]},
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stdout.strip() == "loyalty.settings.production"


def test_commands_that_need_no_database_start_none() -> None:
    """`check` with an embedded server that could not even be made."""
    done = subprocess.run(
        [sys.executable, "-c", UNREACHABLE_DATABASE],
        cwd=ROOT,
        env={"PATH": os.environ["PATH"], "DJANGO_SETTINGS_MODULE": "loyalty.settings.test"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.stderr == ""
    assert done.returncode == 0


UNREACHABLE_DATABASE = """
import django
from django.conf import settings
settings.DATABASES["default"]["EMBEDDED_DATA"] = "/proc/nowhere"
django.setup()
from django.core.management import call_command
call_command("check", verbosity=0)
call_command("collectstatic", dry_run=True, interactive=False, verbosity=0)
"""
