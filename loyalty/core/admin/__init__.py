"""The back office pages of the floor, and the base classes every app's pages are declared with."""

from loyalty.core.admin import audit, jobs, outbox, schedule, users

__all__ = ["audit", "jobs", "outbox", "schedule", "users"]
