"""People who may log in, and the roles that say what they may do."""

from __future__ import annotations

from typing import Any

from django.contrib import admin
from django.contrib.auth.admin import GroupAdmin as DjangoGroupAdmin
from django.contrib.auth.admin import UserAdmin as DjangoUserAdmin
from django.contrib.auth.models import Group
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils.text import capfirst
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _
from unfold.decorators import display
from unfold.forms import AdminPasswordChangeForm, UserChangeForm, UserCreationForm
from unfold.widgets import UnfoldAdminCheckboxSelectMultipleWidget

from loyalty.core.admin.base import ModelAdmin
from loyalty.core.admin.cells import EMPTY
from loyalty.core.choices import UserKind
from loyalty.core.models import User
from loyalty.core.roles import description_of, name_of

admin.site.unregister(Group)

# Handing out rights needs a right of its own, and nobody gives themselves more.
RIGHTS = ("is_superuser", "groups")


class WithKind:
    """The kind is not asked, but an address is unique per kind, so it takes part in the validation."""

    def _get_validation_exclusions(self) -> set[str]:
        excluded: set[str] = super()._get_validation_exclusions()  # type: ignore[misc]
        return excluded - {"kind"}


class OfRole(admin.RelatedFieldListFilter):
    """People who have a role."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.title = gettext("role")


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

    about = _(
        "People who log in to the back office. Nobody is deleted: a person who leaves is switched to inactive, and"
        " what they did keeps their name."
    )
    form = StaffChangeForm
    add_form = StaffCreationForm
    change_password_form = AdminPasswordChangeForm
    list_display = ("name", "email", "roles", "is_active", "everything", "last_login")
    list_display_links = ("name", "email")
    list_filter = ("is_active", ("groups", OfRole))
    search_fields = ("email", "name")
    search_help_text = _("Name or e-mail")
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

    def get_queryset(self, request: HttpRequest) -> QuerySet[User]:
        rows: QuerySet[User] = super().get_queryset(request)
        return rows.prefetch_related("groups")

    @display(description=_("roles"))
    def roles(self, user: User) -> str:
        return ", ".join(name_of(group) for group in user.groups.all()) or EMPTY

    @display(description=_("may do everything"), boolean=True, ordering="is_superuser")
    def everything(self, user: User) -> bool:
        return user.is_superuser

    def formfield_for_manytomany(self, db_field: Any, request: HttpRequest, **kwargs: Any) -> Any:
        # There are few roles: all of them are in sight.
        field = super().formfield_for_manytomany(
            db_field,
            request,
            **kwargs,
            label=capfirst(gettext("roles")),
            help_text=_(
                "What the person may do. Several roles add up. The page “Roles” says what each is for."
            ),
            widget=UnfoldAdminCheckboxSelectMultipleWidget(),
        )
        if field is not None and db_field.name == "groups":
            field.label_from_instance = name_of  # type: ignore[method-assign, assignment]
        return field

    def formfield_for_dbfield(self, db_field: Any, request: HttpRequest, **kwargs: Any) -> Any:
        if db_field.name == "is_superuser":
            kwargs["label"] = capfirst(gettext("may do everything"))
            kwargs["help_text"] = _("Needs no role. For those who look after the system.")
        return super().formfield_for_dbfield(db_field, request, **kwargs)

    def get_readonly_fields(self, request: HttpRequest, obj: User | None = None) -> tuple[str, ...]:
        fields = tuple(super().get_readonly_fields(request, obj))
        if request.user.is_superuser:
            return fields
        gives_roles = request.user.has_perm("core.assign_roles") and obj != request.user
        return (*fields, "is_superuser") if gives_roles else fields + RIGHTS

    def has_change_permission(self, request: HttpRequest, obj: User | None = None) -> bool:
        allowed = super().has_change_permission(request, obj)
        protected = obj is not None and obj.is_superuser and not request.user.is_superuser
        return allowed and not protected

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False


@admin.register(Group)
class RoleAdmin(DjangoGroupAdmin, ModelAdmin):  # type: ignore[misc]
    """Roles: who belongs to one may do what it allows. Only those who may do everything can edit roles."""

    about = _("What a group of people may do. Give somebody a role on the page of the user.")
    when_empty = _("Without a role a person can log in and sees nothing.")
    list_display = ("label", "what_for")
    list_display_links = ("label",)
    search_help_text = _("Name")
    # The two lists of permissions need the whole width.
    compressed_fields = False
    has_history = True

    def has_add_permission(self, request: HttpRequest) -> bool:
        return bool(request.user.is_superuser)

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return bool(request.user.is_superuser)

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return bool(request.user.is_superuser)

    @display(description=_("name"), ordering="name")
    def label(self, group: Group) -> str:
        return name_of(group)

    @display(description=_("what for"))
    def what_for(self, group: Group) -> str:
        return description_of(group) or EMPTY
