"""`manage.py explain RECEIPT`: why a receipt earned what it earned, line by line."""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.core.management.base import CommandParser
from django.utils.translation import gettext as _
from django.utils.translation import override

from loyalty.core.problems import NotFound, ProblemCommand
from members.selectors.explain import Words, as_data, explain, in_words, receipts
from programs.selectors.documents import programme_by_key


class Command(ProblemCommand):
    help = "Say why a receipt earned what it earned: lines, awards, rules that gave nothing, returns."

    def add_options(self, parser: CommandParser) -> None:
        parser.add_argument("receipt", help="The number of the receipt.")
        parser.add_argument(
            "--programme", metavar="CODE", default="", help="Only in this programme; when not said, in all."
        )
        languages = [code for code, _name in settings.LANGUAGES]
        parser.add_argument(
            "--language",
            choices=languages,
            default=settings.LANGUAGE_CODE,
            help="In which language to answer.",
        )

    def run(self, *args: Any, **options: Any) -> None:
        with override(options["language"]):
            if options["programme"]:
                programme_by_key(options["programme"])
            found = list(receipts(options["receipt"], options["programme"]))
            if not found:
                raise NotFound(_("No receipt “%(number)s” was recorded.") % {"number": options["receipt"]})
            told = [explain(purchase) for purchase in found]
            if options["json"]:
                self.print_json([as_data(each) for each in told])
                return
            for position, each in enumerate(told):
                if position:
                    self.stdout.write("\n")
                self.stdout.write("\n".join(as_text(in_words(each))))


def as_text(words: Words) -> list[str]:
    """The explanation as lines for a terminal."""
    width = max((len(label) for label, _value in words.head), default=0)
    lines = [words.title, words.summary, ""]
    lines += [f"  {label.ljust(width)}  {value}" for label, value in words.head]
    lines += ["", *_table(words)]
    for title, sentences in (
        (_("Points"), words.awards),
        (_("Rules that gave nothing"), words.skips),
        (_("Paid otherwise"), words.tenders),
        (_("Returns"), words.returns),
    ):
        if sentences:
            lines += ["", title, *(f"  - {sentence}" for sentence in sentences)]
    return lines


def _table(words: Words) -> list[str]:
    rows = [words.columns, *words.rows]
    widths = [max(len(row[index]) for row in rows) for index in range(len(words.columns))]
    # Quantity and amount stand at the right, like figures do.
    return [
        "  "
        + "  ".join(
            cell.rjust(width) if index in (3, 4) else cell.ljust(width)
            for index, (cell, width) in enumerate(zip(row, widths, strict=True))
        ).rstrip()
        for row in rows
    ]
