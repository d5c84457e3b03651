"""action.yml: valid, thin, and nothing from outside gets into a script."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest
import yaml

from checks.github import limits
from checks.github.measure import command
from tests.support.operations import run
from tests.support.tools import require_tool

ROOT = Path(__file__).parents[1]


@pytest.fixture(scope="module")
def action() -> dict[str, Any]:
    return yaml.safe_load((ROOT / "action.yml").read_text())


def test_it_fits_githubs_schema(tmp_path: Path) -> None:
    run(ROOT, require_tool("check-jsonschema"), "--builtin-schema", "vendor.github-actions", "action.yml")


def test_zizmor_finds_nothing() -> None:
    assert json.loads(run(ROOT, require_tool("zizmor"), "--offline", "--format", "json", "action.yml")) == []


def test_shellcheck_accepts_its_scripts(action: dict[str, Any], tmp_path: Path) -> None:
    for number, step in enumerate(action["runs"]["steps"]):
        if "run" in step:
            script = tmp_path / f"{number}.sh"
            script.write_text(f"#!/usr/bin/env bash\n{step['run']}\n")
            run(tmp_path, require_tool("shellcheck"), script)


def test_no_expression_stands_in_a_script(action: dict[str, Any]) -> None:
    assert not [step for step in action["runs"]["steps"] if "${{" in step.get("run", "")]


def test_every_input_reaches_the_grader_and_every_output_is_its(action: dict[str, Any], tmp_path: Path) -> None:
    grade = next(step for step in action["runs"]["steps"] if step.get("id") == "grade")
    given = {name for name in grade["env"] if name.startswith("INPUT_")}
    assert given == {f"INPUT_{name.upper().replace('-', '_')}" for name in action["inputs"]} - {"INPUT_TOKEN"}
    line = command({name: f"value-of-{name}" for name in given}, tmp_path)
    unused = {name for name in given - {"INPUT_STATIC"} if not any(f"value-of-{name}" in word for word in line)}
    assert unused == set()
    assert {output["value"] for output in action["outputs"].values()} == {
        f"${{{{ steps.grade.outputs.{name} }}}}" for name in ("score", "passed", "coverage", "report", "json")
    }


def test_what_it_uses_is_pinned_with_its_version() -> None:
    uses = re.findall(r"uses: (.*)", (ROOT / "action.yml").read_text())
    assert uses
    assert all(re.fullmatch(r"[\w/-]+@[0-9a-f]{40} # v\d+\.\d+\.\d+", use) for use in uses)


def test_limits_are_githubs() -> None:
    assert (limits.COMMENT, limits.SUMMARY, limits.ANNOTATIONS) == (65_536, 1_048_576, 50)
