"""The judge of the fake GitHub is worth something: what GitHub's description forbids, it refuses."""

from __future__ import annotations

import json
from typing import Any

import pytest

from tests.support.github.judge import Judge, complete, description

JUDGE = Judge()
ANNOTATION = {"path": "a.py", "start_line": 1, "end_line": 1, "annotation_level": "failure", "message": "m"}


def check_run(annotations: list[dict[str, Any]], **more: Any) -> str:
    body = {"name": "n", "head_sha": "a" * 40, **more,
            "output": {"title": "t", "summary": "s", "annotations": annotations}}  # fmt: skip
    return JUDGE.request("POST", "/repos/o/n/check-runs", {}, json.dumps(body).encode())


def test_a_valid_request_is_accepted() -> None:
    assert check_run([ANNOTATION] * 50, status="completed", conclusion="success") == ""


@pytest.mark.parametrize(
    "wrong",
    [
        check_run([ANNOTATION] * 51),
        check_run([{**ANNOTATION, "annotation_level": "error"}]),
        check_run([{"path": "a.py"}]),
        check_run([], surprise=1),
        JUDGE.request("POST", "/repos/o/n/issues/1/comments", {}, b"{}"),
        JUDGE.request("GET", "/repos/o/n/nothing", {}, b""),
        JUDGE.answer("GET", "/repos/o/n/issues/1/comments", 200, b'[{"id": 1}]'),
        JUDGE.answer("GET", "/repos/o/n/issues/1/comments", 418, b"[]"),
    ],
    ids=["51 annotations", "a wrong level", "missing members", "an unknown member", "no body", "an unknown path",
         "an incomplete answer", "an unknown status"],
)  # fmt: skip
def test_an_invalid_one_is_refused(wrong: str) -> None:
    assert wrong


def test_an_answer_is_completed_by_the_description() -> None:
    value = complete("/repos/{owner}/{repo}/issues/{issue_number}/comments", "POST", 201, {"id": 3, "body": "b"})
    assert (value["id"], value["body"]) == (3, "b")
    assert JUDGE.answer("POST", "/repos/o/n/issues/1/comments", 201, json.dumps(value).encode()) == ""


def test_the_description_is_githubs_and_names_its_version_and_licence() -> None:
    info = description()["info"]
    assert info["version"] == "23.0.2"
    assert info["license"]["name"] == "MIT"
