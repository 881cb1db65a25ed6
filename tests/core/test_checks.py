"""Declarations of models and pages that Django can check without a database."""

from __future__ import annotations

from django.core.management import call_command


def test_declarations_are_sound() -> None:
    call_command("check", fail_level="WARNING", verbosity=0)
