"""What staff do with a rule in its list: switch it, copy it, put it elsewhere."""

from __future__ import annotations

from copy import deepcopy
from datetime import datetime
from typing import Any

from django.db import transaction
from django.utils.translation import gettext_lazy as _

from loyalty.core.problems import Conflict, NotFound
from programs.models import Programme, Rule
from programs.services import editing

SECTION = "rules"


class RuleRetired(Conflict):
    """The rule left the working copy."""

    code = "rule_retired"
    title = _("The rule is not part of the programme any more.")


@transaction.atomic
def switch(rule: Rule, *, on: bool, now: datetime) -> None:
    """Switch a rule on or off in the working copy."""
    entry = _entry(rule)
    entry["enabled"] = on
    editing.edit(rule.programme, editing.put(SECTION, entry), now=now)


@transaction.atomic
def copy(rule: Rule, *, now: datetime) -> Rule:
    """A second rule like this one, switched off, behind it."""
    entry = _entry(rule)
    taken = set(Rule.objects.filter(programme=rule.programme).values_list("key", flat=True))
    number = 2
    while (key := f"{rule.key[:44]}-{number}") in taken:
        number += 1
    following = _following(rule.programme, rule.key)
    entry |= {"key": key, "enabled": False}
    change = editing.in_turn(editing.put(SECTION, entry), editing.move(SECTION, key, following))
    editing.edit(rule.programme, change, now=now)
    return Rule.objects.get(programme=rule.programme, key=key)


@transaction.atomic
def place(rule: Rule, *, group: str, before: str, now: datetime) -> None:
    """Put a rule into a group, in front of another rule or (empty) behind all others."""
    entry = _entry(rule)
    entry["group"] = group
    changes = [editing.put(SECTION, entry)]
    if before != rule.key:
        changes.append(editing.move(SECTION, rule.key, before))
    editing.edit(rule.programme, editing.in_turn(*changes), now=now)


@transaction.atomic
def step(rule: Rule, *, up: bool, now: datetime) -> None:
    """One place up or down among the rules of its group; at the end nothing changes."""
    group = _group(rule)
    keys = [each.key for each in _rules(rule.programme) if _group(each) == group]
    here = keys.index(_entry(rule)["key"])
    other = here - 1 if up else here + 1
    if not 0 <= other < len(keys):
        return
    before, moved = (keys[other], rule.key) if up else (rule.key, keys[other])
    editing.edit(rule.programme, editing.move(SECTION, moved, before), now=now)


@transaction.atomic
def step_group(programme: Programme, key: str, *, up: bool, now: datetime) -> None:
    """Try a group one place earlier or later; at the end nothing changes."""
    rows = programme.rule_groups.filter(retired_at=None).order_by("position", "id")
    keys = list(rows.values_list("key", flat=True))
    if key not in keys:
        raise NotFound(_("“%(key)s” is not part of the programme any more.") % {"key": key})
    here = keys.index(key)
    other = here - 1 if up else here + 1
    if not 0 <= other < len(keys):
        return
    before, moved = (keys[other], key) if up else (key, keys[other])
    editing.edit(programme, editing.move("groups", moved, before), now=now)


def _entry(rule: Rule) -> dict[str, Any]:
    rule.refresh_from_db()
    if rule.retired_at is not None:
        raise RuleRetired
    return deepcopy(rule.settings)


def _group(rule: Rule) -> str:
    return str(rule.settings.get("group", "base"))


def _rules(programme: Programme) -> list[Rule]:
    return list(programme.rules.filter(retired_at=None).order_by("position", "id"))


def _following(programme: Programme, key: str) -> str:
    keys = [rule.key for rule in _rules(programme)]
    place = keys.index(key) + 1
    return keys[place] if place < len(keys) else ""
