"""Reports in the Django process: behind a login, and the same page that the API gives."""

from datetime import UTC, datetime
from uuid import uuid4

import pytest
from django.test import Client

from data_platform.admin.reports import views
from data_platform.admin.reports.models import Report
from data_platform.reporting import page
from data_platform.reporting.document import open_document
from tests.test_report_pages import document


def store(title: str, **fields: object) -> Report:
    values = {"title": title, "start": "2026-03-01", "end": "2026-03-02", "timezone": "UTC", **fields}
    report = Report.objects.create(**values)
    report.refresh_from_db()
    return report


def completed(title: str = "March") -> Report:
    moment = datetime(2026, 4, 1, 6, 5, tzinfo=UTC)
    figures = document().figures.model_dump(mode="json")
    return store(title, status="completed", progress=100, completed_at=moment, figures=figures)


@pytest.mark.django_db
@pytest.mark.parametrize("path", ["/reports/", f"/reports/{uuid4()}/"])
def test_a_stranger_is_sent_to_the_login(client_of_admin: Client, path: str) -> None:
    response = client_of_admin.get(path)
    assert response.status_code == 302
    assert response.headers["Location"] == f"/admin/login/?next={path}"


@pytest.mark.django_db
def test_the_list_has_every_report_newest_first(admin_client: Client) -> None:
    for title in ("A", "B", "C"):
        store(title)
    response = admin_client.get("/reports/")
    text = response.content.decode()
    assert response.status_code == 200
    assert [title for title in ("C", "B", "A") if f">{title}</a>" in text] == ["C", "B", "A"]
    assert text.index(">C</a>") < text.index(">B</a>") < text.index(">A</a>")
    assert response.headers["Content-Security-Policy"] == page.HEADERS["Content-Security-Policy"]


@pytest.mark.django_db
def test_a_long_list_is_paged(admin_client: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(views, "PER_PAGE", 2)
    for title in ("A", "B", "C"):
        store(title)
    first = admin_client.get("/reports/").content.decode()
    second = admin_client.get("/reports/?page=2").content.decode()
    assert [title for title in ("A", "B", "C") if f">{title}</a>" in first] == ["B", "C"]
    assert [title for title in ("A", "B", "C") if f">{title}</a>" in second] == ["A"]
    assert admin_client.get("/reports/?page=99").content.decode() == second
    assert admin_client.get("/reports/?page=x").content.decode() == first


@pytest.mark.django_db
def test_a_completed_report_is_the_page_that_the_api_gives(admin_client: Client) -> None:
    report = completed()
    response = admin_client.get(f"/reports/{report.id}/")
    assert response.content.decode() == page.render_report(open_document(report))
    assert {name: response.headers[name] for name in page.HEADERS} == page.HEADERS


@pytest.mark.django_db
def test_an_unfinished_report_says_how_it_is(admin_client: Client) -> None:
    report = store("March", status="failed", error="The disk is full.", completed_at=datetime(2026, 4, 1, tzinfo=UTC))
    response = admin_client.get(f"/reports/{report.id}/")
    assert response.status_code == 200
    assert "The disk is full." in response.content.decode()
    assert "data-metric" not in response.content.decode()


@pytest.mark.django_db
def test_an_unknown_report_is_a_404(admin_client: Client) -> None:
    assert admin_client.get(f"/reports/{uuid4()}/").status_code == 404


@pytest.mark.django_db
@pytest.mark.parametrize("path", ["/reports/", f"/reports/{uuid4()}/"])
def test_the_pages_are_only_read(admin_client: Client, path: str) -> None:
    response = admin_client.post(path)
    assert (response.status_code, response.headers["Allow"]) == (405, "GET, HEAD")


@pytest.fixture
def client_of_admin() -> Client:
    return Client(raise_request_exception=False)
