"""The Celery application. Tasks are found in the `tasks` module of every app."""

import os

from celery import Celery
from django.conf import settings

from loyalty.core import broker

# The safe default: manage.py and the tests name theirs before this is imported.
os.environ.setdefault("DJANGO_SETTINGS_MODULE", "loyalty.settings.production")

app = Celery("loyalty")
app.config_from_object("django.conf:settings", namespace="CELERY")
app.autodiscover_tasks()


@app.on_after_configure.connect
def make_broker_folders(sender: Celery, **_: object) -> None:
    """The filesystem broker wants its folders to be there, and all that is in them whole, before the first message."""
    broker.prepare(getattr(settings, "CELERY_BROKER_FOLDERS", ()))
