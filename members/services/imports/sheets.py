"""A file as somebody's own system writes it: how it is read, what its columns may mean, and how it becomes a file of
ours. Only what a person chose is translated; nothing is guessed cell by cell."""

from __future__ import annotations

import codecs
import csv
import io
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from django.utils.translation import gettext_lazy as _

from loyalty.core.problems import FieldError, InvalidFile
from members.choices import Decimals, Moments, UploadKind
from members.services.imports import product_rows, purchase_rows, return_rows
from members.services.imports.reading import MOST_COLUMNS

UTF_8, UTF_16 = "utf-8-sig", "utf-16"
# For files that are not Unicode there is no telling; a person looks at the preview and says which it is.
ENCODINGS = (UTF_8, UTF_16, "windows-1251", "windows-1252", "windows-1257")
LOOKED_AT = 1024 * 1024
SHOWN_ROWS = 8
IGNORED = ""

_COMMA = re.compile(r"-?[0-9]+,[0-9]+", re.ASCII)
_DMY = ("%d.%m.%Y %H:%M:%S", "%d.%m.%Y %H:%M", "%d.%m.%Y")
_NUMBERS = frozenset({"quantity", "amount", "discount", "tax"})
_MOMENTS = frozenset({"occurred_at"})

# What other systems call our columns, in the languages of the back office.
NAMES: Mapping[str, tuple[str, ...]] = {
    "receipt": (
        "receipt number",
        "receipt no",
        "check",
        "чек",
        "номер чека",
        "kviitung",
        "kviitungi number",
        "arve",
    ),
    "occurred_at": ("time", "date", "date and time", "дата", "дата и время", "aeg", "kuupäev"),
    "member": (
        "card",
        "card number",
        "customer",
        "карта",
        "номер карты",
        "клиент",
        "kaart",
        "kaardi number",
        "klient",
    ),
    "store": ("shop", "магазин", "pood", "kauplus"),
    "sku": ("article", "item", "артикул", "товар", "toode", "artikkel", "kood"),
    "quantity": ("qty", "количество", "кол-во", "kogus"),
    "amount": ("sum", "total", "сумма", "summa"),
    "name": ("product name", "название", "наименование", "nimetus", "nimi"),
    "category": ("категория", "kategooria"),
    "brand": ("бренд", "bränd"),
    "department": ("отдел", "osakond"),
    "label": ("labels", "tag", "tags", "метки", "sildid"),
    "discount": ("скидка", "allahindlus"),
    "tax": ("vat", "ндс", "km", "käibemaks"),
    "payment": ("оплата", "makse"),
    "cashier": ("кассир", "kassapidaja"),
    "till": ("касса", "kassa"),
    "line": ("строка", "rida"),
    "number": ("номер возврата", "tagastuse number"),
}


ROWS: Mapping[UploadKind, Any] = {
    UploadKind.PURCHASES: purchase_rows,
    UploadKind.RETURNS: return_rows,
    UploadKind.PRODUCTS: product_rows,
}


@dataclass(frozen=True, slots=True)
class Sheet:
    """The beginning of a file: its first row and some of the next ones."""

    header: list[str]
    rows: list[list[str]]
    delimiter: str


def columns_of(kind: str) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """The columns of ours that a file of this kind must have, and those that it may have."""
    rows = ROWS[UploadKind(kind)]
    return rows.REQUIRED, rows.OPTIONAL


def detected(path: Path) -> str:
    """The encoding that a file says of itself; the first of the others when it is not Unicode."""
    with path.open("rb") as file:
        head = file.read(LOOKED_AT)
    if head.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        return UTF_16
    try:
        codecs.getincrementaldecoder("utf-8")().decode(head)
    except UnicodeDecodeError:
        return ENCODINGS[2]
    return UTF_8


def proposed(header: Iterable[str], kind: str) -> list[str]:
    """What each column of a file probably means: our name, or nothing for what is not taken."""
    required, optional = columns_of(kind)
    ours = (*required, *optional)
    meanings = {name: name for name in ours} | {other: name for name in ours for other in NAMES.get(name, ())}
    taken: set[str] = set()
    found = []
    for column in header:
        plain = " ".join(column.strip().lower().replace("_", " ").split())
        meaning = meanings.get(plain.replace(" ", "_")) or meanings.get(plain) or IGNORED
        found.append(IGNORED if meaning in taken else meaning)
        taken.add(meaning)
    return found


@contextmanager
def opened(path: Path, encoding: str) -> Iterator[tuple[list[str], Any, str]]:
    """The first row, the others, and what separates cells. Raises InvalidFile."""
    with io.TextIOWrapper(path.open("rb"), encoding=encoding, newline="") as file:
        try:
            first = file.readline()
        except UnicodeError:
            raise InvalidFile(_("The file cannot be read in this encoding. Choose another one.")) from None
        if not first.strip():
            raise InvalidFile(_("The file is empty."))
        if "\x00" in first:
            raise InvalidFile(_("This is not a CSV file. Save the table as CSV first."))
        delimiter = max(",;\t", key=first.count)
        try:
            header = [cell.strip() for cell in next(csv.reader([first], delimiter=delimiter, strict=True))]
        except (csv.Error, StopIteration):
            raise InvalidFile(_("This is not a CSV file. Save the table as CSV first.")) from None
        if len(header) > MOST_COLUMNS:
            raise InvalidFile(_("There are more than %(most)d columns.") % {"most": MOST_COLUMNS})
        yield header, csv.reader(file, delimiter=delimiter, strict=True), delimiter


def beginning(path: Path, encoding: str) -> Sheet:
    """What a person looks at before anything is taken. Raises InvalidFile."""
    with opened(path, encoding) as (header, rows, delimiter):
        shown: list[list[str]] = []
        try:
            for row in rows:
                if len(shown) == SHOWN_ROWS:
                    break
                shown.append(row)
        except (csv.Error, UnicodeError) as wrong:
            raise _unreadable(rows) from wrong
        return Sheet(header, shown, delimiter)


def check_columns(columns: Sequence[str], kind: str) -> None:
    """Raises InvalidFile when a column that must be there is missing or stands there twice."""
    required, optional = columns_of(kind)
    chosen = [meaning for meaning in columns if meaning]
    errors = [
        FieldError("missing_column", _("Say which column of the file this is."), field=name)
        for name in required
        if name not in chosen
    ]
    errors += [
        FieldError("double_column", _("Two columns of the file cannot both be this."), field=name)
        for name in dict.fromkeys(chosen)
        if chosen.count(name) > 1
    ]
    errors += [
        FieldError("unknown_column", _("There is no such column."), field=name)
        for name in chosen
        if name not in (*required, *optional) and not name.startswith("attr_")
    ]
    if errors:
        raise InvalidFile(_("The columns do not fit yet."), errors=errors)


def written_as_ours(
    path: Path, target: Path, *, encoding: str, columns: Sequence[str], decimals: str, moments: str
) -> None:
    """Write the file as one of ours: UTF-8, our names, plain numbers and times. A cell that is not what was chosen stays
    as it is, so that the import names it. Lines keep their numbers. Raises InvalidFile."""
    with (
        opened(path, encoding) as (header, rows, _delimiter),
        target.open("w", encoding="utf-8", newline="") as out,
    ):
        kept = [(index, name) for index, name in enumerate(columns[: len(header)]) if name]
        writer = csv.writer(out, lineterminator="\n")
        writer.writerow([name for _index, name in kept])
        try:
            for row in rows:
                if len(row) != len(header):
                    # Too many or too few cells: the import says so at this line.
                    writer.writerow([*row, *([""] * max(0, len(kept) + 1 - len(row)))])
                    continue
                writer.writerow([_translated(row[index], name, decimals, moments) for index, name in kept])
        except (csv.Error, UnicodeError) as wrong:
            raise _unreadable(rows) from wrong


def _unreadable(rows: Any) -> InvalidFile:
    return InvalidFile(_("The file cannot be read from line %(line)d on.") % {"line": rows.line_num + 1})


def _translated(cell: str, name: str, decimals: str, moments: str) -> str:
    if name in _NUMBERS and decimals == Decimals.COMMA and _COMMA.fullmatch(cell):
        return cell.replace(",", ".")
    if name in _MOMENTS and moments == Moments.DMY:
        for form in _DMY:
            try:
                return datetime.strptime(cell, form).isoformat(timespec="seconds")  # noqa: DTZ007 - local, as ours are
            except ValueError:
                continue
    return cell
