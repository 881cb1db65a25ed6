"""Small middleware of the back office."""

from collections.abc import Callable

from csp.constants import NONCE, SELF, UNSAFE_EVAL, UNSAFE_INLINE
from django.http import HttpRequest, HttpResponse
from django.urls import NoReverseMatch, reverse

__all__ = ["BackOfficePolicyMiddleware"]

# The theme's menus and dialogs evaluate expressions in attributes and set inline styles. Inline scripts
# stay forbidden. The portal and the API keep the strict policy of the settings.
BACK_OFFICE_POLICY = {
    "script-src": [SELF, UNSAFE_EVAL, NONCE],
    "style-src": [SELF, UNSAFE_INLINE],
}


class BackOfficePolicyMiddleware:
    """Lets pages under the admin's address run the admin theme."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        response = self.get_response(request)
        if request.path_info.startswith(self._admin_address()):
            response._csp_update = BACK_OFFICE_POLICY  # type: ignore[attr-defined]
        return response

    def _admin_address(self) -> str:
        try:
            return reverse("admin:index")
        except NoReverseMatch:
            return "/admin/"
