"""Between an example as data and the rows of its form.

The form knows the usual steps and expectations. An example that has anything else is shown as YAML only, so that
nothing of it is lost.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from programs.engine.document import Core
from programs.selectors.documents import value_as_yaml

WIDTH = 100
NUMBERS = frozenset(("qty", "amount", "discount", "points"))
OF_PURCHASE = ("partner", "store", "channel", "payment")


def by_type(name: str, point_type: str) -> str:
    """The field of a row for points of one type."""
    return f"{name}__{point_type}"


# --- from rows to data ------------------------------------------------------------------------------------
def example_of(key: str, values: Mapping[str, Any], core: Core) -> dict[str, Any]:
    """The data of an example from the values of its form."""
    example: dict[str, Any] = {"id": key, "title": dict(values["title"])}
    if values["members"]:
        example["members"] = [dict(row) for row in values["members"]]
    example["steps"] = [_step(row, place, core) for place, row in enumerate(values["steps"], 1)]
    return example


def _step(row: Mapping[str, Any], place: int, core: Core) -> dict[str, Any]:
    step: dict[str, Any] = {"at": row.get("at")}
    kind = row.get("kind")
    lines = [_numbered(line) for line in row.get("lines", [])]
    match kind:
        case "purchase":
            said = {name: row[name] for name in ("member", *OF_PURCHASE) if row.get(name)}
            # A receipt has a number, also where nothing comes back.
            step[kind] = {"ref": row.get("ref") or f"r{place}", **said, "lines": lines}
        case "return":
            step[kind] = {"purchase": row.get("ref", ""), **({"lines": lines} if lines else {})}
        case "redeem":
            step[kind] = _numbered({name: row[name] for name in ("member", "points") if row.get(name)})
        case "advance":
            step[kind] = True
    if expected := _expectation(row, core):
        step["expect"] = expected
    return {name: value for name, value in step.items() if value is not None}


def _expectation(row: Mapping[str, Any], core: Core) -> dict[str, Any]:
    expected: dict[str, Any] = {}
    if (awarded := _points(row, "awarded", core)) is not None:
        expected["awarded"] = awarded
    if row.get("refused"):
        expected["refused"] = row["refused"]
    members = {}
    for entry in row.get("expected", []):
        found = {name: _points(entry, name, core) for name in ("balance", "pending")}
        found["tier"] = entry.get("tier")
        members[entry.get("member", "")] = {name: value for name, value in found.items() if value is not None}
    if members:
        expected["members"] = members
    return expected


def _points(row: Mapping[str, Any], name: str, core: Core) -> Any:
    """Points of the main type as one number, those of several types as a map."""
    found = {
        item.key: number(row[field])
        for item in core.point_types
        if row.get(field := by_type(name, item.key)) not in (None, "")
    }
    return flat(found or None, core)


def flat(value: Any, core: Core) -> Any:
    """One number where only the main type is named."""
    main = core.main.key
    return value[main] if isinstance(value, Mapping) and set(value) == {main} else value


def number(text: Any) -> Any:
    """A whole number as one, anything else as it is written; the reader says whether it can be used."""
    digits = str(text).removeprefix("-")
    return int(text) if digits.isascii() and digits.isdigit() and len(digits) < 16 else text


def _numbered(entry: Mapping[str, Any]) -> dict[str, Any]:
    return {name: number(value) if name in NUMBERS else value for name, value in entry.items()}


# --- from data to rows ------------------------------------------------------------------------------------
def values_of(example: Mapping[str, Any], source: str, core: Core) -> dict[str, Any] | None:
    """The values of the form for an example; None when the form cannot show all of it."""
    if any(line.lstrip().startswith("#") or " #" in line for line in source.splitlines()):
        return None
    title = example.get("title")
    try:
        values = {
            "title": title if isinstance(title, Mapping) else {"en": title},
            "members": [dict(entry) for entry in example.get("members") or []],
            "steps": [_row(step, core) for step in example["steps"]],
        }
        again = example_of(example["id"], values, core)
    except (KeyError, TypeError, ValueError, AttributeError):
        return None
    wanted = {**example, "title": values["title"]}
    return values if _as_text(again) == _as_text(_flattened(wanted, core)) else None


def _row(step: Mapping[str, Any], core: Core) -> dict[str, Any]:
    [kind] = set(step) - {"at", "expect"}
    said, expected = step[kind], step.get("expect") or {}
    row: dict[str, Any] = {"at": step["at"], "kind": kind}
    if kind == "return":
        row |= {"ref": said["purchase"], "lines": said.get("lines", [])}
    elif kind != "advance":
        row |= said
    row |= _by_type("awarded", expected.get("awarded"), core)
    row["refused"] = expected.get("refused", "")
    row["expected"] = [
        {
            "member": name,
            "tier": found.get("tier"),
            **_by_type("balance", found.get("balance"), core),
            **_by_type("pending", found.get("pending"), core),
        }
        for name, found in (expected.get("members") or {}).items()
    ]
    return row


def _by_type(name: str, value: Any, core: Core) -> dict[str, Any]:
    if value is None:
        return {}
    found = value if isinstance(value, Mapping) else {core.main.key: value}
    return {by_type(name, key): points for key, points in found.items()}


def _flattened(value: Any, core: Core) -> Any:
    if isinstance(value, Mapping):
        return {name: _flattened(flat(inner, core), core) for name, inner in value.items()}
    return [_flattened(each, core) for each in value] if isinstance(value, list) else value


def _as_text(value: Any) -> Any:
    """Data in which 10 and "10" are the same."""
    if isinstance(value, Mapping):
        return {name: _as_text(inner) for name, inner in value.items()}
    return [_as_text(each) for each in value] if isinstance(value, list) else str(value)


# --- YAML -------------------------------------------------------------------------------------------------
def example_as_yaml(example: Mapping[str, Any]) -> str:
    """An example as a text that people read: what is short stands in one line."""
    return "".join(_entry(name, value, "") for name, value in example.items())


def _entry(name: str, value: Any, indent: str) -> str:
    line = f"{indent}{name}: {value_as_yaml(value)}\n"
    blocks = name in ("members", "steps", "lines") and isinstance(value, list)
    if not value or not isinstance(value, (Mapping, list)) or (not blocks and len(line) <= WIDTH):
        return line
    if blocks and name == "lines" and len(line) <= WIDTH:
        return line
    inner = f"{indent}  "
    if isinstance(value, Mapping):
        return f"{indent}{name}:\n" + "".join(_entry(key, each, inner) for key, each in value.items())
    return f"{indent}{name}:\n" + "".join(_item(each, inner) for each in value)


def _item(value: Any, indent: str) -> str:
    line = f"{indent}- {value_as_yaml(value)}\n"
    if not isinstance(value, Mapping) or ("at" not in value and len(line) <= WIDTH):
        return line
    entries: Sequence[str] = [_entry(name, each, f"{indent}  ") for name, each in value.items()]
    text = "".join(entries)
    return f"{indent}- {text[len(indent) + 2 :]}"
