"""Finds the command-line tools that slow tests call."""

from __future__ import annotations

import os
import shutil
import sys
from pathlib import Path

import pytest

TOOLCHAINS = Path(__file__).parents[1] / "toolchains"


def cache_folder() -> Path:
    """Where tests keep what is expensive to make: `TEST_CACHE`, else a folder in the user's cache."""
    return Path(os.environ.get("TEST_CACHE") or Path.home() / ".cache" / "backend-scaffold-tests")


def require_tool(name: str) -> str:
    """Give the path of a tool: next to this Python, in the cache's bin folder, or on the PATH.

    Without the tool the test is skipped; under REQUIRE_TOOLCHAINS=1, as in CI, it fails.
    """
    folders = (str(Path(sys.executable).parent), str(cache_folder() / "bin"), os.environ.get("PATH", os.defpath))
    found = shutil.which(name, path=os.pathsep.join(folders))
    if found is not None:
        return found
    reason = f"{name} is not installed; tests/toolchains/install.sh {cache_folder()} installs it"
    if os.environ.get("REQUIRE_TOOLCHAINS") == "1":
        pytest.fail(reason)
    pytest.skip(reason)
