"""People who log in."""

from __future__ import annotations

from typing import Any, ClassVar

from django.conf import settings
from django.contrib.auth.base_user import AbstractBaseUser, BaseUserManager
from django.contrib.auth.models import PermissionsMixin
from django.db import models
from django.db.models.functions import Lower, Now
from django.utils.translation import gettext_lazy as _

from loyalty.core.audit import audited
from loyalty.core.choices import UserKind


class UserManager(BaseUserManager["User"]):
    """Makes users of each kind; addresses are compared without case, within a kind."""

    def create_user(self, email: str, password: str | None = None, *, kind: UserKind, **fields: Any) -> User:
        """A user of any kind. Without a password nobody can log in with one."""
        if not email:
            raise ValueError("A user needs an e-mail address.")
        user = self.model(email=self.normalize_email(email), kind=kind, **fields)
        user.set_password(password)
        user.save(using=self._db)
        return user

    def create_staff(self, email: str, password: str | None = None, **fields: Any) -> User:
        """A person who may enter the back office; what they may do there is given by groups."""
        return self.create_user(email, password, kind=UserKind.STAFF, **{"is_staff": True, **fields})

    def create_superuser(self, email: str, password: str | None = None, **fields: Any) -> User:
        """A staff user who may do everything."""
        return self.create_staff(email, password, **{"is_superuser": True, **fields})

    def get_by_natural_key(self, username: str | None) -> User:
        """The staff user with this address: the only kind known by its address alone."""
        return self.get(kind=UserKind.STAFF, email__iexact=username)


@audited(ignore=("last_login",), secret=("password",), personal=("email", "name"))
class User(AbstractBaseUser, PermissionsMixin):
    """A login. One human may own two (staff and member); a login never changes its kind."""

    email = models.EmailField(_("e-mail"), max_length=254)
    name = models.CharField(_("name"), max_length=150, blank=True)
    kind = models.CharField(
        _("kind"),
        max_length=10,
        choices=UserKind.choices,
        default=UserKind.STAFF,
        help_text=_("Which door this login opens: the back office, the partner desk or the member portal."),
    )
    is_staff = models.BooleanField(
        _("may enter the back office"),
        default=False,
        help_text=_("Only for staff. What the person may do there is decided by their roles."),
    )
    is_active = models.BooleanField(
        _("active"),
        default=True,
        help_text=_("Switch this off instead of deleting a person: their past actions keep their name."),
    )
    language = models.CharField(
        _("language"), max_length=10, choices=settings.LANGUAGES, default=settings.LANGUAGE_CODE
    )
    joined_at = models.DateTimeField(_("added"), db_default=Now(), editable=False)

    objects = UserManager()

    USERNAME_FIELD = "email"
    EMAIL_FIELD = "email"
    REQUIRED_FIELDS: ClassVar[list[str]] = ["name"]

    class Meta:
        verbose_name = _("user")
        verbose_name_plural = _("users")
        permissions = (("assign_roles", _("Can give roles to users")),)
        constraints = (
            models.UniqueConstraint(
                "kind",
                Lower("email"),
                name="user_email_unique_per_kind",
                violation_error_message=_("There is already a user of this kind with this e-mail address."),
            ),
            # The target of composite keys: a staff login can never become the login of a member.
            models.UniqueConstraint(fields=["id", "kind"], name="user_id_and_kind"),
            models.CheckConstraint(
                condition=models.Q(is_staff=False) | models.Q(kind=UserKind.STAFF),
                name="user_only_staff_enter_the_back_office",
                violation_error_message=_("Only a user of the kind staff may enter the back office."),
            ),
            models.CheckConstraint(
                condition=models.Q(is_superuser=False) | models.Q(kind=UserKind.STAFF),
                name="user_only_staff_are_superusers",
                violation_error_message=_("Only a user of the kind staff may have all permissions."),
            ),
            models.CheckConstraint(condition=models.Q(kind__in=UserKind.values), name="user_kind_is_known"),
        )

    def __str__(self) -> str:
        return self.name or self.email

    def get_full_name(self) -> str:
        return self.name or self.email

    def get_short_name(self) -> str:
        return self.name.split(" ")[0] if self.name else self.email
