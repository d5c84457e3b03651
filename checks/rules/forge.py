"""What only the forge can tell: that CI is green, that production was deployed and runs, how the team works."""

from __future__ import annotations

from datetime import UTC, datetime
from fractions import Fraction

from checks.evidence.forge import Forge
from checks.evidence.live import Live, Probe
from checks.evidence.workflows import Workflows
from checks.model import Verdict, blocked, check, failed, partial, passed, unknown

PULL_REQUESTS = 5  # as many as milestones of one week: one alone is a try, not a habit


@check("forge.ci-green", effort="medium")
def ci_is_green(forge: Forge, workflows: Workflows) -> Verdict:
    """CI is green on the default branch.

    A red default branch blocks everybody, and hides the next defect behind the first. The newest commit counts: one
    that CI was told to skip has not been tested.

    Open the newest failed run in the Actions tab, repair what it names, and push; do not push with `[skip ci]`.
    """
    tests = {r.workflow.path for r in workflows.push if "test" in r.does and r.counts and r.job.path == r.workflow.path}
    if not tests:
        return blocked("No workflow runs the tests on a push.", by="ci.runs-tests-on-push")
    where = f"{forge.branch} at {forge.head[:10]}"
    for path in sorted(tests):
        run = next((run for run in forge.runs if run.path == path and run.sha == forge.head), None)
        if run is None:
            return failed(f"{path} has not run on {where}.", expected="a run of the newest commit")
        if run.conclusion is None:
            return unknown(f"{path} still runs on {where}")
        if run.conclusion != "success":
            return failed(f"The run of {path} on {where} ended with {run.conclusion}.", expected="success",
                          actual=run.conclusion)  # fmt: skip
    return passed(f"{', '.join(sorted(tests))} succeeded on {where}.")


@check("forge.production-deployment", effort="large")
def production_is_deployed(forge: Forge, workflows: Workflows) -> Verdict:
    """The last deployment to production succeeded.

    Software earns nothing on a laptop. What counts is a deployment that the pipeline made from the default branch, with
    an address where it can be visited; one recorded by hand proves nothing.

    Set up the environment `production` (`infra/README.md`), push to the default branch, and repair what the deploy
    workflow reports until its last job is green.
    """
    found = forge.deployment
    if found is None:
        return failed("No deployment to the environment production has ended yet.", expected="success")
    actual = f"{found.state}, {_age(found.at)}"
    if found.state != "success":
        return failed(f"The last deployment to production, of {found.sha[:10]}, is {found.state}.",
                      expected="success", actual=actual)  # fmt: skip
    deploying = {run.workflow.path for run in workflows.any if "deploy" in run.does}
    if found.run is None or found.run.path not in deploying:
        return failed("The last deployment to production was not made by a workflow that deploys.", actual=actual,
                      expected="a job with `environment: production` in the deploy workflow")  # fmt: skip
    if found.run.conclusion != "success" or found.run.sha != found.sha:
        return failed(f"The run that made the deployment ended with {found.run.conclusion or 'nothing yet'}.",
                      expected="success", actual=actual)  # fmt: skip
    if found.ahead or found.run.branch != forge.branch:
        return failed(f"Production runs {found.sha[:10]}, which is not on {forge.branch}.",
                      expected=f"a commit of {forge.branch}", actual=actual)  # fmt: skip
    if found.url is None:
        return failed("The deployment names no address: its steps were skipped, or `environment.url` is not set.",
                      expected="`url:` under the job's `environment:`", actual=actual)  # fmt: skip
    return passed(f"{found.run.path} deployed {found.sha[:10]} to production.", actual=actual)


def _age(moment: str) -> str:
    try:
        days = (datetime.now(UTC) - datetime.fromisoformat(moment)).days
    except (TypeError, ValueError):
        return moment
    return "today" if days < 1 else f"{days} {'day' if days == 1 else 'days'} ago"


@check("forge.live-commit", effort="medium")
def live_application_names_its_commit(live: Live) -> Verdict:
    """The live application reports the graded commit.

    Whoever is woken at night asks first which version is running. A deployment that is healthy, ready and names its
    commit answers in one request; a commit before the graded one counts, a stranger's does not.

    Build the image with `GIT_COMMIT`, let `/healthz` report it, and let the deploy job's smoke test compare it.
    """
    for found in live.probes:
        wrong = _wrong(found)
        if wrong:
            return failed(f"{found.url}: {wrong}.", expected="200 from /healthz and /readyz, with the commit")
        if live.deployed is not None and found.commit != live.deployed:
            return failed(f"{found.url} runs another commit than GitHub says was deployed.",
                          expected=live.deployed, actual=found.commit)  # fmt: skip
        if live.deployed is None and found.history == "foreign":
            return failed(f"{found.url} runs a commit that the graded one does not contain.", actual=found.commit)
        if live.deployed is None and found.history == "unknown":
            return unknown("the clone is too shallow to know the commit that runs")
    first = live.probes[0]
    return passed(f"It is healthy and ready, and runs {_which(first)}.", actual=first.commit)


def _which(found: Probe) -> str:
    words = {"graded": "the graded commit", "earlier": "an earlier commit of this history"}
    return words.get(found.history, "the commit that was deployed last")


def _wrong(found: Probe) -> str:
    if found.problem:
        return found.problem
    if found.health != 200:
        return f"/healthz answers {found.health}"
    if found.ready != 200:
        return f"/readyz answers {found.ready}"
    return "" if found.commit else "/healthz names no commit"


@check("forge.branch-rules", effort="small", advisory=True)
def default_branch_has_rules(forge: Forge) -> Verdict:
    """The default branch takes only reviewed changes whose checks passed.

    A rule that a machine enforces holds on a Friday evening, too.

    Run `scaffold publish`, or add a ruleset for the default branch: require a pull request and the check `Grade`, and
    block forced pushes.
    """
    rules = forge.protection
    if rules is None:
        return unknown("the token may not read the branch's rules, or the plan has none for private repositories")
    kept = {
        "a pull request": rules.pull_request,
        "a status check": bool(rules.checks),
        "no forced push": rules.no_force,
    }
    missing = [name for name, there in kept.items() if not there]
    share = Fraction(len(kept) - len(missing), len(kept))
    if not missing:
        return passed(f"{forge.branch} requires a pull request and {', '.join(rules.checks)}.")
    return partial(share, f"The rules of {forge.branch} leave something out: {', '.join(missing)}.")


@check("forge.pull-requests", effort="medium", advisory=True)
def work_goes_through_pull_requests(forge: Forge) -> Verdict:
    """Changes reach the default branch through pull requests.

    A pull request is where a change explains itself, is tested and is discussed. Also alone it is the habit that a team
    will expect.

    Work on a branch for each task of a milestone and merge it by a pull request that says why.
    """
    share = min(Fraction(forge.merged, PULL_REQUESTS), Fraction(1))
    count = f"{forge.merged} {'pull request was' if forge.merged == 1 else 'pull requests were'} merged"
    return partial(share, f"{count} into {forge.branch}.", expected=f"at least {PULL_REQUESTS}")


@check("forge.releases", effort="small", advisory=True)
def has_a_release(forge: Forge) -> Verdict:
    """A version was released.

    A release says what is finished and what changed, in words for its users.

    Tag the commit that you deployed and publish it: `gh release create v1.0.0 --generate-notes`.
    """
    if forge.releases:
        return passed(f"{len(forge.releases)} published, the newest is {forge.releases[0]}.")
    return failed("Nothing has been released.", expected="at least one published release")
