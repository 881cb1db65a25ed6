"""People who may log in, and the roles that say what they may do."""

from __future__ import annotations

from typing import Any

from django.contrib import admin
from django.contrib.auth.admin import GroupAdmin as DjangoGroupAdmin
from django.contrib.auth.admin import UserAdmin as DjangoUserAdmin
from django.contrib.auth.models import Group
from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _
from unfold.forms import AdminPasswordChangeForm, UserChangeForm, UserCreationForm
from unfold.widgets import UnfoldAdminCheckboxSelectMultipleWidget

from loyalty.core.admin.base import ModelAdmin, badge
from loyalty.core.choices import UserKind
from loyalty.core.models import User

admin.site.unregister(Group)

# Only somebody who may do everything already can hand out rights.
RIGHTS = ("is_superuser", "groups")


class WithKind:
    """The kind is not asked, but an address is unique per kind, so it takes part in the validation."""

    def _get_validation_exclusions(self) -> set[str]:
        excluded: set[str] = super()._get_validation_exclusions()  # type: ignore[misc]
        return excluded - {"kind"}


class StaffChangeForm(WithKind, UserChangeForm):
    """The form of a person."""


class StaffCreationForm(WithKind, UserCreationForm):
    """A new person of the back office."""

    class Meta:
        model = User
        fields = ("email", "name", "language")

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.instance.kind = UserKind.STAFF
        self.instance.is_staff = True


@admin.register(User)
class UserAdmin(DjangoUserAdmin, ModelAdmin):  # type: ignore[misc]
    """Nobody is deleted here: a person who leaves is made inactive."""

    form = StaffChangeForm
    add_form = StaffCreationForm
    change_password_form = AdminPasswordChangeForm
    list_display = ("name", "email", "kind_badge", "is_active", "is_superuser", "last_login")
    list_display_links = ("name", "email")
    list_filter = ("kind", "is_active", "groups")
    search_fields = ("email", "name")
    ordering = ("name", "email")
    readonly_fields = ("kind", "last_login", "joined_at")
    filter_horizontal = ()
    fieldsets = (
        (None, {"fields": ("email", "name", "language", "password")}),
        (
            _("Access"),
            {"fields": ("kind", "is_active", "is_staff", "is_superuser", "groups")},
        ),
        (_("Dates"), {"fields": ("last_login", "joined_at")}),
    )
    add_fieldsets = (
        (None, {"classes": ("wide",), "fields": ("email", "name", "language", "password1", "password2")}),
    )
    kind_badge = badge("kind", _("kind"))

    def formfield_for_manytomany(self, db_field: Any, request: HttpRequest, **kwargs: Any) -> Any:
        # There are few roles: all of them are in sight.
        return super().formfield_for_manytomany(
            db_field, request, **kwargs, widget=UnfoldAdminCheckboxSelectMultipleWidget()
        )

    def get_readonly_fields(self, request: HttpRequest, obj: User | None = None) -> tuple[str, ...]:
        fields = tuple(super().get_readonly_fields(request, obj))
        return fields if request.user.is_superuser else fields + RIGHTS

    def has_change_permission(self, request: HttpRequest, obj: User | None = None) -> bool:
        allowed = super().has_change_permission(request, obj)
        protected = obj is not None and obj.is_superuser and not request.user.is_superuser
        return allowed and not protected

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False


@admin.register(Group)
class RoleAdmin(DjangoGroupAdmin, ModelAdmin):  # type: ignore[misc]
    """Roles: who belongs to one may do what it allows. Only those who may do everything can edit roles."""

    # The two lists of permissions need the whole width.
    compressed_fields = False
    has_history = True

    def has_add_permission(self, request: HttpRequest) -> bool:
        return bool(request.user.is_superuser)

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return bool(request.user.is_superuser)

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return bool(request.user.is_superuser)
