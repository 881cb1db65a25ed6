"""Point types of the working copy: what programmes give."""

from __future__ import annotations

from decimal import Decimal

from django.contrib import admin
from django.http import HttpRequest
from django.utils.safestring import SafeString
from django.utils.translation import gettext_lazy as _
from unfold.decorators import display

from loyalty.core.admin.cells import EMPTY, link
from loyalty.core.exact import currency_digits, parse_decimal
from loyalty.core.registry import Panel, Table, panels
from loyalty.core.translated import format_money, format_quantity
from programs.admin.desk.lists import add_button, part_list
from programs.admin.desk.tabs import Tab, tabs
from programs.admin.forms.points import PointTypeForm
from programs.admin.forms.terms import EXPIRY_FIELDS, PENDING_FIELDS
from programs.admin.parts import PartAdmin, Retired
from programs.models import PointType, Programme
from programs.selectors.parts import point_type_of, spoken_core
from programs.selectors.terms import terms_in_words


@admin.register(PointType)
class PointTypeAdmin(PartAdmin):
    """What programmes give."""

    about = _("What programmes give: points, miles, stamps or money.")
    when_empty = _("Point types come with a programme.")
    form = PointTypeForm
    tab = "point_types"
    list_display = ("label", "key", "programme", "decimals", "cost", "retired_at")
    list_display_links = ("label", "key")
    list_filter = ("programme", Retired)
    list_select_related = ("programme",)
    search_fields = ("key", "name")
    search_help_text = _("Name or code")
    fieldsets = (
        (
            None,
            {"fields": ("name", "key", "unit", "decimals", "cost", "spendable", "transferable")},
        ),
        (_("When they can be used"), {"fields": PENDING_FIELDS}),
        (_("When they expire"), {"fields": EXPIRY_FIELDS}),
        (
            _("Limits of all rules together"),
            {
                "fields": (
                    "limits__per_purchase",
                    "limits__highest_balance",
                    "limits__per_member",
                    ("limits__budget__points", "limits__budget__per"),
                    ("limits__lowest_award__points", "limits__lowest_award__below"),
                )
            },
        ),
        (
            _("Paying bills with them"),
            {
                "fields": (
                    ("money__points", "money__amount"),
                    ("money__lowest", "money__highest"),
                    "money__share",
                )
            },
        ),
        (_("Conversions"), {"fields": ("conversions",)}),
    )

    @display(description=_("name"))
    def label(self, point_type: PointType) -> str:
        return str(point_type)

    @display(description=_("cost of one"))
    def cost(self, point_type: PointType) -> str:
        return cost_of(point_type)


def cost_of(point_type: PointType) -> str:
    """What one costs the company, as money; a fraction of a cent stays as it is written."""
    cost, currency = point_type.settings.get("cost"), point_type.programme.currency
    if not cost:
        return EMPTY
    written = f"{Decimal(cost).normalize():f}"
    digits = currency_digits(currency)
    if len(written.partition(".")[2]) > digits:
        return f"{written} {currency}"
    return format_money(parse_decimal(written, digits), currency)


def _counted(point_type: PointType) -> str:
    unit = point_type.settings.get("unit")
    if not unit:
        return EMPTY
    one = 10**point_type.decimals
    return ", ".join(format_quantity(many * one, point_type.decimals, unit) for many in (1, 2, 5))


def _terms(point_type: PointType, request: HttpRequest) -> Table:
    item, core = point_type_of(point_type), spoken_core(point_type.programme)
    rows = [] if item is None or core is None else terms_in_words(item, core)
    return Table((_("What"), _("How")), [(_("In words"), _counted(point_type)), *rows])


panels.contribute(
    "programs.pointtype", Panel(_("What holds for them"), "programs.view_pointtype", content=_terms, order=10)
)


def _page(request: HttpRequest, programme: Programme) -> dict[str, object]:
    rows: list[tuple[SafeString | str, ...]] = []
    core = spoken_core(programme)
    for row in programme.point_types.filter(retired_at=None).select_related("programme"):
        item = point_type_of(row)
        words = [] if item is None or core is None else [how for _what, how in terms_in_words(item, core)[:2]]
        rows.append((link(row), _counted(row), cost_of(row), *(words or (EMPTY, EMPTY))))
    columns = (_("Name"), _("In words"), _("Cost of one"), _("Expire"), _("Can be used"))
    return {
        "about": _("What the programme gives. The first one is what members see as their balance."),
        "buttons": add_button(request, programme, PointType, _("Add a point type")),
        "panels": part_list(request, "programs.view_pointtype", columns, rows),
    }


tabs.contribute(Tab("point_types", _("Point types"), "programs.view_pointtype", _page, order=20))
