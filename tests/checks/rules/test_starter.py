"""What the rules about the template's own files see, also when the record was changed with them."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path

import pytest

from checks.catalogue import collectors
from checks.engine import judge
from checks.model import Check, State, Verdict
from checks.repository import Repository
from checks.rules import starter
from checks.session import Session
from checks.testing import repository, verdict, write_tree
from scaffolder import __version__
from scaffolder.projects import Ownership
from tests.checks.runners.workshop import project

CONTRACT, WORKFLOW = starter.CONTRACT, starter.WORKFLOW
FILES = {CONTRACT: "openapi: 3.1.0\n", WORKFLOW: "on: pull_request\n", "src/a.py": "a = 1\n", "src/b.py": "b = 1\n"}
OWNED = (starter.keeps_the_contract, starter.keeps_the_grade_workflow)


def lock(files: dict[str, str], version: str = __version__, tool: tuple[str, ...] = (CONTRACT, WORKFLOW)) -> str:
    listed = {
        path: {"sha256": hashlib.sha256(text.encode()).hexdigest(), "owner": "tool" if path in tool else "seed"}
        for path, text in files.items()
    }
    return json.dumps({"schema": 1, "project": "p", "template_version": version, "files": listed})


def judged(item: Check, root: Path, files: dict[str, str], originals: dict[str, str] = FILES) -> Verdict:
    write_tree(root / "template/starter", {**originals, "docs/answers.md.jinja": "{{ x }}"})
    own = project()._replace(folder=root / "template", ownership=Ownership(tool=("docs/**", ".github/**")))
    session = Session(own, root / "work", root / "cache")
    tree = repository(root / "repo", files)
    return judge([item], collectors(), {Repository: tree, Session: session}, workers=1)[0][item.id]


@pytest.mark.parametrize("item", OWNED, ids=lambda c: c.id)
def test_untouched_files_pass(tmp_path: Path, item: Check) -> None:
    assert judged(item, tmp_path, FILES | {starter.LOCK: lock(FILES)}).state is State.PASS


@pytest.mark.parametrize(("item", "path"), list(zip(OWNED, (CONTRACT, WORKFLOW), strict=True)))
def test_edited_and_missing_files_fail(tmp_path: Path, item: Check, path: str) -> None:
    files = FILES | {starter.LOCK: lock(FILES), path: "weaker: true\n"}
    assert judged(item, tmp_path / "edited", files).state is State.FAIL
    del files[path]
    assert "missing" in judged(item, tmp_path / "missing", files).reason
    files[path] = "x" * ((1 << 20) + 1)
    assert "edited" in judged(item, tmp_path / "large", files).reason


@pytest.mark.parametrize(("item", "path"), list(zip(OWNED, (CONTRACT, WORKFLOW), strict=True)))
def test_a_record_changed_with_its_file_fails(tmp_path: Path, item: Check, path: str) -> None:
    weaker = FILES | {path: "weaker: true\n"}
    assert "record" in judged(item, tmp_path / "digest", weaker | {starter.LOCK: lock(weaker)}).reason
    removed = {p: t for p, t in weaker.items() if p != path}
    assert judged(item, tmp_path / "removed", weaker | {starter.LOCK: lock(removed)}).state is State.FAIL
    assert judged(item, tmp_path / "owner", weaker | {starter.LOCK: lock(weaker, tool=())}).state is State.FAIL


def test_another_file_of_the_template_counts_too(tmp_path: Path) -> None:
    originals = FILES | {"docs/milestones/m1.md": "do it\n"}
    verdict = judged(OWNED[0], tmp_path, FILES | {starter.LOCK: lock(FILES)}, originals)
    assert verdict.state is State.FAIL
    assert verdict.locations[0].path == "docs/milestones/m1.md"


def test_an_older_template_is_judged_by_its_record(tmp_path: Path) -> None:
    older = FILES | {CONTRACT: "openapi: 3.0.0\n"}
    assert judged(OWNED[0], tmp_path, older | {starter.LOCK: lock(older, "0.0.1")}).state is State.PASS


@pytest.mark.parametrize("item", OWNED, ids=lambda c: c.id)
def test_a_repository_of_its_own_has_no_template(tmp_path: Path, item: Check) -> None:
    assert judged(item, tmp_path, FILES).state is State.NOT_APPLICABLE


@pytest.mark.parametrize("item", OWNED, ids=lambda c: c.id)
@pytest.mark.parametrize("text", ["", "[]", "{}", '{"files": []}', '{"files": {"a": 1}}', "[" * 100_000])
def test_a_damaged_record_fails(tmp_path: Path, item: Check, text: str) -> None:
    assert judged(item, tmp_path, FILES | {starter.LOCK: text}).state is State.FAIL


def test_markers_are_told_by_milestone_and_never_scored(tmp_path: Path) -> None:
    files = {"a.py": "# TODO(m10.1): x\n\n# TODO(m2.3): y\n# TODO(m2.3): z\n", "b.rb": "# TODO: mine\n",
             "b.md": "TODO(m1.1)", "big.py": "# TODO(m1.1)\n" + " " * (1 << 20)}  # fmt: skip
    found = verdict(starter.has_no_open_tasks, tmp_path, files)
    assert (found.state, found.actual) == (State.FAIL, "m2: 1, m10: 1")
    assert [str(p) for p in found.locations] == ["a.py:3", "a.py:4", "a.py:1"]
    assert starter.has_no_open_tasks.advisory
    assert verdict(starter.has_no_open_tasks, tmp_path / "done", {"a.py": ""}).state is State.PASS


def test_half_of_the_source_should_be_ones_own(tmp_path: Path) -> None:
    seeds = {"a.py": "a = 1\n", "b.py": "b = 1\n", "c.py": "c = 1\n", "__init__.py": ""}
    item = starter.has_code_of_its_own
    record = {starter.LOCK: lock(seeds)}
    assert verdict(item, tmp_path / "none", seeds | record).state is State.FAIL
    some = verdict(item, tmp_path / "some", seeds | record | {"a.py": "a = 2\n"})
    assert (some.state, some.actual) == (State.PARTIAL, "1 of 3")
    most = verdict(item, tmp_path / "most", seeds | record | {"a.py": "a = 2\n", "d.py": "d = 1\n", "e.py": "e = 1\n"})
    assert most.state is State.PASS
    empty = verdict(item, tmp_path / "empty", seeds | record | {f"x{n}.py": "" for n in range(9)})
    assert empty.state is State.FAIL
    assert verdict(item, tmp_path / "gone", record).state is State.FAIL
    assert verdict(item, tmp_path / "no record", seeds).state is State.NOT_APPLICABLE
