"""The few git commands this package needs, through the git executable.

Not through GitPython: its import would cost a fifth of the time of `scaffold new`, and both run the same program.
"""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from scaffolder.errors import GitError

FALLBACK_NAME = "scaffold"
FALLBACK_EMAIL = "scaffold@localhost"
TRAILER = "Scaffold-Template"

# What must not depend on the user's habits: no hook and no signature stands in the way of our commits, nothing is
# replayed from earlier merges, no maintenance starts in the background.
_SETTINGS = {
    "core.hooksPath": os.devnull,
    "commit.gpgSign": "false",
    "gc.auto": "0",
    "maintenance.auto": "false",
    "rerere.enabled": "false",
    "merge.renames": "true",
    "core.quotePath": "false",
    "advice.detachedHead": "false",
}


def require_git() -> str:
    """The path of the git executable.

    Raises:
        GitError: git is not installed.
    """
    found = shutil.which("git")
    if found is None:
        raise GitError("git was not found.", "Install it (`scaffold doctor` says how), or use `scaffold new --no-git`.")
    return found


def enclosing_work_tree(folder: Path) -> Path | None:
    """The nearest folder at or above `folder` that holds a `.git`, if there is one."""
    folder = folder.absolute()
    return next((parent for parent in (folder, *folder.parents) if (parent / ".git").exists()), None)


@dataclass(frozen=True, slots=True)
class Git:
    """Runs git in one folder.

    Args:
        folder: where git is run; the root of a work tree.
        variables: environment variables for git, over the process's own.
    """

    folder: Path
    variables: Mapping[str, str] = field(default_factory=dict)

    def run(self, *arguments: str, data: bytes = b"") -> str:
        """What git prints on stdout for these arguments, without the last line break.

        Raises:
            GitError: git is not installed, or ended with an error; the message is git's own.
        """
        return self.run_bytes(*arguments, data=data).decode("utf-8", "surrogateescape").rstrip("\n")

    def run_bytes(self, *arguments: str, data: bytes = b"") -> bytes:
        """Like `run`, for output that is not text."""
        done = self._start(arguments, data)
        if done.returncode:
            raise GitError(f"`git {_command(arguments)}` failed in {self.folder}: {_said(done)}")
        return done.stdout

    def attempt(self, *arguments: str) -> tuple[int, str]:
        """The exit code of git and what it said, for commands whose failure is an answer."""
        done = self._start(arguments, b"")
        return done.returncode, _said(done)

    def succeeds(self, *arguments: str) -> bool:
        """Whether git ends with exit code 0."""
        return self.attempt(*arguments)[0] == 0

    def identity(self) -> dict[str, str]:
        """Variables that name author and committer where the user's own configuration does not; else none."""
        known = self._start(("config", "--get-regexp", r"^user\.(name|email)$"), b"").stdout.decode("utf-8", "replace")
        keys = {line.partition(" ")[0] for line in known.splitlines()}
        variables: dict[str, str] = {}
        for role in ("AUTHOR", "COMMITTER"):
            for part, fallback in (("NAME", FALLBACK_NAME), ("EMAIL", FALLBACK_EMAIL)):
                variable = f"GIT_{role}_{part}"
                if f"user.{part.lower()}" not in keys and variable not in os.environ:
                    variables[variable] = fallback
        return variables

    def with_variables(self, variables: Mapping[str, str]) -> Git:
        """The same, with further environment variables."""
        return Git(self.folder, {**self.variables, **variables})

    def _start(self, arguments: tuple[str, ...], data: bytes) -> subprocess.CompletedProcess[bytes]:
        command = [require_git()]
        for key, value in _SETTINGS.items():
            command += ["-c", f"{key}={value}"]
        # A caller that is itself a git hook sets GIT_DIR and the like, which would send git to the wrong repository.
        environment = {key: value for key, value in os.environ.items() if key not in _LOCAL_VARIABLES}
        environment |= {"LC_ALL": "C", "GIT_TERMINAL_PROMPT": "0", "GIT_EDITOR": "true", **self.variables}
        return subprocess.run(
            [*command, *arguments], cwd=self.folder, env=environment, input=data, capture_output=True, check=False
        )


_LOCAL_VARIABLES = frozenset(
    {
        "GIT_DIR", "GIT_WORK_TREE", "GIT_INDEX_FILE", "GIT_OBJECT_DIRECTORY", "GIT_ALTERNATE_OBJECT_DIRECTORIES",
        "GIT_COMMON_DIR", "GIT_PREFIX", "GIT_NAMESPACE", "GIT_CONFIG", "GIT_CONFIG_PARAMETERS", "GIT_CONFIG_COUNT",
    }
)  # fmt: skip


def _said(done: subprocess.CompletedProcess[bytes]) -> str:
    return (done.stderr or done.stdout).decode("utf-8", "replace").strip() or f"exit code {done.returncode}"


def _command(arguments: tuple[str, ...]) -> str:
    return next((word for word in arguments if not word.startswith("-") and "=" not in word), arguments[0])


def trailer(project: str, version: str) -> str:
    """The line by which a commit of pristine template files is found again."""
    return f"{TRAILER}: {project}@{version}"


def first_commit(folder: Path, project: str, version: str) -> dict[str, str]:
    """Make `folder` a repository whose first commit on `main` holds everything in it.

    Returns:
        The identity variables that had to stand in for a missing `user.name` or `user.email`.

    Raises:
        GitError: git is missing or failed.
    """
    git = Git(folder)
    git.run("init", "--quiet", "--initial-branch=main")
    return commit_all(folder, f"Start {project} from the template\n\n{trailer(project, version)}\n")


def commit_all(folder: Path, message: str) -> dict[str, str]:
    """Commit everything in the repository at `folder`; returns and raises what `first_commit` does."""
    git = Git(folder)
    identity = git.identity()
    # --force: neither the starter's .gitignore nor the user's global one may leave a pristine file out.
    git.run("-c", "core.autocrlf=false", "add", "--all", "--force", ".")
    git.with_variables(identity).run("commit", "--quiet", "--no-verify", f"--message={message}")
    return identity
