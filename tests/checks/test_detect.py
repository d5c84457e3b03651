"""Which project a repository is graded as."""

from pathlib import Path

import pytest

from checks.detect import ProjectNotFound, dependency_names, detect
from checks.testing import repository

PYPROJECT = '[project]\nname = "x"\ndependencies = ["FastAPI[standard]>=0.1", "django ; python_version > \'3\'"]\n'


def detected(root: Path, files: dict[str, str]) -> tuple[str, str]:
    project, why = detect(repository(root, files))
    return project.id, why


def test_the_scaffold_decides_before_anything_else(tmp_path: Path) -> None:
    files = {".scaffold/lock.json": '{"project": "project2"}', "package.json": "{}"}
    assert detected(tmp_path, files) == ("project2", "project2: named in .scaffold/lock.json")


def test_a_scaffold_of_a_project_that_does_not_exist_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ProjectNotFound, match="project9"):
        detected(tmp_path, {".scaffold/lock.json": '{"project": "project9"}'})


def test_a_damaged_scaffold_falls_back_to_the_dependencies(tmp_path: Path) -> None:
    files = {".scaffold/lock.json": "{", "pyproject.toml": PYPROJECT}
    assert detected(tmp_path, files) == ("project2", "project2: depends on fastapi, django")


@pytest.mark.parametrize(
    "files",
    [
        {"requirements.txt": "fastapi==1\nDjango==5 \\\n    --hash=sha256:00\n"},
        {"requirements/base.txt": "# both\nfastapi\ndjango>=5\n"},
        {"pyproject.toml": '[tool.poetry.dependencies]\nfastapi = "*"\ndjango = "*"\n'},
        {"backend/pyproject.toml": PYPROJECT},
    ],
    ids=["requirements", "requirements-folder", "poetry", "subfolder"],
)
def test_dependencies_decide_without_a_scaffold(tmp_path: Path, files: dict[str, str]) -> None:
    assert detected(tmp_path, files)[0] == "project2"


def test_the_stack_decides_when_the_dependencies_do_not(tmp_path: Path) -> None:
    assert detected(tmp_path, {"requirements.txt": "flask\n"}) == ("project2", "project2: the stack is python")
    assert detected(tmp_path / "node", {"package.json": '{"dependencies": {"express": "5"}}'})[0] == "project3"
    assert detected(tmp_path / "ruby", {"Gemfile": 'gem "rails"\n'})[0] == "project1"


def test_the_source_files_tell_the_stack_where_there_is_no_manifest(tmp_path: Path) -> None:
    assert detected(tmp_path, {"src/app.py": "x = 1\n"}) == ("project2", "project2: the stack is python")
    manifest_wins = {"Gemfile": 'gem "rails"\n', "script.py": "x = 1\n"}
    assert detected(tmp_path / "ruby", manifest_wins)[0] == "project1"


def test_three_stacks_together_are_the_production_system(tmp_path: Path) -> None:
    files = {"users/Gemfile": 'gem "rails"', "gateway/package.json": "{}", "analytics/pyproject.toml": PYPROJECT}
    project, _ = detect(repository(tmp_path, {**files, "analytics/pyproject.toml": "[project]\n"}))
    assert project.id == "project4"


def test_nothing_to_go_by_asks_for_the_project(tmp_path: Path) -> None:
    with pytest.raises(ProjectNotFound, match=r"--project with one of project1, project2"):
        detected(tmp_path, {"README.md": "# Hello"})


def test_dependency_names_are_normalised_and_manifests_of_examples_ignored(tmp_path: Path) -> None:
    tree = repository(
        tmp_path,
        {
            "requirements.txt": "Typing_Extensions==4\n-r other.txt\n",
            "Gemfile": "gem 'pg', '~> 1'\ngem(\"puma\")\n",
            "package.json": '{"dependencies": {"express": "5"}, "devDependencies": []}',
            "examples/requirements.txt": "flask\n",
        },
    )
    assert dependency_names(tree) == {"typing-extensions", "pg", "puma", "express"}
