"""What the rules about the history see in real repositories; all of them are advice."""

from __future__ import annotations

from pathlib import Path

import pytest

from checks.evidence import history as evidence
from checks.evidence.history import collect
from checks.model import Check, NotMeasured, State, Verdict
from checks.repository import open_repository
from checks.rules import history as rules
from checks.testing import verdict, write_tree
from tests.checks.evidence.test_history import Work

ALL = [c for c in vars(rules).values() if isinstance(c, Check)]
OF_COMMITS = [c for c in ALL if c.needs[0] is evidence.History]


def judged(item: Check, work: Work) -> Verdict:
    return verdict(item, work.root, {})


def test_every_rule_is_advice() -> None:
    assert len(ALL) == 7
    assert all(c.advisory for c in ALL)


@pytest.mark.parametrize("item", ALL, ids=lambda c: c.id)
def test_outside_git_the_repair_is_to_start_there(tmp_path: Path, item: Check) -> None:
    found = verdict(item, tmp_path, {"a.py": "x = 1\n"})
    assert found.state is State.FAIL
    assert found.repair is not None
    assert found.repair.startswith("git init")


@pytest.mark.parametrize("item", OF_COMMITS, ids=lambda c: c.id)
def test_without_a_commit_or_with_the_templates_only_nothing_passes(tmp_path: Path, item: Check) -> None:
    work = Work(tmp_path)
    assert "no commit yet" in judged(item, work).reason
    work.commit("Start project2 from the template\n\nScaffold-Template: project2@0.1.0", **{"a.py": "x\n" * 900})
    work.commit("Bump x", author="dependabot[bot] <1+dependabot[bot]@users.noreply.github.com>")
    assert "beyond the template" in judged(item, work).reason


@pytest.fixture
def work(tmp_path: Path) -> Work:
    """Five days of careful work on a template."""
    work = Work(tmp_path)
    work.commit("Start project2 from the template\n\nScaffold-Template: project2@0.1.0", **{"a.py": "x\n" * 900})
    for day in range(1, 6):
        work.commit(f"Reject rows whose column {'abcdef'[day]} is unknown", day=day, **{f"{day}.py": "x = 1\n"})
    work.git("switch", "-qc", "branch", "HEAD~1")
    work.commit("Explain the decision about currencies", day=6, **{"adr.md": "why\n"})
    work.git("switch", "-q", "main")
    work.git("merge", "-q", "--no-ff", "-m", "Merge branch 'branch'", "branch")
    return work


@pytest.mark.parametrize("item", ALL, ids=lambda c: c.id)
def test_careful_work_passes(work: Work, item: Check) -> None:
    found = judged(item, work)
    assert found.state is State.PASS, found.reason


def test_work_of_one_day_and_empty_commits_are_told(tmp_path: Path) -> None:
    work = Work(tmp_path)
    work.commit("Add the importer of files", day=1, **{"a.py": "x = 1\n"})
    for day in range(2, 9):
        work.commit("Pretend to do some work", day=day)
    found = judged(rules.works_over_days, work)
    assert (found.state, found.actual) == (State.PARTIAL, "1 days")


def test_a_large_commit_is_named_and_lock_files_are_not_counted(work: Work) -> None:
    work.commit("Pin every dependency by hash", **{"uv.lock": "x\n" * 900, "requirements/runtime.txt": "x\n" * 900})
    assert judged(rules.commits_are_small, work).state is State.PASS
    work.commit("Build the whole pipeline at once", **{"b.py": "x\n" * 501})
    assert "501 lines" in judged(rules.commits_are_small, work).reason


def test_one_branch_fails_and_the_merge_of_a_new_template_does_not_help(tmp_path: Path) -> None:
    work = Work(tmp_path)
    work.commit("Start\n\nScaffold-Template: project2@0.1.0", **{"a.py": "x\n"})
    work.git("switch", "-qc", "vendor")
    work.commit("Template files\n\nScaffold-Template: project2@0.2.0", **{"a.py": "y\n"})
    work.git("switch", "-q", "main")
    work.commit("Read files in chunks of a megabyte", **{"b.py": "x\n"})
    work.git("merge", "-q", "--no-ff", "-m", "Merge template", "vendor")
    assert judged(rules.works_on_branches, work).state is State.FAIL
    work.commit("Read files in chunks of a megabyte (#12)", **{"c.py": "x\n"})
    assert judged(rules.works_on_branches, work).state is State.PASS


@pytest.mark.parametrize("subject", ["wip", "fix", "update the code", "fix: bug", ".", "Same words again and again"])
def test_messages_that_say_nothing_fail(tmp_path: Path, subject: str) -> None:
    work = Work(tmp_path)
    for number in range(3):
        work.commit(subject, **{f"{number}.py": "x\n"})
    assert judged(rules.messages_say_something, work).state is State.FAIL


def test_a_machine_is_not_an_author(work: Work) -> None:
    assert "Ada" in (judged(rules.authors_are_known, work).actual or "")
    work.commit("Count rejected rows by reason", author="root <root@localhost>", **{"z.py": "x\n"})
    assert judged(rules.authors_are_known, work).state is State.FAIL


def test_large_and_generated_files_are_named(work: Work) -> None:
    write_tree(work.root, {"data.csv": "x" * (evidence.LARGE_BYTES + 1), "package-lock.json": "x" * 2_000_000})
    write_tree(work.root, {"node_modules/x/index.js": "", "src/__pycache__/a.pyc": "", ".coverage": ""})
    work.git("add", "-Af")
    assert [p.path for p in judged(rules.tracks_no_large_files, work).locations] == ["data.csv"]
    assert judged(rules.tracks_no_generated_files, work).actual == "3 files"


def test_a_shallow_clone_says_so(work: Work, tmp_path_factory: pytest.TempPathFactory) -> None:
    clone = tmp_path_factory.mktemp("clone") / "shallow"
    work.git("clone", "-q", "--depth", "2", f"file://{work.root}", str(clone))
    assert "shallow" in verdict(rules.commits_are_small, clone, {}).reason
    found = evidence.History(True, tuple(c for c in collect(open_repository(clone)).commits if c.template) or (
        evidence.Commit("a", "2026-01-01", "x", "x", "x", 1, True, False, False),), "the clone is shallow")  # fmt: skip
    assert rules.commits_are_small(found).state is State.ERROR


def test_a_damaged_repository_is_not_measured(work: Work) -> None:
    tree = open_repository(work.root)
    for item in (work.root / ".git/objects").glob("??"):
        item.rename(work.root / f".git/gone-{item.name}")
    with pytest.raises(NotMeasured, match="history"):
        collect(tree)
