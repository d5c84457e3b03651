"""The table of figures in the README: each is measured here, beside its peer, in one run.

Usage: python -m benchmarks [NAME…] [--runs N]. Names: scaffold, static, check, rails, again, linear.
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path

from benchmarks.measure import Command, medians, run
from scaffolder.projects import find_project, templates_root

BIN = Path(sys.executable).parent
PROJECT = "project2"
REACHED = {True: "yes", False: "NO", None: "?"}
TESTS_BAR = 1.15  # what running the tests for a grade may take, of what running them takes


@dataclass(frozen=True, slots=True)
class Figure:
    """A row of the table."""

    name: str
    value: str
    bar: str
    reached: bool | None  # None: not measured here
    detail: str


@dataclass(frozen=True, slots=True)
class Bench:
    """Where the benchmarks work: a scratch folder with a generated repository and a cache of its own."""

    scratch: Path
    repository: Path
    runs: int

    @property
    def environment(self) -> dict[str, str]:
        """Settings of every measured command: a cache that this run filled itself."""
        return {"CHECK_CACHE_DIR": str(self.scratch / "cache"), "NO_COLOR": "1"}

    def check(self, *arguments: str, target: Path | None = None) -> Command:
        """Return a `check` command on the generated repository or `target`."""
        line = [str(BIN / "check"), str(target or self.repository), *arguments]
        return Command(line, self.scratch, self.environment)


def scaffold(bench: Bench) -> Figure:
    """`scaffold new`, with git init, commit and lock, against `copier copy` of the same template."""
    ours, theirs = bench.scratch / "ours", bench.scratch / "theirs"

    def clear() -> None:
        shutil.rmtree(ours, ignore_errors=True)
        shutil.rmtree(theirs, ignore_errors=True)

    new = Command([str(BIN / "scaffold"), "new", PROJECT, str(ours), "--defaults"], bench.scratch, before=clear)
    data = bench.scratch / "data.yml"
    data.write_text(_render_data(), encoding="utf-8")
    copy = [str(BIN / "copier"), "copy", "--defaults", "--quiet", "--data-file", str(data), str(templates_root())]
    peer = Command([*copy, str(theirs)], bench.scratch, before=clear)
    mine, other = medians(new, peer, runs=bench.runs)
    return _ratio("`scaffold new` / `copier copy`", mine, other, 1.0)


def _render_data() -> str:
    """The values that our façade hands to Copier, as a file for its own command line."""
    project = find_project(PROJECT)
    milestones = [
        {"id": m.id, "week": m.week, "title": m.title, "points": m.points, "docs": m.docs, "due": "",
         "tasks": [{"id": t.id, "title": t.title} for t in m.tasks]}
        for m in project.milestones
    ]  # fmt: skip
    return json.dumps(
        {
            "project_folder": project.folder.name,
            "project_id": project.id,
            "project_title": project.title,
            "template_version": "0.1.0",
            "milestones": milestones,
        }
    )


def static(bench: Bench) -> Figure:
    """`check --static`, no result of an earlier grading read, against `repo-review` on the same repository."""
    ours = bench.check("--static", "--no-cache")
    theirs = Command([str(BIN / "repo-review"), "."], bench.repository, accepted=(0, 2, 3))
    mine, other = medians(ours, theirs, runs=bench.runs)
    return _ratio("`check --static` / `repo-review`", mine, other, 1.0)


def check(bench: Bench) -> Figure:
    """`check` of tests and coverage against the same tests run by hand; environment and servers ready in both."""
    from benchmarks.servers import servers

    only = _only_the_tests()
    run(bench.check("--no-cache", *only))
    (environment,) = (bench.scratch / "cache" / "environments").glob("*/bin/python")
    line = [str(environment), "-m", "coverage", "run", "--source=src", "--data-file", str(bench.scratch / "c.dat"),
            "-m", "pytest", "-q", "-p", "no:cacheprovider", "-o", "addopts="]  # fmt: skip
    path = f"{environment.parent}{os.pathsep}{os.environ['PATH']}"
    with servers(PROJECT, bench.scratch) as urls:
        by_hand = Command(line, bench.repository, {**urls, "SECRET_KEY": "x" * 40, "PATH": path})
        mine, other = _tests_by_hand(bench, bench.check("--no-cache", *only), by_hand, urls)
        return _ratio("`check` of tests and coverage / the same by hand", mine, other, TESTS_BAR)


def rails(bench: Bench) -> Figure:
    """`check` of tests and coverage of project 1 against `bundle exec rspec`, which measures them with SimpleCov.

    Of the reference solution, whose suite is that of a finished project. The untouched starter's lasts a few seconds
    only, so that the database, which `check` creates and a working copy has, weighs: it is told beside the figure.
    Where there is no Ruby, nothing is measured.
    """
    from checks.runners.ruby_environment import interpreters

    name = "`check` of tests and coverage, Rails / the same by hand"
    if not interpreters():
        return Figure(name, "not measured: no ruby", f"≤ {TESTS_BAR}", None, "")
    finished = _ratio(name, *_rails(bench, "solution", "--solution"), TESTS_BAR)
    untouched = _ratio(name, *_rails(bench, "starter"), TESTS_BAR)
    return replace(finished, detail=f"{finished.detail}; untouched starter {untouched.value}: {untouched.detail}")


def _rails(bench: Bench, folder: str, *options: str) -> tuple[float, float]:
    """Return seconds of `check` and of `bundle exec rspec`; bundle and servers are ready, and the latter's database."""
    from benchmarks.servers import servers
    from checks.runners.launching import example_values
    from checks.runners.ruby_environment import bundle_variables

    bench = replace(bench, scratch=bench.scratch / folder)
    bench.scratch.mkdir()
    repository, clone = bench.scratch / "rails", bench.scratch / "rails-by-hand"
    # Rails 7.2 is the older line, and the one that distributions package.
    new = [str(BIN / "scaffold"), "new", "project1", str(repository), "--defaults", "--data", "rails_version=7.2"]
    run(Command([*new, *options], bench.scratch))
    run(Command(["git", "clone", "--quiet", str(repository), str(clone)], bench.scratch))
    ours = bench.check("--no-cache", *_only_the_tests(), target=repository)
    run(ours)
    (ready,) = (bench.scratch / "cache" / "bundles").glob("*/ready.json")
    ruby = json.loads(ready.read_text(encoding="utf-8"))
    bundle = bundle_variables(ready.parent, clone, Path(ruby["path"]), ruby["bundler"])
    with servers("project1", bench.scratch) as urls:
        environment = {**example_values(clone), **bundle, **urls, "RAILS_ENV": "test"}
        run(Command(["bundle", "exec", "rails", "db:test:prepare"], clone, environment))
        return _tests_by_hand(bench, ours, Command(["bundle", "exec", "rspec"], clone, environment), urls)


def _only_the_tests() -> list[str]:
    """Planted bugs and the acceptance scenarios run far more than the repository's tests, so they stay out."""
    return [option for name in ("tests.pass", "tests.floor", "coverage") for option in ("--only", name)]


def _tests_by_hand(bench: Bench, ours: Command, by_hand: Command, urls: Mapping[str, str]) -> tuple[float, float]:
    ours = replace(ours, environment={**(ours.environment or {}), **urls})
    mine, other = medians(ours, by_hand, runs=max(3, bench.runs // 2))
    return mine, other


def again(bench: Bench) -> Figure:
    """`check` on an unchanged repository that was graded before."""
    run(bench.check())
    (seconds,) = medians(bench.check(), runs=bench.runs)
    return Figure("`check` again, unchanged", f"{seconds:.2f} s", "≤ 0.3 s", seconds <= 0.3, "")


def linear(bench: Bench) -> Figure:
    """`check --static` on synthetic repositories: processor time by number of files, and peak memory."""
    seconds, peak = {}, 0
    for files in (5_000, 10_000, 20_000):
        root = _synthetic(bench.scratch / f"synthetic-{files}", files)
        command = bench.check("--static", "--no-cache", "--project", PROJECT, target=root)
        run(command)
        samples = [run(command) for _ in range(3)]
        seconds[files] = min(s.cpu for s in samples)
        peak = max(peak, *(s.peak for s in samples))
    growth = seconds[20_000] / seconds[10_000]
    megabytes = peak / (1 << 20)
    return Figure(
        "`check --static` on 20,000 files",
        f"×{growth:.2f} for twice the files, {megabytes:.0f} MiB",
        "linear (≤ ×2.2), ≤ 200 MB",
        growth <= 2.2 and peak <= 200_000_000,
        ", ".join(f"{n:,} files {s:.2f} s" for n, s in seconds.items()),
    )


def _synthetic(root: Path, files: int) -> Path:
    """Write a committed repository of `files` files: sources, tests, documents, configuration and data."""
    kinds = (
        (
            "src/pkg{n}/module{i}.py",
            'import os\n\n\ndef f{i}(x: int) -> int:\n    return x + len(os.environ["A{i}"])\n',
        ),
        ("tests/pkg{n}/test_{i}.py", "def test_{i}() -> None:\n    assert {i} == {i}\n"),
        ("docs/part{n}/page{i}.md", "# Page {i}\n\nSee [the start](../../README.md).\n"),
        ("data/part{n}/row{i}.csv", "id,value\n{i},1\n"),
        ("config/part{n}/c{i}.yaml", "key{i}: [1, 2, 3]\n"),
    )
    for i in range(files - 1):
        path, text = kinds[i % len(kinds)]
        target = root / path.format(n=i // 500, i=i)
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_text(text.replace("{i}", str(i)), encoding="utf-8")
    (root / "README.md").write_text("# Synthetic\n", encoding="utf-8")
    identity = ["-c", "user.name=Bench", "-c", "user.email=bench@example.org", "-c", "commit.gpgsign=false"]
    for command in (["init", "-q"], ["add", "-A"], [*identity, "commit", "-q", "-m", "Synthetic"]):
        subprocess.run(["git", "-C", str(root), *command], check=True)
    # Files as young as the index are hashed again at every look; a repository on a learner's disk is older than that.
    time.sleep(1.1)
    subprocess.run(["git", "-C", str(root), "update-index", "-q", "--really-refresh"], check=True)
    return root


def _ratio(name: str, mine: float, other: float, bar: float) -> Figure:
    ratio = mine / other
    return Figure(name, f"{ratio:.2f}", f"≤ {bar}", ratio <= bar, f"{mine:.2f} s / {other:.2f} s")


BENCHES: dict[str, Callable[[Bench], Figure]] = {
    "scaffold": scaffold, "static": static, "check": check, "rails": rails, "again": again, "linear": linear,
}  # fmt: skip


def main() -> int:
    """Run the named benchmarks, print the table; exit code 1 when a bar is missed that was measured."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument("names", nargs="*", metavar="NAME", help=", ".join(BENCHES))
    parser.add_argument("--runs", type=int, default=7, help="timed runs of each command (default: 7)")
    options = parser.parse_args()
    if unknown := set(options.names) - set(BENCHES):
        parser.error(f"no benchmark called {', '.join(sorted(unknown))}; there are {', '.join(BENCHES)}")
    figures = []
    with tempfile.TemporaryDirectory(prefix="bench-") as folder:
        scratch = Path(folder)
        repository = scratch / "repository"
        subprocess.run(
            [str(BIN / "scaffold"), "new", PROJECT, str(repository), "--defaults"],
            check=True, stdout=subprocess.DEVNULL, env={**os.environ, "NO_COLOR": "1"},
        )  # fmt: skip
        for name in options.names or BENCHES:
            figures.append(BENCHES[name](Bench(scratch, repository, options.runs)))
            print(f"{name}: {figures[-1].value} {figures[-1].detail}", file=sys.stderr)
    print("| figure | measured | bar | reached | medians |\n| --- | --- | --- | --- | --- |")
    for f in figures:
        print(f"| {f.name} | {f.value} | {f.bar} | {REACHED[f.reached]} | {f.detail} |")
    return 1 if any(f.reached is False for f in figures) else 0


if __name__ == "__main__":
    sys.exit(main())
