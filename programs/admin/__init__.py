"""Back office pages of programmes and partners."""

from programs.admin import events, ladders, partners, point_types, programmes, revisions, rules

__all__ = ["events", "ladders", "partners", "point_types", "programmes", "revisions", "rules"]
