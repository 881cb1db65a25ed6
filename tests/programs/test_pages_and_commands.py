"""The pages of programmes in the back office and the command over files."""

import json
from datetime import UTC, datetime
from io import StringIO
from pathlib import Path
from typing import Any

import pytest
from django.contrib.auth.models import Permission
from django.core.management import call_command
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from loyalty.core.models import User
from programs.admin.desk.tabs import tab_url, tabs
from programs.admin.point_types import cost_of
from programs.engine.document import read_core
from programs.models import (
    Coalition,
    EventType,
    Partner,
    PointType,
    Programme,
    Revision,
    Rule,
    Source,
    Store,
    TierLadder,
)
from programs.selectors.documents import as_yaml
from programs.services.programmes import Loaded, load
from tests.engine.whole import WHOLE

pytestmark = pytest.mark.django_db
EXAMPLES = Path(__file__).parents[1] / "scenarios" / "programmes"
POINTS = EXAMPLES / "grocery_points.yaml"
NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)
CLUB = """
programme: {key: club, name: Club, zone: Europe/Tallinn, currency: EUR, languages: [en, et]}
point_types: [{key: points, name: Points, unit: {en: {one: point, other: points}}, cost: "0.01"}]
groups: [{key: base, mode: best_of}, {key: boost, combine: add}]
rules:
  - {key: base, title: Base, effect: {kind: fixed, points: 5}}
  - {key: twice, title: Twice, group: boost, effect: {kind: multiplier, factor: 2}}
"""


@pytest.fixture
def loaded() -> Loaded:
    return load(POINTS.read_bytes(), now=NOW, publish=True)


@pytest.fixture
def boss() -> Client:
    client = Client()
    client.force_login(User.objects.create_superuser("boss@example.com", name="Bea"))
    return client


def run(*args: Any) -> str:
    out = StringIO()
    call_command("programme", *[str(each) for each in args], stdout=out)
    return out.getvalue()


def desk(boss: Client, programme: Programme) -> str:
    """All pages of a programme's desk, one after the other."""
    pages = [boss.get(tab_url(programme, tab.key)) for tab in tabs.all()]
    assert {page.status_code for page in pages} == {200}
    return "".join(page.content.decode() for page in pages)


# --- pages --------------------------------------------------------------------------------------------------
@pytest.mark.parametrize("model", [Programme, PointType, Rule, Revision, Partner])
def test_lists_and_pages_open(loaded: Loaded, boss: Client, model: Any) -> None:
    name = f"admin:programs_{model._meta.model_name}"
    assert boss.get(reverse(f"{name}_changelist"), {"q": "main"}).status_code == 200
    row = model.objects.get()
    assert boss.get(reverse(f"{name}_changelist")).status_code == 200
    assert boss.get(reverse(f"{name}_change", args=(row.pk,)), follow=True).status_code == 200


def test_a_programme_tells_its_policies_rules_and_revisions(loaded: Loaded, boss: Client) -> None:
    page = desk(boss, loaded.programme)
    for said in (
        "1\N{NO-BREAK SPACE}point for every full $1.00",
        "Points are earned on prices",
        "with tax",
        "edit",
    ):
        assert said in page


def test_a_programme_is_told_without_codes(boss: Client) -> None:
    loaded = load(CLUB, now=NOW, publish=True)
    page = desk(boss, loaded.programme)
    for said in (
        "English, Estonian",
        "€0.01",
        "only the rule that gives most counts",
        "are added up: × 2 and × 3 make × 4",
        # 12:00 UTC, told on the clocks of the programme.
        "1 Mar 2026, 14:00",
    ):
        assert said in page, said
    point_type = loaded.programme.point_types.get()
    page = boss.get(reverse("admin:programs_pointtype_change", args=(point_type.pk,))).content.decode()
    assert "1\N{NO-BREAK SPACE}point, 2\N{NO-BREAK SPACE}points, 5\N{NO-BREAK SPACE}points" in page
    Partner.objects.update(name={"en": "The Shop"})
    page = boss.get(reverse("admin:programs_coalition_changelist")).content.decode()
    assert page.count("The Shop") == 2
    Coalition.objects.update(name={"en": "The Circle"})
    page = boss.get(reverse("admin:programs_coalition_changelist")).content.decode()
    assert (page.count("The Circle"), page.count("The Shop")) == (1, 1)


def test_a_programme_that_is_not_published_says_what_to_do(boss: Client) -> None:
    programme = load(CLUB, now=NOW).programme
    page = desk(boss, programme)
    assert "Not published yet" in page


@pytest.mark.parametrize(
    ("cost", "currency", "words"),
    [
        ("0.010000", "EUR", "€0.01"),
        ("0.005", "EUR", "0.005 EUR"),
        ("100", "EUR", "€100.00"),
        ("2", "JPY", "¥2"),
        (None, "EUR", "—"),
    ],
)
def test_the_cost_of_a_point_is_money(cost: str | None, currency: str, words: str) -> None:
    point_type = PointType(programme=Programme(currency=currency), settings={"cost": cost})
    assert cost_of(point_type) == words


def test_rules_that_left_the_programme_are_found_apart(loaded: Loaded, boss: Client) -> None:
    load(POINTS.read_text().replace("key: per-dollar", "key: new-rule"), now=NOW)
    address = reverse("admin:programs_rule_changelist")
    kept, gone = (Rule.objects.get(retired_at__isnull=each) for each in (True, False))
    for value, shown, hidden in (("no", kept, gone), ("yes", gone, kept)):
        page = boss.get(address, {"retired": value}).content.decode()
        assert reverse("admin:programs_rule_change", args=(shown.pk,)) in page
        assert reverse("admin:programs_rule_change", args=(hidden.pk,)) not in page


@pytest.mark.parametrize("model", [Partner, Store])
def test_a_new_row_shows_only_what_is_asked(boss: Client, model: Any) -> None:
    page = boss.get(reverse(f"admin:programs_{model._meta.model_name}_add")).content.decode()
    assert "DatabaseDefault" not in page
    assert "Sources of receipts" not in page
    assert "Name" in page


def test_a_revision_shows_its_document(loaded: Loaded, boss: Client) -> None:
    assert loaded.revision
    page = boss.get(reverse("admin:programs_revision_change", args=(loaded.revision.pk,))).content.decode()
    assert loaded.revision.sha256 in page
    assert "key: per-dollar" in page
    assert "1\N{NO-BREAK SPACE}point for every full $1.00" in page
    assert "1 Mar 2026, 07:00" in page


@pytest.fixture
def tiers_and_events() -> Programme:
    return load(as_yaml(read_core(WHOLE)), now=NOW, publish=True).programme


@pytest.mark.parametrize(
    ("model", "key", "said"),
    [
        (
            TierLadder,
            "status",
            ["It lasts to the end of the next calendar year.", "from 500.50 EUR", "free delivery"],
        ),
        (TierLadder, "nights", ["the sum of “nights” (Stay)", "from 7.5 (nights)"]),
        (EventType, "stay", ["nights", "amount of money", "the amount of the event"]),
        (EventType, "review", ["Nothing here yet."]),
        (PointType, "points", ["12 months after earning, to the end of the month", "14 days after earning"]),
        (PointType, "stars", ["2.50 Stars become 10 Points, from 5.00 Stars on", "these points only count"]),
        (Rule, "cake", ["100 Points, on the birthday"]),
    ],
)
def test_pages_of_parts_say_what_they_are(
    tiers_and_events: Programme, boss: Client, model: Any, key: str, said: list[str]
) -> None:
    row = model.objects.get(key=key)
    name = f"admin:programs_{model._meta.model_name}"
    page = boss.get(reverse(f"{name}_change", args=(row.pk,)))
    assert page.status_code == 200
    assert [words for words in said if words not in page.content.decode()] == []
    assert boss.get(reverse(f"{name}_changelist"), {"q": key}).status_code == 200


def test_a_programme_tells_its_tiers_and_events(tiers_and_events: Programme, boss: Client) -> None:
    page = desk(boss, tiers_and_events)
    for said in ("Benefits", "from 500.50 EUR", "by invitation", "Sent with it", "nights, price, room"):
        assert said in page


def test_what_cannot_be_read_is_shown_as_it_is_written(tiers_and_events: Programme, boss: Client) -> None:
    TierLadder.objects.update(settings={"key": "broken ladder"})
    EventType.objects.update(settings={"key": "broken event"})
    for model in (TierLadder, EventType, PointType):
        name = f"admin:programs_{model._meta.model_name}"
        row = model.objects.order_by("pk")[0]
        assert boss.get(reverse(f"{name}_changelist")).status_code == 200
        assert boss.get(reverse(f"{name}_change", args=(row.pk,)), follow=True).status_code == 200
    assert "cannot be published yet" in desk(boss, tiers_and_events)


@pytest.mark.parametrize(("model", "part"), [(TierLadder, "ladders"), (EventType, "events")])
def test_lists_of_ladders_and_events_take_the_same_queries_for_many(
    tiers_and_events: Programme, boss: Client, model: Any, part: str
) -> None:
    def queries() -> int:
        with CaptureQueriesContext(connection) as caught:
            boss.get(reverse(f"admin:programs_{model._meta.model_name}_changelist"))
        return len(caught)

    queries()
    few = queries()
    more = [{**WHOLE[part][0], "key": f"more-{number}"} for number in range(7)]
    load(as_yaml(read_core({**WHOLE, part: [*WHOLE[part], *more]})), now=NOW)
    assert queries() == few


def test_ladders_and_events_are_in_the_menu_of_those_who_may_see_them(boss: Client) -> None:
    page = boss.get(reverse("admin:index")).content.decode()
    assert reverse("admin:programs_tierladder_changelist") in page
    assert reverse("admin:programs_eventtype_changelist") in page
    clerk = User.objects.create_staff("clerk@example.com", name="Cara")
    clerk.user_permissions.add(Permission.objects.get(codename="view_pointtype"))
    client = Client()
    client.force_login(clerk)
    page = client.get(reverse("admin:index")).content.decode()
    assert reverse("admin:programs_pointtype_changelist") in page
    assert reverse("admin:programs_tierladder_changelist") not in page
    assert client.get(reverse("admin:programs_eventtype_changelist")).status_code == 403


def test_a_list_of_rules_takes_the_same_queries_for_many(loaded: Loaded, boss: Client) -> None:
    def queries() -> int:
        with CaptureQueriesContext(
            connection,
        ) as caught:
            boss.get(reverse("admin:programs_rule_changelist"))
        return len(caught)

    queries()
    few = queries()
    text = POINTS.read_text()
    rule = text[text.index("  - key: per-dollar") :]
    load(text + "".join(rule.replace("per-dollar", f"rule-{n}") for n in range(30)), now=NOW)
    assert queries() == few


def test_a_new_partner_gets_a_source_and_keeps_its_code(loaded: Loaded, boss: Client) -> None:
    inline = {"sources-TOTAL_FORMS": 0, "sources-INITIAL_FORMS": 0}
    form = {"name_en": "Cafe", "code": "cafe", "status": "active", **inline}
    boss.post(reverse("admin:programs_partner_add"), form)
    cafe = Partner.objects.get(code="cafe")
    assert Source.objects.get(partner=cafe).code == "main"
    boss.post(
        reverse("admin:programs_partner_change", args=(cafe.pk,)), {**form, "name_en": "Bar", "code": "bar"}
    )
    cafe.refresh_from_db()
    assert (str(cafe), cafe.code) == ("Bar", "cafe")
    boss.post(reverse("admin:programs_store_add"), {"partner": cafe.pk, "code": "s1", "name_en": "Harbour"})
    store = Store.objects.get()
    assert str(store) == "Harbour"
    assert boss.get(reverse("admin:programs_store_change", args=(store.pk,))).status_code == 200


# --- commands -----------------------------------------------------------------------------------------------
def test_load_export_and_load_again(tmp_path: Path) -> None:
    answer = json.loads(run("load", POINTS, "--effective-from", "2017-01-01", "--json"))
    assert (answer["programme"], answer["status"], answer["revision"]) == ("grocery-points", "live", 1)
    # Without an offset a time is in the programme's zone.
    start = Revision.objects.get().activations.get().effective_from
    assert start == datetime(2017, 1, 1, 5, tzinfo=UTC)
    copy = tmp_path / "copy.yaml"
    copy.write_text(run("export", "grocery-points"))
    again = json.loads(run("load", copy, "--publish", "--json"))
    assert again == {**answer, "changed": False}
    assert "unchanged" in run("load", copy)
    assert run("export", "grocery-points", "--revision", 1) == copy.read_text()
    assert run("diff", "grocery-points", copy) == run("diff", "grocery-points:1", POINTS)


def test_diff_says_what_is_different(loaded: Loaded, tmp_path: Path) -> None:
    other = tmp_path / "other.yaml"
    other.write_text(POINTS.read_text().replace('"1.00"', '"2.00"'))
    assert run("diff", "grocery-points", other) == "rules[per-dollar].effect.step: 1.00 → 2.00\n"
    [difference] = json.loads(run("diff", "grocery-points:1", other, "--json"))
    assert difference == {"path": "rules[per-dollar].effect.step", "before": "1.00", "after": "2.00"}


@pytest.mark.parametrize(
    ("arguments", "status"),
    [
        (("load", "nowhere.yaml"), 2),
        (("load", str(EXAMPLES)), 2),
        (("export", "nothing"), 1),
        (("diff", "nothing", "nothing"), 1),
        (("diff", "grocery-points:9", "grocery-points"), 1),
        (("diff", "grocery-points:x", "grocery-points"), 1),
    ],
)
def test_refusals_are_sentences(loaded: Loaded, arguments: tuple[str, ...], status: int) -> None:
    err = StringIO()
    with pytest.raises(SystemExit) as ended:
        call_command("programme", *arguments, stdout=StringIO(), stderr=err)
    assert ended.value.code == status
    assert len(err.getvalue().splitlines()) == 1
    assert "There is no such thing" not in err.getvalue()


def test_a_bad_file_is_told_by_line(tmp_path: Path) -> None:
    bad = tmp_path / "bad.yaml"
    bad.write_text(POINTS.read_text().replace("decimals: 0", "decimals: 0.5"))
    err = StringIO()
    with pytest.raises(SystemExit) as ended:
        call_command("programme", "load", str(bad), stdout=StringIO(), stderr=err)
    assert ended.value.code == 2
    assert "bad.yaml" in err.getvalue()
    assert "13:15: 0.5 is a number with a decimal point outside quotes." in err.getvalue()
    assert "(expected: write it in quotes: “0.5”)" in err.getvalue()


def test_an_empty_file_is_called_empty(tmp_path: Path) -> None:
    empty = tmp_path / "empty.yaml"
    empty.write_text("\n \n")
    err = StringIO()
    with pytest.raises(SystemExit) as ended:
        call_command("programme", "load", str(empty), stdout=StringIO(), stderr=err)
    assert ended.value.code == 2
    assert err.getvalue() == f"The file cannot be taken. {empty} is empty.\n"
    assert not Programme.objects.exists()


def test_loading_says_whether_and_from_when_it_counts() -> None:
    told = run("load", POINTS)
    assert told == (
        "grocery-points is loaded.\nThis is the working copy: it counts once it is published (--publish).\n"
    )
    assert run("load", POINTS) == "grocery-points is unchanged.\n"
    told = run("load", POINTS, "--effective-from", "2017-01-01T00:00")
    fingerprint = Revision.objects.get().sha256[:12]
    assert told == (
        "grocery-points is loaded.\n"
        f"Revision 1 ({fingerprint}) is in force from 2017-01-01 00:00, America/New_York.\n"
    )


def test_differences_inside_settings_are_written_like_in_a_file(loaded: Loaded, tmp_path: Path) -> None:
    other = tmp_path / "other.yaml"
    other.write_text(POINTS.read_text() + "    schedule: {weekdays: [mon], since: 2026-01-01T00:00}\n")
    told = run("diff", "grocery-points", other)
    assert told.startswith("rules[per-dollar].schedule: — → {")
    assert "weekdays: [mon]" in told
