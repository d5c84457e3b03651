"""A head start changes when evidence is collected, and nothing else."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from checks import ahead
from checks.ahead import Ahead, reading_ahead
from checks.catalogue import checks, collectors
from checks.engine import judge
from checks.evidence import infrastructure, source
from checks.evidence.infrastructure import Infrastructure
from checks.evidence.source import SourceIndex
from checks.model import State
from checks.repository import Repository
from checks.testing import repository

FILES = {
    "app.py": "import os\n\nNAME = os.environ['NAME']\n",
    "tests/test_app.py": "def test_it():\n    assert 1 + 1 == 2\n",
    "README.md": "# App\n\n## Start\n\n```\nmake\n```\n",
    ".github/workflows/ci.yml": "on: push\njobs:\n  test:\n    runs-on: ubuntu-24.04\n    steps:\n      - run: pytest\n",
    "infra/app.yml": "Resources:\n  Topic:\n    Type: AWS::SNS::Topic\n    Properties: {DisplayName: !Ref Name}\n"
    "Parameters:\n  Name: {Type: String}\n",
    "Dockerfile": "FROM python:3.13-slim\nUSER 1000\n",
}


@pytest.fixture
def tree(tmp_path: Path) -> Repository:
    return repository(tmp_path / "app", FILES, git=True)


@pytest.fixture
def forced(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Fork even here, where the test runner may have threads of its own: they hold no lock that the child takes."""
    forked: list[int] = []
    fork = os.fork

    def noted() -> int:
        process = fork()
        forked.append(process)
        return process

    monkeypatch.setattr(ahead, "_possible", lambda: True)
    monkeypatch.setattr(os, "fork", noted)
    yield
    assert forked
    for process in forked:  # those of other tests are none of our business
        with pytest.raises(ChildProcessError):
            os.waitpid(process, os.WNOHANG)  # nothing is left behind


def test_the_second_process_comes_to_the_same_evidence(tree: Repository, forced: None) -> None:
    with reading_ahead(tree) as started:
        assert started is not None
        found = started.evidence()
        assert found.keys() == started.kinds
    for kind, evidence in found.items():
        assert collectors()[kind].function(tree) == evidence
    (template,) = found[Infrastructure].templates  # type: ignore[attr-defined]
    (own,) = infrastructure.collect(tree).templates
    assert [r.properties.lines for r in template.resources] == [r.properties.lines for r in own.resources]


def test_verdicts_do_not_depend_on_it(tree: Repository, forced: None) -> None:
    rules = list(checks().values())
    alone, _ = judge(rules, collectors(), {Repository: tree, **_session()}, static=True)
    with reading_ahead(tree) as started:
        helped, _ = judge(rules, collectors(), {Repository: tree, **_session()}, static=True, ahead=started)
    assert helped == alone
    assert State.PASS in {v.state for v in helped.values()}


def _session() -> dict[type, object]:
    from checks.session import Session
    from scaffolder.projects import find_project

    return {Session: Session(find_project("project2"), Path(), Path())}


def test_what_a_collector_refuses_is_left_to_the_first_process(
    tree: Repository, forced: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    def collect(repository: Repository) -> SourceIndex:
        raise ZeroDivisionError

    collect.__module__ = source.__name__
    monkeypatch.setattr(source, "collect", collect)
    with reading_ahead(tree) as started:
        assert started is not None
        assert started.kinds - started.evidence().keys() == {SourceIndex}


def test_a_second_process_that_dies_costs_nothing(
    tree: Repository, forced: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(ahead, "_collected", lambda _: os.kill(os.getpid(), signal.SIGKILL))
    with reading_ahead(tree) as started:
        assert started is not None
        assert started.evidence() == {}


def test_evidence_that_nobody_asks_for_is_not_waited_for(
    tree: Repository, forced: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(ahead, "_collected", lambda _: signal.pause())
    with reading_ahead(tree) as started:
        assert isinstance(started, Ahead)


def test_one_processor_or_a_thread_means_no_second_process(tree: Repository, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ahead.os, "sched_getaffinity", lambda _: {0}, raising=False)
    with reading_ahead(tree) as started:
        assert started is None


@pytest.mark.skipif(sys.platform != "linux", reason="nothing is forked elsewhere")
def test_a_static_grading_is_the_same_on_one_processor_and_on_two(tree: Repository, tmp_path: Path) -> None:
    cards = []
    for processors in ("{0}", "{0, 1}"):
        code = (
            "import os, sys; from checks import cli\n"
            f"os.sched_getaffinity = lambda _: {processors}\n"
            "sys.argv = ['check', '--static', '--no-cache', '--project', 'project2', '--format', 'json', sys.argv[1]]\n"
            "cli.main()"
        )
        environment = {**os.environ, "CHECK_CACHE_DIR": str(tmp_path / "cache")}
        done = subprocess.run(
            [sys.executable, "-c", code, str(tree.root)], env=environment, capture_output=True, check=True, timeout=60
        )
        card = json.loads(done.stdout)
        cards.append({key: value for key, value in card.items() if key not in ("graded_at", "seconds")})
    assert cards[0] == cards[1]
