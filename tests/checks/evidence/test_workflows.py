"""Workflows as evidence: hostile files, the default branch, and what is followed."""

from __future__ import annotations

from pathlib import Path

import pytest

from checks.evidence import updates, workflows
from checks.evidence._tools import does, unwrap
from checks.evidence._workflow_parse import composite
from checks.repository import Repository, open_repository
from checks.testing import repository

PUSH = "on: push\njobs:\n  a:\n    runs-on: x\n    steps:\n"


def collected(root: Path, text: str | bytes, **files: str) -> workflows.Workflows:
    return workflows.collect(repository(root, {".github/workflows/w.yml": text, "a.py": "", **files}))


@pytest.mark.parametrize(
    "text",
    [b"\xff\xfe\x00", b"a: \x00", "x" * (2 << 20), "a: &a [*a]", "[" * 9999, "", "on: 1", "on: push\njobs: 1",
     "on: push\njobs: {a: {steps: 1, needs: 5, services: [1], strategy: 1, environment: [], permissions: 3}}",
     "on: [push, 1]\njobs: {a: {runs-on: {group: x}, strategy: {matrix: '${{ x }}'}, steps: [{run: [1]}, {uses: 3}]}}",
     "on: {push: 3}\nconcurrency: 5\ndefaults: {run: 1}\njobs: {a: {uses: ./.github/workflows/w.yml, x: 1}}",
     PUSH + "      - {run: 'echo \"', shell: 5}\n"],
)  # fmt: skip
def test_hostile_files_are_evidence_too(tmp_path: Path, text: str | bytes) -> None:
    found = collected(tmp_path, text)
    assert len(found.files) == 1
    assert found.files[0].problem or found.files[0].problems


def test_a_link_out_of_the_tree_and_a_file_that_is_gone(tmp_path: Path) -> None:
    folder = tmp_path / ".github/workflows"
    folder.mkdir(parents=True)
    (folder / "w.yml").write_text(PUSH)
    (folder / "x.yml").symlink_to("/etc/passwd")
    tree = open_repository(tmp_path)
    (folder / "w.yml").unlink()
    found = workflows.collect(tree)
    assert [w.problem.message for w in found.files if w.problem] == ["the file cannot be read"]


def test_workflows_that_call_each_other_end(tmp_path: Path) -> None:
    text = "on: [push, workflow_call]\njobs: {a: {uses: ./.github/workflows/w.yml}}"
    assert collected(tmp_path, text).push == ()


def test_actions_that_use_each_other_end(tmp_path: Path) -> None:
    action = "runs: {using: composite, steps: [{uses: ./act}, {run: pytest, shell: bash}]}"
    found = collected(tmp_path, PUSH + "      - uses: ./act\n", **{"act/action.yml": action})
    assert any("test" in run.does for run in found.push)


@pytest.mark.parametrize("text", ["a: [", "runs: 1", "runs: {steps: 1}", "1"])
def test_a_file_that_is_no_composite_action_has_no_steps(text: str) -> None:
    assert composite("action.yml", text) == ()


def test_the_default_branch_is_the_remotes(tmp_path: Path) -> None:
    head = tmp_path / ".git/refs/remotes/origin/HEAD"
    head.parent.mkdir(parents=True)
    head.write_text("ref: refs/remotes/origin/develop\n")
    assert workflows.default_branches(Repository(tmp_path, ())) == ("develop",)
    head.write_text("garbage")
    assert workflows.default_branches(Repository(tmp_path, (), branch="trunk")) == ("trunk",)
    assert workflows.default_branches(Repository(tmp_path, (), branch="feature")) == ("main", "master")


def test_a_shell_sets_the_rules_of_a_script(tmp_path: Path) -> None:
    steps = "".join(
        f"      - {{run: 'pytest | tee x', shell: '{shell}'}}\n" for shell in ("bash", "sh", "bash -e {0}", "pwsh")
    )
    found = collected(tmp_path, PUSH + steps)
    assert [run.fatal for run in found.push if "test" in run.does] == [True, False, False, False]


def test_defaults_and_working_directories_hold(tmp_path: Path) -> None:
    text = (
        PUSH.replace("jobs", "defaults: {run: {working-directory: web, shell: bash}}\njobs") + "      - run: npm test\n"
    )
    found = collected(tmp_path, text, **{"web/package.json": '{"scripts": {"test": "jest"}}'})
    assert any("test" in run.does for run in found.push)


def test_what_comes_before_a_job_is_known(tmp_path: Path) -> None:
    text = "on: push\njobs:\n" + "".join(
        f"  {name}: {{needs: [{need}], runs-on: x, steps: [{{run: a}}]}}\n"
        for name, need in (("a", ""), ("b", "a"), ("c", "b"))
    )
    item = collected(tmp_path, text).files[0]
    assert sorted(job.id for job in item.before(item.jobs[2])) == ["a", "b"]
    assert item.before(item.jobs[0]) == ()


@pytest.mark.parametrize(
    ("words", "plain"),
    [
        ("A=1 env B=2 sudo -E pytest", "pytest"),
        ("uv run --group dev -- pytest -q", "pytest -q"),
        ("uv tool run ruff check", "ruff check"),
        ("pipx run bandit", "bandit"),
        ("python3.13 -W error -m pytest", "pytest"),
        ("python -c x", "python -c x"),
        ("python", "python"),
        ("python tools/a.py x", "a.py x"),
        ("ruby bin/rails test", "rails test"),
        (".venv/bin/pytest", "pytest"),
        ("docker-compose -f a.yml run --rm web rspec", "rspec"),
        ("docker exec -it web rspec", "rspec"),
        ("docker build .", "docker build ."),
        ("pnpm exec jest", "jest"),
        ("yarn eslint .", "eslint ."),
        ("A=1", ""),
        ("timeout 600 pytest", "pytest"),
    ],
)
def test_wrappers_are_taken_off(words: str, plain: str) -> None:
    assert " ".join(unwrap(tuple(words.split()))) == plain


@pytest.mark.parametrize(
    ("words", "label"),
    [
        ("cap production deploy", "deploy"),
        ("cap production deploy:rollback", "rollback"),
        ("safety check", "audit"),
        ("grype --fail-on high .", "audit"),
        ("trivy fs --exit-code=1 .", "audit"),
        ("snyk test", "audit"),
        ("brakeman -q", "sast"),
        ("biome ci .", "lint"),
        ("black --check .", "lint"),
        ("docker buildx build --push .", "push"),
        ("pip-sync", "locked"),
        ("cross-env A=1 jest", "test"),
    ],
)
def test_commands_are_known_by_what_they_do(words: str, label: str) -> None:
    assert label in does(tuple(words.split()))


def test_without_words_nothing_is_done() -> None:
    assert does(()) == frozenset()


def test_a_configuration_that_cannot_be_read_covers_nothing(tmp_path: Path) -> None:
    tree = repository(tmp_path, {".github/dependabot.yml": "x" * (2 << 20), "Gemfile": ""})
    assert updates.collect(tree).problem is not None
