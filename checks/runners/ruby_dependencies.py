"""Reads what a Ruby project asks for: the gems of its lock file, and the Ruby that its files name."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from checks.runners.base import InstallFailed

_SECTION = re.compile(r"[A-Z][A-Z ]+$")
_GEM = re.compile(r" {4}(\S+) \(([^)]+)\)$")
_DEPENDENCY = re.compile(r" {2}([^\s!]+)!?(?: \([^)]*\))?!?$")
_CHECKSUM = re.compile(r" {2}(\S+) \(([^)]+)\) sha256=[0-9a-f]{64}")
_SOURCES = frozenset({"GEM", "GIT", "PATH", "PLUGIN SOURCE"})
_RUBY_LINE = re.compile(r"""^[ \t]*ruby[ \t(]+((?:["'][^"'\n]*["'][ \t]*,?[ \t]*)+)""", re.MULTILINE)
_RUBY_FILE = re.compile(r"""^[ \t]*ruby[ \t(]+(?:file:|:file\s*=>)\s*["']([^"'\n]+)["']""", re.MULTILINE)
_CONSTRAINT = re.compile(r"(=|!=|>=|<=|~>|>|<)?\s*(\d+(?:\.\d+)*)")


@dataclass(frozen=True, slots=True)
class Lock:
    """A lock file: versions by gem, the names that the Gemfile asks for, and whether each gem's checksum is there."""

    gems: Mapping[str, str] = field(default_factory=dict)
    dependencies: tuple[str, ...] = ()
    checksums: bool = False


def parse_lock(text: str) -> Lock:
    """Return the contents of a `Gemfile.lock`.

    Raises InstallFailed when it is none: merge conflicts, no gems, or a dependency that is not locked.
    """
    if re.search(r"^(?:<{7}|>{7}|={7})", text, re.MULTILINE):
        raise InstallFailed("Gemfile.lock has merge conflicts")
    gems: dict[str, str] = {}
    served: set[tuple[str, str]] = set()  # by a gem server, so that there is a file to take a checksum of
    summed: set[tuple[str, str]] = set()
    names: list[str] = []
    section = ""
    for line in text.splitlines():
        if _SECTION.match(line):
            section = line
        elif section in _SOURCES and (gem := _GEM.match(line)):
            gems[gem[1]] = gem[2]
            if section == "GEM":
                served.add((gem[1], gem[2]))
        elif section == "DEPENDENCIES" and (named := _DEPENDENCY.match(line)):
            names.append(named[1])
        elif section == "CHECKSUMS" and (known := _CHECKSUM.match(line)):
            summed.add((known[1], known[2]))
    missing = [name for name in names if name not in gems and name != "bundler"]
    if missing:
        raise InstallFailed("Gemfile.lock is broken", f"not locked: {', '.join(missing[:8])}")
    if not gems or not names:
        raise InstallFailed("Gemfile.lock is broken", "it locks no gem")
    return Lock(gems, tuple(names), served <= summed)


def wanted_ruby(folder: Path) -> tuple[str, str]:
    """Return the version of Ruby that the project in `folder` asks for, or "", and the file that says so."""
    gemfile = _read(folder / "Gemfile")
    if (line := _RUBY_LINE.search(gemfile)) is not None:
        return ", ".join(re.findall(r"""["']([^"']*)["']""", line[1])), "Gemfile"
    named = _RUBY_FILE.search(gemfile)
    for name in (*([named[1]] if named else []), ".ruby-version", ".tool-versions"):
        path = folder / name
        if path.resolve().is_relative_to(folder.resolve()):  # the Gemfile may name any file
            version = _version(_read(path))
            if version:
                return version, name
    return "", ""


def _version(text: str) -> str:
    match = re.search(r"^(?:ruby[- \t]+|)(\d+(?:\.\d+)*)", text, re.MULTILINE)
    return match[1] if match else ""


def _read(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8", errors="replace")
    except OSError:
        return ""


def satisfies(version: tuple[int, ...], wanted: str) -> bool:
    """Say whether a version meets a requirement as RubyGems writes it: ``3.4.1``, ``~> 3.3``, ``>= 3.2, < 4``.

    A bare version of fewer parts, as in `.ruby-version`, stands for all that begin with it.
    """
    return all(_meets(version, operator, _parts(number)) for operator, number in _CONSTRAINT.findall(wanted))


def _parts(number: str) -> tuple[int, ...]:
    return tuple(int(part) for part in number.split(".")[:8])


def _meets(version: tuple[int, ...], operator: str, bound: tuple[int, ...]) -> bool:
    width = max(len(version), len(bound))
    have, limit = (v + (0,) * (width - len(v)) for v in (version, bound))
    match operator:
        case "":
            return version[: len(bound)] == bound
        case "~>":
            return have >= limit and version[: max(1, len(bound) - 1)] == bound[: max(1, len(bound) - 1)]
        case "=":
            return have == limit
        case "!=":
            return have != limit
        case ">=":
            return have >= limit
        case "<=":
            return have <= limit
        case ">":
            return have > limit
    return have < limit
