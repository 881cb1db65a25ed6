"""Back office pages of programmes and partners."""

from programs.admin import (
    events,
    ladders,
    lists,
    partners,
    point_types,
    products,
    programmes,
    revisions,
    rules,
)
from programs.admin.desk import brief, publish
from programs.admin.desk import rules as rules_of_programme

__all__ = [
    "brief",
    "events",
    "ladders",
    "lists",
    "partners",
    "point_types",
    "products",
    "programmes",
    "publish",
    "revisions",
    "rules",
    "rules_of_programme",
]
