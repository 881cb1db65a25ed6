"""Giving and taking points by hand: alone up to a limit, above it with a second person."""

from __future__ import annotations

from collections import Counter
from datetime import timedelta
from typing import Any

import pytest
from django.contrib.auth.models import Group
from django.test import Client
from django.urls import reverse

from loyalty.core import approvals
from loyalty.core.models import Approval, User
from loyalty.core.problems import NotAllowed, Problem
from members.models import Membership
from members.models.ledger import Posting
from members.selectors.verification import verify
from members.services.adjusting import NothingToAdjust, ReasonTooLong, give_or_ask
from members.services.problems import InsufficientPoints, MembershipClosed, UnknownPointType
from programs.models import PointType, Programme
from tests.members.club import NOON, balances, club, member
from tests.members.test_concurrency import at_once

LATER = NOON + timedelta(hours=1)


@pytest.fixture(autouse=True)
def _limits(settings: Any) -> None:
    settings.ADJUSTMENT_LIMIT, settings.ADJUSTMENT_DAILY_LIMIT = 500, 800


def staff(role: str, name: str = "") -> User:
    user = User.objects.create_staff(f"{name or role}@example.com".replace(" ", "."))
    user.groups.add(Group.objects.get(name=role))
    return User.objects.get(pk=user.pk)


def points_of(programme: Programme) -> PointType:
    return PointType.objects.get(programme=programme, key="points")


def give(membership: Membership, points: int, actor: User, **more: Any) -> Approval | None:
    values = {"reason": "A cake", "now": NOON, "point_type": points_of(membership.programme), **more}
    return give_or_ask(membership=membership, points=points, actor=actor, **values)


@pytest.mark.django_db
class TestService:
    @pytest.fixture(autouse=True)
    def _club(self) -> None:
        self.anna = member(club())
        self.caller = staff("Call centre")

    @pytest.mark.parametrize(("points", "given"), [(1, True), (500, True), (501, False), (1_000_000, False)])
    def test_the_limit_at_once(self, points: int, given: bool) -> None:
        answer = give(self.anna, points, self.caller)
        assert (answer is None) == given
        assert balances().get("A-1", (0, 0)) == ((points, 0) if given else (0, 0))

    def test_what_is_taken_counts_like_what_is_given(self) -> None:
        give(self.anna, 500, staff("Call centre", "other"))
        assert give(self.anna, -400, self.caller) is None
        assert balances() == {"A-1": (100, 0)}
        # 400 of 800 are used: taking away and giving back does not make room.
        assert give(self.anna, 401, self.caller) is not None
        assert balances() == {"A-1": (100, 0)}

    def test_many_small_ones_reach_the_limit_of_a_day(self) -> None:
        ben = member(self.anna.programme, "B-1")
        answers = [give(each, 300, self.caller) for each in (self.anna, ben, self.anna)]
        assert [answer is None for answer in answers] == [True, True, False]
        assert balances() == {"A-1": (300, 0), "B-1": (300, 0)}
        # Another person has a day of their own; and the day after so has this one.
        assert give(ben, 300, staff("Call centre", "other")) is None
        assert give(ben, 300, self.caller, now=NOON + timedelta(hours=25)) is None

    def test_what_was_approved_does_not_use_up_the_day(self) -> None:
        approval = give(self.anna, 5000, self.caller)
        assert approval is not None
        approvals.approve(approval, by=staff("Approver"), now=LATER)
        assert give(self.anna, 500, self.caller, now=LATER) is None
        assert balances() == {"A-1": (5500, 0)}

    def test_an_approval_posts_what_was_asked_for(self) -> None:
        approval = give(self.anna, 5000, self.caller)
        assert approval is not None
        assert not Posting.objects.exists()
        approvals.approve(approval, by=staff("Approver"), now=LATER)
        posting = Posting.objects.get()
        assert (posting.amount, posting.reason, posting.actor) == (5000, "A cake", self.caller)
        assert (posting.reference, posting.recorded_at) == (f"approval {approval.pk}", LATER)
        assert verify(None).ok

    @pytest.mark.parametrize("end", ["refuse", "send_back"])
    def test_without_approval_nothing_is_posted(self, end: str) -> None:
        approval = give(self.anna, 5000, self.caller)
        assert approval is not None
        getattr(approvals, end)(approval, by=staff("Approver"), now=LATER, comment="Ask the shop")
        assert not Posting.objects.exists()

    def test_nobody_approves_points_they_asked_for(self) -> None:
        self.caller.groups.add(Group.objects.get(name="Approver"))
        boss = User.objects.create_superuser("boss@example.com")
        for actor in (User.objects.get(pk=self.caller.pk), boss):
            approval = give(self.anna, 1_000_000, actor)
            assert approval is not None
            with pytest.raises(approvals.SelfApproval):
                approvals.approve(approval, by=actor, now=LATER)
            approvals.withdraw(approval, by=actor, now=LATER)
        assert not Posting.objects.exists()

    def test_points_that_were_spent_meanwhile_are_not_taken(self) -> None:
        other = staff("Call centre", "other")
        give(self.anna, 500, other)
        approval = give(self.anna, -300, self.caller, now=NOON)
        assert approval is None
        big = give(self.anna, 600, self.caller)
        assert big is not None
        approvals.withdraw(big, by=self.caller, now=NOON)
        give(self.anna, 500, staff("Call centre", "third"))
        taken = give(self.anna, -700, self.caller)
        assert taken is not None
        give(self.anna, -100, staff("Call centre", "fourth"))
        boss = staff("Approver")
        with pytest.raises(InsufficientPoints):
            approvals.approve(taken, by=boss, now=LATER)
        taken.refresh_from_db()
        assert taken.outcome is None
        assert balances() == {"A-1": (600, 0)}

    def test_a_membership_that_was_closed_meanwhile_gets_nothing(self) -> None:
        approval = give(self.anna, 5000, self.caller)
        assert approval is not None
        Membership.objects.update(status="left")
        with pytest.raises(approvals.SubjectChanged):
            approvals.approve(approval, by=staff("Approver"), now=LATER)
        assert not Posting.objects.exists()

    @pytest.mark.parametrize(
        ("change", "refusal"),
        [
            ({"points": 0}, NothingToAdjust),
            ({"points": 10**18}, NothingToAdjust),
            ({"points": -1}, InsufficientPoints),
            ({"points": -1000}, InsufficientPoints),
            ({"reason": "  "}, approvals.ReasonMissing),
            ({"reason": "x" * 201}, ReasonTooLong),
        ],
    )
    def test_what_makes_no_sense_is_refused(self, change: dict[str, Any], refusal: type[Problem]) -> None:
        with pytest.raises(refusal):
            give(self.anna, actor=self.caller, **{"points": 5, **change})
        assert (Posting.objects.count(), Approval.objects.count()) == (0, 0)

    def test_points_of_another_programme_and_closed_memberships_are_refused(self) -> None:
        strange = PointType(programme_id=self.anna.programme_id + 1, key="points")
        with pytest.raises(UnknownPointType):
            give(self.anna, 5, self.caller, point_type=strange)
        self.anna.status = "suspended"
        with pytest.raises(MembershipClosed):
            give(self.anna, 5, self.caller)
        assert not Posting.objects.exists()

    @pytest.mark.parametrize(
        "role", ["Marketing", "Approver", "Finance", "Auditor", "Partner manager", "Administrator"]
    )
    def test_only_the_call_centre_gives_points(self, role: str) -> None:
        with pytest.raises(NotAllowed):
            give(self.anna, 5, staff(role))
        assert not Posting.objects.exists()


def test_two_adjustments_at_once_do_not_pass_the_limit_of_a_day(committed_database: Any) -> None:
    programme = club()
    caller = staff("Call centre")
    members = [member(programme, f"A-{number}") for number in range(8)]
    answers = at_once([lambda each=each: give(each, 400, caller) for each in members])
    assert Counter(answer is None for answer in answers) == {True: 2, False: 6}
    assert sum(available for available, _debt in balances().values()) == 800
    assert Approval.objects.waiting().count() == 6


def test_two_approvers_at_once_post_once(committed_database: Any) -> None:
    anna, caller = member(club()), staff("Call centre")
    approval = give(anna, 5000, caller)
    assert approval is not None
    bosses = [staff("Approver", f"boss{number}") for number in range(6)]
    answers = at_once(
        [lambda boss=boss: approvals.approve(approval, by=boss, now=LATER).outcome for boss in bosses]
    )
    assert Counter(answers) == {"approved": 1, "already_decided": 5}
    assert balances() == {"A-1": (5000, 0)}
    assert verify(None).ok


@pytest.mark.django_db
class TestPages:
    @pytest.fixture(autouse=True)
    def _club(self) -> None:
        self.anna = member(club())
        self.page = reverse("admin:members_membership_change", args=[self.anna.pk])
        self.address = reverse("admin:members_membership_adjust", args=[self.anna.pk])

    def client(self, role: str) -> Client:
        client = Client()
        client.force_login(staff(role))
        return client

    def sent(self, **change: str) -> dict[str, str]:
        key = str(points_of(self.anna.programme).pk)
        return {"direction": "give", "point_type": key, "amount": "50", "reason": "A cake", **change}

    def test_the_call_centre_gives_points_on_the_page_of_a_membership(self) -> None:
        client = self.client("Call centre")
        assert self.address in client.get(self.page).content.decode()
        form = client.get(self.address).content.decode()
        assert "up to 500 at once and 800 in 24 hours alone (0 so far)" in form
        answer = client.post(self.address, self.sent(), follow=True)
        assert "Done." in answer.content.decode()
        assert balances() == {"A-1": (50, 0)}
        client.post(self.address, self.sent(direction="take", amount="20"))
        assert balances() == {"A-1": (30, 0)}

    def test_above_the_limit_the_page_asks(self) -> None:
        answer = self.client("Call centre").post(self.address, self.sent(amount="501"), follow=True)
        page = answer.content.decode()
        assert "above your limit" in page
        assert "Give 501 to A-1" in page
        assert (Posting.objects.count(), Approval.objects.count()) == (0, 1)

    @pytest.mark.parametrize(
        "change",
        [{"amount": "0"}, {"amount": "-5"}, {"amount": "1e3"}, {"amount": "1.5"}, {"amount": "１００"},
         {"amount": "NaN"}, {"amount": ""}, {"reason": " "}, {"direction": "burn"}, {"point_type": "999"},
         {"direction": "take"}, {"amount": "9" * 30}],
    )  # fmt: skip
    def test_a_bad_form_is_shown_again_and_changes_nothing(self, change: dict[str, str]) -> None:
        answer = self.client("Call centre").post(self.address, self.sent(**change))
        assert answer.status_code == 200
        assert (Posting.objects.count(), Approval.objects.count()) == (0, 0)

    @pytest.mark.parametrize("role", ["Marketing", "Approver", "Auditor", "Administrator"])
    def test_others_have_no_button_and_their_address_is_refused(self, role: str) -> None:
        client = self.client(role)
        assert self.address not in client.get(self.page).content.decode()
        assert client.get(self.address).status_code == 403
        assert client.post(self.address, self.sent(amount="1000000")).status_code == 403
        assert (Posting.objects.count(), Approval.objects.count()) == (0, 0)
