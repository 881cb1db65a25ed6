"""Back office pages of programmes and partners."""

from programs.admin import events, ladders, partners, programmes, revisions

__all__ = ["events", "ladders", "partners", "programmes", "revisions"]
