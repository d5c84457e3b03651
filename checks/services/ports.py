"""Ports for servers that take a moment until they listen."""

from __future__ import annotations

import random
import socket
import sys
import threading
from collections import deque
from contextlib import suppress

from checks.model import NotMeasured

# Below the ports that a system chooses for outgoing connections and for port 0 (Linux from 32768, others from 49152):
# a server listens seconds after its port was chosen, and nobody else may get it by chance in between.
FIRST, LAST = 20_000, 32_000
ATTEMPTS = 200
_KEPT = 64  # reservations; who was given an older one listens on it, or never will
_reserved: deque[socket.socket] = deque()
_lock = threading.Lock()


def free_port() -> int:
    """Return a port of 127.0.0.1 that nobody listens on, and that nobody else who asks here is given meanwhile.

    Raises NotMeasured when none is found.
    """
    for _ in range(ATTEMPTS):
        port = random.SystemRandom().randint(FIRST, LAST)
        if _reserve(port) and _is_free(port):
            return port
    raise NotMeasured(f"no free port was found in {ATTEMPTS} attempts between {FIRST} and {LAST}")


def _reserve(port: int) -> bool:
    """Take the name of a port before any other grading on this machine does; it is free again with this process."""
    if sys.platform != "linux":  # only there sockets have names that no file stands for
        return True
    name = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
    try:
        name.bind(f"\0backend-scaffold-port-{port}")
    except OSError:
        name.close()
        return False
    with _lock:
        _reserved.append(name)
        if len(_reserved) > _KEPT:
            _reserved.popleft().close()
    return True


def _is_free(port: int) -> bool:
    with socket.socket() as probe, suppress(OSError):
        probe.bind(("", port))
        return True
    return False
