"""Publishing with a second pair of eyes: exactly what was asked for comes into force, or nothing does."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from io import StringIO
from pathlib import Path
from typing import Any

import pytest
from django.contrib.auth.models import Group
from django.core.management import call_command
from django.test import Client
from django.urls import reverse
from django.utils.translation import override

from loyalty.core import approvals, clock
from loyalty.core.models import Approval, AuditEntry, User
from loyalty.core.problems import NotAllowed
from programs.admin.desk.tabs import tab_url
from programs.models import Programme, Revision
from programs.services.programmes import load
from programs.services.proposing import NothingToPublish, publish_or_ask
from programs.services.publishing import ActivationInThePast, ProgrammeClosed

pytestmark = pytest.mark.django_db
NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)
LATER = NOW + timedelta(days=1)
CLUB = """
programme: {key: club, name: Club, zone: Europe/Tallinn, currency: EUR, languages: [en, et]}
point_types: [{key: points, name: Points, unit: {en: {one: point, other: points}}}]
rules:
  - {key: base, title: Base, effect: {kind: fixed, points: %d}}
"""


def staff(role: str, name: str = "") -> User:
    user = User.objects.create_staff(f"{name or role}@example.com".replace(" ", "."))
    user.groups.add(Group.objects.get(name=role))
    return User.objects.get(pk=user.pk)


def draft(points: int = 5) -> Programme:
    return load(CLUB % points, now=NOW).programme


def published(points: int = 5) -> Programme:
    return load(CLUB % points, now=NOW, publish=True).programme


def ask(programme: Programme, author: User, *, now: datetime = NOW, **more: Any) -> Approval:
    answer = publish_or_ask(programme, author=author, reason="Spring", now=now, **more)
    assert isinstance(answer, Approval)
    return answer


def status(programme: Programme) -> str:
    return Programme.objects.get(pk=programme.pk).status


def test_what_was_asked_for_is_published_by_the_approval() -> None:
    programme, author, boss = draft(), staff("Marketing"), staff("Approver")
    approval = ask(programme, author)
    assert status(programme) == "in_review"
    assert not Revision.objects.exists()
    approvals.approve(approval, by=boss, now=LATER)
    revision = Revision.objects.get()
    assert (revision.sha256, revision.author) == (approval.arguments["sha256"], author)
    assert revision.activations.get().effective_from == LATER
    assert status(programme) == "live"
    approval.refresh_from_db()
    assert approval.result == {"revision": 1}


@pytest.mark.parametrize("end", ["send_back", "refuse", "withdraw", "expire"])
def test_a_programme_that_is_not_approved_is_a_draft_again(end: str) -> None:
    programme, author, boss = draft(), staff("Marketing"), staff("Approver")
    approval = ask(programme, author)
    if end == "expire":
        assert approvals.expire(now=approval.expires_at) == 1
    else:
        by = author if end == "withdraw" else boss
        getattr(approvals, end)(approval, by=by, now=LATER, comment="Not yet")
    assert status(programme) == "draft"
    assert not Revision.objects.exists()


def test_a_live_programme_stays_live_while_a_change_waits() -> None:
    programme, author, boss = published(), staff("Marketing"), staff("Approver")
    load(CLUB % 7, now=NOW)
    approval = ask(programme, author)
    assert status(programme) == "live"
    approvals.refuse(approval, by=boss, now=LATER, comment="Too much")
    assert status(programme) == "live"
    assert Revision.objects.count() == 1


def test_a_copy_that_was_edited_meanwhile_is_not_published() -> None:
    programme, author, boss = draft(), staff("Marketing"), staff("Approver")
    approval = ask(programme, author)
    load(CLUB % 500, now=NOW)
    with pytest.raises(approvals.SubjectChanged):
        approvals.approve(approval, by=boss, now=LATER)
    assert not Revision.objects.exists()
    approval.refresh_from_db()
    assert approval.outcome is None
    # Back to what was shown, it can be approved.
    load(CLUB % 5, now=NOW)
    approvals.approve(approval, by=boss, now=LATER)
    assert Revision.objects.get().sha256 == approval.arguments["sha256"]


def test_a_publication_meanwhile_makes_the_difference_another_one() -> None:
    programme, author, boss = published(), staff("Marketing"), staff("Approver")
    load(CLUB % 7, now=NOW)
    approval = ask(programme, author)
    load(CLUB % 9, now=LATER, publish=True)
    load(CLUB % 7, now=LATER)
    with pytest.raises(approvals.SubjectChanged):
        approvals.approve(approval, by=boss, now=LATER)
    assert Revision.objects.count() == 2


def test_a_time_that_passed_while_it_waited_is_refused_and_it_waits_on() -> None:
    programme, author, boss = published(), staff("Marketing"), staff("Approver")
    load(CLUB % 7, now=NOW)
    approval = ask(programme, author, effective_from=NOW + timedelta(hours=1))
    with pytest.raises(ActivationInThePast):
        approvals.approve(approval, by=boss, now=LATER)
    approval.refresh_from_db()
    assert approval.outcome is None
    assert Revision.objects.count() == 1
    approvals.approve(approval, by=boss, now=NOW + timedelta(minutes=5))
    assert Revision.objects.latest("number").activations.get().effective_from == NOW + timedelta(hours=1)


def test_nobody_approves_their_own_publication() -> None:
    programme = draft()
    both = staff("Marketing", "both")
    both.groups.add(Group.objects.get(name="Approver"))
    boss = User.objects.create_superuser("boss@example.com")
    for author in (User.objects.get(pk=both.pk), boss):
        approval = ask(programme, author)
        with pytest.raises(approvals.SelfApproval):
            approvals.approve(approval, by=author, now=LATER)
        approvals.withdraw(approval, by=author, now=LATER)
    assert not Revision.objects.exists()
    assert status(programme) == "draft"


@pytest.mark.parametrize(
    "role", ["Approver", "Call centre", "Finance", "Auditor", "Partner manager", "Administrator"]
)
def test_other_roles_do_not_ask_for_publishing(role: str) -> None:
    programme = draft()
    with pytest.raises(NotAllowed):
        publish_or_ask(programme, author=staff(role), reason="x", now=NOW)
    assert (status(programme), Approval.objects.count()) == ("draft", 0)


def test_there_must_be_something_to_publish() -> None:
    programme, author = published(), staff("Marketing")
    with pytest.raises(NothingToPublish):
        ask(programme, author)
    Programme.objects.update(status="closed")
    load_closed = Programme.objects.get()
    with pytest.raises(ProgrammeClosed):
        ask(load_closed, author)
    assert not Approval.objects.exists()


def test_without_the_second_pair_of_eyes_it_is_published_at_once(settings: Any) -> None:
    settings.SECOND_PAIR_OF_EYES = False
    programme = draft()
    revision = publish_or_ask(programme, author=staff("Marketing"), reason="Spring", now=NOW)
    assert isinstance(revision, Revision)
    assert status(programme) == "live"
    with pytest.raises(NotAllowed):
        publish_or_ask(programme, author=staff("Call centre"), reason="x", now=NOW)


def test_an_operator_publishes_from_a_file_and_it_is_on_record(tmp_path: Path) -> None:
    path = tmp_path / "club.yaml"
    path.write_text(CLUB % 5)
    call_command("programme", "load", str(path), "--publish", stdout=StringIO())
    assert Revision.objects.count() == 1
    entry = AuditEntry.objects.filter(subject_type="programs.programme").latest("id")
    assert (entry.actor_id, entry.source) == (None, "manage.py programme")


def test_the_difference_is_in_words_and_in_the_language_of_the_reader() -> None:
    programme, author = published(), staff("Marketing")
    load(CLUB % 7 + "policies: {spent_points: clamp}", now=NOW)
    approval = ask(programme, author)
    table = approvals.describe(approval).table
    assert table is not None
    rows = {row[0]: row[1:] for row in table.rows}
    before, after = rows["Rule: Base: What it does"]
    assert ("5" in before, "7" in after, before.replace("5", "7") == after) == (True, True, True)
    with override("ru"):
        translated = approvals.describe(approval).table
        assert translated is not None
        words = {word for row in table.rows for word in row}
        assert any(set(row).isdisjoint(words) for row in translated.rows)


def test_no_change_hides_behind_the_sentence_of_its_rule() -> None:
    programme, author = published(), staff("Marketing")
    load(
        (CLUB % 7).replace("title: Base,", "title: Basis, group: extra,") + "groups: [{key: extra}]", now=NOW
    )
    approval = ask(programme, author)
    table = approvals.describe(approval).table
    assert table is not None
    changed = {row[0] for row in table.rows}
    rule = "Rule: Basis"
    assert {f"{rule}: What it does", f"{rule}: Title (*)", f"{rule}: Group"} <= changed


def test_a_first_publication_tells_every_rule() -> None:
    approval = ask(draft(), staff("Marketing"))
    described = approvals.describe(approval)
    assert described.title == "Publish “Club”, in force at once"
    assert described.table is not None
    [rule] = [row for row in described.table.rows if row[0] == "Rule: Base: What it does"]
    assert (rule[1], "5" in rule[2]) == ("—", True)


# --- pages --------------------------------------------------------------------------------------------------
def client_of(user: User) -> Client:
    client = Client()
    client.force_login(user)
    return client


def test_marketing_asks_and_the_approver_publishes_in_the_back_office() -> None:
    programme = draft()
    author, boss = client_of(staff("Marketing")), client_of(staff("Approver"))
    address = tab_url(programme, "publish")
    page = author.get(tab_url(programme)).content.decode()
    assert address in page
    page = author.get(address).content.decode()
    assert "Ask for approval" in page
    assert "Rule: Base" in page
    [shown] = re.findall(r'name="shown" value="(\w{64})"', page)
    empty = author.post(address, {"reason": " ", "effective_from": "", "shown": shown})
    assert empty.status_code == 200
    assert not Approval.objects.exists()
    answer = author.post(address, {"reason": "Spring", "effective_from": "", "shown": shown}, follow=True)
    assert "Asked for. Another person has to approve it." in answer.content.decode()
    again = author.post(address, {"reason": "Spring", "effective_from": "", "shown": shown})
    assert "waits for the approval of another person" in again.content.decode()
    approval = Approval.objects.get()
    decide = reverse("admin:core_approval_decide", args=[approval.pk])
    assert author.post(decide, {"decision": "approve"}).status_code == 403
    boss.post(decide, {"decision": "approve"})
    assert status(programme) == "live"
    assert Revision.objects.get().sha256 == approval.arguments["sha256"]


def test_what_somebody_edited_after_the_page_was_opened_is_shown_before_it_is_asked_for() -> None:
    programme, author = draft(), client_of(staff("Marketing"))
    address = tab_url(programme, "publish")
    [seen] = re.findall(r'name="shown" value="(\w{64})"', author.get(address).content.decode())
    load(CLUB % 500, now=NOW)
    answer = author.post(address, {"reason": "Spring", "effective_from": "", "shown": seen})
    page = answer.content.decode()
    assert "Somebody changed the programme meanwhile" in page
    assert "500 points" in page.replace("\N{NO-BREAK SPACE}", " ")
    assert (status(programme), Approval.objects.count()) == ("draft", 0)
    [now_seen] = re.findall(r'name="shown" value="(\w{64})"', page)
    assert now_seen != seen
    author.post(address, {"reason": "Spring", "effective_from": "", "shown": now_seen})
    assert Approval.objects.get().arguments["sha256"] == now_seen


def test_the_time_is_on_the_clock_of_the_programme() -> None:
    programme, author = draft(), client_of(staff("Marketing"))
    address = tab_url(programme, "publish")
    year = clock.now().year + 1
    [shown] = re.findall(r'name="shown" value="(\w{64})"', author.get(address).content.decode())
    author.post(address, {"reason": "Spring", "effective_from": f"{year}-07-01T09:00", "shown": shown})
    assert Approval.objects.get().arguments["effective_from"] == f"{year}-07-01T09:00:00+03:00"


@pytest.mark.parametrize("role", ["Approver", "Call centre", "Auditor"])
def test_others_have_no_button_and_cannot_send(role: str) -> None:
    programme, client = draft(), client_of(staff(role))
    address = tab_url(programme, "publish")
    assert 'name="shown"' not in client.get(address).content.decode()
    assert client.post(address, {"reason": "x"}).status_code == 403
    assert (status(programme), Approval.objects.count()) == ("draft", 0)
