"""The application is what docs/openapi.yaml says: these operations, and answers that tests/conftest.py judges."""

import pytest
from fastapi.testclient import TestClient
from openapi_core.exceptions import OpenAPIError

from data_platform.api.app import create_app
from tests.contract import METHODS, assert_conforms, operations


def test_every_operation_of_the_contract_exists_and_no_other() -> None:
    built = {
        (method.upper(), path)
        for path, item in create_app().openapi()["paths"].items()
        for method in item
        if method in METHODS
    }
    assert built == operations()


def test_data_sources_conform_to_the_contract(client: TestClient) -> None:
    base = "/api/v1/data-sources"
    created = client.post(base, json={"name": "Shop export", "type": "csv", "processing": {"delimiter": ";"}})
    one = created.headers["Location"]
    answers = {
        201: [created],
        200: [client.get(base), client.get(one), client.patch(one, json={"active": False})],
        409: [client.post(base, json={"name": "Shop export", "type": "json"})],
        422: [client.post(base, json={"name": " "}), client.get(f"{base}?page=0"), client.patch(one, json={})],
        204: [client.delete(one)],
        404: [client.get(one), client.delete(one), client.patch(one, json={"active": True})],
    }
    for status, responses in answers.items():
        for response in responses:
            assert response.status_code == status
            assert_conforms(response)


def test_operations_conform_to_the_contract(client: TestClient) -> None:
    for path in ("/healthz", "/readyz", "/metrics"):
        response = client.get(path)
        assert response.status_code == 200
        assert_conforms(response)


def test_an_answer_outside_the_contract_is_noticed(client: TestClient) -> None:
    response = client.get("/api/v1/data-sources")
    response._content = b'{"items": "none"}'
    with pytest.raises(OpenAPIError):
        assert_conforms(response)


@pytest.mark.parametrize(("method", "path"), sorted(operations()))
def test_a_stranger_is_refused_before_anything_of_the_request_is_read(
    client: TestClient, method: str, path: str
) -> None:
    del client.headers["Authorization"]
    response = client.request(
        method, path.replace("{id}", "x"), content=b"{", headers={"Content-Type": "application/json"}
    )
    assert response.status_code == (401 if path.startswith("/api/v1/") else 200)
    assert ("WWW-Authenticate" in response.headers) == path.startswith("/api/v1/")
