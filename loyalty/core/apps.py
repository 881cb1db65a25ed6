"""The floor as a Django app."""

from __future__ import annotations

from django.apps import AppConfig
from django.utils.module_loading import autodiscover_modules
from django.utils.translation import gettext_lazy as _


class CoreConfig(AppConfig):
    """Loads every app's outbox handlers, job kinds and what can be asked for, so that publishers and the web know
    them too."""

    name = "loyalty.core"
    label = "core"
    verbose_name = _("System")
    default = True

    def ready(self) -> None:
        autodiscover_modules("handlers", "tasks", "approvals")
