"""What a repository holds of source and tests, read without running anything.

A file is a *test* when its name or folder says so; *other* when it is no part of the application: documentation,
operations, tooling, vendored code, `manage.py` and `setup.py`, and Django migrations that only hold operations.
Everything else of a known language is *source* and should be covered, Alembic revisions and data migrations too. A
file called *other* that the tests do run is source all the same (see `checks.evidence.coverage`).
"""

import configparser
import re
import tomllib
from dataclasses import dataclass
from typing import Any, NamedTuple

from checks.evidence import _ruby_tests
from checks.evidence._ruby_tests import RubyFile
from checks.evidence._statements import marked_lines
from checks.evidence._test_functions import TestFunction, other_tests, python_tests
from checks.model import Location
from checks.repository import Entry, FileTooLarge, Repository
from checks.runners import base, finding
from checks.runners.options import addopts, split_options

STACKS = {
    ".py": "python", ".rb": "ruby", ".js": "node", ".mjs": "node", ".cjs": "node", ".jsx": "node", ".ts": "node",
    ".mts": "node", ".cts": "node", ".tsx": "node",
}  # fmt: skip
_TEST_PATH = re.compile(
    r"(?:^|/)(?:tests?|specs?|__tests__|e2e|cypress)/|(?:^|/)(?:test_[^/]*|[^/]*_test|tests|conftest)\.py$"
    r"|_(?:spec|test)\.rb$|\.(?:test|spec)\.[cm]?[jt]sx?$"
)
_OTHER = re.compile(
    r"^(?:docs?|ops|infra|deploy|bin|examples?|benchmarks?|\.[^/]+)/"
    r"|(?:^|/)(?:vendor|node_modules|third_party|dist|build)/"
    r"|(?:^|/)(?:setup|manage|noxfile|fabfile|tasks)\.py$|(?:^|/)[^/]+\.(?:config|conf)\.(?:py|[cm]?[jt]s)$|\.d\.[cm]?ts$"
    r"|(?:^|/)(?:db/schema|config/(?:boot|environment|application|puma|importmap)|Rakefile)\.rb$"
    r"|^(?:config/(?:environments|initializers)|db/(?:migrate|seeds))/"
)
_DJANGO_MIGRATION = re.compile(r"(?:^|/)migrations/\d{4}_[^/]*\.py$")
_RUBY_TEST = re.compile(r"_(?:spec|test)\.rb$|(?:^|/)test_[^/]*\.rb$")
_HAND_WRITTEN = re.compile(r"^(?:async )?def |RunPython|^\s+def ", re.MULTILINE)
_NARROWING = re.compile(r"^(?:-k|-m|--deselect|--ignore|--ignore-glob|--lf|--last-failed|--ff|--sw|--stepwise)(?:=|$)")
_RSPEC_NARROWING = re.compile(
    r"^(?:-[tPeE].*|--(?:tag|pattern|exclude-pattern|example|example-matches|default-path|dry-run|fail-fast"
    r"|next-failure|only-failures)(?:=.*)?)$"
)
_RUNS_TESTS = re.compile(
    r"\b(?:pytest|py\.test|unittest|manage\.py test|rspec|rails test|rake|jest|vitest|mocha|npm (?:run )?test|yarn test"
    r"|pnpm test|node --test|tox|nox)\b"
)


class SourceFile(NamedTuple):
    """A file of a known language: its stack, its kind (``source``, ``test``, ``other``), its exclusion markers."""

    path: str
    stack: str
    kind: str
    marked: tuple[int, ...] = ()
    problem: str = ""


@dataclass(frozen=True, slots=True)
class TestCommand:
    """The documented test command: `bin/test`, whether it can be executed, and what it runs ("" for nothing)."""

    __test__ = False

    path: str
    executable: bool
    runs: str
    forgiving: bool = False


class SourceIndex(NamedTuple):
    """All source and test files, the tests written in them, and what the repository leaves out of its measurement.

    `omitted` are omit and exclude patterns of its coverage configuration, `narrowed` test options that leave tests
    out, each with where it stands.
    """

    files: tuple[SourceFile, ...]
    tests: tuple[TestFunction, ...]
    suites: tuple[base.Suite, ...]
    omitted: tuple[tuple[str, Location], ...] = ()
    narrowed: tuple[tuple[str, Location], ...] = ()
    command: TestCommand | None = None

    def of_kind(self, kind: str) -> tuple[SourceFile, ...]:
        """Return the files of one kind."""
        return tuple(f for f in self.files if f.kind == kind)


def collect(repository: Repository) -> SourceIndex:
    """Reading source and test files.

    Takes the tree as it lies; a file that can't be read or parsed carries its problem. Raises nothing.
    """
    files: list[SourceFile] = []
    tests: list[TestFunction] = []
    ruby: dict[str, RubyFile] = {}
    for entry in repository.entries:
        stack = STACKS.get(entry.suffix)
        if stack is not None and not entry.symlink:
            file, found = _read(repository, entry, stack, ruby)
            files.append(file)
            tests += found
    helpers = [path for path in ruby if not _RUBY_TEST.search(path)]
    tests += [test for found in _ruby_tests.judged(ruby, helpers).values() for test in found]
    suites = finding.suites(repository)
    return SourceIndex(
        tuple(files), tuple(tests), suites, tuple(_omitted(repository)), tuple(_narrowed(repository, suites)),
        _command(repository),
    )  # fmt: skip


def _read(
    repository: Repository, entry: Entry, stack: str, ruby: dict[str, RubyFile]
) -> tuple[SourceFile, list[TestFunction]]:
    """Read a file and its tests; those of Ruby may assert by another file's method, so they wait in `ruby`."""
    path = entry.path
    kind = "test" if _TEST_PATH.search(path) else "other" if _OTHER.search(path) else "source"
    if kind == "other":
        return SourceFile(path, stack, kind), []
    try:
        text = repository.read_text(path)
    except (OSError, FileTooLarge) as error:
        return SourceFile(path, stack, kind, problem=str(error)), []
    if kind == "source":
        if _DJANGO_MIGRATION.search(path) and not _HAND_WRITTEN.search(text):
            return SourceFile(path, stack, "other"), []
        return SourceFile(path, stack, kind, marked_lines(text, stack)), []
    try:
        if stack == "ruby":
            ruby[path] = _ruby_tests.read(path, text.encode(errors="surrogateescape"))
            broken = ruby[path].problem if not ruby[path].examples else None
            return SourceFile(path, stack, kind, problem=f"line {broken}: this is not Ruby" if broken else ""), []
        found = python_tests(path, text) if stack == "python" else other_tests(path, text)
    except SyntaxError as error:
        return SourceFile(path, stack, kind, problem=f"line {error.lineno or 1}: {error.msg}"), []
    except ImportError:
        found = other_tests(path, text)
    return SourceFile(path, stack, kind), found


def _narrowed(repository: Repository, suites: tuple[base.Suite, ...]) -> list[tuple[str, Location]]:
    found: list[tuple[str, Location]] = []
    for suite in suites:
        if suite.stack == "python":
            name, words = addopts(lambda name, at=suite: _text(repository, at.path(name)))  # type: ignore[misc]
            found += [
                (" ".join(words[n : n + 2]) if "=" not in word else word, Location(suite.path(name)))
                for n, word in enumerate(words)
                if _NARROWING.match(word)
            ]
        elif suite.framework == "rspec":
            text = _text(repository, suite.path(".rspec")) or ""
            found += [
                (" ".join(option), Location(suite.path(".rspec")))
                for option in split_options(text)[1]
                if _RSPEC_NARROWING.match(option[0])
            ]
    return found


def _text(repository: Repository, path: str) -> str | None:
    if path not in repository:
        return None
    try:
        return repository.read_text(path)
    except (OSError, FileTooLarge):
        return None


def _omitted(repository: Repository) -> list[tuple[str, Location]]:
    found: list[tuple[str, Location]] = []
    for entry in repository.glob("**/pyproject.toml", "**/.coveragerc", "**/setup.cfg", "**/tox.ini"):
        text = _text(repository, entry.path)
        if text is None or ("coverage" not in text and entry.name != ".coveragerc"):
            continue
        read = _toml_omits if entry.suffix == ".toml" else _ini_omits
        lines = text.splitlines()
        for pattern in read(text):
            line = next((n for n, line in enumerate(lines, start=1) if pattern.strip() and pattern in line), None)
            found.append((pattern, Location(entry.path, line)))
    return found


def _toml_omits(text: str) -> list[str]:
    try:
        node: Any = tomllib.loads(text)
    except (tomllib.TOMLDecodeError, RecursionError):
        return []
    for key in ("tool", "coverage"):
        node = node.get(key) if isinstance(node, dict) else None
    found: list[str] = []
    for section in ("run", "report"):
        table = node.get(section) if isinstance(node, dict) else None
        for key in ("omit", "exclude_lines", "exclude_also"):
            value = table.get(key) if isinstance(table, dict) else None
            found += [str(v) for v in value] if isinstance(value, list) else [value] if isinstance(value, str) else []
    return found


def _ini_omits(text: str) -> list[str]:
    parser = configparser.RawConfigParser(strict=False)
    try:
        parser.read_string(text)
    except configparser.Error:
        return []
    values = [
        parser.get(section, key, fallback="")
        for section in ("run", "report", "coverage:run", "coverage:report")
        for key in ("omit", "exclude_lines", "exclude_also")
    ]
    return [line.strip() for value in values for line in re.split(r"[\n,]", value) if line.strip()]


def _command(repository: Repository) -> TestCommand | None:
    entry = repository.index.get("bin/test")
    text = _text(repository, "bin/test")
    if entry is None or text is None:
        return None
    code = [line.strip() for line in text.splitlines() if not line.lstrip().startswith("#")]
    lines = [line for line in code if _RUNS_TESTS.search(line) and not re.match(r"(?:echo|printf)\b", line)]
    forgiving = any(re.search(r"\|\|\s*(?:true|:|exit 0)", line) for line in lines)
    return TestCommand(entry.path, entry.executable, lines[-1] if lines else "", forgiving)
