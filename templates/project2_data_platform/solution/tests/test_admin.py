"""The Django process."""

import json

import pytest
from django.contrib.auth import get_user_model
from django.test import Client
from fastapi.testclient import TestClient

from data_platform.admin.sources.models import DataSource, Import, OrderSyncRun, RawChunk, Reject, SyncCursor
from data_platform.api.app import create_app
from tests.conftest import authorization


def test_probes_are_answered_whatever_host_is_asked_for(client_of_admin: Client) -> None:
    for path in ("/healthz", "/readyz", "/metrics"):
        assert client_of_admin.get(path, headers={"Host": "10.0.0.7"}).status_code == 200
    assert json.loads(client_of_admin.get("/healthz").content)["process"] == "admin"


def test_a_page_for_an_unknown_host_is_refused(client_of_admin: Client) -> None:
    assert client_of_admin.get("/admin/login/", headers={"Host": "evil.example"}).status_code == 400


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


# Nothing is asked of the database, but at the end of a request Django looks after the connections that others left.
@pytest.mark.django_db
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
def test_the_admin_site_refuses_settings_that_the_api_would_refuse(admin_client: Client) -> None:
    form = {"name": "Shop", "type": "json", "sync_frequency": "daily", "connection": '{"password": "x"}'}
    response = admin_client.post(
        "/admin/sources/datasource/add/", {**form, "processing": '{"delimiter": ";", "timezone": "Mars"}'}
    )
    page = response.content.decode()
    assert response.status_code == 200
    assert "password must not be here" in page
    assert "timezone is no time zone of the IANA list" in page
    assert "delimiter is no setting of a source of type json" in page
    assert not DataSource.objects.exists()


@pytest.mark.django_db
def test_the_type_of_a_source_can_not_be_changed(admin_client: Client) -> None:
    source = DataSource.objects.create(name="Shop", type="csv")
    form = {"name": "Renamed", "type": "json", "sync_frequency": "manual", "connection": "{}", "processing": "{}"}
    response = admin_client.post(f"/admin/sources/datasource/{source.pk}/change/", form)
    assert response.status_code == 302, response.content
    source.refresh_from_db()
    assert (source.name, source.type) == ("Renamed", "csv")


@pytest.fixture
def imported(db: None) -> Import:
    source = DataSource.objects.create(name="Shop export", type="csv")
    Import.objects.create(source=source, file_name="older.csv", size=1, sha256="0" * 64)
    record = Import.objects.create(
        source=source, file_name="march.csv", size=2048, sha256="f" * 64, records=3, processed=2, rejected=1
    )
    reasons = [
        {"field": "date", "code": "missing", "message": "is required, and empty"},
        {"field": None, "code": "malformed-row", "message": "is no object"},
    ]
    Reject.objects.create(import_record=record, row_number=17, raw={"date": ""}, reasons=reasons)
    return record


def test_imports_are_listed_newest_first_with_their_counts(admin_client: Client, imported: Import) -> None:
    page = admin_client.get("/admin/sources/import/").content.decode()
    assert page.index("march.csv") < page.index("older.csv")
    for column, count in (("records", 3), ("processed", 2), ("rejected", 1)):
        assert f'<td class="field-{column}">{count}</td>' in page
    assert "?status__exact=failed" in page
    assert "?source__id__exact=" in page
    filtered = admin_client.get("/admin/sources/import/?status__exact=completed").content.decode()
    assert "march.csv" not in filtered


def test_an_import_can_be_looked_at_but_not_changed(admin_client: Client, imported: Import) -> None:
    page = admin_client.get(f"/admin/sources/import/{imported.pk}/change/").content.decode()
    assert "f" * 64 in page
    assert 'name="_save"' not in page
    assert admin_client.get("/admin/sources/import/add/").status_code == 403
    assert admin_client.post(f"/admin/sources/import/{imported.pk}/delete/", {"post": "yes"}).status_code == 403
    assert Import.objects.filter(pk=imported.pk).exists()


def test_rejects_are_listed_with_their_reasons_and_can_not_be_changed(admin_client: Client, imported: Import) -> None:
    page = admin_client.get("/admin/sources/reject/").content.decode()
    assert '<td class="field-row_number">17</td>' in page
    assert "date: missing; row: malformed-row" in page
    one = admin_client.get(f"/admin/sources/reject/{Reject.objects.get().pk}/change/")
    assert one.status_code == 200
    assert 'name="_save"' not in one.content.decode()


def test_a_source_with_imports_stays(admin_client: Client, imported: Import) -> None:
    page = admin_client.post(f"/admin/sources/datasource/{imported.source_id}/delete/", {"post": "yes"})
    assert "Cannot delete data source" in page.content.decode()
    assert DataSource.objects.count() == 1


def test_rows_say_what_they_are(imported: Import) -> None:
    assert str(imported) == "march.csv (pending)"
    assert str(Reject.objects.get()) == f"row 17 of import {imported.pk}"
    assert str(RawChunk(import_record=imported, number=2)) == f"piece 2 of import {imported.pk}"
    assert str(OrderSyncRun(pk=3, status="failed")) == "run 3 (failed)"
    assert str(SyncCursor(feed="orders", cursor="1041")) == "orders at 1041"


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
    (source,) = TestClient(create_app(), headers=authorization()).get("/api/v1/data-sources").json()["items"]
    assert (source["name"], source["processing"]) == ("Shop export", {"delimiter": ";"})
    assert (source["sync_frequency"], source["active"]) == ("manual", True)


@pytest.mark.django_db
def test_the_user_model_is_ours() -> None:
    user = get_user_model().objects.create_user("ada", password="correct horse")
    assert user._meta.db_table == "users"
    assert user.check_password("correct horse")
