"""Members and their memberships. What identifies a person stands apart from the pseudonym used everywhere else."""

from __future__ import annotations

import secrets

from django.db import models
from django.db.models.functions import Now
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from loyalty.core.audit import audited
from members.choices import IdentifierKind, MemberKind, MembershipStatus, MemberStatus

__all__ = ["Identifier", "Member", "Membership", "Person", "new_public_id"]


def new_public_id() -> str:
    """A random name for a member that says nothing about the person: 80 bits, shown as 16 characters."""
    alphabet = "abcdefghjkmnpqrstuvwxyz23456789"
    return "".join(secrets.choice(alphabet) for _ in range(16))


@audited()
class Member(models.Model):
    """A customer of the operator: one row per person or company, without personal data."""

    public_id = models.CharField(
        _("member id"), max_length=16, unique=True, default=new_public_id, editable=False
    )
    kind = models.CharField(_("kind"), max_length=10, choices=MemberKind, default=MemberKind.PERSON)
    status = models.CharField(_("status"), max_length=10, choices=MemberStatus, default=MemberStatus.ACTIVE)
    created_at = models.DateTimeField(_("created"), db_default=Now(), editable=False)

    class Meta:
        verbose_name = _("member")
        verbose_name_plural = _("members")

    def __str__(self) -> str:
        return self.public_id


@audited(personal=("first_name", "last_name", "birth_date"), owner=("members.member", "member"))
class Person(models.Model):
    """The personal data of a member: the one place that is emptied when a member is erased."""

    member = models.OneToOneField(
        Member, on_delete=models.PROTECT, related_name="person", verbose_name=_("member")
    )
    first_name = models.CharField(_("first name"), max_length=100, blank=True)
    last_name = models.CharField(_("last name"), max_length=100, blank=True)
    birth_date = models.DateField(_("birth date"), null=True, blank=True)
    language = models.CharField(_("language"), max_length=2, blank=True)
    attributes = models.JSONField(_("attributes"), default=dict, blank=True)

    class Meta:
        verbose_name = _("person")
        verbose_name_plural = _("persons")

    def __str__(self) -> str:
        return f"{self.first_name} {self.last_name}".strip() or f"#{self.member_id}"


@audited(personal=("value",), owner=("members.member", "member"))
class Identifier(models.Model):
    """Something a member is found by at the till: card number, phone, e-mail, number at a partner."""

    member = models.ForeignKey(
        Member, on_delete=models.PROTECT, related_name="identifiers", verbose_name=_("member")
    )
    kind = models.CharField(_("kind"), max_length=12, choices=IdentifierKind)
    scope = models.ForeignKey(
        "programs.Partner",
        on_delete=models.PROTECT,
        null=True,
        blank=True,
        related_name="+",
        verbose_name=_("partner"),
        help_text=_("The partner whose number this is. Empty: it is the same everywhere."),
    )
    value = models.CharField(_("value"), max_length=200)
    is_active = models.BooleanField(_("active"), default=True)

    class Meta:
        verbose_name = _("identifier")
        verbose_name_plural = _("identifiers")
        constraints = [
            models.UniqueConstraint(
                fields=["kind", "scope", "value"],
                condition=models.Q(is_active=True),
                nulls_distinct=False,
                name="identifier_active_unique",
                violation_error_message=_("Another member already has this number."),
            ),
        ]
        # Import and tills look members up by the bare value.
        indexes = [models.Index(fields=["value"], name="identifier_value")]

    def __str__(self) -> str:
        return f"{self.kind} {self.value}"


@audited(only=("number", "status", "joined_at", "channel"))
class Membership(models.Model):
    """A member in one programme: what is locked by an operation, joins, leaves and accepts terms."""

    member = models.ForeignKey(
        Member, on_delete=models.PROTECT, related_name="memberships", verbose_name=_("member")
    )
    programme = models.ForeignKey(
        "programs.Programme",
        on_delete=models.PROTECT,
        related_name="memberships",
        verbose_name=_("programme"),
    )
    number = models.CharField(
        _("number"),
        max_length=200,
        help_text=_("What the member is called in this programme, such as the card."),
    )
    status = models.CharField(
        _("status"), max_length=10, choices=MembershipStatus, default=MembershipStatus.ACTIVE
    )
    joined_at = models.DateTimeField(_("joined"))
    channel = models.CharField(_("joined through"), max_length=20, blank=True)
    version = models.BigIntegerField(_("version"), default=0, editable=False)

    class Meta:
        verbose_name = _("membership")
        verbose_name_plural = _("memberships")
        permissions = (
            ("adjust_membership", _("Can give and take points up to the limit, and ask for more")),
            ("approve_adjustment", _("Can approve giving and taking points above the limit")),
            ("donate_points", _("Can donate points of a member")),
            ("forfeit_points", _("Can forfeit points of a member")),
            ("undo_opening", _("Can take an opening balance back")),
        )
        constraints = [
            models.UniqueConstraint(
                fields=["member", "programme"],
                name="membership_once",
                violation_error_message=_("This member has already joined the programme."),
            ),
            models.UniqueConstraint(
                fields=["programme", "number"],
                name="membership_number_unique",
                violation_error_message=_("This number is taken in the programme."),
            ),
            # Target of the composite keys of accounts and documents.
            models.UniqueConstraint(fields=["member", "id"], name="membership_of_member"),
        ]

    def __str__(self) -> str:
        return gettext("Member %(number)s") % {"number": self.number}
