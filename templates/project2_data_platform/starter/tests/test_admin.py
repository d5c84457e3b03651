"""The Django process."""

import json

import pytest
from django.contrib.auth import get_user_model
from django.test import Client
from fastapi.testclient import TestClient

from data_platform.admin.sources.models import DataSource
from data_platform.api.app import create_app


def test_probes_are_answered_whatever_host_is_asked_for(client_of_admin: Client) -> None:
    for path in ("/healthz", "/readyz", "/metrics"):
        assert client_of_admin.get(path, headers={"Host": "10.0.0.7"}).status_code == 200
    assert json.loads(client_of_admin.get("/healthz").content)["process"] == "admin"


def test_a_page_for_an_unknown_host_is_refused(client_of_admin: Client) -> None:
    assert client_of_admin.get("/admin/login/", headers={"Host": "evil.example"}).status_code == 400


def test_the_token_is_not_built_yet(client_of_admin: Client) -> None:
    response = client_of_admin.post("/api/token/", {"username": "a", "password": "b"}, "application/json")
    assert response.status_code == 501
    assert response.headers["Content-Type"] == "application/problem+json"
    assert json.loads(response.content)["detail"].startswith("TODO(m1.2): ")


def test_errors_are_problems(client_of_admin: Client) -> None:
    missing = client_of_admin.get("/nowhere", headers={"X-Request-Id": "abc"})
    assert missing.status_code == 404
    assert missing.headers["Content-Type"] == "application/problem+json"
    assert missing.headers["X-Request-Id"] == "abc"
    assert json.loads(missing.content)["request_id"] == "abc"
    wrong = client_of_admin.get("/api/token/")
    assert wrong.status_code == 405
    assert wrong.headers["Allow"] == "POST, OPTIONS"
    assert json.loads(wrong.content)["title"] == "Method Not Allowed"


def test_a_browser_gets_a_page(client_of_admin: Client) -> None:
    response = client_of_admin.get("/nowhere", headers={"Accept": "text/html,*/*"})
    assert response.status_code == 404
    assert response.headers["Content-Type"].startswith("text/html")


def test_the_root_leads_to_the_admin_site(client_of_admin: Client) -> None:
    assert client_of_admin.get("/").headers["Location"] == "/admin/"


def test_the_style_sheets_of_the_admin_site_are_served(client_of_admin: Client) -> None:
    response = client_of_admin.get("/static/admin/css/base.css")
    response.close()
    assert response.status_code == 200


@pytest.fixture
def client_of_admin() -> Client:
    return Client(raise_request_exception=False)


@pytest.mark.django_db
def test_an_operator_creates_a_source_in_the_admin_site(admin_client: Client) -> None:
    form = {"name": "Shop export", "type": "csv", "sync_frequency": "daily", "connection": "{}", "processing": "{}"}
    response = admin_client.post("/admin/sources/datasource/add/", {**form, "active": "on"})
    assert response.status_code == 302, response.content
    source = DataSource.objects.get()
    assert (source.name, source.sync_frequency, source.active) == ("Shop export", "daily", True)
    assert "Shop export" in admin_client.get("/admin/sources/datasource/?q=shop").content.decode()


@pytest.mark.django_db
def test_a_stranger_is_sent_to_the_login(client_of_admin: Client) -> None:
    response = client_of_admin.get("/admin/sources/datasource/")
    assert response.status_code == 302
    assert response.headers["Location"].startswith("/admin/login/")


@pytest.mark.django_db
def test_an_error_in_a_page_gives_nothing_away(
    client_of_admin: Client, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def broken(*_arguments: object, **_named: object) -> None:
        raise RuntimeError("the password is hunter2")

    monkeypatch.setattr("data_platform.admin.accounts.views.TokenView.post", broken)
    response = client_of_admin.post("/api/token/")
    assert response.status_code == 500
    assert response.headers["Content-Type"] == "application/problem+json"
    assert b"hunter2" not in response.content
    assert any(record.exc_info for record in caplog.records)


@pytest.mark.django_db(transaction=True)
def test_what_django_writes_the_api_reads() -> None:
    DataSource.objects.create(name="Shop export", type="csv", processing={"delimiter": ";"})
    (source,) = TestClient(create_app()).get("/api/v1/data-sources").json()["items"]
    assert (source["name"], source["processing"]) == ("Shop export", {"delimiter": ";"})
    assert (source["sync_frequency"], source["active"]) == ("manual", True)


@pytest.mark.django_db
def test_the_user_model_is_ours() -> None:
    user = get_user_model().objects.create_user("ada", password="correct horse")
    assert user._meta.db_table == "users"
    assert user.check_password("correct horse")
