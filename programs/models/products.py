"""What partners sell, as they told us: so that rules know more of an article than the till says."""

from __future__ import annotations

from typing import Any

from django.contrib.postgres.fields import ArrayField
from django.core.validators import ProhibitNullCharactersValidator
from django.db import models
from django.utils.translation import gettext_lazy as _

from loyalty.core.audit import audited
from programs.models.partners import Partner

LONGEST_SKU = 100
LONGEST_TEXT = 200

__all__ = ["LONGEST_SKU", "LONGEST_TEXT", "Product"]


@audited()
class Product(models.Model):
    """An article of a partner. A purchase takes from here what its lines do not say, when it is recorded; what is
    changed here later changes no purchase."""

    partner = models.ForeignKey(
        Partner, on_delete=models.PROTECT, related_name="products", verbose_name=_("sold by")
    )
    sku = models.CharField(
        _("number of the article"),
        max_length=LONGEST_SKU,
        help_text=_("As it is written in the receipts of this partner."),
    )
    name = models.CharField(_("name"), max_length=LONGEST_TEXT, blank=True)
    category = models.CharField(_("category"), max_length=LONGEST_TEXT, blank=True)
    department = models.CharField(_("department"), max_length=LONGEST_TEXT, blank=True)
    brand = models.CharField(_("brand"), max_length=LONGEST_TEXT, blank=True)
    labels: ArrayField[Any, Any] = ArrayField(
        models.CharField(max_length=LONGEST_TEXT, validators=[ProhibitNullCharactersValidator()]),
        default=list,
        blank=True,
        verbose_name=_("labels"),
        help_text=_("Any number of them, with commas between: organic, own brand."),
    )

    class Meta:
        verbose_name = _("product")
        verbose_name_plural = _("products")
        ordering = ("sku", "partner")
        constraints = (
            models.UniqueConstraint(fields=["sku", "partner"], name="product_sku_unique_per_partner"),
        )

    def __str__(self) -> str:
        return f"{self.sku} {self.name}".strip()
