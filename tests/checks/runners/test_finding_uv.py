"""uv is found also by those who look for it at the same time."""

from __future__ import annotations

import time
from concurrent.futures import ThreadPoolExecutor

import pytest
import uv

from checks.runners.python_environment import find_uv


def test_only_one_thread_looks_at_a_time(monkeypatch: pytest.MonkeyPatch) -> None:
    looking, most = 0, 0

    def look() -> str:
        nonlocal looking, most
        looking += 1
        most = max(most, looking)
        time.sleep(0.05)
        looking -= 1
        return "uv"

    monkeypatch.setattr(uv, "find_uv_bin", look)
    with ThreadPoolExecutor(4) as pool:
        assert [each.result() for each in [pool.submit(find_uv) for _ in range(4)]] == ["uv"] * 4
    assert most == 1
