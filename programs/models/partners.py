"""Who sells and who runs: coalitions, partners, their stores and the sources of their receipts."""

from __future__ import annotations

from django.core.validators import RegexValidator
from django.db import models
from django.db.models.functions import Now
from django.utils.translation import gettext_lazy as _

from loyalty.core.audit import audited
from loyalty.core.translated import TranslatedField
from programs.choices import PartnerStatus

MAIN_SOURCE = "main"

valid_code = RegexValidator(
    r"^[A-Za-z0-9][A-Za-z0-9_.-]*$", _("Letters without accents, digits, and the signs . _ - are possible.")
)


@audited()
class Partner(models.Model):
    """A company whose tills or shops report purchases. The operator runs the programmes; there is one."""

    code = models.CharField(
        _("code"),
        max_length=50,
        unique=True,
        validators=[valid_code],
        help_text=_("A short name used in files and by tills. It never changes once it is in use."),
    )
    name = TranslatedField(_("name"), help_text=_("The name that members see."))
    is_operator = models.BooleanField(
        _("runs the programmes"),
        default=False,
        help_text=_("The company that runs the programmes. There is exactly one."),
    )
    status = models.CharField(
        _("status"), max_length=10, choices=PartnerStatus.choices, default=PartnerStatus.ACTIVE
    )
    created_at = models.DateTimeField(_("added"), db_default=Now(), editable=False)

    class Meta:
        verbose_name = _("partner")
        verbose_name_plural = _("partners")
        ordering = ("code",)
        constraints = (
            models.UniqueConstraint(
                fields=["is_operator"],
                condition=models.Q(is_operator=True),
                name="partner_one_operator",
                violation_error_message=_("There is already a company that runs the programmes."),
            ),
            models.CheckConstraint(
                condition=models.Q(status__in=PartnerStatus.values), name="partner_status_is_known"
            ),
        )

    def __str__(self) -> str:
        return str(self.name) or self.code


@audited()
class Coalition(models.Model):
    """Partners that share programmes and settle with each other. A single company has one too, hidden."""

    key = models.CharField(_("code"), max_length=50, unique=True, validators=[valid_code])
    name = TranslatedField(_("name"))
    currency = models.CharField(
        _("currency"), max_length=3, help_text=_("Partners settle with each other in this currency.")
    )
    operator = models.ForeignKey(
        Partner,
        on_delete=models.PROTECT,
        null=True,
        blank=True,
        related_name="coalitions",
        verbose_name=_("operator"),
        help_text=_("The company that runs the programmes and keeps the accounts between partners."),
    )

    class Meta:
        verbose_name = _("coalition")
        verbose_name_plural = _("coalitions")
        ordering = ("key",)
        constraints = (
            models.CheckConstraint(
                condition=models.Q(currency__regex=r"^[A-Z]{3}$"), name="coalition_currency_is_a_code"
            ),
        )

    def __str__(self) -> str:
        return str(self.name) or self.key


@audited()
class Store(models.Model):
    """A place where a partner sells: a shop, a restaurant, a web shop."""

    partner = models.ForeignKey(
        Partner, on_delete=models.PROTECT, related_name="stores", verbose_name=_("partner")
    )
    code = models.CharField(
        _("code"),
        max_length=50,
        help_text=_("As it is written in the receipts of this partner. It never changes once it is in use."),
    )
    name = TranslatedField(_("name"), blank=True, help_text=_("The name that members see."))
    created_at = models.DateTimeField(_("added"), db_default=Now(), editable=False)

    class Meta:
        verbose_name = _("store")
        verbose_name_plural = _("stores")
        ordering = ("partner", "code")
        constraints = (
            models.UniqueConstraint(fields=["partner", "code"], name="store_code_unique_per_partner"),
        )

    def __str__(self) -> str:
        return str(self.name) or self.code


@audited()
class Source(models.Model):
    """Where receipt numbers of a partner come from (tills, web shop). A number is unique within it."""

    partner = models.ForeignKey(
        Partner, on_delete=models.PROTECT, related_name="sources", verbose_name=_("partner")
    )
    code = models.CharField(_("code"), max_length=50, default=MAIN_SOURCE)

    class Meta:
        verbose_name = _("source of receipts")
        verbose_name_plural = _("sources of receipts")
        ordering = ("partner", "code")
        constraints = (
            models.UniqueConstraint(fields=["partner", "code"], name="source_code_unique_per_partner"),
        )

    def __str__(self) -> str:
        return f"{self.partner.code}/{self.code}"
