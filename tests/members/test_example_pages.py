"""The pages of worked examples: the list, the form, the text, and refusals that lose nothing."""

from __future__ import annotations

from typing import Any

import pytest
from django.contrib.auth.models import Permission
from django.test import Client

from loyalty.core.models import User
from members.admin.examples.rows import example_as_yaml, example_of, values_of
from members.services.examples import save_example
from programs.admin.desk.tabs import tab_url
from programs.engine.document import Core, read_core
from programs.models import Programme, WorkedExample
from programs.selectors.documents import working_core
from programs.services.documents.yaml import parse
from programs.services.gallery import templates
from programs.services.programmes import load
from tests.members.club import NOON, RULES
from tests.members.test_examples import SOURCE, WRONG

pytestmark = pytest.mark.django_db
FORM = {
    "title_en": "Coffee and its return",
    "steps-0-kind": "purchase",
    "steps-0-at": "2026-03-02T10:00",
    "steps-0-member": "anna",
    "steps-0-ref": "r1",
    "steps-0-lines-0-sku": "COF",
    "steps-0-lines-0-amount": "10.00",
    "steps-0-lines-1-sku": "TEA",
    "steps-0-lines-1-qty": "2",
    "steps-0-lines-1-amount": "5",
    "steps-0-awarded__points": "15",
    "steps-1-kind": "redeem",
    "steps-1-at": "2026-03-03T10:00",
    "steps-1-member": "anna",
    "steps-1-points": "5",
    "steps-1-expected-0-member": "anna",
    "steps-1-expected-0-balance__points": "10",
    "steps-2-kind": "return",
    "steps-2-at": "2026-03-04T10:00",
    "steps-2-ref": "r1",
    "steps-2-lines-0-sku": "TEA",
    "steps-2-awarded__points": "-5",
    "steps-3-kind": "advance",
    "steps-3-at": "2026-04-04T10:00",
    "steps-3-expected-0-member": "anna",
    "steps-3-expected-0-balance__points": "5",
    "steps-4-kind": "",
    "seen": "",
}


@pytest.fixture
def draft() -> Programme:
    return load(RULES, now=NOON).programme


@pytest.fixture
def boss() -> Client:
    client = Client()
    client.force_login(User.objects.create_superuser("boss@example.com", name="Bea"))
    return client


def address(programme: Programme, example: Any = "", more: str = "") -> str:
    return tab_url(programme, "examples") + (f"?example={example}{more}" if example else "")


def seen(client: Client, url: str) -> str:
    return str(client.get(url).context["form"].initial["seen"])


# --- the list ---------------------------------------------------------------------------------------------
def test_the_list_shows_green_and_red_and_runs_all(draft: Programme, boss: Client) -> None:
    assert "No examples yet" in boss.get(address(draft)).content.decode()
    save_example(draft, SOURCE, now=NOON)
    save_example(draft, WRONG.replace("Ten euros", "Eleven"), now=NOON)
    page = boss.get(address(draft)).content.decode()
    assert (page.count('data-state="success"'), page.count('data-state="danger"')) == (1, 1)
    assert "1 difference" in page
    load(RULES.replace("points: 1", "points: 2"), now=NOON)
    assert boss.get(address(draft)).content.decode().count("the programme was changed since") == 2
    page = boss.post(address(draft), follow=True).content.decode()
    assert "2 examples do not hold." in page
    assert "the programme was changed since" not in page


def test_rights_decide_who_sees_changes_and_runs_examples(draft: Programme) -> None:
    example = save_example(draft, SOURCE, now=NOON)
    user = User.objects.create_staff("anna@example.com", name="Anna")
    client = Client()
    client.force_login(user)
    assert client.get(address(draft)).status_code == 403
    user.user_permissions.add(Permission.objects.get(codename="view_workedexample"))
    page = client.get(address(draft, example.pk)).content.decode()
    assert "Save and run" not in page
    assert client.get(address(draft, "new")).status_code == 403
    for data in ({"run": "1"}, {"delete": "1"}, {"text": "x"}):
        assert client.post(address(draft, example.pk), data).status_code == 403
    assert client.post(address(draft)).status_code == 403
    assert WorkedExample.objects.get().source == example.source


@pytest.mark.parametrize("wrong", ["0", "x", "99999999999999999999"])
def test_an_example_that_is_not_there_is_not_found(draft: Programme, boss: Client, wrong: str) -> None:
    assert boss.get(address(draft, wrong)).status_code == 404


def test_an_example_of_another_programme_is_not_found(draft: Programme, boss: Client) -> None:
    other = load(RULES.replace("key: club", "key: other"), now=NOON).programme
    example = save_example(other, SOURCE, now=NOON)
    assert boss.get(address(draft, example.pk)).status_code == 404


# --- the form ---------------------------------------------------------------------------------------------
def test_the_usual_steps_are_written_in_a_form(draft: Programme, boss: Client) -> None:
    page = boss.post(address(draft, "new"), FORM, follow=True).content.decode()
    assert "Saved. The example holds." in page
    example = WorkedExample.objects.get()
    assert example.key == "coffee-and-its-return"
    assert example.source == (
        "id: coffee-and-its-return\n"
        "title: {en: Coffee and its return}\n"
        "steps:\n"
        "  - at: 2026-03-02T10:00\n"
        "    purchase:\n"
        "      ref: r1\n"
        "      member: anna\n"
        '      lines: [{sku: COF, amount: "10.00"}, {sku: TEA, qty: 2, amount: 5}]\n'
        "    expect: {awarded: 15}\n"
        "  - at: 2026-03-03T10:00\n"
        "    redeem: {member: anna, points: 5}\n"
        "    expect: {members: {anna: {balance: 10}}}\n"
        "  - at: 2026-03-04T10:00\n"
        "    return: {purchase: r1, lines: [{sku: TEA}]}\n"
        "    expect: {awarded: -5}\n"
        "  - at: 2026-04-04T10:00\n"
        "    advance: true\n"
        "    expect: {members: {anna: {balance: 5}}}\n"
    )


def test_what_the_form_has_wrong_is_told_at_the_step_and_nothing_is_lost(
    draft: Programme, boss: Client
) -> None:
    data = {**FORM, "steps-0-lines-1-amount": "five", "steps-1-kind": ""}
    page = boss.post(address(draft, "new"), data).content.decode()
    assert "Step 2: choose what happens." in page
    assert 'value="five"' in page
    page = boss.post(address(draft, "new"), {**FORM, "steps-0-lines-1-amount": "five"}).content.decode()
    assert "Step 1, Amount: “five” is not a number." in page
    assert ('value="five"' in page, 'value="Coffee and its return"' in page) == (True, True)
    assert WorkedExample.objects.count() == 0


def test_a_form_that_is_saved_unchanged_changes_nothing(draft: Programme, boss: Client) -> None:
    boss.post(address(draft, "new"), FORM)
    before = WorkedExample.objects.get()
    url = address(draft, before.pk)
    boss.post(url, {**FORM, "seen": seen(boss, url)})
    after = WorkedExample.objects.get()
    assert (after.source, after.key) == (before.source, before.key)


def test_who_saves_over_somebody_elses_change_is_told_first(draft: Programme, boss: Client) -> None:
    example = save_example(draft, SOURCE, now=NOON)
    url = address(draft, example.pk, "&as=yaml")
    old = seen(boss, url)
    save_example(draft, SOURCE.replace("Ten", "10"), now=NOON, example=example)
    mine = {"text": SOURCE.replace("Ten", "Zehn"), "seen": old}
    answer = boss.post(url, mine)
    page = answer.content.decode()
    assert "Somebody else changed this example" in page
    assert "Zehn" in page
    assert str(WorkedExample.objects.get()) == "10 euros of tea bring ten points"
    boss.post(url, {**mine, "seen": answer.context["form"]["seen"].value()})
    assert str(WorkedExample.objects.get()) == "Zehn euros of tea bring ten points"


# --- the text ---------------------------------------------------------------------------------------------
def test_faults_of_the_text_are_told_by_line_and_column_and_the_text_stays(
    draft: Programme, boss: Client
) -> None:
    example = save_example(draft, SOURCE, now=NOON)
    url = address(draft, example.pk, "&as=yaml")
    wrong = SOURCE.strip().replace("member: anna", "member: anna, color: red") + "\n# kept\n"
    page = boss.post(url, {"text": wrong, "seen": seen(boss, url)}).content.decode()
    assert "Line 5, column 39: The setting “color” is not known here." in page
    assert "color: red" in page
    assert "# kept" in page
    assert WorkedExample.objects.get().source == example.source


def test_what_the_form_cannot_show_is_edited_as_text_and_nothing_of_it_is_lost(
    draft: Programme, boss: Client
) -> None:
    more = "  - at: 2026-03-03T10:00\n    adjust: {member: anna, points: 5, reason: Sorry}\n"
    example = save_example(draft, SOURCE.strip() + "\n" + more, now=NOON)
    answer = boss.get(address(draft, example.pk))
    assert "This example has more than the form can show" in answer.content.decode()
    assert answer.context["form"]["text"].value() == example.source


def test_an_example_is_deleted_after_a_question(draft: Programme, boss: Client) -> None:
    example = save_example(draft, SOURCE, now=NOON)
    assert "Yes, delete it" in boss.get(address(draft, example.pk, "&delete=1")).content.decode()
    boss.post(address(draft, example.pk), {"delete": "1"})
    assert WorkedExample.objects.count() == 0


# --- between the two --------------------------------------------------------------------------------------
ALL = [(key, index) for key, template in templates().items() for index in range(len(template.examples))]
# A trace, lots or other totals than points given are for the text, and so are events, approvals and conversions.
AS_TEXT = ("trace", "lots", "event", "approve", "convert", "expired", "point_type", "debt", "available")


@pytest.mark.parametrize(("key", "index"), ALL)
def test_the_form_shows_an_example_whole_or_not_at_all(key: str, index: int) -> None:
    template = templates()[key]
    source = template.examples[index]
    data = parse(source).data
    values = values_of(data, source, template.core)
    assert (values is None) == any(f"{word}:" in source for word in AS_TEXT)
    if values is not None:
        again = parse(example_as_yaml(example_of(data["id"], values, template.core))).data
        assert values_of(again, "", template.core) == values


def test_comments_keep_an_example_as_text(draft: Programme) -> None:
    core = working_core(draft)
    data = parse(SOURCE).data
    assert values_of(data, SOURCE, core) is not None
    assert values_of(data, SOURCE + "# why", core) is None


def two_types() -> Core:
    document = parse(
        RULES.replace("[{key: points, name: Points}]", "[{key: points, name: P}, {key: stars, name: S}]")
    )
    return read_core(document.data)


def test_points_of_several_types_are_shown_by_type() -> None:
    source = SOURCE.replace("awarded: 10", "awarded: {points: 10, stars: 3}").replace(
        "balance: 10", "balance: 10, pending: {stars: 3}"
    )
    values = values_of(parse(source).data, source, two_types())
    assert values is not None
    [row] = values["steps"]
    assert (row["awarded__points"], row["awarded__stars"]) == (10, 3)
    assert row["expected"] == [{"member": "anna", "tier": None, "balance__points": 10, "pending__stars": 3}]
