"""Partners, their stores, and coalitions."""

from __future__ import annotations

from typing import Any

from django.contrib import admin
from django.forms import ModelForm
from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _
from unfold.decorators import display

from loyalty.core.admin.base import ModelAdmin, ReadOnlyAdmin, TabularInline, badge
from programs.models import Coalition, Partner, Source, Store
from programs.services.partners import ensure_main_source


class NeverDeleted(ModelAdmin):
    """Receipts name these rows, so they stay; their code does not change after the first save."""

    fixed: tuple[str, ...] = ("code",)

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> tuple[str, ...]:
        always = tuple(self.readonly_fields)
        return always if obj is None else (*always, *self.fixed)

    def get_fields(self, request: HttpRequest, obj: Any = None) -> list[Any]:
        """A new row has nothing yet of what is only shown."""
        shown = super().get_fields(request, obj)
        return [name for name in shown if obj is not None or name not in self.readonly_fields]

    def get_inlines(self, request: HttpRequest, obj: Any = None) -> list[Any]:
        return [] if obj is None else list(super().get_inlines(request, obj))

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False


class SourceInline(TabularInline):
    """Where the partner's receipt numbers come from."""

    model = Source
    fields = readonly_fields = ("code",)
    can_delete = False
    hide_title = True

    def has_add_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False


@admin.register(Partner)
class PartnerAdmin(NeverDeleted):
    """Companies whose tills and shops report purchases."""

    about = _("Companies whose tills and shops report purchases. One of them runs the programmes.")
    when_empty = _("The company that runs the programmes comes with the first programme.")
    list_display = ("label", "code", "status_badge", "is_operator", "created_at")
    list_display_links = ("label", "code")
    list_filter = ("status",)
    search_fields = ("code", "name")
    search_help_text = _("Name or code")
    fields = ("name", "code", "status", "is_operator", "created_at")
    readonly_fields = ("is_operator", "created_at")
    inlines = (SourceInline,)
    status_badge = badge("status", _("status"))

    @display(description=_("name"))
    def label(self, partner: Partner) -> str:
        return str(partner)

    def save_model(self, request: HttpRequest, obj: Partner, form: ModelForm[Any], change: Any) -> None:
        super().save_model(request, obj, form, change)
        ensure_main_source(obj)


@admin.register(Store)
class StoreAdmin(NeverDeleted):
    """Places where a partner sells."""

    about = _(
        "Places where a partner sells. A code that is new in a file of receipts becomes a store by itself; give it"
        " a name here."
    )
    when_empty = _("Add a store, or take in a file of receipts: each code in it becomes a store.")
    fixed = ("partner", "code")
    list_display = ("label", "code", "partner", "created_at")
    list_display_links = ("label", "code")
    list_filter = ("partner",)
    list_select_related = ("partner",)
    search_fields = ("code", "name")
    search_help_text = PartnerAdmin.search_help_text
    fields = ("partner", "code", "name", "created_at")
    readonly_fields = ("created_at",)

    @display(description=_("name"))
    def label(self, store: Store) -> str:
        return str(store)


@admin.register(Coalition)
class CoalitionAdmin(ReadOnlyAdmin):
    """Partners that share programmes and settle with each other."""

    about = _(
        "Partners that share programmes and settle with each other. A single company is a circle of one."
    )
    when_empty = _("A coalition comes with the first programme.")
    list_display = ("label", "key", "currency", "operator")
    list_display_links = ("label", "key")
    list_select_related = ("operator",)
    fields = ("label", "key", "currency", "operator")
    readonly_fields = ("label",)

    @display(description=_("name"))
    def label(self, coalition: Coalition) -> str:
        # The circle of a single company has no name of its own, only its code.
        named = str(coalition.name) not in ("", coalition.key)
        return str(coalition if named or coalition.operator is None else coalition.operator)
