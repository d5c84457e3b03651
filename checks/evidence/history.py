"""The history of the repository, and which tracked files should not be.

One `git log --numstat` within bounds. The git executable is asked directly: GitPython would start it just the same,
and its import alone takes as long as a quarter of a static grading.
"""

import re
from collections.abc import Iterator
from typing import NamedTuple

from checks.model import NotMeasured
from checks.repository import Repository, RepositoryError

MAX_COMMITS = 5000
LARGE_BYTES = 1 << 20  # what is larger is data; GitHub warns from 50 MiB on, when it is too late

_RECORD, _FIELD = "\x1e", "\x1f"
_FORMAT = "%x1e" + "%x1f".join(("%H", "%P", "%aI", "%aN", "%aE", "%s", "%(trailers:key=Scaffold-Template,valueonly)"))
_LOG = (
    "-c", "log.showSignature=false", "log", f"--format={_FORMAT}", "--numstat", "--find-renames", "--no-ext-diff",
    "--no-textconv", "--no-color", f"--max-count={MAX_COMMITS + 1}", "HEAD", "--",
)  # fmt: skip
_SHALLOW = ("rev-parse", "--is-shallow-repository")
QUESTIONS = (_LOG, _SHALLOW)  # what git will be asked
_LOCKS = frozenset(
    {"uv.lock", "poetry.lock", "Pipfile.lock", "pdm.lock", "Gemfile.lock", "package-lock.json", "yarn.lock",
     "pnpm-lock.yaml", "npm-shrinkwrap.json"}
)  # fmt: skip
_BOT = re.compile(r"\[bot\]|\b(?:dependabot|renovate|github-actions|pre-commit-ci|greenkeeper)\b", re.IGNORECASE)
_GENERATED = re.compile(
    r"(?:^|/)(?:node_modules|__pycache__|\.venv|venv|htmlcov|\.nyc_output|\.(?:pytest|mypy|ruff)_cache|\.tox"
    r"|[^/]+\.egg-info)/|\.py[co]$|(?:^|/)(?:\.coverage(?:\..+)?|coverage\.xml|lcov\.info|\.DS_Store|Thumbs\.db)$"
    r"|\.(?:sqlite3|log|tfstate)$"
)
_PINNED = re.compile(r"(?:^|/)requirements[^/]*(?:/[^/]+)?\.txt$")


class Commit(NamedTuple):
    """A commit: `day` is the author's date, `lines` what was added and removed, lock files left out.

    `template` says that the scaffolder made it, `bot` that a program did, `merge` that it joins work on a branch.
    """

    id: str
    day: str
    author: str
    email: str
    subject: str
    lines: int
    template: bool
    bot: bool
    merge: bool

    @property
    def own(self) -> bool:
        """Whether a person made it."""
        return not (self.template or self.bot)


class History(NamedTuple):
    """The commits that lead to the current one, newest first; `limits` says what is missing from them."""

    git: bool
    commits: tuple[Commit, ...] = ()
    limits: str | None = None

    @property
    def own(self) -> tuple[Commit, ...]:
        """The commits that people made."""
        return tuple(c for c in self.commits if c.own)


class TrackedFiles(NamedTuple):
    """What git keeps: files that are large, as (path, bytes), and files that a program makes again."""

    git: bool
    large: tuple[tuple[str, int], ...] = ()
    generated: tuple[str, ...] = ()


def collect_tracked(repository: Repository) -> TrackedFiles:
    """Looking at what is tracked."""
    files = [e for e in repository.entries if not e.symlink]
    return TrackedFiles(
        repository.git,
        tuple((e.path, e.size) for e in files if e.size > LARGE_BYTES and e.name not in _LOCKS),
        tuple(e.path for e in files if _GENERATED.search(e.path)),
    )


def collect(repository: Repository) -> History:
    """Reading the history."""
    if repository.commit is None:
        return History(repository.git)
    try:
        output = repository.ask_git(*_LOG)
        limits = "the clone is shallow" if repository.ask_git(*_SHALLOW) == b"true\n" else None
    except RepositoryError as error:
        raise NotMeasured(f"the history cannot be read: {error}") from error
    if output is None:
        raise NotMeasured("the history cannot be read: git refuses to show its log")
    commits = tuple(_commits(output.decode(errors="replace")))
    if len(commits) > MAX_COMMITS:
        limits = f"only the last {MAX_COMMITS} commits were read"
    return History(True, commits[:MAX_COMMITS], limits)


def _commits(output: str) -> Iterator[Commit]:
    rows = [(head.split(_FIELD), body) for head, body in map(_split, output.split(_RECORD)[1:])]
    rows = [(fields, body) for fields, body in rows if len(fields) == 7]
    templates = {fields[0] for fields, _ in rows if fields[6].strip()}
    for (identifier, parents, date, author, email, subject, trailer), body in rows:
        above = parents.split()
        yield Commit(
            identifier[:10],
            date[:10],
            author,
            email.lower(),
            subject,
            sum(_size(line) for line in body.split("\n")),
            # An update joins the template's commit to the learner's work: that is nobody's branch.
            bool(trailer.strip()) or (len(above) > 1 and not templates.isdisjoint(above[1:])),
            _BOT.search(f"{author} {email}") is not None,
            len(above) > 1,
        )


def _split(record: str) -> tuple[str, str]:
    """Split a record into its fields and its figures; the last field, a trailer, ends with its line."""
    at = record.rfind(_FIELD) + 1
    head, _, body = record[at:].partition("\n")
    return record[:at] + head, body


def _size(line: str) -> int:
    added, _, rest = line.partition("\t")
    removed, _, path = rest.partition("\t")
    if not (added.isdigit() and removed.isdigit()):  # a blank line, or a binary file
        return 0
    made = path.rsplit("/", 1)[-1] in _LOCKS or _PINNED.search(path) or _GENERATED.search(path)
    return 0 if made else int(added) + int(removed)
