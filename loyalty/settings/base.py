"""What every installation shares. Values that differ come from the environment (see README)."""

from pathlib import Path
from typing import Any

import environ
from celery.schedules import crontab
from csp.constants import NONE, SELF

from loyalty.settings.database import embedded_database, server_database
from loyalty.settings.unfold import UNFOLD  # noqa: F401 (a setting)

BASE_DIR = Path(__file__).resolve().parent.parent.parent
VAR_DIR = BASE_DIR / "var"

env = environ.Env()
if (BASE_DIR / ".env").exists():
    env.read_env(str(BASE_DIR / ".env"))

SECRET_KEY: str = env.str("SECRET_KEY", default="")
DEBUG = False
ALLOWED_HOSTS: list[str] = env.list("ALLOWED_HOSTS", default=[])

INSTALLED_APPS = [
    "unfold",
    "unfold.contrib.filters",
    "unfold.contrib.forms",
    "unfold.contrib.inlines",
    "unfold.contrib.import_export",
    "django.contrib.admin",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "whitenoise.runserver_nostatic",
    "django.contrib.staticfiles",
    "django.contrib.postgres",
    "csp",
    "django_celery_beat",
    "django_filters",
    "rest_framework",
    "loyalty.core",
    "programs",
    "members",
    "rewards",
    "surveys",
    "import_export",  # after ours: `manage.py import` is the product's own command
]

MIDDLEWARE = [
    "django.middleware.security.SecurityMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "csp.middleware.CSPMiddleware",
    "loyalty.core.middleware.BackOfficePolicyMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.locale.LocaleMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "loyalty.core.audit.AuditMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
]

ROOT_URLCONF = "loyalty.urls"
WSGI_APPLICATION = "loyalty.wsgi.application"

TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "DIRS": [BASE_DIR / "templates"],
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
            ],
        },
    },
]

# The database. Without DATABASE_URL the embedded server under var/pg starts at the first connection.
DATABASE_URL: str = env.str("DATABASE_URL", default="")
DATABASE_OWNER_URL: str = env.str("DATABASE_OWNER_URL", default="")
DATABASES: dict[str, dict[str, Any]] = {
    "default": server_database(DATABASE_URL) if DATABASE_URL else embedded_database(VAR_DIR / "pg"),
}
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"

# People who log in.
AUTH_USER_MODEL = "core.User"
AUTHENTICATION_BACKENDS = ["loyalty.core.auth.StaffBackend"]
LOGIN_URL = "admin:login"
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": "django.contrib.auth.password_validation.UserAttributeSimilarityValidator"},
    {"NAME": "django.contrib.auth.password_validation.MinimumLengthValidator", "OPTIONS": {"min_length": 10}},
    {"NAME": "django.contrib.auth.password_validation.CommonPasswordValidator"},
    {"NAME": "django.contrib.auth.password_validation.NumericPasswordValidator"},
]
# auth.W004: an address is unique per kind of user (staff, partner, member), not alone.
SILENCED_SYSTEM_CHECKS = ["auth.W004"]

# Languages and time. Days of a programme belong to the programme's own zone; TIME_ZONE is that of the clock on
# the wall of the office, for times that belong to no programme and for what is typed into filters.
LANGUAGE_CODE = "en"
LANGUAGES = [("en", "English"), ("ru", "Русский"), ("et", "Eesti")]
LOCALE_PATHS = [BASE_DIR / "loyalty" / "locale"]
USE_I18N = True
USE_TZ = True
TIME_ZONE: str = env.str("TIME_ZONE", default="UTC")
FORMAT_MODULE_PATH = "loyalty.formats"

# Who may do what: the roles that come with the product, and what needs a second person (docs/roles-and-approvals.md).
ROLES = "loyalty.roles.ROLES"
SECOND_PAIR_OF_EYES: bool = env.bool("SECOND_PAIR_OF_EYES", default=True)
# In whole points (minutes, euros) of one type: at once, and by one person in 24 hours.
ADJUSTMENT_LIMIT: int = env.int("ADJUSTMENT_LIMIT", default=500)
ADJUSTMENT_DAILY_LIMIT: int = env.int("ADJUSTMENT_DAILY_LIMIT", default=2000)

# Static files.
STATIC_URL = "static/"
STATIC_ROOT = VAR_DIR / "static"
STORAGES: dict[str, dict[str, Any]] = {
    "default": {"BACKEND": "django.core.files.storage.FileSystemStorage"},
    "staticfiles": {"BACKEND": "whitenoise.storage.CompressedStaticFilesStorage"},
}
# The largest condition of a rule is a form of some thousand fields.
DATA_UPLOAD_MAX_NUMBER_FIELDS = 10_000
MEDIA_ROOT = VAR_DIR / "media"
MEDIA_URL = "media/"

# What a page may load. The back office gets its own, slightly wider policy: see loyalty.core.middleware.
CONTENT_SECURITY_POLICY = {
    "DIRECTIVES": {
        "default-src": [SELF],
        "img-src": [SELF, "data:"],
        "object-src": [NONE],
        "base-uri": [NONE],
        "form-action": [SELF],
        "frame-ancestors": [NONE],
    },
}
X_FRAME_OPTIONS = "DENY"
SECURE_REFERRER_POLICY = "same-origin"

REST_FRAMEWORK = {
    "DEFAULT_PERMISSION_CLASSES": ["rest_framework.permissions.IsAuthenticated"],
    "DEFAULT_AUTHENTICATION_CLASSES": ["rest_framework.authentication.SessionAuthentication"],
}

# Background work. The truth is in the database (outbox and job rows): a lost or doubled message changes
# nothing. Without CELERY_BROKER_URL messages are files on this machine.
CELERY_BROKER_URL: str = env.str("CELERY_BROKER_URL", default="filesystem://localhost")
CELERY_BROKER_TRANSPORT_OPTIONS: dict[str, Any] = {}
CELERY_BROKER_FOLDERS: list[Path] = []
if CELERY_BROKER_URL.startswith("filesystem:"):
    _broker = VAR_DIR / "broker"
    CELERY_BROKER_FOLDERS = [_broker / "messages", _broker / "control"]
    CELERY_BROKER_TRANSPORT_OPTIONS = {
        "data_folder_in": str(_broker / "messages"),
        "data_folder_out": str(_broker / "messages"),
        "control_folder": str(_broker / "control"),
        "polling_interval": 0.2,
    }
CELERY_BROKER_CONNECTION_RETRY_ON_STARTUP = True
CELERY_TASK_ACKS_LATE = True
CELERY_TASK_IGNORE_RESULT = True
CELERY_WORKER_PREFETCH_MULTIPLIER = 1
CELERY_TIMEZONE = "UTC"
CELERY_ENABLE_UTC = True
CELERY_BEAT_SCHEDULER = "django_celery_beat.schedulers:DatabaseScheduler"
CELERY_BEAT_SCHEDULE: dict[str, dict[str, Any]] = {
    "Relay the outbox": {"task": "core.relay_outbox", "schedule": 2.0, "options": {"expires": 10}},
    "Take over dead jobs": {"task": "core.resume_jobs", "schedule": 30.0, "options": {"expires": 60}},
    "Do what falls due": {
        "task": "members.advance",
        "schedule": crontab(minute="*/15"),
        "options": {"expires": 600},
    },
    "Close requests that nobody decided": {
        "task": "core.expire_approvals",
        "schedule": crontab(minute=5),
        "options": {"expires": 1800},
    },
    "Verify the ledger": {"task": "members.verify_ledger", "schedule": crontab(hour=2, minute=30)},
}

LOGGING: dict[str, Any] = {
    "version": 1,
    "disable_existing_loggers": False,
    "formatters": {"line": {"format": "{asctime} {levelname} {name}: {message}", "style": "{"}},
    "handlers": {"console": {"class": "logging.StreamHandler", "formatter": "line"}},
    "root": {"handlers": ["console"], "level": env.str("LOG_LEVEL", default="INFO")},
}
