"""`scaffold publish`: a repository at GitHub with everything that the plan names.

Each step looks first and makes what is missing, so that running it again after a failure goes on where it ended, and
a third time changes nothing.
"""

from __future__ import annotations

import base64
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, NamedTuple
from urllib.parse import quote

from scaffolder.errors import ScaffoldError
from scaffolder.git import Git
from scaffolder.github import Client, GitHubError, Refused
from scaffolder.lock import read_lock
from scaffolder.plan import BRANCH, RULESET, Plan, plan, task_of
from scaffolder.projects import find_project

SERVER = "https://github.com"
Say = Callable[[str], None]


class PublishRefused(ScaffoldError):
    """The repository cannot be published as it is."""


class Published(NamedTuple):
    """What was seen to: how much was made, how much was there, and what GitHub did not allow."""

    url: str
    made: tuple[str, ...]
    kept: int
    notes: tuple[str, ...]


def planned(path: Path) -> Plan:
    """Return the plan of the repository at `path`.

    Raises BrokenLock when it was not made by `scaffold new`, and UnknownProject.
    """
    lock = read_lock(path)
    return plan(find_project(lock.project), lock.start)


def described(wanted: Plan, name: str, *, private: bool) -> Iterator[str]:
    """Yield what would be seen to, one line each, without asking anybody."""
    yield f"repository {name} ({'private' if private else 'public'})"
    yield f"push of HEAD to {BRANCH}"
    for environment, branches in wanted.environments.items():
        yield f"environment {environment}" + (f", deployed from {', '.join(branches)} only" if branches else "")
    for label in wanted.labels:
        yield f"label {label.name}"
    for milestone in wanted.milestones:
        yield f"milestone {milestone.title}" + (f", due {milestone.due.isoformat()}" if milestone.due else "")
    for issue in wanted.issues:
        yield f"issue {issue.title}"
    yield "branch rules: pull request, the check Grade, no forced push"


def publish(
    client: Client,
    path: Path,
    name: str,
    token: str,
    *,
    private: bool = True,
    server: str = SERVER,
    say: Say = lambda _line: None,
) -> Published:
    """Publish the repository at `path` as OWNER/NAME, or complete what an earlier run began.

    Raises BrokenLock, PublishRefused (nothing to push, or GitHub's branch has other commits), GitError, GitHubError.
    """
    wanted = planned(path)
    git = Git(path)
    if not git.succeeds("rev-parse", "--verify", "HEAD"):
        raise PublishRefused(f"{path} has no commit.", "Commit first, or make it with `scaffold new`.")
    work = _Work(client, name, say)
    work.repository(wanted, private=private)
    work.push(git, token, server)
    work.environments(wanted)
    work.labels(wanted)
    numbers = work.milestones(wanted)
    work.issues(wanted, numbers)
    work.rules(wanted)  # last: they would stand in the way of the push
    return Published(f"{server}/{name}", tuple(work.made), work.kept, tuple(work.notes))


class _Work:
    """The steps, and what came of them."""

    def __init__(self, client: Client, name: str, say: Say) -> None:
        self._client, self._name, self._say = client, name, say
        self._repo = f"/repos/{name}"
        self.made: list[str] = []
        self.notes: list[str] = []
        self.kept = 0

    def repository(self, wanted: Plan, *, private: bool) -> None:
        owner, _, short = self._name.partition("/")

        def make() -> Any:
            place = (
                "/user/repos" if self._client.get("/user")["login"].lower() == owner.lower() else f"/orgs/{owner}/repos"
            )
            body = {"name": short, "description": wanted.description, "private": private, "has_wiki": False}
            return self._client.send("POST", place, body)

        self._ensured(f"repository {self._name}", lambda: self._there(self._repo), make)

    def push(self, git: Git, token: str, server: str) -> None:
        """Push the first time, over HTTPS; the token is in git's environment: no list of processes or file shows it."""
        address = f"{server}/{self._name}.git"
        secret = base64.b64encode(f"x-access-token:{token}".encode()).decode()
        signed = git.with_variables(
            {
                "GIT_CONFIG_COUNT": "1",
                "GIT_CONFIG_KEY_0": f"http.{server}/.extraHeader",
                "GIT_CONFIG_VALUE_0": f"Authorization: Basic {secret}",
            }
        )
        head = git.run("rev-parse", "HEAD")
        there = signed.run("ls-remote", address, f"refs/heads/{BRANCH}").partition("\t")[0]
        if not there:
            signed.run("push", "--quiet", address, f"HEAD:refs/heads/{BRANCH}")
            self._did(f"push of {head[:10]} to {BRANCH}")
        elif any(git.succeeds("merge-base", "--is-ancestor", *pair) for pair in ((there, head), (head, there))):
            self.kept += 1  # what was committed since goes through a pull request
        else:
            raise PublishRefused(
                f"{BRANCH} of {self._name} has commits that are not here.",
                "Get them by `git pull`, or name another one.",
            )
        if not git.succeeds("remote", "get-url", "origin"):
            git.run("remote", "add", "origin", address)

    def environments(self, wanted: Plan) -> None:
        for name, branches in wanted.environments.items():
            place = f"{self._repo}/environments/{quote(name, safe='')}"
            policy = {"protected_branches": False, "custom_branch_policies": True} if branches else None
            try:
                if self._there(place) is None:
                    self._client.send("PUT", place, {"deployment_branch_policy": policy}, repeatable=True)
                    self._did(f"environment {name}")
                else:
                    self.kept += 1
                for branch in branches:
                    self._branch_policy(place, name, branch)
            except Refused as problem:
                self._not_allowed(f"environment {name}", problem)

    def _branch_policy(self, place: str, name: str, branch: str) -> None:
        policies = f"{place}/deployment-branch-policies"

        def find() -> Any:
            return next((p for p in self._client.get(policies)["branch_policies"] if p["name"] == branch), None)

        make = lambda: self._client.send("POST", policies, {"name": branch})  # noqa: E731
        self._ensured(f"{name} is deployed from {branch} only", find, make)

    def labels(self, wanted: Plan) -> None:
        def there() -> dict[str, Any]:
            return {label["name"]: label for label in self._client.each(f"{self._repo}/labels")}

        known = there()
        for label in wanted.labels:
            self._one(f"label {label.name}", label.name, known, there, f"{self._repo}/labels", label._asdict())

    def milestones(self, wanted: Plan) -> dict[str, int]:
        path = f"{self._repo}/milestones"

        def there() -> dict[str, Any]:
            return {item["title"]: item for item in self._client.each(path, state="all")}

        known = there()
        numbers: dict[str, int] = {}
        for item in wanted.milestones:
            body: dict[str, object] = {"title": item.title, "description": item.description}
            if item.due:
                body["due_on"] = f"{item.due.isoformat()}T23:59:59Z"
            found = self._one(f"milestone {item.title}", item.title, known, there, path, body)
            numbers[item.title] = found["number"]
            if item.due and not str(found["due_on"] or "").startswith(item.due.isoformat()):
                self._client.send("PATCH", f"{path}/{found['number']}", {"due_on": body["due_on"]}, repeatable=True)
                self._did(f"milestone {item.title} is due {item.due.isoformat()}")
        return numbers

    def issues(self, wanted: Plan, numbers: dict[str, int]) -> None:
        path = f"{self._repo}/issues"

        def there() -> dict[str, Any]:
            every = self._client.each(path, limit=5000, state="all", direction="desc")
            return {task: item for item in every if "pull_request" not in item and (task := task_of(item["body"]))}

        known = there()
        for issue in wanted.issues:
            body = {"title": issue.title, "body": issue.body, "labels": list(issue.labels),
                    "milestone": numbers[issue.milestone]}  # fmt: skip
            self._one(f"issue {issue.title}", issue.task, known, there, path, body)

    def rules(self, wanted: Plan) -> None:
        path = f"{self._repo}/rulesets"

        def find() -> Any:
            return next((item for item in self._client.each(path) if item["name"] == RULESET), None)

        try:
            self._ensured("branch rules", find, lambda: self._client.send("POST", path, dict(wanted.ruleset)))
        except Refused as problem:
            self._not_allowed("branch rules", problem)

    def _there(self, path: str) -> Any:
        try:
            return self._client.get(path)
        except Refused as problem:
            if problem.status == 404:
                return None
            raise

    def _ensured(self, what: str, find: Callable[[], Any], make: Callable[[], Any]) -> None:
        if find() is not None:
            self.kept += 1
            return
        self._client.ensure(find, make, missing=True)
        self._did(what)

    def _one(
        self,
        what: str,
        key: str,
        known: dict[str, Any],
        there: Callable[[], dict[str, Any]],
        path: str,
        body: dict[str, Any],
    ) -> Any:
        """See to one of many things that were listed together."""
        if key in known:
            self.kept += 1
            return known[key]
        found = self._client.ensure(
            lambda: there().get(key), lambda: self._client.send("POST", path, body), missing=True
        )
        self._did(what)
        return found

    def _did(self, what: str) -> None:
        self.made.append(what)
        self._say(what)

    def _not_allowed(self, what: str, problem: GitHubError) -> None:
        self.notes.append(f"{what}: {problem.message} Private repositories have it in a paid plan, public ones always.")
