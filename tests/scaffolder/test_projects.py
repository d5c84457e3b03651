"""Reading project.toml: what is right, and a message for each thing that is wrong."""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from scaffolder import projects
from scaffolder.doctor import KNOWN_TOOLS
from scaffolder.errors import InvalidProject, UnknownProject
from tests.scaffolder.conftest import Templates


def test_a_project_is_read_with_all_its_parts(templates: Templates) -> None:
    tiny, later = projects.load_projects()
    assert (tiny.id, tiny.folder.name, tiny.weeks, tiny.status) == ("tiny", "tiny_app", (3, 4), "ready")
    assert tiny.milestones[0].checks == (
        projects.WeightedCheck("acceptance.m1.boots", 3, "It boots"),
        projects.WeightedCheck("docker.non-root", 1),
    )
    assert tiny.milestones[0].tasks == (projects.Task("m1.1", "Start it"),)
    assert dict(tiny.limits) == {"upload_bytes": 20_971_520, "backoff_seconds": (1, 2)}
    assert tiny.metrics[0].checks == ("coverage.lines",)
    assert tiny.acceptance == templates.project / "acceptance"
    assert (later.status, later.milestones[0].points, later.processes) == ("planned", 0, ())


def test_the_shipped_projects_are_valid_and_name_four() -> None:
    found = projects.load_projects()
    assert [project.id for project in found] == ["project1", "project2", "project3", "project4"]
    ready = projects.find_project("project2_data_platform")
    assert ready.id == "project2"
    assert sum(milestone.points for milestone in ready.milestones) == 100


@pytest.mark.parametrize(
    ("path", "owner"),
    [
        ("docs/contract.md", "tool"),
        (".github/workflows/grade.yml", "tool"),
        (".github/workflows/ci.yml", "merged"),
        (".github/a/b/c.yml", "merged"),
        ("Dockerfile", "merged"),
        ("sub/Dockerfile", "seed"),
        ("bin/setup", "merged"),
        ("bin/deep/setup", "seed"),
        ("src/app.py", "seed"),
    ],
)
def test_the_first_matching_glob_owns_a_file(templates: Templates, path: str, owner: str) -> None:
    assert projects.find_project("tiny").ownership.owner_of(path) == owner


@pytest.mark.parametrize(
    ("pattern", "path", "matches"),
    [
        ("compose*.yaml", "compose.dev.yaml", True),
        ("compose*.yaml", "ops/compose.yaml", False),
        ("**/README.md", "README.md", True),
        ("**/README.md", "a/b/README.md", True),
        ("a/**/z", "a/z", True),
        ("a?c", "abc", True),
        ("a?c", "a/c", False),
        ("ops/**", "ops", False),
        ("a.b", "axb", False),
    ],
)
def test_globs_cross_folders_only_by_two_stars(pattern: str, path: str, matches: bool) -> None:
    assert (projects.Ownership(tool=(pattern,)).owner_of(path) == "tool") is matches


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ("schema = 1", "schema = 2", "schema is 2"),
        ('id = "tiny"', 'id = "Tiny!"', "id is 'Tiny!'"),
        ('title = "Tiny project"\n', "", "title is missing"),
        ('title = "Tiny project"', 'title = ""', "title is ''"),
        ('title = "Tiny project"', "title = 7", "title must be a string, not 7"),
        ("baseline = 10", "baseline = 101", "baseline is 101"),
        ("baseline = 10", "baseline = true", "baseline must be a whole number, not True"),
        ("baseline = 10", "base_line = 10", "baseline is missing"),
        ('processes = ["api"]', 'processes = ["api"]\nprocess = 1', "process is not a known key"),
        ('status = "ready"', 'status = "done"', "status is 'done'"),
        ("weeks = [3, 4]", "weeks = [4, 3]", "weeks is [4, 3]"),
        ("weeks = [3, 4]", 'weeks = ["3"]', "weeks is ['3']"),
        ('stack = ["python"]', 'stack = ["pyton"]', "Did you mean 'python'?"),
        ("services = []", "services = [3]", "services holds 3"),
        ("services = []", 'services = ["a", "a"]', "services names 'a' twice"),
        ('tool = ["docs', 'tool = ["/docs', "ownership.tool holds '/docs/contract.md'"),
        ("upload_bytes = 20_971_520", 'upload_bytes = "20 MiB"', "limits.upload_bytes must be a number"),
        ("week = 4", "week = 5", "milestones[1].week is 5"),
        ('id = "m2"', 'id = "m1"', "milestones[1].id repeats 'm1'"),
        ('id = "m1.1"', 'id = "m2.1"', "milestones[0].tasks[0].id is 'm2.1'"),
        ("weight = 3", "weight = 0", "milestones[0].checks[0].weight is 0"),
        ("tasks = []", "tasks = [1]", "milestones[1].tasks[0] must be a table, not 1"),
        ('group = "technical"', 'group = "other"', "metrics[0].group is 'other'"),
        ("[limits]", "[limits", "cannot be read"),
        ('version = "0.1.0"', 'version = "one"', "version is 'one'"),
        ("[ownership]", '[oldest]\nmake = "new"\n[ownership]', "oldest.make is 'new'"),
        ("[ownership]", '[oldest]\nsbt = "1"\n[ownership]', "oldest.sbt is not a known key"),
        ('[ownership]', '[ownership]\ntools = []', "ownership.tools is not a known key"),
    ],
)  # fmt: skip
def test_a_mistake_is_named_with_file_and_key(templates: Templates, old: str, new: str, said: str) -> None:
    templates.edit_toml(old, new)
    with pytest.raises(InvalidProject) as caught:
        projects.load_projects()
    assert said in str(caught.value)
    assert str(templates.project / "project.toml") in caught.value.message
    assert caught.value.repair


def test_a_ready_project_without_a_starter_is_refused(templates: Templates) -> None:
    shutil.rmtree(templates.project / "starter")
    with pytest.raises(InvalidProject, match="there is no starter/ folder"):
        projects.load_projects()


def test_two_projects_cannot_share_an_id(templates: Templates) -> None:
    shutil.copytree(templates.project, templates.root / "tiny_twin")
    with pytest.raises(InvalidProject, match="id 'tiny' is taken by"):
        projects.load_projects()


def test_a_templates_folder_without_projects_is_refused(tmp_path: Path) -> None:
    with pytest.raises(InvalidProject, match="holds no project"):
        projects.load_projects(tmp_path)


def test_a_wrong_templates_variable_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SCAFFOLD_TEMPLATES", str(tmp_path / "nowhere"))
    with pytest.raises(InvalidProject, match="Correct the variable SCAFFOLD_TEMPLATES"):
        projects.templates_root()


def test_an_unknown_project_gets_a_suggestion(templates: Templates) -> None:
    with pytest.raises(UnknownProject, match="Did you mean 'tiny'\\? Projects: tiny, later"):
        projects.find_project("tinny")
    with pytest.raises(UnknownProject, match="There is no project 'xyz'\\. Projects: tiny, later"):
        projects.find_project("xyz")


def test_every_tool_that_may_be_named_is_known_to_the_doctor() -> None:
    assert set(projects.TOOLS) == set(KNOWN_TOOLS)


def test_reading_projects_imports_neither_copier_nor_jinja_nor_click() -> None:
    code = (
        "import sys, scaffolder.projects as p; p.load_projects();"
        "print(sorted({'copier', 'jinja2', 'click', 'yaml', 'git'} & set(sys.modules)))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
