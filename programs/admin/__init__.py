"""Back office pages of programmes and partners."""

from programs.admin import partners, programmes, revisions

__all__ = ["partners", "programmes", "revisions"]
