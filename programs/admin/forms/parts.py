"""A form over one part of a programme's working copy: shown from its entry, checked as a document, saved as one."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from copy import deepcopy
from typing import Any, ClassVar

from django import forms
from django.core.exceptions import ValidationError
from django.utils.text import slugify
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from loyalty.core.problems import Problem, sentence_of
from programs.admin.conditions import ConditionField
from programs.admin.forms.fields import Code, Switch, Words
from programs.admin.forms.rows import Rows
from programs.engine.document import Core
from programs.engine.reader import Fault, InvalidDocument, Path
from programs.models import Programme
from programs.selectors.documents import Difference, differences
from programs.services import editing
from programs.services.documents.reading import error_of

SEPARATOR = "__"
# When a field applies: another field has one of these values.
Condition = tuple[str, Sequence[str]]


class DocumentForm(forms.ModelForm):
    """Fields named by their place in the document, with what `Condition` says when each applies.

    `stored` is what the document has now and `seen` what it had when the form was opened; the difference tells whether
    somebody else saved in between. What the form has no field for stays as it is.
    """

    only_if: ClassVar[Mapping[str, Condition]] = {}
    seen = forms.JSONField(required=False, widget=forms.HiddenInput)
    # Places of the document that another field stands for.
    told_at: ClassVar[Mapping[str, str]] = {}
    # Fields that are not places of the document.
    beside: ClassVar[frozenset[str]] = frozenset({"seen"})

    programme: Programme
    stored: dict[str, Any]
    core: Core | None = None
    theirs: Sequence[Difference] = ()

    def start(self, programme: Programme, stored: Mapping[str, Any]) -> None:
        """Show what is stored. Subclasses call this at the end of their `__init__`."""
        self.programme = programme
        self.stored = dict(stored)
        self.initial["seen"] = self.stored
        self._ask_languages(self.fields.values())
        for name in self.places():
            value = self.read_place(name)
            field = self.fields[name]
            if value is None and isinstance(field, Switch):
                value = field.usual
            if value is not None:
                self.initial.setdefault(name, value)

    def _ask_languages(self, fields: Iterable[forms.Field]) -> None:
        """Texts are asked in the languages of the programme."""
        for field in fields:
            if isinstance(field, Words):
                field.widget.codes = self.programme.languages
            elif isinstance(field, Rows):
                self._ask_languages(field.columns.values())

    def places(self) -> list[str]:
        return [name for name in self.fields if name not in self.beside]

    def read_place(self, name: str) -> Any:
        """What the document has at the place of a field."""
        return _at(self.stored, name.split(SEPARATOR))

    def write_place(self, entry: dict[str, Any], name: str, value: Any) -> None:
        """Write the value of a field at its place."""
        _put(entry, name.split(SEPARATOR), value)

    def applies(self, name: str, values: Mapping[str, Any]) -> bool:
        """Whether a field means anything with these values of the others."""
        for place in _above(name):
            if (condition := self.only_if.get(place)) is not None:
                other, options = condition
                if str(values.get(other) or "") not in options or not self.applies(other, values):
                    return False
        return True

    def entry(self) -> dict[str, Any]:
        """The document's entry as the form has it."""
        entry = deepcopy(self.stored)
        values = self.cleaned_data
        for name in self.places():
            if name not in values:
                continue
            value = values[name] if self.applies(name, values) else None
            field = self.fields[name]
            if isinstance(field, Switch) and value == field.usual:
                value = None
            if value and isinstance(field, (Words, Rows)):
                value = field.kept(self.read_place(name), value)
            self.write_place(entry, name, value)
        return entry

    def offer(self, name: str, choices: list[tuple[str, str]]) -> None:
        """The values that a field offers in this programme."""
        field: Any = self.fields[name]
        field.choices = choices

    # --- checking -----------------------------------------------------------------------------------
    def change(self, entry: Mapping[str, Any]) -> editing.Change:
        raise NotImplementedError

    def own_path(self) -> Path:
        """Where this entry stands in the document, for the faults that are its own."""
        raise NotImplementedError

    def clean(self) -> dict[str, Any]:
        values = super().clean() or {}
        if self.errors:
            return values
        seen = values.get("seen")
        if isinstance(seen, Mapping) and seen != self.stored:
            self.theirs = differences(dict(seen), self.stored)
            # Saving again, after reading what the other one did, is meant.
            data: Any = self.data.copy()  # type: ignore[attr-defined]  # what a request sends can be copied
            data[self.add_prefix("seen")] = self.fields["seen"].prepare_value(self.stored)
            self.data = data
            raise ValidationError(
                _(
                    "Somebody else changed this after you opened it: see below. Save again to put yours in its place."
                ),
                code="changed_meanwhile",
            )
        try:
            self.core = editing.checked(self.programme, self.change(self.entry()))
        except InvalidDocument as invalid:
            for fault in invalid.faults:
                self.add_fault(fault)
        except Problem as problem:
            raise ValidationError(sentence_of(problem), code=problem.code) from None
        return values

    def _post_clean(self) -> None:
        """The row of a part is written from the document; it has no values of its own to be checked."""

    def add_fault(self, fault: Fault) -> None:
        """Tell a fault at the field where it can be mended."""
        error = error_of(fault)
        message = str(error.message)
        if error.expected:
            message = gettext("%(message)s Expected: %(expected)s.") % {
                "message": message,
                "expected": error.expected,
            }
        own = self.own_path()
        if fault.path[: len(own)] != own:
            place = ".".join(str(part) for part in fault.path)
            self.add_error(None, ValidationError(f"{place}: {message}", code=fault.code))
            return
        inner = fault.path[len(own) :]
        name = self._field_of(inner)
        field = self.fields.get(name or "")
        if isinstance(field, ConditionField):
            # The builder shows it beside the row where it can be mended.
            field.refuse([fault], under=(*own, name or ""))
            self.add_error(name, ValidationError(field.error_messages["faulty"], code=fault.code))
            return
        row = next((part for part in inner if isinstance(part, int)), None)
        if row is not None:
            message = gettext("Row %(row)d, %(field)s: %(message)s") % {
                "row": row + 1,
                "field": inner[-1],
                "message": message,
            }
        self.add_error(name, ValidationError(message, code=fault.code))

    def _field_of(self, inner: Path) -> str | None:
        """The field nearest to a place: that of the place itself or of what contains it."""
        for length in range(len(inner), 0, -1):
            place = SEPARATOR.join(str(part) for part in inner[:length])
            name = self.told_at.get(place, place)
            if name in self.fields:
                return name
        under = SEPARATOR.join(str(part) for part in inner) + SEPARATOR
        return next((name for name in self.fields if name.startswith(under)), None) if inner else None


class PartForm(DocumentForm):
    """A form over a part with a key. `section` is where such parts stand in the document."""

    section: ClassVar[str]
    # The field that a code is made of when none is given.
    named_by: ClassVar[str] = "name"

    key = Code(
        label=_("Code"),
        help_text=_(
            "Used in files and reports; it never changes. Leave it empty to have one made from the name."
        ),
        max_length=50,
    )

    def start(self, programme: Programme, stored: Mapping[str, Any]) -> None:
        super().start(programme, stored)
        if self.stored.get("key"):
            del self.fields["key"]

    def change(self, entry: Mapping[str, Any]) -> editing.Change:
        return editing.put(self.section, entry)

    def entry(self) -> dict[str, Any]:
        entry = super().entry()
        if not entry.get("key"):
            entry["key"] = self._new_key(entry.get(self.named_by))
        return entry

    def own_path(self) -> Path:
        keys = self._keys()
        key = self.part_key
        return (self.section, keys.index(key) if key in keys else len(keys))

    @property
    def part_key(self) -> str:
        """The code of the part, also of one that is being made."""
        return str(self.stored.get("key") or self.cleaned_data.get("key") or "")

    def clean_key(self) -> str:
        key = str(self.cleaned_data.get("key") or "")
        if key and key in self._all_keys():
            raise ValidationError(_("There is one with this code already."), code="duplicate")
        return key

    def _new_key(self, name: Any) -> str:
        words = name if isinstance(name, Mapping) else {}
        made = next((slug for text in words.values() if (slug := slugify(str(text)))), "")
        base = made if made[:1].isalpha() else f"{self.section.rstrip('s')}-{made}".rstrip("-")
        base, taken = base.replace("_", "-")[:40].rstrip("-"), self._all_keys()
        key, number = base, 2
        while key in taken:
            key, number = f"{base}-{number}", number + 1
        self.cleaned_data["key"] = key
        return key

    def _keys(self) -> list[str]:
        """The codes of the parts in the document, in its order."""
        rows: Any = self._meta.model.objects.filter(programme=self.programme)
        return list(rows.filter(retired_at=None).order_by("position", "id").values_list("key", flat=True))

    def _all_keys(self) -> set[str]:
        """Every code that was ever used: none is used again."""
        rows: Any = self._meta.model.objects.filter(programme=self.programme)
        return set(rows.values_list("key", flat=True))


# --- places -----------------------------------------------------------------------------------------------
def _at(entry: Any, path: Sequence[str]) -> Any:
    for part in path:
        if not isinstance(entry, Mapping):
            return None
        entry = entry.get(part)
    return entry


def _put(entry: dict[str, Any], path: Sequence[str], value: Any) -> None:
    """Write a value at its place; what is empty is left out, and so is what holds nothing any more."""
    first, *rest = path
    if rest:
        inner = entry.get(first)
        inner = dict(inner) if isinstance(inner, Mapping) else {}
        _put(inner, rest, value)
        value = inner
    if value in (None, "", [], {}):
        entry.pop(first, None)
    else:
        entry[first] = value


def _above(name: str) -> list[str]:
    """A place and everything that contains it: "caps__budget__points", "caps__budget", "caps"."""
    parts = name.split(SEPARATOR)
    return [SEPARATOR.join(parts[:length]) for length in range(len(parts), 0, -1)]
