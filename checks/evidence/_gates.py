"""Coverage gates: below which figure a test command fails, from its options and from the tools' own settings.

Sources: pytest-cov and coverage.py (`fail_under` makes every reporting command fail), Jest's and Vitest's thresholds,
c8 and nyc `--check-coverage`, Node's `--test-coverage-lines`, SimpleCov's `minimum_coverage`.
"""

from __future__ import annotations

import configparser
import json
import re
import shlex
import tomllib
from typing import Any, NamedTuple

from checks.repository import FileTooLarge, Repository

_REPORTS = frozenset({"report", "xml", "html", "json", "lcov"})
_SIMPLECOV = re.compile(r"^[^#\n]*\bminimum_coverage[\s(]*(?:\{?\s*line:\s*)?(\d+(?:\.\d+)?)", re.MULTILINE)
_SIMPLECOV_START = re.compile(r"^[^#\n]*\bSimpleCov\.(?:start|configure)", re.MULTILINE)
_COMMENT = re.compile(r"/\*.*?\*/|(?<!:)//[^\n]*", re.DOTALL)
_LINES = re.compile(
    r"""(?:coverageThreshold|thresholds)["']?\s*:\s*\{.{0,400}?["']?lines["']?\s*:\s*(\d+(?:\.\d+)?)""", re.DOTALL
)


class Settings(NamedTuple):
    """What the tree's own settings say about coverage; None where they say nothing."""

    fail_under: float | None = None
    addopts: tuple[str, ...] = ()
    simplecov: float | None = None
    javascript: float | None = None
    collects: bool = False
    c8: float | None = None


def settings(repository: Repository) -> Settings:
    """Return the coverage settings of the tree: the root's, else the weakest of those in its folders."""
    pythons = [_python(repository, path) for path in _named(repository, "pyproject.toml", ".coveragerc", "setup.cfg",
                                                            "tox.ini", "pytest.ini")]  # fmt: skip
    figures = [f for f, _ in pythons if f is not None]
    addopts = next((a for _, a in pythons if a), ())
    ruby = [
        _text(repository, p)
        for p in _named(repository, "spec_helper.rb", "rails_helper.rb", "test_helper.rb", ".simplecov")
    ]
    found = [float(m.group(1)) for t in ruby if _SIMPLECOV_START.search(t) for m in _SIMPLECOV.finditer(t)]
    javascript, collects, c8 = _javascript(repository)
    return Settings(min(figures, default=None), addopts, min(found, default=None), javascript, collects, c8)


def gate(words: tuple[str, ...], known: Settings) -> float | None:
    """Return the line coverage in percent below which this unwrapped command fails, None when it does not care."""
    name, arguments = words[0], words[1:]
    if name in ("pytest", "py.test"):
        arguments = (*known.addopts, *arguments)
        switches = [a for a in arguments if a == "--cov" or a.startswith("--cov=")]
        if "--no-cov" in arguments or not switches:
            return None
        own = _option(arguments, "--cov-fail-under")
        return known.fail_under if own is None else own
    if name == "coverage" and arguments and arguments[0] in _REPORTS:
        own = _option(arguments, "--fail-under")
        return known.fail_under if own is None else own
    if name in ("jest", "vitest"):
        if not known.collects and not any(a.startswith("--coverage") and a != "--coverage=false" for a in arguments):
            return None
        match = re.search(r'"?lines"?[:=]\s*(\d+)', " ".join(arguments))
        return float(match.group(1)) if match else known.javascript
    if name in ("c8", "nyc"):
        own = _option(arguments, "--lines") if "--check-coverage" in arguments or "--100" in arguments else None
        return 100.0 if "--100" in arguments else known.c8 if own is None else own
    if name == "node" and "--test" in arguments and "--experimental-test-coverage" in arguments:
        return _option(arguments, "--test-coverage-lines")
    if name in ("rspec", "rails", "rake", "parallel_rspec"):
        return known.simplecov
    return None


def _option(arguments: tuple[str, ...], name: str) -> float | None:
    """Return the number that an option was given last, as the tools take it."""
    value = None
    for number, word in enumerate(arguments):
        if word.startswith(f"{name}="):
            value = word.removeprefix(f"{name}=")
        elif word == name and number + 1 < len(arguments):
            value = arguments[number + 1]
    return _number(value)


def _number(value: Any) -> float | None:
    try:
        return None if value is None or isinstance(value, bool) else float(value)
    except (TypeError, ValueError):
        return None


def _named(repository: Repository, *names: str) -> list[str]:
    """Return the paths of files with these names: those of the root alone when it has any."""
    wanted = frozenset(names)
    found = [e.path for e in repository.entries if not e.symlink and e.name in wanted]
    return [p for p in found if "/" not in p] or found[:20]


def _text(repository: Repository, path: str) -> str:
    try:
        return repository.read_text(path)
    except (OSError, FileTooLarge):
        return ""


def _python(repository: Repository, path: str) -> tuple[float | None, tuple[str, ...]]:
    text = _text(repository, path)
    if path.endswith(".toml"):
        try:
            tool = tomllib.loads(text).get("tool", {})
            report = tool.get("coverage", {}).get("report", {}).get("fail_under")
            addopts = tool.get("pytest", {}).get("ini_options", {}).get("addopts", "")
        except (tomllib.TOMLDecodeError, AttributeError, RecursionError):
            return None, ()
        return _number(report), _split(addopts)
    parser = configparser.RawConfigParser(strict=False)
    try:
        parser.read_string(text)
    except configparser.Error:
        return None, ()
    figure = next((_number(parser.get(s, "fail_under", fallback=None)) for s in ("report", "coverage:report")
                   if parser.has_option(s, "fail_under")), None)  # fmt: skip
    options = next((parser.get(s, "addopts") for s in ("pytest", "tool:pytest") if parser.has_option(s, "addopts")), "")
    return figure, _split(options)


def _split(value: Any) -> tuple[str, ...]:
    if isinstance(value, list):
        return tuple(str(item) for item in value)
    try:
        return tuple(shlex.split(str(value)))
    except ValueError:
        return ()


def _javascript(repository: Repository) -> tuple[float | None, bool, float | None]:
    """Return the line threshold of Jest or Vitest, whether coverage is always collected, and that of c8 or nyc."""
    package = _json(_text(repository, "package.json"))
    jest = package.get("jest")
    threshold, collects = None, False
    if isinstance(jest, dict):
        whole = jest.get("coverageThreshold")
        whole = whole.get("global") if isinstance(whole, dict) else None
        threshold = _number(whole.get("lines")) if isinstance(whole, dict) else None
        collects = jest.get("collectCoverage") is True
    for entry in repository.glob("jest.config.*", "vitest.config.*", "vite.config.*"):
        text = _COMMENT.sub("", _text(repository, entry.path))
        match = _LINES.search(text)
        threshold = float(match.group(1)) if match else threshold
        collects = collects or bool(re.search(r"collectCoverage\s*:\s*true|enabled\s*:\s*true", text))
    c8 = None
    for value in (
        package.get("c8"),
        package.get("nyc"),
        *(_json(_text(repository, p)) for p in (".c8rc.json", ".c8rc", ".nycrc", ".nycrc.json")),
    ):
        if isinstance(value, dict) and value.get("check-coverage") is True:
            c8 = _number(value.get("lines", 90))  # 90 is the tools' own default
    return threshold, collects, c8


def _json(text: str) -> dict[str, Any]:
    try:
        value = json.loads(text)
    except (ValueError, RecursionError):
        return {}
    return value if isinstance(value, dict) else {}
