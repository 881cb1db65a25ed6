import importlib
import os
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from argparse import ArgumentParser
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from types import FrameType
from typing import Any

from django.conf import settings
from django.core.management import call_command, get_commands
from django.core.management.base import BaseCommand, CommandError
from django.db import connections

from loyalty.core import embedded

HOST = "127.0.0.1"
STOP_SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
READY_SECONDS = 60
STOP_SECONDS = 15


@dataclass(frozen=True)
class Service:
    """One process of the demo."""

    name: str
    process: subprocess.Popen[bytes]
    log: Path


class Stopped(Exception):
    """Somebody pressed Ctrl-C, or asked the process to end."""


class Command(BaseCommand):
    help = "Start the whole back office on this machine: database, demo company, web server and worker."
    requires_system_checks: list[str] = []

    def add_arguments(self, parser: ArgumentParser) -> None:
        port = int(os.environ.get("PORT", "8000"))
        parser.add_argument("--port", type=int, default=port, help="port of the web server (default: 8000)")
        parser.add_argument("--workers", type=int, default=2, help="processes of the web server")

    def handle(self, *args: Any, **options: Any) -> None:
        started = time.monotonic()
        port: int = options["port"]
        _refuse_taken_port(port)
        for number in STOP_SIGNALS:
            signal.signal(number, _stop)
        services: list[Service] = []
        try:
            with self._database():
                try:
                    self._prepare()
                    services += _start_services(port, options["workers"])
                    _wait_until_ready(f"http://{HOST}:{port}/readyz", services)
                    self._tell(port, services, time.monotonic() - started)
                    _wait_for_end(services)
                finally:
                    # A second Ctrl-C must not interrupt the tidying up.
                    for number in STOP_SIGNALS:
                        signal.signal(number, signal.SIG_IGN)
                    _stop_services(services)
        except Stopped:
            self.stdout.write("Stopped.")

    @contextmanager
    def _database(self) -> Iterator[None]:
        """The embedded server, stopped afterwards unless it ran before us and others still use it."""
        data = settings.DATABASES["default"].get("EMBEDDED_DATA")
        if not data:
            yield
            return
        shared = embedded.is_running(Path(data))
        embedded.ensure_running(Path(data))
        try:
            yield
        finally:
            connections.close_all()
            embedded.stop(Path(data), only_if_idle=shared)

    def _prepare(self) -> None:
        Path(settings.STATIC_ROOT).mkdir(parents=True, exist_ok=True)
        self.stdout.write("Preparing the database …")
        call_command("migrate", verbosity=0, interactive=False)
        if "demo_data" in get_commands():
            self.stdout.write("Preparing the demo company …")
            call_command("demo_data")
        else:
            self.stdout.write("There is no demo company yet (no command demo_data).")
        connections.close_all()

    def _tell(self, port: int, services: list[Service], seconds: float) -> None:
        lines = [
            "",
            self.style.SUCCESS(f"Ready after {seconds:.0f} s."),
            "",
            f"  Back office   http://{HOST}:{port}/admin/",
        ]
        lines += [f"  {who:<13} {email}   password: {password}" for who, email, password in demo_logins()]
        lines += ["", *(f"  Log of {service.name:<6} {_short(service.log)}" for service in services)]
        lines += ["", "Press Ctrl-C to stop everything."]
        self.stdout.write("\n".join(lines))
        self.stdout.flush()


def demo_logins() -> Iterable[tuple[str, str, str]]:
    """Who may log in to the demo: (who, e-mail, password), as the command `demo_data` tells."""
    owner = get_commands().get("demo_data")
    if owner is None:
        return []
    app = owner if isinstance(owner, str) else owner.__module__
    module = importlib.import_module(f"{app}.management.commands.demo_data")
    logins: Iterable[tuple[str, str, str]] = getattr(module, "demo_logins", list)()
    return logins


def _stop(number: int, frame: FrameType | None) -> None:
    raise Stopped


def _refuse_taken_port(port: int) -> None:
    with socket.socket() as probe:
        if probe.connect_ex((HOST, port)) == 0:
            raise CommandError(f"Port {port} is in use. Choose another one: PORT=8010 make demo")


def _start_services(port: int, workers: int) -> list[Service]:
    web = ["granian", "--interface", "wsgi", "--host", HOST, "--port", str(port), "--workers", str(workers)]
    worker = ["celery", "-A", "loyalty", "worker", "-B", "-P", "threads", "-c", "4", "-l", "WARNING"]
    schedule = str(Path(settings.VAR_DIR) / "celerybeat-schedule")
    return [
        _start("web", [*web, "--blocking-threads", "4", "loyalty.wsgi:application"]),
        _start("worker", [*worker, "-s", schedule, "--without-mingle", "--without-gossip"]),
    ]


def _start(name: str, command: list[str]) -> Service:
    log = Path(settings.VAR_DIR) / "log" / f"{name}.log"
    log.parent.mkdir(parents=True, exist_ok=True)
    with log.open("wb") as output:
        process = subprocess.Popen(
            [sys.executable, "-m", *command],
            cwd=settings.BASE_DIR,
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            # Ctrl-C reaches only this process, which then stops the others in order.
            start_new_session=True,
        )
    return Service(name, process, log)


def _wait_until_ready(address: str, services: list[Service]) -> None:
    deadline = time.monotonic() + READY_SECONDS
    while time.monotonic() < deadline:
        _refuse_dead(services)
        try:
            with urllib.request.urlopen(address, timeout=5) as answer:  # noqa: S310 (our own address)
                if answer.status == 200:
                    return
        except (urllib.error.URLError, OSError):
            time.sleep(0.2)
    raise CommandError(f"The web server did not answer within {READY_SECONDS} s; see {services[0].log}")


def _wait_for_end(services: list[Service]) -> None:
    while True:
        _refuse_dead(services)
        time.sleep(0.5)


def _refuse_dead(services: list[Service]) -> None:
    for service in services:
        if service.process.poll() is not None:
            tail = "\n".join(service.log.read_text(errors="replace").splitlines()[-20:])
            raise CommandError(f"The {service.name} ended by itself ({service.process.returncode}).\n{tail}")


def _stop_services(services: list[Service]) -> None:
    for service in services:
        if service.process.poll() is None:
            service.process.terminate()
    deadline = time.monotonic() + STOP_SECONDS
    for service in services:
        try:
            service.process.wait(max(0.1, deadline - time.monotonic()))
        except subprocess.TimeoutExpired:
            os.killpg(service.process.pid, signal.SIGKILL)
            service.process.wait()


def _short(path: Path) -> str:
    return str(path.relative_to(settings.BASE_DIR)) if path.is_relative_to(settings.BASE_DIR) else str(path)
