"""The data sources, over HTTP."""

from typing import Any

import pytest
from fastapi.testclient import TestClient
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from data_platform import sources

BASE = "/api/v1/data-sources"


def create(client: TestClient, name: str = "Shop export", **fields: Any) -> dict[str, Any]:
    response = client.post(BASE, json={"name": name, "type": "csv", **fields})
    assert response.status_code == 201, response.text
    body: dict[str, Any] = response.json()
    return body


def test_a_source_is_created_with_defaults_and_can_be_read_back(client: TestClient) -> None:
    response = client.post(BASE, json={"name": "  Shop export ", "type": "csv"})
    body = response.json()
    assert response.status_code == 201
    assert response.headers["Location"] == f"{BASE}/{body['id']}"
    assert body["name"] == "Shop export"
    assert (body["connection"], body["processing"]) == ({}, {})
    assert (body["sync_frequency"], body["active"]) == ("manual", True)
    assert (body["last_sync_at"], body["next_sync_at"]) == (None, None)
    assert body["created_at"].endswith("Z")
    assert client.get(response.headers["Location"]).json() == body


def test_a_name_is_taken_only_once(client: TestClient) -> None:
    create(client)
    response = client.post(BASE, json={"name": "Shop export", "type": "json"})
    assert response.status_code == 409
    assert response.json()["errors"] == [{"field": "name", "message": "is taken by another data source"}]
    assert client.get(BASE).json()["total"] == 1


def test_a_change_of_name_can_not_take_another_ones(client: TestClient) -> None:
    create(client, "A")
    other = create(client, "B")
    assert client.patch(f"{BASE}/{other['id']}", json={"name": "A"}).status_code == 409
    assert client.get(f"{BASE}/{other['id']}").json()["name"] == "B"


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({"type": "csv"}, "name"),
        ({"name": "   ", "type": "csv"}, "name"),
        ({"name": "x" * 121, "type": "csv"}, "name"),
        ({"name": "a\x00b", "type": "csv"}, "name"),
        ({"name": 7, "type": "csv"}, "name"),
        ({"name": "A"}, "type"),
        ({"name": "A", "type": "pdf"}, "type"),
        ({"name": "A", "type": "csv", "active": "yes"}, "active"),
        ({"name": "A", "type": "csv", "sync_frequency": "yearly"}, "sync_frequency"),
        ({"name": "A", "type": "csv", "connection": []}, "connection"),
        ({"name": "A", "type": "csv", "connection": {"a": ["\x00"]}}, "connection"),
        ({"name": "A", "type": "csv", "processing": {"\x00": 1}}, "processing"),
        ({"name": "A", "type": "csv", "colour": "red"}, "colour"),
    ],
)
def test_each_wrong_field_is_named(client: TestClient, body: dict[str, Any], field: str) -> None:
    response = client.post(BASE, json=body)
    assert response.status_code == 422
    assert response.headers["Content-Type"] == "application/problem+json"
    assert [error["field"] for error in response.json()["errors"]] == [field]
    assert client.get(BASE).json()["total"] == 0


@pytest.mark.parametrize("number", ["NaN", "-Infinity", "1e999"])
def test_a_number_that_json_does_not_know_is_refused(client: TestClient, number: str) -> None:
    text = f'{{"name": "A", "type": "csv", "processing": {{"rows": {number}}}}}'
    response = client.post(BASE, content=text, headers={"Content-Type": "application/json"})
    assert response.status_code == 422
    assert response.json()["errors"][0]["field"] == "processing"


def test_several_wrong_fields_are_named_at_once(client: TestClient) -> None:
    problem = client.post(BASE, json={"name": "", "type": "pdf"}).json()
    assert problem["detail"] == "2 fields are not valid."
    assert {error["field"] for error in problem["errors"]} == {"name", "type"}


def test_a_body_that_is_not_json_is_refused(client: TestClient) -> None:
    response = client.post(BASE, content="{", headers={"Content-Type": "application/json"})
    assert response.status_code == 422
    assert response.json()["errors"][0]["field"] == "body"


def test_a_change_leaves_the_other_fields_alone(client: TestClient) -> None:
    before = create(client, processing={"delimiter": ";"})
    after = client.patch(f"{BASE}/{before['id']}", json={"active": False}).json()
    assert after.pop("updated_at") > before.pop("updated_at")
    assert after == {**before, "active": False}


@pytest.mark.parametrize("body", [{}, {"type": "json"}, {"name": None}, {"active": None}, {"id": 7}])
def test_a_change_that_changes_nothing_or_too_much_is_refused(client: TestClient, body: dict[str, Any]) -> None:
    source = create(client)
    assert client.patch(f"{BASE}/{source['id']}", json=body).status_code == 422
    assert client.get(f"{BASE}/{source['id']}").json() == source


def test_a_deleted_source_is_gone(client: TestClient) -> None:
    one = f"{BASE}/{create(client)['id']}"
    response = client.delete(one)
    assert (response.status_code, response.content) == (204, b"")
    assert client.get(one).status_code == 404
    assert client.get(BASE).json()["total"] == 0


@pytest.mark.parametrize("method", ["GET", "PATCH", "DELETE"])
def test_an_unknown_source_is_a_404(client: TestClient, method: str) -> None:
    response = client.request(method, f"{BASE}/4711", json={"active": True} if method == "PATCH" else None)
    assert response.status_code == 404
    assert response.json()["detail"] == "There is no data source 4711."


@pytest.mark.parametrize("row_id", ["0", "-1", "abc", "9223372036854775808"])
def test_an_impossible_id_is_a_422(client: TestClient, row_id: str) -> None:
    response = client.get(f"{BASE}/{row_id}")
    assert response.status_code == 422
    assert response.json()["errors"][0]["field"] == "id"


def test_the_list_is_paged_by_name(client: TestClient) -> None:
    for name in ("C", "A", "B"):
        create(client, name)
    first = client.get(BASE, params={"per_page": 2}).json()
    second = client.get(BASE, params={"per_page": 2, "page": 2}).json()
    beyond = client.get(BASE, params={"per_page": 2, "page": 3}).json()
    assert [[item["name"] for item in page["items"]] for page in (first, second, beyond)] == [["A", "B"], ["C"], []]
    assert [(page["page"], page["per_page"], page["total"]) for page in (first, second, beyond)] == [
        (1, 2, 3),
        (2, 2, 3),
        (3, 2, 3),
    ]


def test_a_page_has_20_sources_unless_asked_and_begins_at_the_first(client: TestClient) -> None:
    for number in range(21):
        create(client, f"Source {number:02}")
    page = client.get(BASE).json()
    assert [item["name"] for item in page["items"]] == [f"Source {number:02}" for number in range(20)]
    assert (page["page"], page["per_page"], page["total"]) == (1, 20, 21)


def test_the_list_is_filtered_by_type_and_state(client: TestClient) -> None:
    create(client, "A")
    create(client, "B", type="json")
    create(client, "C", type="json", active=False)

    def names(**filters: str) -> list[str]:
        return [item["name"] for item in client.get(BASE, params=filters).json()["items"]]

    assert names(type="json") == ["B", "C"]
    assert names(active="false") == ["C"]
    assert names(type="json", active="true") == ["B"]


@pytest.mark.parametrize("query", ["page=0", "page=1000001", "per_page=0", "per_page=101", "type=pdf", "active=2"])
def test_an_impossible_page_or_filter_is_a_422(client: TestClient, query: str) -> None:
    response = client.get(f"{BASE}?{query}")
    assert response.status_code == 422
    assert response.json()["errors"][0]["field"] == query.partition("=")[0]


def test_a_broken_rule_other_than_the_name_is_not_called_a_taken_name(session: Session) -> None:
    values = {
        "name": "A",
        "type": "pdf",
        "connection": {},
        "processing": {},
        "sync_frequency": "manual",
        "active": True,
    }
    with pytest.raises(IntegrityError):
        sources.create_source(session, values)
