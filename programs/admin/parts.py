"""The base of the pages of a programme's parts: a form over the part's entry, saved as a change of the document."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, ClassVar

from django.contrib import admin, messages
from django.contrib.admin.utils import unquote
from django.core.exceptions import PermissionDenied
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import reverse
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from loyalty.core.admin.base import ModelAdmin
from loyalty.core.clock import now
from loyalty.core.problems import Problem, sentence_of
from programs.admin.desk.forms import conditional_fields
from programs.admin.desk.tabs import desk_context, tab_url
from programs.admin.forms.parts import PartForm
from programs.models import Programme
from programs.models.programmes import Part
from programs.services import editing
from programs.services.working_copy import write_working_copy


class Retired(admin.SimpleListFilter):
    """Whether it is still part of its programme."""

    title = _("part of the programme")
    parameter_name = "retired"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, Any]]:
        return [("no", _("yes")), ("yes", _("no, retired"))]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
        if self.value() not in ("yes", "no"):
            return queryset
        return queryset.filter(retired_at__isnull=self.value() == "no")


class PartAdmin(ModelAdmin):
    """Subclasses say `form` (a PartForm), `fieldsets` of its fields, and under which `tab` of the programme they stand.

    Deleting a part takes it out of the working copy; its row stays, because revisions and points refer to it.
    """

    form: type[PartForm]
    tab: ClassVar[str]
    change_form_outer_before_template = "admin/programs/tabs.html"
    change_form_outer_after_template = "admin/programs/theirs.html"
    actions: ClassVar[Sequence[Any]] = ()

    # --- the programme ------------------------------------------------------------------------------
    def programme_of(self, request: HttpRequest, obj: Any = None) -> Programme | None:
        """The programme that a part belongs to, or that a new one is for."""
        if obj is not None and obj.pk:
            return obj.programme
        asked = request.GET.get("programme", "")
        chosen = Programme.objects.filter(pk=asked).first() if asked.isdigit() else None
        every = Programme.objects.all()[:2]
        return chosen or (every[0] if len(every) == 1 else None)

    # --- the form -----------------------------------------------------------------------------------
    def get_form(self, request: HttpRequest, obj: Any = None, change: bool = False, **kwargs: Any) -> Any:
        made = super().get_form(request, obj, change=change, **kwargs)
        return type(made.__name__, (made,), {"programme": self.programme_of(request, obj)})

    def get_fieldsets(self, request: HttpRequest, obj: Any = None) -> Any:
        """The code is asked only while there is none, and never shown as a field of its own afterwards."""
        found = []
        for title, options in super().get_fieldsets(request, obj):
            fields = [name for name in options["fields"] if name != "key" or obj is None]
            found.append((title, {**options, "fields": fields}))
        return [*found, (None, {"fields": ["seen"], "classes": ["hidden"]})]

    @property
    def conditional_fields(self) -> dict[str, str]:
        names = [name for _title, options in self.fieldsets or () for name in options["fields"]]
        return conditional_fields(self.form, [str(name) for name in names])

    @conditional_fields.setter
    def conditional_fields(self, value: Any) -> None:
        """The theme has one as an attribute of the class."""

    def changeform_view(
        self,
        request: HttpRequest,
        object_id: str | None = None,
        form_url: str = "",
        extra_context: dict[str, Any] | None = None,
    ) -> HttpResponse:
        obj = self.get_object(request, unquote(object_id)) if object_id else None
        if object_id is None and not self.has_add_permission(request):
            raise PermissionDenied
        if object_id is not None and obj is None:
            return super().changeform_view(request, object_id, form_url, extra_context)
        programme = self.programme_of(request, obj)
        if programme is None:
            messages.info(request, gettext("Choose the programme first."))
            return HttpResponseRedirect(reverse("admin:programs_programme_changelist"))
        desk = desk_context(request, programme, self.tab)
        context = {"desk_tabs": desk["desk_tabs"], "programme": programme, **(extra_context or {})}
        return super().changeform_view(request, object_id, form_url, context)

    def render_change_form(
        self, request: HttpRequest, context: dict[str, Any], *args: Any, **kwargs: Any
    ) -> HttpResponse:
        context["theirs"] = getattr(context["adminform"].form, "theirs", ())
        return super().render_change_form(request, context, *args, **kwargs)

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """What was retired is history."""
        retired = obj is not None and obj.retired_at is not None
        return not retired and super().has_change_permission(request, obj)

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        retired = obj is not None and obj.retired_at is not None
        return not retired and super().has_delete_permission(request, obj)

    def get_actions(self, request: HttpRequest) -> dict[str, Any]:
        """Parts are taken out one at a time, each with what it would leave behind."""
        return {
            name: entry for name, entry in super().get_actions(request).items() if name != "delete_selected"
        }

    # --- saving -------------------------------------------------------------------------------------
    def save_model(self, request: HttpRequest, obj: Any, form: Any, change: Any) -> None:
        """The form has checked it, and the programme is locked since."""
        programme, _changed = write_working_copy(form.core, now=now())
        row: Any = self.model.objects.get(programme=programme, key=form.part_key)
        obj.__dict__.update({name: value for name, value in row.__dict__.items() if name != "_state"})
        obj._state.adding = False  # noqa: SLF001 - the object stands for the row that was written

    def back(self, obj: Part) -> HttpResponse:
        """The programme's page that lists parts of this kind."""
        return HttpResponseRedirect(tab_url(obj.programme, self.tab))  # type: ignore[attr-defined]

    def response_post_save_change(self, request: HttpRequest, obj: Any) -> HttpResponse:
        return self.back(obj)

    def response_post_save_add(self, request: HttpRequest, obj: Any) -> HttpResponse:
        return self.back(obj)

    # --- taking out ---------------------------------------------------------------------------------
    def get_deleted_objects(self, objs: Any, request: HttpRequest) -> Any:
        """Nothing goes with it: only its place in the working copy."""
        return [str(each) for each in objs], {}, set(), []

    def delete_model(self, request: HttpRequest, obj: Any) -> None:
        editing.edit(obj.programme, editing.remove(self.form.section, obj.key), now=now())

    def delete_view(
        self, request: HttpRequest, object_id: str, extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        obj = self.get_object(request, unquote(object_id))
        try:
            return super().delete_view(request, object_id, extra_context)
        except Problem as problem:
            messages.error(request, sentence_of(problem))
            for error in problem.errors:
                messages.error(request, str(error))
        return (
            HttpResponseRedirect(request.path.removesuffix("delete/") + "change/") if obj else self.back(obj)
        )

    def response_delete(self, request: HttpRequest, obj_display: str, obj_id: int) -> HttpResponse:
        messages.success(
            request, gettext("“%(part)s” was taken out of the working copy.") % {"part": obj_display}
        )
        row: Any = self.model.objects.get(pk=obj_id)
        return self.back(row)

    class Media:
        js = ("loyalty/rows.js",)
