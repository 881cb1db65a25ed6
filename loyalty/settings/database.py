"""The two ways to reach PostgreSQL: the embedded server, or a server named by a URL."""

from pathlib import Path
from typing import Any

import environ

ENGINE = "loyalty.core.backend"


def embedded_database(data: Path) -> dict[str, Any]:
    """Connection settings of the embedded server whose files are in `data`; nothing starts yet."""
    return {
        "ENGINE": ENGINE,
        "NAME": "loyalty",
        "USER": "loyalty_app",
        "EMBEDDED_DATA": str(data),
        "CONN_MAX_AGE": 60,
        "CONN_HEALTH_CHECKS": True,
    }


def server_database(url: str) -> dict[str, Any]:
    """Connection settings for `url` (postgresql://user:password@host:port/name?sslmode=require)."""
    settings: dict[str, Any] = environ.Env.db_url_config(url, engine=ENGINE)
    return {**settings, "CONN_MAX_AGE": 60, "CONN_HEALTH_CHECKS": True}
