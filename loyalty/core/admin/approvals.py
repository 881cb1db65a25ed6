"""The inbox of approvals: what somebody may not do alone, what it would change, and the buttons to decide."""

from __future__ import annotations

from typing import Any

from django import forms
from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.db.models import F, QuerySet
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import URLPattern, path, reverse
from django.utils.safestring import SafeString
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_POST
from unfold.decorators import display

from loyalty.core import approvals, clock
from loyalty.core.admin.asking import ReasonField, found, person_of
from loyalty.core.admin.base import ChangeList, ReadOnlyAdmin, badge
from loyalty.core.admin.cells import EMPTY, as_json, link
from loyalty.core.choices import WAITING, ApprovalOutcome
from loyalty.core.models import Approval, User
from loyalty.core.problems import NotAllowed, Problem, sentence_of
from loyalty.core.registry import Card, ShownPanel, dashboard_cards
from loyalty.core.selectors.approvals import subjects_of

FOR_ME = "for_me"
SERVICES = {
    "approve": approvals.approve,
    "send_back": approvals.send_back,
    "refuse": approvals.refuse,
    "withdraw": approvals.withdraw,
}
DONE = {
    "approve": _("Approved, and done."),
    "send_back": _("Sent back with your comment."),
    "refuse": _("Refused."),
    "withdraw": _("The request is taken back."),
}


class State(admin.SimpleListFilter):
    """How far a request is."""

    title = _("state")
    parameter_name = "state"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, Any]]:
        return [(FOR_ME, _("waiting for me")), (WAITING, _("waiting")), *ApprovalOutcome.choices]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Approval]) -> QuerySet[Approval]:
        if self.value() == FOR_ME:
            return queryset.filter(pk__in=approvals.to_decide(person_of(request)))
        if self.value() == WAITING:
            return queryset.filter(outcome=None)
        return queryset.filter(outcome=self.value()) if self.value() else queryset


class Kind(admin.SimpleListFilter):
    """What is asked for."""

    title = _("what")
    parameter_name = "operation"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, Any]]:
        return [(each.name, each.title) for each in approvals.operations()]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Approval]) -> QuerySet[Approval]:
        return queryset.filter(operation=self.value()) if self.value() else queryset


class NamingChangeList(ChangeList):
    """Finds the names of what requests are about for a page together."""

    result_list: Any

    def get_results(self, request: HttpRequest) -> None:
        super().get_results(request)
        rows: list[Any] = list(self.result_list)
        subjects = subjects_of(rows)
        for row in rows:
            row.subject = subjects.get(row.pk)
        self.result_list = rows


class DecisionForm(forms.Form):
    """What the person who decides says."""

    comment = ReasonField(label=_("Comment"), required=False)


@admin.register(Approval)
class ApprovalAdmin(ReadOnlyAdmin):
    """Everybody sees their own requests and those they may decide; who may see approvals sees all."""

    about = _(
        "What a person may not do alone waits here until another person approves it; then it is done at once. Nobody"
        " decides what they asked for themselves."
    )
    when_empty = _("Requests come from pages: publishing a programme, giving many points.")
    list_display = ("kind_text", "about_text", "state_badge", "reason", "requested_by", "requested_at",
                    "expires_at", "decided_by")  # fmt: skip
    list_display_links = ("kind_text",)
    list_filter = (State, Kind, "requested_at")
    list_select_related = ("requested_by", "decided_by")
    search_fields = ("=subject_id", "reason", "requested_by__name", "requested_by__email")
    search_help_text = _("Reason, or the name of the person who asked")
    ordering = (F("decided_at").desc(nulls_first=True), "-id")
    sortable_by = ()
    state_badge = badge("state")
    fieldsets = (
        (None, {"fields": ("in_words", "subject_link", "state_text", "reason", "author", "requested_at",
                           "expires_at")}),
        (_("Decision"), {"fields": ("decider", "decided_at", "decision_reason")}),
        (
            _("For those who look after the system"),
            {"fields": ("operation", "settings_text", "outcome_text"), "classes": ("collapse",)},
        ),
    )  # fmt: skip
    readonly_fields = (
        "in_words",
        "subject_link",
        "state_text",
        "author",
        "decider",
        "settings_text",
        "outcome_text",
    )

    def get_queryset(self, request: HttpRequest) -> QuerySet[Approval]:
        return super().get_queryset(request).filter(pk__in=approvals.visible_to(person_of(request)))

    def get_changelist(self, request: HttpRequest, **kwargs: Any) -> type[ChangeList]:
        return NamingChangeList

    def has_view_permission(self, request: HttpRequest, obj: Approval | None = None) -> bool:
        # The page of the log-in asks too, for nobody.
        return isinstance(request.user, User) and approvals.concerns(request.user)

    def has_module_permission(self, request: HttpRequest) -> bool:
        return self.has_view_permission(request)

    def get_fieldsets(self, request: HttpRequest, obj: Approval | None = None) -> Any:
        first, decision, system = super().get_fieldsets(request, obj)
        shown = [first] if obj is None or obj.outcome is None else [first, decision]
        return [*shown, system] if request.user.has_perm("core.view_job") else shown

    def change_view(
        self,
        request: HttpRequest,
        object_id: str,
        form_url: str = "",
        extra_context: dict[str, Any] | None = None,
    ) -> HttpResponse:
        approval = self.get_object(request, object_id)
        context = {} if approval is None else {"panels": _panels(approval, person_of(request))}
        return super().change_view(request, object_id, form_url, {**context, **(extra_context or {})})

    # --- deciding -------------------------------------------------------------------------------------------
    def get_urls(self) -> list[URLPattern]:
        decide = self.admin_site.admin_view(require_POST(self.decide_view))
        return [path("<path:object_id>/decide/", decide, name="core_approval_decide"), *super().get_urls()]

    def decide_view(self, request: HttpRequest, object_id: str) -> HttpResponse:
        """One of the buttons was pressed."""
        if not approvals.takes_part(person_of(request)):
            raise PermissionDenied
        approval: Approval = found(self, request, object_id)
        decision = request.POST.get("decision", "")
        if decision in SERVICES:
            self._decide(request, approval, decision)
        return HttpResponseRedirect(reverse("admin:core_approval_change", args=[approval.pk]))

    def _decide(self, request: HttpRequest, approval: Approval, decision: str) -> None:
        comment = request.POST.get("comment", "")
        try:
            SERVICES[decision](approval, by=person_of(request), now=clock.now(), comment=comment)
        except NotAllowed as refusal:
            raise PermissionDenied(sentence_of(refusal)) from refusal
        except Problem as problem:
            messages.error(request, sentence_of(problem))
        else:
            messages.success(request, DONE[decision])

    # --- words ----------------------------------------------------------------------------------------------
    @display(description=_("what"), ordering="operation")
    def kind_text(self, approval: Approval) -> str:
        return approvals.title_of(approval)

    @display(description=_("about"))
    def about_text(self, approval: Any) -> str:
        return str(approval.subject or approval.subject_id)

    @display(description=_("what"))
    def in_words(self, approval: Approval) -> str:
        return approvals.describe(approval).title

    @display(description=_("about"))
    def subject_link(self, approval: Approval) -> SafeString | str:
        subject = subjects_of([approval]).get(approval.pk)
        return EMPTY if subject is None else link(subject)

    @display(description=_("state"))
    def state_text(self, approval: Approval) -> str:
        return approval.get_state_display()

    # Plain names: the pages of users open to few.
    @display(description=_("asked by"))
    def author(self, approval: Approval) -> str:
        return str(approval.requested_by)

    @display(description=_("decided by"))
    def decider(self, approval: Approval) -> str:
        return str(approval.decided_by or EMPTY)

    @display(description=_("settings"))
    def settings_text(self, approval: Approval) -> SafeString | str:
        return as_json(approval.arguments)

    @display(description=_("result"))
    def outcome_text(self, approval: Approval) -> SafeString | str:
        return as_json(approval.result)


def _panels(approval: Approval, person: User) -> list[ShownPanel]:
    """What it changes, and the buttons of those who may press them."""
    described = approvals.describe(approval)
    shown = []
    if described.table is not None:
        shown.append(ShownPanel(_("What it changes"), table=described.table))
    own = approval.requested_by_id == person.pk
    decides = approvals.may_decide(approval, person)
    if approval.outcome is None and (own or decides):
        context = {"original": approval, "own": own, "decides": decides, "form": DecisionForm()}
        shown.append(ShownPanel(_("Decision"), template="admin/approval_decision.html", context=context))
    return shown


def waiting_cards(request: HttpRequest) -> list[Card]:
    """How much waits for this person; nothing when nothing does."""
    person = person_of(request)
    address = reverse("admin:core_approval_changelist")
    cards = []
    if count := approvals.to_decide(person).count():
        note = gettext("Requests of others that you can approve.")
        cards.append(
            Card(gettext("Waiting for you"), str(count), note, f"{address}?state={FOR_ME}", "approval")
        )
    if count := Approval.objects.waiting().filter(requested_by=person).count():
        note = gettext("You asked; another person has to decide.")
        cards.append(
            Card(
                gettext("Your open requests"), str(count), note, f"{address}?state={WAITING}", "hourglass_top"
            )
        )
    return cards


dashboard_cards.contribute(waiting_cards, order=1)
