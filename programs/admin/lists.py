"""Product lists as they are being worked on: their articles, and the rules that ask for them."""

from __future__ import annotations

from typing import Any

from django.contrib import admin, messages
from django.http import HttpRequest
from django.utils.translation import gettext, ngettext
from django.utils.translation import gettext_lazy as _
from unfold.decorators import display

from loyalty.core.admin.cells import link
from loyalty.core.registry import Panel, Table, panels
from loyalty.core.translated import format_quantity
from programs.admin.desk.lists import add_button, part_list
from programs.admin.desk.tabs import Tab, tabs
from programs.admin.forms.lists import LIST_FIELDSETS, ProductListForm
from programs.admin.parts import PartAdmin, Retired
from programs.models import ProductList, Programme
from programs.selectors.lists import first_skus, list_users, unknown_skus


@admin.register(ProductList)
class ProductListAdmin(PartAdmin):
    """Articles under one name, so that rules ask for the list."""

    list_display = ("label", "key", "count", "programme", "retired_at")
    list_display_links = ("label", "key")
    list_filter = ("programme", Retired)
    list_select_related = ("programme",)
    search_fields = ("key", "name")
    form = ProductListForm
    tab = "lists"
    fieldsets = LIST_FIELDSETS

    @display(description=_("name"))
    def label(self, row: ProductList) -> str:
        return str(row)

    @display(description=_("articles"))
    def count(self, row: ProductList) -> str:
        return _count(row)

    def save_model(self, request: HttpRequest, obj: Any, form: Any, change: Any) -> None:
        super().save_model(request, obj, form, change)
        if unknown := unknown_skus(obj.settings["skus"]):
            messages.warning(request, _not_known(unknown))


def _count(row: ProductList) -> str:
    return format_quantity(len(row.settings.get("skus", ())))


def _not_known(unknown: list[str]) -> str:
    said = ngettext(
        "%(count)d article of the list is not among the products: %(skus)s.",
        "%(count)d articles of the list are not among the products: %(skus)s.",
        len(unknown),
    )
    return said % {"count": len(unknown), "skus": first_skus(unknown)}


def _of_list(row: ProductList, request: HttpRequest) -> Table:
    users = list_users(row.programme).get(row.key, [])
    unknown = unknown_skus(row.settings.get("skus", ()))
    cells = (_count(row), ", ".join(users) or gettext("no rule yet"))
    return Table((_("Articles"), _("Asked for by")), [cells], _not_known(unknown) if unknown else "")


def _page(request: HttpRequest, programme: Programme) -> dict[str, Any]:
    users = list_users(programme)
    rows = [
        (
            link(each),
            each.key,
            _count(each),
            ", ".join(users.get(each.key, [])),
            first_skus(unknown_skus(each.settings.get("skus", ()))),
        )
        for each in programme.lists.filter(retired_at=None)
    ]
    columns = (_("List"), _("Code"), _("Articles"), _("Asked for by"), _("Not among the products"))
    return {
        "about": _(
            "Articles under one name. A rule asks for the list, so a campaign is one rule however many it has."
        ),
        "buttons": add_button(request, programme, ProductList, _("Add a product list")),
        "panels": part_list(request, "programs.view_productlist", columns, rows),
    }


panels.contribute(
    "programs.productlist", Panel(_("This list"), "programs.view_productlist", content=_of_list, order=10)
)
tabs.contribute(Tab("lists", _("Product lists"), "programs.view_productlist", _page, order=45))
