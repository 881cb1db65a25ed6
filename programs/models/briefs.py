"""What a programme is for, as its makers agreed: the brief. It explains the rules and decides nothing."""

from __future__ import annotations

from django.db import models
from django.utils.translation import gettext_lazy as _

from loyalty.core.audit import audited
from programs.choices import Goal
from programs.models.programmes import Programme


@audited()
class Brief(models.Model):
    """The five steps of designing a programme: goal, key factor, feasibility, tools, effectiveness."""

    programme = models.OneToOneField(
        Programme, on_delete=models.PROTECT, related_name="brief", verbose_name=_("programme")
    )
    goal = models.CharField(
        _("priority goal"),
        max_length=10,
        choices=Goal,
        blank=True,
        help_text=_("One only. What would you give up the other two for?"),
    )
    key_factor = models.TextField(
        _("key factor"),
        blank=True,
        help_text=_("What brings these customers back: price, convenience, recognition, taste, habit?"),
    )
    feasibility = models.TextField(
        _("feasibility"),
        blank=True,
        help_text=_("Who runs it, what the tills can do, what it may cost a year."),
    )
    tools = models.TextField(
        _("tools"), blank=True, help_text=_("Which rules, tiers and rewards serve the goal, and why these.")
    )
    effectiveness = models.TextField(
        _("effectiveness"),
        blank=True,
        help_text=_("How you will know that it works, and when you would stop it."),
    )
    targets = models.JSONField(_("targets"), default=list, blank=True)
    positioning = models.TextField(
        _("positioning"), blank=True, help_text=_("In one sentence: why would somebody join?")
    )
    telling = models.TextField(
        _("telling customers"),
        blank=True,
        help_text=_("Where they hear of it: at the till, by e-mail, on the cup."),
    )

    class Meta:
        verbose_name = _("brief")
        verbose_name_plural = _("briefs")
        constraints = (
            models.CheckConstraint(
                condition=models.Q(goal="") | models.Q(goal__in=Goal.values), name="brief_goal_is_known"
            ),
        )

    def __str__(self) -> str:
        return str(self.programme)

    @property
    def steps(self) -> list[tuple[str, bool]]:
        """The five steps in their order, and whether each was answered."""
        names = ("goal", "key_factor", "feasibility", "tools", "effectiveness")
        return [(str(self._meta.get_field(name).verbose_name), bool(getattr(self, name))) for name in names]  # type: ignore[union-attr]
