"""Logs, request ids, metrics and readiness."""

import json
import logging
import socket
import sys

import pytest
from fastapi.testclient import TestClient
from prometheus_client import REGISTRY

from data_platform.config import get_settings
from data_platform.observability import operations
from data_platform.observability.logs import JsonFormatter
from data_platform.worker.operations import serve_operations


def line(record: logging.LogRecord) -> dict[str, object]:
    text = JsonFormatter().format(record)
    assert "\n" not in text
    parsed: dict[str, object] = json.loads(text)
    return parsed


def test_a_line_of_the_log_is_one_json_object() -> None:
    record = logging.makeLogRecord({"name": "x", "levelname": "INFO", "msg": "two\nlines %s", "args": ("ü",)})
    record.created = 0.5
    assert line(record) == {
        "time": "1970-01-01T00:00:00.500Z",
        "level": "info",
        "logger": "x",
        "message": "two\nlines ü",
        "request_id": None,
    }


def test_a_traceback_stays_in_the_line() -> None:
    try:
        raise ValueError("broken")
    except ValueError:
        record = logging.makeLogRecord({"msg": "failed", "exc_info": sys.exc_info()})
    assert "ValueError: broken" in str(line(record)["exception"])


def test_a_process_without_a_port_serves_no_probes() -> None:
    assert serve_operations("worker", None) is None


def test_a_request_has_its_line(client: TestClient, caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.INFO):
        client.get("/api/v1/data-sources/4711")
    (record,) = [record for record in caplog.records if record.name == "data_platform.requests"]
    entry = line(record)
    assert (entry["method"], entry["route"], entry["status"]) == ("GET", "/api/v1/data-sources/{id}", 404)
    assert isinstance(entry["duration_ms"], float)
    assert entry["duration_ms"] > 0


def test_a_request_id_is_echoed(client: TestClient) -> None:
    assert client.get("/healthz", headers={"X-Request-Id": "a-B_c.9"}).headers["X-Request-Id"] == "a-B_c.9"


@pytest.mark.parametrize("given", ["", "with space", "x" * 65, 'quote"', "ümlaut"])
def test_a_strange_request_id_is_replaced(client: TestClient, given: str) -> None:
    made = client.get("/healthz", headers={b"X-Request-Id": given.encode()}).headers["X-Request-Id"]
    assert len(made) == 32
    assert made != client.get("/healthz").headers["X-Request-Id"]


def requests_counted(**labels: str) -> float:
    return REGISTRY.get_sample_value("http_requests_total", labels) or 0


def test_requests_are_counted_by_route_not_by_path(client: TestClient) -> None:
    labels = {"method": "GET", "route": "/api/v1/data-sources/{id}", "status": "404"}
    before = requests_counted(**labels)
    client.get("/api/v1/data-sources/4711")
    client.get("/api/v1/data-sources/4712")
    assert requests_counted(**labels) == before + 2
    text = client.get("/metrics").text
    assert 'http_request_duration_seconds_bucket{le="0.005",method="GET",route="/api/v1/data-sources/{id}"' in text
    assert "data-sources/4711" not in text


def test_a_stranger_can_not_make_time_series(client: TestClient) -> None:
    client.request("BREW", "/coffee-4711")
    text = client.get("/metrics").text
    assert 'http_requests_total{method="OTHER",route="unmatched",status="404"}' in text
    assert "coffee" not in text
    assert "BREW" not in text


def test_health_says_which_process_and_which_commit(client: TestClient) -> None:
    assert client.get("/healthz").json() == {"status": "ok", "process": "api", "commit": None}


def test_readiness_is_ok_when_everything_answers(client: TestClient) -> None:
    response = client.get("/readyz")
    assert response.status_code == 200
    assert response.json() == {"status": "ok", "checks": {"postgresql": "ok", "redis": "ok"}}


@pytest.mark.parametrize(
    ("variable", "scheme", "name"), [("DATABASE_URL", "postgresql", "postgresql"), ("REDIS_URL", "redis", "redis")]
)
def test_readiness_names_what_is_down(monkeypatch: pytest.MonkeyPatch, variable: str, scheme: str, name: str) -> None:
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        monkeypatch.setenv(variable, f"{scheme}://127.0.0.1:{unused.getsockname()[1]}/0")
        get_settings.cache_clear()
        answer = operations.readiness()
    get_settings.cache_clear()
    body = json.loads(answer.body)
    assert answer.status == 503
    assert body["status"] == "unavailable"
    assert [key for key, state in body["checks"].items() if state != "ok"] == [name]
    assert "127.0.0.1" not in answer.body.decode()
