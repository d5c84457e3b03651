"""The options that a repository gives its test framework, read without running anything."""

from __future__ import annotations

import configparser
import re
import shlex
import tomllib
from collections.abc import Callable

# Options that say what specs need to be loaded, but not which of them count or where reports go.
_KEPT_OPTIONS = re.compile(r"^(?:-r.*|-I.*|--require(?:=.*)?)$")
_VALUE_OPTIONS = frozenset({
    "-r", "--require", "-I", "-t", "--tag", "-P", "--pattern", "--exclude-pattern", "-e", "--example", "-E",
    "--example-matches", "-f", "--format", "-o", "--out", "--order", "--seed", "--default-path", "--failure-exit-code",
    "--error-exit-code", "--deprecation-out", "-O", "--options",
})  # fmt: skip


def addopts(read: Callable[[str], str | None]) -> tuple[str, list[str]]:
    """Return the configuration file that pytest would use and the words of its `addopts`.

    `read` gives the text of a file of the suite's folder, or None when there is none.
    """
    for name, section in (("pytest.ini", "pytest"), (".pytest.ini", "pytest"), ("pyproject.toml", ""),
                          ("tox.ini", "pytest"), ("setup.cfg", "tool:pytest")):  # fmt: skip
        text = read(name)
        value = None if text is None else _ini_addopts(text, section) if section else _toml_addopts(text)
        if value is not None:
            try:
                return name, value if isinstance(value, list) else shlex.split(value, comments=True)
            except ValueError:
                return name, []
    return "", []


def _toml_addopts(text: str) -> list[str] | str | None:
    try:
        document = tomllib.loads(text)
    except (tomllib.TOMLDecodeError, RecursionError):
        return None
    tool = document.get("tool")
    table = tool.get("pytest") if isinstance(tool, dict) else None
    if not isinstance(table, dict):
        return None
    value = table.get("ini_options", table)
    found = value.get("addopts", "") if isinstance(value, dict) else ""
    return [str(v) for v in found] if isinstance(found, list) else str(found)


def _ini_addopts(text: str, section: str) -> str | None:
    parser = configparser.RawConfigParser(strict=False)
    try:
        parser.read_string(text)
    except configparser.Error:
        return None
    return parser.get(section, "addopts", fallback="") if parser.has_section(section) else None


def split_options(text: str) -> tuple[list[list[str]], list[list[str]]]:
    """Split the options of a `.rspec`, each with its value, into those that specs can't do without and the others."""
    try:
        words = shlex.split(text, comments=True)
    except ValueError:
        return [], []
    options: list[list[str]] = []
    while words:
        length = 2 if words[0] in _VALUE_OPTIONS else 1
        options.append(words[:length])
        words = words[length:]
    kept = [option for option in options if _KEPT_OPTIONS.match(option[0])]
    return kept, [option for option in options if option not in kept]
