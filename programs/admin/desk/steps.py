"""What to do next with a programme: steps that apps contribute, with whether each was done."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _

from programs.admin.desk.tabs import Text, tab_url
from programs.models import Brief, Programme


@dataclass(frozen=True, slots=True)
class Step:
    """One thing to do, whether it was done, and where it is done."""

    title: Text
    done: bool
    url: str
    order: int = 100


Provider = Callable[[Programme, HttpRequest], Sequence[Step]]
_providers: list[Provider] = []


def contribute(provider: Provider) -> Provider:
    """Say which steps there are for a programme."""
    _providers.append(provider)
    return provider


def steps_of(programme: Programme, request: HttpRequest) -> list[Step]:
    """All steps in their order; empty when everything was done."""
    found = [step for provider in _providers for step in provider(programme, request)]
    return [] if all(step.done for step in found) else sorted(found, key=lambda each: each.order)


@contribute
def _own(programme: Programme, request: HttpRequest) -> Sequence[Step]:
    brief = Brief.objects.filter(programme=programme).first()
    answered = brief is not None and all(done for _step, done in brief.steps)
    rules = programme.rules.filter(retired_at=None).exists()
    return (
        Step(_("Say what the programme is for"), answered, tab_url(programme, "brief"), 10),
        Step(_("Say what earns points"), rules, tab_url(programme, "rules"), 20),
        Step(_("Publish it"), programme.revisions.exists(), tab_url(programme, "publish"), 50),
    )
