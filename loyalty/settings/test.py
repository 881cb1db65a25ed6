"""The test suite: an embedded server of its own without durability, cheap passwords, no broker."""

from loyalty.settings.base import *
from loyalty.settings.base import DATABASE_URL, LOGGING, STORAGES, VAR_DIR, env
from loyalty.settings.database import embedded_database

SECRET_KEY = "only-for-tests-0123456789-0123456789-0123456789"
ALLOWED_HOSTS = ["testserver", "localhost", "127.0.0.1"]
if not DATABASE_URL:
    DATABASES = {"default": embedded_database(VAR_DIR / "pg-test")}

TIME_ZONE = "UTC"
PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]
CACHES = {"default": {"BACKEND": "django.core.cache.backends.locmem.LocMemCache"}}
EMAIL_BACKEND = "django.core.mail.backends.locmem.EmailBackend"
STORAGES = {
    **STORAGES,
    "staticfiles": {"BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"},
}
WHITENOISE_USE_FINDERS = True
WHITENOISE_AUTOREFRESH = True

CELERY_BROKER_URL = env.str("CELERY_BROKER_URL", default="memory://")
CELERY_BROKER_FOLDERS = []
CELERY_BROKER_TRANSPORT_OPTIONS = {}

LOGGING = {**LOGGING, "root": {"handlers": ["console"], "level": "WARNING"}}
