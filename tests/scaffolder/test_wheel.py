"""The built wheel, installed in a fresh environment, makes the same repository as the source checkout."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import zipfile
from datetime import date
from pathlib import Path

import pytest

from checks.reports import document
from scaffolder import projects
from scaffolder.render import render

pytestmark = pytest.mark.slow
SOURCE = Path(projects.__file__).resolve().parents[1]


def _uv(*arguments: str) -> None:
    executable = shutil.which("uv") or str(Path(sys.executable).with_name("uv"))
    subprocess.run([executable, "--quiet", *arguments], check=True)


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("dist")
    _uv("build", "--wheel", "--out-dir", str(folder), str(SOURCE))
    (built,) = folder.glob("*.whl")
    return built


def _snapshot(root: Path) -> dict[str, tuple[bytes, bool]]:
    return {
        path.relative_to(root).as_posix(): (path.read_bytes(), os.access(path, os.X_OK))
        for path in root.rglob("*")
        if path.is_file() and ".git" not in path.relative_to(root).parts[:1]
    }


def test_the_wheel_holds_templates_but_no_solution_faults_or_compiled_files(wheel: Path) -> None:
    names = zipfile.ZipFile(wheel).namelist()
    shipped = {
        name.removeprefix("scaffolder/_templates/") for name in names if name.startswith("scaffolder/_templates/")
    }
    assert {"copier.yml", "project2_data_platform/project.toml"} <= shipped
    assert not [name for name in shipped if {"solution", "faults"} & set(name.split("/")[:2])]
    assert not [name for name in names if "__pycache__" in name or name.endswith((".pyc", ".pyo"))]
    assert {name.split("/")[0].split("-")[0] for name in names} == {"scaffolder", "checks", "backend_scaffold"}
    sources = subprocess.run(
        ["git", "-c", "safe.directory=*", "ls-files", "checks", "scaffolder"], cwd=SOURCE, capture_output=True, text=True, check=True
    ).stdout.split()  # fmt: skip
    assert {path for path in sources if (SOURCE / path).exists()} <= set(names)
    listed = subprocess.run(
        ["git", "-c", "safe.directory=*", "ls-files", "templates"], cwd=SOURCE, capture_output=True, text=True, check=True
    ).stdout.split("\n")  # fmt: skip
    kept = {
        path.removeprefix("templates/")
        for path in listed
        if path and not {"solution", "faults"} & set(path.split("/")[:3]) and (SOURCE / path).exists()
    }
    assert kept <= shipped


def test_the_installed_commands_make_the_same_tree_as_the_checkout_and_grade_it(wheel: Path, tmp_path: Path) -> None:
    environment = tmp_path / "environment"
    _uv("venv", "--python", sys.executable, str(environment))
    # Compiled on installation, as pip does: the compiled files must not reach the new repository.
    _uv("pip", "install", "--python", str(environment / "bin/python"), "--compile-bytecode", str(wheel))
    subprocess.run(
        [environment / "bin/scaffold", "new", "project2", "made", "--defaults", "--start", "2027-03-01"],
        cwd=tmp_path, check=True, capture_output=True, env={**os.environ, "PYTHONPATH": ""},
    )  # fmt: skip
    templates = next((environment / "lib").glob("python*/site-packages/scaffolder/_templates"))
    if any(templates.rglob("*.py")):
        assert any(templates.rglob("*.pyc")), "nothing was compiled, so this test would prove too little"
    render("project2", tmp_path / "expected", start=date(2027, 3, 1))
    made, expected = _snapshot(tmp_path / "made"), _snapshot(tmp_path / "expected")
    assert sorted(made) == sorted(expected)
    assert made == expected
    assert not [path for path in made if path.endswith(".pyc")]
    graded = subprocess.run(
        [environment / "bin/check", "made", "--static", "--format", "html,json,terminal", "--output", "report"],
        cwd=tmp_path, check=False, capture_output=True, text=True,
        env={**os.environ, "PYTHONPATH": "", "CHECK_CACHE_DIR": str(tmp_path / "cache")},
    )  # fmt: skip
    assert graded.returncode == 0, graded.stderr
    assert document.loads((tmp_path / "report/scorecard.json").read_text(encoding="utf-8")).project == "project2"
