"""Throwaway databases for the commands that are measured."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from checks.services.base import started
from checks.session import Session
from scaffolder.projects import find_project


@contextmanager
def servers(name: str, scratch: Path) -> Iterator[Mapping[str, str]]:
    """Yield the URLs, by variable, of the servers that the project `name` needs; they end with the block."""
    project = find_project(name)
    work = scratch / "servers"
    work.mkdir(exist_ok=True)
    with started(project.services, Session(project, work, scratch / "cache"), {}) as services:
        yield {service.variable: service.url for service in services}
