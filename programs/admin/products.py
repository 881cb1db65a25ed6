"""What partners sell: found by number or name, and put into product lists."""

from __future__ import annotations

from typing import Any

from django import forms
from django.contrib import admin, messages
from django.contrib.admin.helpers import ACTION_CHECKBOX_NAME
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.template.response import TemplateResponse
from django.utils.translation import gettext, ngettext
from django.utils.translation import gettext_lazy as _
from unfold.contrib.filters.admin import FieldTextFilter
from unfold.decorators import action, display
from unfold.widgets import UnfoldAdminSelectWidget

from loyalty.core.clock import now
from loyalty.core.problems import Problem, sentence_of
from programs.admin.desk.tabs import tab_url
from programs.admin.partners import NeverDeleted
from programs.choices import ProgrammeStatus
from programs.models import Product, ProductList
from programs.services.lists import add_to_list

PUT = "programs.change_productlist"


class _ListChoice(forms.ModelChoiceField):
    def label_from_instance(self, obj: Any) -> str:
        return f"{obj} · {obj.programme}"


class IntoListForm(forms.Form):
    """Which list, and everything that was chosen on the page before."""

    to_list = _ListChoice(
        ProductList.objects.filter(retired_at=None)
        .exclude(programme__status=ProgrammeStatus.CLOSED)
        .select_related("programme"),
        label=_("Product list"),
        empty_label=None,
        widget=UnfoldAdminSelectWidget(),
    )

    def __init__(self, request: HttpRequest) -> None:
        super().__init__(request.POST if "to_list" in request.POST else None)
        chosen = request.POST.getlist(ACTION_CHECKBOX_NAME)
        self.carried = [
            ("action", "into_list"),
            ("select_across", request.POST.get("select_across", "0")),
            *((ACTION_CHECKBOX_NAME, value) for value in chosen),
        ]


@admin.register(Product)
class ProductAdmin(NeverDeleted):
    """Articles of partners. A purchase takes from here what the till does not say."""

    fixed = ("partner", "sku")
    about = _(
        "Articles that partners sell. What a receipt does not say of its articles (category, department, brand,"
        " labels) is taken from here when it is recorded; what is changed here later changes no receipt."
    )
    when_empty = _("Take in a file of products: Take in files, in the menu.")
    list_display = ("sku", "name", "category", "department", "brand", "labels_text", "partner")
    list_display_links = ("sku", "name")
    list_filter = (
        "partner", ("category", FieldTextFilter), ("department", FieldTextFilter), ("brand", FieldTextFilter),
    )  # fmt: skip
    list_select_related = ("partner",)
    search_fields = ("sku", "name")
    search_help_text = _("Number or name of the article")
    ordering = ("sku", "partner")
    fields = ("partner", "sku", "name", "category", "department", "brand", "labels")
    actions = ("into_list",)

    def has_put_permission(self, request: HttpRequest) -> bool:
        return request.user.has_perm(PUT)

    @display(description=_("labels"))
    def labels_text(self, product: Product) -> str:
        return ", ".join(product.labels)

    @action(description=_("Add to a product list"), permissions=["put"])
    def into_list(self, request: HttpRequest, queryset: QuerySet[Product]) -> HttpResponse:
        """Ask for the list, then put the chosen articles into it."""
        form = IntoListForm(request)
        if form.is_bound and form.is_valid():
            listed: ProductList = form.cleaned_data["to_list"]
            try:
                skus = queryset.order_by().values_list("sku", flat=True)
                added = add_to_list(listed, skus, now=now())
            except Problem as problem:
                messages.error(request, sentence_of(problem))
                for error in problem.errors:
                    messages.error(request, str(error))
                return HttpResponseRedirect(request.get_full_path())
            said = ngettext(
                "%(count)d article was added to “%(list)s”.",
                "%(count)d articles were added to “%(list)s”.",
                added,
            )
            messages.success(request, said % {"count": added, "list": listed})
            return HttpResponseRedirect(tab_url(listed.programme, "lists"))
        context = {
            **self.admin_site.each_context(request),
            "title": gettext("Add to a product list"),
            "opts": self.opts,
            "form": form,
            "count": queryset.count(),
            "there_are": ProductList.objects.filter(retired_at=None).exists(),
        }
        return TemplateResponse(request, "admin/programs/into_list.html", context)
