"""What publishing a document would change, in words: for the person who is asked to approve it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import yaml
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from loyalty.core.registry import Text
from loyalty.core.translated import text
from programs.engine.document import Core, dump_core
from programs.engine.reader import InvalidDocument
from programs.models import Programme
from programs.selectors.canonical import freeze, thaw
from programs.selectors.documents import differences, working_core
from programs.selectors.policies import POLICIES, policies_in_words
from programs.selectors.revisions import revision_in_force
from programs.selectors.sentences import rule_sentence

__all__ = ["Proposal", "Row", "what_changes", "what_would_change"]

NOTHING = "—"
LONGEST = 600
# Settings of a rule that its sentence does not tell.
NOT_IN_A_SENTENCE = ("title", "group", "rounding")
Row = tuple[str, str, str]
# What the lists of a document are lists of.
PARTS: dict[str, Text] = {
    "rules": gettext_lazy("Rule"),
    "groups": gettext_lazy("Group of rules"),
    "point_types": gettext_lazy("Points"),
    "ladders": gettext_lazy("Tier ladder"),
    "events": gettext_lazy("Event type"),
    "policies": gettext_lazy("Policy"),
    "programme": gettext_lazy("Programme"),
}


def what_changes(before: str | None, after: str) -> list[Row]:
    """Rows of (what, before, after) between two frozen documents; without a first one everything is new."""
    return _Comparison(None if before is None else thaw(before), thaw(after)).rows()


@dataclass(frozen=True, slots=True)
class Proposal:
    """The working copy as it would be published now: its fingerprint, and what differs from what is in force."""

    sha256: str
    rows: list[Row]


def what_would_change(programme: Programme, now: datetime) -> Proposal | None:
    """What publishing the working copy would change; None while it has faults."""
    try:
        frozen = freeze(working_core(programme))
    except InvalidDocument:
        return None
    current = revision_in_force(programme, now)
    rows = what_changes(None if current is None else current.canonical, frozen.canonical)
    return Proposal(frozen.sha256, rows)


class _Comparison:
    """Two documents of a programme, side by side."""

    def __init__(self, old: Core | None, new: Core) -> None:
        self.old, self.new = old, new
        self.after = dump_core(new)
        self.before = _nothing_of(self.after) if old is None else dump_core(old)

    def rows(self) -> list[Row]:
        found = (self._row(*each) for each in differences(self.before, self.after))
        # Two settings of a rule that its sentence tells are one row.
        return list(dict.fromkeys(found))

    def _row(self, path: str, was: Any, becomes: Any) -> Row:
        kind, _dot, inner = path.partition(".")
        kind, _bracket, key = kind.partition("[")
        key = key.rstrip("]")
        if kind == "policies" and inner in POLICIES:
            return (_policy(inner), _chosen(inner, was), _chosen(inner, becomes))
        if kind == "rules" and key and inner.partition(".")[0] not in NOT_IN_A_SENTENCE:
            before, after = _sentence(key, self.old), _sentence(key, self.new)
            if before != after:
                return (self._label(kind, key, ""), before, after)
        if key and not inner and (was is None or becomes is None):
            return (self._label(kind, key, ""), _thereness(was), _thereness(becomes))
        return (self._label(kind, key, inner), _plain(was), _plain(becomes))

    def _label(self, kind: str, key: str, inner: str) -> str:
        words = str(PARTS.get(kind, kind))
        if key:
            words = _("%(kind)s “%(name)s”") % {"kind": words, "name": self._name(kind, key)}
        # A text that is the same in every language stands under "*".
        setting = inner.removesuffix(".*")
        return f"{words}: {setting}" if setting else words

    def _name(self, kind: str, key: str) -> str:
        """What the part is called, in the reader's language if it has a name in it."""
        parts = [*self.after.get(kind, ()), *self.before.get(kind, ())]
        part: dict[str, Any] = next((each for each in parts if each["key"] == key), {})
        name = part.get("title") or part.get("name")
        return (text(name) if isinstance(name, Mapping) else str(name or "")) or key


def _nothing_of(document: Mapping[str, Any]) -> dict[str, Any]:
    """A document without any part, so that each part of the first publication is told by itself."""
    return {name: type(value)() for name, value in document.items() if isinstance(value, (list, dict))}


def _sentence(key: str, core: Core | None) -> str:
    rule = None if core is None else next((each for each in core.rules if each.key == key), None)
    return NOTHING if core is None or rule is None else rule_sentence(rule, core)


def _thereness(part: Any) -> str:
    """A whole part that comes or goes; its own page tells what is in it."""
    return NOTHING if part is None else _("part of the programme")


def _policy(name: str) -> str:
    return str(POLICIES[name][0])


def _chosen(name: str, value: Any) -> str:
    words = [] if value is None else policies_in_words({name: value})
    return words[0][1] if words else NOTHING


def _plain(value: Any) -> str:
    """A value as it would stand in a file, in one line."""
    if value is None or value in ("", [], {}):
        return NOTHING
    if isinstance(value, bool):
        return _("yes") if value else _("no")
    if not isinstance(value, (dict, list)):
        return str(value)
    text = yaml.safe_dump(
        value, default_flow_style=True, allow_unicode=True, sort_keys=False, width=LONGEST * 2
    )
    shown = str(text).strip()
    return shown if len(shown) <= LONGEST else shown[:LONGEST] + "…"
