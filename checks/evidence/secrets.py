"""Secrets that were committed: in the tree, and in the history behind it.

A secret is never kept whole, here or in any report. Both searches are bounded; what they leave out they say.
"""

import re
import time
from collections.abc import Iterable, Iterator
from typing import NamedTuple

from checks.evidence._secret_patterns import scan
from checks.model import Location, NotMeasured
from checks.repository import READ_LIMIT, FileTooLarge, Repository, RepositoryError, run_git

TREE_BYTES = 64 << 20
HISTORY_BYTES = 32 << 20
HISTORY_SECONDS = 5.0
MAX_LEAKS = 50
_CHUNK = 4 << 20
_SKIPPED = frozenset(
    {".png", ".jpg", ".jpeg", ".gif", ".webp", ".ico", ".pdf", ".zip", ".gz", ".tgz", ".xlsx", ".xls", ".docx", ".woff",
     ".woff2", ".ttf", ".otf", ".mp4", ".mp3", ".so", ".pyc", ".jar", ".parquet", ".svg", ".lock", ".whl", ".map"}
)  # fmt: skip
_LOCKS = frozenset({"package-lock.json", "pnpm-lock.yaml", "npm-shrinkwrap.json"})
_CASUAL = re.compile(r"(?:^|/)(?:tests?|specs?|fixtures|__tests__|docs|examples?|samples?)/|(?:^|/)(?:test_|conftest)|"
                     r"\.(?:md|rst|test\.[jt]s|spec\.[jt]s)$|_(?:test|spec)\.(?:py|rb)$|\.(?:example|sample|template|dist)$"
                     r"|requirements[^/]*\.txt$|(?:^|/)requirements/")  # fmt: skip
_HARMLESS_ENV = re.compile(
    r"\.(?:example|sample|template|dist|defaults?|schema|test|ci)$|^\.env(?:rc)?\.?(?:example)?\.md$"
)
_KEY_FILES = frozenset(
    {"master.key", "id_rsa", "id_dsa", "id_ecdsa", "id_ed25519", ".pgpass", ".netrc", ".git-credentials"}
)
_VERSIONS = ("rev-list", "--objects", "--filter=object:type=blob", "--filter-provided-objects", "HEAD")
QUESTIONS = (_VERSIONS,)  # what git will be asked


class Leak(NamedTuple):
    """A likely secret. `shown` is the start of it at most; `commit` is set when it lies in the history only."""

    name: str
    at: Location
    shown: str
    commit: str | None = None


class TreeSecrets(NamedTuple):
    """Likely secrets in the files as they are; `unread` are text files too large to search.

    `env_files` are files with settings of an environment that should not be tracked, `env_ignored` tells whether git
    ignores ``.env`` here, None where no ignore file was found.
    """

    leaks: tuple[Leak, ...]
    files: int
    unread: tuple[str, ...] = ()
    env_files: tuple[str, ...] = ()
    env_ignored: bool | None = None


class HistorySecrets(NamedTuple):
    """Likely secrets in earlier versions of files. `partial` says what was not searched, None when everything was."""

    leaks: tuple[Leak, ...]
    versions: int
    partial: str | None = None


def collect(repository: Repository) -> TreeSecrets:
    """Looking for secrets in the files."""
    leaks: list[Leak] = []
    unread: list[str] = []
    env_files: list[str] = []
    files = total = 0
    for entry in repository.entries:
        if entry.name.startswith(".env") and entry.name != ".envrc" and not _HARMLESS_ENV.search(entry.name):
            env_files.append(entry.path)
        if entry.name in _KEY_FILES:
            leaks.append(Leak("a key or credentials file", Location(entry.path), entry.name))
        if entry.symlink or not entry.size or entry.suffix in _SKIPPED or entry.name in _LOCKS:
            continue
        if entry.size > READ_LIMIT or total > TREE_BYTES:
            unread.append(entry.path)
            continue
        try:
            data = repository.read_bytes(entry.path)
        except (OSError, FileTooLarge):
            unread.append(entry.path)
            continue
        total += len(data)
        if b"\0" in data[:8000]:
            continue
        files += 1
        if len(leaks) < MAX_LEAKS:
            leaks.extend(_leaks(data, entry.path))
    return TreeSecrets(tuple(leaks), files, tuple(unread), tuple(env_files), _env_ignored(repository))


def _leaks(data: bytes, path: str, commit: str | None = None) -> Iterator[Leak]:
    casual = _CASUAL.search(path) is not None
    for match in scan(data):
        if casual and match.kind in ("value", "jwt", "url"):
            continue  # tests and examples are full of made-up settings
        yield Leak(match.name, Location(path, data.count(b"\n", 0, match.offset) + 1), match.shown, commit)


def _env_ignored(repository: Repository) -> bool | None:
    try:
        rows = repository.read_text(".gitignore").split("\n")
    except (OSError, FileTooLarge):
        return None
    ignored = False
    for row in (r.strip() for r in rows):
        if row.lstrip("!/").removeprefix("**/") in (".env", ".env*", ".env.*", "*.env", ".env/", ".env?*"):
            ignored = not row.startswith("!") or (ignored and row.lstrip("!/") != ".env")
    return ignored


def collect_history(repository: Repository) -> HistorySecrets:
    """Looking for secrets in the history."""
    if not repository.git:
        raise NotMeasured("this is no git repository, so there is no history to search")
    try:
        return _history(repository)
    except RepositoryError as error:
        raise NotMeasured(str(error)) from error


def _history(repository: Repository) -> HistorySecrets:
    if repository.commit is None:
        return HistorySecrets((), 0)
    listed = repository.ask_git(*_VERSIONS)
    if listed is None:
        raise NotMeasured("git could not list the history (a damaged repository, or git older than 2.32)")
    current = {blob for _, blob in repository.blobs}
    paths: dict[str, str] = {}
    for row in listed.split(b"\n"):
        identifier, _, raw = row.partition(b" ")
        blob, path = identifier.decode(), raw.decode(errors="replace")
        suffix = path[path.rfind(".") :].lower() if "." in path else ""
        if blob and blob not in current and suffix not in _SKIPPED and path.rsplit("/", 1)[-1] not in _LOCKS:
            paths[blob] = path
    limits = []
    if (repository.root / ".git/shallow").exists():
        limits.append("the clone is shallow: only the commits that were fetched were searched")
    leaks: list[Leak] = []
    versions = 0
    if paths:
        deadline = time.monotonic() + HISTORY_SECONDS
        chosen, left = _within_bounds(repository, paths)
        for blob, data in _contents(repository, chosen, deadline):
            versions += 1
            if b"\0" not in data[:8000] and len(leaks) < MAX_LEAKS:
                leaks.extend(_dated(repository, blob, list(_leaks(data, paths[blob]))))
        left += len(chosen) - versions
        if left:
            limits.append(f"{left} of {len(paths)} earlier versions were too large or too many to search")
    return HistorySecrets(tuple(leaks), versions, "; ".join(limits) or None)


def _within_bounds(repository: Repository, paths: Iterable[str]) -> tuple[list[tuple[str, int]], int]:
    """Return the objects to read with their sizes, and how many are left out by the bounds."""
    wanted = "\n".join(paths).encode() + b"\n"
    sizes = run_git(repository.root, "cat-file", "--batch-check=%(objectname) %(objectsize)", stdin=wanted) or b""
    chosen: list[tuple[str, int]] = []
    total = left = 0
    for row in sizes.decode().splitlines():
        blob, _, size = row.partition(" ")
        if size.isdigit() and int(size) <= READ_LIMIT and total + int(size) <= HISTORY_BYTES:
            chosen.append((blob, int(size)))
            total += int(size)
        else:
            left += 1
    return chosen, left


def _contents(repository: Repository, chosen: list[tuple[str, int]], deadline: float) -> Iterator[tuple[str, bytes]]:
    """Yield the objects with their contents, some megabytes at a time, until the deadline."""
    position = 0
    while position < len(chosen) and time.monotonic() < deadline:
        batch: list[str] = []
        size = 0
        while position < len(chosen) and size < _CHUNK:
            batch.append(chosen[position][0])
            size += chosen[position][1]
            position += 1
        output = run_git(repository.root, "cat-file", "--batch", stdin="\n".join(batch).encode() + b"\n") or b""
        at = 0
        while at < len(output):
            end = output.index(b"\n", at)
            header = output[at:end].decode().split(" ")
            length = int(header[2]) if len(header) == 3 else 0
            yield header[0], output[end + 1 : end + 1 + length]
            at = end + 2 + length if len(header) == 3 else end + 1


def _dated(repository: Repository, blob: str, leaks: list[Leak]) -> Iterator[Leak]:
    """Give each leak the commit that brought it in."""
    if leaks:
        found = run_git(repository.root, "log", "--format=%h", "--no-textconv", f"--find-object={blob}", "HEAD") or b""
        commit = found.decode().split("\n")[-2] if b"\n" in found else "unknown"
        for leak in leaks:
            yield Leak(leak.name, leak.at, leak.shown, commit)
