"""Row numbers taken from the database's sequences before the rows are written, in blocks."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping

from django.db import connection

from loyalty.core.trips import Trip


class Numbers(Iterator[int]):
    """The next numbers of a table. A block is fetched when the last one is used up; blocks grow with demand, so
    that one purchase takes few and an import many."""

    def __init__(self, table: str, first: int = 8, largest: int = 10_000) -> None:
        self.table = table
        self._block = first
        self._largest = largest
        self._ready: list[int] = []

    def __next__(self) -> int:
        if not self._ready:
            with connection.cursor() as cursor:
                cursor.execute(
                    "SELECT nextval(%s) FROM generate_series(1, %s)", [_sequence(self.table), self._block]
                )
                self.keep(row[0] for row in cursor.fetchall())
            self._block = min(self._block * 4, self._largest)
        return self._ready.pop()

    def keep(self, numbers: Iterable[int]) -> None:
        """Numbers that were fetched already; they come first."""
        self._ready += reversed(list(numbers))


def plan_numbers(trip: Trip, wanted: Mapping[str, int]) -> Callable[[], dict[str, list[int]]]:
    """Take along what fetches a few numbers for each table; after the trip the result gives them."""
    fetched = trip.ask(
        """
        SELECT w.place, ARRAY(SELECT nextval(w.sequence::regclass) FROM generate_series(1, w.many))
          FROM unnest(%s::text[], %s::text[], %s::int[]) AS w(place, sequence, many)
        """,
        [list(wanted), [_sequence(table) for table in wanted], list(wanted.values())],
    )
    return lambda: dict(fetched.rows)


def _sequence(table: str) -> str:
    return f"{table}_id_seq"
