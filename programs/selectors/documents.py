"""Documents of programmes: the working copy, a revision as YAML, and what differs between two."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import yaml
from django.utils.translation import gettext_lazy as _

from loyalty.core.problems import NotFound
from programs.engine.document import Core, dump_core, read_core
from programs.models import Programme, Revision, Rule
from programs.selectors.canonical import thaw
from programs.selectors.parts import rule_of, spoken_core
from programs.selectors.scalars import needs_quotes
from programs.selectors.sentences import rule_sentence

Difference = tuple[str, Any, Any]
WIDTH = 110


def working_document(programme: Programme) -> dict[str, Any]:
    """The document of the working copy. It may have faults; `working_core` finds them."""
    return {
        "programme": {
            "key": programme.key,
            "name": dict(programme.name),
            "audience": programme.audience,
            "zone": programme.zone,
            "currency": programme.currency,
            "languages": list(programme.languages),
        },
        "point_types": _settings(programme.point_types),
        "events": _settings(programme.event_types),
        "ladders": _settings(programme.ladders),
        "lists": _settings(programme.lists),
        "policies": programme.policies,
        "groups": _settings(programme.rule_groups),
        "rules": _settings(programme.rules),
        **dict(programme.sections.filter(retired_at=None).values_list("key", "settings")),
    }


def working_core(programme: Programme) -> Core:
    """The working copy, checked. Raises programs.engine.reader.InvalidDocument."""
    return read_core(working_document(programme))


def _settings(parts: Any) -> list[Any]:
    return list(parts.filter(retired_at=None).order_by("position", "id").values_list("settings", flat=True))


def programme_by_key(key: str) -> Programme:
    """The programme with this code. Raises NotFound."""
    found = Programme.objects.filter(key=key).first()
    if found is None:
        raise NotFound(_("There is no programme “%(key)s”.") % {"key": key})
    return found


def revision_by_number(programme: Programme, number: int) -> Revision:
    """Raises NotFound."""
    found = programme.revisions.filter(number=number).first()
    if found is None:
        raise NotFound(
            _("The programme “%(key)s” has no revision %(number)d.")
            % {"key": programme.key, "number": number}
        )
    return found


def rule_in_words(rule: Rule, language: str | None = None) -> str:
    """A rule of the working copy as a sentence; its title when it cannot be read."""
    core = spoken_core(rule.programme)
    read = None if core is None else rule_of(rule, core)
    return str(rule.title) if core is None or read is None else rule_sentence(read, core, language)


# --- YAML ---------------------------------------------------------------------------------------------------
def export(programme: Programme, number: int | None = None) -> str:
    """The working copy, or the revision with this number, as a YAML file.

    Every setting is spelled out, in the order of the document; loading it gives the same fingerprint.
    """
    if number is not None:
        return as_yaml(thaw(revision_by_number(programme, number).canonical))
    return as_yaml(working_core(programme))


def as_yaml(core: Core) -> str:
    """A core as the text of a programme file."""
    text: str = yaml.dump(
        dump_core(core), Dumper=_Dumper, sort_keys=False, allow_unicode=True, width=WIDTH, indent=2
    )
    return text


def part_as_yaml(settings: Mapping[str, Any]) -> str:
    """The settings of a part (a rule, a point type) as they stand in a programme file."""
    text: str = yaml.dump(dict(settings), Dumper=_Dumper, sort_keys=False, allow_unicode=True, width=WIDTH)
    return text


def value_as_yaml(value: Any) -> str:
    """A value as it stands in a file, all in one line."""
    text: str = yaml.dump(
        value, Dumper=_Dumper, default_flow_style=True, sort_keys=False, allow_unicode=True, width=1_000_000
    )
    return text.removesuffix("\n").removesuffix("\n...")


class _Dumper(yaml.SafeDumper):
    """Writes what our reader reads: no aliases, and quotes around whatever would not be read as text."""

    def ignore_aliases(self, data: Any) -> bool:
        return True


def _text(dumper: _Dumper, text: str) -> yaml.ScalarNode:
    return dumper.represent_scalar("tag:yaml.org,2002:str", text, style='"' if needs_quotes(text) else None)


_Dumper.add_representer(str, _text)


# --- differences --------------------------------------------------------------------------------------------
def differences(before: Any, after: Any) -> list[Difference]:
    """What differs between two documents: (path, before, after), None for what is not there.

    Parts with a key are matched by it, so that moving a rule is one line: the order of the keys.
    """
    found: list[Difference] = []
    _compare("", before, after, found)
    return found


def _compare(path: str, before: Any, after: Any, found: list[Difference]) -> None:
    if before == after:
        return
    if isinstance(before, Mapping) and isinstance(after, Mapping):
        for name in [*before, *(name for name in after if name not in before)]:
            inner = f"{path}.{name}" if path else str(name)
            _compare(inner, before.get(name), after.get(name), found)
    elif _keyed(before) and _keyed(after):
        _compare_parts(path, before, after, found)
    else:
        found.append((path, before, after))


def _keyed(value: Any) -> bool:
    return isinstance(value, list) and all(isinstance(item, Mapping) and "key" in item for item in value)


def _compare_parts(path: str, before: list[Any], after: list[Any], found: list[Difference]) -> None:
    old, new = ({item["key"]: item for item in items} for items in (before, after))
    for key in [*old, *(key for key in new if key not in old)]:
        _compare(f"{path}[{key}]", old.get(key), new.get(key), found)
    kept = [key for key in old if key in new]
    moved = [key for key in new if key in old]
    if kept != moved:
        found.append((f"{path}.order", kept, moved))


def revision_document(revision: Revision) -> dict[str, Any]:
    """The document of a revision, in the order of a file."""
    return dump_core(thaw(revision.canonical))
