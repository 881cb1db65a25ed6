"""The form of a point type: what is counted, what it costs, when points can be used, when they end, and the limits."""

from __future__ import annotations

from typing import Any, ClassVar

from django.utils.translation import gettext_lazy as _

from loyalty.core.exact import Period
from programs.admin.forms.fields import Choice, Number, Switch, Words, options_of
from programs.admin.forms.rows import Rows
from programs.admin.forms.terms import TermsForm
from programs.engine.point_types import BelowLowest
from programs.models import PointType
from programs.selectors.sentences import PERIODS

BELOW = {
    BelowLowest.NOTHING: _("nothing is given"),
    BelowLowest.RAISE: _("it is raised to the lowest"),
}


class PointTypeForm(TermsForm):
    """Numbers of points are typed as people see them: 1.50 for a point type with two decimal places."""

    section = "point_types"

    name = Words(label=_("Name"), help_text=_("What members see: points, miles, stars, cashback."))
    unit = Words(
        plural=True,
        required=False,
        label=_("One, two, five of them"),
        help_text=_("The word after a number, in every form the language has."),
    )
    decimals = Choice(
        [(str(number), str(number)) for number in range(5)],
        label=_("Decimal places"),
        help_text=_("0 for whole points, 2 for cashback in cents. Fixed once the programme was published."),
    )
    cost = Number(
        short=True,
        label=_("Cost of one"),
        help_text=_("What one point costs the company when it is used, in the programme's currency."),
    )
    spendable = Switch(
        usual=True,
        label=_("Can be spent"),
        help_text=_("Switch it off for points that only count, such as status points."),
    )
    transferable = Switch(
        usual=False, label=_("Can be given away"), help_text=_("Members may give them to other members.")
    )
    limits__per_purchase = Number(
        label=_("Most for one purchase"), help_text=_("All rules together. Empty: no limit.")
    )
    limits__highest_balance = Number(
        label=_("Highest balance"), help_text=_("Nothing is earned above it. Empty: no limit.")
    )
    limits__per_member = Rows(
        {
            "per": Choice(options_of(Period, PERIODS), empty="—", label=_("In")),
            "points": Number(label=_("At most")),
        },
        label=_("Most for one member"),
        help_text=_("All rules together, in a day, a week, a month, a year or in all."),
    )
    limits__budget__points = Number(
        label=_("Budget"), help_text=_("For all members together. Nothing is given once it is used up.")
    )
    limits__budget__per = Choice(
        options_of(Period, PERIODS), empty=_("in all"), label=_("The budget is for"), required=False
    )
    limits__lowest_award__points = Number(
        label=_("Smallest award"), help_text=_("A purchase that would give less is treated as said below.")
    )
    limits__lowest_award__below = Choice(
        options_of(BelowLowest, BELOW), empty="—", label=_("An award below it"), required=False
    )
    money__points = Number(
        label=_("So many points"), help_text=_("Empty: members cannot pay bills with them.")
    )
    money__amount = Number(label=_("pay so much of a bill"), help_text=_("100 points pay 1.00."))
    money__lowest = Number(label=_("Fewest points at a time"))
    money__highest = Number(label=_("Most points at a time"))
    money__share = Number(
        short=True, label=_("At most so many per cent of the bill"), help_text=_("Empty: the whole bill.")
    )
    conversions = Rows(
        {
            "to": Choice(empty="—", label=_("Into")),
            "take": Number(label=_("So many of these")),
            "give": Number(label=_("become so many")),
            "smallest": Number(label=_("At least at a time")),
        },
        label=_("Conversions"),
        help_text=_("Members may turn these points into others: 500 points into 100 miles."),
    )

    class Meta:
        model = PointType
        fields: ClassVar[list[str]] = []

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.offer_terms(self.programme)
        choices = [("", "—")] + [
            (row.key, str(row))
            for row in self.programme.point_types.filter(retired_at=None).exclude(pk=self.instance.pk)
        ]
        self.fields["conversions"].columns["to"].choices = choices  # type: ignore[attr-defined]
        self.start(self.programme, self.instance.settings if self.instance.pk else {})

    def clean_decimals(self) -> int:
        return int(self.cleaned_data["decimals"])
