"""Throwaway databases for tests that run a generated application."""

from __future__ import annotations

import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from checks.services.base import started
from checks.session import Session
from scaffolder.projects import find_project
from tests.support.tools import cache_folder


@contextmanager
def project1_environment(work: Path) -> Iterator[dict[str, str]]:
    """Yield the variables that project 1's processes need, with servers that end with the block."""
    with _urls("project1", work) as urls:
        names = ("SECRET_KEY", "WEBHOOK_SECRET", "SERVICE_TOKEN")
        yield {**urls, **{name: secrets.token_hex(32) for name in names}}


@contextmanager
def project2_environment(work: Path) -> Iterator[dict[str, str]]:
    """Yield the variables that project 2's processes need, with servers that end with the block."""
    with _urls("project2", work) as urls:
        yield {**urls, "SECRET_KEY": secrets.token_hex(32), "LOG_LEVEL": "INFO"}


@contextmanager
def _urls(project_id: str, work: Path) -> Iterator[dict[str, str]]:
    project = find_project(project_id)
    with started(project.services, Session(project, work, cache_folder() / "services"), {}) as services:
        yield {service.variable: service.url for service in services}
