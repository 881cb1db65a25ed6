from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError

from loyalty.core import embedded

ROLES = {"app": embedded.APP_ROLE, "owner": embedded.OWNER_ROLE, "superuser": embedded.SUPERUSER}


class Command(BaseCommand):
    help = "Start, stop or look at the embedded PostgreSQL server, or print its connection URL."
    requires_system_checks: list[str] = []

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("action", choices=["start", "stop", "status", "url"])
        parser.add_argument("--test", action="store_true", help="the server of the test suite")
        parser.add_argument("--if-idle", action="store_true", help="stop only when nobody is connected")
        parser.add_argument("--role", choices=ROLES, default="app", help="whose URL (default: app)")

    def handle(self, *args: Any, **options: Any) -> None:
        data = self._data(test=options["test"])
        match options["action"]:
            case "start":
                embedded.ensure_running(data)
                self.stdout.write(f"PostgreSQL runs on {data}")
            case "stop":
                stopped = embedded.stop(data, only_if_idle=options["if_idle"])
                self.stdout.write("stopped" if stopped else "left as it is")
            case "status":
                self.stdout.write("running" if embedded.is_running(data) else "stopped")
            case "url":
                self.stdout.write(embedded.url(data, user=ROLES[options["role"]]))

    def _data(self, *, test: bool) -> Path:
        if test:
            return Path(settings.VAR_DIR) / embedded.TEST_FOLDER
        data = settings.DATABASES["default"].get("EMBEDDED_DATA")
        if not data:
            raise CommandError("DATABASE_URL names a server, so there is no embedded one to manage.")
        return Path(data)
