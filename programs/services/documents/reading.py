"""From the text of a file to a checked document, or to everything that is wrong with it."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from loyalty.core.problems import FieldError
from programs.engine.document import Core, read_core
from programs.engine.reader import Fault, InvalidDocument, Path
from programs.services.documents.messages import sentence_of
from programs.services.documents.yaml import InvalidProgrammeFile, Parsed, parse


@dataclass(frozen=True, slots=True)
class ReadFile:
    """A checked document with the places of its parts."""

    core: Core
    parsed: Parsed
    name: str = ""


def read_file(source: str | bytes, *, file_name: str = "") -> ReadFile:
    """Read and check a programme file. Raises InvalidProgrammeFile with every fault."""
    parsed = parse(source, file_name=file_name)
    try:
        return ReadFile(read_core(parsed.data), parsed, file_name)
    except InvalidDocument as invalid:
        raise invalid_file(invalid.faults, parsed, file_name=file_name) from None


def invalid_file(
    faults: Iterable[Fault], parsed: Parsed | None = None, *, file_name: str = "", under: Path = ()
) -> InvalidProgrammeFile:
    """The problem that tells these faults; `under` is where the document stands inside a larger file."""
    errors = [error_of(fault, parsed, under=under) for fault in faults]
    errors.sort(key=lambda error: (error.line or 0, error.column or 0))
    return InvalidProgrammeFile(file_name, errors=errors)


def error_of(fault: Fault, parsed: Parsed | None = None, *, under: Path = ()) -> FieldError:
    """A fault in words, with its line and column when the file is known."""
    field = str(fault.path[-1]) if fault.path else ""
    message, expected = sentence_of(fault.code, fault.params, field=field)
    line: int | None = None
    column: int | None = None
    if parsed is not None:
        line, column = parsed.place((*under, *fault.path), of_key=fault.code == "unknown_key")
    return FieldError(
        code=fault.code,
        message=message,
        pointer="".join(f"/{_escaped(part)}" for part in fault.path),
        line=line,
        column=column,
        expected=expected,
    )


def _escaped(part: str | int) -> str:
    return str(part).replace("~", "~0").replace("/", "~1")
