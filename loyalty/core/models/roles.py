"""Roles that come with the product."""

from __future__ import annotations

from typing import Any

from django.contrib.auth.models import Group
from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.utils.translation import gettext_lazy as _

__all__ = ["Role"]


class Role(models.Model):
    """Which group a shipped role became, and which rights the product has given it so far.

    So an upgrade can add what is new and leave alone what the operator took away, added, renamed or deleted.
    """

    key = models.CharField(_("code"), max_length=40, unique=True)
    group = models.OneToOneField(
        Group,
        on_delete=models.SET_NULL,
        null=True,
        related_name="shipped_role",
        verbose_name=_("role"),
        help_text=_("Empty when the operator deleted it: it does not come back."),
    )
    shipped: ArrayField[Any, Any] = ArrayField(models.CharField(max_length=200), default=list)

    class Meta:
        verbose_name = _("role of the product")
        verbose_name_plural = _("roles of the product")

    def __str__(self) -> str:
        return self.key
