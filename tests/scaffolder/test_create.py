"""`scaffold new`: what it makes, what it refuses, and that it never leaves half of it."""

from __future__ import annotations

import os
import pty
import re
import select
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest
from click.testing import Result

from scaffolder import create as create_module
from scaffolder import projects
from scaffolder.git import Git
from scaffolder.lock import read_lock
from tests.scaffolder.conftest import STARTER, Templates


def _names(folder: Path = Path()) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


Scaffold = Callable[..., Result]


def test_a_new_repository_has_one_commit_with_everything_in_it(templates: Templates, scaffold: Scaffold) -> None:
    result = scaffold("new", "tiny", "repo", "--defaults", "--data", "project_name=my-app")
    assert result.exit_code == 0, result.output
    git = Git(Path("repo"))
    assert git.run("log", "--format=%s%n%(trailers)").split("\n") == [
        "Start tiny from the template", "Scaffold-Template: tiny@0.1.0",
    ]  # fmt: skip
    assert git.run("branch", "--show-current") == "main"
    assert git.run("status", "--porcelain", "--ignored") == ""
    tracked = set(git.run("ls-files").split())
    assert tracked == {path.removesuffix(".jinja") for path in STARTER} | {
        ".scaffold/lock.json",
        ".scaffold/base.tar.gz",
    }
    assert git.run("ls-files", "--stage", "bin/setup").startswith("100755")
    assert "my-app" in Path("repo/README.md").read_text()


def test_the_last_words_are_what_was_made_and_the_next_three_commands(templates: Templates, scaffold: Scaffold) -> None:
    result = scaffold("new", "tiny", "my repo", "--defaults")
    lines = result.stdout.splitlines()
    assert lines[0] == f"Tiny project: {len(STARTER)} files in {Path('my repo').absolute()}"
    assert lines[-4:] == ["Next:", "  cd 'my repo'", "  bin/setup", "  bin/test"]


def test_without_a_destination_the_folder_is_named_after_the_project(templates: Templates, scaffold: Scaffold) -> None:
    assert scaffold("new", "tiny", "--defaults", "--data", "project_name=my-app").exit_code == 0
    assert _names() == ["my-app"]
    again = scaffold("new", "tiny", "--defaults", "--data", "project_name=my-app")
    assert (again.exit_code, "is not empty" in again.stderr, _names()) == (2, True, ["my-app"])


def test_a_path_with_spaces_and_unicode_in_folders_not_there_yet_works(
    templates: Templates, scaffold: Scaffold
) -> None:
    assert scaffold("new", "tiny", "Übung 1/späte Äpfel 苹果", "--defaults").exit_code == 0
    assert Path("Übung 1/späte Äpfel 苹果/README.md").is_file()
    assert _names(Path("Übung 1")) == ["späte Äpfel 苹果"]


def test_an_empty_folder_is_filled_in_place_even_the_current_one(templates: Templates, scaffold: Scaffold) -> None:
    inode = Path.cwd().stat().st_ino
    result = scaffold("new", "tiny", ".", "--defaults")
    assert result.exit_code == 0, result.output
    assert Path.cwd().stat().st_ino == inode
    assert Path("README.md").is_file()
    assert not list(Path.cwd().glob(".scaffold-new-*"))
    assert "cd " not in result.stdout


def test_git_knows_no_name_and_the_commit_says_so(templates: Templates, scaffold: Scaffold) -> None:
    result = scaffold("new", "tiny", "repo", "--defaults")
    assert "the commit says scaffold scaffold@localhost" in result.stderr
    assert Git(Path("repo")).run("log", "--format=%an <%ae> %cn") == "scaffold <scaffold@localhost> scaffold"


def test_a_configured_identity_is_used_silently(templates: Templates, scaffold: Scaffold, tmp_path: Path) -> None:
    (tmp_path / "home/.gitconfig").write_text("[user]\nname = Ada\nemail = ada@example.org\n")
    result = scaffold("new", "tiny", "repo", "--defaults")
    assert result.stderr == ""
    assert Git(Path("repo")).run("log", "--format=%an <%ae>") == "Ada <ada@example.org>"


def test_hooks_signing_and_a_global_gitignore_do_not_touch_the_first_commit(
    templates: Templates, scaffold: Scaffold, tmp_path: Path
) -> None:
    home = tmp_path / "home"
    hooks = home / "template/hooks"
    hooks.mkdir(parents=True)
    for name in ("pre-commit", "commit-msg", "post-commit"):
        (hooks / name).write_text(f"#!/bin/sh\ntouch {home}/ran\nexit 1\n")
        (hooks / name).chmod(0o755)
    (home / "ignore").write_text("Dockerfile\n")
    (home / ".gitconfig").write_text(
        f"[init]\ntemplateDir = {home}/template\ndefaultBranch = trunk\n[commit]\ngpgSign = true\n"
        f"[core]\nexcludesFile = {home}/ignore\nautocrlf = true\n"
    )
    result = scaffold("new", "tiny", "repo", "--defaults")
    assert result.exit_code == 0, result.output
    assert not (home / "ran").exists()
    assert "Dockerfile" in Git(Path("repo")).run("ls-files").split()


def test_called_from_a_git_hook_the_outer_repository_is_left_alone(
    templates: Templates, scaffold: Scaffold, monkeypatch: pytest.MonkeyPatch
) -> None:
    Git(Path.cwd()).run("init", "--quiet")
    monkeypatch.setenv("GIT_DIR", str(Path(".git").absolute()))
    monkeypatch.setenv("GIT_INDEX_FILE", str(Path(".git/index").absolute()))
    result = scaffold("new", "tiny", "repo", "--defaults")
    assert result.exit_code == 0, result.output
    assert Path("repo/.git").is_dir()
    assert "it lies inside the repository" in result.stderr
    assert not Git(Path.cwd()).succeeds("rev-parse", "--verify", "HEAD")


def test_an_outer_repository_that_ignores_the_new_one_is_not_mentioned(
    templates: Templates, scaffold: Scaffold
) -> None:
    Git(Path.cwd()).run("init", "--quiet")
    Path(".gitignore").write_text("/repo/\n")
    assert "it lies inside" not in scaffold("new", "tiny", "repo", "--defaults").stderr
    assert "it lies inside" in scaffold("new", "tiny", "other", "--defaults").stderr


def test_no_git_renders_the_tree_alone(
    templates: Templates, scaffold: Scaffold, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", "/nowhere")
    result = scaffold("new", "tiny", "repo", "--defaults", "--no-git")
    assert result.exit_code == 0, result.output
    assert not Path("repo/.git").exists()
    assert read_lock(Path("repo")).project == "tiny"


def test_without_git_installed_the_message_names_the_way_out(
    templates: Templates, scaffold: Scaffold, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", "/nowhere")
    result = scaffold("new", "tiny", "repo", "--defaults")
    assert (result.exit_code, _names()) == (2, [])
    assert "git was not found" in result.stderr
    assert "--no-git" in result.stderr


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["tinny"], "Did you mean 'tiny'?"),
        (["later"], "planned, but not built yet"),
        (["tiny", "full"], "full is not empty"),
        (["tiny", "file"], "file exists and is not a folder"),
        (["tiny", "file/below"], "file/below cannot be written"),
        (["tiny", "dangling"], "dangling exists and is not a folder"),
        (["tiny", "a/b/c", "--data", "project_name=No Good"], "project_name"),
        (["tiny", "--data", "authr_name=x"], "Did you mean 'author_name'?"),
        (["tiny", "--data", "author_name"], "is no KEY=VALUE"),
        (["tiny", "--start", "23.11.2026"], "--start '23.11.2026' is no date"),
        (["tiny", "--start", "20261123"], "is no date"),
        (["tiny", "--start", "2026-02-30"], "is no date"),
    ],
)
def test_bad_input_ends_with_one_message_and_nothing_written(
    templates: Templates, scaffold: Scaffold, arguments: list[str], said: str
) -> None:
    Path("full").mkdir()
    Path("full/precious").write_text("mine")
    Path("file").write_text("mine")
    Path("dangling").symlink_to("nowhere")
    result = scaffold("new", *arguments, "--defaults")
    assert result.exit_code == 2
    assert said in result.stderr
    assert "Traceback" not in result.output
    assert result.stdout == ""
    assert _names() == ["dangling", "file", "full"]
    assert _names(Path("full")) == ["precious"]


def test_without_a_terminal_unanswered_questions_are_named(templates: Templates, scaffold: Scaffold) -> None:
    result = scaffold("new", "tiny", "repo", "--data", "project_name=my-app")
    assert result.exit_code == 2
    assert "no terminal to ask on for: author_name, github_owner" in result.stderr
    assert _names() == []


def test_all_questions_answered_by_data_need_no_terminal(templates: Templates, scaffold: Scaffold) -> None:
    answers = {"project_name": "my-app", "author_name": "Ada", "github_owner": "ada", "python_version": "3.12",
               "aws_region": "eu-west-1"}  # fmt: skip
    result = scaffold("new", "tiny", *[f"--data={key}={value}" for key, value in answers.items()])
    assert result.exit_code == 0, result.output
    assert read_lock(Path("my-app")).answers == answers


def test_a_failing_git_leaves_nothing_behind(templates: Templates, scaffold: Scaffold, tmp_path: Path) -> None:
    (tmp_path / "home/.gitconfig").write_text("[core\n")
    result = scaffold("new", "tiny", "a/repo", "--defaults")
    assert result.exit_code == 2
    assert "`git init` failed" in result.stderr
    assert _names() == []


def test_a_move_into_an_empty_folder_that_fails_half_way_is_taken_back(tmp_path: Path) -> None:
    tree, target = tmp_path / "tree", tmp_path / "target"
    (tree / "a-folder").mkdir(parents=True)
    (tree / "a-folder/file").write_text("x")
    (tree / "b-file").write_text("x")
    (tree / "c-clash").mkdir()
    (target / "c-clash/taken").mkdir(parents=True)
    with pytest.raises(OSError, match="not empty"):
        create_module._move(tree, target)
    assert not (target / "a-folder").exists()
    assert not (target / "b-file").exists()


def test_a_termination_in_the_middle_leaves_nothing_behind(templates: Templates) -> None:
    # Enough files that the signal arrives while they are being written.
    for number in range(1000):
        templates.write(f"many/{number}.txt", "x")
    command = [sys.executable, "-c", "from scaffolder.cli import main; main()", "new", "tiny", "repo", "--defaults"]
    process = subprocess.Popen(command, stderr=subprocess.PIPE, text=True)
    deadline = time.monotonic() + 20
    while not list(Path.cwd().glob(".scaffold-new-*/tree/many/*")) and time.monotonic() < deadline:
        time.sleep(0.01)
    process.send_signal(signal.SIGTERM)
    _, said = process.communicate(timeout=30)
    assert process.returncode == 2
    assert "Interrupted: everything is as it was before." in said
    assert "Traceback" not in said
    assert _names() == []


def _talk(command: list[str], answers: list[tuple[str, str]]) -> tuple[int, str]:
    """Run a command on a terminal of its own: wait for each text, then type the answer."""
    process, terminal = pty.fork()
    if process == 0:  # pragma: no cover -- the child becomes the command
        os.environ["TERM"] = "dumb"
        os.execv(command[0], command)
    seen, said, deadline = "", "", time.monotonic() + 30
    while time.monotonic() < deadline:
        if select.select([terminal], [], [], 0.2)[0]:
            try:
                chunk = os.read(terminal, 4096).decode("utf-8", "replace")
            except OSError:
                break
            if not chunk:
                break
            seen, said = seen + chunk, said + chunk
            if "\x1b[6n" in chunk:
                os.write(terminal, b"\x1b[1;1R")
        if answers and answers[0][0] in seen:
            time.sleep(0.1)
            os.write(terminal, answers.pop(0)[1].encode())
            seen = ""
    _, status = os.waitpid(process, 0)
    os.close(terminal)
    return os.waitstatus_to_exitcode(status), re.sub(r"\x1b\[[0-9;?]*[a-zA-Z]", "", said)


COMMAND = [sys.executable, "-c", "from scaffolder.cli import main; main()", "new", "tiny"]
GIVEN = ["--data", "github_owner=ada", "--data", "python_version=3.12", "--data", "aws_region=eu-west-1"]


def test_on_a_terminal_it_asks_what_was_not_given(templates: Templates) -> None:
    # Ctrl-U empties the line, which holds the default.
    code, said = _talk([*COMMAND, *GIVEN], [("Name of the project", "\x15my-app\r"), ("Your name", "\x15Ada\r")])
    assert code == 0, said
    assert read_lock(Path("my-app")).answers["author_name"] == "Ada"


def test_ctrl_c_at_a_question_leaves_nothing_behind(templates: Templates) -> None:
    code, said = _talk([*COMMAND, *GIVEN], [("Name of the project", "\x03")])
    assert code == 2
    assert "Interrupted: everything is as it was before." in said
    assert "Traceback" not in said
    assert _names() == []


def test_the_shipped_starter_has_no_symlinks_and_renders(scaffold: Scaffold) -> None:
    starter = projects.find_project("project2").starter
    assert not [path for path in starter.rglob("*") if path.is_symlink()]
    result = scaffold("new", "project2", "--defaults")
    assert result.exit_code == 0, result.output
    assert Path("data-platform/.scaffold/lock.json").is_file()
