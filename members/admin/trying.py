"""Try a basket: who buys what and when, and what it would bring; then it can be kept as a worked example."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any
from zoneinfo import ZoneInfo

from django import forms
from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.utils.translation import get_language, gettext
from django.utils.translation import gettext_lazy as _
from unfold.widgets import UnfoldAdminRadioSelectWidget

from loyalty.core.clock import now
from loyalty.core.exact import format_decimal
from loyalty.core.problems import Problem, sentence_of
from loyalty.core.translated import format_quantity, text
from members.admin.examples.pages import ADD, example_url
from members.admin.examples.rows import NUMBERS, example_as_yaml, number
from members.admin.people import name_of
from members.models import Membership
from members.selectors.explain.words import Words, in_words
from members.selectors.members import matching_members
from members.services.examples import free_key, save_example
from members.services.scenarios.baskets import read_basket
from members.services.scenarios.naming import Known
from members.services.trying import Standing, Trial, try_basket
from programs.admin.desk.tabs import Tab, tabs
from programs.admin.forms.fields import Choice, Code, Moment, Number, text_input
from programs.admin.forms.rows import Rows
from programs.choices import ExampleState
from programs.engine.document import Core
from programs.engine.facts import Basket
from programs.engine.ladders import Ladder
from programs.engine.reader import InvalidDocument, Reader
from programs.models import Partner, Programme, Store
from programs.selectors.documents import working_core, working_document
from programs.services.documents.reading import error_of

VIEW, VIEW_MEMBERS = "programs.view_rule", "members.view_membership"
WORKING, IN_FORCE = "working", "in_force"
OF_PURCHASE = ("partner", "store", "channel", "payment")
MOST_SHOWN = 10
SOMEBODY = "somebody"


class BasketForm(forms.Form):
    """A purchase that somebody might make."""

    document = Choice(
        [(WORKING, _("the working copy")), (IN_FORCE, _("what is in force"))],
        label=_("By"),
        widget=UnfoldAdminRadioSelectWidget(),
    )
    member = Code(
        label=_("Who buys"),
        help_text=_("Name, card or phone number, or the last digits of a card. Empty: somebody new."),
    )
    membership = forms.IntegerField(required=False)
    at = Moment(label=_("When"), required=True)
    lines = Rows(
        {
            "sku": Code(label=_("Article")),
            "category": Code(label=_("Category")),
            "qty": Number(label=_("Quantity")),
            "amount": Number(label=_("Amount")),
            "discount": Number(label=_("Discount")),
        },
        label=_("What is bought"),
        help_text=_("The amount is for the whole line, after its discount and with tax."),
    )
    partner = Code(label=_("Partner"), widget=text_input(list="partners", autocomplete="off"))
    store = Code(label=_("Store"), widget=text_input(list="stores", autocomplete="off"))
    channel = Code(label=_("Channel"))
    payment = Code(label=_("Way of paying"))
    title = Code(
        label=_("What it shows"),
        max_length=200,
        help_text=_("A sentence for its list; empty: what came of it."),
    )

    def __init__(
        self, *args: Any, programme: Programme, core: Core, sees_members: bool, **kwargs: Any
    ) -> None:
        super().__init__(*args, **kwargs)
        self.programme, self.core = programme, core
        self.candidates: list[Membership] = []
        self.chosen: Membership | None = None
        self.basket: Basket | None = None
        if not sees_members:
            del self.fields["member"], self.fields["membership"]
        if not programme.revisions.exists():
            del self.fields["document"]

    @property
    def working_copy(self) -> bool:
        return self.cleaned_data.get("document", WORKING) == WORKING

    def clean(self) -> dict[str, Any]:
        values = super().clean() or {}
        if "lines" in values and not values["lines"]:
            self.add_error("lines", gettext("Say what is bought: an amount is enough."))
        if self.errors:
            return values
        if words := str(values.get("member") or "").strip():
            self._find(words, values.get("membership"))
        self._read(values)
        return values

    def _find(self, words: str, chosen: int | None) -> None:
        """The member that is meant; of several, the one that was chosen."""
        found = Membership.objects.filter(programme=self.programme, member__in=matching_members(words))
        rows = list(found.select_related("member__person").order_by("number")[: MOST_SHOWN + 1])
        meant = [each for each in rows if each.pk == chosen] or rows
        if not rows:
            self.add_error("member", gettext("Nobody in this programme is called that."))
        elif len(meant) > 1:
            self.candidates = rows[:MOST_SHOWN]
            self.add_error("member", gettext("Several members may be meant. Choose one of them."))
        else:
            [self.chosen] = meant

    def _read(self, values: Mapping[str, Any]) -> None:
        data = basket_data(values)
        reader = Reader({**data, "occurred_at": values["at"]})
        known = Known(working_document(self.programme), self.core, datetime(1, 1, 2, tzinfo=UTC))
        self.basket = read_basket(reader, known)
        for fault in reader.faults:
            error = error_of(fault)
            message = (
                f"{error.message} {gettext('Expected')}: {error.expected}."
                if error.expected
                else error.message
            )
            if fault.path[0] == "lines" and len(fault.path) > 2:
                said = {"row": int(fault.path[1]) + 1, "field": fault.path[-1], "message": message}
                self.add_error("lines", gettext("Row %(row)d, %(field)s: %(message)s") % said)
            else:
                name = "at" if fault.path[0] == "occurred_at" else str(fault.path[0])
                self.add_error(name if name in self.fields else None, str(message))


def basket_data(values: Mapping[str, Any]) -> dict[str, Any]:
    """The settings of a purchase as a scenario has them."""
    lines = [
        {name: number(value) if name in NUMBERS else value for name, value in line.items()}
        for line in values["lines"]
    ]
    return {**{name: values[name] for name in OF_PURCHASE if values.get(name)}, "lines": lines}


# --- the page ---------------------------------------------------------------------------------------------
def _page(request: HttpRequest, programme: Programme) -> HttpResponse | dict[str, Any]:
    try:
        core = working_core(programme)
    except InvalidDocument:
        return {"about": gettext("The working copy has faults. Mend them first, then a basket can be tried.")}
    form = BasketForm(
        request.POST or None,
        programme=programme,
        core=core,
        sees_members=request.user.has_perm(VIEW_MEMBERS),
        initial=_initial(programme),
    )
    context: dict[str, Any] = {"form": form, "may_save": request.user.has_perm(ADD)}
    if request.method == "POST" and form.is_valid() and (trial := _tried(form)) is not None:
        if "save" in request.POST:
            return _kept(request, programme, form, trial)
        context |= {"trial": _in_words(trial), "chosen": form.chosen and name_of(form.chosen.member)}
    operator_first = Partner.objects.order_by("-is_operator", "code")
    return {
        **context,
        "candidates": [(each.pk, each.number, name_of(each.member)) for each in form.candidates],
        "partners": operator_first.values_list("code", flat=True)[:50],
        "stores": Store.objects.order_by("code").values_list("code", flat=True)[:200],
    }


def _initial(programme: Programme) -> dict[str, Any]:
    local = now().astimezone(ZoneInfo(programme.zone))
    return {"document": WORKING, "at": f"{local:%Y-%m-%dT%H:%M}", "lines": [{"qty": "1"}]}


def _tried(form: BasketForm) -> Trial | None:
    """What the basket would bring; else the form says why it would be refused."""
    assert form.basket is not None
    try:
        return try_basket(
            form.programme,
            form.basket,
            now=now(),
            membership=form.chosen,
            working_copy=form.working_copy,
        )
    except Problem as problem:
        form.add_error(None, sentence_of(problem))
        return None


def _in_words(trial: Trial) -> dict[str, Any]:
    """The trial as the page tells it."""
    words = in_words(trial.told)
    return {
        "words": words,
        **_lines(words),
        "skips": [*words.skips, *trial.idle],
        "pending": _amounts(trial.pending, trial.core),
        "points": _points_rows(trial),
        "tiers": [
            (text(dict(ladder.name)), _tier(ladder, trial.before), _tier(ladder, trial.after))
            for ladder in trial.core.ladders
        ],
    }


def _lines(words: Words) -> dict[str, Any]:
    """The lines of the receipt, without the columns that are empty in all of them."""
    full = [place for place in range(len(words.columns)) if any(row[place] for row in words.rows)]
    columns = [words.columns[place] for place in full]
    rows = [[(words.columns[place], row[place]) for place in full] for row in words.rows]
    return {"columns": columns, "rows": rows}


def _amounts(points: Mapping[str, int], core: Core) -> str:
    return ", ".join(_amount(core, key, amount) for key, amount in points.items() if amount)


def _amount(core: Core, key: str, points: int) -> str:
    item = core.point_type(key)
    if item is None:
        return str(points)
    unit: Mapping[str, Any] = {language: dict(forms) for language, forms in item.unit} or dict(item.name)
    return format_quantity(points, item.decimals, unit)


def _points_rows(trial: Trial) -> list[tuple[str, str, str]]:
    """Balances before and after, and what waits, of every type that there is any of."""
    rows = []
    for item in trial.core.point_types:
        name = text(dict(item.name))
        before, after = trial.before.points.get(item.key), trial.after.points.get(item.key)
        for label, attribute in (
            (name, "balance"),
            (gettext("%(points)s that wait") % {"points": name}, "pending"),
        ):
            then, later = (0 if each is None else getattr(each, attribute) for each in (before, after))
            if attribute == "balance" or then or later:
                rows.append(
                    (label, _amount(trial.core, item.key, then), _amount(trial.core, item.key, later))
                )
    return rows


def _tier(ladder: Ladder, standing: Standing) -> str:
    key = standing.tiers.get(ladder.key, "")
    return next((text(dict(tier.name)) for tier in ladder.tiers if tier.key == key), "—")


# --- keeping it as an example -----------------------------------------------------------------------------
def _kept(request: HttpRequest, programme: Programme, form: BasketForm, trial: Trial) -> HttpResponseRedirect:
    if not request.user.has_perm(ADD):
        raise PermissionDenied
    example = save_example(programme, example_as_yaml(_example(programme, form, trial)), now=now())
    if example.state == ExampleState.GREEN:
        messages.success(request, gettext("Saved as a worked example. It holds."))
    else:
        said = gettext(
            "Saved as a worked example, but it does not hold: it begins with somebody new and is run against the working"
            " copy, and here that makes a difference. Change it so that it says what you mean."
        )
        messages.warning(request, said)
    return HttpResponseRedirect(example_url(programme, example.pk))


def _example(programme: Programme, form: BasketForm, trial: Trial) -> dict[str, Any]:
    """The basket as an example, with its result as what is expected. Of a real member nothing is kept."""
    values = form.cleaned_data
    title = values["title"] or str(in_words(trial.told).summary)
    purchase = {"ref": "r1", "member": SOMEBODY, **basket_data(values)}
    expected: dict[str, Any] = {"awarded": _written(trial.awarded, trial.core)}
    if form.chosen is None:
        expected["members"] = {SOMEBODY: _expected(trial)}
    return {
        "id": free_key(programme, "tried-basket"),
        "title": {(get_language() or "en").split("-")[0]: title},
        "steps": [{"at": values["at"], "purchase": purchase, "expect": expected}],
    }


def _expected(trial: Trial) -> dict[str, Any]:
    points = trial.after.points
    found: dict[str, Any] = {
        name: _written({key: getattr(each, name) for key, each in points.items()}, trial.core)
        for name in ("balance", "pending")
    }
    main = next(iter(trial.core.ladders), None)
    if main is not None and main.key in trial.after.tiers:
        found["tier"] = trial.after.tiers[main.key]
    return found


def _written(points: Mapping[str, int], core: Core) -> Any:
    """Points as a scenario has them: of the main type as one number."""
    written = {
        item.key: number(format_decimal(points[item.key], item.decimals))
        for item in core.point_types
        if item.key in points
    }
    main = core.main.key
    return written.get(main, 0) if set(written) <= {main} else written


tabs.contribute(Tab("try", _("Try a basket"), VIEW, _page, "admin/members/try.html", order=60, changes=VIEW))
