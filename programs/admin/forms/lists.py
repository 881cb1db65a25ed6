"""The form of a product list."""

from __future__ import annotations

from typing import Any, ClassVar

from django.utils.translation import gettext_lazy as _
from unfold.widgets import UnfoldAdminTextareaWidget

from programs.admin.forms.fields import Lines, Words
from programs.admin.forms.parts import PartForm
from programs.models import ProductList


class ProductListForm(PartForm):
    """Numbers of articles are pasted as they stand in a table, one on each line."""

    section = "lists"

    name = Words(label=_("Name"), help_text=_("Rules call the list by it: Coffee week."))
    skus = Lines(
        label=_("Articles"),
        help_text=_(
            "Their numbers as they are written in receipts, one on each line: paste a column of a table. One that"
            " stands there twice counts once."
        ),
        widget=UnfoldAdminTextareaWidget({"rows": 16, "spellcheck": "false"}),
    )

    class Meta:
        model = ProductList
        fields: ClassVar[list[str]] = []

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.start(self.programme, self.instance.settings if self.instance.pk else {})


LIST_FIELDSETS = ((None, {"fields": ("name", "key", "skus")}),)
