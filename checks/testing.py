"""For the tests of rules, ours and other people's: a repository from a few lines, and a check's verdict on it."""

from __future__ import annotations

import subprocess
from collections.abc import Mapping
from pathlib import Path

from checks.catalogue import collectors
from checks.engine import judge
from checks.model import Check, Verdict
from checks.repository import Repository, open_repository


def write_tree(root: Path, files: Mapping[str, str | bytes]) -> Path:
    """Write `files` (path to content) below `root` and return it; text is dedented by nothing and written as UTF-8."""
    for path, content in files.items():
        target = root / path
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes(content if isinstance(content, bytes) else content.encode())
    return root


def repository(root: Path, files: Mapping[str, str | bytes], *, git: bool = False) -> Repository:
    """Return a repository with `files` in the folder `root`; with `git` they are committed."""
    write_tree(root, files)
    if git:
        identity = ["-c", "user.name=Ada", "-c", "user.email=ada@example.org", "-c", "commit.gpgsign=false"]
        for command in (["init", "-q", "-b", "main"], ["add", "-A"], [*identity, "commit", "-q", "-m", "start"]):
            subprocess.run(["git", "-C", str(root), *command], check=True, capture_output=True)
    return open_repository(root)


def verdict(item: Check, root: Path, files: Mapping[str, str | bytes], *, git: bool = False) -> Verdict:
    """Return the verdict of one check on a repository with `files`, its evidence collected for real."""
    tree = repository(root, files, git=git)
    verdicts, _ = judge([item], collectors(), {Repository: tree}, workers=1)
    return verdicts[item.id]
