"""`.dockerignore` files, evaluated the way Docker does.

Not with gitignore semantics: Docker roots every pattern at the build context, `*` never crosses a folder, the last
matching pattern wins, and a matched folder takes everything below it along
(https://docs.docker.com/build/concepts/context/#dockerignore-files).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

from checks.repository import FileTooLarge, Repository


class Pattern(NamedTuple):
    """One line of the file: its `segments` between slashes; `keeps` marks an exception (`!pattern`)."""

    text: str
    line: int
    segments: tuple[str, ...]
    keeps: bool = False

    def matches(self, parts: Sequence[str]) -> bool:
        """Whether the pattern matches the path with these parts."""
        return _match(self.segments, parts, "**", _segment)


class IgnoreFile(NamedTuple):
    """A `.dockerignore` file and its patterns in order."""

    path: str
    patterns: tuple[Pattern, ...]

    def excludes(self, path: str) -> bool:
        """Whether Docker leaves the file at `path` (relative to the build context) out of the build context."""
        parts = path.split("/")
        prefixes = [parts[: n + 1] for n in range(len(parts))]
        excluded = False
        for pattern in self.patterns:
            if excluded == pattern.keeps and any(pattern.matches(prefix) for prefix in prefixes):
                excluded = not pattern.keeps
        return excluded


class IgnoreFiles(NamedTuple):
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
        segments = tuple(p for p in line.removeprefix("!").strip().split("/") if p not in ("", "."))
        if segments:
            patterns.append(Pattern(line, number, segments, keeps))
    return IgnoreFile(path, tuple(patterns))


def _match(tokens: Sequence[Any], items: Sequence[Any], star: str, equal: Callable[[Any, Any], bool]) -> bool:
    """Match a pattern in which `star` stands for any number of items, going back to the last star only.

    Not by a regular expression: `**/**/**/…` would take one longer than anybody waits.
    """
    at = token = 0
    resume, taken = -1, 0
    while at < len(items):
        if token < len(tokens) and tokens[token] == star:
            resume, taken = token, at
            token += 1
        elif token < len(tokens) and equal(tokens[token], items[at]):
            token, at = token + 1, at + 1
        elif resume >= 0:
            taken += 1
            token, at = resume + 1, taken
        else:
            return False
    return all(left == star for left in tokens[token:])


def _segment(pattern: str, name: str) -> bool:
    """Match one segment: `*`, `?`, `[a-z]`, `[^a-z]` and escaped characters."""
    return _match(_tokens(pattern), name, "*", _fits)


def _fits(token: Any, character: str) -> bool:
    negated, characters = bool(token[0]), str(token[1])
    return (character in characters) != negated


def _tokens(pattern: str) -> list[Any]:
    """Return the pattern's tokens: `*`, or whether a set of characters is meant to be kept out, and the set."""
    tokens: list[Any] = []
    at = 0
    while at < len(pattern):
        character = pattern[at]
        end = pattern.find("]", at + 2) if character == "[" else -1
        if character == "*":
            tokens.append("*")
        elif character == "?":
            tokens.append((True, ""))
        elif end > 0:
            inside = pattern[at + 1 : end]
            tokens.append((inside.startswith("^"), _class(inside.removeprefix("^"))))
            at = end
        else:
            at += character == "\\" and at + 1 < len(pattern)
            tokens.append((False, pattern[at]))
        at += 1
    return tokens


def _class(inside: str) -> str:
    """Return the characters of `a-z0` (a range that runs backwards has none)."""
    out, at = "", 0
    while at < len(inside):
        if inside[at + 1 : at + 2] == "-" and at + 2 < len(inside):
            first, last = ord(inside[at]), ord(inside[at + 2])
            out += "".join(chr(c) for c in range(first, min(last, first + 255) + 1))
            at += 3
        else:
            out, at = out + inside[at], at + 1
    return out


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
