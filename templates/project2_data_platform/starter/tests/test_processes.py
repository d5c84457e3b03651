"""The Procfile: each process boots, answers its probes, logs JSON, and ends well."""

import json
import os
import signal
import socket
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path

import httpx2 as httpx
import pytest

ROOT = Path(__file__).parents[1]
PROCESSES = ("api", "admin", "worker", "beat")
# Celery writes these two lines from its signal handler, past all logging.
FAREWELL = ("", "worker: Warm shutdown (MainProcess)")


def procfile() -> dict[str, str]:
    lines = (ROOT / "Procfile").read_text(encoding="utf-8").splitlines()
    processes = (line.partition(":") for line in lines if not line.startswith("#"))
    return {name: command.strip() for name, _, command in processes}


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def wait_until_ready(url: str, process: subprocess.Popen[str]) -> httpx.Response:
    deadline = time.monotonic() + 30
    while time.monotonic() < deadline and process.poll() is None:
        try:
            return httpx.get(f"{url}/readyz", timeout=5)
        except httpx.TransportError:
            time.sleep(0.1)
    raise AssertionError(f"{process.args!r} was not ready in time; status {process.poll()}")


@pytest.fixture(scope="module")
def platform(django_db_setup: None) -> Iterator[dict[str, tuple[str, subprocess.Popen[str]]]]:
    """Start all processes at once, each on its own port."""
    # Celery loads Django where it finds this variable, which in production it does not.
    environment = {name: value for name, value in os.environ.items() if name != "DJANGO_SETTINGS_MODULE"}
    running = {}
    for name in PROCESSES:
        port = free_port()
        process = subprocess.Popen(
            ["/bin/sh", "-c", procfile()[name]],
            cwd=ROOT,
            env={**environment, "PORT": str(port)},
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            start_new_session=True,
        )
        running[name] = (f"http://127.0.0.1:{port}", process)
    yield running
    for _, process in running.values():
        if process.poll() is None:
            os.killpg(process.pid, signal.SIGKILL)
        process.communicate()


def test_the_procfile_names_a_release_and_the_four_processes() -> None:
    assert tuple(procfile()) == ("release", *PROCESSES)


@pytest.mark.parametrize("name", PROCESSES)
def test_a_process_boots_answers_logs_and_ends(
    platform: dict[str, tuple[str, subprocess.Popen[str]]], name: str
) -> None:
    url, process = platform[name]
    ready = wait_until_ready(url, process)
    assert ready.json() == {"status": "ok", "checks": {"postgresql": "ok", "redis": "ok"}}
    assert httpx.get(f"{url}/healthz", headers={"X-Request-Id": "probe-1"}).headers["X-Request-Id"] == "probe-1"
    assert httpx.get(f"{url}/healthz").json()["process"] == name
    assert 'http_requests_total{method="GET",route="/healthz",status="200"} 2.0' in httpx.get(f"{url}/metrics").text
    assert httpx.get(f"{url}/nowhere").headers["Content-Type"] == "application/problem+json"

    process.terminate()
    output, _ = process.communicate(timeout=10)
    assert process.returncode == 0, output
    lines = [json.loads(line) for line in output.splitlines() if line not in FAREWELL]
    assert all({"time", "level", "message", "request_id"} <= line.keys() for line in lines)
    assert [line["route"] for line in lines if line["request_id"] == "probe-1"] == ["/healthz"]
    # One line for each of the requests above, and no second one of the server.
    assert sum("GET" in line["message"] for line in lines) == 5
