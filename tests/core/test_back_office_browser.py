"""The back office as a person meets it: in a browser, under the policy of what a page may load."""

from typing import Any

import pytest

from loyalty.core.models import User

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
