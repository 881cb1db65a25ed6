"""Files for imports of any kind: what is wrong with them whatever they hold, and running an import over them."""

from __future__ import annotations

import io
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.management import call_command

from loyalty.core.models import ImportBatch

NOT_NUMBERS = ["1 000", '"1,5"', '"1.000,00"', "٣", "1e3", "+1", "0x1", "NaN", "--1", "1.", "9" * 5000]
# What stands before the header, the delimiter, the end of a line.
FORMS = {
    "BOM": (b"\xef\xbb\xbf", ",", "\n"),
    "semicolon": (b"", ";", "\n"),
    "tab": (b"", "\t", "\r\n"),
    "CR only": (b"", ",", "\r"),
}
BAD_FILES: dict[str, Callable[[str, str], bytes]] = {
    "0 bytes": lambda _header, _row: b"",
    "only a line end": lambda _header, row: b"\n" + row.encode(),
    "no header": lambda _header, row: f"{row}\n{row}".encode(),
    "missing column": lambda header, _row: header.partition(",")[2].encode() + b"\n",
    "double column": lambda header, _row: f"{header},receipt\n".encode(),
    "unknown column": lambda header, _row: f"{header},colour\n".encode(),
    "nameless attribute": lambda header, _row: f"{header},attr_\n".encode(),
    "other case": lambda header, row: f"{header.upper()}\n{row}".encode(),
    "blanks around names": lambda header, row: f"{header.replace(',', ', ')}\n{row}".encode(),
    "newline in a name": lambda header, row: f'{header},"label\nx"\n{row},'.encode(),
    "UTF-16": lambda header, row: f"{header}\n{row}\n".encode("utf-16"),
    "Windows-1251": lambda header, row: f"{header}\n{row.replace('tea', 'чай')}\n".encode("cp1251"),
    "EXE": lambda _header, _row: b"MZ\x90\x00\x03\x00\x00\x00\x04\x00\x00\x00\xff\xff\x00\x00\n" * 50,
    "ZIP": lambda _header, _row: b"PK\x03\x04\x14\x00\x06\x00\x08\x00\x00\x00!\x00",
    "a million columns": lambda _header, _row: b"a," * 1_000_000 + b"\n",
    "one enormous cell": lambda _header, _row: b"a" * 500_000 + b"\n",
}


def in_form(form: str, *lines: str) -> bytes:
    """A whole file, header first."""
    before, delimiter, end = FORMS[form]
    return before + end.join([*lines, ""]).replace(",", delimiter).encode()


def faults(batch: ImportBatch) -> list[tuple[int, str, str]]:
    return list(batch.row_errors.order_by("line", "id").values_list("line", "code", "field"))


def command(*arguments: str) -> tuple[int, str, str]:
    """`manage.py import …`: exit status, output, errors."""
    out, err = io.StringIO(), io.StringIO()
    try:
        call_command("import", *arguments, stdout=out, stderr=err)
    except SystemExit as stopped:
        return int(stopped.code or 0), out.getvalue(), err.getvalue()
    return 0, out.getvalue(), err.getvalue()


def start(database: Any, *arguments: str) -> subprocess.Popen[bytes]:
    """`manage.py import … --json` as another process."""
    return subprocess.Popen(
        [sys.executable, str(Path(settings.BASE_DIR) / "manage.py"), "import", *arguments, "--json"],
        env=database.environment(), stdout=subprocess.PIPE, stderr=subprocess.PIPE,
    )  # fmt: skip


class Killed(BaseException):
    """An import dies where this is raised, as far as the database can tell."""


def dies_after(chunks: int) -> Callable[[str, int, int], None]:
    """A progress meter that kills the import when so many chunks are posted."""
    posted = 0

    def meter(step: str, _done: int, _total: int) -> None:
        nonlocal posted
        posted += step == "posting"
        if posted == chunks:
            raise Killed

    return meter
