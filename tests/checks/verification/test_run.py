"""`check --verify`: a tiny project is verified for real."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from checks.cli import command
from tests.support.tiny import SOLUTION, Tiny, fault, make
from tests.support.tools import cache_folder

pytestmark = pytest.mark.slow


@pytest.fixture
def tiny(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Tiny:
    monkeypatch.setenv("CHECK_CACHE_DIR", str(cache_folder() / "check"))
    monkeypatch.setenv("SCAFFOLD_TEMPLATES", os.environ.get("SCAFFOLD_TEMPLATES", ""))  # put back what it sets
    return make(tmp_path / "templates")


def verify(tiny: Tiny, *options: str) -> Result:
    return CliRunner().invoke(command, ["--verify", str(tiny.project), *options], prog_name="check")


def test_a_sound_project_holds_and_each_thing_is_told(tiny: Tiny) -> None:
    result = verify(tiny, "--repeat", "2")
    assert result.exit_code == 0, result.output
    lines = [line for line in result.output.splitlines() if line.startswith(("held", "FAILED"))]
    assert [line.split()[1].rstrip(":") for line in lines] == ["plan", "starter", "solution", "repeated", "bob"]
    assert all(line.startswith("held") for line in lines)
    assert "5 of 5 held." in result.output
    assert "acceptance.m1.greets: It greets by name." in result.output


def test_several_faults_at_a_time_are_told_in_their_order(tiny: Tiny) -> None:
    for name in ("alice", "carol"):
        tiny.write(f"faults/{name}.patch", (tiny.project / "faults/bob.patch").read_text())
    result = verify(tiny, "--only", "m1", "--jobs", "2")
    assert result.exit_code == 0, result.output
    lines = [line for line in result.output.splitlines() if line.startswith(("held", "FAILED"))]
    assert [line.split()[1].rstrip(":") for line in lines] == ["alice", "bob", "carol"]


def test_a_sample_of_the_faults_is_the_same_for_the_same_commit(tiny: Tiny) -> None:
    for name in ("alice", "carol", "dave"):
        tiny.write(f"faults/{name}.patch", (tiny.project / "faults/bob.patch").read_text())
    names = []
    for _ in range(2):
        result = verify(tiny, "--only", "m1", "--sample", "2")
        assert result.exit_code == 0, result.output
        names.append([line.split()[1] for line in result.output.splitlines() if line.startswith("held")])
    assert names[0] == names[1]
    assert len(names[0]) == 2


def test_a_fault_that_changes_nothing_is_missed_and_the_command_says_1(tiny: Tiny, tmp_path: Path) -> None:
    harmless = SOLUTION.replace("and a worker, in one file", "and a worker")
    tiny.write("faults/harmless.patch", fault("A comment", "acceptance.m1.greets", harmless))
    output = tmp_path / "verification.json"
    result = verify(tiny, "--only", "harmless", "--format", "json", "--output", str(output))
    assert result.exit_code == 1
    (outcome,) = json.loads(output.read_text())
    assert (outcome["name"], outcome["held"]) == ("harmless", False)
    assert outcome["seen"] == "missed: acceptance.m1.greets still says pass"


@pytest.mark.parametrize(
    ("place", "message"),
    [("file/verification.json", "verification.json: cannot be written (File exists). Choose another --output."),
     ("", "is a folder. Choose a file as --output.")],
)  # fmt: skip
def test_an_output_that_cannot_be_written_is_told_before_the_work(
    tiny: Tiny, tmp_path: Path, place: str, message: str
) -> None:
    (tmp_path / "file").touch()
    result = verify(tiny, "--only", "bob", "--format", "json", "--output", str(tmp_path / place))
    assert result.exit_code == 2
    assert message in result.output
    assert "held" not in result.output


def test_a_pipe_as_output_is_written_to(tiny: Tiny, tmp_path: Path) -> None:
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    reader = os.open(pipe, os.O_RDONLY | os.O_NONBLOCK)
    result = verify(tiny, "--only", "bob", "--format", "json", "--output", str(pipe))
    assert result.exit_code == 0, result.output
    assert json.loads(os.read(reader, 1 << 16))[0]["held"] is True
    os.close(reader)


def test_a_solution_that_does_not_do_it_all_does_not_hold(tiny: Tiny) -> None:
    tiny.write("solution/app.py", SOLUTION.replace("Hello, {name}!", "Hallo, {name}!"))
    (tiny.project / "faults/bob.patch").unlink()
    result = verify(tiny)
    assert result.exit_code == 1
    assert "FAILED solution" in result.output
    assert "acceptance.m1.greets: It greets by name." in result.output


@pytest.mark.parametrize("options", [("--only", "stale"), ("--only", "bob"), ("--sample", "0")])
def test_a_fault_that_does_not_apply_is_an_error_of_its_author_whatever_is_verified(
    tiny: Tiny, options: tuple[str, ...]
) -> None:
    tiny.write(
        "faults/stale.patch",
        fault("Old", "acceptance.m1.greets", SOLUTION).replace(
            "\n\n", "\n\n--- a/gone\n+++ b/gone\n@@ -1 +1 @@\n-1\n+2\n", 1
        ),
    )
    result = verify(tiny, *options)
    assert result.exit_code == 2
    assert "faults/stale.patch does not apply to the solution" in result.output
    assert "The starter earns" not in result.output


def test_a_folder_without_a_solution_is_refused(tiny: Tiny) -> None:
    (tiny.project / "solution/app.py").unlink()
    (tiny.project / "solution").rmdir()
    result = verify(tiny)
    assert result.exit_code == 2
    assert "has no solution/ or no acceptance/" in result.output
