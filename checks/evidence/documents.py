"""Markdown documents as headings, prose, code blocks and links.

Read line by line, not with a full CommonMark parser: importing one costs more than reading all documents of a
repository, and the rules ask only for what stands on lines of its own (https://spec.commonmark.org/0.31.2/, sections
4.2 and 4.5). Texts are not kept: of each line of prose there is a checksum and its number of words.
"""

from __future__ import annotations

import json
import re
import zlib
from typing import NamedTuple

from checks.repository import FileTooLarge, Repository

MAX_TITLE = 300  # characters; a heading is a line
_HEADING = re.compile(r" {0,3}(#{1,6})(?=\s|\Z)")
_FENCE = re.compile(r"\s*(`{3,}|~{3,})\s*([\w+-]*)")
_LINK = re.compile(r"\]\(\s*<?([^()\s<>]*(?:\([^()\s]*\)[^()\s<>]*)*)>?(?:\s+[\"'(][^)]*)?\)")
_DEFINITION = re.compile(r" {0,3}\[[^\]]+\]:\s+<?([^\s>]+)")
_ANCHOR = re.compile(r"<[a-z]+[^<>]*\s(?:id|name)=[\"']([^\"']+)", re.IGNORECASE)
_CODE_SPAN = re.compile(r"(`+)[^`].*?\1(?!`)")
_WORD = re.compile(r"[^\W_]{2,}")
_PLACEHOLDER = re.compile(
    r"\breplace (?:this|me)\b|\blorem ipsum\b|\bTODO\b|\bTBD\b|\bFIXME\b|\bcoming soon\b|\bwrite (?:me|this section)\b"
    r"|<(?:your|insert)[ -][^<>]*>",
    re.IGNORECASE,
)
_HINT = re.compile("replace|lorem|todo|tbd|fixme|coming|write|<")  # in lower case, so that few lines are searched
_STATUS = re.compile(r"\W*(status|date)\W+(\S.*)", re.IGNORECASE)
_SLUG = re.compile(r"[^\w\- ]")


class Code(NamedTuple):
    """A fenced code block: its language ("" without one), its text and the line of its fence."""

    language: str
    text: str
    line: int


class Link(NamedTuple):
    """Where a link or an image points, as written, and its line."""

    target: str
    line: int


class Section(NamedTuple):
    """A heading and what stands below it, up to the next heading of any level.

    `prose` holds a checksum and the number of words for each line that is neither code nor blank.
    """

    level: int
    title: str
    line: int
    prose: tuple[tuple[int, int], ...] = ()
    codes: tuple[Code, ...] = ()
    links: tuple[Link, ...] = ()
    steps: int = 0

    @property
    def words(self) -> int:
        """How many words of prose there are."""
        return sum(count for _, count in self.prose)


class Markdown(NamedTuple):
    """A document; its first section has level 0 when text stands before the first heading.

    `fields` are lines such as ``Status: accepted`` (names in lower case), `placeholders` lines that ask to be replaced.
    """

    path: str
    sections: tuple[Section, ...]
    anchors: frozenset[str] = frozenset()
    fields: tuple[tuple[str, str], ...] = ()
    placeholders: tuple[int, ...] = ()

    @property
    def title(self) -> str:
        """The first heading; empty without one."""
        return next((s.title for s in self.sections if s.level), "")

    @property
    def words(self) -> int:
        """How many words of prose there are."""
        return sum(s.words for s in self.sections)

    @property
    def codes(self) -> tuple[Code, ...]:
        """All code blocks."""
        return tuple(c for s in self.sections for c in s.codes)

    def own_words(self, other: Markdown | None) -> int:
        """Return how many words stand on lines that `other` (a template) does not have."""
        theirs = {line for s in other.sections for line, _ in s.prose} if other else set()
        return sum(count for s in self.sections for line, count in s.prose if line not in theirs)

    def body(self, pattern: re.Pattern[str]) -> int | None:
        """Return the words below the first heading that matches, its subsections included; None without such one."""
        for number, section in enumerate(self.sections):
            if section.level and pattern.search(section.title):
                total = section.words
                for below in self.sections[number + 1 :]:
                    if below.level <= section.level:
                        break
                    total += below.words
                return total
        return None


class Documents(NamedTuple):
    """The Markdown documents, all paths of the repository and its folders, and the paths that may be executed.

    `scripts` are the targets of the Makefile and the scripts of package.json in the root.
    """

    files: tuple[Markdown, ...]
    paths: frozenset[str] = frozenset()
    folders: frozenset[str] = frozenset()
    executables: frozenset[str] = frozenset()
    targets: frozenset[str] = frozenset()
    scripts: frozenset[str] = frozenset()

    def document(self, path: str) -> Markdown | None:
        """Return the document at `path`, if there is one."""
        return next((f for f in self.files if f.path == path), None)

    @property
    def readme(self) -> Markdown | None:
        """The README in the root, in whatever case it is written."""
        return next((f for f in self.files if f.path.lower() == "readme.md"), None)


def parse(path: str, text: str) -> Markdown:
    """Parse a Markdown text; nothing in it is an error."""
    reader = _Reader()
    for number, line in enumerate(text.splitlines(), 1):
        reader.take(line, number)
    reader.close_section()
    return Markdown(
        path, tuple(reader.sections), frozenset(reader.anchors), tuple(reader.fields), tuple(reader.placeholders)
    )


class _Reader:
    """Takes lines one by one and sorts them into sections."""

    def __init__(self) -> None:
        self.sections: list[Section] = []
        self.anchors: set[str] = set()
        self.fields: list[tuple[str, str]] = []
        self.placeholders: list[int] = []
        self._head = (0, "", 1)
        self._prose: list[tuple[int, int]] = []
        self._codes: list[Code] = []
        self._links: list[Link] = []
        self._steps = 0
        self._fence: tuple[str, str, int] | None = None
        self._code: list[str] = []
        self._comment = False

    def take(self, line: str, number: int) -> None:
        if self._fence is not None:
            return self._in_code(line)
        if not line:
            return None
        if match := _FENCE.match(line):
            self._fence = (match[1], match[2].lower(), number)
            return None
        line = self._without_comments(line)
        if match := _HEADING.match(line):
            self.close_section()
            title = line[match.end() :].strip().rstrip("#").rstrip()[:MAX_TITLE]
            self._head = (len(match[1]), title, number)
            self._anchor(title)
        return self._text(line, number, heading=bool(match))

    def _in_code(self, line: str) -> None:
        assert self._fence is not None  # noqa: S101 - only called inside a fence
        fence, language, start = self._fence
        stripped = line.strip()
        if stripped.startswith(fence) and not stripped.strip(fence[0]):
            self._codes.append(Code(language, "\n".join(self._code), start))
            self._fence, self._code = None, []
        else:
            self._code.append(line)

    def _without_comments(self, line: str) -> str:
        if self._comment:
            _, end, line = line.partition("-->")
            self._comment = not end
            if not end:
                return ""
        while "<!--" in line:
            before, _, rest = line.partition("<!--")
            _, end, after = rest.partition("-->")
            self._comment = not end
            line = before + after
        return line

    def _text(self, line: str, number: int, *, heading: bool) -> None:
        plain = _CODE_SPAN.sub("code", line) if "`" in line else line
        if "](" in plain:
            self._links += [Link(target, number) for target in _LINK.findall(plain) if target]
        if "]:" in plain and (definition := _DEFINITION.match(plain)):
            self._links.append(Link(definition[1], number))
        if "<" in plain:
            self.anchors.update(_ANCHOR.findall(plain))
        if _HINT.search(plain.lower()) and _PLACEHOLDER.search(plain):
            self.placeholders.append(number)
        if heading:
            return
        if match := _STATUS.match(line):
            self.fields.append((match[1].lower(), match[2].strip()))
        stripped = line.strip()
        self._steps += stripped[:1].isdigit() and re.match(r"\d+[.)]\s", stripped) is not None
        if words := len(_WORD.findall(plain)):
            self._prose.append((zlib.crc32(stripped.encode(errors="replace")), words))

    def _anchor(self, title: str) -> None:
        text = re.sub(r"!?\[([^\]]*)\]\([^)]*\)", r"\1", title).replace("`", "").replace("*", "").lower()
        slug = base = _SLUG.sub("", text).strip().replace(" ", "-")
        count = 0
        while slug in self.anchors:
            count += 1
            slug = f"{base}-{count}"
        self.anchors.add(slug)

    def close_section(self) -> None:
        """Finish the section; an unclosed fence ends with the text."""
        if self._fence is not None:
            self._codes.append(Code(self._fence[1], "\n".join(self._code), self._fence[2]))
        if self._head[0] or self._prose or self._codes or self._links:
            self.sections.append(
                Section(*self._head, tuple(self._prose), tuple(self._codes), tuple(self._links), self._steps)
            )
        self._prose, self._codes, self._links, self._steps = [], [], [], 0


def _targets(repository: Repository) -> frozenset[str]:
    for name in ("Makefile", "makefile", "GNUmakefile"):
        try:
            return frozenset(re.findall(r"^([A-Za-z0-9_.-]+)\s*:(?!=)", repository.read_text(name), re.MULTILINE))
        except (OSError, FileTooLarge):
            continue  # the next name, or no Makefile that can be used
    return frozenset()


def _scripts(repository: Repository) -> frozenset[str]:
    try:
        scripts = json.loads(repository.read_text("package.json")).get("scripts")
        return frozenset(scripts) if isinstance(scripts, dict) else frozenset()
    except (OSError, FileTooLarge, ValueError, AttributeError, RecursionError):
        return frozenset()  # no package.json whose scripts a command could name


def collect(repository: Repository) -> Documents:
    """Reading documents."""
    files: list[Markdown] = []
    folders: set[str] = set()
    for entry in repository.entries:
        folder = entry.path.rpartition("/")[0]
        while folder and folder not in folders:
            folders.add(folder)
            folder = folder.rpartition("/")[0]
        if entry.suffix in (".md", ".markdown") and not entry.symlink:
            try:
                files.append(parse(entry.path, repository.read_text(entry.path)))
            except (OSError, FileTooLarge):
                files.append(Markdown(entry.path, ()))
    return Documents(
        tuple(files),
        frozenset(repository.index),
        frozenset(folders),
        frozenset(e.path for e in repository.entries if e.executable),
        _targets(repository),
        _scripts(repository),
    )
