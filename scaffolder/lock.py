"""`.scaffold/`: what a generated repository remembers of its template.

`lock.json` holds the project, the template's version, the answers, and for each pristine file its digest, owner and
executable bit: by it the grader knows what is still untouched and `scaffold update` what to ask. `base.tar.gz` holds
the pristine tool-owned and merged files: the base of a merge when the commit of the last template is out of reach.
"""

from __future__ import annotations

import gzip
import hashlib
import io
import json
import os
import re
import tarfile
import zlib
from collections.abc import Callable, Iterator, Mapping
from dataclasses import asdict, dataclass
from datetime import date
from pathlib import Path, PurePosixPath
from typing import Any, TypeVar

from scaffolder.errors import BrokenLock
from scaffolder.projects import Owner

_T = TypeVar("_T")

SCHEMA = 1
FOLDER = ".scaffold"
LOCK_FILE = f"{FOLDER}/lock.json"
BASE_FILE = f"{FOLDER}/base.tar.gz"

# A damaged or hostile archive must not fill the disk: the largest starter is a few hundred small files.
MAX_BASE_BYTES = 64 * 1024 * 1024


@dataclass(frozen=True, slots=True)
class LockedFile:
    """A file as the template made it."""

    sha256: str
    owner: Owner
    executable: bool


@dataclass(frozen=True, slots=True)
class Lock:
    """The contents of `.scaffold/lock.json`."""

    project: str
    template_version: str
    start: date | None
    answers: Mapping[str, str]
    files: Mapping[str, LockedFile]

    def dump(self) -> str:
        """The JSON text: sorted keys, a trailing newline, the same for the same contents."""
        values = {
            "schema": SCHEMA,
            "project": self.project,
            "template_version": self.template_version,
            "start": self.start.isoformat() if self.start else None,
            "answers": dict(self.answers),
            "files": {path: asdict(file) for path, file in self.files.items()},
        }
        return json.dumps(values, indent=2, sort_keys=True, ensure_ascii=False) + "\n"


@dataclass(frozen=True, slots=True)
class BaseFile:
    """A pristine file of the base snapshot."""

    content: bytes
    executable: bool


def write_lock(
    root: Path,
    *,
    project: str,
    template_version: str,
    start: date | None,
    answers: Mapping[str, str],
    owner_of: Callable[[str], Owner],
) -> Lock:
    """Record a freshly rendered tree in its `.scaffold/` folder.

    Args:
        root: the tree; it must hold nothing but what the template made.
        project: the project's id.
        template_version: the version of the template it was rendered from.
        start: the first day of the project, if one was given.
        answers: the answers to the template's questions.
        owner_of: gives the owner of a file by its path.

    Returns:
        What was written to `lock.json`.
    """
    files: dict[str, LockedFile] = {}
    base: dict[str, BaseFile] = {}
    for path, file in sorted(_tree(root)):
        content = file.read_bytes()
        executable = bool(file.stat().st_mode & 0o111)
        owner = owner_of(path)
        files[path] = LockedFile(hashlib.sha256(content).hexdigest(), owner, executable)
        if owner != "seed":
            base[path] = BaseFile(content, executable)
    lock = Lock(project, template_version, start, answers, files)
    (root / FOLDER).mkdir()
    (root / LOCK_FILE).write_text(lock.dump(), encoding="utf-8")
    (root / BASE_FILE).write_bytes(_pack(base))
    return lock


def read_lock(path: Path) -> Lock:
    """The lock of the repository at `path`.

    Raises:
        BrokenLock: there is none, it is damaged, or a newer version of the scaffolder wrote it.
    """
    file = path / LOCK_FILE
    try:
        values = json.loads(file.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise BrokenLock(
            f"{path} was not made by `scaffold new`: it has no {LOCK_FILE}.",
            "Name the root of a scaffolded repository.",
        ) from None
    except (OSError, ValueError) as error:
        raise BrokenLock(f"{file} cannot be read: {error}.", _RESTORE) from error
    try:
        return _parse_lock(values)
    except _Malformed as error:
        raise BrokenLock(f"{file} is damaged: {error}.", _RESTORE) from error


def read_base(path: Path) -> dict[str, BaseFile]:
    """The pristine tool-owned and merged files of the repository at `path`, by their paths.

    Raises:
        BrokenLock: the snapshot is missing or damaged.
    """
    file = path / BASE_FILE
    try:
        return dict(_unpack(file.read_bytes()))
    except (OSError, EOFError, ValueError, tarfile.TarError, zlib.error) as error:
        raise BrokenLock(f"{file} cannot be read: {error}.", _RESTORE) from error


_RESTORE = f"Restore it from the repository's history: git log --oneline -- {FOLDER}"


class _Malformed(ValueError):
    """What is wrong with a lock, as the end of a sentence."""


def _parse_lock(values: Any) -> Lock:
    fields = _typed(values, dict, "it is not a JSON object")
    schema = fields.get("schema")
    if isinstance(schema, int) and schema > SCHEMA:
        raise BrokenLock(
            f"{LOCK_FILE} has schema {schema}, this version knows {SCHEMA}: a newer one wrote it.",
            "Upgrade the `scaffold` command and try again.",
        )
    if schema != SCHEMA:
        raise _Malformed(f"schema is {schema!r}, not {SCHEMA}")
    start = fields.get("start")
    try:
        first_day = date.fromisoformat(start) if start is not None else None
    except (TypeError, ValueError):
        raise _Malformed(f"start is {start!r}, not a date") from None
    answers = _typed(fields.get("answers"), dict, "answers is not an object")
    files = _typed(fields.get("files"), dict, "files is not an object")
    return Lock(
        project=_typed(fields.get("project"), str, "project is not a string"),
        template_version=_typed(fields.get("template_version"), str, "template_version is not a string"),
        start=first_day,
        answers={key: _typed(value, str, f"the answer {key} is not a string") for key, value in answers.items()},
        files={_inside(name): _parse_file(name, value) for name, value in files.items()},
    )


def _parse_file(name: str, value: Any) -> LockedFile:
    fields = _typed(value, dict, f"the entry of {name} is not an object")
    digest, owner, executable = fields.get("sha256"), fields.get("owner"), fields.get("executable")
    if not isinstance(digest, str) or not re.fullmatch(r"[0-9a-f]{64}", digest):
        raise _Malformed(f"the sha256 of {name} is {digest!r}")
    if owner not in ("tool", "merged", "seed"):
        raise _Malformed(f"the owner of {name} is {owner!r}")
    return LockedFile(digest, owner, _typed(executable, bool, f"executable of {name} is not true or false"))


def _typed(value: Any, kind: type[_T], problem: str) -> _T:
    if not isinstance(value, kind):
        raise _Malformed(problem)
    return value


def _inside(name: str) -> str:
    parts = PurePosixPath(name).parts
    if not parts or name.startswith("/") or ".." in parts or parts[0] == ".git" or "\0" in name:
        raise _Malformed(f"{name!r} is no path inside the repository")
    return name


def _tree(root: Path) -> Iterator[tuple[str, Path]]:
    for folder, _, names in os.walk(root):
        for name in names:
            file = Path(folder, name)
            yield file.relative_to(root).as_posix(), file


def _pack(files: Mapping[str, BaseFile]) -> bytes:
    """A tar.gz that depends on the files alone: sorted, no times, no owners."""
    raw = io.BytesIO()
    with tarfile.open(fileobj=raw, mode="w", format=tarfile.PAX_FORMAT) as archive:
        for path in sorted(files):
            entry = tarfile.TarInfo(path)
            entry.size = len(files[path].content)
            entry.mode = 0o755 if files[path].executable else 0o644
            archive.addfile(entry, io.BytesIO(files[path].content))
    return gzip.compress(raw.getvalue(), mtime=0)


def _unpack(packed: bytes) -> Iterator[tuple[str, BaseFile]]:
    # Read to a limit before parsing: a small gzip file can hold gigabytes of zeros.
    with gzip.GzipFile(fileobj=io.BytesIO(packed)) as stream:
        raw = stream.read(MAX_BASE_BYTES + 1)
    if len(raw) > MAX_BASE_BYTES:
        raise ValueError(f"it unpacks to more than {MAX_BASE_BYTES} bytes")
    with tarfile.open(fileobj=io.BytesIO(raw), mode="r:") as archive:
        for entry in archive:
            content = archive.extractfile(entry) if entry.isfile() else None
            if content is None:
                raise ValueError(f"{entry.name} is not a plain file")
            yield _inside(entry.name), BaseFile(content.read(), bool(entry.mode & 0o111))
