"""What GitHub knows about the repository: CI runs, the last deployment, branch rules, pull requests, releases.

Which repository is asked is said by GitHub Actions, else by the clone's `origin`; it must have the graded commit. Only
the grader's own token opens the door: without one, and wherever GitHub gives no answer to rely on, nothing is known.
Answers are kept for ten minutes.
"""

from __future__ import annotations

import os
import re
import time
from collections.abc import Callable, Mapping
from functools import partial
from typing import TYPE_CHECKING, Any, NamedTuple

from checks.model import NotMeasured
from checks.repository import Repository, run_git
from checks.session import Session

if TYPE_CHECKING:
    from scaffolder.github import Client

EXECUTES = True  # nothing of the repository's, but a static grading does not ask others either
BOT = "github-actions[bot]"
KEPT_SECONDS = 600
PENDING = frozenset({"queued", "in_progress", "pending", "waiting"})
_REMOTE = re.compile(r"(?:https://(?:[^@/\s]+@)?|ssh://git@|git@)([A-Za-z0-9.-]+)[:/]([^\s]+?)(?:\.git)?/?")
_RUN = re.compile(r"/actions/runs/(\d{1,18})(?:/|$)")


class ForgeRun(NamedTuple):
    """A run of a workflow: its file, the commit, and its conclusion, None until it has ended."""

    id: int
    path: str
    sha: str
    conclusion: str | None
    branch: str = ""


class Deployment(NamedTuple):
    """The newest deployment to production that has ended.

    `state` is GitHub's. `run` is the workflow run that made it, when it was made by a workflow of this repository and
    by nobody's hands. `ahead` says that its commit is not on the default branch.
    """

    sha: str
    state: str
    at: str
    url: str | None = None
    run: ForgeRun | None = None
    ahead: bool = False


class Protection(NamedTuple):
    """What the default branch's rules demand: a pull request, checks by name, no forced push."""

    pull_request: bool
    checks: tuple[str, ...]
    no_force: bool


class Forge(NamedTuple):
    """What GitHub knows.

    `head` is the commit of the default branch, `runs` are those of a push of it, newest first. `protection` is None
    where GitHub would not tell. `merged` counts pull requests of people into the default branch, `releases` names
    the published ones.
    """

    name: str
    branch: str
    head: str
    runs: tuple[ForgeRun, ...] = ()
    deployment: Deployment | None = None
    protection: Protection | None = None
    merged: int = 0
    releases: tuple[str, ...] = ()


class Asked(NamedTuple):
    """What came of asking GitHub: the answer, or why there is none."""

    forge: Forge | None
    why: str = ""


def collect_asked(repository: Repository, session: Session) -> Asked:
    """Asking GitHub."""
    try:
        return Asked(_forge(repository, session))
    except NotMeasured as problem:
        return Asked(None, str(problem))


def collect_forge(asked: Asked) -> Forge:
    """Reading GitHub's answer."""
    if asked.forge is None:
        raise NotMeasured(asked.why)
    return asked.forge


def token(environment: Mapping[str, str] = os.environ) -> str | None:
    """Return the token that GitHub is asked with, or None."""
    return environment.get("GITHUB_TOKEN") or environment.get("GH_TOKEN") or None


def window() -> int | None:
    """Return a number that stays the same for as long as answers are kept; None when nobody can be asked."""
    return int(time.time()) // KEPT_SECONDS if token() else None


def repository_name(repository: Repository, environment: Mapping[str, str] = os.environ) -> str | None:
    """Return OWNER/NAME of the repository at GitHub, None when there is none."""
    from urllib.parse import urlsplit

    from scaffolder.github import is_repository_name

    if environment.get("GITHUB_ACTIONS") == "true":
        name = environment.get("GITHUB_REPOSITORY", "")
        return name if is_repository_name(name) else None
    remote = run_git(repository.root, "config", "--local", "--get", "remote.origin.url") or b""
    found = _REMOTE.fullmatch(remote.decode(errors="replace").strip())
    host = urlsplit(environment.get("GITHUB_SERVER_URL", "https://github.com")).hostname
    return found[2] if found and found[1] == host and is_repository_name(found[2]) else None


def _forge(repository: Repository, session: Session) -> Forge:
    own = token()
    if own is None:
        raise NotMeasured("GitHub was not asked: set GITHUB_TOKEN to a token that may read the repository")
    if repository.commit is None:
        raise NotMeasured("GitHub was not asked: nothing is committed yet")
    name = repository_name(repository)
    if name is None:
        raise NotMeasured("GitHub was not asked: the repository has no origin there")
    from checks import cache
    from scaffolder.github import API, Client, GitHubError

    shelf, key = session.cache / "forge", f"{name.replace('/', '+')}+{repository.commit}+{window()}"
    facts = cache.load(shelf, key)
    if facts is None:
        try:
            client = Client(own, url=os.environ.get("GITHUB_API_URL", API))
            facts = ask(client, name, repository.commit)
        except GitHubError as problem:
            raise NotMeasured(f"GitHub could not be asked about {name}: {problem}") from problem
        except (KeyError, TypeError, AttributeError) as problem:
            raise NotMeasured(f"GitHub answered about {name} with something else than its API promises") from problem
        cache.store(shelf, key, facts)
    session.note(f"GitHub was asked about {name}")
    return read(facts)


def ask(client: Client, name: str, commit: str) -> dict[str, Any]:
    """Return what GitHub answers about the repository `name`, as JSON values; about a dozen requests.

    Raises Unreachable and Refused of `scaffolder.github`, and NotMeasured when it does not have the commit.
    """
    from scaffolder.github import Refused

    repo = f"/repos/{name}"
    branch = client.get(repo)["default_branch"]
    tip = client.get(f"{repo}/branches/{_quoted(branch)}")
    try:
        client.get(f"{repo}/compare/{_quoted(branch)}...{commit}", per_page=1)
    except Refused as problem:
        if problem.status not in (404, 422):
            raise
        raise NotMeasured(f"{name} does not have the graded commit {commit[:10]}: push it first") from problem
    runs = client.get(f"{repo}/actions/runs", branch=branch, event="push", per_page=50)["workflow_runs"]
    pulls = client.get(f"{repo}/pulls", state="closed", base=branch, per_page=100)
    return {
        "name": name,
        "branch": branch,
        "head": tip["commit"]["sha"],
        "runs": [_run_facts(run) for run in runs],
        "deployment": _ask_deployment(client, repo, branch),
        "rules": _told(lambda: client.get(f"{repo}/rules/branches/{_quoted(branch)}", per_page=100)),
        "merged": sum(1 for p in pulls if p["merged_at"] and (p["user"] or {}).get("type") == "User"),
        "releases": [r["tag_name"] for r in client.get(f"{repo}/releases", per_page=30) if not r["draft"]],
    }


def _quoted(branch: str) -> str:
    from urllib.parse import quote

    return quote(branch, safe="")


def _told(get: Callable[[], Any]) -> Any:
    """What GitHub answers, None where the token may not see it (403) or the plan does not have it (404)."""
    from scaffolder.github import Refused

    try:
        return get()
    except Refused as problem:
        if problem.status in (403, 404):
            return None
        raise


def _run_facts(run: Mapping[str, Any]) -> dict[str, Any]:
    ended = run["status"] == "completed"
    path = str(run["path"]).partition("@")[0]
    return {"id": run["id"], "path": path, "sha": run["head_sha"], "branch": run["head_branch"] or "",
            "conclusion": run["conclusion"] if ended else None}  # fmt: skip


def _ask_deployment(client: Client, repo: str, branch: str) -> dict[str, Any] | None:
    """The newest deployment to production that has ended; those under way are passed over."""
    from urllib.parse import urlsplit

    for item in client.get(f"{repo}/deployments", environment="production", per_page=10):
        statuses = client.get(f"{repo}/deployments/{item['id']}/statuses", per_page=30)
        if not statuses or statuses[0]["state"] in PENDING:
            continue
        latest = statuses[0]
        found = _RUN.search(urlsplit(latest.get("log_url") or latest["target_url"] or "").path)
        by_bot = all((made["creator"] or {}).get("login") == BOT for made in (item, latest))
        run = _told(partial(client.get, f"{repo}/actions/runs/{found[1]}")) if found and by_bot else None
        line = client.get(f"{repo}/compare/{_quoted(branch)}...{item['sha']}", per_page=1)["status"]
        return {
            "sha": item["sha"],
            "state": latest["state"],
            "at": latest["created_at"],
            "url": latest.get("environment_url") or None,
            "run": _run_facts(run) if run else None,
            "ahead": line not in ("identical", "behind"),
        }
    return None


def read(facts: Mapping[str, Any]) -> Forge:
    """Return GitHub's answer as evidence."""
    deployment = facts["deployment"]
    if deployment is not None:
        run = deployment["run"]
        deployment = Deployment(**{**deployment, "run": None if run is None else ForgeRun(**run)})
    return Forge(
        name=facts["name"],
        branch=facts["branch"],
        head=facts["head"],
        runs=tuple(ForgeRun(**run) for run in sorted(facts["runs"], key=lambda run: -int(run["id"]))),
        deployment=deployment,
        protection=None if facts["rules"] is None else _protection(facts["rules"]),
        merged=facts["merged"],
        releases=tuple(facts["releases"]),
    )


def _protection(rules: list[dict[str, Any]]) -> Protection:
    kinds = {rule["type"] for rule in rules}
    checks = (
        item["context"]
        for rule in rules
        if rule["type"] == "required_status_checks"
        for item in rule.get("parameters", {}).get("required_status_checks", [])
    )
    return Protection("pull_request" in kinds, tuple(sorted(set(checks))), "non_fast_forward" in kinds)
