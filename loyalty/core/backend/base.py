from pathlib import Path
from typing import Any

from django.db.backends.postgresql import base

from loyalty.core import embedded

__all__ = ["DatabaseWrapper"]


class DatabaseWrapper(base.DatabaseWrapper):
    """A connection to PostgreSQL.

    When the settings carry EMBEDDED_DATA (the folder of an embedded server), that server is started if it
    does not answer. So commands that need no database never start one.
    """

    def get_connection_params(self) -> dict[str, Any]:
        params: dict[str, Any] = super().get_connection_params()
        data = self.settings_dict.get("EMBEDDED_DATA")
        if data:
            params["host"] = str(embedded.ensure_running(Path(data)))
            params["port"] = embedded.PORT
        return params
