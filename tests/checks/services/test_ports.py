"""A port that was given is nobody else's until its server listens."""

from __future__ import annotations

import socket
import subprocess
import sys
from pathlib import Path

import pytest

from checks.model import NotMeasured
from checks.services import ports
from checks.services.ports import FIRST, LAST, free_port


def test_a_port_is_none_that_the_system_gives_to_others() -> None:
    outgoing = Path("/proc/sys/net/ipv4/ip_local_port_range")
    lowest = int(outgoing.read_text(encoding="ascii").split()[0]) if outgoing.is_file() else LAST + 1
    assert FIRST <= free_port() <= LAST < lowest


def test_no_port_is_given_twice(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ports, "FIRST", LAST - 40)
    given = [free_port() for _ in range(20)]
    assert len(set(given)) == len(given)


@pytest.mark.skipif(sys.platform != "linux", reason="reservations between processes are Linux' alone")
def test_nor_by_two_processes() -> None:
    code = "from checks.services import ports; ports.FIRST = ports.LAST = {port}; print(ports.free_port())"
    port = free_port()
    refused = subprocess.run(
        [sys.executable, "-c", code.format(port=port)], capture_output=True, text=True, timeout=60, check=False
    )
    assert refused.returncode != 0
    assert "no free port was found" in refused.stderr


def test_a_port_that_somebody_listens_on_is_not_given(monkeypatch: pytest.MonkeyPatch) -> None:
    with socket.create_server(("127.0.0.1", free_port())) as server:
        monkeypatch.setattr(ports, "FIRST", server.getsockname()[1])
        monkeypatch.setattr(ports, "LAST", server.getsockname()[1])
        monkeypatch.setattr(ports, "_reserve", lambda _: True)
        with pytest.raises(NotMeasured, match="no free port"):
            free_port()
