"""The command line itself: listing, version, completion, colours, speed of the start, one message for errors."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from click.testing import Result

from scaffolder import __version__
from scaffolder import cli as cli_module
from tests.scaffolder.conftest import Templates

Scaffold = Callable[..., Result]
START = [sys.executable, "-c", "from scaffolder.cli import main; main()"]


def test_list_shows_weeks_stack_milestones_and_what_is_not_built_yet(templates: Templates, scaffold: Scaffold) -> None:
    lines = scaffold("list").stdout.splitlines()
    assert lines[0].split() == ["PROJECT", "WEEKS", "MILESTONES", "STATUS", "TITLE", "AND", "STACK"]
    assert lines[1].split() == ["tiny", "3–4", "2", "ready", "Tiny", "project"]
    assert lines[2].strip() == "Python"
    assert lines[3].split() == ["later", "5", "1", "not", "built", "yet", "Later", "project"]


def test_the_shipped_list_names_four_and_stays_narrow(scaffold: Scaffold) -> None:
    result = scaffold("list")
    assert [line.split()[0] for line in result.stdout.splitlines() if line.startswith("project")] == [
        "project1", "project2", "project3", "project4",
    ]  # fmt: skip
    assert max(map(len, result.stdout.splitlines())) <= 110


def test_list_as_json_is_complete(templates: Templates, scaffold: Scaffold) -> None:
    first = json.loads(scaffold("list", "--format", "json").stdout)[0]
    assert (first["id"], first["weeks"], first["status"]) == ("tiny", [3, 4], "ready")
    assert first["milestones"][1] == {"id": "m2", "week": 4, "title": "Ship"}


def test_the_version_is_that_of_the_package(scaffold: Scaffold) -> None:
    assert scaffold("--version").stdout == f"scaffold {__version__}\n"


def test_an_unknown_command_or_option_is_a_usage_error(scaffold: Scaffold) -> None:
    assert scaffold("nwe").exit_code == 2
    assert scaffold("list", "--what").exit_code == 2


def test_a_broken_project_file_is_one_message_not_a_traceback(templates: Templates, scaffold: Scaffold) -> None:
    templates.edit_toml("baseline = 10", "baseline = 1000")
    result = scaffold("list")
    assert result.exit_code == 2
    assert result.stderr.startswith(f"Error: {templates.project / 'project.toml'}: baseline is 1000.\n")


def test_an_error_of_the_system_is_one_message_too(
    templates: Templates, scaffold: Scaffold, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail() -> None:
        raise PermissionError(13, "Permission denied", "/somewhere")

    monkeypatch.setattr(cli_module.catalogue, "load_projects", fail)
    result = scaffold("list")
    assert (result.exit_code, result.stderr) == (2, "Error: [Errno 13] Permission denied: '/somewhere'.\n")


def test_a_reader_that_has_gone_away_is_no_error_of_ours(templates: Templates) -> None:
    done = subprocess.run(
        f'"{sys.executable}" -c "from scaffolder.cli import main; main()" list | true',
        shell=True, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert "Traceback" not in done.stderr


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_completion_prints_the_script_of_the_shell(scaffold: Scaffold, shell: str) -> None:
    result = scaffold("completion", shell)
    assert result.exit_code == 0
    assert "_SCAFFOLD_COMPLETE" in result.stdout


def _complete(words: str) -> list[str]:
    variables = {
        "_SCAFFOLD_COMPLETE": "zsh_complete",
        "COMP_WORDS": f"scaffold {words}",
        "COMP_CWORD": str(words.count(" ") + 1),
    }
    done = subprocess.run(START, capture_output=True, text=True, check=False, env={**os.environ, **variables})
    return done.stdout.strip().split("\n")[1::3]


def test_project_names_are_completed(templates: Templates) -> None:
    assert _complete("new ti") == ["tiny"]
    assert _complete("doctor ") == ["tiny", "later"]


def test_completion_stays_silent_when_projects_cannot_be_read(templates: Templates) -> None:
    templates.edit_toml("schema = 1", "schema = 9")
    assert _complete("new ti") == []


def test_no_color_is_respected(templates: Templates, scaffold: Scaffold, monkeypatch: pytest.MonkeyPatch) -> None:
    run = "CliRunner().invoke(cli, ['list'], color=True)"
    code = f"from click.testing import CliRunner; from scaffolder.cli import cli; print({run}.output)"
    monkeypatch.delenv("NO_COLOR", raising=False)
    coloured = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert "\x1b[1m" in coloured.stdout
    monkeypatch.setenv("NO_COLOR", "1")
    plain = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert "\x1b" not in plain.stdout


def test_the_start_imports_nothing_heavy() -> None:
    code = "import sys, scaffolder.cli; print(sorted({'copier', 'jinja2', 'yaml', 'git', 'rich'} & set(sys.modules)))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def test_a_hangup_ends_like_ctrl_c(templates: Templates) -> None:
    code = (
        "import os, signal, scaffolder.cli as c\n"
        "c.catalogue.load_projects = lambda: os.kill(os.getpid(), signal.SIGHUP)\n"
        "c.main()"
    )
    done = subprocess.run([sys.executable, "-c", code, "list"], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (2, f"Error: {cli_module.INTERRUPTED}\n")


def test_help_of_every_command_names_its_options(scaffold: Scaffold) -> None:
    for command in ("list", "new", "update", "doctor", "completion"):
        assert scaffold(command, "--help").exit_code == 0
    assert "--dry-run" in scaffold("update", "-h").stdout
    assert Path.cwd().exists()


def test_a_planned_project_says_so_before_it_asks_anything(scaffold: Scaffold) -> None:
    result = scaffold("new", "project3", "somewhere")
    assert (result.exit_code, "not built yet" in result.stderr) == (2, True)
