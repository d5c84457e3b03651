"""What the repository remembers of its template, and which of the learner's tasks are still marked in the source.

`.scaffold/lock.json` lists each file as the template made it. The learner can edit it, so what the template owns is
also compared with the grader's own copy where that has the same version; a lock that cannot be read is a problem told.
"""

import hashlib
import json
import os
import re
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

from checks.evidence.documents import Markdown, parse
from checks.repository import FileTooLarge, Repository, run_git
from checks.session import Session
from scaffolder import __version__

LOCK = ".scaffold/lock.json"
SOURCES = frozenset(
    {".py", ".rb", ".erb", ".js", ".mjs", ".cjs", ".ts", ".html", ".sh", ".sql", ".yml", ".yaml", ".toml", ".css"}
)
CODE = frozenset({".py", ".rb", ".js", ".mjs", ".cjs", ".ts"})
_EMPTY = hashlib.sha256(b"").hexdigest()  # an empty `__init__.py` is nobody's work
_MARKER = re.compile(rb"TODO\((m\d{1,2}\.\d{1,2})\)")


class TemplateFile(NamedTuple):
    """A file of the template: `owner` is tool, merged or seed, `state` pristine, edited or missing.

    `empty` says that the template made it empty, as an `__init__.py` is.
    """

    path: str
    owner: str
    state: str
    empty: bool = False


class Scaffold(NamedTuple):
    """The template's files as they are now; no `project` when the repository was not made from a template.

    `readme` is the README as the template made it, where the first commit still has it. `own` counts the source files
    with something in them that the template did not make.
    """

    project: str | None = None
    version: str | None = None
    files: tuple[TemplateFile, ...] = ()
    problem: str | None = None
    readme: Markdown | None = None
    own: int = 0

    def state(self, path: str) -> str | None:
        """Return the state of a file of the template, or None when the path is the learner's own."""
        return next((f.state for f in self.files if f.path == path), None)


class Originals(NamedTuple):
    """The tool-owned files of the grader's own copy of the template, each as it is in the repository."""

    project: str
    version: str
    files: tuple[TemplateFile, ...] = ()


class Marker(NamedTuple):
    """A `TODO(mN.K)` in the source: the task that it stands for, and where it is."""

    task: str
    path: str
    line: int


class Markers(NamedTuple):
    """Every marker in the source, by path and line."""

    found: tuple[Marker, ...]


def collect_scaffold(repository: Repository) -> Scaffold:
    """Comparing with the template."""
    if LOCK not in repository:
        return Scaffold()
    try:
        lock = json.loads(repository.read_text(LOCK))
        files = {str(path): (str(f["sha256"]), str(f["owner"])) for path, f in lock["files"].items()}
        project, version = str(lock["project"]), str(lock["template_version"])
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError, OSError, FileTooLarge) as error:
        return Scaffold(problem=f"{LOCK} cannot be read: {type(error).__name__}")
    states = tuple(
        TemplateFile(p, owner, _state(repository, p, sha), sha == _EMPTY) for p, (sha, owner) in sorted(files.items())
    )
    readme = _pristine_readme(repository, files.get("README.md", ("", ""))[0])
    own = sum(1 for e in repository.with_suffix(*CODE) if e.size and e.path not in files)
    return Scaffold(project, version, states, None, readme, own)


def collect_originals(repository: Repository, session: Session) -> Originals:
    """Comparing with the grader's own copy."""
    project = session.project
    states: list[TemplateFile] = []
    for path in sorted(_files(project.starter), key=lambda path: path.split("/")):
        file = project.starter / path
        if path.endswith(".jinja") or project.ownership.owner_of(path) != "tool" or not file.is_file():
            continue  # what is rendered from answers differs by right
        sha256 = hashlib.sha256(file.read_bytes()).hexdigest()
        states.append(TemplateFile(path, "tool", _state(repository, path, sha256)))
    return Originals(project.id, project.version or __version__, tuple(states))


def _files(root: Path) -> Iterator[str]:
    """Yield the files below a folder as paths relative to it."""
    start = len(f"{root}/")
    for folder, _, names in os.walk(root):
        yield from (f"{folder}/{name}"[start:] for name in names)


def _state(repository: Repository, path: str, sha256: str) -> str:
    try:
        content = repository.read_bytes(path)
    except FileTooLarge:
        return "edited"  # no template file is that large
    except OSError:
        return "missing"
    return "pristine" if hashlib.sha256(content).hexdigest() == sha256 else "edited"


def _pristine_readme(repository: Repository, sha256: str) -> Markdown | None:
    """Return the template's README as it still lies here, or from a root commit, if it is the one the lock names."""
    if not sha256 or repository.commit is None:
        return None
    if _state(repository, "README.md", sha256) == "pristine":
        return parse("README.md", repository.read_bytes("README.md").decode(errors="replace"))
    roots = (run_git(repository.root, "rev-list", "--max-parents=0", "HEAD") or b"").decode().split()
    for root in roots[:3]:
        content = run_git(repository.root, "cat-file", "blob", f"{root}:README.md")
        if content is not None and hashlib.sha256(content).hexdigest() == sha256:
            return parse("README.md", content.decode(errors="replace"))
    return None


def collect_markers(repository: Repository) -> Markers:
    """Looking for tasks left in the source."""
    found: list[Marker] = []
    for entry in repository.entries:
        if entry.symlink or entry.suffix not in SOURCES:
            continue
        try:
            content = repository.read_bytes(entry.path)
        except (OSError, FileTooLarge):
            continue  # generated data, not a place for a task
        if b"TODO(m" in content:
            found += [
                Marker(match[1].decode(), entry.path, content.count(b"\n", 0, match.start()) + 1)
                for match in _MARKER.finditer(content)
            ]
    return Markers(tuple(found))
