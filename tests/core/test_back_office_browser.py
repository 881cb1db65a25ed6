"""The back office as a person meets it: in a browser, under the policy of what a page may load."""

from typing import Any

import pytest
from django.urls import reverse

from loyalty.core.models import ImportBatch, Job, User

TELEPHONE = {"width": 390, "height": 844}
CUT_OFF = """
[...document.querySelectorAll('#result_list td')].filter(cell => cell.scrollHeight > cell.clientHeight + 1).length
"""
WIDER = "document.documentElement.scrollWidth - document.documentElement.clientWidth"

pytestmark = pytest.mark.browser


def test_a_member_of_staff_logs_in(live_site: str, page: Any) -> None:
    User.objects.create_superuser("anna@example.com", "correct horse battery")
    complaints: list[str] = []
    page.on("console", lambda message: complaints.append(message.text) if message.type == "error" else None)
    page.on("pageerror", lambda error: complaints.append(str(error)))
    page.goto(f"{live_site}/")
    page.fill("input[name=username]", "anna@example.com")
    page.fill("input[name=password]", "correct horse battery")
    page.click("button[type=submit]")
    page.wait_for_url(f"{live_site}/admin/")
    assert page.title() != ""
    assert complaints == []


def log_in(live_site: str, page: Any) -> User:
    boss = User.objects.create_superuser("anna@example.com", "correct horse battery", name="Anna")
    page.goto(f"{live_site}/")
    page.fill("input[name=username]", boss.email)
    page.fill("input[name=password]", "correct horse battery")
    page.click("button[type=submit]")
    page.wait_for_url(f"{live_site}/admin/")
    return boss


def test_on_a_telephone_nothing_is_cut_off_and_no_page_is_too_wide(live_site: str, page: Any) -> None:
    page.set_viewport_size(TELEPHONE)
    boss = log_in(live_site, page)
    settings = {"a setting with a long name": "and with a long value, longer than a telephone is wide"}
    job = Job.objects.create(kind="x", args=settings)
    batch = ImportBatch.objects.create(kind="x", file_name="a.csv", file_sha256="0" * 64, file_size=5)
    page.goto(f"{live_site}{reverse('admin:core_auditentry_changelist')}")
    assert page.locator("#result_list td", has_text="may enter the back office").count() == 1
    assert (page.evaluate(CUT_OFF), page.evaluate(WIDER)) == (0, 0)
    for address in (
        reverse("admin:core_job_change", args=[job.pk]),
        reverse("admin:core_importbatch_change", args=[batch.pk]),
        reverse("admin:core_user_history", args=[boss.pk]),
    ):
        page.goto(f"{live_site}{address}")
        for closed in page.locator("details:not([open]) summary").all():
            closed.click()
        assert page.evaluate(WIDER) == 0, address


def test_a_member_is_looked_for_from_every_page(live_site: str, page: Any) -> None:
    log_in(live_site, page)
    page.goto(f"{live_site}{reverse('admin:core_job_changelist')}")
    page.fill("input[placeholder='Find a member']", "4601999")
    page.press("input[placeholder='Find a member']", "Enter")
    page.wait_for_url(f"{live_site}{reverse('admin:members_membership_changelist')}?q=4601999")
    assert "Nothing was found" in page.content()
