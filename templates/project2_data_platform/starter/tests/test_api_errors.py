"""Every error of the API has one form, and gives nothing away."""

import json
import logging

import pytest
from fastapi import FastAPI
from fastapi.responses import StreamingResponse
from fastapi.testclient import TestClient
from starlette.exceptions import HTTPException

from data_platform.api.app import create_app


def test_an_unknown_path_is_a_404_problem(client: TestClient) -> None:
    response = client.get("/nowhere")
    assert response.status_code == 404
    assert response.headers["Content-Type"] == "application/problem+json"
    body = response.json()
    assert body.pop("request_id") == response.headers["X-Request-Id"]
    assert body == {
        "type": "about:blank",
        "title": "Not Found",
        "status": 404,
        "detail": "There is nothing at this path.",
    }


def test_a_wrong_method_is_a_405_problem_that_names_the_right_ones(client: TestClient) -> None:
    response = client.put("/healthz")
    assert response.status_code == 405
    assert response.headers["Allow"] == "GET"
    assert response.json()["detail"] == "This path doesn't take this method."


@pytest.fixture
def broken_app() -> FastAPI:
    app = create_app()

    @app.get("/broken")
    def broken() -> None:
        raise RuntimeError("the password is hunter2")

    @app.get("/teapot")
    def teapot() -> None:
        raise HTTPException(418, "Short and stout.")

    @app.get("/halfway")
    def halfway() -> StreamingResponse:
        def chunks() -> object:
            yield b"some"
            raise RuntimeError("the rest is lost")

        return StreamingResponse(chunks())  # type: ignore[arg-type]

    return app


def test_an_unexpected_error_is_a_500_that_says_nothing_of_its_cause(
    broken_app: FastAPI, caplog: pytest.LogCaptureFixture
) -> None:
    response = TestClient(broken_app, raise_server_exceptions=False).get("/broken", headers={"X-Request-Id": "abc"})
    assert response.status_code == 500
    assert response.headers["Content-Type"] == "application/problem+json"
    assert response.headers["X-Request-Id"] == "abc"
    assert "hunter2" not in response.text
    assert "Traceback" not in response.text
    assert any(record.exc_info for record in caplog.records if record.levelno == logging.ERROR)


def test_an_error_with_a_detail_keeps_it(broken_app: FastAPI) -> None:
    response = TestClient(broken_app).get("/teapot")
    assert (response.status_code, response.json()["detail"]) == (418, "Short and stout.")


def test_an_error_in_the_middle_of_an_answer_breaks_the_connection(broken_app: FastAPI) -> None:
    with pytest.raises(RuntimeError, match="the rest is lost"):
        TestClient(broken_app).get("/halfway")


def test_a_value_that_was_sent_is_not_sent_back(client: TestClient) -> None:
    response = client.post("/api/v1/data-sources", json={"name": "A", "type": "my-secret"})
    assert response.status_code == 422
    assert "my-secret" not in json.dumps(response.json())


@pytest.mark.parametrize("body", [b'{"name": "\xff"}', b"[" * 100_000, b'{"name": ' + b"9" * 5_000 + b"}"])
def test_a_body_that_cannot_be_decoded_is_a_422_problem(client: TestClient, body: bytes) -> None:
    response = client.post("/api/v1/data-sources", content=body, headers={"Content-Type": "application/json"})
    assert (response.status_code, response.headers["Content-Type"]) == (422, "application/problem+json")
    assert [error["field"] for error in response.json()["errors"]] == ["body"]
