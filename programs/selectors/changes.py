"""What a new revision would change, in plain sentences: part by part, before and after."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from django.utils.translation import gettext

from loyalty.core.translated import language_name, text
from programs.choices import Audience
from programs.engine.document import Core, dump_core
from programs.engine.point_types import PointType
from programs.models import Programme
from programs.selectors.canonical import freeze, thaw
from programs.selectors.documents import differences
from programs.selectors.events import fields_in_words
from programs.selectors.ladders import ladder_in_words, tiers_in_words
from programs.selectors.lists import skus_in_words
from programs.selectors.policies import group_in_words, policies_in_words
from programs.selectors.revisions import latest_revision
from programs.selectors.sentences import rule_sentence
from programs.selectors.terms import terms_in_words

NOTHING = "—"


class Kind(StrEnum):
    ADDED = "added"
    REMOVED = "removed"
    CHANGED = "changed"


@dataclass(frozen=True, slots=True)
class Line:
    """One thing that is said about a part: what, how it was, how it will be."""

    what: str
    before: str
    after: str


@dataclass(frozen=True, slots=True)
class PartChange:
    """A part that is new, gone or different."""

    kind: Kind
    title: str
    lines: tuple[Line, ...]


Said = dict[str, str]
# A part: its section and key, what it is called, and what is said about it.
Described = dict[tuple[str, str], tuple[str, Said]]


def is_published(programme: Programme, working: Core) -> bool:
    """Whether the working copy is what was published last."""
    revision = latest_revision(programme)
    return revision is not None and revision.sha256 == freeze(working).sha256


def changes(before: Core | None, after: Core) -> list[PartChange]:
    """What differs between two documents, in the order of the document. Nothing was there before the first one."""
    old = {} if before is None else _described(before, after)
    new = _described(after, before)
    found = []
    for key in [*old, *(key for key in new if key not in old)]:
        (title, was), (name, becomes) = old.get(key, ("", {})), new.get(key, ("", {}))
        if key not in new:
            found.append(PartChange(Kind.REMOVED, title, _lines(was, {})))
        elif key not in old:
            found.append(PartChange(Kind.ADDED, name, _lines({}, becomes)))
        elif lines := _lines(was, becomes):
            found.append(PartChange(Kind.CHANGED, name, lines))
    if before is not None and not found:
        found = _as_written(before, after)
    return found


def changes_since(programme: Programme, working: Core) -> list[PartChange]:
    """What publishing the working copy would change."""
    revision = latest_revision(programme)
    return changes(None if revision is None else thaw(revision.canonical), working)


def _lines(was: Said, becomes: Said) -> tuple[Line, ...]:
    names = [*was, *(name for name in becomes if name not in was)]
    lines = (Line(name, was.get(name, ""), becomes.get(name, "")) for name in names)
    return tuple(line for line in lines if line.before != line.after)


def _as_written(before: Core, after: Core) -> list[PartChange]:
    """What has no sentence of its own, such as the order of rules."""
    found = differences(dump_core(before), dump_core(after))
    lines = tuple(Line(place, _plain(was), _plain(becomes)) for place, was, becomes in found)
    return [PartChange(Kind.CHANGED, gettext("As it stands in the file"), lines)] if lines else []


def _plain(value: object) -> str:
    if isinstance(value, list):
        return ", ".join(str(item) for item in value)
    return "" if value is None else str(value)


# --- what is said about each part -------------------------------------------------------------------------
def _described(core: Core, other: Core | None) -> Described:
    """`other` is what it is compared with: of long lists only what differs is said."""
    found: Described = {("programme", ""): (gettext("Settings"), _settings(core))}
    for item in core.point_types:
        found["point_types", item.key] = (_titled(gettext("Points"), item.name), _point_type(item, core))
    for event in core.events:
        fields = {name: f"{kind}; {must}; {used}" for name, kind, must, used in fields_in_words(event)}
        found["events", event.key] = (
            _titled(gettext("Event"), event.name),
            {gettext("Name"): text(dict(event.name)), **fields},
        )
    for ladder in core.ladders:
        said = {gettext("How it works"): " ".join(ladder_in_words(ladder, core))}
        said |= {
            tier.name: f"{tier.reached} {tier.benefits}".strip() for tier in tiers_in_words(ladder, core)
        }
        found["ladders", ladder.key] = (_titled(gettext("Ladder of tiers"), ladder.name), said)
    for listed in core.lists:
        skus = skus_in_words(listed, None if other is None else other.product_list(listed.key))
        found["lists", listed.key] = (
            _titled(gettext("Product list"), listed.name),
            {gettext("Name"): text(dict(listed.name)), gettext("Products"): skus},
        )
    policies = dict(policies_in_words(dump_core(core)["policies"]))
    found["policies", ""] = (gettext("Policies"), policies)
    for group in core.groups:
        together, multipliers = group_in_words({"mode": group.mode, "combine": group.combine})
        said = {gettext("Of its rules"): together, gettext("Its multipliers"): multipliers}
        found["groups", group.key] = (f"{gettext('Group of rules')}: {group.key}", said)
    for rule in core.rules:
        said = {
            gettext("Name"): text(dict(rule.title)),
            gettext("What it does"): rule_sentence(rule, core),
            gettext("Group"): rule.group,
        }
        found["rules", rule.key] = (_titled(gettext("Rule"), rule.title), said)
    found["order", ""] = (
        gettext("Order of the rules"),
        {gettext("Order"): " → ".join(text(dict(rule.title)) for rule in core.rules)} if core.rules else {},
    )
    return found


def _titled(kind: str, name: tuple[tuple[str, str], ...]) -> str:
    return f"{kind}: {text(dict(name))}"


def _settings(core: Core) -> Said:
    return {
        gettext("Name"): text(dict(core.name)),
        gettext("For"): str(Audience(core.audience.value).label),
        gettext("Time zone"): core.zone,
        gettext("Currency"): core.currency,
        gettext("Languages"): ", ".join(language_name(code) for code in core.languages),
    }


def _point_type(item: PointType, core: Core) -> Said:
    said = {gettext("Name"): text(dict(item.name)), gettext("Decimal places"): str(item.decimals)}
    return {**said, **dict(terms_in_words(item, core))}


def rows_of(before: str | None, after: str) -> list[tuple[str, str, str]]:
    """What differs between two frozen documents as rows of a table: what, before, after. Without a first one everything
    is new."""
    found = changes(None if before is None else thaw(before), thaw(after))
    return [
        (f"{change.title}: {line.what}", line.before or NOTHING, line.after or NOTHING)
        for change in found
        for line in change.lines
    ]
