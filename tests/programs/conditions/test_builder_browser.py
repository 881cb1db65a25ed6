"""Conditions are built in a browser: with the mouse, with keys alone, by dragging, and without scripts."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

import pytest
from playwright.sync_api import expect

from loyalty.core.models import User
from programs.models import Programme
from programs.services.programmes import load
from tests.programs.conditions import host

pytestmark = pytest.mark.browser
CLUB = """
programme: {key: club, name: Club, zone: Europe/Tallinn, currency: EUR, languages: [en, et]}
point_types: [{key: points, name: Points}]
ladders:
  - {key: status, name: Status, metric: {of: spend}, window: {kind: calendar_year}, falls: to_earned,
     tiers: [{key: base, name: Base}, {key: gold, name: Gold, threshold: "100.00"}]}
events:
  - {key: stay, name: Stay, fields: [{key: nights, type: number}, {key: paid, type: boolean}]}
"""
NESTED = {
    "all": [
        {"fact": "basket.total", "is": "at_least", "value": "20.00"},
        {
            "any": [
                {"fact": "purchase.weekday", "is": "one_of", "value": ["sat", "sun"]},
                {"not": {"fact": "purchase.store", "is": "one_of", "value": ["S1", "S2"]}},
            ]
        },
        {
            "lines": {"fact": "line.category", "is": "one_of", "value": ["coffee", "tea"]},
            "of": "count",
            "is": "at_least",
            "value": 2,
        },
    ]
}
SENTENCE = (
    "when basket total is at least €20.00 and (day of the week is one of Saturday, Sunday or not (store is one of"
    " S1, S2)) and number of lines where category is one of coffee, tea is at least 2"
)


@pytest.fixture
def programme(live_site: str, settings: Any) -> Iterator[Programme]:
    settings.ROOT_URLCONF = "tests.programs.conditions.host"
    host.SAVED.clear()
    host.INITIAL.clear()
    yield load(CLUB, now=datetime(2026, 1, 1, tzinfo=UTC)).programme
    host.INITIAL.clear()


def opened(live_site: str, page: Any, programme: Programme) -> Any:
    """The page with the builders, for somebody who is logged in; what the browser complains of is kept."""
    User.objects.create_superuser("anna@example.com", "correct horse battery", name="Anna")
    page.complaints = []
    page.on(
        "console",
        lambda said: page.complaints.append(said.text) if said.type in ("error", "warning") else None,
    )
    page.on("pageerror", lambda error: page.complaints.append(str(error)))
    page.goto(f"{live_site}/admin/")
    page.fill("input[name=username]", "anna@example.com")
    page.fill("input[name=password]", "correct horse battery")
    page.click("button[type=submit]")
    page.wait_for_url(f"{live_site}/admin/")
    page.goto(f"{live_site}/admin/try/{programme.pk}/")
    return page


def field(page: Any, name: str) -> Any:
    return page.locator(f"[id='when-{name}']")


def says(page: Any, words: str) -> None:
    expect(page.locator("#when-sentence")).to_have_text(words)


def saved(page: Any) -> dict[str, Any]:
    page.fill("#id_title", "A title")
    page.click("#save")
    page.wait_for_load_state()
    assert len(host.SAVED) == 1, page.locator("form").inner_text()
    return host.SAVED[0]


def test_a_nested_condition_is_built_with_the_mouse(live_site: str, page: Any, programme: Programme) -> None:
    opened(live_site, page, programme)
    says(page, "always")
    field(page, "0-add").click()
    field(page, "0.0-fact").select_option("basket.total")
    says(page, "when basket total is at least …")
    field(page, "0.0-value").fill("20")
    says(page, "when basket total is at least €20.00")
    field(page, "0-group").click()
    field(page, "0.1.0-fact").select_option("purchase.weekday")
    page.get_by_label("Saturday").check()
    page.get_by_label("Sunday").check()
    field(page, "0.1-add").click()
    field(page, "0.1.1-fact").select_option("purchase.store")
    field(page, "0.1.1-pick").fill("S1, S2")
    field(page, "0.1.1-put").click()
    expect(page.locator(".conditions-chip")).to_have_count(2)
    field(page, "0.1.1-not").click()
    field(page, "0-lines").click()
    field(page, "0.2.0-fact").select_option("line.category")
    field(page, "0.2.0-pick").fill("tea")
    field(page, "0.2.0-pick").press("Enter")
    expect(field(page, "0.2.0-pick")).to_have_value("")
    field(page, "0.2.0-pick").fill("coffee")
    field(page, "0.2.0-pick").press("Enter")
    field(page, "0.2-value").fill("2")
    says(page, SENTENCE)
    assert saved(page)["when"] == NESTED
    assert page.complaints == []


def focused(page: Any) -> str:
    return str(page.evaluate("document.activeElement.id"))


def tab_to(page: Any, name: str, key: str = "Tab") -> None:
    """Press Tab, and nothing else, until the field has the focus."""
    expect(field(page, name)).to_be_visible()
    for _press in range(60):
        if focused(page) == f"when-{name}":
            return
        page.keyboard.press(key)
    raise AssertionError(f"{name} cannot be reached with {key}; the focus is at {focused(page)}")


def goes_to(page: Any, name: str) -> None:
    expect(field(page, name)).to_be_focused()


def test_the_same_condition_is_built_with_keys_alone(  # noqa: PLR0915 - one way from the first key to the last
    live_site: str, page: Any, programme: Programme
) -> None:
    opened(live_site, page, programme)
    press = page.keyboard.press
    page.focus("#id_title")
    tab_to(page, "0-add")
    press("Enter")
    goes_to(page, "0.0-fact")
    page.keyboard.type("Basket total")
    expect(field(page, "0.0-is")).to_be_visible()
    goes_to(page, "0.0-fact")
    tab_to(page, "0.0-value")
    page.keyboard.type("20")
    says(page, "when basket total is at least €20.00")
    tab_to(page, "0-group")
    press("Space")
    goes_to(page, "0.1.0-fact")
    page.keyboard.type("Day of the w")
    tab_to(page, "0.1.0-value-5")
    press("Space")
    tab_to(page, "0.1.0-value-6")
    press("Space")
    tab_to(page, "0.1-add")
    press("Enter")
    goes_to(page, "0.1.1-fact")
    page.keyboard.type("Store")
    tab_to(page, "0.1.1-pick")
    page.keyboard.type("S1, S2")
    press("Enter")
    expect(page.locator(".conditions-chip")).to_have_count(2)
    goes_to(page, "0.1.1-pick")
    tab_to(page, "0.1.1-not")
    press("Enter")
    goes_to(page, "0.1.1-not")
    tab_to(page, "0-lines")
    press("Enter")
    goes_to(page, "0.2.0-fact")
    page.keyboard.type("Category")
    tab_to(page, "0.2.0-pick")
    page.keyboard.type("coffee")
    press("Enter")
    expect(field(page, "0.2.0-pick")).to_have_value("")
    page.keyboard.type("tea")
    press("Enter")
    expect(page.locator("#when-sentence")).to_contain_text("coffee, tea is at least 1")
    page.wait_for_load_state("networkidle")
    tab_to(page, "0.2-value", "Shift+Tab")
    press("Control+a")
    page.keyboard.type("2")
    says(page, SENTENCE)
    # A row goes up, and the focus with it.
    tab_to(page, "0.2-up")
    press("Enter")
    goes_to(page, "0.1.2-up")
    press("Enter")
    goes_to(page, "0.1.1-up")
    tab_to(page, "0.1.1-down")
    press("Enter")
    goes_to(page, "0.1.2-down")
    press("Enter")
    goes_to(page, "0.2-down")
    says(page, SENTENCE)
    assert saved(page)["when"] == NESTED
    assert page.complaints == []


def test_a_removed_row_leaves_the_focus_at_the_next(live_site: str, page: Any, programme: Programme) -> None:
    host.INITIAL["when"] = NESTED
    opened(live_site, page, programme)
    field(page, "0.0-remove").focus()
    page.keyboard.press("Enter")
    goes_to(page, "0.0.0-fact")
    field(page, "0.1-remove").focus()
    page.keyboard.press("Enter")
    goes_to(page, "0.0.0-fact")
    field(page, "0-remove").focus()
    page.keyboard.press("Enter")
    goes_to(page, "0-add")
    says(page, "always")
    assert saved(page)["when"] is None


def test_rows_are_dragged_to_another_place_and_group(live_site: str, page: Any, programme: Programme) -> None:
    host.INITIAL["when"] = NESTED
    opened(live_site, page, programme)
    page.set_viewport_size({"width": 1360, "height": 1500})

    def drag(source: str, target: str, down: bool) -> None:
        over = page.locator(f"[data-conditions=when] [data-node='{target}']")
        box = over.bounding_box()
        page.locator(
            f"[data-conditions=when] [data-node='{source}'] > .conditions-row > [data-grip]"
        ).drag_to(over, target_position={"x": box["width"] / 2, "y": box["height"] - 4 if down else 4})

    drag("0.0", "0.1.0", down=True)
    says(
        page,
        "when (day of the week is one of Saturday, Sunday or basket total is at least €20.00 or"
        " not (store is one of S1, S2)) and number of lines where category is one of coffee, tea is at least 2",
    )
    drag("0.1", "0.0.0", down=False)
    says(
        page,
        "when number of lines where category is one of coffee, tea is at least 2 or day of the week is one of"
        " Saturday, Sunday or basket total is at least €20.00 or not (store is one of S1, S2)",
    )
    # What is asked of a basket has no place among what is asked of a line.
    drag("0.0.2", "0.0.0.0", down=True)  # noqa: S104 - a place in the tree
    expect(page.locator("[data-node='0.0.0.1']")).to_have_count(0)
    assert len(saved(page)["when"]["all"][0]["any"]) == 4
    assert page.complaints == []


def test_nothing_typed_is_lost_while_the_server_answers(
    live_site: str, page: Any, programme: Programme
) -> None:
    host.INITIAL["when"] = NESTED
    opened(live_site, page, programme)

    def slowly(route: Any) -> None:
        page.wait_for_timeout(400)
        route.continue_()

    page.route("**/admin/conditions/**", slowly)
    field(page, "0-add").click()
    field(page, "0.0-value").focus()
    page.keyboard.press("Control+a")
    page.keyboard.type("123.45", delay=60)
    expect(field(page, "0.3-fact")).to_be_visible()
    expect(field(page, "0.0-value")).to_have_value("123.45")
    assert page.locator("[data-node='0.3']").count() == 1
    assert page.complaints == []
    # What is still under way ends before the page does.
    page.wait_for_load_state("networkidle")
    page.unroute_all(behavior="wait")


def test_when_the_server_is_away_it_is_said_and_nothing_is_lost(
    live_site: str, page: Any, programme: Programme
) -> None:
    host.INITIAL["when"] = NESTED
    opened(live_site, page, programme)
    page.route("**/admin/conditions/**", lambda route: route.abort())
    field(page, "0.0-remove").click()
    expect(page.locator("[data-conditions=when] [data-notice]")).to_contain_text("could not be done")
    page.unroute_all(behavior="ignoreErrors")
    assert saved(page)["when"] == NESTED


def test_a_pasted_table_becomes_values(live_site: str, page: Any, programme: Programme) -> None:
    host.INITIAL["when"] = {"fact": "purchase.store", "is": "one_of", "value": ["S1"]}
    opened(live_site, page, programme)
    field(page, "0-pick").focus()
    page.evaluate(
        """() => {
            const data = new DataTransfer();
            data.setData("text", "S2\\r\\nS3\\tS4\\n");
            document.activeElement.dispatchEvent(
                new ClipboardEvent("paste", {clipboardData: data, bubbles: true, cancelable: true}));
        }"""
    )
    says(page, "when store is one of S1, S2, S3, S4")
    page.get_by_label("Take out: S3").click()
    says(page, "when store is one of S1, S2, S4")
    assert saved(page)["when"]["value"] == ["S1", "S2", "S4"]


def test_without_scripts_the_whole_form_is_sent_and_nothing_is_lost(
    live_site: str, browser: Any, programme: Programme
) -> None:
    context = browser.new_context(viewport={"width": 1360, "height": 900})
    session = opened(live_site, context.new_page(), programme).context.cookies()
    context.close()
    context = browser.new_context(viewport={"width": 1360, "height": 900}, java_script_enabled=False)
    context.add_cookies(session)
    page = context.new_page()
    page.set_default_timeout(5_000)
    page.goto(f"{live_site}/admin/try/{programme.pk}/")
    page.fill("#id_title", "Half a title")
    page.click("[id='when-0-add']")
    page.select_option("[id='when-0.0-fact']", "basket.total")
    page.locator("[data-conditions=when] [data-tree] > [data-plain]").click()
    page.fill("[id='when-0.0-value']", "20")
    page.click("[id='lines-0-add']")
    assert page.input_value("[id='when-0.0-value']") == "20"
    assert page.input_value("#id_title") == "Half a title"
    page.select_option("[id='lines-0.0-fact']", "line.label")
    page.locator("[data-conditions=lines] [data-tree] > [data-plain]").click()
    page.fill("[id='lines-0.0-pick']", "bio, new")
    page.click("[id='when-0.0-not']")
    assert page.locator("#when-sentence").text_content() == "when not (basket total is at least €20.00)"
    # Enter in another field of the form shows the form again; it removes nothing and saves nothing.
    page.press("#id_title", "Enter")
    page.wait_for_load_state()
    assert host.SAVED == []
    page.click("#save")
    assert host.SAVED == [
        {
            "title": "Half a title",
            "when": {"all": [{"not": {"fact": "basket.total", "is": "at_least", "value": "20.00"}}]},
            "lines": {"all": [{"fact": "line.label", "is": "one_of", "value": ["bio", "new"]}]},
        }
    ]
    context.close()


def test_what_is_missing_is_said_beside_its_row(live_site: str, page: Any, programme: Programme) -> None:
    opened(live_site, page, programme)
    field(page, "0-add").click()
    field(page, "0.0-fact").select_option("basket.total")
    field(page, "0-add").click()
    expect(field(page, "0.1-fact")).to_be_focused()
    page.fill("#id_title", "A title")
    page.click("#save")
    expect(page.locator("[id='when-0.0-fault-value']")).to_have_text("Enter a value.")
    expect(page.locator("[id='when-0.1-fault-fact']")).to_have_text("Choose what to look at.")
    assert field(page, "0.0-value").get_attribute("aria-invalid") == "true"
    assert host.SAVED == []


@pytest.mark.parametrize("width", [390, 1360])
def test_the_builder_fits_the_screen(live_site: str, page: Any, programme: Programme, width: int) -> None:
    host.INITIAL["when"] = NESTED
    opened(live_site, page, programme)
    page.set_viewport_size({"width": width, "height": 844})
    wider = "document.documentElement.scrollWidth - document.documentElement.clientWidth"
    assert page.evaluate(wider) == 0
    cut_off = """[...document.querySelectorAll('.conditions button, .conditions input, .conditions textarea')]
        .filter(each => each.offsetParent && each.getBoundingClientRect().right > innerWidth).length"""
    assert page.evaluate(cut_off) == 0


def test_every_field_and_button_has_a_name(live_site: str, page: Any, programme: Programme) -> None:
    host.INITIAL["when"] = NESTED
    opened(live_site, page, programme)
    nameless = """[...document.querySelectorAll('[data-tree] :is(button, select, textarea, input:not([type=hidden]))')]
        .filter(each => each.offsetParent)
        .filter(each => !(each.getAttribute('aria-label') || each.labels?.length || each.textContent.trim()))
        .map(each => each.outerHTML)"""
    assert page.evaluate(nameless) == []
    doubled = """(() => { const ids = [...document.querySelectorAll('.conditions [id]')].map(each => each.id);
        return ids.filter((id, place) => ids.indexOf(id) !== place); })()"""
    assert page.evaluate(doubled) == []
