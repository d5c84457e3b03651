"""Writes templates/<project>/fingerprints.json for each project that has a reference solution.

Starter and solution are rendered with the default answers. `--check` writes nothing and exits with 1 when a file is
missing, stale or left over; `make lint` runs it.
"""

from __future__ import annotations

import sys
import tempfile
from pathlib import Path

from checks.fingerprints import build, dumps
from scaffolder.projects import Project, load_projects, templates_root
from scaffolder.render import render_project, render_solution


def fingerprints(project: Project) -> str | None:
    """Return the text of a project's fingerprints; None when it has no solution."""
    if project.status != "ready" or not project.solution.is_dir():
        return None
    with tempfile.TemporaryDirectory(prefix="fingerprints-") as folder:
        work = Path(folder)
        render_project(project, work / "starter", {})
        render_solution(project, work / "solved", render_project(project, work / "solved", {}))
        return dumps(build(_contents(work / "starter"), _contents(work / "solved")))


def _contents(root: Path) -> dict[str, bytes]:
    return {p.relative_to(root).as_posix(): p.read_bytes() for p in root.rglob("*") if p.is_file()}


def main(root: Path | None = None, *, check: bool = "--check" in sys.argv[1:]) -> int:
    """Write the files of all projects below `root`, or compare them; return the exit code."""
    stale: list[str] = []
    for project in load_projects(root or templates_root()):
        wanted, file = fingerprints(project), project.fingerprints
        present = file.read_text(encoding="utf-8") if file.is_file() else None
        if wanted == present:
            continue
        stale.append(f"{project.folder.name}/{file.name}")
        if not check:
            file.unlink(missing_ok=True)
            if wanted is not None:
                file.write_text(wanted, encoding="utf-8")
    if stale:
        print(f"{', '.join(stale)}: {'stale, run `make fingerprints`' if check else 'brought up to date'}.")
    return 1 if stale and check else 0


if __name__ == "__main__":
    sys.exit(main())
