"""Reading a document (plain dicts, lists and texts) field by field, collecting every fault with its path.

A fault is data (code, path, parameters); words for people are made elsewhere, so that a YAML file, a form and
an API call are refused for the same reasons.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from enum import StrEnum
from typing import Any, TypeVar

from loyalty.core.exact import InvalidNumber, parse_decimal

Path = tuple[str | int, ...]
E = TypeVar("E", bound=StrEnum)
T = TypeVar("T")

KEY = re.compile(r"[a-z][a-z0-9_-]{0,49}")
_DAY = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")
_TIME = re.compile(r"(?:[01][0-9]|2[0-3]):[0-5][0-9]")
MAX_INTEGER = 2**53
MAX_TEXT = 10_000


@dataclass(frozen=True, slots=True)
class Fault:
    """One thing that is wrong: a stable code, where, and what was expected (`params`)."""

    code: str
    path: Path
    params: Mapping[str, Any] = field(default_factory=dict)


class InvalidDocument(Exception):
    """A document with faults; nothing of it may be used."""

    def __init__(self, faults: list[Fault]) -> None:
        super().__init__(f"{len(faults)} faults, first: {faults[0]}")
        self.faults = faults


class Reader:
    """One mapping of a document. Each method takes one field; `finish` refuses what nobody asked for.

    A fault never raises here: it is noted in `faults` (shared by the whole document) and a harmless value
    returned, so that one reading reports everything that is wrong.
    """

    def __init__(self, data: Any, path: Path = (), faults: list[Fault] | None = None) -> None:
        self.path = path
        self.faults: list[Fault] = [] if faults is None else faults
        self._seen: set[str] = set()
        if not isinstance(data, Mapping):
            self.fault("wrong_type", expected="mapping")
            data = {}
        self.data: Mapping[str, Any] = data
        if not all(isinstance(name, str) for name in data):
            self.fault("wrong_type", expected="mapping of texts")
            self.data = {name: value for name, value in data.items() if isinstance(name, str)}

    # --- plumbing ---------------------------------------------------------------------------------
    def fault(self, code: str, name: str | int | None = None, **params: Any) -> None:
        self.faults.append(Fault(code, self.path if name is None else (*self.path, name), params))

    def faulty(self, name: str) -> bool:
        """Whether a fault of this very field was noted, so that what it was read as means nothing."""
        return any(fault.path == (*self.path, name) for fault in self.faults)

    def has(self, name: str) -> bool:
        return self.data.get(name) is not None

    def take(self, name: str, *, required: bool = False) -> Any:
        self._seen.add(name)
        value = self.data.get(name)
        if value is None and required:
            self.fault("missing", name)
        return value

    def finish(self) -> None:
        """Refuse every field that was not read."""
        for name in self.data:
            if name not in self._seen:
                self.fault("unknown_key", name, known=sorted(self._seen))

    # --- single values ----------------------------------------------------------------------------
    def text(self, name: str, *, required: bool = False, default: str = "", longest: int = 500) -> str:
        value = self.take(name, required=required)
        if value is None:
            return default
        if not isinstance(value, str):
            self.fault("wrong_type", name, expected="text")
            return default
        if required and value == "":
            self.fault("missing", name)
        if len(value) > longest:
            self.fault("too_long", name, longest=longest)
            return default
        if not printable(value):
            self.fault("bad_characters", name)
            return default
        return value

    def key(self, name: str = "key", *, required: bool = True, default: str = "") -> str:
        value = self.text(name, required=required, default=default)
        empty: bool = self.data.get(name) == ""
        if (value or empty) and not KEY.fullmatch(value):
            self.fault("bad_key", name, value=value[:60])
        return value

    def integer(self, name: str, *, low: int, high: int = MAX_INTEGER, default: int | None = None) -> int:
        value = self.take(name, required=default is None)
        if value is None:
            return default or 0
        if isinstance(value, bool) or not isinstance(value, int):
            self.fault("wrong_type", name, expected="integer")
            return default or low
        if not low <= value <= high:
            self.fault("out_of_range", name, low=low, high=high)
            return low
        return value

    def boolean(self, name: str, *, default: bool) -> bool:
        value = self.take(name)
        if value is None:
            return default
        if not isinstance(value, bool):
            self.fault("wrong_type", name, expected="boolean")
            return default
        return value

    def choice(self, name: str, options: type[E], *, default: E | None = None) -> E:
        value = self.take(name, required=default is None)
        fallback = default if default is not None else next(iter(options))
        if value is None:
            return fallback
        try:
            return options(value)
        except (ValueError, TypeError):
            self.fault(
                "unknown_choice", name, value=shown(value), options=[option.value for option in options]
            )
            return fallback

    def optional(self, name: str, options: type[E]) -> E | None:
        """One of the options, or nothing when it is not said."""
        if not self.has(name):
            self.take(name)
            return None
        return self.choice(name, options, default=next(iter(options)))

    def number(
        self, name: str, digits: int, *, low: int | None = None, required: bool = True, default: int = 0
    ) -> int:
        """A decimal text or whole number, as a whole number of 10**-digits."""
        value = self.take(name, required=required)
        if value is None:
            return default
        return self.as_number(value, digits, name, low=low)

    def as_number(self, value: Any, digits: int, name: str | int, *, low: int | None = None) -> int:
        if isinstance(value, bool) or not isinstance(value, (int, str)):
            self.fault("wrong_type", name, expected="number")
            return 0
        if isinstance(value, int) and abs(value) > MAX_INTEGER:
            self.fault("out_of_range", name, low=low, high=MAX_INTEGER)
            return 0
        try:
            number = parse_decimal(str(value), digits)
        except InvalidNumber as invalid:
            self.fault(str(invalid), name, value=shown(value), digits=digits)
            return 0
        if low is not None and number < low:
            self.fault("out_of_range", name, low=low, high=None)
            return low
        if abs(number) > MAX_INTEGER:
            self.fault("out_of_range", name, low=low, high=MAX_INTEGER)
            return 0
        return number

    def date(self, name: str, *, required: bool = False) -> date | None:
        return self._parsed(name, day_of, "date", required=required)

    def time(self, name: str) -> int | None:
        """A time of day ("09:30") as minutes since midnight."""
        return self._parsed(name, minute_of_day, "time")

    def moment(self, name: str, *, required: bool = False) -> datetime | None:
        """A local date and time without seconds or offset rules of its own; the caller knows the zone."""
        return self._parsed(name, moment_of, "moment", required=required)

    def _parsed(
        self, name: str, parse: Callable[[str], T], expected: str, *, required: bool = False
    ) -> T | None:
        value = self.take(name, required=required)
        if value is None:
            return None
        try:
            if not isinstance(value, str):
                raise ValueError
            return parse(value)
        except ValueError:
            self.fault("wrong_type", name, expected=expected, value=shown(value))
            return None

    def words(self, name: str, *, required: bool = False) -> dict[str, str]:
        """Translated text: {"en": …, "ru": …}; a plain text stands for every language ("*")."""
        value = self.take(name, required=required)
        if value is None:
            return {}
        if isinstance(value, str):
            value = {"*": value}
        if not isinstance(value, Mapping) or not all(
            isinstance(text, str) for item in value.items() for text in item
        ):
            self.fault("wrong_type", name, expected="words")
            return {}
        if required and not any(value.values()):
            self.fault("missing", name)
        if any(len(text) > MAX_TEXT for item in value.items() for text in item):
            self.fault("too_long", name, longest=MAX_TEXT)
            return {}
        if not all(printable(text) for item in value.items() for text in item):
            self.fault("bad_characters", name)
        return dict(value)

    # --- lists and children -----------------------------------------------------------------------
    def texts(self, name: str, *, required: bool = False, longest: int = 1000) -> tuple[str, ...]:
        value = self.take(name, required=required)
        if value is None:
            return ()
        if required and value == []:
            self.fault("missing", name)
        if not isinstance(value, list) or not all(isinstance(item, str) for item in value):
            self.fault("wrong_type", name, expected="list of texts")
            return ()
        if len(value) > longest:
            self.fault("too_many", name, most=longest)
            return ()
        return tuple(value)

    def child(self, name: str, *, required: bool = False) -> Reader | None:
        value = self.take(name, required=required)
        return None if value is None else Reader(value, (*self.path, name), self.faults)

    def children(self, name: str, *, most: int) -> Iterator[Reader]:
        value = self.take(name)
        if value is None:
            return
        if not isinstance(value, list):
            self.fault("wrong_type", name, expected="list")
            return
        if len(value) > most:
            self.fault("too_many", name, most=most)
            return
        for index, item in enumerate(value):
            yield Reader(item, (*self.path, name, index), self.faults)


def shown(value: Any) -> str:
    """A wrong value as a short text for its fault. Only what is cheap to write is written: a number of a
    million digits is not."""
    if isinstance(value, str):
        return value[:60]
    small = isinstance(value, bool) or (isinstance(value, int) and abs(value) <= MAX_INTEGER)
    return str(value) if small else type(value).__name__


def day_of(text: str) -> date:
    """The day of "2026-01-31". Other ways of writing one, such as by weeks, raise ValueError."""
    if not _DAY.fullmatch(text):
        raise ValueError(text)
    return date.fromisoformat(text)


def moment_of(text: str) -> datetime:
    """The moment of "2026-01-31T10:00", with an offset if one is written; the beginning of a day that stands alone.
    Anything else raises ValueError."""
    day_of(text[:10])
    return datetime.fromisoformat(text)


def minute_of_day(text: str) -> int:
    """Minutes since midnight of "09:30". Anything else, seconds and offsets too, raises ValueError."""
    if not _TIME.fullmatch(text):
        raise ValueError(text)
    return int(text[:2]) * 60 + int(text[3:])


def printable(text: str) -> bool:
    """No NUL, no lone surrogate: what PostgreSQL and JSON can hold."""
    return "\x00" not in text and not any("\ud800" <= character <= "\udfff" for character in text)
