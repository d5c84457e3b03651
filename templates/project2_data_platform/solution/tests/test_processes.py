"""The Procfile: each process boots, answers its probes, logs JSON, and ends well."""

import json
import signal
from collections.abc import Iterator
from contextlib import ExitStack

import httpx2 as httpx
import pytest

from tests.processes import Running, procfile, started

PROCESSES = ("api", "admin", "worker", "beat")


@pytest.fixture(scope="module")
def platform(django_db_setup: None) -> Iterator[dict[str, Running]]:
    """Start all processes at once, each on its own port."""
    with ExitStack() as stack:
        yield {name: stack.enter_context(started(name)) for name in PROCESSES}


def test_the_procfile_names_a_release_and_the_four_processes() -> None:
    assert tuple(procfile()) == ("release", *PROCESSES)


@pytest.mark.parametrize("name", PROCESSES)
def test_a_process_boots_answers_logs_and_ends(platform: dict[str, Running], name: str) -> None:
    running = platform[name]
    ready = running.wait_until_ready()
    url = running.url
    assert ready.json() == {"status": "ok", "checks": {"postgresql": "ok", "redis": "ok"}}
    assert httpx.get(f"{url}/healthz", headers={"X-Request-Id": "probe-1"}).headers["X-Request-Id"] == "probe-1"
    assert httpx.get(f"{url}/healthz").json()["process"] == name
    assert 'http_requests_total{method="GET",route="/healthz",status="200"} 2.0' in httpx.get(f"{url}/metrics").text
    assert httpx.get(f"{url}/nowhere").headers["Content-Type"] == "application/problem+json"

    assert running.end(signal.SIGTERM, seconds=10) == 0, running.output
    lines = [json.loads(line) for line in running.output.splitlines()]
    assert all({"time", "level", "message", "request_id"} <= line.keys() for line in lines)
    assert [line["route"] for line in lines if line["request_id"] == "probe-1"] == ["/healthz"]
    # One line for each of the requests above, and no second one of the server.
    assert sum("GET" in line["message"] for line in lines) == 5
