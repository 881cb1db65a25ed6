"""Row numbers taken from the database's sequences before the rows are written, in blocks."""

from __future__ import annotations

from collections.abc import Iterator

from django.db import connection


class Numbers(Iterator[int]):
    """The next numbers of a table. A block is fetched when the last one is used up; blocks grow with demand, so
    that one purchase takes few and an import many."""

    def __init__(self, table: str, first: int = 8, largest: int = 10_000) -> None:
        self.sequence = f"{table}_id_seq"
        self._block = first
        self._largest = largest
        self._ready: list[int] = []

    def __next__(self) -> int:
        if not self._ready:
            with connection.cursor() as cursor:
                cursor.execute("SELECT nextval(%s) FROM generate_series(1, %s)", [self.sequence, self._block])
                self._ready = [row[0] for row in reversed(cursor.fetchall())]
            self._block = min(self._block * 4, self._largest)
        return self._ready.pop()
