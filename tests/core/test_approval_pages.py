"""The inbox of approvals: who sees what, and what its buttons do."""

from __future__ import annotations

from typing import Any

import pytest
from django.contrib.auth.models import Group, Permission
from django.test import Client
from django.urls import reverse

from loyalty.core import approvals, clock
from loyalty.core.models import AuditEntry, User
from tests.core.test_approvals import (
    RENAME,
    ask,
    asker,
    closed,
    decider,
    somebody,
    waits,
)

# The same operation under a name of this file.
renaming = closed


@pytest.mark.django_db
class TestPages:
    @pytest.fixture(autouse=True)
    def _operation(self, renaming: list[int]) -> None:
        self.author = asker()
        self.approval = ask(self.author, now=clock.now())
        self.address = reverse("admin:core_approval_change", args=[self.approval.pk])
        self.buttons = reverse("admin:core_approval_decide", args=[self.approval.pk])

    @staticmethod
    def client(user: User) -> Client:
        client = Client()
        client.force_login(user)
        return client

    def test_the_inbox_shows_what_waits_and_the_first_page_counts_it(self) -> None:
        client = self.client(decider())
        listed = client.get(reverse("admin:core_approval_changelist")).content.decode()
        for words in ("Renaming", "A better name", "asks@example.com", "waiting"):
            assert words in listed
        first = client.get(reverse("admin:index")).content.decode()
        assert "Waiting for you" in first
        assert "?state=for_me" in first
        mine = self.client(self.author).get(reverse("admin:index")).content.decode()
        assert "Waiting for you" not in mine
        assert "Your open requests" in mine

    def test_who_has_no_part_in_it_sees_nothing(self) -> None:
        stranger = self.client(somebody("stranger@example.com"))
        assert stranger.get(reverse("admin:core_approval_changelist")).status_code == 403
        assert stranger.get(self.address).status_code == 403
        assert stranger.post(self.buttons, {"decision": "approve"}).status_code == 403
        other = somebody("other@example.com")
        other.user_permissions.add(Permission.objects.get(codename="publish_programme"))
        listed = self.client(other).get(reverse("admin:core_approval_changelist"))
        assert listed.status_code == 200
        assert "A better name" not in listed.content.decode()
        assert self.client(other).post(self.buttons, {"decision": "approve"}).status_code == 404
        assert waits(self.approval)

    def test_the_buttons_decide(self) -> None:
        client = self.client(decider())
        page = client.get(self.address).content.decode()
        assert "Rename to New" in page
        assert 'value="approve"' in page
        answer = client.post(self.buttons, {"decision": "refuse", "comment": ""}, follow=True)
        assert "Say why" in answer.content.decode()
        assert waits(self.approval)
        answer = client.post(self.buttons, {"decision": "approve", "comment": "Fine"}, follow=True)
        assert "Approved, and done" in answer.content.decode()
        assert Group.objects.filter(name="New").exists()
        assert 'value="approve"' not in client.get(self.address).content.decode()

    @pytest.mark.parametrize("everything", [False, True])
    def test_approving_ones_own_request_by_its_address_is_refused(self, everything: bool) -> None:
        User.objects.filter(pk=self.author.pk).update(is_superuser=everything)
        client = self.client(User.objects.get(pk=self.author.pk))
        page = client.get(self.address).content.decode()
        assert 'value="approve"' not in page
        assert 'value="withdraw"' in page
        for decision in ("approve", "refuse", "send_back"):
            answer = client.post(self.buttons, {"decision": decision, "comment": "me"})
            assert answer.status_code == 403
        assert waits(self.approval)
        refused = AuditEntry.objects.filter(operation="refuse", actor_id=self.author.pk)
        assert set(refused.values_list("source", flat=True)) == {f"POST {self.buttons}"}

    def test_a_request_of_an_app_that_is_gone_is_still_readable(self) -> None:
        gone = approvals._operations.pop(RENAME)
        boss = self.client(somebody("boss@example.com", everything=True))
        assert RENAME in boss.get(reverse("admin:core_approval_changelist")).content.decode()
        page = boss.get(self.address).content.decode()
        assert (RENAME in page, 'value="approve"' in page) == (True, False)
        approvals.register(gone)

    def test_reading_an_address_decides_nothing(self) -> None:
        answer = self.client(decider()).get(self.buttons, {"decision": "approve"})
        assert answer.status_code == 405
        assert waits(self.approval)

    def test_the_list_takes_few_queries(self, django_assert_max_num_queries: Any) -> None:
        for number in range(30):
            ask(self.author, group=Group.objects.create(name=f"g{number}"), name=f"n{number}")
        client = self.client(decider())
        with django_assert_max_num_queries(16):
            client.get(reverse("admin:core_approval_changelist"))
