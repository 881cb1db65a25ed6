"""A real installation. It refuses to start when something that protects it is missing."""

from urllib.parse import urlsplit

from django.core.exceptions import ImproperlyConfigured

from loyalty.settings.base import *
from loyalty.settings.base import ALLOWED_HOSTS, DATABASE_OWNER_URL, DATABASE_URL, SECRET_KEY, env

SHORTEST_SECRET_KEY = 50


def refuse_unsafe(*, secret_key: str, debug: bool, url: str, owner_url: str, hosts: list[str]) -> None:
    """Raise ImproperlyConfigured naming the first setting that would make this installation unsafe."""
    if len(secret_key) < SHORTEST_SECRET_KEY or "development" in secret_key:
        raise ImproperlyConfigured(
            f"SECRET_KEY must be random and at least {SHORTEST_SECRET_KEY} characters long."
        )
    if debug:
        raise ImproperlyConfigured("DEBUG must be off in production.")
    if not url or not owner_url:
        raise ImproperlyConfigured(
            "Set DATABASE_URL (the role that runs the application) and DATABASE_OWNER_URL (the role that "
            "owns the tables and migrates them)."
        )
    if urlsplit(url).username == urlsplit(owner_url).username:
        raise ImproperlyConfigured(
            "DATABASE_URL and DATABASE_OWNER_URL use the same role. The application must run as a role that "
            "owns nothing, otherwise it could rewrite history."
        )
    if not hosts or "*" in hosts:
        raise ImproperlyConfigured("Set ALLOWED_HOSTS to the names this installation answers to.")


DEBUG = env.bool("DEBUG", default=False)
refuse_unsafe(
    secret_key=SECRET_KEY, debug=DEBUG, url=DATABASE_URL, owner_url=DATABASE_OWNER_URL, hosts=ALLOWED_HOSTS
)

CSRF_TRUSTED_ORIGINS = env.list("CSRF_TRUSTED_ORIGINS", default=[f"https://{host}" for host in ALLOWED_HOSTS])
SECURE_SSL_REDIRECT = env.bool("SECURE_SSL_REDIRECT", default=True)
SECURE_REDIRECT_EXEMPT = [r"^healthz$", r"^readyz$"]
SECURE_HSTS_SECONDS = env.int("SECURE_HSTS_SECONDS", default=31536000)
SECURE_HSTS_INCLUDE_SUBDOMAINS = True
SECURE_HSTS_PRELOAD = True
if env.bool("BEHIND_PROXY", default=False):
    SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https")
SESSION_COOKIE_SECURE = True
CSRF_COOKIE_SECURE = True
STORAGES = {
    "default": {"BACKEND": "django.core.files.storage.FileSystemStorage"},
    "staticfiles": {"BACKEND": "whitenoise.storage.CompressedManifestStaticFilesStorage"},
}
