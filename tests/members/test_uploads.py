"""Files that people send: what is proposed, what is refused, what a trial says, what is taken in."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from django.urls import reverse

from loyalty.core import jobs
from loyalty.core.choices import JobState
from loyalty.core.models import Job, User
from loyalty.core.problems import InvalidFile
from members.models import Membership, Purchase, Upload
from members.services.imports import sheets, uploads
from programs.models import Programme
from programs.services.programmes import load
from tests.members.small_ledger import at

pytestmark = pytest.mark.django_db
CLUB = """
programme: {key: club, name: {en: Club}, zone: Europe/Tallinn, currency: EUR, languages: [en]}
point_types: [{key: points, name: {en: Points}}]
rules: [{key: base, title: {en: Base}, effect: {kind: per_step, points: 1, step: "1.00"}}]
"""
OURS = "receipt,occurred_at,member,store,sku,quantity,amount\nr1,2026-03-01T10:00,A-1,s1,milk,1,12.50\n"
THEIRS = (
    "Чек;Дата;Карта;Магазин;Артикул;Кол-во;Сумма;Комментарий\r\n"
    'r1;01.03.2026 10:00;A-1;s1;milk;1;12,50;"первая\r\nпокупка"\r\n'
    "r2;01.03.2026 11:00;A-2;s1;bread;2;3,99;\r\n"
)


@pytest.fixture(autouse=True)
def _folder(settings: Any, tmp_path: Path) -> None:
    settings.VAR_DIR = tmp_path


@pytest.fixture
def club() -> Programme:
    return load(CLUB, now=at("2026-01-01"), publish=True, effective_from=at("2026-01-01")).programme


@pytest.fixture
def boss() -> Client:
    client = Client()
    client.force_login(User.objects.create_superuser("boss@example.com", name="Bea"))
    return client


def send(
    boss: Client, club: Programme, content: bytes, name: str = "march.csv", kind: str = "purchases"
) -> Any:
    partner = club.coalition.operator
    file = SimpleUploadedFile(name, content)
    data = {"kind": kind, "programme": club.pk, "partner": partner.pk, "file": file}
    return boss.post(reverse("admin:members_upload_add"), data)


def page_of(upload: Upload) -> str:
    return reverse("admin:members_upload_change", args=[upload.pk])


def choices(upload: Upload, **changed: Any) -> dict[str, Any]:
    """What the page would send when nothing but `changed` was changed."""
    values = {"encoding": upload.encoding, "decimals": upload.decimals, "moments": upload.moments}
    if upload.enrol:
        values["enrol"] = "on"
    for index, meaning in enumerate(upload.columns):
        values[f"column_{index}"] = meaning
    return values | changed


def work(upload: Upload) -> Job:
    """What the worker does."""
    upload.refresh_from_db()
    assert upload.job is not None
    job = jobs.run(upload.job.pk)
    assert job is not None
    upload.refresh_from_db()
    return job


def test_a_file_of_ours_is_tried_and_then_taken(boss: Client, club: Programme) -> None:
    send(boss, club, OURS.encode())
    upload = Upload.objects.get()
    assert upload.columns == OURS.splitlines()[0].split(",")
    assert boss.get(page_of(upload)).status_code == 200
    boss.post(page_of(upload), choices(upload, do="try"))
    assert work(upload).state == JobState.DONE
    assert not Purchase.objects.exists()
    assert upload.checked is not None
    page = boss.get(page_of(upload)).content.decode()
    assert "What would happen" in page
    boss.post(page_of(upload), choices(upload, do="take"))
    assert work(upload).state == JobState.DONE
    purchase = Purchase.objects.get()
    assert (purchase.number, purchase.amount, upload.taken.file_name) == ("r1", 1250, "march.csv")
    # The file is not kept any longer than it is needed.
    assert list(uploads.folder().iterdir()) == []
    assert "What became of it" in boss.get(page_of(upload)).content.decode()


def test_a_file_of_somebody_elses_system_is_understood_once_it_is_explained(
    boss: Client, club: Programme
) -> None:
    send(boss, club, THEIRS.encode("windows-1251"))
    upload = Upload.objects.get()
    assert upload.encoding == "windows-1251"
    assert upload.columns == [
        "receipt", "occurred_at", "member", "store", "sku", "quantity", "amount", "",
    ]  # fmt: skip
    # As it stands the numbers are not ours: nothing is guessed.
    boss.post(page_of(upload), choices(upload, do="try"))
    work(upload)
    assert upload.checked is not None
    assert {error.code for error in upload.checked.row_errors.all()} == {"not_a_number"}
    boss.post(page_of(upload), choices(upload, do="take", decimals="comma", moments="dmy"))
    assert work(upload).state == JobState.DONE
    assert dict(Purchase.objects.values_list("number", "amount")) == {"r1": 1250, "r2": 399}
    assert Purchase.objects.get(number="r1").occurred_at == at("2026-03-01T08:00")
    assert Membership.objects.count() == 2


def test_lines_keep_their_numbers_whatever_stands_in_the_cells(boss: Client, club: Programme) -> None:
    bad = THEIRS.replace("2;3,99", "2;3,999")
    send(boss, club, bad.encode())
    upload = Upload.objects.get()
    boss.post(page_of(upload), choices(upload, do="try", decimals="comma", moments="dmy"))
    work(upload)
    assert upload.checked is not None
    [error] = upload.checked.row_errors.all()
    # The first receipt takes two lines of the file, and the comment that is not taken had one of them.
    assert (error.code, error.line) == ("too_many_decimals", 3)
    answer = boss.get(reverse("admin:members_upload_errors", args=[upload.pk]))
    assert b"too_many_decimals" in answer.content


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"", "empty"),
        (b"\n\n", "empty"),
        (b"PK\x03\x04\x00\x00" + b"\x00" * 50, "not a CSV file"),
        (b'receipt,"occurred', "not a CSV file"),
        (b'a,b\n1,"2\n', "from line"),
        (",".join(f"c{n}" for n in range(500)).encode(), "columns"),
    ],
)
def test_what_is_no_table_is_refused_and_nothing_is_kept(
    boss: Client, club: Programme, content: bytes, said: str
) -> None:
    answer = send(boss, club, content)
    assert answer.status_code == 200
    assert said in str(answer.context["form"].errors)
    assert not Upload.objects.exists()
    assert not uploads.folder().exists() or list(uploads.folder().iterdir()) == []


def test_a_name_with_a_path_is_only_a_name(boss: Client, club: Programme) -> None:
    send(boss, club, OURS.encode(), name="../../etc/x.csv")
    assert Upload.objects.get().file_name == "x.csv"
    assert [path.parent for path in uploads.folder().iterdir()] == [uploads.folder()]


def test_columns_that_do_not_fit_are_told_and_nothing_is_started(boss: Client, club: Programme) -> None:
    send(boss, club, OURS.encode())
    upload = Upload.objects.get()
    page = boss.post(
        page_of(upload), choices(upload, do="try", column_0="", column_5="amount")
    ).content.decode()
    assert "number of the receipt: Say which column" in page
    assert "Two columns of the file cannot both be this" in page
    assert not Job.objects.exists()


def test_all_or_nothing_says_what_was_wrong(boss: Client, club: Programme) -> None:
    send(boss, club, (OURS + "r2,yesterday,A-1,s1,milk,1,1.00\n").encode())
    upload = Upload.objects.get()
    boss.post(page_of(upload), choices(upload, do="take", strict="on"))
    job = work(upload)
    assert job.state == JobState.FAILED
    assert not Purchase.objects.exists()
    page = boss.get(page_of(upload)).content.decode()
    assert "nothing was imported" in page
    assert "yesterday" in page


def test_a_file_is_worked_on_once_at_a_time(boss: Client, club: Programme) -> None:
    send(boss, club, OURS.encode())
    upload = Upload.objects.get()
    boss.post(page_of(upload), choices(upload, do="take"))
    boss.post(page_of(upload), choices(upload, do="take"))
    assert Job.objects.count() == 1
    assert "being worked on" in boss.get(page_of(upload)).content.decode()
    progress = reverse("admin:members_upload_progress", args=[upload.pk])
    assert "HX-Refresh" not in boss.get(progress)
    work(upload)
    assert boss.get(progress)["HX-Refresh"] == "true"
    # It is taken: it cannot be taken again.
    boss.post(page_of(upload), choices(upload, do="take"))
    assert Job.objects.count() == 1


def test_a_week_later_the_file_is_gone_but_not_what_is_known(boss: Client, club: Programme) -> None:
    send(boss, club, OURS.encode())
    upload = Upload.objects.get()
    uploads.throw_away(upload.created_at + uploads.KEPT)
    assert boss.post(page_of(upload), choices(upload, do="take")).status_code == 200
    assert not Job.objects.exists()
    assert "not kept any more" in boss.get(page_of(upload)).content.decode()


def test_who_may_not_sees_and_sends_nothing(club: Programme) -> None:
    clerk = User.objects.create_staff("clerk@example.com", name="Cara")
    client = Client()
    client.force_login(clerk)
    assert client.get(reverse("admin:members_upload_add")).status_code == 403
    assert send(client, club, OURS.encode()).status_code == 403
    assert client.get(reverse("admin:members_upload_errors", args=[1])).status_code == 403
    assert not Upload.objects.exists()


def test_errors_are_no_formulas(boss: Client, club: Programme) -> None:
    send(boss, club, (OURS + '=cmd|"/C calc"!A0,x,A-1,s1,milk,1,1.00\n').encode())
    upload = Upload.objects.get()
    boss.post(page_of(upload), choices(upload, do="try"))
    work(upload)
    content = boss.get(reverse("admin:members_upload_errors", args=[upload.pk])).content.decode()
    assert ",=cmd" not in content


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16"])
def test_unicode_says_what_it_is(tmp_path: Path, encoding: str) -> None:
    file = tmp_path / "a.csv"
    file.write_bytes("Чек,Õpik\n1,2\n".encode(encoding))
    assert sheets.beginning(file, sheets.detected(file)).header == ["Чек", "Õpik"]


def test_a_wrong_encoding_is_refused_with_words(tmp_path: Path) -> None:
    file = tmp_path / "a.csv"
    file.write_bytes("Чек\n".encode("windows-1251"))
    with pytest.raises(InvalidFile, match="another one"):
        sheets.beginning(file, "utf-8-sig")
