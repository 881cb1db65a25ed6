"""The one way a document is written when it is frozen, and its two fingerprints.

JSON with sorted keys, UTF-8 in NFC, without blanks; whole numbers and texts, never a float; lists keep their
order.
"""

from __future__ import annotations

import hashlib
import json
import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from programs.engine.document import Core, dump_core, read_core, without_texts

# Raised whenever the meaning of a section's fields changes.
SCHEMA_VERSION = 1
CORE = "core"


@dataclass(frozen=True, slots=True)
class Frozen:
    """A document ready to be kept: its text and fingerprints. `sections` has one fingerprint per section."""

    canonical: str
    sha256: str
    logic_sha256: str
    sections: dict[str, str]


def canonical(value: Any) -> str:
    """The canonical text of plain data. Raises TypeError for a float or anything else that is not plain."""
    return json.dumps(
        _plain(value), ensure_ascii=False, sort_keys=True, separators=(",", ":"), allow_nan=False
    )


def fingerprint(value: Any) -> str:
    """SHA-256 of the canonical text, in hexadecimal."""
    return _sha256(canonical(value))


def freeze(core: Core) -> Frozen:
    """The whole document of a programme: the section `core` and those of other apps, each with a fingerprint."""
    head = dump_core(core)
    document = {key: head.pop(key) for key, _value in core.sections}
    document[CORE] = head
    text = canonical(document)
    return Frozen(
        canonical=text,
        sha256=_sha256(text),
        logic_sha256=fingerprint({name: without_texts(section) for name, section in document.items()}),
        sections={name: fingerprint(section) for name, section in document.items()},
    )


def thaw(text: str) -> Core:
    """The configuration in a frozen document."""
    document = json.loads(text)
    return read_core(document.pop(CORE) | document)


def _sha256(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()


def _plain(value: Any) -> Any:
    if isinstance(value, str):
        return unicodedata.normalize("NFC", value)
    if value is None or isinstance(value, (bool, int)):
        return value
    if isinstance(value, Mapping):
        return {unicodedata.normalize("NFC", str(name)): _plain(inner) for name, inner in value.items()}
    if isinstance(value, list):
        return [_plain(inner) for inner in value]
    raise TypeError(f"{type(value).__name__} has no place in a document")
