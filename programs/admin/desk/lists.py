"""Lists of parts on a programme's page, and the buttons above them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from django.db import models
from django.http import HttpRequest
from django.urls import reverse

from loyalty.core.registry import ShownPanel, Table
from programs.admin.desk.tabs import Text
from programs.models import Programme


@dataclass(frozen=True, slots=True)
class Button:
    """A way on from a page."""

    title: Text
    url: str
    icon: str = "add"
    main: bool = True


def add_button(
    request: HttpRequest, programme: Programme, model: type[models.Model], title: Text
) -> list[Button]:
    """The button that adds a part, for those who may."""
    name = model._meta.model_name
    if not request.user.has_perm(f"programs.add_{name}"):
        return []
    return [Button(title, reverse(f"admin:programs_{name}_add") + f"?programme={programme.pk}")]


def part_list(
    request: HttpRequest,
    permission: str,
    columns: Sequence[Text],
    rows: Sequence[Sequence[Any]],
    *,
    title: Text = "",
    note: Text = "",
) -> list[ShownPanel]:
    """A table of parts; nothing for those who may not see them."""
    return [ShownPanel(title, Table(columns, rows, note))] if request.user.has_perm(permission) else []
