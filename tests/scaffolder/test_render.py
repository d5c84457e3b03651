"""Rendering through Copier: contents, answers, hostile input, and leftovers that stay out."""

from __future__ import annotations

import os
import subprocess
from datetime import date
from pathlib import Path

import pytest

from scaffolder import projects
from scaffolder.errors import DestinationRefused, InvalidAnswer, PlannedProject, RenderFailed
from scaffolder.lock import read_lock
from scaffolder.projects import due_date
from scaffolder.render import question_names, render
from tests.scaffolder.conftest import STARTER, Templates


def _tree(root: Path) -> set[str]:
    return {path.relative_to(root).as_posix() for path in root.rglob("*") if path.is_file()}


def test_only_jinja_files_are_rendered_and_all_others_are_copied_as_they_are(templates: Templates) -> None:
    render("tiny", Path("out"), {"project_name": "my-app", "author_name": "Zoë O’Brien-Łuk"})
    assert Path("out/README.md").read_text(encoding="utf-8").startswith("# my-app\nby Zoë O’Brien-Łuk\n- m1 Boot \n")
    assert Path("out/.github/workflows/grade.yml").read_text() == STARTER[".github/workflows/grade.yml"]
    assert os.access("out/bin/setup", os.X_OK)
    assert not os.access("out/Dockerfile", os.X_OK)
    expected = {path.removesuffix(".jinja") for path in STARTER} | {".scaffold/lock.json", ".scaffold/base.tar.gz"}
    assert _tree(Path("out")) == expected


def test_compiled_files_and_caches_of_the_template_stay_out(templates: Templates) -> None:
    for leftover in ("src/__pycache__/app.cpython-311.pyc", "src/app.pyc", ".venv/x", ".mypy_cache/x", "a.egg-info/x"):
        templates.write(leftover, "leftover")
    render("tiny", Path("out"))
    assert not [path for path in _tree(Path("out")) if "leftover" in Path("out", path).read_bytes().decode("latin-1")]


def test_the_lock_records_answers_start_and_owners(templates: Templates) -> None:
    render("tiny", Path("out"), start=date(2026, 11, 23))
    lock = read_lock(Path("out"))
    assert (lock.project, lock.template_version, lock.start) == ("tiny", "0.1.0", date(2026, 11, 23))
    assert lock.answers["project_name"] == "app"
    assert set(lock.answers) == set(question_names(project_id="tiny")) == set(question_names()) - {"rails_version"}
    assert lock.files["bin/setup"].executable
    assert {path: lock.files[path].owner for path in ("docs/contract.md", "Dockerfile", "src/app.py")} == {
        "docs/contract.md": "tool",
        "Dockerfile": "merged",
        "src/app.py": "seed",
    }


def test_milestones_are_due_on_the_last_day_of_their_week(templates: Templates) -> None:
    project = projects.find_project("tiny")
    monday = date(2027, 3, 1)
    assert due_date(project.milestones[0], project, monday) == date(2027, 3, 7)  # the Sunday of that week
    assert due_date(project.milestones[1], project, monday) == date(2027, 3, 14)
    assert due_date(project.milestones[0], project, date(2027, 3, 3)) == date(2027, 3, 9)
    render("tiny", Path("out"), start=monday)
    assert "- m2 Ship 2027-03-14" in Path("out/README.md").read_text()


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("project_name", "My App"),
        ("project_name", "-x-y"),
        ("project_name", "a"),
        ("project_name", "abc-"),
        ("project_name", "abc\n"),
        ("project_name", "a" * 41),
        ("project_name", "../escape"),
        ("author_name", ""),
        ("author_name", "   "),
        ("author_name", "two\nlines"),
        ("author_name", "two\rlines"),
        ("author_name", "two\u2028lines"),
        ("author_name", "bell\x07"),
        ("author_name", "\u202egnp.exe"),
        ("author_name", "{{ 7 * 7 }}"),
        ("author_name", "{% raw %}"),
        ("author_name", 'quote"'),
        ("author_name", "back\\slash"),
        ("author_name", "<script>"),
        ("author_name", "x" * 81),
        ("github_owner", "a--b"),
        ("github_owner", "-a"),
        ("github_owner", "a" * 40),
        ("github_owner", "a/b"),
        ("python_version", "3.9"),
        ("aws_region", "Frankfurt"),
        ("aws_region", "eu-central-1\n"),
    ],
)
def test_an_unacceptable_answer_is_refused_and_nothing_is_written(templates: Templates, key: str, value: str) -> None:
    with pytest.raises(InvalidAnswer, match=key):
        render("tiny", Path("out"), {key: value})
    assert not Path("out").exists()


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("project_name", "a-2"),
        ("author_name", "x" * 80),
        ("author_name", "Иван 山田 d'Arc, Jr. & Söhne (42%)"),
        ("github_owner", "a" * 39),
        ("aws_region", "us-gov-west-1"),
        ("python_version", "3.12"),
    ],
)
def test_an_acceptable_answer_arrives_unchanged(templates: Templates, key: str, value: str) -> None:
    render("tiny", Path("out"), {key: value})
    assert read_lock(Path("out")).answers[key] == value


def test_a_question_of_another_project_is_not_asked(templates: Templates) -> None:
    with pytest.raises(InvalidAnswer, match=r"no question 'rails_version'"):
        render("tiny", Path("out"), {"rails_version": "7.2"})
    assert not Path("out").exists()


def test_an_unknown_question_gets_a_suggestion(templates: Templates) -> None:
    with pytest.raises(InvalidAnswer, match=r"no question 'author'\. Did you mean 'author_name'"):
        render("tiny", Path("out"), {"author": "x"})
    with pytest.raises(InvalidAnswer, match="no question 'project_folder'"):
        render("tiny", Path("out"), {"project_folder": "../../etc"})


def test_a_planned_project_is_not_built_yet(templates: Templates) -> None:
    with pytest.raises(PlannedProject, match="planned, but not built yet"):
        render("later", Path("out"))


def test_a_folder_that_holds_something_is_refused(templates: Templates) -> None:
    Path("out").mkdir()
    Path("out/precious").write_text("mine")
    with pytest.raises(DestinationRefused, match="not an empty folder"):
        render("tiny", Path("out"))
    assert _tree(Path("out")) == {"precious"}


# Copier leaves the listing of its folder open when a file in it fails.
@pytest.mark.filterwarnings("ignore:unclosed scandir iterator:ResourceWarning")
@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")
def test_a_misspelt_variable_in_a_template_is_an_error_not_an_empty_word(templates: Templates) -> None:
    templates.write("NOTES.md.jinja", "{{ project_nmae }}\n")
    with pytest.raises(RenderFailed, match="'project_nmae' is undefined"):
        render("tiny", Path("out"))
    assert not Path("out").exists()


def test_a_broken_copier_file_is_an_error_with_its_name(templates: Templates) -> None:
    file = templates.root / "copier.yml"
    file.write_text(file.read_text() + "\n_envops: {undefined: nothing.Such}\n")
    with pytest.raises(RenderFailed, match="cannot be rendered"):
        render("tiny", Path("out"))
    file.write_text("_min_copier_version: [")
    with pytest.raises(RenderFailed, match=r"copier\.yml"):
        render("tiny", Path("out"))


def test_templates_that_are_a_git_repository_are_read_as_they_lie_there(templates: Templates) -> None:
    for arguments in (
        ["init", "-q"],
        ["-c", "user.name=x", "-c", "user.email=x@x", "commit", "-q", "--allow-empty", "-mx"],
    ):
        subprocess.run(["git", *arguments], cwd=templates.root, check=True)
    subprocess.run(["git", "tag", "v1.0.0"], cwd=templates.root, check=True)
    render("tiny", Path("out"))
    assert Path("out/Dockerfile").is_file()


def test_the_settings_of_the_users_own_copier_do_not_leak_in(
    templates: Templates, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings = tmp_path / "settings.yml"
    settings.write_text("defaults: {author_name: Somebody Else}\n")
    monkeypatch.setenv("COPIER_SETTINGS_PATH", str(settings))
    render("tiny", Path("out"))
    assert read_lock(Path("out")).answers["author_name"] == "Your Name"


def test_the_same_answers_give_the_same_bytes(templates: Templates) -> None:
    render("tiny", Path("one"))
    render("tiny", Path("two"))
    assert all(Path("one", path).read_bytes() == Path("two", path).read_bytes() for path in _tree(Path("one")))
