"""The gallery: ready programmes to begin with. Each is a folder with a programme file, worked examples and a card."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from functools import cache
from pathlib import Path
from typing import Any

from django.db import transaction
from django.utils.translation import gettext, override
from django.utils.translation import gettext_lazy as _

from loyalty.core.exact import currency_digits, format_decimal
from loyalty.core.problems import Conflict, FieldError
from loyalty.core.translated import TranslatedText, known_languages
from programs.engine.document import Core, read_core
from programs.engine.reader import InvalidDocument
from programs.models import Programme, WorkedExample
from programs.services.documents.reading import invalid_file
from programs.services.documents.yaml import parse
from programs.services.programmes import load_core, one_at_a_time

FOLDER = Path(__file__).parents[1] / "gallery"
BETWEEN_EXAMPLES = "\n---\n"


class CodeTaken(Conflict):
    """Another programme has this code; codes are never used twice."""

    code = "code_taken"
    title = _("There is a programme with this code already.")


@dataclass(frozen=True, slots=True)
class Template:
    """A ready programme as its card shows it; `examples` are texts of scenarios without a programme."""

    key: str
    icon: str
    purpose: TranslatedText
    document: Mapping[str, Any]
    core: Core
    examples: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Start:
    """What is asked of somebody who makes a programme."""

    key: str
    name: Mapping[str, str]
    currency: str
    zone: str


@cache
def templates() -> dict[str, Template]:
    """The whole gallery by the names of its folders, in the order in which it is shown."""
    placed = []
    for folder in FOLDER.iterdir():
        if (folder / "card.yaml").exists():
            card = parse((folder / "card.yaml").read_bytes(), file_name=str(folder)).data
            placed.append((card["place"], _template(folder, card)))
    return {template.key: template for _place, template in sorted(placed, key=lambda each: each[0])}


def _template(folder: Path, card: Mapping[str, Any]) -> Template:
    document = parse((folder / "programme.yaml").read_bytes(), file_name=str(folder)).data
    return Template(
        key=folder.name,
        icon=card["icon"],
        purpose=TranslatedText(card["purpose"]),
        document=document,
        core=read_core(document),
        examples=read_examples(folder / "examples.yaml"),
    )


def read_examples(path: Path) -> tuple[str, ...]:
    """The worked examples of a file, each as a text of its own."""
    texts = path.read_text(encoding="utf-8").split(BETWEEN_EXAMPLES)
    return tuple(f"{text.strip()}\n" for text in texts)


def make(template: Template, start: Start, *, now: datetime) -> Programme:
    """Make a draft from a ready programme, with its worked examples.

    Raises CodeTaken, and InvalidProgrammeFile when what was asked for does not fit the programme.
    """
    return _made({**template.document, "programme": _head(start)}, template.examples, now)


def make_empty(start: Start, *, collected: Mapping[str, str], now: datetime) -> Programme:
    """Make a draft that gives one of what is collected for each whole unit of money. Raises as `make`."""
    digits = currency_digits(start.currency)
    step = format_decimal(10**digits, digits)
    document = {
        "programme": _head(start),
        "point_types": [{"key": "points", "name": dict(collected)}],
        "rules": [
            {"key": "base", "title": _every(step), "effect": {"kind": "per_step", "points": 1, "step": step}},
        ],
    }
    return _made(document, (), now)


def _every(step: str) -> dict[str, str]:
    """The title of the first rule in the languages of the back office."""
    titles = {}
    for language in known_languages():
        with override(language):
            titles[language] = gettext("One for every %(step)s") % {"step": step}
    return titles


def _head(start: Start) -> dict[str, Any]:
    return {
        "key": start.key,
        "name": dict(start.name),
        "zone": start.zone,
        "currency": start.currency,
        "languages": list(start.name),
    }


@transaction.atomic
def _made(document: Mapping[str, Any], examples: tuple[str, ...], now: datetime) -> Programme:
    try:
        core = read_core(document)
    except InvalidDocument as invalid:
        raise invalid_file(invalid.faults) from None
    one_at_a_time()
    if Programme.objects.filter(key=core.key).exists():
        raise CodeTaken(
            errors=[FieldError(code=CodeTaken.code, message=CodeTaken.title, pointer="/programme/key")]
        )
    programme = load_core(core, now=now).programme
    add_examples(programme, examples)
    return Programme.objects.get(pk=programme.pk)


def add_examples(programme: Programme, examples: tuple[str, ...]) -> list[WorkedExample]:
    """The first worked examples of a programme; they are not run."""
    return WorkedExample.objects.bulk_create(
        _example(programme, position, source) for position, source in enumerate(examples)
    )


def _example(programme: Programme, position: int, source: str) -> WorkedExample:
    said = parse(source).data
    return WorkedExample(
        programme=programme, key=said["id"], title=said["title"], source=source, position=position
    )
