"""The roof and the floor of the back office.

`loyalty.core` is the floor every app stands on; `urls`, `api`, `dashboard` and `navigation` are the roof
that puts the apps together. Settings and the Celery application live here too, and nothing else.
"""

from loyalty.celery import app as celery_app

__all__ = ["celery_app"]
