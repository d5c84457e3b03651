"""What is read of a history: bounded, without running anything of the repository, whatever the names are."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

import pytest

from checks.evidence import history
from checks.evidence.history import collect
from checks.repository import open_repository
from checks.testing import write_tree

ADA = "Ada <ada@lovelace.dev>"


class Work:
    """A git repository and commits in it, made as on a day of November."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self.git("init", "-q", "-b", "main")

    def git(self, *arguments: str, day: int = 1) -> None:
        date = f"2026-11-{day:02}T12:00:00+01:00"
        identity = {"NAME": "Ada", "EMAIL": "ada@lovelace.dev", "DATE": date}
        known = {f"GIT_{who}_{key}": value for who in ("AUTHOR", "COMMITTER") for key, value in identity.items()}
        settings = ["-c", "commit.gpgsign=false", "-c", "core.hooksPath=/dev/null"]
        command = ["git", "-C", str(self.root), *settings, *arguments]
        subprocess.run(command, check=True, capture_output=True, env={**os.environ, **known})

    def commit(self, message: str, *, day: int = 1, author: str = ADA, **files: str) -> None:
        write_tree(self.root, files)
        self.git("add", "-A")
        self.git("commit", "-q", "--allow-empty", f"--author={author}", "-m", message, day=day)


def test_commits_are_read_with_their_figures(tmp_path: Path) -> None:
    work = Work(tmp_path)
    work.commit("Ä message with\ttabs", day=3, **{"ü b.py": "a\nb\n", "bin": "\0", "uv.lock": "x\n"})
    work.git("mv", "ü b.py", "moved.py")
    work.commit("Move it")
    moved, first = collect(open_repository(tmp_path)).commits
    assert (first.day, first.author, first.email, first.lines) == ("2026-11-03", "Ada", "ada@lovelace.dev", 2)
    assert first.subject == "Ä message with\ttabs"
    assert moved.lines == 0


def test_the_number_of_commits_is_bounded_and_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    work = Work(tmp_path)
    for number in range(4):
        work.commit(f"Commit {number}")
    monkeypatch.setattr(history, "MAX_COMMITS", 2)
    found = collect(open_repository(tmp_path))
    assert [c.subject for c in found.commits] == ["Commit 3", "Commit 2"]
    assert found.limits == "only the last 2 commits were read"


def test_nothing_of_the_repository_is_run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "repo").mkdir()
    work = Work(tmp_path / "repo")
    work.commit("Start", **{".gitattributes": "* diff=evil\n", "a.py": "x\n"})
    trap = f"touch {tmp_path}/ran"
    for key in (
        "core.fsmonitor",
        "diff.external",
        "diff.evil.textconv",
        "diff.evil.command",
        "core.pager",
        "gpg.program",
    ):
        work.git("config", key, trap)
    work.git("config", "log.showSignature", "true")
    monkeypatch.setenv("GIT_DIR", str(tmp_path / "elsewhere"))
    assert len(collect(open_repository(tmp_path / "repo")).commits) == 1
    assert not (tmp_path / "ran").exists()


def test_separators_in_a_name_do_no_harm(tmp_path: Path) -> None:
    work = Work(tmp_path)
    work.commit("Sneaky \x1f subject \x1e here", **{"a.py": "x\n"})
    work.commit("Honest one", **{"b.py": "x\n"})
    assert "Honest one" in [c.subject for c in collect(open_repository(tmp_path)).commits]
