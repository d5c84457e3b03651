"""Deployment: whether a workflow really deploys, only what was tested, and notices when it went wrong."""

from __future__ import annotations

import re
from collections.abc import Iterable
from fractions import Fraction
from typing import TypeVar

from checks.evidence.workflows import Concurrency, Job, Run, Workflow, Workflows
from checks.model import Location, Verdict, check, failed, not_applicable, partial, passed

_T = TypeVar("_T")
_NO_DEPLOY = "No workflow deploys this application."
_AUTOMATIC = frozenset({"push", "workflow_run", "release", "create", "schedule", "deployment"})
_DIGEST = re.compile(
    r"@sha256:|@\$\{?\{?[^}\s]*digest|outputs\.(?:image_?)?digest|imageDigest|RepoDigests", re.IGNORECASE
)
_PRODUCTION = re.compile(r"prod|live", re.IGNORECASE)
_STAGING = re.compile(r"stag|pre-?prod|qa|test|uat", re.IGNORECASE)
_LOCAL = re.compile(r"localhost|127\.0\.0\.1|0\.0\.0\.0|\[::1\]|https?://(?:api|web|app|host)[:/]")
_CURL_FAILS = re.compile(r"-[a-zA-Z]*f[a-zA-Z]*\Z|--fail(?:-with-body|-early)?\Z")
_KEY_INPUTS = ("aws-access-key-id", "aws-secret-access-key")


@check("deploy.workflow", effort="large")
def workflow(workflows: Workflows) -> Verdict:
    """A workflow deploys the default branch without anyone's hands.

    Releases that need a person's laptop and memory become rare, large and frightening. A pipeline makes them small and
    boring.

    Add `.github/workflows/deploy.yml`, started by `workflow_run` of the CI workflow on the default branch (or by
    `push` with the tests before it), that runs your platform's deploy command.
    """
    runs = _deploys(workflows)
    if not runs:
        return failed(_NO_DEPLOY)
    automatic = [run for run in runs if run.events & _AUTOMATIC]
    if automatic:
        events = ", ".join(sorted(automatic[0].events & _AUTOMATIC))
        return passed(f"{automatic[0].workflow.path} deploys on {events}.", automatic[0].at)
    return partial(Fraction(1, 2), "The deployment has to be started by hand.", *_places(runs))


@check("deploy.real-step", effort="medium")
def real_step(workflows: Workflows) -> Verdict:
    """The deploy job runs a real deploy command, and its failure fails the job.

    A green deploy workflow that only prints "deploying" is worse than none: everyone believes that the new version is
    out.

    Run the platform's own command or action, for example `aws ecs update-service`, `aws cloudformation deploy` or
    `amazon-ecs-deploy-task-definition`, and do not swallow its failure with `|| true` or `continue-on-error`.
    """
    runs = _deploys(workflows)
    good = [run for run in runs if run.fatal]
    if good:
        return passed(f"`{_shown(good[0])}` deploys.", good[0].at)
    if runs:
        return failed(f"The failure of `{_shown(runs[0])}` is ignored.", *_places(runs))
    named = [
        job.at
        for item in workflows.readable
        for job in item.jobs
        if re.search(r"deploy|release", f"{job.id} {job.name}", re.IGNORECASE)
    ]
    if named:
        return failed("A job is called deploy, but none of its steps deploys anything or can be reached.", *named)
    return failed(_NO_DEPLOY)


@check("deploy.only-after-tests", effort="medium")
def only_after_tests(workflows: Workflows) -> Verdict:
    """Nothing is deployed before its tests have passed.

    The gate is only as good as its weakest way around it: a second trigger, an `always()`, or a `workflow_run` that
    also starts after a failed run.

    Let the deploy job `needs:` the job that runs the tests, or start it by `workflow_run` of that workflow with
    `if: github.event.workflow_run.conclusion == 'success'`.
    """
    runs = _deploys(workflows)
    if not runs:
        return failed(_NO_DEPLOY)
    for run in runs:
        problem = _ungated(workflows, run)
        if problem:
            return failed(problem, run.at)
    return passed("Every deployment waits for the tests.", *_places(runs[:1]))


def _ungated(workflows: Workflows, run: Run) -> str | None:
    """Return how the deployment gets around the tests, None when it cannot."""
    tests = [t for t in _earlier(workflows, run) if "test" in t.does and t.counts]
    automatic = run.events - {"workflow_dispatch"}
    if tests:
        if run.despite_steps if any(t.job is run.job for t in tests) else run.despite_jobs:
            return "The deployment waits for the tests, but runs even when they fail: its condition says so."
        return None
    if not automatic:
        return "The deployment is started by hand and asks for no test result."
    if automatic != {"workflow_run"}:
        events = ", ".join(sorted(automatic - {"workflow_run"}))
        return f"On {events}, the deployment starts without waiting for the tests."
    trigger = run.workflow.trigger("workflow_run")
    names = trigger.workflows if trigger is not None else ()
    tested = {t.workflow.name for t in (*workflows.push, *workflows.pull_request) if "test" in t.does and t.counts}
    if not names or not set(names) <= tested:
        return f"The deployment follows {', '.join(names) or 'no workflow'}, which runs no tests that can fail."
    if any(r.workflow is run.workflow and r.step is run.step for r in workflows.after_red):
        return "The deployment starts after every run of the tests, also after a red one."
    return None


@check("deploy.oidc-not-keys", effort="medium")
def oidc_not_keys(workflows: Workflows) -> Verdict:
    """CI signs in to AWS by OIDC, without stored keys.

    An access key in a secret works for anyone who copies it, until someone notices. A role that trusts one repository
    and one environment gives credentials for minutes.

    Create a role that trusts GitHub's OIDC provider, give the job `permissions: id-token: write`, and use
    `aws-actions/configure-aws-credentials` with `role-to-assume`; delete AWS_ACCESS_KEY_ID from the secrets.
    """
    keyed = [
        at
        for item in workflows.readable
        for at, name, value in _settings(item)
        if name.upper() in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY")
        and "steps." not in value
        and "outputs." not in value
    ]
    steps = [run for run in workflows.any if "aws-credentials" in run.does]
    keyed += [run.at for run in steps if any(run.step.input(name) for name in _KEY_INPUTS)]
    if keyed:
        return failed("AWS is reached with an access key that is stored as a secret.", *_unique(keyed)[:10])
    if not steps:
        if _deploys(workflows):
            return not_applicable("The deployment does not sign in to AWS.")
        return failed(_NO_DEPLOY)
    for run in steps:
        if not run.step.input("role-to-assume"):
            return failed("`configure-aws-credentials` is used without `role-to-assume`.", run.at)
        permissions = run.job.permissions or run.workflow.permissions
        if permissions is None or permissions.level("id-token") != "write":
            return failed("The job lacks `permissions: id-token: write`, so it gets no OIDC token.", run.at)
    return passed("AWS is reached by OIDC with a role.", *_places(steps[:1]))


@check("deploy.environment", effort="small")
def environment(workflows: Workflows) -> Verdict:
    """Every deploy job names its environment.

    The environment holds the secrets, the people who must approve and the history of deployments; without it any
    branch with a workflow can deploy.

    Add `environment: production` (with `url:`) to the job, and a protection rule for it in the repository's settings.
    """
    jobs = _unique((run.workflow, run.job) for run in _deploys(workflows))
    if not jobs:
        return failed(_NO_DEPLOY)
    bad = [(item, job) for item, job in jobs if not job.environment]
    if bad:
        names = ", ".join(job.id for _, job in bad)
        return partial(
            Fraction(len(jobs) - len(bad), len(jobs)), f"These jobs deploy outside any environment: {names}.",
            *(job.at for item, job in bad),
        )  # fmt: skip
    names = ", ".join(_unique(job.environment or "" for _, job in jobs))
    return passed(f"Deployments go to {names}.", *(job.at for item, job in jobs))


@check("deploy.rollback", effort="large")
def rollback(workflows: Workflows) -> Verdict:
    """When a deployment fails, the version before it comes back by itself.

    At three in the morning nobody should have to remember which revision was good.

    Add a step with `if: failure()` that deploys the previous task definition (or `kubectl rollout undo`,
    `heroku rollback`), after the smoke test, so that a failed smoke test brings the old version back too.
    """
    deploys = _deploys(workflows)
    if not deploys:
        return failed(_NO_DEPLOY)
    paths = {run.workflow.path for run in deploys}
    runs = [run for run in workflows.any if run.workflow.path in paths and {"deploy", "rollback"} & run.does]
    back = [
        run
        for run in runs
        if run.on_failure
        or "rollback" in run.does
        or (not run.certain and re.search(r"previous|rollback", _shown(run), re.IGNORECASE))
    ]
    if back:
        return passed(f"`{_shown(back[0])}` brings the previous version back.", back[0].at)
    for run in runs:
        text = run.command.text if run.command is not None else ""
        if re.search(r"rollback=true|auto-rollback", text, re.IGNORECASE):
            return passed("The platform takes a failed deployment back.", run.at)
        if "cloudformation" in text and "--disable-rollback" not in text:
            return partial(
                Fraction(1, 2),
                "CloudFormation takes a failed update back, but a failed smoke test changes nothing.",
                run.at,
            )
    return failed("Nothing brings the previous version back when the deployment fails.", *_places(deploys))


@check("deploy.smoke-test", effort="medium")
def smoke_test(workflows: Workflows) -> Verdict:
    """After a deployment a request to the deployed application must succeed.

    "The command exited with 0" does not mean that users see the new version, or any version.

    After the deploy step, run `curl --fail --retry 10 --retry-all-errors "$URL/readyz"`, with the URL of the
    environment; without `--fail`, curl is content with an error page.
    """
    deploys = _deploys(workflows)
    if not deploys:
        return failed(_NO_DEPLOY)
    after = [run for run in workflows.any if "request" in run.does and _follows(workflows, run, deploys)]
    if not after:
        return failed("Nothing asks the deployed application for an answer.", *_places(deploys))
    remote = [run for run in after if not _LOCAL.search(_shown(run, 400))]
    if not remote:
        return failed("The request goes to the runner itself, not to the deployed application.", *_places(after))
    good = [run for run in remote if _notices(run)]
    if good:
        return passed(f"`{_shown(good[0])}` must succeed after the deployment.", good[0].at)
    return failed(f"`{_shown(remote[0])}` does not fail the job when the answer is an error.", *_places(remote))


@check("deploy.migrates", effort="medium")
def migrates(workflows: Workflows) -> Verdict:
    """The deployment migrates the database before the new version serves requests.

    Code that meets a schema it does not know answers 500 until someone runs the migration by hand.

    Run the migrations as a one-off task before the service is updated, for example `aws ecs run-task` with the
    release command, and wait for its exit code.
    """
    deploys = _deploys(workflows)
    if not deploys:
        return failed(_NO_DEPLOY)
    paths = {run.workflow.path for run in deploys}
    runs = [run for run in workflows.any if "migrate" in run.does and run.workflow.path in paths and not run.on_failure]
    runs = [run for run in runs if not any(s.image for s in run.job.services)]  # a test's own database
    if not runs:
        return failed("The deploy workflow never migrates the database.", *_places(deploys))
    fatal = [run for run in runs if run.fatal or (run.command is not None and run.command.captured)]
    if not fatal:
        return failed("The failure of the migration is ignored.", *_places(runs))
    if any(any(run is each for each in _earlier(workflows, deploy)) for run in fatal for deploy in deploys):
        return passed(f"`{_shown(fatal[0])}` migrates before the new version starts.", fatal[0].at)
    return partial(Fraction(1, 2), "The migration runs only after the new version was deployed.", *_places(fatal))


@check("deploy.by-digest", effort="medium")
def by_digest(workflows: Workflows) -> Verdict:
    """What is deployed is named by its digest, not by a tag.

    A tag can be moved: the image that was tested and the image that starts need not be the same. A digest is the
    content.

    Take the digest from the push step (`steps.build.outputs.digest`) and deploy `repository@sha256:…`.
    """
    deploys = _deploys(workflows)
    if not deploys:
        return failed(_NO_DEPLOY)
    items = _unique(run.workflow for run in deploys)
    for item in items:
        for at, _, value in _settings(item):
            if _DIGEST.search(value):
                return passed("The image is deployed by its digest.", at)
    runs = [run for run in workflows.any if any(run.workflow is item for item in items)]
    for run in runs:
        if run.command is not None and _DIGEST.search(run.command.text):
            return passed("The image is deployed by its digest.", run.at)
    if not any({"push", "build"} & run.does for run in runs):
        return not_applicable("The deployment builds no image.")
    return failed("The image is deployed by a tag.", *_places(deploys), expected="repository@sha256:…")


@check("deploy.staging-before-production", effort="medium")
def staging_before_production(workflows: Workflows) -> Verdict:
    """Production gets a version only after staging has it.

    The first place where a migration meets real-sized data, or a missing variable is noticed, should not be
    production.

    Give the workflow two deploy jobs, `environment: staging` and `environment: production`, with
    `needs: staging` on the second.
    """
    deploys = _deploys(workflows)
    if not deploys:
        return failed(_NO_DEPLOY)
    production = [run for run in deploys if _PRODUCTION.search(run.job.environment or "")]
    staging = [run for run in deploys if _STAGING.search(run.job.environment or "") and run not in production]
    if not production or not staging:
        there = ", ".join(_unique(run.job.environment or "no environment" for run in deploys))
        return failed(
            "There are no two deploy jobs for staging and production.", *_places(deploys),
            expected="staging, then production", actual=there,
        )  # fmt: skip
    for run in production:
        before = run.workflow.before(run.job)
        if not any(job is s.job for s in staging for job in before):
            return failed("Production does not wait for staging.", run.at)
        if run.despite_jobs:
            return failed("Production is deployed even when staging failed.", run.at)
    return passed("Staging is deployed before production.", *_places(production[:1]))


@check("deploy.serialised", effort="small")
def serialised(workflows: Workflows) -> Verdict:
    """Two deployments never run at the same time, and none is cancelled half-way.

    Two that overlap can leave the older version in front; one that is cancelled between migration and update leaves
    neither.

    Add `concurrency:` with a fixed `group:` per environment and `cancel-in-progress: false` to the deploy workflow or
    job.
    """
    jobs = _unique((run.workflow, run.job) for run in _deploys(workflows))
    if not jobs:
        return failed(_NO_DEPLOY)
    for item, job in jobs:
        group = job.concurrency or _caller(item, job) or item.concurrency
        if group is None:
            return failed(f"Two runs of the job `{job.id}` may overlap.", job.at)
        if group.cancel not in (False, "false"):
            return failed(
                "A newer run cancels a deployment that is under way.",
                Location(job.path if group is job.concurrency else item.path, group.line),
            )
        if re.search(r"github\.(?:sha|run_id|run_number|event\.workflow_run\.(?:id|head_sha))", group.group):
            return failed(
                "The concurrency group is another one for every run, so nothing waits.",
                Location(job.path if group is job.concurrency else item.path, group.line),
            )
    return passed("Deployments wait for each other.", *(job.at for item, job in jobs[:1]))


def _caller(item: Workflow, wanted: Job) -> Concurrency | None:
    return next((job.concurrency for job in item.jobs if any(each is wanted for each in job.called)), None)


def _deploys(workflows: Workflows) -> list[Run]:
    """The deployments that are reached on the ordinary way."""
    return [run for run in workflows.any if "deploy" in run.does and not run.on_failure and not _takes_back(run)]


def _takes_back(run: Run) -> bool:
    """Whether a conditional deploy command in a script brings the version before back."""
    text = run.command.text if run.command is not None and not run.certain else ""
    return re.search(r"previous|rollback", text, re.IGNORECASE) is not None


def _earlier(workflows: Workflows, run: Run) -> list[Run]:
    """Return what has run when `run` starts: earlier in its job, and the jobs that it waits for."""
    before = run.workflow.before(run.job)
    found: list[Run] = []
    seen = False
    for other in workflows.any:
        if other is run:
            seen = True
        elif any(other.job is job for job in before) or (other.job is run.job and not seen):
            found.append(other)
    return found


def _follows(workflows: Workflows, run: Run, deploys: list[Run]) -> bool:
    if run.on_failure:
        return False
    earlier = _earlier(workflows, run)
    return any(deploy is other for deploy in deploys for other in earlier)


def _notices(run: Run) -> bool:
    """Whether an error answer fails the job: by the command itself, or by what its script does with the answer."""
    command, words = run.command, run.words
    if command is None:
        return False
    fails = (
        (words[0] == "curl" and any(_CURL_FAILS.match(word) for word in words[1:]))
        or words[0] == "wget"
        or "--check-status" in words
    )
    if run.fatal and fails:
        return True
    if not (command.captured or (fails and (command.looped or not command.fatal))):
        return False
    later = [c for c in run.step.commands if c.line >= command.line and c is not command]
    blocked = run.step.continue_on_error or run.job.continue_on_error
    return not blocked and any(
        c.fatal
        and (
            c.words[0] in ("[", "[[", "test") or (c.words[0] in ("exit", "return") and c.words[1:2] not in ((), ("0",)))
        )
        for c in later
    )


def _settings(item: Workflow) -> Iterable[tuple[Location, str, str]]:
    """Yield place, name and value of every variable, input and output of a workflow."""
    for name, value in item.env:
        yield item.at(item.env_line), name, value
    jobs = list(item.jobs)
    while jobs:
        job = jobs.pop()
        jobs.extend(job.called)
        for name, value in (*job.env, *job.outputs, *job.inputs):
            yield job.at, name, value
        for step in job.steps:
            for name, value in (*step.env, *step.inputs):
                yield Location(job.path, step.line), name, value


def _shown(run: Run, limit: int = 80) -> str:
    text = run.command.text if run.command is not None else run.step.uses or ""
    return text if len(text) <= limit else f"{text[: limit - 1]}…"


def _places(runs: Iterable[Run]) -> list[Location]:
    return _unique(run.at for run in runs)[:10]


def _unique(items: Iterable[_T]) -> list[_T]:
    return list(dict.fromkeys(items))
