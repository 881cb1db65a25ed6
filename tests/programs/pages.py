"""What a browser would send for a page: the fields of its form, as they stand there."""

from __future__ import annotations

from html.parser import HTMLParser
from typing import Any


class _Fields(HTMLParser):
    """Collects the successful controls of the first POST form with more than a button."""

    def __init__(self) -> None:
        super().__init__()
        self.data: dict[str, list[str]] = {}
        self.inside = False
        self.template = 0
        self.select = self.textarea = ""
        self.first = self.chosen = None

    def handle_starttag(self, tag: str, attributes: list[tuple[str, str | None]]) -> None:
        given: dict[str, Any] = dict(attributes)
        if tag == "form" and given.get("id", "").endswith("_form"):
            self.inside = True
        if tag == "template":
            self.template += 1
        if not self.inside or self.template:
            return
        name = given.get("name", "")
        if tag == "input" and name and "disabled" not in given:
            kind = given.get("type", "text")
            if kind in ("submit", "button", "file") or (
                kind in ("checkbox", "radio") and "checked" not in given
            ):
                return
            usual = "on" if kind in ("checkbox", "radio") else ""
            self._put(name, given.get("value") if given.get("value") is not None else usual)
        elif tag == "select":
            self.select, self.first, self.chosen = name, None, None
        elif tag == "option" and self.select:
            value = given.get("value") or ""
            self.first = value if self.first is None else self.first
            self.chosen = value if "selected" in given else self.chosen
        elif tag == "textarea":
            self.textarea = name
            self.data.setdefault(name, [""])

    def handle_data(self, data: str) -> None:
        if self.textarea:
            self.data[self.textarea][-1] += data

    def handle_endtag(self, tag: str) -> None:
        if tag == "form":
            self.inside = False
        if tag == "template":
            self.template -= 1
        if tag == "select" and self.select:
            if not self.template and self.inside:
                self._put(self.select, self.chosen if self.chosen is not None else self.first or "")
            self.select = ""
        if tag == "textarea" and self.textarea:
            # The first line break after the tag is not part of the value.
            self.data[self.textarea][-1] = self.data[self.textarea][-1].removeprefix("\n")
            self.textarea = ""

    def _put(self, name: str, value: str) -> None:
        self.data.setdefault(name, []).append(value)


def fields_of(page: str) -> dict[str, list[str]]:
    """The fields of the form of an admin page, with the values that they show."""
    parser = _Fields()
    parser.feed(page)
    return parser.data
