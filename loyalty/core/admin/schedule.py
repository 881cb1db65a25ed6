"""The timetable of background work, in the look of the rest."""

from __future__ import annotations

from functools import wraps
from typing import Any

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _
from django_celery_beat import admin as beat
from django_celery_beat.models import (
    ClockedSchedule,
    CrontabSchedule,
    IntervalSchedule,
    PeriodicTask,
    SolarSchedule,
)
from unfold.decorators import display
from unfold.widgets import UnfoldAdminSelectWidget, UnfoldAdminTextInputWidget

from loyalty.core.admin.base import ModelAdmin

for model in (PeriodicTask, IntervalSchedule, CrontabSchedule, SolarSchedule, ClockedSchedule):
    if admin.site.is_registered(model):
        admin.site.unregister(model)


class TaskSelectWidget(UnfoldAdminSelectWidget, beat.TaskSelectWidget):
    """The list of tasks, in the look of the rest."""


class PeriodicTaskForm(beat.PeriodicTaskForm):
    """The form of one line of the timetable."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["task"].widget = UnfoldAdminTextInputWidget()
        self.fields["regtask"].widget = TaskSelectWidget()


def _needs_the_right_to_change(name: str) -> Any:
    """An action of the package, which it offers to everybody who sees the list."""
    original = getattr(beat.PeriodicTaskAdmin, name)

    @admin.action(description=original.short_description, permissions=["change"])
    @wraps(original)
    def pressed(self: Any, request: HttpRequest, queryset: QuerySet[PeriodicTask]) -> Any:
        return original(self, request, queryset)

    return pressed


@admin.register(PeriodicTask)
class PeriodicTaskAdmin(beat.PeriodicTaskAdmin, ModelAdmin):
    """What runs when."""

    about = _("What runs by itself, and when. Times are those of the time zone that stands beside them.")
    list_display = ("name", "enabled", "when", "last_run_at")
    search_help_text = _("Name or task")
    form = PeriodicTaskForm
    # The original page has an inline script, which the content policy of the back office forbids.
    change_form_template = None
    date_hierarchy = None
    list_filter = ("enabled",)
    enable_tasks = _needs_the_right_to_change("enable_tasks")
    disable_tasks = _needs_the_right_to_change("disable_tasks")
    toggle_tasks = _needs_the_right_to_change("toggle_tasks")
    run_tasks = _needs_the_right_to_change("run_tasks")

    @display(description=_("when"))
    def when(self, task: PeriodicTask) -> str:
        return str(task.crontab.human_readable if task.crontab else task.scheduler)


@admin.register(IntervalSchedule)
class IntervalScheduleAdmin(beat.IntervalScheduleAdmin, ModelAdmin):
    """Every so many seconds, minutes, hours or days."""


@admin.register(CrontabSchedule)
class CrontabScheduleAdmin(beat.CrontabScheduleAdmin, ModelAdmin):
    """At certain times of certain days."""


@admin.register(ClockedSchedule)
class ClockedScheduleAdmin(beat.ClockedScheduleAdmin, ModelAdmin):
    """Once, at one time."""
