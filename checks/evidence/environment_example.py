"""`.env.example`: the variables that a deployment may set, and whether each is explained."""

from __future__ import annotations

import re
from typing import NamedTuple

from checks.repository import FileTooLarge, Repository

NAMES = (".env.example", ".env.sample", ".env.template", "env.example")
_ASSIGNMENT = re.compile(r"(?:export\s+)?([A-Za-z_]\w*)\s*=")
_WORD = re.compile(r"\b[A-Z][A-Z0-9_]{2,}\b")


class EnvironmentExample(NamedTuple):
    """The example file, if there is one.

    `variables` are names and lines; `explained` those with a comment on their line or in the block above them;
    `mentioned` are names that a comment of several words speaks of without assigning them.
    """

    path: str | None
    variables: tuple[tuple[str, int], ...] = ()
    explained: frozenset[str] = frozenset()
    mentioned: frozenset[str] = frozenset()


def parse(path: str, text: str) -> EnvironmentExample:
    """Parse an example file; a block is a run of lines without a blank one."""
    variables: list[tuple[str, int]] = []
    explained: set[str] = set()
    mentioned: set[str] = set()
    comment = False
    for number, raw in enumerate(text.splitlines(), 1):
        line = raw.strip()
        if not line:
            comment = False
        elif line.startswith("#"):
            words = line.lstrip("# ").split()
            comment = comment or any(any(c.isalpha() for c in word) for word in words)
            if len(words) >= 3 and "=" not in words[0]:
                mentioned.update(_WORD.findall(line))
        elif match := _ASSIGNMENT.match(line):
            variables.append((match[1], number))
            if comment or " #" in line:
                explained.add(match[1])
    return EnvironmentExample(path, tuple(variables), frozenset(explained), frozenset(mentioned))


def collect(repository: Repository) -> EnvironmentExample:
    """Reading the example environment."""
    for name in NAMES:
        try:
            return parse(name, repository.read_text(name))
        except FileNotFoundError:
            continue
        except (FileTooLarge, OSError):
            return EnvironmentExample(name)
    return EnvironmentExample(None)
