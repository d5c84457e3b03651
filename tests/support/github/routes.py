"""What each operation does to the state; an answer holds what matters, the description completes it."""

from __future__ import annotations

import base64
from collections.abc import Callable
from typing import Any

from tests.support.github.server import Call, Problem

Answer = tuple[int, Any]
ROUTES: dict[str, Callable[[Call], Answer]] = {}
R = "/repos/{owner}/{repo}"
MOMENT = "2026-11-20T12:00:00Z"


def route(verb: str, template: str) -> Callable[[Callable[[Call], Answer]], Callable[[Call], Answer]]:
    """Register what answers an operation."""

    def register(function: Callable[[Call], Answer]) -> Callable[[Call], Answer]:
        ROUTES[f"{verb} {template}"] = function
        return function

    return register


def _by(items: list[dict[str, Any]], key: str, value: object) -> dict[str, Any]:
    for item in items:
        if item[key] == value:
            return item
    raise Problem(404, "Not Found")


@route("GET", "/user")
def user(call: Call) -> Answer:
    if call.github.login.endswith("[bot]"):
        raise Problem(403, "Resource not accessible by integration")
    return 200, {"login": call.github.login, "type": "User", "user_view_type": "private"}


def _made(call: Call, owner: str) -> Answer:
    name = f"{owner}/{call.body['name']}"
    if name in call.github.repos:
        raise Problem(422, "Repository creation failed.")
    repo = call.github.repo(name, private=call.body.get("private", False))
    return 201, _repository(repo)


@route("POST", "/user/repos")
def make_own(call: Call) -> Answer:
    return _made(call, call.github.login)


@route("POST", "/orgs/{org}/repos")
def make_in_organisation(call: Call) -> Answer:
    return _made(call, call.values["org"])


def _repository(repo: Any) -> dict[str, Any]:
    return {"full_name": repo.name, "private": repo.private, "default_branch": repo.default_branch}


@route("GET", R)
def repository(call: Call) -> Answer:
    return 200, _repository(call.repo)


@route("GET", f"{R}/branches/{{branch}}")
def branch(call: Call) -> Answer:
    sha = call.repo.branches.get(call.values["branch"])
    if sha is None:
        raise Problem(404, "Branch not found")
    return 200, {"name": call.values["branch"], "commit": {"sha": sha}, "protected": bool(call.repo.rulesets)}


@route("GET", f"{R}/compare/{{basehead}}")
def compare(call: Call) -> Answer:
    base, head = (call.repo.branches.get(name, name) for name in call.values["basehead"].split("..."))
    line = call.repo.commits
    if not {base, head} <= {*line, *call.repo.strangers}:
        raise Problem(404, "Not Found")
    status = "diverged"
    if base == head:
        status = "identical"
    elif base in line and head in line:
        status = "ahead" if line.index(head) > line.index(base) else "behind"
    return 200, {"status": status}


@route("GET", f"{R}/contents/{{path}}")
def contents(call: Call) -> Answer:
    content = call.repo.files.get((call.query["ref"], call.values["path"]))
    if content is None:
        raise Problem(404, "Not Found")
    return 200, {"type": "file", "encoding": "base64", "content": base64.b64encode(content).decode(),
                 "size": len(content), "path": call.values["path"], "name": call.values["path"].rsplit("/", 1)[-1]}  # fmt: skip


@route("GET", f"{R}/actions/runs")
def runs(call: Call) -> Answer:
    found = call.repo.runs
    for parameter, key in (("branch", "head_branch"), ("event", "event"), ("status", "status"), ("head_sha",) * 2):
        if parameter in call.query:
            found = [run for run in found if run[key] == call.query[parameter]]
    return 200, {"total_count": len(found), "workflow_runs": call.page(found)}


@route("GET", f"{R}/actions/runs/{{run_id}}")
def run(call: Call) -> Answer:
    return 200, _by(call.repo.runs, "id", int(call.values["run_id"]))


@route("GET", f"{R}/actions/runs/{{run_id}}/artifacts")
def artifacts(call: Call) -> Answer:
    found = [
        {"id": number, "name": name, "size_in_bytes": len(content), "expired": False}
        for number, name, content in call.repo.artifacts.get(int(call.values["run_id"]), [])
        if call.query.get("name", name) == name
    ]
    return 200, {"total_count": len(found), "artifacts": call.page(found)}


@route("GET", f"{R}/actions/artifacts/{{artifact_id}}/{{archive_format}}")
def artifact(call: Call) -> Answer:
    return 302, call.values["artifact_id"]


@route("GET", f"{R}/deployments")
def deployments(call: Call) -> Answer:
    wanted = call.query.get("environment")
    return 200, call.page([d for d in call.repo.deployments if wanted in (None, d["environment"])])


@route("GET", f"{R}/deployments/{{deployment_id}}/statuses")
def statuses(call: Call) -> Answer:
    return 200, call.page(call.repo.statuses.get(int(call.values["deployment_id"]), []))


@route("GET", f"{R}/pulls")
def pulls(call: Call) -> Answer:
    state, head = call.query.get("state", "open"), call.query.get("head")
    found = [p for p in call.repo.pulls if state in ("all", p["state"])]
    if head is not None:
        found = [p for p in found if p["head"]["label"] == head]
    return 200, call.page(found)


@route("GET", f"{R}/releases")
def releases(call: Call) -> Answer:
    return 200, call.page(call.repo.releases)


@route("GET", f"{R}/rules/branches/{{branch}}")
def rules(call: Call) -> Answer:
    active = [r for r in call.repo.rulesets if r["enforcement"] == "active"]
    return 200, call.page([rule for ruleset in active for rule in ruleset["rules"]])


# Comments and check runs


@route("GET", f"{R}/issues/{{issue_number}}/comments")
def comments(call: Call) -> Answer:
    return 200, call.page(call.repo.comments.get(int(call.values["issue_number"]), []))


@route("POST", f"{R}/issues/{{issue_number}}/comments")
def comment(call: Call) -> Answer:
    if len(call.body["body"]) > 65_536:
        raise Problem(422, "Validation Failed: body is too long (maximum is 65536 characters)")
    made = {"id": call.github.id(), "body": call.body["body"], "user": {"login": call.github.login, "type": "Bot"}}
    call.repo.comments.setdefault(int(call.values["issue_number"]), []).append(made)
    return 201, made


def _comment(call: Call) -> tuple[list[dict[str, Any]], dict[str, Any]]:
    for items in call.repo.comments.values():
        for item in items:
            if item["id"] == int(call.values["comment_id"]):
                return items, item
    raise Problem(404, "Not Found")


@route("PATCH", f"{R}/issues/comments/{{comment_id}}")
def edit(call: Call) -> Answer:
    if len(call.body["body"]) > 65_536:
        raise Problem(422, "Validation Failed: body is too long (maximum is 65536 characters)")
    _, item = _comment(call)
    item["body"] = call.body["body"]
    return 200, item


@route("DELETE", f"{R}/issues/comments/{{comment_id}}")
def delete(call: Call) -> Answer:
    items, item = _comment(call)
    items.remove(item)
    return 204, None


def _shown(call: Call, run: dict[str, Any]) -> dict[str, Any]:
    count = len(call.repo.annotations[run["id"]])
    output = {k: v for k, v in run["output"].items() if k != "annotations"}
    return {**run, "output": {**output, "text": run["output"].get("text"), "annotations_count": count}}


@route("POST", f"{R}/check-runs")
def check_run(call: Call) -> Answer:
    made = {**call.body, "id": call.github.id()}
    call.repo.check_runs.append(made)
    call.repo.annotations[made["id"]] = list(call.body["output"].get("annotations", []))
    return 201, _shown(call, made)


@route("PATCH", f"{R}/check-runs/{{check_run_id}}")
def update_check_run(call: Call) -> Answer:
    made = _by(call.repo.check_runs, "id", int(call.values["check_run_id"]))
    made.update(call.body)
    call.repo.annotations[made["id"]] += call.body["output"].get("annotations", [])
    return 200, _shown(call, made)


@route("GET", f"{R}/commits/{{ref}}/check-runs")
def check_runs(call: Call) -> Answer:
    found = [
        _shown(call, item)
        for item in call.repo.check_runs
        if item["head_sha"] == call.values["ref"] and call.query.get("check_name", item["name"]) == item["name"]
    ]
    return 200, {"total_count": len(found), "check_runs": call.page(found)}


# What `scaffold publish` makes


def _list_and_make(path: str, attribute: str, number: bool) -> None:
    @route("GET", path)
    def listed(call: Call) -> Answer:
        wanted = call.query.get("state", "open")
        items = getattr(call.repo, attribute)
        return 200, call.page([i for i in items if wanted == "all" or i.get("state", wanted) == wanted])

    @route("POST", path)
    def made(call: Call) -> Answer:
        items = getattr(call.repo, attribute)
        key = "name" if attribute == "labels" else "title"
        if attribute != "issues" and any(item[key] == call.body[key] for item in items):
            raise Problem(422, "Validation Failed: already_exists")
        item = {**call.body, "id": call.github.id()}
        if number:
            item |= {"number": len(items) + 1, "state": "open"}
        if attribute == "issues":
            item["labels"] = [{"name": name} for name in call.body.get("labels", [])]
            item["milestone"] = next(
                (m for m in call.repo.milestones if m["number"] == call.body.get("milestone")), None
            )
        items.append(item)
        return 201, item


_list_and_make(f"{R}/labels", "labels", number=False)
_list_and_make(f"{R}/milestones", "milestones", number=True)
_list_and_make(f"{R}/issues", "issues", number=True)


@route("PATCH", f"{R}/milestones/{{milestone_number}}")
def edit_milestone(call: Call) -> Answer:
    found = _by(call.repo.milestones, "number", int(call.values["milestone_number"]))
    found.update(call.body)
    return 200, found


@route("PATCH", f"{R}/issues/{{issue_number}}")
def edit_issue(call: Call) -> Answer:
    found = _by(call.repo.issues, "number", int(call.values["issue_number"]))
    found.update(call.body)
    return 200, found


@route("GET", f"{R}/environments/{{environment_name}}")
def environment(call: Call) -> Answer:
    if call.values["environment_name"] not in call.repo.environments:
        raise Problem(404, "Not Found")
    return 200, {"name": call.values["environment_name"]}


@route("PUT", f"{R}/environments/{{environment_name}}")
def put_environment(call: Call) -> Answer:
    call.repo.environments.setdefault(call.values["environment_name"], [])
    return 200, {"name": call.values["environment_name"]}


@route("GET", f"{R}/environments/{{environment_name}}/deployment-branch-policies")
def policies(call: Call) -> Answer:
    names = call.repo.environments[call.values["environment_name"]]
    return 200, {"total_count": len(names), "branch_policies": [{"name": name} for name in names]}


@route("POST", f"{R}/environments/{{environment_name}}/deployment-branch-policies")
def make_policy(call: Call) -> Answer:
    call.repo.environments[call.values["environment_name"]].append(call.body["name"])
    return 200, {"name": call.body["name"]}


@route("GET", f"{R}/rulesets")
def rulesets(call: Call) -> Answer:
    return 200, call.page(
        [{"id": r["id"], "name": r["name"], "enforcement": r["enforcement"]} for r in call.repo.rulesets]
    )


@route("POST", f"{R}/rulesets")
def make_ruleset(call: Call) -> Answer:
    if call.repo.private and call.repo.name.startswith("octo/"):
        raise Problem(403, "Upgrade to GitHub Pro or make this repository public to enable this feature.")
    made = {**call.body, "id": call.github.id()}
    call.repo.rulesets.append(made)
    return 201, _ruleset(made)


def _ruleset(found: dict[str, Any]) -> dict[str, Any]:
    return {key: found[key] for key in ("id", "name", "target", "enforcement", "conditions", "rules")}
