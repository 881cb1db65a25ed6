"""The back office pages of the floor: who sees what, what they say, and how many queries a list takes."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from typing import Any

import pytest
from django.contrib.admin import site
from django.contrib.auth.models import Group, Permission
from django.test import Client, RequestFactory
from django.urls import reverse
from django.utils.translation import override

from loyalty.core import audit, outbox
from loyalty.core.admin.base import EstimatePaginator, badge
from loyalty.core.choices import JobState, RunState
from loyalty.core.models import AuditEntry, HandlerRun, ImportBatch, Job, OutboxEvent, User
from loyalty.core.registry import Card, CardRegistry, Panel, PanelRegistry, Table, panels
from loyalty.core.selectors.audit import _words

pytestmark = pytest.mark.django_db

NOON = datetime(2026, 5, 1, 12, tzinfo=UTC)
PAGES = [
    "auth_group",
    "core_auditentry",
    "core_handlerrun",
    "core_importbatch",
    "core_job",
    "core_outboxevent",
    "core_user",
    "django_celery_beat_crontabschedule",
    "django_celery_beat_intervalschedule",
    "django_celery_beat_periodictask",
]


@pytest.fixture
def boss() -> User:
    return User.objects.create_superuser("boss@example.com", name="Bea")


@pytest.fixture
def anna() -> User:
    """Staff without any right."""
    return User.objects.create_staff("anna@example.com", name="Anna")


def client_of(user: User) -> Client:
    client = Client()
    client.force_login(user)
    return client


def allow(user: User, *codenames: str) -> User:
    user.user_permissions.add(*Permission.objects.filter(codename__in=codenames))
    return User.objects.get(pk=user.pk)


@pytest.mark.parametrize("page", PAGES)
def test_every_list_opens_and_is_closed_to_those_without_the_right(boss: User, anna: User, page: str) -> None:
    address = reverse(f"admin:{page}_changelist")
    assert client_of(boss).get(address).status_code == 200
    assert client_of(anna).get(address).status_code == 403


def test_a_list_says_what_it_is_and_how_its_first_row_comes(boss: User) -> None:
    address = reverse("admin:core_importbatch_changelist")
    page = client_of(boss).get(address).content.decode()
    assert "with the lines that could not be used and why" in page
    assert "Send the first file" in page
    assert "Show everything" not in page
    page = client_of(boss).get(address, {"q": "nowhere"}).content.decode()
    assert "Nothing was found" in page
    assert "Show everything" in page
    assert "Send the first file" not in page


def test_the_heading_counts_rows_only_where_something_was_looked_for(boss: User, anna: User) -> None:
    address = reverse("admin:core_user_changelist")
    assert "Show all" not in client_of(boss).get(address).content.decode()
    page = client_of(boss).get(address, {"q": "anna"}).content.decode()
    assert "1 result " in page
    assert "Show all" in page


def test_a_value_without_a_tone_is_still_in_words() -> None:
    column = badge("kind")
    assert column(None, User(kind="partner")) == "partner"
    with override("ru"):
        assert column(None, User(kind="partner")) == "партнёр"
    assert badge("state")(None, Job(state=JobState.DONE)) == ("done", "done")


def test_the_name_of_a_thing_keeps_its_letters_in_the_heading(boss: User) -> None:
    batch = ImportBatch.objects.create(kind="purchases", file_name="a.csv", file_sha256="0" * 64, file_size=5)
    page = client_of(boss).get(reverse("admin:core_importbatch_change", args=[batch.pk])).content.decode()
    assert f"a.csv ({batch.pk})" in page
    assert f"A.csv ({batch.pk})" not in page


def test_nothing_leads_to_a_public_site_that_is_not_there(boss: User) -> None:
    assert "Return to site" not in Client().get(reverse("admin:login")).content.decode()
    assert "View site" not in client_of(boss).get("/admin/").content.decode()


def test_a_wrong_address_is_answered_in_words_and_in_the_language_of_the_reader(boss: User) -> None:
    answer = client_of(boss).get("/admin/nowhere/")
    assert answer.status_code == 404
    assert "There is no such page" in answer.content.decode()
    refused = client_of(User.objects.create_staff("nobody@example.com")).get(
        reverse("admin:core_job_changelist")
    )
    assert refused.status_code == 403
    assert "Ask an administrator for a role" in refused.content.decode()


def test_a_dry_run_is_not_called_a_failure(boss: User) -> None:
    batch = ImportBatch.objects.create(
        kind="returns", file_name="a.csv", file_sha256="0" * 64, file_size=2048, state="failed",
        report={"dry_run": True}, counts={"rows": 5, "bad": 1, "refused": 2, "conflicts": 1},
    )  # fmt: skip
    client = client_of(boss)
    listed = client.get(reverse("admin:core_importbatch_changelist")).content.decode()
    assert "dry run, nothing changed" in listed
    assert re.search(r'data-label="not taken">4<', listed)
    page = client.get(reverse("admin:core_importbatch_change", args=[batch.pk])).content.decode()
    assert "dry run, nothing changed" in page
    assert "2.0\N{NO-BREAK SPACE}KB" in page


def test_faults_of_an_import_are_told_in_the_language_of_the_reader(boss: User) -> None:
    batch = ImportBatch.objects.create(kind="returns", file_name="a.csv", file_sha256="0" * 64, file_size=5)
    batch.row_errors.create(line=7, code="unknown_receipt", message="There is no such receipt.", raw="r-9")
    client = client_of(boss)
    client.cookies["django_language"] = "ru"
    page = client.get(reverse("admin:core_importbatch_change", args=[batch.pk])).content.decode()
    assert "Такого чека нет." in page
    assert "There is no such receipt." not in page
    assert "возвраты" in page


def test_the_forms_of_people_roles_and_the_timetable_open(boss: User) -> None:
    group = Group.objects.create(name="Night shift")
    client = client_of(boss)
    for address in (
        reverse("admin:core_user_change", args=[boss.pk]),
        reverse("admin:core_user_add"),
        reverse("admin:auth_user_password_change", args=[boss.pk]),
        reverse("admin:auth_group_change", args=[group.pk]),
        reverse("admin:django_celery_beat_periodictask_add"),
        reverse("admin:django_celery_beat_crontabschedule_add"),
    ):
        assert client.get(address).status_code == 200, address


def test_every_registered_page_has_the_look_of_the_rest() -> None:
    import unfold.admin

    ours = [page for model, page in site._registry.items() if model._meta.app_label in ("core", "auth")]
    assert ours
    assert all(isinstance(page, unfold.admin.ModelAdmin) for page in ours)


def test_the_first_page_lists_what_the_person_may_open(boss: User, anna: User) -> None:
    whole = client_of(boss).get("/admin/").content.decode()
    assert reverse("admin:core_auditentry_changelist") in whole
    empty = client_of(anna).get("/admin/").content.decode()
    assert reverse("admin:core_auditentry_changelist") not in empty
    assert "Ask an administrator" in empty


def test_the_list_of_changes_is_in_words(boss: User, anna: User) -> None:
    group = Group.objects.create(name="Night shift")
    with audit.context(actor=boss.pk, reason="She moved"):
        User.objects.filter(pk=anna.pk).update(language="et", is_active=False, name="Anna Kask")
        anna.groups.add(group)
    page = client_of(boss).get(reverse("admin:core_auditentry_changelist")).content.decode()
    for words in ("Bea", "English", "Eesti", "Anna Kask", "She moved", "Night shift"):
        assert words in page


def test_who_may_not_see_personal_values_only_learns_that_they_changed(boss: User, anna: User) -> None:
    User.objects.filter(pk=boss.pk).update(name="Secret Name")
    User.objects.filter(pk=boss.pk).update(name="Bea")
    reader = allow(anna, "view_auditentry")
    page = client_of(reader).get(reverse("admin:core_auditentry_changelist")).content.decode()
    assert "Secret Name" not in page
    assert "(personal)" in page


def test_the_list_of_changes_takes_few_queries(boss: User, django_assert_max_num_queries: Any) -> None:
    users = [User.objects.create_staff(f"{number}@example.com") for number in range(40)]
    with audit.context(actor=boss.pk):
        for user in users:
            User.objects.filter(pk=user.pk).update(language="ru")
    client = client_of(boss)
    with django_assert_max_num_queries(14):
        client.get(reverse("admin:core_auditentry_changelist"))


def test_settings_inside_settings_are_told_without_the_signs_of_a_program() -> None:
    field = ImportBatch._meta.get_field("options")
    value = {"enrol": True, "codes": ["a", "b"], "more": {"none": None}}
    assert _words(field, value, {}) == "enrol: yes; codes: a, b; more: none: —"
    assert _words(field, "x" * 400, {}) == "x" * 300 + "…"


def test_roles_are_called_roles_in_the_record(boss: User, anna: User) -> None:
    group = Group.objects.create(name="Night shift")
    with audit.context(source="manage.py demo_data"):
        anna.groups.add(group)
    page = client_of(boss).get(reverse("admin:core_auditentry_changelist")).content.decode()
    assert "role of a user" in page
    assert "relationship" not in page
    assert "the system (manage.py demo_data)" in page


def test_the_history_of_one_thing(boss: User, anna: User) -> None:
    with audit.context(actor=boss.pk):
        User.objects.filter(pk=anna.pk).update(language="et")
    address = reverse("admin:core_user_history", args=[anna.pk])
    page = client_of(boss).get(address).content.decode()
    assert "English" in page
    assert "Eesti" in page
    assert client_of(anna).get(address).status_code == 403


@pytest.mark.parametrize("page", ["core_auditentry", "core_outboxevent", "core_job", "core_user"])
def test_nothing_of_the_floor_is_deleted_in_the_back_office(boss: User, page: str) -> None:
    client = client_of(boss)
    address = reverse(f"admin:{page}_changelist")
    assert "delete_selected" not in client.get(address).content.decode()
    before = User.objects.count()
    changes = AuditEntry.objects.count()
    press = {"action": "delete_selected", "_selected_action": [boss.pk], "post": "yes"}
    assert client.post(address, press).status_code == 403
    assert client.post(reverse(f"admin:{page}_delete", args=[boss.pk]), {"post": "yes"}).status_code == 403
    assert User.objects.count() == before
    tried = AuditEntry.objects.order_by("id")[changes:]
    assert [(entry.operation, entry.actor_id) for entry in tried] == [("refuse", boss.pk)] * 2
    assert tried[0].source == f"POST {address}"


def test_a_person_is_added_as_staff(boss: User) -> None:
    answer = client_of(boss).post(
        reverse("admin:core_user_add"),
        {
            "email": "new@example.com",
            "name": "New",
            "language": "et",
            "usable_password": "true",
            "password1": "correct horse battery",
            "password2": "correct horse battery",
        },
    )
    assert answer.status_code == 302, answer.content.decode()
    new = User.objects.get(email="new@example.com")
    assert (new.kind, new.is_staff, new.check_password("correct horse battery")) == ("staff", True, True)


def test_the_same_address_twice_is_a_field_error(boss: User) -> None:
    fields = {"email": "BOSS@example.com", "name": "x", "language": "en", "usable_password": "false"}
    answer = client_of(boss).post(reverse("admin:core_user_add"), fields)
    assert "already a user of this kind" in answer.content.decode()


def test_rights_are_handed_out_by_those_who_have_all_of_them(boss: User, anna: User) -> None:
    group = Group.objects.create(name="Everything")
    helper = allow(anna, "view_user", "change_user", "view_group", "change_group")
    client = client_of(helper)
    client.post(
        reverse("admin:core_user_change", args=[helper.pk]),
        {"email": helper.email, "name": "Anna", "language": "en", "is_active": "on", "is_staff": "on",
         "is_superuser": "on", "groups": [group.pk]},
    )  # fmt: skip
    helper.refresh_from_db()
    assert not helper.is_superuser
    assert not helper.groups.exists()
    assert client.post(reverse("admin:auth_user_password_change", args=[boss.pk]), {}).status_code == 403
    assert client.post(reverse("admin:core_user_change", args=[boss.pk]), {}).status_code == 403
    assert client.post(reverse("admin:auth_group_change", args=[group.pk]), {}).status_code == 403


def test_a_given_up_event_is_tried_again_by_those_who_may(boss: User, anna: User) -> None:
    event = OutboxEvent.objects.create(name="x", subject="y", payload={}, occurred_at=NOON, recorded_at=NOON)
    run = HandlerRun.objects.create(event=event, handler="gone:gone", state=RunState.FAILED, due_at=NOON)
    address = reverse("admin:core_handlerrun_changelist")
    press = {"action": "try_again", "_selected_action": [run.pk]}
    client_of(allow(anna, "view_handlerrun")).post(address, press)
    run.refresh_from_db()
    assert run.state == RunState.FAILED
    client_of(boss).post(address, press)
    run.refresh_from_db()
    assert run.state == RunState.PENDING
    assert outbox.relay() == 1


def test_a_running_job_is_cancelled_from_the_list(boss: User) -> None:
    job = Job.objects.create(kind="members.import", state=JobState.QUEUED)
    client_of(boss).post(
        reverse("admin:core_job_changelist"), {"action": "cancel_jobs", "_selected_action": [job.pk]}
    )
    job.refresh_from_db()
    assert job.state == JobState.CANCELLED


def test_details_of_jobs_imports_and_events_open(boss: User) -> None:
    job = Job.objects.create(kind="x", state=JobState.DONE, done=5, total=10, result={"names": ["Ä"]})
    batch = ImportBatch.objects.create(kind="purchases", file_name="a.csv", file_sha256="0" * 64, file_size=5)
    batch.row_errors.create(line=7, code="bad_number", message="“1,5” is not a number.")
    event = OutboxEvent.objects.create(
        name="x", subject="y", payload={"a": 1}, occurred_at=NOON, recorded_at=NOON
    )
    client = client_of(boss)
    page = client.get(reverse("admin:core_job_change", args=[job.pk])).content.decode()
    assert "Ä" in page
    page = client.get(reverse("admin:core_importbatch_change", args=[batch.pk])).content.decode()
    assert "“1,5” is not a number." in page
    assert client.get(reverse("admin:core_outboxevent_change", args=[event.pk])).status_code == 200


def test_large_tables_are_estimated(monkeypatch: pytest.MonkeyPatch) -> None:
    User.objects.bulk_create([User(email=f"{number}@example.com", kind="member") for number in range(30)])
    assert EstimatePaginator(User.objects.order_by("id"), 10).count == 30
    monkeypatch.setattr("loyalty.core.admin.base.COUNTED_EXACTLY", 10)
    assert EstimatePaginator(User.objects.order_by("id"), 10).count >= 11


def test_panels_stand_under_the_page_for_those_who_may_see_them(
    boss: User, anna: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(panels, "_panels", {})
    panels.contribute(
        "core.User",
        Panel(
            "Purchases", "core.view_job", content=lambda obj, request: Table(["When"], [[f"<b>{obj}</b>"]])
        ),
    )
    address = reverse("admin:core_user_change", args=[anna.pk])
    page = client_of(boss).get(address).content.decode()
    assert "Purchases" in page
    assert "&lt;b&gt;Anna&lt;/b&gt;" in page
    assert "Purchases" not in client_of(allow(anna, "view_user")).get(address).content.decode()


def test_panels_and_cards_come_in_order(boss: User, rf: RequestFactory) -> None:
    request = rf.get("/")
    request.user = boss
    registry = PanelRegistry()
    for order in (20, 10):
        panel = Panel(str(order), "core.view_job", content=lambda obj, request: (["a"], []), order=order)
        registry.contribute("core.user", panel)
    assert [panel.title for panel in registry.shown("core.User", boss, request)] == ["10", "20"]
    cards = CardRegistry()
    cards.contribute(lambda request: [Card("second", "2")], permission="core.view_job", order=2)
    cards.contribute(lambda request: [Card("first", "1")], permission="core.view_job", order=1)
    assert [card.title for card in cards.shown(request)] == ["first", "second"]


@pytest.mark.parametrize(
    ("asked", "found"),
    [
        ({"recorded_at_from_0": "2020-01-01"}, 1),
        ({"recorded_at_from_0": "2020-01-01", "recorded_at_from_1": "00:00"}, 1),
        ({"recorded_at_to_0": "2020-01-01"}, 0),
        ({"recorded_at_from_1": "00:00"}, 1),
    ],
)
def test_lists_are_filtered_between_moments(boss: User, asked: dict[str, str], found: int) -> None:
    answer = client_of(boss).get(reverse("admin:core_auditentry_changelist"), asked)
    assert answer.status_code == 200
    assert min(1, answer.context["cl"].result_count) == found


@pytest.mark.parametrize("day", ["tomorrow", "2026-02-30", "9999999-01-01", "2026-01-01\x00"])
def test_what_is_no_date_is_not_an_error_of_ours(boss: User, day: str) -> None:
    answer = client_of(boss).get(reverse("admin:core_auditentry_changelist"), {"recorded_at_from_0": day})
    assert answer.status_code == 302
