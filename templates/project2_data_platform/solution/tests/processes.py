"""Processes of the Procfile, started for a test."""

import os
import signal
import socket
import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import httpx2 as httpx

ROOT = Path(__file__).parents[1]
_PATIENCE_SECONDS = 180  # many times what it takes: the machine may be busy with something else


def procfile() -> dict[str, str]:
    lines = (ROOT / "Procfile").read_text(encoding="utf-8").splitlines()
    processes = (line.partition(":") for line in lines if not line.startswith("#"))
    return {name: command.strip() for name, _, command in processes}


@dataclass
class Running:
    """A process that was started, and where it serves."""

    url: str
    process: subprocess.Popen[str]
    output: str = ""

    def wait_until_ready(self) -> httpx.Response:
        deadline = time.monotonic() + _PATIENCE_SECONDS
        while time.monotonic() < deadline and self.process.poll() is None:
            try:
                return httpx.get(f"{self.url}/readyz", timeout=5)
            except httpx.TransportError:
                time.sleep(0.1)
        raise AssertionError(f"{self.process.args!r} was not ready in time; status {self.process.poll()}")

    def metric(self, name: str) -> float | None:
        """Give a figure of /metrics by its name with labels; None if it isn't there."""
        lines = httpx.get(f"{self.url}/metrics", timeout=5).text.splitlines()
        return next((float(line.rpartition(" ")[2]) for line in lines if line.startswith(f"{name} ")), None)

    def end(self, sent: signal.Signals, seconds: float) -> int:
        """Send a signal to the whole group and give the exit code."""
        os.killpg(self.process.pid, sent)
        self.output, _ = self.process.communicate(timeout=seconds)
        return self.process.returncode


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


@contextmanager
def started(name: str, **variables: str) -> Iterator[Running]:
    """Start a process on a port of its own; end it with the block."""
    # Celery loads Django where it finds this variable, which in production it does not.
    environment = {name: value for name, value in os.environ.items() if name != "DJANGO_SETTINGS_MODULE"}
    port = _free_port()
    process = subprocess.Popen(
        ["/bin/sh", "-c", procfile()[name]],
        cwd=ROOT,
        env={**environment, **variables, "PORT": str(port)},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        start_new_session=True,
    )
    try:
        yield Running(f"http://127.0.0.1:{port}", process)
    finally:
        if process.poll() is None:
            os.killpg(process.pid, signal.SIGKILL)
            process.communicate()


def eventually(holds: Callable[[], object]) -> None:
    """Wait until something holds; fail if it doesn't in time."""
    deadline = time.monotonic() + _PATIENCE_SECONDS
    while not holds():
        assert time.monotonic() < deadline, "it did not happen in time"
        time.sleep(0.05)
