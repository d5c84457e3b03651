"""How the suites of a repository are found, without running anything or importing what does.

A repository may hold several suites (a monorepo): each is a folder with a manifest or a test configuration of its
own and with tests below it that belong to no deeper suite.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping

from checks.repository import FileTooLarge, Repository
from checks.runners.base import Suite

_PYTHON_TEST = re.compile(r"(?:^|/)(?:test_[^/]*|[^/]*_test|tests)\.py$")
_MARKERS = ("pytest.ini", ".pytest.ini", "pyproject.toml", "setup.cfg", "tox.ini", "setup.py", "manage.py", "uv.lock",
            "poetry.lock", "requirements.txt", "requirements-dev.txt")  # fmt: skip
_TEST_FOLDER = re.compile(r"(?:^|/)tests?$")  # its requirements.txt belongs to the project above it
RUBY_FRAMEWORKS = {"rspec": "_spec.rb", "minitest": "_test.rb"}
_NO_TESTS = frozenset({"vendor", "node_modules", "tmp", ".bundle", ".git"})
_NODE_TEST = re.compile(r"(?:^|/)(?:__tests__/.*\.[cm]?[jt]sx?|[^/]+\.(?:test|spec)\.[cm]?[jt]sx?)$")
_NODE_FRAMEWORKS = ("vitest", "jest", "mocha")


def suites(repository: Repository) -> tuple[Suite, ...]:
    """Return the suites of all stacks, those of the root first."""
    found = (*python_suites(repository), *ruby_suites(repository), *node_suites(repository))
    return tuple(sorted(found, key=lambda s: (s.folder, s.stack)))


def python_suites(repository: Repository) -> tuple[Suite, ...]:
    """Return a suite for every folder with a Python manifest or test configuration and tests below it."""
    markers: dict[str, str] = {}
    tests: list[str] = []
    ranks = {name: rank for rank, name in enumerate(_MARKERS)}
    for entry in repository.entries:
        if entry.symlink:
            continue
        folder, _, name = entry.path.rpartition("/")
        if name in ranks and not (name.startswith("requirements") and _TEST_FOLDER.search(folder)):
            known = markers.get(folder)
            if known is None or ranks[name] < ranks[known.rpartition("/")[2]]:
                markers[folder] = entry.path
        if _PYTHON_TEST.search(entry.path):
            tests.append(entry.path)
    if tests and not markers:
        markers[""] = tests[0]
    counts = suite_folders(markers, tests)
    return tuple(Suite("python", folder, "pytest", markers[folder]) for folder in sorted(counts))


def ruby_suites(repository: Repository) -> tuple[Suite, ...]:
    """Return a suite for every Gemfile and framework with tests below it."""
    markers = {e.path.rpartition("/")[0]: e.path for e in repository.glob("**/Gemfile") if not e.symlink}
    found: list[Suite] = []
    for framework, ending in RUBY_FRAMEWORKS.items():
        tests = (e.path for e in repository.glob(f"**/*{ending}") if is_ruby_test(e.path))
        found += [Suite("ruby", folder, framework, markers[folder]) for folder in suite_folders(markers, tests)]
    return tuple(sorted(found, key=lambda s: (s.folder, s.framework == "minitest")))


def is_ruby_test(path: str) -> bool:
    """Whether a file with a test's name lies where tests lie."""
    return _NO_TESTS.isdisjoint(path.split("/")[:-1])


def node_suites(repository: Repository) -> tuple[Suite, ...]:
    """Return a suite for every package.json with tests below it."""
    markers = {e.path.rpartition("/")[0]: e.path for e in repository.glob("**/package.json")}
    tests = (e.path for e in repository.entries if _NODE_TEST.search(e.path) and not e.symlink)
    return tuple(
        Suite("node", folder, _framework(repository, markers[folder]), markers[folder])
        for folder in suite_folders(markers, tests)
    )


def _framework(repository: Repository, manifest: str) -> str:
    try:
        text = repository.read_text(manifest)
    except (OSError, FileTooLarge):
        return "node:test"
    return next((name for name in _NODE_FRAMEWORKS if f'"{name}"' in text), "node:test")


def suite_folders(markers: Mapping[str, str], tests: Iterable[str]) -> dict[str, int]:
    """Return how many test files belong to each folder with a marker: a file belongs to the deepest one above it."""
    counts: dict[str, int] = {}
    for path in tests:
        folder = path
        while folder:
            folder = folder.rpartition("/")[0]
            if folder in markers:
                counts[folder] = counts.get(folder, 0) + 1
                break
    return counts
