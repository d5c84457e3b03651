"""What the grading asks of its acceptance process: written as JSON by one, read by the other."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any


@dataclass(frozen=True, slots=True)
class Orders:
    """What to run and on what.

    `folders` hold the scenarios, `ids` are those to run (empty: all). With `urls` (a URL by process) they are run
    against a deployment; else the application in the folder `copy` is booted with `environment`, on the servers in
    `services` (URLs by name, variables by name in `variables`), isolated when `isolated` is set: then it may read
    `readable` and write `copy` and `scratch`.
    """

    project: str
    folders: tuple[str, ...]
    results: str
    ids: tuple[str, ...] = ()
    urls: Mapping[str, str] = field(default_factory=dict)
    copy: str = ""
    scratch: str = ""
    environment: Mapping[str, str] = field(default_factory=dict)
    services: Mapping[str, str] = field(default_factory=dict)
    variables: Mapping[str, str] = field(default_factory=dict)
    readable: tuple[str, ...] = ()
    isolated: bool = False
    arguments: tuple[str, ...] = ()

    def write(self, path: Path) -> None:
        """Write the orders to a file."""
        path.write_text(json.dumps(asdict(self)), encoding="utf-8")

    @classmethod
    def read(cls, path: Path) -> Orders:
        """Read what `write` wrote."""
        values: dict[str, Any] = {
            key: tuple(value) if isinstance(value, list) else value
            for key, value in json.loads(path.read_text(encoding="utf-8")).items()
        }
        return cls(**values)
