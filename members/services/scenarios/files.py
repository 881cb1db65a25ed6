"""A scenario file as data, or everything that is wrong with it by line and column."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

from django.utils.translation import gettext as _

from loyalty.core import problems
from loyalty.core.problems import FieldError
from loyalty.core.translated import text
from members.services.scenarios.expectations import Expectation, read_expectation
from members.services.scenarios.naming import MOST_MEMBERS, MOST_STEPS, Known, moment
from members.services.scenarios.steps import KINDS, Action
from programs.engine.document import read_core
from programs.engine.reader import Fault, InvalidDocument, Reader
from programs.services.documents.reading import error_of
from programs.services.documents.yaml import InvalidProgrammeFile, Parsed, parse

# What is wrong is the name, not the value behind it.
_WRONG_KEYS = frozenset(("unknown_member", "unknown_step"))


class InvalidScenario(problems.InvalidFile):
    """The file is no scenario; `errors` says what is wrong, where, and what was expected."""

    code = "invalid_scenario"


@dataclass(frozen=True, slots=True)
class Enrolment:
    """A member who is there before the first step."""

    ref: str
    enrolled_at: datetime
    attributes: Mapping[str, str]
    birth_date: date | None = None


@dataclass(frozen=True, slots=True)
class Step:
    """Something that happens; `at` is when the system learns of it (UTC)."""

    number: int
    at: datetime
    kind: str
    action: Action
    expect: Expectation | None


@dataclass(frozen=True, slots=True)
class Scenario:
    """A whole file. `document` is the programme in force from `starts_at`, the first moment in the file."""

    id: str
    title: str
    file_name: str
    document: Mapping[str, Any]
    starts_at: datetime
    members: tuple[Enrolment, ...]
    steps: tuple[Step, ...]


def read_file(path: Path) -> Scenario:
    """Read a file; programmes it names are looked for beside it. Raises InvalidScenario."""
    try:
        source = path.read_bytes()
    except OSError as error:
        raise InvalidScenario(f"{path}: {error.strerror}") from None
    if not source.strip():
        raise InvalidScenario(_("%(name)s is empty.") % {"name": path})
    return read_text(source, file_name=str(path), folder=path.parent)


def read_text(
    source: str | bytes,
    *,
    file_name: str = "",
    folder: Path | None = None,
    programme: Mapping[str, Any] | None = None,
) -> Scenario:
    """Read a scenario. With the document of a `programme` the text has none of its own, as worked examples of a
    programme are written. Raises InvalidScenario with every fault found."""
    try:
        parsed = parse(source, file_name=file_name)
    except InvalidProgrammeFile as invalid:
        raise InvalidScenario(file_name, errors=invalid.errors) from None
    reader = Reader(parsed.data)
    scenario = _read(reader, file_name, folder, programme)
    if reader.faults or scenario is None:
        raise InvalidScenario(file_name, errors=[_in_words(fault, parsed) for fault in reader.faults])
    return scenario


# --- reading ---------------------------------------------------------------------------------------
def _read(
    reader: Reader, file_name: str, folder: Path | None, given: Mapping[str, Any] | None
) -> Scenario | None:
    name = reader.key("id")
    title = text(reader.words("title", required=True))
    document = _programme(reader, folder) if given is None else given
    for later in ("members", "steps"):
        reader.take(later, required=later == "steps")
    reader.finish()
    if document is None:
        return None
    try:
        core = read_core(document)
    except InvalidDocument as invalid:
        reader.faults += [Fault(f.code, ("programme", *f.path), f.params) for f in invalid.faults]
        return None
    known = Known(document, core, datetime(1, 1, 2, tzinfo=UTC))
    members = tuple(_member(child, known) for child in reader.children("members", most=MOST_MEMBERS))
    known.members |= {member.ref for member in members}
    seen: set[str] = set()
    for index, member in enumerate(members):
        if member.ref in seen:
            reader.faults.append(Fault("duplicate", ("members", index, "ref"), {"value": member.ref}))
        seen.add(member.ref)
    steps = []
    for number, child in enumerate(reader.children("steps", most=MOST_STEPS), 1):
        if (step := _step(child, number, known)) is not None:
            steps.append(step)
    moments = [member.enrolled_at for member in members]
    for step in steps:
        moments += [step.at, *filter(None, [getattr(step.action, "occurred_at", None)])]
    if not steps and not reader.faults:
        reader.fault("missing", "steps")
    if reader.faults:
        return None
    return Scenario(name, title, file_name, document, min(moments), members, tuple(steps))


def _programme(reader: Reader, folder: Path | None) -> Mapping[str, Any] | None:
    """The document itself, or the one in a file beside the scenario."""
    value = reader.take("programme", required=True)
    if not isinstance(value, Mapping):
        if value is not None:
            reader.fault("wrong_type", "programme", expected="mapping")
        return None
    if "template" in value:
        reader.faults.append(
            Fault("unknown_template", ("programme", "template"), {"value": str(value["template"])[:60]})
        )
        return None
    if set(value) != {"file"}:
        return value
    named, path = value["file"], ("programme", "file")
    if not isinstance(named, str) or folder is None:
        reader.faults.append(Fault("wrong_type", path, {"expected": "text"}))
        return None
    try:
        data = parse((folder / named).read_bytes(), file_name=named).data
    except (OSError, ValueError):
        reader.faults.append(Fault("missing_file", path, {"value": named[:60]}))
    except InvalidProgrammeFile as invalid:
        reader.faults.append(Fault("bad_programme_file", path, {"value": f"{named}:{invalid.errors[0]}"}))
    else:
        if isinstance(data, Mapping):
            return data
        reader.faults.append(Fault("bad_programme_file", path, {"value": named}))
    return None


def _member(reader: Reader, known: Known) -> Enrolment:
    attributes = reader.child("attributes")
    values = {} if attributes is None else {name: attributes.text(name) for name in attributes.data}
    member = Enrolment(
        ref=reader.text("ref", required=True, longest=100),
        enrolled_at=moment(reader, "enrolled_at", known.zone),
        attributes=values,
        birth_date=reader.date("birth_date"),
    )
    reader.finish()
    return member


def _step(reader: Reader, number: int, known: Known) -> Step | None:
    """One step: its time, one thing that happens, and what must be true then."""
    at = moment(reader, "at", known.zone)
    if at < known.at:
        reader.fault("not_in_order", "at")
    known.at = max(at, known.at)
    kinds = [name for name in reader.data if name not in ("at", "expect")]
    unknown = [name for name in kinds if name not in KINDS]
    for name in unknown:
        reader.fault("unknown_step", name, value=str(name)[:60], options=sorted(KINDS))
    if not kinds or (len(kinds) > 1 and not unknown):
        reader.fault("one_step", options=sorted(KINDS))
    if unknown or len(kinds) != 1:
        return None
    action = KINDS[kinds[0]](reader, kinds[0], known)
    expected = reader.child("expect")
    expect = None if expected is None else read_expectation(expected, known)
    return Step(number, at, kinds[0], action, expect)


# --- faults in words -------------------------------------------------------------------------------
def _sentences() -> dict[str, str]:
    return {
        "bad_programme_file": _("The programme's file is not valid: %(value)s."),
        "by_itself": _("“%(value)s” comes by itself when its time has come; it is no step."),
        "missing_file": _("There is no file “%(value)s” beside the scenario."),
        "not_in_order": _("This step is earlier than the one before it."),
        "one_step": _("Each step says one thing that happens."),
        "points_or_amount": _("Say points or an amount of money, or neither for as much as possible."),
        "same_article": _("“%(value)s” stands on several lines of the receipt; name the line instead."),
        "unknown_event": _("The programme has no event “%(value)s”."),
        "unknown_grant": _("No tier “%(value)s” was given before."),
        "unknown_hold": _("No hold “%(value)s” was named before."),
        "unknown_ladder": _("The programme has no ladder “%(value)s”."),
        "unknown_line": _("The receipt has no such line: %(value)s."),
        "unknown_member": _("No member “%(value)s” was named before."),
        "unknown_rule": _("The programme has no rule “%(value)s”."),
        "unknown_redemption": _("No redemption “%(value)s” was named before."),
        "unknown_purchase": _("No purchase “%(value)s” was named before."),
        "unknown_step": _("“%(value)s” is not a step."),
        "unknown_tier": _("The ladder has no tier “%(value)s”."),
        "unknown_template": _("There is no template “%(value)s”."),
    }


def _in_words(fault: Fault, parsed: Parsed) -> FieldError:
    """A fault with its place in the file."""
    error = error_of(fault, parsed)
    own = _sentences().get(fault.code)
    if own is None:
        return error
    line, column = parsed.place(fault.path, of_key=fault.code in _WRONG_KEYS)
    return replace(error, message=own % {"value": "", **fault.params}, line=line, column=column)
