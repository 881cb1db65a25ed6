"""A programme file as plain data, with the line and column of everything in it.

Only a small, safe part of YAML is taken: mappings, lists, text, whole numbers, true, false, null. What hides
(anchors, aliases, tags, several documents, keys twice) is refused, and so is a number with a decimal point
outside quotes. The file is read as a stream of events, so its depth is known before anything recurses.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import yaml

from loyalty.core import problems
from loyalty.core.problems import FieldError
from programs.engine.reader import Path
from programs.selectors.scalars import UnquotedDecimal, plain
from programs.services.documents.messages import sentence_of

MOST_BYTES = 2_000_000
MOST_DEPTH = 60
MOST_VALUES = 200_000

# The parser in C is twenty times faster; it is part of every wheel.
_LOADER: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)

Place = tuple[int, int]


class InvalidProgrammeFile(problems.InvalidFile):
    """The file is not a programme document; `errors` says what is wrong, where, and what was expected."""

    code = "invalid_programme_file"


@dataclass(slots=True)
class Parsed:
    """The data of a file, and where each value and each key stands (line and column, from 1)."""

    data: Any = None
    places: dict[Path, Place] = field(default_factory=dict)
    keys: dict[Path, Place] = field(default_factory=dict)

    def place(self, path: Path, *, of_key: bool = False) -> Place:
        """Where a path stands; what is not in the file stands where its nearest parent does."""
        if of_key and path in self.keys:
            return self.keys[path]
        while path and path not in self.places:
            path = path[:-1]
        return self.places.get(path, (1, 1))


def parse(source: str | bytes, *, file_name: str = "") -> Parsed:
    """Read a file. Raises InvalidProgrammeFile."""
    text = _text(source, file_name)
    parsed = Parsed()
    try:
        _Builder(parsed, yaml.parse(text, Loader=_LOADER)).document()
    except _Refused as refused:
        raise _invalid(file_name, refused.code, refused.place, **refused.params) from None
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        place = (mark.line + 1, mark.column + 1) if mark else (1, 1)
        raise _invalid(
            file_name, "bad_yaml", place, value=str(error.problem or error.context or "")
        ) from None
    except yaml.reader.ReaderError as error:
        place = _place_of_character(text, error.character)
        raise _invalid(file_name, "bad_characters", place) from None
    except UnicodeEncodeError as error:
        raise _invalid(file_name, "bad_characters", _place_at(text, error.start)) from None
    return parsed


class _Refused(Exception):
    def __init__(self, code: str, mark: Any, **params: Any) -> None:
        super().__init__(code)
        self.code = code
        self.place = (mark.line + 1, mark.column + 1)
        self.params = params


class _Builder:
    """Events to data. Recursion is bounded by MOST_DEPTH."""

    def __init__(self, parsed: Parsed, events: Any) -> None:
        self.parsed = parsed
        self.events: Iterator[Any] = iter(events)

    def document(self) -> None:
        documents = 0
        for event in self.events:
            if isinstance(event, yaml.DocumentStartEvent):
                documents += 1
                if documents > 1:
                    raise _Refused("several_documents", event.start_mark)
                self.parsed.data = self.node(next(self.events), (), 1)

    def node(self, event: Any, path: Path, depth: int) -> Any:
        if isinstance(event, yaml.AliasEvent) or event.anchor is not None:
            raise _Refused("alias", event.start_mark)
        if event.tag is not None:
            raise _Refused("tag", event.start_mark, value=str(event.tag)[:60])
        if depth > MOST_DEPTH:
            raise _Refused("too_deep", event.start_mark, most=MOST_DEPTH)
        if len(self.parsed.places) >= MOST_VALUES:
            raise _Refused("too_many", event.start_mark, most=MOST_VALUES)
        self.parsed.places[path] = _at(event)
        if isinstance(event, yaml.MappingStartEvent):
            return self.mapping(path, depth)
        if isinstance(event, yaml.SequenceStartEvent):
            return self.sequence(path, depth)
        return self.scalar(event)

    def scalar(self, event: Any) -> Any:
        if not event.implicit[0]:
            return unicodedata.normalize("NFC", event.value)
        try:
            value = plain(event.value)
        except UnquotedDecimal:
            raise _Refused("unquoted_decimal", event.start_mark, value=event.value[:60]) from None
        return unicodedata.normalize("NFC", value) if isinstance(value, str) else value

    def mapping(self, path: Path, depth: int) -> dict[str, Any]:
        data: dict[str, Any] = {}
        for event in self.events:
            if isinstance(event, yaml.MappingEndEvent):
                break
            if isinstance(event, yaml.AliasEvent) or (
                isinstance(event, yaml.ScalarEvent) and (event.anchor is not None or event.tag is not None)
            ):
                raise _Refused("alias", event.start_mark)
            if not isinstance(event, yaml.ScalarEvent):
                raise _Refused("bad_mapping_key", event.start_mark)
            name = unicodedata.normalize("NFC", event.value)
            if name in data:
                raise _Refused("duplicate_key", event.start_mark, value=name[:60])
            inner = (*path, name)
            self.parsed.keys[inner] = _at(event)
            data[name] = self.node(next(self.events), inner, depth + 1)
        return data

    def sequence(self, path: Path, depth: int) -> list[Any]:
        data: list[Any] = []
        for event in self.events:
            if isinstance(event, yaml.SequenceEndEvent):
                break
            data.append(self.node(event, (*path, len(data)), depth + 1))
        return data


def _at(event: Any) -> Place:
    return event.start_mark.line + 1, event.start_mark.column + 1


def _text(source: str | bytes, file_name: str) -> str:
    size = len(source) if isinstance(source, bytes) else len(source.encode("utf-8", "replace"))
    if size > MOST_BYTES:
        raise _invalid(file_name, "file_too_large", (1, 1), most=MOST_BYTES)
    if isinstance(source, str):
        return source.removeprefix("\ufeff")
    try:
        return source.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        before = source[: error.start].decode("utf-8", "replace")
        raise _invalid(file_name, "not_utf8", _place_at(before, len(before))) from None


def _place_at(text: str, index: int) -> Place:
    before = text[:index]
    return before.count("\n") + 1, index - (before.rfind("\n") + 1) + 1


def _place_of_character(text: str, character: Any) -> Place:
    wanted = chr(character) if isinstance(character, int) else str(character)
    return _place_at(text, max(text.find(wanted), 0))


def _invalid(file_name: str, code: str, place: Place, **params: Any) -> InvalidProgrammeFile:
    message, expected = sentence_of(code, params)
    line, column = place
    error = FieldError(code=code, message=message, line=line, column=column, expected=expected)
    return InvalidProgrammeFile(file_name, errors=[error])
