"""The tab of worked examples: the list with green and red, and the page of one."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.template.response import TemplateResponse
from django.utils.translation import gettext, ngettext
from django.utils.translation import gettext_lazy as _

from loyalty.core.choices import TONES
from loyalty.core.clock import now
from loyalty.core.models import User
from loyalty.core.problems import Problem
from members.admin.examples.forms import ExampleForm, RowsForm, YamlForm
from members.admin.examples.rows import values_of
from members.selectors.examples import run_in_words
from members.services.examples import TAB, outdated, run_all, run_examples, save_example
from programs.admin.desk.lists import Button
from programs.admin.desk.tabs import Tab, desk_context, tab_url, tabs
from programs.choices import ExampleState
from programs.engine.document import Core
from programs.engine.reader import InvalidDocument
from programs.models import Programme, WorkedExample
from programs.selectors.documents import working_core
from programs.services.documents.yaml import InvalidProgrammeFile, parse

VIEW, ADD, CHANGE, DELETE = (f"programs.{verb}_workedexample" for verb in ("view", "add", "change", "delete"))
NEW = "new"
FIRST_YAML = """id: first
title: One purchase
steps:
  - at: 2026-03-02T10:00
    purchase: {ref: r1, member: anna, lines: [{sku: A, amount: "10.00"}]}
    expect: {awarded: 10}
"""


def example_url(programme: Programme, example: int | str, more: str = "") -> str:
    """The page of an example."""
    return f"{tab_url(programme, TAB)}?example={example}{more}"


def _page(request: HttpRequest, programme: Programme) -> HttpResponse | dict[str, Any]:
    asked = request.GET.get("example", "")
    try:
        core = working_core(programme)
    except InvalidDocument:
        return {
            "about": gettext("The working copy has faults. Mend them first, then its examples can be run.")
        }
    if not asked:
        return _list(request, programme)
    if asked == NEW:
        return _one(request, programme, core, None)
    if not asked.isdigit() or len(asked) > 18:
        raise Http404
    example = WorkedExample.objects.filter(programme=programme, pk=asked).first()
    if example is None:
        raise Http404
    return _one(request, programme, core, example)


# --- the list ---------------------------------------------------------------------------------------------
def _list(request: HttpRequest, programme: Programme) -> HttpResponse | dict[str, Any]:
    if request.method == "POST":
        _allow(request, CHANGE)
        _run_all(request, programme)
        return HttpResponseRedirect(request.path)
    examples = list(programme.examples.order_by("position", "id"))
    old = {each.pk for each in outdated(programme) if each.state != ExampleState.NEVER}
    return {
        "examples": [
            {
                "title": each,
                "url": example_url(programme, each.pk),
                "state": each.get_state_display(),
                "tone": TONES[each.state],
                "run_at": each.run_at,
                "outdated": each.pk in old,
                "failures": _in_short(each),
            }
            for each in examples
        ],
        "red": sum(each.state == ExampleState.RED for each in examples),
        "zone": programme.zone,
        "may_run": request.user.has_perm(CHANGE),
        "buttons": [Button(_("Add an example"), example_url(programme, NEW))]
        if request.user.has_perm(ADD)
        else [],
    }


def _in_short(example: WorkedExample) -> str:
    if "errors" in example.report:
        return gettext("It cannot be read any more.")
    count = len(example.report.get("failures", []))
    if not count:
        return ""
    return ngettext("%(count)d difference", "%(count)d differences", count) % {"count": count}


def _run_all(request: HttpRequest, programme: Programme) -> None:
    user = request.user if isinstance(request.user, User) else None
    if run_all(programme, now=now(), requested_by=user) is not None:
        messages.info(request, gettext("The examples are being run. Look again in a while."))
        return
    red = programme.examples.filter(state=ExampleState.RED).count()
    if red:
        said = ngettext("%(count)d example does not hold.", "%(count)d examples do not hold.", red)
        messages.warning(request, said % {"count": red})
    else:
        messages.success(request, gettext("Every example holds."))


# --- one example ------------------------------------------------------------------------------------------
def _one(
    request: HttpRequest, programme: Programme, core: Core, example: WorkedExample | None
) -> HttpResponse:
    may_save = request.user.has_perm(ADD if example is None else CHANGE)
    may_delete = example is not None and request.user.has_perm(DELETE)
    if example is None and not may_save:
        raise PermissionDenied
    if request.method == "POST" and "delete" in request.POST and example is not None:
        return _deleted(request, programme, example)
    if request.method == "POST" and "run" in request.POST and example is not None:
        _allow(request, CHANGE)
        run_examples(programme, [example], now=now())
        return HttpResponseRedirect(request.get_full_path())
    form = _form(request, programme, core, example)
    if request.method == "POST":
        _allow(request, ADD if example is None else CHANGE)
        if (saved := _saved(programme, form, example)) is not None:
            _tell(request, saved)
            more = "&as=yaml" if isinstance(form, YamlForm) else ""
            return HttpResponseRedirect(example_url(programme, saved.pk, more))
    if not may_save:
        for field in form.fields.values():
            field.disabled = True
    context = {
        **desk_context(request, programme, TAB),
        **_shown(programme, core, example, form),
        "may_save": may_save,
        "may_delete": may_delete,
        "asks_to_delete": may_delete and "delete" in request.GET,
    }
    return TemplateResponse(request, "admin/members/example.html", context)


def _form(
    request: HttpRequest, programme: Programme, core: Core, example: WorkedExample | None
) -> ExampleForm:
    """The rows where they show everything, else the text."""
    data = request.POST or None
    source = FIRST_YAML if example is None else example.source
    initial = {"title": {}, "members": [], "steps": []} if example is None else _values(source, core)
    if request.GET.get("as") == "yaml" or initial is None:
        return YamlForm(data, programme=programme, example=example, initial={"text": source})
    return RowsForm(data, programme=programme, example=example, core=core, initial=initial)


def _values(source: str, core: Core) -> dict[str, Any] | None:
    try:
        return values_of(parse(source).data, source, core)
    except InvalidProgrammeFile:
        return None


def _saved(programme: Programme, form: ExampleForm, example: WorkedExample | None) -> WorkedExample | None:
    """The example that was kept; else the form says why not."""
    if not form.is_valid():
        return None
    try:
        return save_example(programme, form.source(), now=now(), example=example)
    except Problem as problem:
        form.refuse(problem)
        return None


def _tell(request: HttpRequest, example: WorkedExample) -> None:
    if example.state == ExampleState.GREEN:
        messages.success(request, gettext("Saved. The example holds."))
    else:
        messages.warning(request, gettext("Saved. The example does not hold: see what came instead."))


def _deleted(request: HttpRequest, programme: Programme, example: WorkedExample) -> HttpResponse:
    _allow(request, DELETE)
    example.delete()
    messages.success(request, gettext("“%(title)s” was deleted.") % {"title": example})
    return HttpResponseRedirect(tab_url(programme, TAB))


def _shown(
    programme: Programme, core: Core, example: WorkedExample | None, form: ExampleForm
) -> dict[str, Any]:
    """What the page says of an example and its last run."""
    url = example_url(programme, NEW if example is None else example.pk)
    shown: dict[str, Any] = {
        "form": form,
        "as_yaml": isinstance(form, YamlForm),
        "only_yaml": example is not None and _values(example.source, core) is None,
        "rows_url": url,
        "yaml_url": f"{url}&as=yaml",
        "list_url": tab_url(programme, TAB),
        "zone": programme.zone,
        "example": example,
        "title": f"{programme} · {example or gettext('New example')}",
    }
    if example is not None:
        errors: Sequence[dict[str, Any]] = example.report.get("errors", [])
        shown |= {
            "tone": TONES[example.state],
            "steps": run_in_words(example.report, core),
            "errors_of_run": errors,
            "outdated": example.state != ExampleState.NEVER
            and example.pk in {e.pk for e in outdated(programme)},
            "delete_url": f"{url}&delete=1",
        }
    return shown


def _allow(request: HttpRequest, permission: str) -> None:
    if not request.user.has_perm(permission):
        raise PermissionDenied


tabs.contribute(Tab(TAB, _("Examples"), VIEW, _page, "admin/members/examples.html", order=70, changes=CHANGE))
