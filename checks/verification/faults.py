"""Seeded faults: small patches to the reference solution, each naming the check that must catch it.

A fault is a file `faults/<name>.patch`: a few header lines, an empty line, and a diff as `git diff` writes it.

    Title: Money is added up as floats
    Check: acceptance.m4.reconciliation
    Also: acceptance.m5.summary, acceptance.m6.csv-report

`Also` lists what may lose points as well, and with reason; a name may be a whole milestone or family.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

from scaffolder.errors import ScaffoldError

_HEADER = re.compile(r"([A-Z][a-z]+):[ \t]*(.*)")
_KEYS = {"Title", "Check", "Also"}


class BrokenFault(ScaffoldError):
    """A fault can't be used."""


@dataclass(frozen=True, slots=True)
class Fault:
    """A seeded fault. `also` are ids, milestones and families that may lose points besides `check`."""

    name: str
    title: str
    check: str
    also: tuple[str, ...]
    patch: str


def parse(name: str, text: str) -> Fault:
    """Return the fault that a file describes.

    Raises BrokenFault when a header is missing or unknown, or there is no diff.
    """
    head, _, patch = text.partition("\n\n")
    values: dict[str, str] = {}
    for number, line in enumerate(head.splitlines(), 1):
        match = _HEADER.fullmatch(line)
        if match is None or match[1] not in _KEYS or match[1] in values:
            raise BrokenFault(
                f"faults/{name}.patch:{number}: {line!r} is no header.",
                f"Headers: {', '.join(sorted(_KEYS))}; once each.",
            )
        values[match[1]] = match[2].strip()
    for key in ("Title", "Check"):
        if not values.get(key):
            raise BrokenFault(f"faults/{name}.patch has no {key}.", f"Add a line `{key}: …` before the empty line.")
    if not re.search(r"^(?:diff --git|--- )", patch, re.MULTILINE):
        raise BrokenFault(f"faults/{name}.patch holds no diff.", "Add what `git diff` writes, after an empty line.")
    also = tuple(part.strip() for part in values.get("Also", "").split(",") if part.strip())
    return Fault(name, values["Title"], values["Check"], also, patch)


def read(folder: Path) -> tuple[Fault, ...]:
    """Return the faults of a folder by name; none when there is no folder."""
    return tuple(parse(path.stem, path.read_text(encoding="utf-8")) for path in sorted(folder.glob("*.patch")))
