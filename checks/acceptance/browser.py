"""A headless Chromium by Playwright: the machine's own, else the one that Playwright has downloaded."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from checks.model import NotMeasured

NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
FLAGS = ("--disable-gpu", "--disable-background-networking", "--disable-component-update", "--disable-sync")


@contextmanager
def chromium() -> Iterator[Any]:
    """Yield a browser; raises NotMeasured when there is none."""
    try:
        from playwright.sync_api import Error, sync_playwright
    except ImportError as problem:
        raise NotMeasured(
            "a browser needs the extra `acceptance`: pip install 'backend-scaffold[acceptance]'"
        ) from problem
    path = next(filter(None, map(shutil.which, NAMES)), None)
    # Root has no user namespaces in most containers, and Chromium refuses to start without this flag there.
    flags = [*FLAGS, "--no-sandbox"] if os.geteuid() == 0 else list(FLAGS)
    with sync_playwright() as playwright:
        try:
            browser = playwright.chromium.launch(executable_path=path, args=flags)
        except Error as problem:
            text = str(problem).splitlines()[0]
            raise NotMeasured(f"no Chromium could be started (install chromium): {text}") from problem
        try:
            yield browser
        finally:
            browser.close()
