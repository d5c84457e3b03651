"""Scorecards of unchanged repositories, kept by everything that they depend on."""

from __future__ import annotations

import hashlib
import json
import os
import sys
import tempfile
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any

import checks
import scaffolder
from checks.repository import Repository

KEPT = 200  # scorecards; the least recently used go first


def fingerprint() -> str:
    """Return a digest of the grader itself: sizes and times of its modules and templates' data, and the interpreter.

    An installed grader changes by its version, a source checkout by every edit; both change this.
    """
    whole = hashlib.sha256(f"{scaffolder.__version__} {sys.version}".encode())
    for package in (checks, scaffolder):
        for path in sorted(Path(str(package.__file__)).parent.rglob("*.py")):
            info = path.stat()
            whole.update(f"{path.name} {info.st_size} {info.st_mtime_ns}\n".encode())
    return whole.hexdigest()


def key(repository: Repository, settings: Mapping[str, object], *files: Path) -> str:
    """Return the name under which a scorecard is kept.

    It changes with the tree, the commit and branch, the settings of the grading (JSON values), the grader, and the
    content of `files` (the project's own description).
    """
    whole = hashlib.sha256(fingerprint().encode())
    for part in (str(repository.root), repository.digest, repository.commit, repository.branch, repository.untracked):
        whole.update(f"{part}\0".encode(errors="surrogateescape"))
    whole.update(json.dumps(settings, sort_keys=True, default=str).encode())
    for file in files:
        whole.update(file.read_bytes())
    return whole.hexdigest()


def machine() -> str:
    """Return a digest of what is installed: the times of the folders from which programs and modules come."""
    whole = hashlib.sha256()
    for folder in (*os.get_exec_path(), *sys.path):
        with suppress(OSError):
            whole.update(f"{folder} {Path(folder).stat().st_mtime_ns}\n".encode(errors="surrogateescape"))
    return whole.hexdigest()[:16]


def load(folder: Path, name: str) -> dict[str, Any] | None:
    """Return the kept document, or None when there is none or it is damaged (then it is measured again)."""
    path = folder / f"{name}.json"
    try:
        document = json.loads(path.read_text(encoding="utf-8"))
        os.utime(path)
    except (OSError, ValueError):
        return None
    return document if isinstance(document, dict) else None


def store(folder: Path, name: str, document: Mapping[str, Any]) -> None:
    """Keep a document, whole or not at all, and drop the oldest beyond `KEPT`."""
    folder.mkdir(parents=True, exist_ok=True)
    write_whole(folder / f"{name}.json", json.dumps(document))
    kept = sorted(folder.glob("*.json"), key=lambda p: p.stat().st_mtime, reverse=True)
    for old in kept[KEPT:]:
        old.unlink(missing_ok=True)


def write_whole(path: Path, text: str) -> None:
    """Write a file so that a reader sees the old content or the new one, never a part.

    What is there and no file is written to as it is: to put a file in the place of /dev/null would break the machine
    of who may do that. Raises OSError when the folder can't be written.
    """
    if path.exists() and not path.is_file():
        path.write_text(text, encoding="utf-8", errors="backslashreplace")
        return
    path = path.resolve()  # a link goes on leading where it leads
    path.parent.mkdir(parents=True, exist_ok=True)
    handle, temporary = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
    try:
        with os.fdopen(handle, "w", encoding="utf-8", errors="backslashreplace") as stream:
            stream.write(text)
        os.chmod(temporary, 0o644)  # noqa: PTH101 - mkstemp makes it private; a report is for reading
        Path(temporary).replace(path)
    except BaseException:
        Path(temporary).unlink(missing_ok=True)
        raise
