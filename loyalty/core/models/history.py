"""What happened and is never edited."""

from typing import ClassVar

from django.db import models

__all__ = ["AppendOnly"]


class AppendOnly(models.Model):
    """A row that states a fact: it is written once and never changed, deleted or truncated.

    A mark, without columns. The `migrate` command gives the application role only SELECT and INSERT on the
    table; the migration that makes the table adds `ForbidChange`, so that the owner is refused too.
    `set_once` names columns that start as NULL and may be filled in exactly once.
    """

    set_once: ClassVar[tuple[str, ...]] = ()

    class Meta:
        abstract = True
