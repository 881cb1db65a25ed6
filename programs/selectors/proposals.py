"""What publishing a document would change, in words: for the person who is asked to approve it."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

import yaml
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from loyalty.core.registry import Text
from programs.engine.document import Core, dump_core
from programs.engine.reader import InvalidDocument
from programs.models import Programme
from programs.selectors.canonical import freeze, thaw
from programs.selectors.documents import differences, working_core
from programs.selectors.policies import POLICIES, policies_in_words
from programs.selectors.revisions import revision_in_force
from programs.selectors.sentences import rule_sentence

__all__ = ["Row", "what_changes", "what_would_change"]

NOTHING = "—"
LONGEST = 600
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
    new = thaw(after)
    old = None if before is None else thaw(before)
    new_document = dump_core(new)
    old_document = _nothing_of(new_document) if old is None else dump_core(old)
    rows: dict[tuple[str, str, str], None] = {}
    for path, was, becomes in differences(old_document, new_document):
        rows.setdefault(_row(path, was, becomes, old, new))
    return list(rows)


def what_would_change(programme: Programme, now: datetime) -> list[Row] | None:
    """The same between what is in force and the working copy; None while that has faults."""
    try:
        after = freeze(working_core(programme)).canonical
    except InvalidDocument:
        return None
    current = revision_in_force(programme, now)
    return what_changes(None if current is None else current.canonical, after)


def _nothing_of(document: Mapping[str, Any]) -> dict[str, Any]:
    """A document without any part, so that each part of the first publication is told by itself."""
    return {name: type(value)() for name, value in document.items() if isinstance(value, (list, dict))}


def _row(path: str, was: Any, becomes: Any, old: Core | None, new: Core) -> Row:
    kind, _dot, inner = path.partition(".")
    kind, _bracket, key = kind.partition("[")
    key = key.rstrip("]")
    if kind == "rules" and key:
        return _rule(key, inner, was, becomes, old, new)
    if kind == "policies" and inner in POLICIES:
        return (_policy(inner), _chosen(inner, was), _chosen(inner, becomes))
    if isinstance(becomes, Mapping) and was is None and key:
        return (_label(kind, key, ""), NOTHING, _name_of(becomes) or _plain(becomes))
    return (_label(kind, key, inner), _plain(was), _plain(becomes))


def _rule(key: str, inner: str, was: Any, becomes: Any, old: Core | None, new: Core) -> Row:
    """A rule as its sentence, or the setting that the sentence does not tell."""
    before, after = _sentence(key, old), _sentence(key, new)
    if before != after:
        return (_label("rules", key, ""), before, after)
    return (_label("rules", key, inner), _plain(was), _plain(becomes))


def _sentence(key: str, core: Core | None) -> str:
    rule = None if core is None else next((each for each in core.rules if each.key == key), None)
    return NOTHING if core is None or rule is None else rule_sentence(rule, core)


def _policy(name: str) -> str:
    return str(POLICIES[name][0])


def _chosen(name: str, value: Any) -> str:
    words = [] if value is None else policies_in_words({name: value})
    return words[0][1] if words else NOTHING


def _label(kind: str, key: str, inner: str) -> str:
    words = str(PARTS.get(kind, kind))
    if key:
        words = _("%(kind)s “%(key)s”") % {"kind": words, "key": key}
    return f"{words}: {inner}" if inner else words


def _name_of(part: Mapping[str, Any]) -> str:
    name = part.get("name") or part.get("title")
    if isinstance(name, Mapping):
        return " / ".join(str(each) for each in name.values())
    return str(name or "")


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
