"""Cuts GitHub's OpenAPI description down to the operations that this product calls.

    npm pack @octokit/openapi && tar xzf octokit-openapi-*.tgz
    python tests/support/github/cut.py package

What is kept: the operations below, and every schema they refer to. What goes: texts, examples and GitHub's own
extensions, which say nothing about whether a request is valid. The result is `openapi.json.gz` beside this file; its
`info` names the version of the package, and LICENSE is the package's own.
"""

from __future__ import annotations

import gzip
import json
import shutil
import sys
from pathlib import Path
from typing import Any

REPO = "/repos/{owner}/{repo}"
OPERATIONS = {
    "/user": ["get"],
    "/user/repos": ["post"],
    "/orgs/{org}/repos": ["post"],
    REPO: ["get"],
    f"{REPO}/actions/artifacts/{{artifact_id}}/{{archive_format}}": ["get"],
    f"{REPO}/actions/runs": ["get"],
    f"{REPO}/actions/runs/{{run_id}}": ["get"],
    f"{REPO}/actions/runs/{{run_id}}/artifacts": ["get"],
    f"{REPO}/branches/{{branch}}": ["get"],
    f"{REPO}/check-runs": ["post"],
    f"{REPO}/check-runs/{{check_run_id}}": ["patch"],
    f"{REPO}/commits/{{ref}}/check-runs": ["get"],
    f"{REPO}/compare/{{basehead}}": ["get"],
    f"{REPO}/contents/{{path}}": ["get"],
    f"{REPO}/deployments": ["get"],
    f"{REPO}/deployments/{{deployment_id}}/statuses": ["get"],
    f"{REPO}/environments/{{environment_name}}": ["get", "put"],
    f"{REPO}/environments/{{environment_name}}/deployment-branch-policies": ["get", "post"],
    f"{REPO}/issues": ["get", "post"],
    f"{REPO}/issues/{{issue_number}}": ["patch"],
    f"{REPO}/issues/{{issue_number}}/comments": ["get", "post"],
    f"{REPO}/issues/comments/{{comment_id}}": ["patch", "delete"],
    f"{REPO}/labels": ["get", "post"],
    f"{REPO}/milestones": ["get", "post"],
    f"{REPO}/milestones/{{milestone_number}}": ["patch"],
    f"{REPO}/pulls": ["get"],
    f"{REPO}/releases": ["get"],
    f"{REPO}/rules/branches/{{branch}}": ["get"],
    f"{REPO}/rulesets": ["get", "post"],
}
TEXTS = ("description", "summary", "externalDocs", "example", "examples", "tags", "title", "deprecated")
NAMES = ("properties", "schemas", "parameters", "responses", "headers")  # below these, keys are names


def main(package: Path) -> None:
    whole = json.loads((package / "generated/api.github.com.json").read_text(encoding="utf-8"))
    paths = {path: _operations(whole["paths"][path], methods) for path, methods in OPERATIONS.items()}
    cut = {
        "openapi": whole["openapi"],
        "info": {**whole["info"], "title": "GitHub's REST API, cut", "description": ""},
        "servers": whole["servers"],
        "paths": _bare(paths),
        "components": {},
    }
    waiting = _references(cut)
    while waiting:
        _, _, kind, name = waiting.pop().split("/")
        kept = cut["components"].setdefault(kind, {})
        if name not in kept:
            kept[name] = _bare(whole["components"][kind][name])
            waiting |= _references(kept[name])
    text = json.dumps(cut, sort_keys=True, separators=(",", ":"))
    here = Path(__file__).parent
    here.joinpath("openapi.json.gz").write_bytes(gzip.compress(text.encode(), 9, mtime=0))
    shutil.copyfile(package / "LICENSE", here / "LICENSE")


def _operations(item: dict[str, Any], methods: list[str]) -> dict[str, Any]:
    return {key: value for key, value in item.items() if key in methods or key == "parameters"}


def _bare(value: Any, *, names: bool = False) -> Any:
    if isinstance(value, list):
        return [_bare(item) for item in value]
    if not isinstance(value, dict):
        return value
    return {
        key: "" if key == "description" and not names else _bare(item, names=not names and key in NAMES)
        for key, item in value.items()
        if names or not (key.startswith("x-") or key in TEXTS) or (key == "description" and "content" in value)
    }


def _references(value: Any) -> set[str]:
    if isinstance(value, list):
        return {found for item in value for found in _references(item)}
    if not isinstance(value, dict):
        return set()
    own = {value["$ref"]} if isinstance(value.get("$ref"), str) else set()
    return own | {found for item in value.values() for found in _references(item)}


if __name__ == "__main__":
    main(Path(sys.argv[1]))
