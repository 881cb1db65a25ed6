import pytest
from django.test import Client


def test_the_process_answers_without_a_database(client: Client) -> None:
    assert client.get("/healthz").json() == {"status": "ok"}


@pytest.mark.django_db
def test_ready_means_the_database_answers(client: Client) -> None:
    assert client.get("/readyz").json() == {"status": "ok"}


def test_the_root_leads_to_the_back_office(client: Client) -> None:
    assert client.get("/").headers["Location"] == "/admin/"


@pytest.mark.django_db
def test_only_the_back_office_may_evaluate_expressions(client: Client) -> None:
    assert "unsafe" not in client.get("/healthz").headers["Content-Security-Policy"]
    policy = client.get("/admin/login/").headers["Content-Security-Policy"]
    assert "script-src 'self' 'unsafe-eval'" in policy
    assert "script-src 'self' 'unsafe-inline'" not in policy
