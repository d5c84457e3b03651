"""The log's structure by SARIF 2.1.0 (OASIS): what the standard requires, and what viewers need besides."""

from __future__ import annotations

import json
import re
from typing import Any

import jsonschema_rs
import pytest

from checks.model import Location, Scorecard, failed, unknown
from checks.reports.sarif import render

from . import samples

_MESSAGE = {"type": "object", "required": ["text"], "properties": {"text": {"type": "string", "minLength": 1}}}
# The part of the standard that this log uses, closed so that a property we do not mean to write is noticed.
SHAPE = {
    "type": "object",
    "required": ["version", "runs", "$schema"],
    "additionalProperties": False,
    "properties": {
        "$schema": {"type": "string", "format": "uri"},
        "version": {"const": "2.1.0"},
        "runs": {"type": "array", "minItems": 1, "items": {"$ref": "#/$defs/run"}},
    },
    "$defs": {
        "level": {"enum": ["none", "note", "warning", "error"]},
        "run": {
            "type": "object",
            "required": ["tool", "results"],
            "additionalProperties": False,
            "properties": {
                "tool": {
                    "type": "object",
                    "required": ["driver"],
                    "properties": {
                        "driver": {
                            "type": "object",
                            "required": ["name", "rules"],
                            "properties": {
                                "rules": {"type": "array", "uniqueItems": True, "items": {"$ref": "#/$defs/rule"}}
                            },
                        }
                    },
                },
                "automationDetails": {"type": "object", "required": ["id"]},
                "originalUriBaseIds": {"type": "object"},
                "columnKind": {"enum": ["utf16CodeUnits", "unicodeCodePoints"]},
                "invocations": {
                    "type": "array",
                    "items": {
                        "type": "object",
                        "required": ["executionSuccessful"],
                        "properties": {
                            "executionSuccessful": {"type": "boolean"},
                            "toolExecutionNotifications": {
                                "type": "array",
                                "items": {
                                    "type": "object",
                                    "required": ["message"],
                                    "additionalProperties": False,
                                    "properties": {
                                        "message": _MESSAGE,
                                        "level": {"$ref": "#/$defs/level"},
                                        "associatedRule": {"type": "object", "required": ["id", "index"]},
                                    },
                                },
                            },
                        },
                    },
                },
                "results": {"type": "array", "items": {"$ref": "#/$defs/result"}},
            },
        },
        "rule": {
            "type": "object",
            "required": ["id", "shortDescription", "fullDescription", "help"],
            "additionalProperties": False,
            "properties": {
                "id": {"type": "string", "minLength": 1},
                "shortDescription": _MESSAGE,
                "fullDescription": _MESSAGE,
                "help": {**_MESSAGE, "required": ["text", "markdown"]},
                "defaultConfiguration": {"properties": {"level": {"$ref": "#/$defs/level"}}},
                "properties": {
                    "properties": {"tags": {"type": "array", "items": {"type": "string"}, "uniqueItems": True}}
                },
            },
        },
        "result": {
            "type": "object",
            "required": ["message", "ruleId", "ruleIndex", "locations", "partialFingerprints"],
            "additionalProperties": False,
            "properties": {
                "ruleId": {"type": "string"},
                "ruleIndex": {"type": "integer", "minimum": 0},
                "level": {"$ref": "#/$defs/level"},
                "message": _MESSAGE,
                "partialFingerprints": {"additionalProperties": {"type": "string"}},
                "locations": {
                    "type": "array",
                    "minItems": 1,
                    "items": {
                        "required": ["physicalLocation"],
                        "properties": {
                            "physicalLocation": {
                                "required": ["artifactLocation"],
                                "properties": {
                                    "artifactLocation": {"properties": {"uri": {"format": "uri-reference"}}},
                                    "region": {"properties": {"startLine": {"type": "integer", "minimum": 1}}},
                                },
                            }
                        },
                    },
                },
            },
        },
    },
}


def run(card: Scorecard) -> dict[str, Any]:
    log = json.loads(render(card))
    jsonschema_rs.Draft202012Validator(SHAPE, validate_formats=True).validate(log)
    found: dict[str, Any] = log["runs"][0]
    return found


@pytest.mark.parametrize(
    "card", [samples.scorecard(), samples.empty(), samples.perfect(), samples.hostile(), samples.large(50, 400)]
)
def test_the_log_has_the_shape_of_the_standard(card: Scorecard) -> None:
    found = run(card)
    rules = found["tool"]["driver"]["rules"]
    for result in found["results"]:
        assert rules[result["ruleIndex"]]["id"] == result["ruleId"]


def test_only_what_is_to_be_repaired_is_a_result() -> None:
    levels = [(r["ruleId"], r["level"]) for r in run(samples.scorecard())["results"]]
    assert levels == [
        ("acceptance.m3.ingest", "warning"),
        ("acceptance.m4.reconcile", "error"),
        ("acceptance.m4.reconcile", "error"),
        ("coverage.lines", "error"),
        ("tests.planted-bugs", "warning"),
        ("ci.pinned-actions", "error"),
        ("ci.pinned-actions", "error"),
        ("history.spread", "note"),
    ]


def test_a_result_tells_place_figures_and_repair() -> None:
    result = run(samples.scorecard())["results"][1]
    place = result["locations"][0]["physicalLocation"]
    assert place["artifactLocation"]["uri"] == "src/data_platform/pipeline/clean.py"
    assert place["region"] == {"startLine": 41}
    assert "Expected 18,204.55, actual 18,204.53. Repair: Use Decimal" in result["message"]["text"]


def test_what_is_blocked_or_unknown_is_a_notification() -> None:
    found = run(samples.scorecard())["invocations"][0]
    assert [n["associatedRule"]["id"] for n in found["toolExecutionNotifications"]] == [
        "acceptance.m6.reports", "docker.builds", "deploy.environment",
    ]  # fmt: skip
    assert found["executionSuccessful"] is True
    crash = samples.finding("docker.builds", "The image builds", unknown("a rule crashed", internal=True))
    assert run(samples.scorecard(findings=(crash,)))["invocations"][0]["executionSuccessful"] is False


def test_a_finding_without_a_place_points_at_the_root() -> None:
    result = run(samples.scorecard())["results"][-1]
    assert result["locations"] == [{"physicalLocation": {"artifactLocation": {"uri": ".", "uriBaseId": "SRCROOT"}}}]


@pytest.mark.parametrize(
    ("path", "uri"),
    [
        ("a b/ü.py", "a%20b/%C3%BC.py"),
        ("javascript:alert(1)", "javascript%3Aalert%281%29"),
        ("//evil.example/x", "evil.example/x"),
        ("\ud800.py", "%3F.py"),
        ("a#b?c\n", "a%23b%3Fc%0A"),
    ],
)
def test_a_path_is_a_relative_reference_whatever_it_is_called(path: str, uri: str) -> None:
    finding = samples.finding("docs.readme", "A README", failed("bad", Location(path)))
    result = run(samples.scorecard(findings=(finding,)))["results"][0]
    assert result["locations"][0]["physicalLocation"]["artifactLocation"]["uri"] == uri


def test_fingerprints_survive_a_moved_line_and_differ_by_path() -> None:
    def prints(line: int) -> list[dict[str, str]]:
        verdict = failed("bad", Location("a.py", line), Location("b.py", line))
        found = samples.findings()[0]._replace(verdict=verdict)
        return [r["partialFingerprints"] for r in run(samples.scorecard(findings=(found,)))["results"]]

    assert prints(1) == prints(9)
    assert prints(1)[0] != prints(1)[1]


def test_hostile_text_makes_no_link_and_no_placeholder() -> None:
    found = run(samples.hostile())
    for result in found["results"]:
        text = result["message"]["text"]
        assert not re.search(r"(?<!\\)[\[\]]", text)
        assert not re.search(r"(?<!\{)\{(?:\{\{)*(?!\{)", text)
        assert "\x1b" not in text
    assert all("<script" not in rule["help"]["markdown"] for rule in found["tool"]["driver"]["rules"])
