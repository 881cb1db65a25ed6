"""From the gallery to a red example, as somebody meets it who never saw the product."""

from __future__ import annotations

from typing import Any

import pytest

from loyalty.core.clock import now
from loyalty.core.models import User
from programs.models import Programme, Revision
from programs.services import editing, readiness
from programs.services.readiness import NotReady

pytestmark = pytest.mark.browser
WIDER = "document.documentElement.scrollWidth - document.documentElement.clientWidth"
TELEPHONE, DESKTOP = {"width": 390, "height": 844}, {"width": 1360, "height": 900}


def log_in(live_site: str, page: Any) -> None:
    User.objects.create_superuser("anna@example.com", "correct horse battery", name="Anna")
    page.goto(f"{live_site}/")
    page.fill("input[name=username]", "anna@example.com")
    page.fill("input[name=password]", "correct horse battery")
    page.click("button[type=submit]")
    page.wait_for_url(f"{live_site}/admin/")


def fits_a_telephone(page: Any) -> bool:
    page.set_viewport_size(TELEPHONE)
    wider = page.evaluate(WIDER)
    page.set_viewport_size(DESKTOP)
    return bool(wider == 0)


def a_draft_is_made(page: Any) -> None:
    page.click("text=Make the first programme")
    assert fits_a_telephone(page)
    page.click("[data-template=coffee] >> text=Use this one")
    page.fill("input[name=key]", "my-coffee")
    assert fits_a_telephone(page)
    page.click("text=Make the draft")
    page.wait_for_url("**/desk/overview/")
    assert "Its 5 worked examples were run and hold." in page.content()


def a_basket_is_tried_and_kept(page: Any) -> None:
    page.click(".desk-tabs >> text=Try a basket")
    page.fill("input[name=at]", "2026-03-02T10:00")
    page.fill("input[name=lines-0-category]", "coffee")
    page.fill("input[name=lines-0-amount]", "4.00")
    page.click("[data-rows-add]")
    page.fill("input[name=lines-2-amount]", "6.00")
    page.click("text=Try it")
    result = page.inner_text("#result")
    assert "This purchase earned 20\N{NO-BREAK SPACE}stars." in result
    assert "Half as much again for Gold: only if tier is Gold; it was Green" in result
    assert fits_a_telephone(page)
    page.fill("input[name=title]", "Two cups")
    page.click("text=Save as worked example")
    page.wait_for_url("**/desk/examples/?example=*")
    assert "It holds." in page.content()


def a_step_is_added(page: Any) -> None:
    page.click("text=Add a step")
    step = page.locator(".steps > li").nth(1)
    step.locator("select[name$='-kind']").select_option("redeem")
    assert not step.locator("input[name$='-ref']").is_visible()
    for field, value in (
        ("at", "2026-03-03T10:00"),
        ("points", "5"),
        ("expected-0-member", "somebody"),
        ("expected-0-balance__stars", "25"),
    ):
        step.locator(f"input[name$='-{field}']").fill(value)
    step.locator("input[name$='-member']").first.fill("somebody")
    page.click("text=Save and run")
    page.wait_for_selector("text=Saved. The example holds.")
    assert page.locator(".run-step[data-ok=yes]").count() == 2
    assert fits_a_telephone(page)


def test_from_the_gallery_to_a_red_example_that_refuses_publishing(live_site: str, page: Any) -> None:
    complaints: list[str] = []
    page.on("console", lambda message: complaints.append(message.text) if message.type == "error" else None)
    page.on("pageerror", lambda error: complaints.append(str(error)))
    log_in(live_site, page)
    a_draft_is_made(page)
    a_basket_is_tried_and_kept(page)
    a_step_is_added(page)

    programme = Programme.objects.get()
    rule = programme.rules.get(key="stars").settings
    rule["effect"]["points"] = "3"
    editing.edit(programme, editing.put("rules", rule), now=now())
    page.click("text=Run again")
    page.wait_for_selector(".run-step[data-ok=no]")
    assert "Points given: expected 20, got 30" in page.inner_text("#run")
    page.click(".desk-tabs >> text=Examples")
    assert page.locator(".example-line[data-state=danger]").count() == 1
    assert fits_a_telephone(page)
    with pytest.raises(NotReady) as refused:
        readiness.require(programme, now=now())
    assert "The example “Two cups” does not hold." in [str(error.message) for error in refused.value.errors]
    assert Revision.objects.count() == 0
    assert complaints == []
