"""The first day with the product, in a browser: a programme from the gallery, a rule with a nested condition, publishing
with a second pair of eyes, last month's receipts, and the question "why so many points?"."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import expect

from loyalty.core import jobs
from loyalty.core.models import User
from members.models import Purchase, Upload
from programs.models import Programme, Revision, Rule

pytestmark = pytest.mark.browser
PASSWORD = "correct horse battery"
RECEIPTS = (
    "Receipt number;Date;Card;Shop;Article;Qty;Sum;Category\n"
    "k-1;07.03.2026 10:00;C-100;TLN-1;bread;1;40,00;bread\n"
    "k-1;07.03.2026 10:00;C-100;TLN-1;milk;2;20,00;dairy\n"
    "k-2;09.03.2026 10:00;C-200;TLN-1;milk;one;3,00;dairy\n"
)


def log_in(live_site: str, page: Any, email: str) -> None:
    page.goto(f"{live_site}/")
    page.fill("input[name=username]", email)
    page.fill("input[name=password]", PASSWORD)
    page.click("button[type=submit]")
    page.wait_for_url(f"{live_site}/admin/")


def a_programme_is_made(page: Any) -> None:
    page.click("text=Make the first programme")
    page.click("[data-template=supermarket] >> text=Use this one")
    page.fill("input[name=key]", "corner-shop")
    page.click("text=Make the draft")
    page.wait_for_url("**/desk/overview/")
    expect(page.locator("text=Next steps")).to_be_visible()


def a_rule_is_added(page: Any) -> None:
    """20 points more at the weekend, or for at least two loaves, when 50 euros are spent."""
    page.click(".desk-tabs >> text=Rules")
    page.click("text=Add a rule")
    page.fill("input[name=title_en]", "Weekend shopping")
    page.select_option("select[name=effect__kind]", "fixed")
    page.fill("input[name=effect__points]", "20")
    page.select_option("select[name=group]", "baskets")
    when = page.locator("[data-conditions=when]")
    when.locator("text=Add a condition").first.click()
    when.locator("select[name$='-fact']").first.select_option("basket.total")
    when.locator("select[name$='-is']").first.select_option("at_least")
    when.locator("input[name$='-value']").first.fill("50")
    when.locator("text=Add a group").last.click()
    facts = when.locator("select[name$='-fact']")
    expect(facts).to_have_count(2)
    facts.nth(1).select_option("purchase.weekday")
    for day in ("Saturday", "Sunday"):
        when.locator(f"label:has-text('{day}')").click()
    expect(when.locator("[data-sentence]")).to_contain_text("Saturday, Sunday")
    page.click("[name=_save]")
    page.wait_for_url("**/desk/rules/")


def it_is_published(live_site: str, page: Any, other: Any) -> None:
    page.click(".desk-tabs >> text=Publish")
    expect(page.locator("[data-change=added]").first).to_be_visible()
    page.fill("[name=effective_from]", "2026-03-01T00:00")
    page.fill("[name=reason]", "Our first programme")
    page.click("text=Ask for approval")
    page.wait_for_url("**/core/approval/**")
    assert Revision.objects.count() == 0
    assert page.locator("button[value=approve]").count() == 0
    log_in(live_site, other, "boris@example.com")
    other.goto(page.url)
    other.click("button[value=approve]")
    other.wait_for_load_state()
    assert Revision.objects.count() == 1


def receipts_are_taken_in(live_site: str, page: Any, file: Path) -> None:
    page.goto(f"{live_site}/admin/members/upload/add/")
    page.set_input_files("input[type=file]", str(file))
    page.click("text=Go on")
    page.wait_for_url("**/members/upload/*/change/")
    page.select_option("select[name=decimals]", "comma")
    page.select_option("select[name=moments]", "dmy")
    page.click("button[value=try]")
    _work()
    expect(page.locator("text=What would happen")).to_be_visible(timeout=20_000)
    assert Purchase.objects.count() == 0
    expect(page.locator("td:has-text('one')").first).to_be_visible()
    page.click("button[value=take]")
    _work()
    expect(page.locator("text=What became of it")).to_be_visible(timeout=20_000)


def _work() -> None:
    """What a worker does."""
    upload = Upload.objects.select_related("job").get()
    assert upload.job is not None
    jobs.run(upload.job.pk)


def test_the_first_day(live_site: str, page: Any, browser: Any, tmp_path: Path) -> None:
    complaints: list[str] = []
    page.on("console", lambda said: complaints.append(said.text) if said.type == "error" else None)
    page.on("pageerror", lambda error: complaints.append(str(error)))
    for email, name in (("anna@example.com", "Anna"), ("boris@example.com", "Boris")):
        User.objects.create_superuser(email, PASSWORD, name=name)
    file = tmp_path / "march.csv"
    file.write_text(RECEIPTS, encoding="utf-8")
    log_in(live_site, page, "anna@example.com")
    a_programme_is_made(page)
    a_rule_is_added(page)
    assert Rule.objects.get(key="weekend-shopping").settings["when"]["all"][0]["value"] == "50.00"
    context = browser.new_context(viewport={"width": 1360, "height": 900})
    it_is_published(live_site, page, context.new_page())
    context.close()
    receipts_are_taken_in(live_site, page, file)
    assert Programme.objects.get().status == "live"
    # Why? Every rule that gave points is named, and every other one says why not.
    page.goto(f"{live_site}/admin/members/purchase/?q=k-1")
    page.click("#result_list a")
    told = page.inner_text("#content-main")
    assert "Weekend shopping" in told
    assert "Half as much again on Sundays" in told
    assert complaints == []
