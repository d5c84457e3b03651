"""The scripts that a command leads to: files of the tree, make targets, package scripts, tox, nox, pre-commit.

So `run: bin/ci` counts as what is in it. Each kind is read at a simple level: no variables but the plain ones of a
Makefile, no conditions of tox. What cannot be read leads nowhere.
"""

from __future__ import annotations

import ast
import configparser
import json
import posixpath
import re
import tomllib
from functools import cached_property, lru_cache
from typing import Any

from checks.evidence._shell import Command, options, read
from checks.evidence._tools import unwrap
from checks.evidence._yaml import YamlList, YamlMap, YamlProblem, load
from checks.repository import FileTooLarge, Repository

MAX_LEVELS = 5
MAX_COMMANDS = 2_000  # of one step
_SHEBANG = re.compile(r"#!\s*(\S+)(.*)")
_MAKE_TARGET = re.compile(r"^([\w./ -]+?)\s*::?(?!=)\s*([^=].*)?$")
_JUST_RECIPE = re.compile(r"^@?([\w-]+)(?:\s[^:]*)?:(?!=)\s*(.*)$")
_MAKE_VARIABLE = re.compile(r"^\s*(?:export\s+)?(\w+)\s*[:?+]?=\s*(.*)$")
_SHELLS = frozenset({"sh", "bash", "dash", "zsh", "source", "."})
_PACKAGERS = frozenset({"npm", "yarn", "pnpm", "bun"})


class Scripts:
    """Follows commands into the tree; reads each file once."""

    def __init__(self, repository: Repository) -> None:
        self._repository = repository
        self._text = lru_cache(maxsize=256)(self._read)
        self._make = lru_cache(maxsize=32)(self._makefile)
        self._seen: dict[tuple[tuple[str, ...], str], tuple[Command, ...]] = {}

    def follow(self, commands: tuple[Command, ...], folder: str, level: int = 0) -> tuple[Command, ...]:
        """Return the commands with those of the scripts they call after each, seen from `folder` of the tree."""
        if not commands:
            return ()
        out: list[Command] = []
        for command in commands:
            out.append(command)
            if command.words[0] == "cd" and len(command.words) > 1:
                folder = posixpath.normpath(posixpath.join(folder, command.words[1]))
            elif level < MAX_LEVELS and len(out) < MAX_COMMANDS:
                inner = self._inner(command.words, "" if folder == "." else folder, level)
                out.extend(
                    c._replace(
                        fatal=command.fatal and c.fatal,
                        certain=command.certain and c.certain,
                        looped=command.looped or c.looped,
                    )
                    for c in inner
                )
        return tuple(out[:MAX_COMMANDS])

    def _inner(self, raw: tuple[str, ...], folder: str, level: int) -> tuple[Command, ...]:
        key = raw, folder
        if key not in self._seen:
            self._seen[key] = ()  # a script that calls itself leads nowhere
            words = unwrap(raw)
            self._seen[key] = self._called(words, raw, folder, level) if words else ()
        return self._seen[key]

    def _called(self, words: tuple[str, ...], raw: tuple[str, ...], folder: str, level: int) -> tuple[Command, ...]:
        name = words[0]
        if name in _PACKAGERS:
            return self._package(words, folder, level)
        if name in ("make", "gmake", "just"):
            return self._targets(words, folder, level)
        known = {"tox": self._tox, "pre-commit": self._pre_commit, "poe": self._poe}
        if name == "nox" or name in known:
            found = self._nox() if name == "nox" else known[name](words)
            return self.follow(found, "", level + 1)
        path, shell_words = raw[0], tuple[str, ...]()
        if name in _SHELLS:
            arguments = [w for w in words[1:] if not w.startswith(("-", "+")) and w not in ("pipefail", "errexit")]
            path, shell_words = (arguments[0], words) if arguments else ("", ())
        elif "/" not in raw[0]:
            path = next((w for w in raw if "/" in w and self._find(w, folder)), "")
        path = self._find(path, folder)
        return self._file(path, shell_words, folder, level, _after(raw, path)) if path else ()

    def _find(self, path: str, folder: str) -> str:
        if not path or "$" in path:
            return ""
        full = posixpath.normpath(posixpath.join(folder, path))
        return full if full in self._repository.index else ""

    def _read(self, path: str) -> str:
        try:
            return self._repository.read_text(path)
        except (OSError, FileTooLarge):
            return ""

    def _file(
        self, path: str, called: tuple[str, ...], folder: str, level: int, given: tuple[str, ...]
    ) -> tuple[Command, ...]:
        """Read a shell script; a program in another language leads nowhere."""
        text = self._text(path)
        match = _SHEBANG.match(text)
        words = [match.group(1), *match.group(2).split()] if match else []
        named = [w.rsplit("/", 1)[-1] for w in words]
        shell = bool(_SHELLS & set(named)) or (not match and (path.endswith((".sh", ".bash")) or bool(called)))
        if not shell:
            return ()
        errexit, pipefail = options(words[1:], False, False)
        if called and called[0] not in ("source", "."):
            errexit, pipefail = options(list(called[1:]), False, False)
        found = tuple(
            c._replace(path=path)
            for c in read(text, errexit=errexit, pipefail=pipefail, own=path, arguments=given).commands
        )
        return self.follow(found, folder, level + 1)

    def _package(self, words: tuple[str, ...], folder: str, level: int) -> tuple[Command, ...]:
        arguments = list(words[1:])
        for option in ("--prefix", "-C", "--cwd", "--dir"):
            if option in arguments[:-1]:
                place = arguments.index(option)
                folder = posixpath.normpath(posixpath.join(folder, arguments[place + 1]))
                del arguments[place : place + 2]
        plain = [a for a in arguments if not a.startswith("-")]
        if plain[:1] in (["run"], ["run-script"]):
            plain = plain[1:]
        if not plain:
            return ()
        script = {"t": "test", "tst": "test"}.get(plain[0], plain[0])
        path = posixpath.join(folder, "package.json")
        try:
            scripts = json.loads(self._text(path)).get("scripts", {})
        except (ValueError, AttributeError, RecursionError):
            return ()
        out: list[Command] = []
        for name in (f"pre{script}", script, f"post{script}"):
            source = scripts.get(name) if isinstance(scripts, dict) else None
            if isinstance(source, str):
                line = self._line(path, f'"{name}"')
                out.extend(c._replace(path=path, line=line) for c in read(source, errexit=False).commands)
        return self.follow(tuple(out), folder, level + 1)

    def _line(self, path: str, needle: str) -> int:
        text = self._text(path)
        return text.count("\n", 0, max(text.find(needle), 0)) + 1

    def _targets(self, words: tuple[str, ...], folder: str, level: int) -> tuple[Command, ...]:
        arguments = list(words[1:])
        if "-C" in arguments[:-1]:
            place = arguments.index("-C")
            folder = posixpath.normpath(posixpath.join(folder, arguments[place + 1]))
            del arguments[place : place + 2]
        if any(a in ("-n", "--dry-run", "-i", "--ignore-errors", "-k") for a in arguments):
            return ()
        names = ("justfile", "Justfile", ".justfile") if words[0] == "just" else ("GNUmakefile", "Makefile", "makefile")
        path = next((p for n in names if (p := posixpath.join(folder, n)) in self._repository.index), "")
        if not path:
            return ()
        rules = self._make(path)
        wanted = [a for a in arguments if not a.startswith("-") and "=" not in a] or list(rules)[:1]
        out: list[Command] = []
        done: set[str] = set()
        while wanted and len(done) < 100:
            target = wanted.pop(0)
            if target in done or target not in rules:
                continue
            prerequisites, recipe = rules[target]
            waiting = [p for p in prerequisites if p not in done and p in rules]
            if waiting and not set(waiting) & set(wanted):
                wanted[:0] = [*waiting, target]
                rules = {**rules, target: ((), recipe)}
                continue
            done.add(target)
            out.extend(recipe)
        return self.follow(tuple(out), folder, level + 1)

    def _makefile(self, path: str) -> dict[str, tuple[tuple[str, ...], tuple[Command, ...]]]:
        """Return each target with its prerequisites and recipe; every line of a recipe is a shell of its own."""
        variables: dict[str, str] = {}
        head = _JUST_RECIPE if "justfile" in path.lower() else _MAKE_TARGET
        rules: dict[str, tuple[tuple[str, ...], tuple[Command, ...]]] = {}
        targets: list[str] = []
        rows = self._text(path).split("\n")
        number = 0
        while number < len(rows):
            row, start = rows[number], number + 1
            while row.endswith("\\") and number + 1 < len(rows):
                number += 1
                row = row[:-1] + " " + rows[number].strip()
            number += 1
            if row.startswith(("\t", "    ")) and targets:
                commands = _recipe(row.strip(), variables, path, start)
                for target in targets:
                    rules[target] = (rules[target][0], rules[target][1] + commands)
            elif match := _MAKE_VARIABLE.match(row):
                variables[match.group(1)] = match.group(2).split("#")[0].strip()
            elif (match := head.match(row)) and not row.startswith((".", "#")):
                targets = match.group(1).split()
                needs = tuple((match.group(2) or "").split("#")[0].split())
                for target in targets:
                    rules[target] = (rules.get(target, ((), ()))[0] + needs, rules.get(target, ((), ()))[1])
            elif row.strip() and not row.startswith("#"):
                targets = []
        return rules

    def _tox(self, words: tuple[str, ...]) -> tuple[Command, ...]:
        if {"--notest", "-n", "list", "config", "-l"} & set(words):
            return ()
        parser = configparser.RawConfigParser(strict=False)
        for path in ("tox.ini", "setup.cfg"):
            try:
                parser.read_string(self._text(path))
            except configparser.Error:
                continue
            for section in ("testenv", "tox:testenv"):
                if parser.has_option(section, "commands"):
                    line = self._line(path, "commands")
                    return _lines(parser.get(section, "commands").split("\n"), path, line)
        tox = self._tools.get("tox")
        base = tox.get("env_run_base") if isinstance(tox, dict) else None
        rows = base.get("commands") if isinstance(base, dict) else None
        if not isinstance(rows, list):
            return ()
        return tuple(
            Command(
                tuple(str(w) for w in row), self._line("pyproject.toml", "commands"), True, True, path="pyproject.toml"
            )
            for row in rows
            if isinstance(row, list) and row
        )

    def ruff_security(self) -> bool:
        """Whether Ruff's settings select its security rules (S), which are those of Bandit."""
        ruff = self._tools.get("ruff")
        lint = ruff.get("lint", {}) if isinstance(ruff, dict) else {}
        chosen = [*_listed(lint, "select"), *_listed(lint, "extend-select")]
        return bool({"S", "ALL"} & set(chosen)) and "S" not in _listed(lint, "ignore")

    @cached_property
    def _tools(self) -> dict[str, Any]:
        """The tables of `tool` in pyproject.toml, by the tool's name."""
        try:
            tools = tomllib.loads(self._text("pyproject.toml")).get("tool")
        except (tomllib.TOMLDecodeError, RecursionError):
            return {}
        return tools if isinstance(tools, dict) else {}

    def _poe(self, words: tuple[str, ...]) -> tuple[Command, ...]:
        poe = self._tools.get("poe")
        tasks = poe.get("tasks") if isinstance(poe, dict) else None
        task = tasks.get(words[1]) if isinstance(tasks, dict) and len(words) > 1 else None
        source = task.get("cmd") or task.get("shell") if isinstance(task, dict) else task
        if not isinstance(source, str):
            return ()
        found = read(source, errexit=False).commands
        line = self._line("pyproject.toml", "[tool.poe")
        return tuple(c._replace(path="pyproject.toml", line=line) for c in found)

    def _nox(self) -> tuple[Command, ...]:
        try:
            tree = ast.parse(self._text("noxfile.py"))
        except (SyntaxError, ValueError, RecursionError, MemoryError):
            return ()
        out: list[Command] = []
        for node in ast.walk(tree):
            if not isinstance(node, ast.Call) or not isinstance(node.func, ast.Attribute) or node.func.attr != "run":
                continue
            found = [a.value for a in node.args if isinstance(a, ast.Constant) and isinstance(a.value, str)]
            if found:
                fatal = not any(k.arg == "success_codes" for k in node.keywords)
                out.append(Command(tuple(found), node.lineno, fatal, True, path="noxfile.py"))
        return tuple(out)

    def _pre_commit(self, words: tuple[str, ...]) -> tuple[Command, ...]:
        """Return each configured hook as a command of its name."""
        path = ".pre-commit-config.yaml"
        document = load(self._text(path))
        root = None if isinstance(document, YamlProblem) else document.value
        repositories = root.get("repos") if isinstance(root, YamlMap) else None
        out: list[Command] = []
        for item in repositories if isinstance(repositories, YamlList) and "run" in words else ():
            hooks = item.get("hooks") if isinstance(item, YamlMap) else None
            out.extend(
                Command((str(hook["id"]),), hook.line, True, True, path=path)
                for hook in (hooks if isinstance(hooks, YamlList) else ())
                if isinstance(hook, YamlMap) and hook.get("id") and "manual" not in (hook.get("stages") or ())
            )
        return tuple(out)


def _listed(table: Any, key: str) -> list[str]:
    found = table.get(key) if isinstance(table, dict) else None
    return [str(item) for item in found] if isinstance(found, list) else []


def _after(words: tuple[str, ...], path: str) -> tuple[str, ...]:
    """Return the words after the one that names the script: what the script is called with."""
    place = next(
        (n for n, w in enumerate(words) if posixpath.normpath(w).endswith(path.rsplit("/", 1)[-1])), len(words)
    )
    return words[place + 1 :]


def _recipe(row: str, variables: dict[str, str], path: str, line: int) -> tuple[Command, ...]:
    ignored = False
    while row[:1] in ("@", "-", "+"):
        ignored = ignored or row[0] == "-"
        row = row[1:].lstrip()
    for _ in range(3):
        row = re.sub(r"\$[({](\w+)[)}]", lambda m: variables.get(m.group(1), m.group(0)), row)[:10_000]
    commands = read(row.replace("$$", "$"), errexit=False).commands
    return tuple(c._replace(path=path, line=line, fatal=c.fatal and not ignored) for c in commands)


def _lines(rows: list[str], path: str, line: int) -> tuple[Command, ...]:
    """Read commands that stand one a line, a leading minus meaning that failure is ignored."""
    out: list[Command] = []
    for row in rows:
        source = row.strip().replace("{posargs}", "").replace("{envpython}", "python")
        if source:
            commands = read(source.removeprefix("-").strip(), errexit=True).commands
            out.extend(c._replace(path=path, line=line, fatal=c.fatal and not source.startswith("-")) for c in commands)
    return tuple(out)
