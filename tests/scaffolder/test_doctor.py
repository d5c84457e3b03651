"""`scaffold doctor`: found or not, which version, and how to get what is missing."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest
from click.testing import Result

from scaffolder import doctor
from tests.scaffolder.conftest import Templates

Scaffold = Callable[..., Result]


@pytest.fixture
def programs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[[str, str], None]:
    """Lets programs be installed one by one on an otherwise empty PATH."""
    folder = tmp_path / "bin"
    folder.mkdir()
    monkeypatch.setenv("PATH", str(folder))

    def install(name: str, script: str) -> None:
        (folder / name).write_text(f"#!/bin/sh\n{script}\n")
        (folder / name).chmod(0o755)

    return install


def test_tools_that_are_there_are_listed_with_their_version(
    templates: Templates, scaffold: Scaffold, programs: Callable[[str, str], None]
) -> None:
    programs("git", "echo git version 2.39.5")
    programs("python3", "echo Python 3.13.1 >&2")
    result = scaffold("doctor", "tiny")
    assert result.exit_code == 0, result.output
    assert [line.split()[:3] for line in result.stdout.splitlines()] == [
        ["TOOL", "NEEDED", "FOUND"],
        ["git", "required", "2.39.5"],
        ["python3", "required", "3.13.1"],
        ["make", "optional", "not"],
    ]


@pytest.mark.parametrize(
    ("manager", "hint"),
    [
        ("apt-get", "sudo apt-get install python3 python3-venv"),
        ("dnf", "sudo dnf install python3"),
        ("brew", "brew install python"),
        ("none", "install python with your package manager"),
    ],
)
def test_a_missing_required_tool_fails_and_says_how_to_install_it_here(
    templates: Templates, scaffold: Scaffold, programs: Callable[[str, str], None], manager: str, hint: str
) -> None:
    programs("git", "echo 2.40.0")
    programs(manager, "exit 1")
    result = scaffold("doctor", "tiny", "--format", "json")
    assert result.exit_code == 1
    found = {entry["tool"]: entry for entry in json.loads(result.stdout)}
    assert found["python3"] == {
        "tool": "python3", "purpose": "runs the application", "required": True, "found": False, "path": None,
        "usable": False, "version": "", "oldest": "", "hint": hint,
    }  # fmt: skip
    assert found["git"]["hint"] == ""
    assert hint in scaffold("doctor").stdout


@pytest.mark.parametrize(
    ("version", "shown", "code"),
    [("3.9.18", "3.9.18, needs 3.11", 1), ("3.11", "3.11 ", 0), ("3.13.1", "3.13.1 ", 0), ("unknown", "yes ", 0)],
)
def test_a_required_tool_that_is_too_old_fails_and_says_what_is_needed(
    templates: Templates, scaffold: Scaffold, programs: Callable[[str, str], None], version: str, shown: str, code: int
) -> None:
    templates.edit_toml("[ownership]", '[oldest]\npython3 = "3.11"\n\n[ownership]')
    programs("git", "echo 2.40.0")
    programs("python3", f"echo Python {version}")
    result = scaffold("doctor", "tiny")
    (line,) = (line for line in result.stdout.splitlines() if line.startswith("python3"))
    assert (result.exit_code, shown in line, "install" in line) == (code, True, code == 1)


def test_a_tool_that_tells_no_version_or_cannot_be_started_counts_as_found(
    templates: Templates, scaffold: Scaffold, programs: Callable[[str, str], None], tmp_path: Path
) -> None:
    programs("git", "exit 3")
    programs("python3", "")
    (tmp_path / "bin/python3").write_bytes(b"\x7fELF nonsense")
    result = scaffold("doctor", "tiny")
    assert result.exit_code == 0
    assert [line.split()[2] for line in result.stdout.splitlines()[1:3]] == ["yes", "yes"]


def test_a_tool_that_hangs_is_given_up(
    templates: Templates, programs: Callable[[str, str], None], monkeypatch: pytest.MonkeyPatch
) -> None:
    programs("git", "exec /bin/sleep 30")
    monkeypatch.setattr(doctor, "VERSION_SECONDS", 0.2)
    assert doctor._version(str(doctor.shutil.which("git")), ("--version",)) == ""


def test_without_a_project_all_ready_projects_count(scaffold: Scaffold, templates: Templates) -> None:
    names = {entry["tool"] for entry in json.loads(scaffold("doctor", "--format", "json").stdout)}
    assert names == {"git", "python3", "make"}


def test_a_planned_project_names_no_tools_yet(scaffold: Scaffold, templates: Templates) -> None:
    result = scaffold("doctor", "later")
    assert (result.exit_code, result.stdout) == (0, "No tools are named yet: the project is not built.\n")
