"""What the rules about Dockerfiles and compose files share: reading image names and health checks."""

from __future__ import annotations

import re
from collections.abc import Iterable

from checks.evidence._shell import Command
from checks.evidence.dockerfiles import Dockerfile, Instruction, substitute
from checks.model import Location, Verdict, failed

_TAG = re.compile(r"(?P<name>.+?)(?::(?P<tag>[^:/@]+))?(?:@(?P<digest>sha256:[0-9a-f]{64}))?\Z")
_EXACT = re.compile(r"v?\d+[._]\d+")
_TESTS = frozenset({"test", "[", "[["})
_EMPTY = frozenset({"true", ":", "exit", "echo", "printf", "sleep", "ls", "pwd", "cd", "date", "false"}) | _TESTS


def pinned(image: str) -> str | None:
    """Return why the image name does not say exactly which image it is, or None when it does."""
    match = _TAG.match(image)
    if match is None:
        return "is not an image name"
    if match["digest"] or image == "scratch":
        return None
    tag = match["tag"]
    if tag is None:
        return "has no tag, which means latest"
    if tag.split("-")[0] in ("latest", "stable", "edge", "main", "master", "nightly", "slim", "alpine", "lts"):
        return f"has the tag {tag}, which moves to every new release"
    return None if _EXACT.match(tag) else f"has the tag {tag}, which names no minor version"


def probes(commands: Iterable[Command]) -> bool:
    """Whether a health check can fail: one of its commands asks something and its failure is the check's."""
    known = [(c.words[0].rsplit("/", 1)[-1], c) for c in commands if c.words]
    asked = any(name not in _EMPTY for name, c in known if c.captured)  # [ "$(valkey-cli ping)" = PONG ]
    return any(c.fatal and (name not in _EMPTY or (name in _TESTS and asked)) for name, c in known if not c.captured)


def environment(instructions: Iterable[Instruction]) -> dict[str, str]:
    """Return the variables that hold after the instructions: ENV, and ARG defaults where no ENV has the name."""
    arguments: dict[str, str] = {}
    known: dict[str, str] = {}
    for item in instructions:
        if item.name in ("ENV", "ARG"):
            for name, value in item.pairs():
                filled = substitute(value, arguments | known)[0]
                (known if item.name == "ENV" else arguments)[name] = filled
    return arguments | known


def at(file: Dockerfile, item: Instruction | None = None) -> Location:
    """Return where an instruction stands; without one, where the last stage starts."""
    if item is not None:
        return Location(file.path, item.line)
    return Location(file.path, file.stages[-1].line if file.stages else 1)


def absent() -> Verdict:
    """Return the verdict of every rule about a Dockerfile that is not there."""
    return failed("There is no Dockerfile.", expected="a Dockerfile in the root", repair="Add a Dockerfile first.")
