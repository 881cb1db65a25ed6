"""How the back office looks: the configuration of django-unfold."""

from typing import Any

from django.http import HttpRequest
from django.templatetags.static import static
from django.utils.translation import gettext_lazy as _


def favicon(request: HttpRequest) -> str:
    """The address of the little picture in the browser's tab."""
    return static("loyalty/favicon.svg")


def style(request: HttpRequest) -> str:
    """The address of what our pages need beyond the theme's own style."""
    return static("loyalty/back-office.css")


UNFOLD: dict[str, Any] = {
    "SITE_TITLE": _("Loyalty"),
    "SITE_HEADER": _("Loyalty"),
    "SITE_SYMBOL": "loyalty",
    # There is no public site behind the back office to return to.
    "SITE_URL": None,
    "SITE_FAVICONS": [{"rel": "icon", "type": "image/svg+xml", "href": favicon}],
    "STYLES": [style],
    "SHOW_HISTORY": True,
    "SHOW_VIEW_ON_SITE": False,
    "SHOW_LANGUAGES": True,
    "SHOW_BACK_BUTTON": True,
    "DASHBOARD_CALLBACK": "loyalty.dashboard.dashboard_callback",
    "SIDEBAR": {
        "show_search": True,
        "show_all_applications": False,
        "navigation": "loyalty.navigation.navigation",
    },
}
