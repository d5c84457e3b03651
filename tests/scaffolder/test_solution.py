"""`scaffold new --solution`: the reference solution over the starter, for those who have the source checkout."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from click.testing import Result

from scaffolder.git import Git
from scaffolder.lock import read_lock
from tests.scaffolder.conftest import Templates

Scaffold = Callable[..., Result]


def overlay(templates: Templates, path: str, text: str) -> None:
    file = templates.project / "solution" / path
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(text, encoding="utf-8")
    file.chmod(0o755 if path.startswith("bin/") else 0o644)


def test_the_solution_is_a_commit_of_its_own_on_top_of_the_starter(templates: Templates, scaffold: Scaffold) -> None:
    overlay(templates, "src/app.py", "VERSION = 2\n")
    overlay(templates, "src/more.py", "MORE = True\n")
    overlay(templates, "README.md.jinja", "# {{ project_name }}, solved\n")
    overlay(templates, "bin/setup", "#!/bin/sh\necho solved\n")
    result = scaffold("new", "tiny", "repo", "--defaults", "--solution", "--data", "project_name=my-app")
    assert result.exit_code == 0, result.output
    git = Git(Path("repo"))
    assert git.run("log", "--format=%s").split("\n") == ["Reference solution of tiny", "Start tiny from the template"]
    assert git.run("diff", "--name-status", "HEAD~1").split("\n") == [
        "M\tREADME.md", "M\tbin/setup", "M\tsrc/app.py", "A\tsrc/more.py",
    ]  # fmt: skip
    assert Path("repo/README.md").read_text() == "# my-app, solved\n"
    assert Path("repo/src/app.py").read_text() == "VERSION = 2\n"
    assert git.run("ls-files", "--stage", "bin/setup").startswith("100755")
    assert git.run("status", "--porcelain", "--ignored") == ""


def test_the_lock_remembers_the_starter_so_that_the_solution_reads_as_edits(
    templates: Templates, scaffold: Scaffold
) -> None:
    assert scaffold("new", "tiny", "plain", "--defaults", "--data", "project_name=repo").exit_code == 0
    overlay(templates, "src/app.py", "VERSION = 2\n")
    assert scaffold("new", "tiny", "solved", "--defaults", "--solution", "--data", "project_name=repo").exit_code == 0
    assert read_lock(Path("solved")).files == read_lock(Path("plain")).files


def test_without_git_the_solution_lies_over_the_starter(templates: Templates, scaffold: Scaffold) -> None:
    overlay(templates, "src/app.py", "VERSION = 2\n")
    assert scaffold("new", "tiny", "repo", "--defaults", "--solution", "--no-git").exit_code == 0
    assert Path("repo/src/app.py").read_text() == "VERSION = 2\n"
    assert not Path("repo/.git").exists()


def test_an_installed_package_has_no_solution_and_says_where_it_is(templates: Templates, scaffold: Scaffold) -> None:
    result = scaffold("new", "tiny", "repo", "--defaults", "--solution")
    assert result.exit_code == 2
    assert "reference solution of tiny is not here" in result.stderr
    assert "source checkout" in result.stderr
    assert not Path("repo").exists()
