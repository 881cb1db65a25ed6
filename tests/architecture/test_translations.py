"""Every text of the product is there in every language: nothing missing, nothing doubtful, placeholders kept, and what
is compiled is what is written. The texts are collected without gettext, which need not be installed."""

from __future__ import annotations

import ast
import gettext
import io
import re
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest
from babel.messages.pofile import read_po
from django.conf import settings
from django.utils.translation.template import templatize

ROOT = Path(__file__).parents[2]
FOLDERS = ("loyalty", "programs", "members", "rewards", "surveys")
LANGUAGES = [code for code, _name in settings.LANGUAGES if code != "en"]
# How many arguments a function's message takes before it: a context, and after it: a plural.
FUNCTIONS = {
    "_": (0, 0),
    "gettext": (0, 0),
    "gettext_lazy": (0, 0),
    "gettext_noop": (0, 0),
    "ngettext": (0, 1),
    "ngettext_lazy": (0, 1),
    "pgettext": (1, 0),
    "pgettext_lazy": (1, 0),
    "npgettext": (1, 1),
    "npgettext_lazy": (1, 1),
}
PLACEHOLDER = re.compile(r"%\((\w+)\)[sd]|\{(\w+)\}")
# Context, message, plural ("" where there is none).
Message = tuple[str, str, str]


def collected(source: str, aliases: dict[str, str]) -> Iterator[Message]:
    """The messages in Python source; `aliases` are other names of the functions."""
    for node in ast.walk(ast.parse(source)):
        if not isinstance(node, ast.Call):
            continue
        name = node.func.id if isinstance(node.func, ast.Name) else getattr(node.func, "attr", "")
        shape = FUNCTIONS.get(aliases.get(name, name))
        if shape is None:
            continue
        before, after = shape
        texts = [argument.value for argument in node.args if isinstance(argument, ast.Constant)]
        if len(node.args) >= before + 1 + after and len(texts) >= before + 1 + after:
            context = str(texts[0]) if before else ""
            yield context, str(texts[before]), str(texts[before + 1]) if after else ""


def aliases_in(source: str) -> dict[str, str]:
    """`from … import gettext_lazy as _` and the like."""
    found = {}
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.ImportFrom) and (node.module or "").startswith("django.utils.translation"):
            found |= {each.asname: each.name for each in node.names if each.asname}
    return found


# What `templatize` makes of a template: calls of these functions among filler.
_CALL = re.compile(r"(?<![A-Za-z])(_|gettext|ngettext|pgettext|npgettext)\((.*?)\)(?=\s|$|[^,])", re.DOTALL)


def in_template(path: Path) -> Iterator[Message]:
    for found in _CALL.finditer(templatize(path.read_text(), origin=str(path))):
        name, arguments = found.groups()
        try:
            call = ast.parse(f"{name}({arguments})", mode="eval").body
        except SyntaxError:
            continue
        yield from collected(ast.unparse(call), {})


@cache
def messages() -> frozenset[Message]:
    found: set[Message] = set()
    for folder in FOLDERS:
        for path in (ROOT / folder).rglob("*.py"):
            if "migrations" not in path.parts:
                source = path.read_text()
                found.update(collected(source, aliases_in(source)))
        for path in (ROOT / folder).rglob("*.html"):
            found.update(in_template(path))
    for path in (ROOT / "templates").rglob("*.html"):
        found.update(in_template(path))
    return frozenset(message for message in found if message[1])


def po_of(language: str) -> Path:
    return ROOT / "loyalty" / "locale" / language / "LC_MESSAGES" / "django.po"


def test_texts_are_collected_from_code_and_templates() -> None:
    assert len(messages()) > 1_500
    assert ("", "Publish", "") in messages()
    assert (
        "",
        "%(count)d change is not published yet.",
        "%(count)d changes are not published yet.",
    ) in messages()
    assert ("", "Next steps", "") in messages()


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_text_is_there(language: str) -> None:
    catalog = read_po(po_of(language).open("rb"))
    missing = []
    for context, text, plural in sorted(messages()):
        entry = catalog.get((text, plural) if plural else text, context or None)
        strings = entry.string if entry is not None else ""
        said = strings if isinstance(strings, (tuple, list)) else (strings,)
        if entry is None or entry.fuzzy or not all(said):
            missing.append(text)
    assert missing == []


def _named(text: str) -> set[str]:
    return {name for pair in PLACEHOLDER.findall(text) for name in pair if name}


@pytest.mark.parametrize("language", LANGUAGES)
def test_nothing_is_doubtful_and_placeholders_are_kept(language: str) -> None:
    wrong = []
    for entry in read_po(po_of(language).open("rb")):
        if not entry.id:
            continue
        if entry.fuzzy:
            wrong.append(entry.id)
        sources = entry.id if isinstance(entry.id, (tuple, list)) else (entry.id,)
        # A form for one of them may leave out what the English one leaves out.
        least, most = _named(sources[0]), _named(sources[-1])
        forms = entry.string if isinstance(entry.string, (tuple, list)) else (entry.string,)
        if not all(least - {"count"} <= _named(said) <= most for said in forms if said):
            wrong.append(entry.id)
    assert wrong == []


@pytest.mark.parametrize("language", LANGUAGES)
def test_what_is_compiled_is_what_is_written(language: str) -> None:
    compiled = gettext.GNUTranslations(io.BytesIO(po_of(language).with_suffix(".mo").read_bytes()))
    different = []
    for entry in read_po(po_of(language).open("rb")):
        if not entry.id or isinstance(entry.id, (tuple, list)) or not entry.string:
            continue
        said = compiled.pgettext(entry.context, entry.id) if entry.context else compiled.gettext(entry.id)
        if said != entry.string:
            different.append(entry.id)
    assert different == []
