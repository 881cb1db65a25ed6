"""Who may open and do what in the back office, found by trying: every address, action, inline and search field."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

from django.contrib.admin import site
from django.contrib.auth.models import Group
from django.contrib.messages.storage.cookie import CookieStorage
from django.contrib.sessions.backends.signed_cookies import SessionStore
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest
from django.test import RequestFactory
from django.urls import Resolver404, URLPattern, URLResolver, resolve, reverse
from django.views.generic import RedirectView

from loyalty.core import approvals
from loyalty.core.models import User
from loyalty.core.roles import shipped_roles
from programs.admin.desk.tabs import tabs

FILE = Path(__file__).parents[2] / "docs" / "access-matrix.md"
COMMAND = "make access-matrix"
NO, SEES, DOES = "—", "sees", "does"
NOBODY = "nobody"
SITE = "Pages of the site"
ASKING = "Approvals"
# What stands in for the parts of an address. There is no thing with this number: a page asks for the right first.
PLACEHOLDERS = {
    "object_id": "0", "pk": "0", "key": "overview", "id": "0", "content_type_id": "0", "app_label": "core",
    "url": "nowhere",
}  # fmt: skip
# Sending the form of a list chooses an action, and actions have lines of their own.
READ_ONLY_PAGES = ("changelist", "history")
HEADER = f"""# Who may do what

Found by trying every page of the back office as every role, by `{COMMAND}`; a test compares it. “sees”: the page
opens. “does”: its form may be sent, its action pressed. “nobody” is staff without a role. What the roles are for stands
in [roles-and-approvals.md](roles-and-approvals.md).
"""

Row = tuple[str, ...]


@dataclass
class Matrix:
    """Lines by page; each line has a name and what each column may do."""

    columns: tuple[str, ...]
    pages: dict[str, dict[str, Row]] = field(default_factory=dict)

    def add(self, page: str, line: str, cells: Row) -> None:
        lines = self.pages.setdefault(page, {})
        assert lines.setdefault(line, cells) == cells, (page, line)

    def cells(self, column: str) -> Iterator[tuple[str, str, str]]:
        """(page, line, what the column may do)."""
        place = self.columns.index(column)
        for page, lines in self.pages.items():
            for line, row in lines.items():
                yield page, line, row[place]

    def text(self) -> str:
        parts = [HEADER]
        for page in sorted(self.pages):
            parts += [f"\n## {page}\n", _line(("", *self.columns)), _line(("---",) * (len(self.columns) + 1))]
            parts += [_line((name, *row)) for name, row in sorted(self.pages[page].items())]
        return "\n".join(parts) + "\n"


def _line(cells: Row) -> str:
    return f"| {' | '.join(cells)} |"


def people() -> dict[str, User]:
    """Somebody of each role, and somebody without one."""
    found = {NOBODY: User.objects.create_staff("nobody@example.com")}
    for role in shipped_roles():
        user = User.objects.create_staff(f"{role.key}@example.com")
        user.groups.add(Group.objects.get(name=role.group))
        found[role.key] = User.objects.get(pk=user.pk)
    return found


def measure(staff: dict[str, User]) -> Matrix:
    """The whole matrix of the back office as it is."""
    matrix = Matrix(tuple(staff))

    def tried(page: str, line: str, attempt: Callable[[User], str]) -> None:
        matrix.add(page, line, tuple(attempt(user) for user in staff.values()))

    for pattern, route in walked(site.get_urls()):
        page, line = _place(pattern)
        if pattern.name == "programs_programme_tab":
            for tab in tabs.all():
                to = (pattern, route.replace("/overview/", f"/{tab.key}/"), ("GET", "POST"), True)
                tried(page, f"tab {tab.key}", lambda user, to=to: _opened(*to, user))
            continue
        methods = ("GET",) if line in READ_ONLY_PAGES else ("GET", "POST")
        tried(page, line, lambda user, to=(pattern, route, methods, page != SITE): _opened(*to, user))
    for model, model_admin in site._registry.items():
        page = model._meta.label_lower
        for name in sorted(action_names(model_admin)):
            tried(page, f"action {name}", lambda user, to=(model_admin, name): _pressed(*to, user))
        for inline in model_admin.inlines:
            name = f"inline {inline.__name__} ({inline.model._meta.label_lower})"
            tried(page, name, lambda user, to=(inline, model): _inline(*to, user))
        for owner in (model_admin, *model_admin.inlines):
            for name in owner.autocomplete_fields or ():
                line = f"search {owner.__name__ if isinstance(owner, type) else 'page'}.{name}"
                tried(page, line, lambda user, to=(owner, name): _searched(*to, user))
    for operation in approvals.operations():
        for verb, right in (("ask", operation.permission_to_ask), ("decide", operation.permission_to_decide)):
            line = f"{verb}: {operation.name}"
            tried(ASKING, line, lambda user, right=right: DOES if user.has_perm(right) else NO)
    return matrix


def walked(patterns: list[Any], before: str = "") -> Iterator[tuple[URLPattern, str]]:
    """Every address pattern with its whole route."""
    for each in patterns:
        route = before + _filled(each)
        if isinstance(each, URLResolver):
            yield from walked(each.url_patterns, route)
        # An old address of a page only leads to the new one.
        elif not issubclass(getattr(each.callback, "view_class", object), RedirectView):
            yield each, route


def _filled(pattern: Any) -> str:
    """The route with placeholders filled in."""
    text = str(pattern.pattern)
    if "(?P<" in text:
        name = text.partition("(?P<")[2].partition(">")[0]
        return PLACEHOLDERS[name] + ("/" if text.endswith("/$") else "")
    for name in pattern.pattern.converters:
        start = text.index("<")
        text = text[:start] + PLACEHOLDERS[name] + text[text.index(">") + 1 :]
    return text


def _place(pattern: URLPattern) -> tuple[str, str]:
    """On which page's table an address stands, and under which name."""
    name = pattern.name or str(pattern.pattern)
    for model in sorted(site._registry, key=lambda each: -len(each._meta.label_lower)):
        start = f"{model._meta.app_label}_{model._meta.model_name}_"
        if name.startswith(start):
            return model._meta.label_lower, name.removeprefix(start)
    # The one page of Django that keeps the name it has without our own users.
    if name == "auth_user_password_change":
        return User._meta.label_lower, "password_change"
    return SITE, name


def _opened(pattern: URLPattern, route: str, methods: tuple[str, ...], missing: bool, user: User) -> str:
    opened = {
        method: _answers(_request(user, method, f"/admin/{route}"), pattern, missing) for method in methods
    }
    if opened.get("POST"):
        return DOES
    return SEES if opened["GET"] else NO


def _answers(request: HttpRequest, pattern: URLPattern, missing: bool) -> bool:
    """Whether the page lets the person in: anything but a refusal, and but the way to the log-in. `missing`: the page
    is about a thing that is not there, so that not finding it is an answer."""
    match = request.resolver_match
    assert match is not None
    kwargs = match.kwargs if match.url_name == pattern.name else pattern.default_args
    try:
        answer = pattern.callback(request, *match.args, **kwargs)
    except PermissionDenied:
        return False
    except Http404:
        return missing
    to_the_log_in = answer.status_code == 302 and answer["Location"].startswith(reverse("admin:login"))
    return answer.status_code not in (403, 405) and not to_the_log_in


def _request(user: User, method: str, path: str, **data: Any) -> HttpRequest:
    request = RequestFactory().generic(method, f"{path}?{urlencode(data)}" if data else path)
    request.user = user
    request.session = SessionStore()
    request._messages = CookieStorage(request)  # type: ignore[attr-defined]
    request._dont_enforce_csrf_checks = True  # type: ignore[attr-defined]
    try:
        request.resolver_match = resolve(path)
    except Resolver404:
        request.resolver_match = resolve("/admin/")
    return request


def action_names(model_admin: Any) -> set[str]:
    """Everything that can be pressed for chosen rows."""
    return {name for _function, name, _words in model_admin._get_base_actions() if name}


def _pressed(model_admin: Any, name: str, user: User) -> str:
    return DOES if name in model_admin.get_actions(_request(user, "POST", "/admin/")) else NO


def _inline(inline: Any, parent: Any, user: User) -> str:
    rows, request = inline(parent, site), _request(user, "POST", "/admin/")
    if (
        rows.has_add_permission(request, None)
        or rows.has_change_permission(request)
        or rows.has_delete_permission(request)
    ):
        return DOES
    return SEES if rows.has_view_permission(request) else NO


def _searched(owner: Any, name: str, user: User) -> str:
    model = owner.model
    address, meta = reverse("admin:autocomplete"), model._meta
    data = {"app_label": meta.app_label, "model_name": meta.model_name, "field_name": name, "term": "x"}
    request = _request(user, "GET", address, **data)
    try:
        return SEES if site.autocomplete_view(request).status_code == 200 else NO
    except PermissionDenied:
        return NO
