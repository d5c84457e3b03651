"""`.dockerignore` files, evaluated the way Docker does.

Not with gitignore semantics: Docker roots every pattern at the build context, `*` never crosses a folder, the last
matching pattern wins, and a matched folder takes everything below it along
(https://docs.docker.com/build/concepts/context/#dockerignore-files).
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from checks.repository import FileTooLarge, Repository


@dataclass(frozen=True, slots=True)
class Pattern:
    """One line of the file; `keeps` marks an exception (`!pattern`)."""

    text: str
    line: int
    expression: re.Pattern[str]
    keeps: bool = False


@dataclass(frozen=True, slots=True)
class IgnoreFile:
    """A `.dockerignore` file and its patterns in order."""

    path: str
    patterns: tuple[Pattern, ...]

    def excludes(self, path: str) -> bool:
        """Whether Docker leaves the file at `path` (relative to the build context) out of the build context."""
        parts = path.split("/")
        prefixes = ["/".join(parts[: n + 1]) for n in range(len(parts))]
        excluded = False
        for pattern in self.patterns:
            if excluded == pattern.keeps and any(pattern.expression.match(prefix) for prefix in prefixes):
                excluded = not pattern.keeps
        return excluded


@dataclass(frozen=True, slots=True)
class IgnoreFiles:
    """The ignore files of the repository by path. `tracked` are all paths of the repository, to try patterns on."""

    files: tuple[IgnoreFile, ...]
    tracked: frozenset[str] = frozenset()

    def for_dockerfile(self, path: str) -> IgnoreFile | None:
        """Return the file that holds when the Dockerfile at `path` is built: `<Dockerfile>.dockerignore` beside it,
        else `.dockerignore` in its folder (the usual context), else the one in the root.
        """
        folder = path.rsplit("/", 1)[0] + "/" if "/" in path else ""
        known = {file.path: file for file in self.files}
        for name in (f"{path}.dockerignore", f"{folder}.dockerignore", ".dockerignore"):
            if name in known:
                return known[name]
        return None


def parse(path: str, text: str) -> IgnoreFile:
    """Parse an ignore file; comments and blank lines are left out."""
    patterns: list[Pattern] = []
    for number, raw in enumerate(text.splitlines(), 1):
        line = raw.strip()
        if not line or raw.startswith("#"):
            continue
        keeps = line.startswith("!")
        glob = "/".join(p for p in line.removeprefix("!").strip().split("/") if p not in ("", "."))
        if glob:
            patterns.append(Pattern(line, number, _expression(glob), keeps))
    return IgnoreFile(path, tuple(patterns))


def _expression(glob: str) -> re.Pattern[str]:
    out, at = "", 0
    while at < len(glob):
        if glob.startswith("**/", at):
            out, at = out + "(?:.*/)?", at + 3
        elif glob.startswith("**", at):
            out, at = out + ".*", at + 2
        elif glob[at] == "*":
            out, at = out + "[^/]*", at + 1
        elif glob[at] == "?":
            out, at = out + "[^/]", at + 1
        elif glob[at] == "[" and (end := glob.find("]", at + 2)) > 0:
            inside = glob[at + 1 : end].replace("\\", "\\\\").replace("[", "\\[")
            out, at = out + f"[{inside}]", end + 1
        else:
            at += glob[at] == "\\" and at + 1 < len(glob)
            out, at = out + re.escape(glob[at]), at + 1
    try:
        return re.compile(out + r"\Z")
    except re.error:  # a character class that is none; Docker refuses it, so it matches nothing
        return re.compile(r"(?!)")


def collect(repository: Repository) -> IgnoreFiles:
    """Reading ignore files."""
    files: list[IgnoreFile] = []
    for entry in repository.entries:
        if entry.name.endswith(".dockerignore") and not entry.symlink:
            try:
                files.append(parse(entry.path, repository.read_text(entry.path)))
            except (FileTooLarge, OSError):
                files.append(IgnoreFile(entry.path, ()))
    return IgnoreFiles(tuple(files), frozenset(repository.index) if files else frozenset())
