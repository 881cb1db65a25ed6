"""What a plain (unquoted) word of a programme file means: nothing, true or false, a whole number, or text.

Stricter than YAML: no dates, no yes and no, no base sixty. A number with a decimal point is refused, because
it would be a float on its way; amounts are written in quotes. The reader and the writer both follow this.
"""

from __future__ import annotations

import re

Scalar = str | int | bool | None

_WORDS: dict[str, bool | None] = {"": None, "~": None, "null": None, "true": True, "false": False}
_INTEGER = re.compile(r"[-+]?(?:0|[1-9][0-9]{0,30})", re.ASCII)
_FLOAT = re.compile(
    r"[-+]?(?:(?:[0-9]+\.[0-9]*|\.[0-9]+|[0-9]+)(?:[eE][-+]?[0-9]+)?|\.inf|\.nan)",
    re.ASCII | re.IGNORECASE,
)
_ZEROS_OR_DIGITS = re.compile(r"[-+]?[0-9]+", re.ASCII)


class UnquotedDecimal(ValueError):
    """A number that is not whole and not in quotes."""


def plain(word: str) -> Scalar:
    """The value of a plain word. Raises UnquotedDecimal for 1.5, 1e3, .inf and the like."""
    if word in _WORDS:
        return _WORDS[word]
    if _INTEGER.fullmatch(word):
        return int(word)
    if _FLOAT.fullmatch(word) and not _ZEROS_OR_DIGITS.fullmatch(word):
        raise UnquotedDecimal(word)
    return word


def needs_quotes(text: str) -> bool:
    """True if this text, written without double quotes, would be read as something else."""
    if not text.isprintable():  # rare line breaks would be folded to blanks
        return True
    try:
        return plain(text) != text
    except UnquotedDecimal:
        return True
