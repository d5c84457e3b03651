"""Continuous integration: what a push and a pull request really run, and whether a failure of it stops anyone."""

from __future__ import annotations

from collections.abc import Iterable
from fractions import Fraction
from typing import TypeVar

from checks.evidence.workflows import Job, Run, Workflows
from checks.model import Location, Verdict, check, failed, not_applicable, partial, passed

_T = TypeVar("_T")
GATE = 90  # percent, the plan's figure for coverage
_DATABASES = ("postgres", "postgis", "mysql", "mariadb", "mongo", "redis", "valkey", "rabbitmq", "elasticsearch")
_NONE = "There is no workflow in .github/workflows."
_VERSION_INPUTS = ("python-version", "node-version", "ruby-version", "go-version")
_LOCK_INSTALLS = (
    "Install what the lock file says and nothing else: `uv sync --locked`, `pip install --require-hashes -r …`, "
    "`npm ci`, `yarn install --immutable`, or `bundle install` with BUNDLE_FROZEN=true."
)


@check("ci.workflow-valid", effort="small")
def workflow_valid(workflows: Workflows) -> Verdict:
    """Every workflow file is one that GitHub accepts.

    GitHub ignores a workflow with an error, often without telling anyone: the badge stays green because nothing runs.

    Repair the named line; `actionlint` finds the same errors on your machine before you push.
    """
    if not workflows.files:
        return failed(_NONE)
    found: list[tuple[str, Location]] = []
    for item in workflows.files:
        if item.problem is not None:
            found.append((f"{item.path} cannot be read: {item.problem.message}", item.at(item.problem.line)))
        found.extend((problem.message, item.at(problem.line)) for problem in item.problems)
    if found:
        more = f" (and {len(found) - 1} more)" if len(found) > 1 else ""
        return failed(f"{_sentence(found[0][0])}{more}", *(at for _, at in found[:10]))
    return passed(f"{len(workflows.files)} workflow files are well formed.")


@check("ci.runs-tests-on-push", effort="medium")
def runs_tests_on_push(workflows: Workflows) -> Verdict:
    """A push to the default branch runs the tests.

    A team trusts the default branch because every commit on it was tested. A step that is skipped, whose failure is
    ignored (`|| true`, `continue-on-error`, a pipe without `pipefail`) or that only prints does not test anything.

    Trigger the workflow on `push` to the default branch and let a step run the test command (`bin/ci`, `pytest`,
    `bundle exec rspec`, `npm test`) as its own failing command, without an `if:` that can skip it.
    """
    return _tests(workflows, workflows.push, "push", f"a push to {' or '.join(workflows.default_branches)}")


@check("ci.runs-tests-on-pull-request", effort="small")
def runs_tests_on_pull_request(workflows: Workflows) -> Verdict:
    """A pull request runs the tests before it is merged.

    Tests that run after the merge find the defect when it is already everyone's. A required check on the pull request
    keeps it out.

    Add `pull_request:` to the triggers of the workflow that runs the tests, without filters that leave out your code.
    """
    return _tests(workflows, workflows.pull_request, "pull_request", "a pull request")


@check("ci.coverage-gate", effort="small")
def coverage_gate(workflows: Workflows) -> Verdict:
    """CI fails when line coverage falls below 90 %.

    A figure that nobody enforces sinks a little with every hurried change. A gate turns it into a promise.

    Let the tests fail below 90 %: `fail_under = 90` under `[tool.coverage.report]` with `pytest --cov`,
    `minimum_coverage 90` after `SimpleCov.start`, or Jest's `coverageThreshold` with `--coverage`.
    """
    runs = [run for run in (*workflows.push, *workflows.pull_request) if run.gate is not None]
    counting = [run for run in runs if run.counts]
    if not counting:
        if runs:
            return failed("The coverage gate's failure is ignored.", *_places(runs), expected=f"{GATE} %")
        return failed("No command that a push or a pull request runs has a coverage gate.", expected=f"{GATE} %")
    sure = [run for run in counting if run.certain] or counting
    best = max(sure, key=lambda run: run.gate or 0)
    figure = best.gate or 0
    actual = f"{figure:g} %"
    if not best.certain:
        return partial(
            Fraction(1, 2), "The coverage gate may be skipped by a condition.", best.at,
            expected=f"{GATE} % on every run", actual=actual,
        )  # fmt: skip
    if figure >= GATE:
        return passed(f"CI fails below {actual} line coverage.", best.at, actual=actual)
    share = Fraction(int(max(figure, 0)), 2 * GATE)
    return partial(share, f"The gate stands at {actual}.", best.at, expected=f"{GATE} %", actual=actual)


@check("ci.lints", effort="small")
def lints(workflows: Workflows) -> Verdict:
    """CI runs a linter or a format check that can fail.

    Reviews are for ideas. What a machine can notice (unused names, shadowed built-ins, layout) should not take a
    colleague's time.

    Run the linter of your stack in the CI workflow: `ruff check .`, `bundle exec rubocop` or `npx eslint .`.
    """
    return _quality(workflows, {"lint"}, "a linter")


@check("ci.types-or-static-analysis", effort="medium")
def types_or_static_analysis(workflows: Workflows) -> Verdict:
    """CI runs a type checker or a static analyser that can fail.

    It reads the paths that no test takes: a None that nobody expected, a call with the wrong argument.

    Run `mypy`, `pyright`, `tsc --noEmit` or `brakeman` in the CI workflow and let its failure fail the job.
    """
    return _quality(workflows, {"types", "sast"}, "a type checker or static analyser")


@check("ci.services-have-health-checks", effort="small")
def services_have_health_checks(workflows: Workflows) -> Verdict:
    """The databases that tests use in CI are waited for by a health check.

    A container that has started is not yet a database that answers. Without a health check the first tests fail now
    and then, and people learn to press "re-run".

    Give each service `options: --health-cmd … --health-interval 5s --health-retries 10`, for example with
    `pg_isready` or `redis-cli ping`.
    """
    services = [
        (job, service)
        for item in workflows.readable
        for job in _all_jobs(item.jobs)
        for service in job.services
        if any(name in service.image.lower() for name in _DATABASES)
    ]
    if not services:
        return not_applicable("No job starts a database as a service container.")
    bad = [(job, service) for job, service in services if not service.healthy]
    if bad:
        names = ", ".join(sorted({service.name for _, service in bad}))
        share = Fraction(len(services) - len(bad), len(services))
        return partial(
            share, f"Jobs do not wait until {names} is ready.", *(Location(job.path, s.line) for job, s in bad[:10])
        )
    return passed(f"All {len(services)} service containers have a health check.")


@check("ci.timeouts", effort="small")
def timeouts(workflows: Workflows) -> Verdict:
    """Every job has a time limit.

    GitHub stops a job after six hours. A test that hangs then costs six hours of runner time and blocks the queue;
    with a limit it fails while you still remember the change.

    Add `timeout-minutes:` to each job, about three times what it usually takes (at most 120).
    """
    jobs = [job for item in workflows.readable for job in item.jobs if not job.uses]
    if not jobs:
        return failed(_NONE if not workflows.files else "No workflow has a job of its own.")
    bad = [job for job in jobs if not _limited(job)]
    share = Fraction(len(jobs) - len(bad), len(jobs))
    if not bad:
        return passed(f"All {len(jobs)} jobs have a time limit.")
    names = ", ".join(sorted({job.id for job in bad})[:5])
    return partial(
        share, f"These jobs have no time limit of at most 120 minutes: {names}.", *(job.at for job in bad[:10]),
        expected="timeout-minutes on every job", actual=f"{len(jobs) - len(bad)} of {len(jobs)}",
    )  # fmt: skip


@check("ci.concurrency", effort="small")
def concurrency(workflows: Workflows) -> Verdict:
    """A newer push to a pull request cancels the run of the older one.

    Results for a commit that was replaced help nobody, and they hold the runners that the new commit waits for.

    Add to the CI workflow `concurrency:` with `group: ${{ github.workflow }}-${{ github.ref }}` and
    `cancel-in-progress: true` (or an expression that is true for pull requests).
    """
    tested = _unique(run.workflow for run in workflows.pull_request if "test" in run.does)
    if not tested:
        return failed("No workflow runs tests on pull requests, so there is nothing to cancel.")
    for item in tested:
        groups = [g for g in (item.concurrency, *(job.concurrency for job in item.jobs)) if g is not None]
        good = [g for g in groups if g.cancel not in (False, "false", "", "${{ false }}")]
        fixed = [g for g in good if "${{" not in g.group]
        if fixed:
            return failed(
                f"All branches share the group `{fixed[0].group}`, so pull requests cancel each other.",
                item.at(fixed[0].line),
            )
        if not good:
            return failed(
                "Older runs of a pull request are not cancelled.", item.at(groups[0].line if groups else None)
            )
    return passed("A newer push cancels the older run.", *(item.at() for item in tested))


@check("ci.caches-dependencies", effort="small")
def caches_dependencies(workflows: Workflows) -> Verdict:
    """CI keeps downloaded dependencies between runs.

    Fast feedback is feedback that people wait for. Downloading the same packages each time costs minutes and fails
    whenever the registry does.

    Turn on the cache of the set-up action: `cache: pip` or `cache: npm`, `bundler-cache: true`, or `setup-uv`, which
    caches by itself.
    """
    runs = [run for run in (*workflows.push, *workflows.pull_request) if "cache" in run.does and not run.on_failure]
    installs = [run for run in (*workflows.push, *workflows.pull_request) if "install" in run.does]
    if runs:
        return passed("Dependencies are cached between runs.", *_places(runs[:1]))
    if not installs and not any("test" in run.does for run in (*workflows.push, *workflows.pull_request)):
        return failed("No workflow installs dependencies on a push or a pull request.")
    return failed("Dependencies are downloaded anew on every run.", *_places(installs))


@check("ci.locked-install", effort="medium")
def locked_install(workflows: Workflows) -> Verdict:
    """CI installs exactly the versions of the lock file.

    If CI resolves versions anew, it tests other code than you run and deploy: a release of a stranger turns your
    build red, or worse, slips into it.

    Install what the lock file says and nothing else: `uv sync --locked`, `pip install --require-hashes -r …`,
    `npm ci`, `yarn install --immutable`, or `bundle install` with BUNDLE_FROZEN=true.
    """
    runs = (*workflows.push, *workflows.pull_request)
    tested = {(run.workflow.path, run.job.id) for run in runs if "test" in run.does}
    installs = [run for run in runs if "install" in run.does]
    installs = [run for run in installs if (run.workflow.path, run.job.id) in tested] or installs
    locked = [run for run in installs if "locked" in run.does]
    loose = [run for run in installs if "locked" not in run.does]
    if not installs:
        return failed("No step that installs dependencies was found.", repair=_LOCK_INSTALLS)
    if not locked:
        return failed(f"`{_shown(loose[0])}` resolves versions anew.", *_places(loose))
    if loose:
        return partial(
            Fraction(1, 2),
            f"`{_shown(loose[0])}` resolves versions anew; other installs use the lock file.",
            *_places(loose),
        )
    return passed("Dependencies come from the lock file.", *_places(locked[:1]))


@check("ci.artifacts", effort="small")
def artifacts(workflows: Workflows) -> Verdict:
    """CI keeps its test and coverage reports, also when the tests fail.

    The report of a red run is what you need to repair it. A step after a failed one is skipped unless it asks for it.

    Add `actions/upload-artifact` for the JUnit and coverage reports to the test job, with `if: ${{ !cancelled() }}`.
    """
    tested = {
        (run.workflow.path, run.job.id) for run in (*workflows.push, *workflows.pull_request) if "test" in run.does
    }
    kept = [
        run
        for run in (*workflows.push, *workflows.pull_request)
        if "artifact" in run.does and (run.workflow.path, run.job.id) in tested
    ]
    if not kept:
        return failed("No job that runs the tests keeps a report.")
    if any(run.despite_steps or run.on_failure for run in kept):
        return passed("Reports are kept, after a failure too.", *_places(kept[:1]))
    return partial(Fraction(1, 2), "Reports are kept only when the tests pass.", *_places(kept))


@check("ci.runtime-from-file", effort="small")
def runtime_from_file(workflows: Workflows) -> Verdict:
    """CI takes the language version from the file that developers use.

    One file (`.python-version`, `.node-version`, `.ruby-version`) for laptop and CI means one change for an upgrade
    and no "works on my machine" by version.

    Use `python-version-file: .python-version` or `node-version-file: .node-version` in the set-up action instead of a
    number; a matrix of versions is fine too.
    """
    steps = _unique(
        (run.workflow.path, run.step) for run in workflows.any if "runtime" in run.does and run.step.uses is not None
    )
    if not steps:
        return failed("No workflow sets up a language version.")
    bad = []
    for path, step in steps:
        given = [value for name in _VERSION_INPUTS if (value := step.input(name)) is not None]
        if any(value and "matrix." not in value and not value.startswith(".") for value in given):
            bad.append(Location(path, step.line))
    if bad:
        return partial(
            Fraction(len(steps) - len(bad), len(steps)),
            f"{len(bad)} of {len(steps)} set-ups state a version of their own.",
            *bad,
        )
    return passed(f"All {len(steps)} set-ups take the version from a file or a matrix.")


def _tests(workflows: Workflows, runs: tuple[Run, ...], event: str, words: str) -> Verdict:
    if not workflows.files:
        return failed(_NONE)
    tests = [run for run in runs if "test" in run.does]
    good = [run for run in tests if run.counts and run.certain]
    if good:
        return passed(f"On {words}, `{_shown(good[0])}` runs and its failure fails the job.", *_places(good[:1]))
    perhaps = [run for run in tests if run.counts]
    if perhaps:
        why = perhaps[0].step.condition or perhaps[0].job.condition or "a condition in its script"
        return partial(Fraction(1, 2), f"On {words}, the tests may be skipped: it hangs on `{why}`.", *_places(perhaps))
    if tests:
        return failed(f"On {words}, the tests run but their failure is ignored: `{_shown(tests[0])}`.", *_places(tests))
    if not any(item.trigger(event) for item in workflows.readable):
        return failed(f"No workflow starts on {words}.")
    elsewhere = [run for run in workflows.any if "test" in run.does]
    if elsewhere:
        return failed(f"The tests run on other events, but {words} does not reach them.", *_places(elsewhere))
    return failed(
        f"Nothing that {words} runs is a test command.", *(i.at() for i in workflows.readable if i.trigger(event))
    )


def _quality(workflows: Workflows, kinds: set[str], what: str) -> Verdict:
    runs = [run for run in (*workflows.push, *workflows.pull_request) if kinds & run.does]
    if "lint" not in kinds:
        runs = [run for run in runs if "lint" not in run.does]  # a linter with security rules is still a linter
    good = [run for run in runs if run.counts and run.certain]
    if good:
        return passed(f"CI runs `{_shown(good[0])}`.", *_places(good[:1]))
    if any(run.counts for run in runs):
        return partial(Fraction(1, 2), f"CI runs {what} only under a condition.", *_places(runs))
    if runs:
        return failed(f"CI runs {what}, but its failure is ignored.", *_places(runs))
    return failed(f"Neither a push nor a pull request runs {what}.")


def _shown(run: Run) -> str:
    text = run.command.text if run.command is not None else run.step.uses or ""
    return text if len(text) <= 80 else f"{text[:77]}…"


def _sentence(text: str) -> str:
    text = text[:1].upper() + text[1:]
    return text if text.endswith(".") else f"{text}."


def _places(runs: Iterable[Run]) -> list[Location]:
    return _unique(run.at for run in runs)[:10]


def _unique(items: Iterable[_T]) -> list[_T]:
    return list(dict.fromkeys(items))


def _all_jobs(jobs: tuple[Job, ...]) -> Iterable[Job]:
    for job in jobs:
        yield job
        yield from _all_jobs(job.called)


def _limited(job: Job) -> bool:
    """Whether the job has a limit that helps; GitHub's own is 360 minutes, an expression is taken at its word."""
    if isinstance(job.timeout, str):
        return "${{" in job.timeout
    return job.timeout is not None and 0 < job.timeout <= 120
