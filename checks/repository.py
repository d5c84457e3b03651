"""The repository under review: an index of its files, read as they lie on disk, and never written to.

In a git work tree the files are the tracked ones; elsewhere every file that is not obviously built or installed.
Contents are read on demand and not kept, so memory does not grow with the size of the tree.
"""

from __future__ import annotations

import hashlib
import os
import re
import stat
import subprocess
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field, replace
from functools import cached_property, lru_cache
from pathlib import Path
from typing import NamedTuple

GIT_SECONDS = 60
READ_LIMIT = 1 << 20  # bytes of one text file that are worth parsing; larger ones are data
IGNORED_FOLDERS = frozenset(
    {".git", ".hg", ".venv", "venv", "node_modules", "__pycache__", ".tox", ".mypy_cache", ".pytest_cache",
     ".ruff_cache", "vendor", "coverage", "htmlcov", "dist", "build"}
)  # fmt: skip

_Process = subprocess.Popen[bytes] | None  # None where there is no git


class RepositoryError(Exception):
    """The target cannot be graded; the text names it and the repair."""


class FileTooLarge(Exception):
    """A file is larger than the reader's limit."""


class Entry(NamedTuple):
    """A file of the repository: POSIX path relative to the root, size in bytes, and what kind of file it is.

    `escapes` marks a symbolic link whose target lies outside the tree; such a link is never followed.
    """

    path: str
    size: int
    executable: bool = False
    symlink: bool = False
    escapes: bool = False

    @property
    def name(self) -> str:
        """The last part of the path."""
        return self.path.rsplit("/", 1)[-1]

    @property
    def suffix(self) -> str:
        """The name's extension with its dot, in lower case; empty without one."""
        name = self.name
        dot = name.rfind(".")
        return name[dot:].lower() if dot > 0 else ""


@lru_cache(maxsize=1024)
def _pattern(glob: str) -> re.Pattern[str]:
    """Compile a glob in which `*` stays within a folder and `**/` spans any number of them."""
    out, rest = "", glob
    while rest:
        if rest.startswith("**/"):
            out, rest = out + "(?:.*/)?", rest[3:]
        elif rest.startswith("**"):
            out, rest = out + ".*", rest[2:]
        elif rest[0] == "*":
            out, rest = out + "[^/]*", rest[1:]
        elif rest[0] == "?":
            out, rest = out + "[^/]", rest[1:]
        else:
            out, rest = out + re.escape(rest[0]), rest[1:]
    return re.compile(out + r"\Z")


@dataclass(frozen=True)
class Repository:
    """A snapshot's index: `root`, its `entries` sorted by path, and where git stands.

    `commit` and `branch` are None outside git and before the first commit. `dirty` holds tracked paths that differ
    from the commit, `untracked` how many files git does not know and does not ignore. `asked` are git commands that
    run already; `forget` ends those whose output nobody read.
    """

    root: Path
    entries: tuple[Entry, ...]
    git: bool = False
    commit: str | None = None
    branch: str | None = None
    dirty: tuple[str, ...] = ()
    untracked: int = 0
    blobs: tuple[tuple[str, str], ...] = field(default=(), repr=False)
    asked: dict[tuple[str, ...], _Process] = field(default_factory=dict, repr=False, compare=False)

    @property
    def name(self) -> str:
        """The name of the root folder."""
        return self.root.name

    @cached_property
    def index(self) -> dict[str, Entry]:
        """The entries by path."""
        return {entry.path: entry for entry in self.entries}

    def __contains__(self, path: object) -> bool:
        return path in self.index

    def glob(self, *patterns: str) -> list[Entry]:
        """Return the regular files whose path matches one of the globs (`**/` spans folders), in path order."""
        compiled = [_pattern(p) for p in patterns]
        return [e for e in self.entries if not e.symlink and any(c.match(e.path) for c in compiled)]

    def with_suffix(self, *suffixes: str) -> Iterator[Entry]:
        """Yield the regular files with one of the extensions, for example ``.py``."""
        return (e for e in self.entries if e.suffix in suffixes and not e.symlink)

    def read_bytes(self, path: str, limit: int = READ_LIMIT) -> bytes:
        """Return the file's content.

        Raises FileNotFoundError when the path is not in the index or gone, and FileTooLarge beyond `limit` bytes.
        A symbolic link is followed only when it stays inside the tree.
        """
        entry = self.index.get(path)
        if entry is None or entry.escapes:
            raise FileNotFoundError(path)
        with open(f"{self.root}/{path}", "rb", buffering=0) as stream:  # noqa: PTH123 - read many hundred times
            data = stream.read(min(entry.size, limit) + 1)
            if len(data) > entry.size:  # a link, or a file that has grown: its size is not known
                data += stream.read(limit + 1 - len(data))
        if len(data) > limit:
            raise FileTooLarge(f"{path} is larger than {limit} bytes")
        return data

    def read_text(self, path: str, limit: int = READ_LIMIT) -> str:
        """Return the file as text: UTF-8 with undecodable bytes replaced, a byte order mark dropped.

        Raises what `read_bytes` raises.
        """
        return self.read_bytes(path, limit).decode("utf-8-sig", errors="replace")

    @cached_property
    def digest(self) -> str:
        """A SHA-256 over paths, modes and contents; for tracked, unchanged files git's own blob ids stand for them."""
        known = dict(self.blobs)
        changed = set(self.dirty)
        whole = hashlib.sha256()
        for entry in self.entries:
            content = known.get(entry.path)
            if content is None or entry.path in changed:
                content = self._hash(entry)
            whole.update(
                f"{entry.path}\0{int(entry.executable)}{int(entry.symlink)}\0{content}\n".encode(
                    errors="surrogateescape"
                )
            )
        return whole.hexdigest()

    def ask_git(self, *arguments: str) -> bytes | None:
        """Return the output of a read-only git command, of one that was asked ahead when it is there; see `run_git`."""
        return _output(self.asked.pop(arguments, None) or _start_git(self.root, *arguments))

    def forget(self) -> None:
        """End the git commands that were asked ahead and not read."""
        _forget(self.asked)

    def _hash(self, entry: Entry) -> str:
        path = self.root / entry.path
        if entry.symlink:
            return hashlib.sha256(os.fsencode(path.readlink())).hexdigest()
        with path.open("rb") as stream:
            return hashlib.file_digest(stream, "sha256").hexdigest()


def open_repository(target: Path) -> Repository:
    """Index the repository at `target`.

    Raises RepositoryError when the path does not exist, is not a folder, or cannot be read.
    """
    return opening(target)()


def opening(target: Path, questions: Iterable[tuple[str, ...]] = ()) -> Callable[[], Repository]:
    """Ask git about the repository at `target`, and return what waits for the answers and indexes it.

    `questions` are the arguments of git commands that `Repository.ask_git` will be asked for: they are started here.
    Both raise what `open_repository` raises.
    """
    root = target.resolve()
    if not root.exists():
        raise RepositoryError(f"{target}: there is no such folder. Give the path of a repository.")
    if not root.is_dir():
        raise RepositoryError(f"{target}: this is a file. Give the folder of the repository.")
    _inside.cache_clear()
    listing = ask_git(root, "ls-files", "--stage", "-z", "--full-name", ".")
    status = ask_git(root, "status", "--porcelain=v2", "-z", "--branch", "--no-renames", "--untracked-files=normal")

    asked = {arguments: _start_git(root, *arguments) for arguments in questions}

    def opened() -> Repository:
        try:
            return replace(_opened(target, root, listing(), status()), asked=asked)
        except RepositoryError:
            _forget(asked)
            raise

    return opened


def _opened(target: Path, root: Path, listing: bytes | None, status: bytes | None) -> Repository:
    if listing is None:
        return Repository(root, tuple(_walk(root)))
    if not (root / ".git").exists():
        top = os.fsdecode((run_git(root, "rev-parse", "--show-toplevel") or b"").rstrip(b"\n"))
        if Path(top) != root:
            raise RepositoryError(
                f"{target}: this is a folder inside the repository {top}. Give the repository itself."
            )
    return _from_git(root, listing, status or b"")


def _from_git(root: Path, listing: bytes, status: bytes) -> Repository:
    entries: list[Entry] = []
    blobs: list[tuple[str, str]] = []
    commit, branch, dirty, untracked = _status(status)
    seen: set[str] = set()
    for record in listing.split(b"\0"):
        if not record:
            continue
        meta, raw = record.split(b"\t", 1)
        mode, blob = meta.split(b" ")[:2]
        path = os.fsdecode(raw)
        if mode == b"160000" or path in seen:  # a submodule is another repository; an unmerged path is listed thrice
            continue
        seen.add(path)
        entry = _entry(root, path)
        if entry is not None:
            entries.append(entry)
            blobs.append((path, blob.decode()))
    entries.sort(key=lambda e: e.path)
    return Repository(root, tuple(entries), True, commit, branch, tuple(sorted(dirty)), untracked, tuple(blobs))


def _status(output: bytes) -> tuple[str | None, str | None, set[str], int]:
    """Read `git status --porcelain=v2 -z --branch`: commit, branch, changed paths, number of untracked ones."""
    commit = branch = None
    dirty: set[str] = set()
    untracked = 0
    for raw in output.split(b"\0"):
        text = os.fsdecode(raw)
        if text.startswith("# branch.oid "):
            oid = text.removeprefix("# branch.oid ")
            commit = None if oid == "(initial)" else oid
        elif text.startswith("# branch.head "):
            head = text.removeprefix("# branch.head ")
            branch = None if head == "(detached)" else head
        elif text.startswith("1 "):
            dirty.add(text.split(" ", 8)[8])
        elif text.startswith("u "):
            dirty.add(text.split(" ", 10)[10])
        elif text.startswith("? "):
            untracked += 1
    return commit, branch, dirty, untracked


def _entry(root: Path, path: str) -> Entry | None:
    """Describe one file, or None when it is gone from the disk or is not a file."""
    full = f"{root}/{path}"  # text instead of Path objects: this runs once for each of many thousand files
    try:
        info = os.lstat(full)
    except OSError:
        return None
    if stat.S_ISLNK(info.st_mode):
        return Entry(path, 0, symlink=True, escapes=not _inside(full, root))
    if not stat.S_ISREG(info.st_mode):
        return None
    if not _inside(full.rpartition("/")[0], root):
        return Entry(path, info.st_size, symlink=True, escapes=True)  # reached through a linked folder
    return Entry(path, info.st_size, executable=bool(info.st_mode & 0o100))


@lru_cache(maxsize=1024)
def _inside(path: str, root: Path) -> bool:
    """Whether a path, its links followed, lies in the tree. Kept for the duration of one listing."""
    return Path(path).resolve().is_relative_to(root)


def _walk(root: Path) -> list[Entry]:
    entries: list[Entry] = []
    for folder, names, files in os.walk(root):
        names[:] = sorted(n for n in names if n not in IGNORED_FOLDERS)
        base = Path(folder).relative_to(root).as_posix()
        linked = [n for n in names if (Path(folder) / n).is_symlink()]  # listed, and not walked into
        for name in [*files, *linked]:
            entry = _entry(root, name if base == "." else f"{base}/{name}")
            if entry is not None:
                entries.append(entry)
    return sorted(entries, key=lambda e: e.path)


def run_git(root: Path, *arguments: str, stdin: bytes | None = None) -> bytes | None:
    """Run a read-only git command in `root` and return its output; None when it fails or there is no git.

    Raises RepositoryError when git does not answer within 60 s.
    """
    return _output(_start_git(root, *arguments, stdin=stdin is not None), stdin)


def ask_git(root: Path, *arguments: str) -> Callable[[], bytes | None]:
    """Start a read-only git command in `root`, and return what waits for its output as `run_git` does."""
    process = _start_git(root, *arguments)
    return lambda: _output(process)


def _forget(asked: dict[tuple[str, ...], _Process]) -> None:
    while asked:
        _, process = asked.popitem()
        if process is not None:
            process.kill()
            with process:
                pass  # closes its pipe and waits for its end


def _start_git(root: Path, *arguments: str, stdin: bool = False) -> _Process:
    """Start a git command that neither changes the repository nor runs a program that it names.

    Configuration that could run one (hooks, file-system monitors) is off, and `GIT_OPTIONAL_LOCKS=0` keeps git from
    refreshing the index file of a repository that is not ours. Nothing is fetched, not even for a partial clone.
    """
    environment = {k: v for k, v in os.environ.items() if not k.startswith("GIT_")}
    environment |= {"GIT_OPTIONAL_LOCKS": "0", "GIT_TERMINAL_PROMPT": "0", "GIT_NO_LAZY_FETCH": "1", "LC_ALL": "C"}
    environment |= {"GIT_ALLOW_PROTOCOL": "none"}
    settings = ("core.fsmonitor=false", "core.hooksPath=/dev/null", "core.quotePath=false", "safe.directory=*")
    safe = [part for setting in settings for part in ("-c", setting)]
    pipe, null = subprocess.PIPE, subprocess.DEVNULL
    try:
        return subprocess.Popen(
            ["git", *safe, *arguments],
            cwd=root,
            env=environment,
            stdin=pipe if stdin else null,
            stdout=pipe,
            stderr=null,
        )
    except FileNotFoundError:
        return None


def _output(process: _Process, stdin: bytes | None = None) -> bytes | None:
    if process is None:
        return None
    with process:
        try:
            output, _ = process.communicate(stdin, timeout=GIT_SECONDS)
        except subprocess.TimeoutExpired as error:
            process.kill()
            raise RepositoryError(f"git did not answer within {GIT_SECONDS} s: {process.args!r}") from error
    return output if process.returncode == 0 else None
