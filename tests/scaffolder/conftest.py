"""A tiny templates folder, and a git that knows nothing of this machine's user."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from scaffolder import projects
from scaffolder.cli import cli
from scaffolder.git import Git

PROJECT_TOML = """\
schema = 1
id = "tiny"
title = "Tiny project"
summary = "Just enough to render."
status = "ready"
version = "0.1.0"
weeks = [3, 4]
stack = ["python"]
stack_title = "Python"
services = []
processes = ["api"]
baseline = 10
tools = ["git", "python3"]
optional_tools = ["make"]

[limits]
upload_bytes = 20_971_520
backoff_seconds = [1, 2]

[ownership]
tool = ["docs/contract.md", ".github/workflows/grade.yml"]
merged = [".github/**", "Dockerfile", "bin/*"]

[[milestones]]
id = "m1"
week = 3
title = "Boot"
points = 60
docs = "docs/m1.md"
tasks = [ { id = "m1.1", title = "Start it" } ]
checks = [ { id = "acceptance.m1.boots", weight = 3, title = "It boots" }, { id = "docker.non-root", weight = 1 } ]

[[milestones]]
id = "m2"
week = 4
title = "Ship"
points = 40
docs = "docs/m2.md"
tasks = []
checks = []

[[metrics]]
id = "technical.coverage"
title = "90 %"
group = "technical"
checks = ["coverage.lines"]
"""

PLANNED_TOML = """\
schema = 1
id = "later"
title = "Later project"
summary = "Announced."
status = "planned"
weeks = [5]
stack = ["node"]
stack_title = "Node"

[[milestones]]
id = "m1"
week = 5
title = "Foundations"
"""

DOCKERFILE = "".join(f"# line {number}\nRUN step-{number}\n" for number in range(1, 13))

STARTER = {
    "README.md.jinja": "# {{ project_name }}\nby {{ author_name }}\n"
    "{% for item in milestones %}- {{ item.id }} {{ item.title }} {{ item.due }}\n{% endfor %}",
    "Dockerfile": DOCKERFILE,
    "docs/contract.md": "The contract.\n",
    ".github/workflows/grade.yml": "on: pull_request\nname: ${{ github.ref }}\n",
    ".github/workflows/ci.yml": "on: push\n",
    ".gitignore": "*.log\nkept.log\n",
    "kept.log": "ignored by the starter itself\n",
    "src/app.py": "VERSION = 1\n",
    "bin/setup": "#!/bin/sh\necho ready\n",
}


@dataclass(frozen=True)
class Templates:
    """A templates folder that tests can change, as a new release would."""

    root: Path

    @property
    def project(self) -> Path:
        return self.root / "tiny_app"

    def write(self, path: str, text: str) -> None:
        file = self.project / "starter" / path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text, encoding="utf-8")
        file.chmod(0o755 if path.startswith("bin/") else 0o644)

    def remove(self, path: str) -> None:
        (self.project / "starter" / path).unlink()

    def edit_toml(self, old: str, new: str) -> None:
        file = self.project / "project.toml"
        text = file.read_text(encoding="utf-8")
        assert old in text
        file.write_text(text.replace(old, new), encoding="utf-8")

    def release(self, version: str = "0.2.0") -> None:
        self.edit_toml('version = "0.1.0"', f'version = "{version}"')


@pytest.fixture(autouse=True)
def plain_surroundings(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """No settings of the user: an empty home, and a working folder of the test's own."""
    home = tmp_path / "home"
    home.mkdir()
    for name in list(os.environ):
        if name.startswith(("GIT_", "COPIER_", "SCAFFOLD_")):
            monkeypatch.delenv(name)
    monkeypatch.setenv("HOME", str(home))
    monkeypatch.setenv("XDG_CONFIG_HOME", str(home / "config"))
    monkeypatch.setenv("GIT_CONFIG_NOSYSTEM", "1")
    work = tmp_path / "work"
    work.mkdir()
    monkeypatch.chdir(work)
    return work


@pytest.fixture
def templates(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Templates:
    """A ready project `tiny` and a planned one `later`."""
    root = tmp_path / "templates"
    made = Templates(root)
    for path, text in STARTER.items():
        made.write(path, text)
    (made.project / "project.toml").write_text(PROJECT_TOML, encoding="utf-8")
    (root / "later_one").mkdir()
    (root / "later_one" / "project.toml").write_text(PLANNED_TOML, encoding="utf-8")
    source = Path(projects.__file__).resolve().parents[1] / "templates" / "copier.yml"
    shutil.copy(source, root / "copier.yml")
    monkeypatch.setenv("SCAFFOLD_TEMPLATES", str(root))
    return made


@pytest.fixture
def scaffold() -> Callable[..., Result]:
    """Runs the `scaffold` command within this process."""

    def run(*arguments: str) -> Result:
        return CliRunner().invoke(cli, arguments, prog_name="scaffold")

    return run


@dataclass(frozen=True)
class Learner:
    """A scaffolded repository, and a learner who edits it."""

    folder: Path

    @property
    def git(self) -> Git:
        return Git(
            self.folder,
            {f"GIT_{role}_{part}": "learner" for role in ("AUTHOR", "COMMITTER") for part in ("NAME", "EMAIL")},
        )

    def read(self, path: str) -> str:
        return (self.folder / path).read_text(encoding="utf-8")

    def write(self, path: str, text: str) -> None:
        (self.folder / path).parent.mkdir(parents=True, exist_ok=True)
        (self.folder / path).write_text(text, encoding="utf-8")

    def commit(self, message: str = "Work") -> None:
        self.git.run("add", "--all")
        self.git.run("commit", "--quiet", "--allow-empty", "-m", message)

    def state(self) -> tuple[str, str, str, str]:
        """Everything an update must not change when it refuses."""
        return (
            self.git.run("rev-parse", "HEAD"),
            self.git.run("for-each-ref"),
            self.git.run("status", "--porcelain", "--untracked-files=all"),
            self.git.run("worktree", "list", "--porcelain"),
        )


@pytest.fixture
def learner(templates: Templates, scaffold: Callable[..., Result]) -> Learner:
    """A repository made from the tiny project, with one commit of the learner's own."""
    result = scaffold("new", "tiny", "repo", "--defaults")
    assert result.exit_code == 0, result.output
    made = Learner(Path("repo").absolute())
    made.write("src/app.py", "VERSION = 1\nMINE = True\n")
    made.commit()
    return made
