"""The lock and the snapshot: damaged, hostile or too new, they are refused with a reason."""

from __future__ import annotations

import gzip
import io
import json
import tarfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from scaffolder import lock as lock_module
from scaffolder.errors import BrokenLock
from scaffolder.lock import read_base, read_lock
from scaffolder.render import render
from tests.scaffolder.conftest import Templates


@pytest.fixture
def repository(templates: Templates) -> Path:
    render("tiny", Path("repo"))
    return Path("repo")


def test_a_lock_is_read_as_it_was_written(repository: Path) -> None:
    text = (repository / ".scaffold/lock.json").read_text()
    assert read_lock(repository).dump() == text
    assert text.endswith("}\n")
    assert list(json.loads(text)) == ["answers", "files", "project", "schema", "start", "template_version"]


def test_the_snapshot_holds_tool_owned_and_merged_files_only(repository: Path) -> None:
    base = read_base(repository)
    assert set(base) == {
        "Dockerfile", "bin/setup", "docs/contract.md", ".github/workflows/ci.yml", ".github/workflows/grade.yml",
    }  # fmt: skip
    assert base["Dockerfile"].content == (repository / "Dockerfile").read_bytes()
    assert [path for path, file in base.items() if file.executable] == ["bin/setup"]


def test_a_folder_without_a_lock_was_not_scaffolded(tmp_path: Path) -> None:
    with pytest.raises(BrokenLock, match="not made by `scaffold new`"):
        read_lock(tmp_path)


def _set(**changes: Any) -> Callable[[dict[str, Any]], None]:
    return lambda values: values.update(changes)


def _set_file(path: str, **changes: Any) -> Callable[[dict[str, Any]], None]:
    return lambda values: values["files"].setdefault(path, dict(values["files"]["Dockerfile"])).update(changes)


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (_set(schema=2), "a newer one wrote it. Upgrade"),
        (_set(schema="1"), "schema is '1'"),
        (_set(start="soon"), "start is 'soon'"),
        (_set(start=5), "start is 5"),
        (_set(answers=[]), "answers is not an object"),
        (_set(answers={"a": 1}), "the answer a is not a string"),
        (_set(files=None), "files is not an object"),
        (_set(project=None), "project is not a string"),
        (_set(template_version=1), "template_version is not a string"),
        (_set(files={"a": 1}), "the entry of a is not an object"),
        (_set_file("Dockerfile", sha256="x"), "the sha256 of Dockerfile is 'x'"),
        (_set_file("Dockerfile", owner="me"), "the owner of Dockerfile is 'me'"),
        (_set_file("Dockerfile", executable=1), "executable of Dockerfile"),
        (_set_file("../../etc/passwd"), "no path inside the repository"),
        (_set_file("/etc/passwd"), "no path inside the repository"),
        (_set_file(".git/hooks/pre-commit"), "no path inside the repository"),
    ],
)
def test_a_damaged_lock_is_refused_with_the_reason(
    repository: Path, change: Callable[[dict[str, Any]], None], said: str
) -> None:
    file = repository / ".scaffold/lock.json"
    values = json.loads(file.read_text())
    change(values)
    file.write_text(json.dumps(values))
    with pytest.raises(BrokenLock) as caught:
        read_lock(repository)
    assert said in str(caught.value)


@pytest.mark.parametrize("content", [b"", b"{", b"[]", b"\xff\xfe", b"null"])
def test_a_lock_that_is_no_json_object_is_refused(repository: Path, content: bytes) -> None:
    (repository / ".scaffold/lock.json").write_bytes(content)
    with pytest.raises(BrokenLock, match="Restore it from the repository's history"):
        read_lock(repository)


def _tar(name: str, *, kind: bytes = tarfile.REGTYPE, content: bytes = b"x") -> bytes:
    raw = io.BytesIO()
    with tarfile.open(fileobj=raw, mode="w") as archive:
        entry = tarfile.TarInfo(name)
        entry.type, entry.size, entry.linkname = kind, len(content) if kind == tarfile.REGTYPE else 0, "/etc/passwd"
        archive.addfile(entry, io.BytesIO(content))
    return gzip.compress(raw.getvalue())


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"", "cannot be read"),
        (b"no gzip", "cannot be read"),
        (gzip.compress(b"no tar"), "cannot be read"),
        (_tar("Dockerfile")[:-12], "cannot be read"),
        (_tar("../outside"), "no path inside"),
        (_tar("link", kind=tarfile.SYMTYPE), "link is not a plain file"),
        (_tar("folder", kind=tarfile.DIRTYPE), "folder is not a plain file"),
    ],
    ids=["empty", "no gzip", "no tar", "cut off", "path outside", "symlink", "folder"],
)
def test_a_damaged_or_hostile_snapshot_is_refused(repository: Path, content: bytes, said: str) -> None:
    (repository / ".scaffold/base.tar.gz").write_bytes(content)
    with pytest.raises(BrokenLock, match=said):
        read_base(repository)


def test_a_snapshot_that_unpacks_to_too_much_is_refused(repository: Path) -> None:
    bomb = gzip.compress(bytes(lock_module.MAX_BASE_BYTES + 1024))
    assert len(bomb) < 100_000
    (repository / ".scaffold/base.tar.gz").write_bytes(bomb)
    with pytest.raises(BrokenLock, match="unpacks to more than"):
        read_base(repository)
