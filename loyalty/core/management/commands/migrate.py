from typing import Any

from django.core.exceptions import ImproperlyConfigured
from django.core.management.base import CommandError
from django.core.management.commands import migrate
from django.db import connections

from loyalty.core import database, roles

# A migration that waits for a lock makes everybody else wait behind it, so it gives up early instead.
LOCK_TIMEOUT = "10s"


class Command(migrate.Command):
    """Django's migrate, run as the owner of the tables; afterwards it sets what the application and the roles of the
    product may do."""

    def handle(self, *args: Any, **options: Any) -> None:
        alias: str = options["database"]
        role = database.application_role(alias)
        try:
            owner = database.owner_settings(alias)
        except ImproperlyConfigured as missing:
            raise CommandError(str(missing)) from missing
        if not connections[alias].settings_dict.get("EMBEDDED_DATA") and owner.get("USER") == role:
            raise CommandError("DATABASE_URL and DATABASE_OWNER_URL must name two different roles.")
        with database.switched(owner, alias) as connection:
            with connection.cursor() as cursor:
                cursor.execute("SELECT set_config('lock_timeout', %s, false)", [LOCK_TIMEOUT])
            super().handle(*args, **options)
            if not (options["plan"] or options["check_unapplied"]):
                database.apply_grants(connection, role=role)
                # Half-migrated there may be no such table yet.
                if not options["app_label"]:
                    roles.ship()
