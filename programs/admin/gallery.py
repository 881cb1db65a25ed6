"""A new programme: one of the ready ones of the gallery, or an empty one; then its name, code, currency and place."""

from __future__ import annotations

from typing import Any
from zoneinfo import available_timezones

from django import forms
from django.conf import settings
from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied, ValidationError
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.template.response import TemplateResponse
from django.urls import reverse
from django.utils.text import slugify
from django.utils.translation import gettext, ngettext
from django.utils.translation import gettext_lazy as _

from loyalty.core.clock import now
from loyalty.core.problems import FieldError, Problem, sentence_of
from loyalty.core.registry import Card, dashboard_cards
from loyalty.core.translated import known_languages, text
from programs.admin.desk.tabs import tab_url
from programs.admin.forms.fields import Code, Words, text_input
from programs.models import Programme
from programs.selectors.gallery import facts_in_words
from programs.services import readiness
from programs.services.gallery import Start, Template, make, make_empty, templates

ADD = "programs.add_programme"
EMPTY = "empty"
# The fields that stand for places of the document.
PLACES = {
    "/programme/key": "key",
    "/programme/name": "name",
    "/programme/zone": "zone",
    "/programme/currency": "currency",
}


class StartForm(forms.Form):
    """What a programme has to know before anything else."""

    name = Words(
        label=_("Name"),
        help_text=_("The name that members see. They are addressed in the languages that you fill in."),
    )
    key = Code(
        label=_("Code"),
        max_length=50,
        help_text=_(
            "Used in files and reports; it never changes. Leave it empty to have one made from the name."
        ),
    )
    collected = Words(label=_("What members collect"), help_text=_("Such as points, stars, stamps or miles."))
    currency = Code(
        label=_("Currency"),
        required=True,
        max_length=3,
        widget=text_input(autocomplete="off"),
        help_text=_("Three letters such as EUR. Fixed once the programme was published."),
    )
    zone = Code(
        label=_("Time zone"),
        required=True,
        widget=text_input(list="zones", autocomplete="off"),
        help_text=_("Days begin and end here, such as Europe/Tallinn."),
    )

    def __init__(self, *args: Any, empty: bool, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if not empty:
            del self.fields["collected"]

    def clean_currency(self) -> str:
        return str(self.cleaned_data["currency"]).upper()

    def clean_key(self) -> str:
        key = str(self.cleaned_data["key"])
        if key and Programme.objects.filter(key=key).exists():
            raise ValidationError(_("There is a programme with this code already."), code="code_taken")
        return key or self._new_key()

    def _new_key(self) -> str:
        """A code from the name that no programme has yet."""
        words = self.cleaned_data.get("name") or {}
        made = next((slug for each in words.values() if (slug := slugify(str(each)))), "")
        base = (made if made[:1].isalpha() else f"programme-{made}".rstrip("-"))[:40].rstrip("-_")
        taken = set(Programme.objects.filter(key__startswith=base).values_list("key", flat=True))
        key, number = base, 2
        while key in taken:
            key, number = f"{base}-{number}", number + 1
        return key

    def start(self) -> Start:
        """What was asked, with the name in the order of the languages."""
        said = self.cleaned_data
        name = {code: said["name"][code] for code in known_languages() if said["name"].get(code)}
        return Start(said["key"], name, said["currency"], said["zone"])

    def refuse(self, problem: Problem) -> None:
        """Tell a refusal at the fields that it is about."""
        if not problem.errors:
            self.add_error(None, sentence_of(problem))
        for error in problem.errors:
            self.add_error(PLACES.get(error.pointer, "currency"), self._in_words(error))

    def _in_words(self, error: FieldError) -> str:
        message = (
            f"{error.message} {gettext('Expected')}: {error.expected}." if error.expected else error.message
        )
        if error.pointer in PLACES:
            return str(message)
        return gettext("The amounts of this programme do not fit the currency (%(place)s): %(message)s") % {
            "place": error.pointer.strip("/").replace("/", "."),
            "message": message,
        }


def new_programme(request: HttpRequest) -> HttpResponse:
    """The gallery; with `?template=` what is asked before one of its programmes, or an empty one, is made."""
    if not request.user.has_perm(ADD):
        raise PermissionDenied
    chosen = request.GET.get("template", "")
    template = templates().get(chosen)
    if template is None and chosen != EMPTY:
        cards = [(each, each.core.name, facts_in_words(each.core)) for each in templates().values()]
        shown = [(each, text(dict(name)), facts) for each, name, facts in cards]
        return _page(request, "admin/programs/gallery.html", {"cards": shown, "title": _("New programme")})
    return _start(request, template)


def _start(request: HttpRequest, template: Template | None) -> HttpResponse:
    form = StartForm(request.POST or None, initial=_initial(template), empty=template is None)
    if request.method == "POST" and form.is_valid():
        try:
            programme = _make(form, template)
        except Problem as problem:
            form.refuse(problem)
        else:
            _tell(request, programme)
            return HttpResponseRedirect(tab_url(programme))
    title = _("An empty programme") if template is None else text(template.document["programme"]["name"])
    context = {
        "form": form,
        "template": template,
        "facts": facts_in_words(template.core) if template else (),
        "zones": sorted(available_timezones()),
        "title": title,
    }
    return _page(request, "admin/programs/start.html", context)


def _make(form: StartForm, template: Template | None) -> Programme:
    if template is None:
        return make_empty(form.start(), collected=form.cleaned_data["collected"], now=now())
    return make(template, form.start(), now=now())


def _initial(template: Template | None) -> dict[str, Any]:
    """What is likely: the place and the money of the programme that is there already."""
    known = Programme.objects.order_by("-pk").first()
    return {
        "name": dict(template.document["programme"]["name"]) if template else {},
        "collected": {"en": "Points", "ru": "Баллы", "et": "Punktid"},
        "currency": known.currency if known else (template.core.currency if template else ""),
        "zone": known.zone if known else settings.TIME_ZONE,
    }


def _tell(request: HttpRequest, programme: Programme) -> None:
    """That the draft is there, and whether its examples hold."""
    blockers = readiness.blockers(programme, now=now())
    count = programme.examples.count()
    said = gettext("“%(name)s” is a draft now. Nobody earns anything before you publish it.") % {
        "name": programme
    }
    if count and not blockers:
        holds = ngettext(
            "Its worked example was run and holds.", "Its %(count)d worked examples were run and hold.", count
        )
        said = f"{said} {holds % {'count': count}}"
    messages.success(request, said)
    for blocker in blockers:
        messages.warning(request, str(blocker.message))


def _page(request: HttpRequest, template: str, context: dict[str, Any]) -> HttpResponse:
    frame = {**admin.site.each_context(request), "opts": Programme._meta}
    return TemplateResponse(request, template, {**frame, **context})


def _first_steps(request: HttpRequest) -> list[Card]:
    """An empty installation says what to do first."""
    if Programme.objects.exists():
        return []
    note = _("Choose a ready one from the gallery, or start empty. It takes a minute, and nothing is final.")
    address = reverse("admin:programs_programme_add")
    return [Card(_("Begin here"), gettext("Make the first programme"), note, address, "rocket_launch")]


dashboard_cards.contribute(_first_steps, permission=ADD, order=0)
