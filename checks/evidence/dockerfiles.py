"""Dockerfiles as stages of instructions, each with its line.

Parsed here and not with the `dockerfile-parse` package, because that one knows neither here-documents (their lines
come out as instructions) nor the `escape` directive's effect on comments inside continuations, and keeps no flags
(`--mount`, `--from`). Rules: https://docs.docker.com/reference/dockerfile/ (parser directives, here-documents,
environment replacement).
"""

import json
import re
import shlex
from collections.abc import Iterator, Mapping
from typing import NamedTuple

from checks.evidence import _shell
from checks.evidence._shell import Command
from checks.repository import Entry, FileTooLarge, Repository

NAMES = frozenset(
    {"ADD", "ARG", "CMD", "COPY", "ENTRYPOINT", "ENV", "EXPOSE", "FROM", "HEALTHCHECK", "LABEL", "MAINTAINER",
     "ONBUILD", "RUN", "SHELL", "STOPSIGNAL", "USER", "VOLUME", "WORKDIR"}
)  # fmt: skip
MAX_STAGES = 100  # people write up to ten
NOT_SHIPPED = frozenset({".devcontainer", "tests", "test", "spec", "fixtures", "examples", "docs", "node_modules"})

_DIRECTIVE = re.compile(r"#\s*(\w+)\s*=\s*(\S+)\s*\Z")
_HEREDOC = re.compile(r"""<<(-?)(['"]?)([A-Za-z_]\w*)\2""")
_FLAG = re.compile(r"--[a-z][\w-]*(?:=(?:\"[^\"]*\"|\S*))?(?=\s|\Z)")
_VARIABLE = re.compile(r"\\\$|\$(?:(\w+)|\{(\w+)(?:(:?[-+?])([^}]{0,300}))?\})")
_FROM = re.compile(r"(\S+)(?:\s+as\s+(\S+))?\s*\Z", re.IGNORECASE)
# An unclosed quote goes to the end, so that a line full of them is read once and not once for each.
_WORD = re.compile(r"""(?:[^\s"']|"(?:\\.|[^"\\])*\\?(?:"|\Z)|'[^']*(?:'|\Z))+""", re.DOTALL)


class Instruction(NamedTuple):
    """One instruction: its name in capitals, what follows without flags, continuations joined by blanks.

    `heredocs` are the bodies of its here-documents; `onbuild` marks one that only runs in images built upon this one;
    `commands` are what a RUN, CMD, ENTRYPOINT or HEALTHCHECK runs, looked for inside `sh -c` too.
    """

    name: str
    value: str
    line: int
    flags: tuple[str, ...] = ()
    heredocs: tuple[str, ...] = ()
    onbuild: bool = False
    commands: tuple[Command, ...] = ()

    @property
    def text(self) -> str:
        """The value with the bodies of its here-documents: everything that a shell would run."""
        return "\n".join((self.value, *self.heredocs))

    @property
    def array(self) -> tuple[str, ...] | None:
        """The words of the exec form (`["a", "b"]`), or None for the shell form."""
        if not self.value.startswith("["):
            return None
        try:
            words = json.loads(self.value)
        except (ValueError, RecursionError):
            return None
        return tuple(words) if isinstance(words, list) and all(isinstance(w, str) for w in words) else None

    @property
    def words(self) -> tuple[str, ...]:
        """The value's words, of either form, without their quotes."""
        return self.array or tuple(w.strip("\"'") for w in _WORD.findall(self.value))

    def flag(self, name: str) -> str | None:
        """Return the value of the flag `--name=value`, or None without it."""
        prefix = f"--{name}="
        return next((f.removeprefix(prefix).strip('"') for f in self.flags if f.startswith(prefix)), None)

    def pairs(self) -> Iterator[tuple[str, str]]:
        """Yield the names and values that an ENV, ARG or LABEL sets; a value without quotes, "" for a bare name."""
        words = _WORD.findall(self.value)
        if self.name == "ENV" and words and "=" not in words[0]:  # the old form: one name, the rest is its value
            yield words[0], self.value[len(words[0]) :].strip().strip("\"'")
            return
        for word in words:
            name, _, value = word.partition("=")
            yield name, value.strip("\"'")


class Stage(NamedTuple):
    """A build stage. `image` is the base with the global ARG defaults filled in, `parent` the index of the earlier
    stage when the base is one, `unresolved` the variables of the base that have no default.
    """

    image: str
    name: str | None
    line: int
    instructions: tuple[Instruction, ...]
    parent: int | None = None
    unresolved: tuple[str, ...] = ()


class Dockerfile(NamedTuple):
    """A parsed Dockerfile; `problems` are the lines that Docker would refuse, with the reason."""

    path: str
    stages: tuple[Stage, ...]
    problems: tuple[tuple[int, str], ...] = ()

    def ancestry(self, stage: Stage) -> tuple[Stage, ...]:
        """Return the stages that `stage` is built upon, first the one with an outside base, last itself."""
        chain = [stage]
        while chain[-1].parent is not None:
            chain.append(self.stages[chain[-1].parent])
        return tuple(reversed(chain))

    def lineage(self, stage: Stage) -> tuple[Instruction, ...]:
        """Return the instructions that make the image of `stage`: those of its ancestors, then its own."""
        return tuple(i for s in self.ancestry(stage) for i in s.instructions if not i.onbuild)

    def base(self, stage: Stage) -> str:
        """Return the outside image that `stage` starts from."""
        return self.ancestry(stage)[0].image

    @property
    def final(self) -> tuple[Instruction, ...]:
        """The instructions that make the image which `docker build` ends with; empty without a stage."""
        return self.lineage(self.stages[-1]) if self.stages else ()

    def effective(self, name: str) -> Instruction | None:
        """Return the last instruction `name` of the final image: the one that holds."""
        return next((i for i in reversed(self.final) if i.name == name), None)

    def stage_named(self, reference: str) -> int | None:
        """Return the index of the stage that `--from=reference` names, or None for an outside image."""
        if reference.isdigit() and int(reference) < len(self.stages):
            return int(reference)
        wanted = reference.lower()
        return next((n for n, s in enumerate(self.stages) if s.name and s.name.lower() == wanted), None)


class Dockerfiles(NamedTuple):
    """The Dockerfiles of what is shipped (not of tests or development containers).

    `hashed` are requirement files whose every entry carries a hash, which makes pip install nothing else.
    """

    files: tuple[Dockerfile, ...]
    hashed: frozenset[str] = frozenset()


def substitute(text: str, variables: Mapping[str, str]) -> tuple[str, tuple[str, ...]]:
    """Fill `$NAME`, `${NAME:-default}` and `${NAME:+other}` in; return the text and the names that had no value."""
    unresolved: list[str] = []

    def value(match: re.Match[str]) -> str:
        name = match[1] or match[2]
        if name is None:  # an escaped dollar sign
            return "$"
        known = variables.get(name, "")
        operator, other = match[3] or "", match[4] or ""
        if operator.endswith("+"):
            return other if known else ""
        if known:
            return known
        if operator.endswith("-"):
            return other
        unresolved.append(name)
        return ""

    return _VARIABLE.sub(value, text), tuple(unresolved)


def parse(path: str, text: str) -> Dockerfile:
    """Parse the text of a Dockerfile; what Docker would refuse is recorded, never raised."""
    problems: list[tuple[int, str]] = []
    variables: dict[str, str] = {}
    stages: list[Stage] = []
    bodies: list[list[Instruction]] = []
    names: dict[str, int] = {}
    for item in _instructions(text, problems):
        if item.name == "FROM":
            match = _FROM.match(item.value)
            if match is None:
                problems.append((item.line, "FROM wants `image` or `image AS name`"))
                continue
            if len(stages) == MAX_STAGES:
                problems.append((item.line, f"there are more than {MAX_STAGES} stages"))
                break
            image, unresolved = substitute(match[1].strip("\"'"), variables)
            stages.append(Stage(image, match[2], item.line, (), names.get(image.lower()), unresolved))
            if match[2]:
                names.setdefault(match[2].lower(), len(stages) - 1)
            bodies.append([])
        elif bodies:
            bodies[-1].append(item)
        elif item.name == "ARG":
            variables.update((name, substitute(value, variables)[0]) for name, value in item.pairs())
        else:
            problems.append((item.line, f"{item.name} stands before the first FROM"))
    if not stages:
        problems.append((1, "there is no FROM instruction"))
    complete = (
        Stage(s.image, s.name, s.line, tuple(b), s.parent, s.unresolved) for s, b in zip(stages, bodies, strict=True)
    )
    return Dockerfile(path, tuple(complete), tuple(problems))


def _instructions(text: str, problems: list[tuple[int, str]]) -> Iterator[Instruction]:
    lines = text.split("\n")
    escape = _escape(lines)
    at = 0
    while at < len(lines):
        start, more = at, True
        parts: list[str] = []
        while more and at < len(lines):
            line = lines[at].rstrip("\r \t")
            at += 1
            if line.lstrip().startswith("#") or (parts and not line):  # comments vanish inside continuations too
                more = bool(parts)
                continue
            more = line.endswith(escape)
            parts.append((line[:-1] if more else line).strip())
        logical = " ".join(p for p in parts if p)
        if not logical:
            continue
        name, _, rest = logical.partition(" ")
        onbuild = name.upper() == "ONBUILD"
        if onbuild:
            name, _, rest = rest.strip().partition(" ")
        name, rest = name.upper(), rest.strip()
        if name not in NAMES or name == "ONBUILD":
            problems.append((start + 1, f"{name[:40] or 'ONBUILD'} is not an instruction"))
            continue
        flags: list[str] = []
        while match := _FLAG.match(rest):
            flags.append(match[0])
            rest = rest[match.end() :].lstrip()
        heredocs: list[str] = []
        if name in ("RUN", "COPY", "ADD"):
            for dash, _quote, word in _HEREDOC.findall(rest):
                at, body = _heredoc(lines, at, word, bool(dash))
                if body is None:
                    problems.append((start + 1, f"the here-document {word} does not end"))
                else:
                    heredocs.append(body)
        commands = _commands(name, rest, heredocs)
        yield Instruction(name, rest, start + 1, tuple(flags), tuple(heredocs), onbuild, commands)


def commands_of(form: str | tuple[str, ...]) -> tuple[Command, ...]:
    """Return the commands of a shell form (text) or an exec form (words); none when the shell could not read it."""
    return _shell.read(form if isinstance(form, str) else shlex.join(form), errexit=False).commands


def _commands(name: str, value: str, heredocs: list[str]) -> tuple[Command, ...]:
    if name == "HEALTHCHECK":
        value = value[4:].strip() if value[:4].upper() == "CMD " else ""
    elif name not in ("RUN", "CMD", "ENTRYPOINT"):
        return ()
    if value.startswith("<<"):  # RUN <<EOF: the document is the script
        return commands_of("\n".join(heredocs))
    array = Instruction(name, value, 0).array
    return commands_of(_HEREDOC.sub("", value) if array is None else array)


def _escape(lines: list[str]) -> str:
    """Read the `escape` directive, which must stand before anything but other directives."""
    for line in lines:
        match = _DIRECTIVE.match(line.strip())
        if match is None:
            break
        if match[1].lower() == "escape" and match[2] in ("`", "\\"):
            return match[2]
    return "\\"


def _heredoc(lines: list[str], at: int, word: str, dash: bool) -> tuple[int, str | None]:
    for end in range(at, len(lines)):
        line = lines[end].rstrip("\r")
        if (line.lstrip("\t") if dash else line) == word:
            return end + 1, "\n".join(lines[at:end])
    return len(lines), None


def _is_dockerfile(entry: Entry) -> bool:
    name = entry.name.lower()
    if entry.symlink or name.endswith((".dockerignore", ".md")):
        return False
    named = name in ("dockerfile", "containerfile") or name.startswith("dockerfile.") or name.endswith(".dockerfile")
    return named and NOT_SHIPPED.isdisjoint(entry.path.split("/")[:-1])


def _all_hashed(text: str) -> bool:
    """Whether each requirement of the file carries a hash (continuation lines joined, options left out)."""
    logical = (line.split(" #")[0].strip() for line in text.replace("\\\n", " ").splitlines())
    wanted = [line for line in logical if line and not line.startswith(("#", "-"))]
    return bool(wanted) and all("--hash=" in line for line in wanted)


def collect(repository: Repository) -> Dockerfiles:
    """Reading Dockerfiles."""
    files: list[Dockerfile] = []
    hashed: set[str] = set()
    for entry in repository.entries:
        try:
            if _is_dockerfile(entry):
                files.append(parse(entry.path, repository.read_text(entry.path)))
        except (FileTooLarge, OSError):
            files.append(Dockerfile(entry.path, (), ((1, "the file cannot be read, or is too large"),)))
    if files:
        for entry in repository.with_suffix(".txt"):
            try:
                if "requirements" in entry.path and _all_hashed(repository.read_text(entry.path)):
                    hashed.add(entry.path)
            except (FileTooLarge, OSError):
                continue  # then it is not known to be hashed, and the rule says so
    return Dockerfiles(tuple(files), frozenset(hashed))
