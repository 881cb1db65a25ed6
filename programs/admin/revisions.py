"""What was published: read only, in words and as the file that gives it."""

from __future__ import annotations

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils.safestring import SafeString
from django.utils.translation import gettext_lazy as _
from unfold.decorators import display

from loyalty.core.admin.base import ReadOnlyAdmin, TabularInline, badge
from loyalty.core.admin.cells import as_written, moment
from loyalty.core.registry import Panel, Table, panels
from loyalty.core.translated import text
from programs.engine.document import dump_core
from programs.models import Revision, RevisionActivation
from programs.selectors.canonical import thaw
from programs.selectors.documents import as_yaml
from programs.selectors.policies import policies_in_words
from programs.selectors.sentences import rule_sentence


class ActivationInline(TabularInline):
    """From when the revision is in force."""

    model = RevisionActivation
    fields = readonly_fields = ("starts", "decided", "withdrawn")
    can_delete = False
    hide_title = True
    when_empty = _("It was never put in force.")

    def get_queryset(self, request: HttpRequest) -> QuerySet[RevisionActivation]:
        rows: QuerySet[RevisionActivation] = super().get_queryset(request)
        return rows.select_related("programme")

    def has_add_permission(self, request: HttpRequest, obj: Revision | None = None) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Revision | None = None) -> bool:
        return False

    @display(description=_("in force from"))
    def starts(self, activation: RevisionActivation) -> str:
        return moment(activation.effective_from, activation.programme.zone)

    @display(description=_("decided"))
    def decided(self, activation: RevisionActivation) -> str:
        return moment(activation.recorded_at, activation.programme.zone)

    @display(description=_("withdrawn"))
    def withdrawn(self, activation: RevisionActivation) -> str:
        return moment(activation.withdrawn_at, activation.programme.zone)


@admin.register(Revision)
class RevisionAdmin(ReadOnlyAdmin):
    """Frozen documents of programmes."""

    about = _(
        "What was published of a programme; it never changes again. A purchase is calculated by the revision that"
        " was in force when it happened."
    )
    when_empty = _("Nothing was published yet. Open a programme and its page “Publish”.")
    list_display = ("name", "origin_badge", "author", "published", "fingerprint")
    list_filter = ("programme", "origin")
    search_fields = ("=sha256", "programme__key")
    search_help_text = _("Code of the programme, or the whole fingerprint")
    ordering = ("-recorded_at", "-id")
    fieldsets = (
        (None, {"fields": ("programme", "number", "origin", "author", "published", "parent")}),
        (_("As a file"), {"fields": ("document",), "classes": ("collapse",)}),
        (
            _("For checking"),
            {"fields": ("sha256", "logic_sha256", "engine_version"), "classes": ("collapse",)},
        ),
    )
    readonly_fields = ("published", "document")
    inlines = (ActivationInline,)
    origin_badge = badge("origin", _("reason"))

    def get_queryset(self, request: HttpRequest) -> QuerySet[Revision]:
        rows: QuerySet[Revision] = super().get_queryset(request)
        return rows.select_related("programme", "author", "parent__programme").defer("parent__canonical")

    @display(description=_("revision"), ordering="number")
    def name(self, revision: Revision) -> str:
        return f"{revision.programme} · {revision.number}"

    @display(description=_("published"), ordering="recorded_at")
    def published(self, revision: Revision) -> str:
        return moment(revision.recorded_at, revision.programme.zone)

    @display(description=_("fingerprint"))
    def fingerprint(self, revision: Revision) -> str:
        return revision.sha256[:12]

    @display(description=_("document"))
    def document(self, revision: Revision) -> SafeString:
        return as_written(as_yaml(thaw(revision.canonical)))


def _rules(revision: Revision, request: HttpRequest) -> Table:
    core = thaw(revision.canonical)
    rows = [(text(dict(rule.title)), rule.group, rule_sentence(rule, core)) for rule in core.rules]
    return Table((_("Rule"), _("Group"), _("What it does")), rows)


def _policies(revision: Revision, request: HttpRequest) -> Table:
    settings = dump_core(thaw(revision.canonical))["policies"]
    return Table((_("What"), _("How")), policies_in_words(settings))


panels.contribute("programs.revision", Panel(_("Rules"), "programs.view_revision", content=_rules, order=10))
panels.contribute(
    "programs.revision", Panel(_("Policies"), "programs.view_revision", content=_policies, order=20)
)
