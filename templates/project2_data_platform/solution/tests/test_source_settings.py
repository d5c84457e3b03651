"""Settings of a data source, by its type."""

from typing import Any

import pytest
from fastapi.testclient import TestClient

from data_platform.source_settings import faults
from data_platform.sources import SourceType

BASE = "/api/v1/data-sources"


def wrong(kind: str, connection: dict[str, Any] | None = None, processing: dict[str, Any] | None = None) -> list[str]:
    found = faults(SourceType(kind), {"connection": connection or {}, "processing": processing or {}})
    return [".".join(fault.path) for fault in found]


@pytest.mark.parametrize(
    ("kind", "processing"),
    [
        ("csv", {"timezone": "Europe/Berlin", "delimiter": ";", "encoding": "latin-1"}),
        ("csv", {"delimiter": "\t", "encoding": "cp1252", "colour": {"a": [1]}}),
        ("json", {"timezone": "UTC", "encoding": "utf-8-sig", "records_path": "data.items"}),
        ("xlsx", {"timezone": "Asia/Kolkata", "sheet": "x" * 31}),
        ("api", {"timezone": "America/Los_Angeles"}),
    ],
)
def test_each_type_takes_its_own_settings(kind: str, processing: dict[str, Any]) -> None:
    assert wrong(kind, {"url": "https://partner.example/"}, processing) == []


@pytest.mark.parametrize(
    ("kind", "processing", "keys"),
    [
        ("csv", {"delimiter": ""}, ["delimiter"]),
        ("csv", {"delimiter": ";;"}, ["delimiter"]),
        ("csv", {"delimiter": '"'}, ["delimiter"]),
        ("csv", {"delimiter": "\n"}, ["delimiter"]),
        ("csv", {"delimiter": 7}, ["delimiter"]),
        ("csv", {"delimiter": None}, ["delimiter"]),
        ("json", {"delimiter": ";"}, ["delimiter"]),
        ("csv", {"encoding": "utf-16"}, ["encoding"]),
        ("xlsx", {"encoding": "utf-8"}, ["encoding"]),
        ("csv", {"timezone": "Mars/Olympus"}, ["timezone"]),
        ("csv", {"timezone": ""}, ["timezone"]),
        ("csv", {"timezone": "../etc/passwd"}, ["timezone"]),
        ("csv", {"sheet": "Sales"}, ["sheet"]),
        ("xlsx", {"sheet": ""}, ["sheet"]),
        ("xlsx", {"sheet": "x" * 32}, ["sheet"]),
        ("csv", {"records_path": "a"}, ["records_path"]),
        ("json", {"records_path": ""}, ["records_path"]),
        ("api", {"records_path": "a", "sheet": "b"}, ["records_path", "sheet"]),
        ("csv", {"timezone": "x", "delimiter": ";;", "sheet": "y"}, ["timezone", "delimiter", "sheet"]),
    ],
)
def test_each_key_that_does_not_fit_is_one_fault(kind: str, processing: dict[str, Any], keys: list[str]) -> None:
    connection = {"url": "https://partner.example/"} if kind == "api" else {}
    assert wrong(kind, connection, processing) == [f"processing.{key}" for key in keys]


@pytest.mark.parametrize(
    "connection",
    [
        {"url": "https://partner.example/orders", "token_env": "PARTNER_TOKEN"},
        {"url": "http://localhost:3000", "retries": 3},
    ],
)
def test_an_api_has_an_address_and_names_its_token(connection: dict[str, Any]) -> None:
    assert wrong("api", connection) == []


@pytest.mark.parametrize(
    ("kind", "connection", "keys"),
    [
        ("api", {}, ["url"]),
        ("api", {"url": ""}, ["url"]),
        ("api", {"url": None}, ["url"]),
        ("api", {"url": "ftp://partner.example"}, ["url"]),
        ("api", {"url": "partner.example"}, ["url"]),
        ("api", {"url": "https://user:secret@partner.example"}, ["url"]),
        ("api", {"url": "https://user@partner.example"}, ["url"]),
        ("csv", {"url": "nowhere"}, ["url"]),
        ("csv", {"token_env": "lower"}, ["token_env"]),
        ("csv", {"token_env": "A\n"}, ["token_env"]),
        ("csv", {"token_env": "9LIVES"}, ["token_env"]),
        ("csv", {"password": "x"}, ["password"]),
        ("csv", {"token": None}, ["token"]),
        ("csv", {"secret": 1, "API_KEY": "x"}, ["secret", "API_KEY"]),
        ("csv", {"login": [{"user": "a", "Password": "b"}]}, ["login.0.Password"]),
    ],
)
def test_addresses_are_checked_and_credentials_refused(kind: str, connection: dict[str, Any], keys: list[str]) -> None:
    assert wrong(kind, connection) == [f"connection.{key}" for key in keys]


def test_the_api_names_each_wrong_key_by_its_path(client: TestClient) -> None:
    body = {
        "name": "Shop",
        "type": "csv",
        "connection": {"token": "x"},
        "processing": {"delimiter": ";;", "timezone": "Mars"},
    }
    response = client.post(BASE, json=body)
    assert response.status_code == 422
    assert {error["field"]: error["message"] for error in response.json()["errors"]} == {
        "connection.token": "must not be here; name an environment variable by token_env",
        "processing.timezone": "is no time zone of the IANA list",
        "processing.delimiter": "String should have at most 1 character",
    }
    assert client.get(BASE).json()["total"] == 0


def test_a_source_of_type_api_needs_its_address(client: TestClient) -> None:
    response = client.post(BASE, json={"name": "", "type": "api"})
    assert response.status_code == 422
    assert [error["field"] for error in response.json()["errors"]] == ["name", "connection.url"]


def test_a_change_is_held_to_the_type_that_the_source_has(client: TestClient) -> None:
    source = client.post(BASE, json={"name": "Shop", "type": "json", "processing": {"records_path": "a"}}).json()
    one = f"{BASE}/{source['id']}"
    response = client.patch(one, json={"processing": {"delimiter": ";", "timezone": "UTC"}})
    assert response.status_code == 422
    assert response.json()["errors"] == [
        {"field": "processing.delimiter", "message": "is no setting of a source of type json"}
    ]
    assert [error["field"] for error in client.patch(one, json={"connection": {"url": "x"}}).json()["errors"]] == [
        "connection.url"
    ]
    assert client.get(one).json() == source
    assert client.patch(one, json={"processing": {"encoding": "utf-8"}}).json()["processing"] == {"encoding": "utf-8"}


def test_the_address_of_an_api_can_not_be_taken_away(client: TestClient) -> None:
    body = {"name": "Partner", "type": "api", "connection": {"url": "https://partner.example"}}
    one = client.post(BASE, json=body).headers["Location"]
    response = client.patch(one, json={"connection": {}})
    assert response.status_code == 422
    assert [error["field"] for error in response.json()["errors"]] == ["connection.url"]
