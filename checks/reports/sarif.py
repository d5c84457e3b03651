"""The scorecard as SARIF 2.1.0, for code-scanning views and editors.

Only what is to be repaired becomes a result, one a place, since viewers show each as an alert. Checks that are blocked
or not yet known have no place in the code: they are notifications of the tool's run.
"""

from __future__ import annotations

import hashlib
import json
from typing import Any
from urllib.parse import quote

from checks.model import Finding, Location, Scorecard, State
from checks.reports import words
from checks.reports.markdown import escape
from checks.reports.text import TITLE, clean

_LEVELS = {State.FAIL: "error", State.PARTIAL: "warning"}
_PLACES = 50
# Viewers ask for a place; a finding about the whole repository points at its root.
_ROOT = Location(".")


def render(scorecard: Scorecard) -> str:
    """Return the log as JSON text."""
    rules = {finding.id: index for index, finding in enumerate(scorecard.findings)}
    run = {
        "tool": {
            "driver": {
                "name": "check",
                "version": clean(scorecard.grader_version, 40),
                "rules": [_rule(finding) for finding in scorecard.findings],
            }
        },
        "automationDetails": {"id": f"check/{quote(clean(scorecard.project, 60), safe='')}/"},
        "originalUriBaseIds": {"SRCROOT": {"description": {"text": "The root of the repository under review."}}},
        "columnKind": "unicodeCodePoints",
        "invocations": [
            {
                "executionSuccessful": not any(f.verdict.internal for f in scorecard.findings),
                "toolExecutionNotifications": [
                    _notification(f, rules[f.id])
                    for f in scorecard.findings
                    if f.verdict.state in (State.ERROR, State.BLOCKED)
                ],
            }
        ],
        "results": [
            _result(f, at, rules[f.id])
            for f in scorecard.findings
            if f.verdict.state in _LEVELS
            for at in f.verdict.locations[:_PLACES] or (_ROOT,)
        ],
    }
    log = {"$schema": "https://json.schemastore.org/sarif-2.1.0.json", "version": "2.1.0", "runs": [run]}
    return json.dumps(log, indent=2) + "\n"


def _rule(finding: Finding) -> dict[str, Any]:
    explanation, repair = clean(finding.explanation, 1500), clean(finding.repair)
    return {
        "id": clean(finding.id, TITLE),
        "shortDescription": {"text": clean(finding.title, TITLE) or "–"},
        "fullDescription": {"text": explanation or "–"},
        "help": {
            "text": f"{explanation}\n\nRepair: {repair}",
            "markdown": f"{escape(finding.explanation, 1500)}\n\n**Repair**: {escape(finding.repair, 600)}",
        },
        "defaultConfiguration": {"level": "note" if finding.advisory else "error"},
        "properties": {"tags": [clean(finding.family, 60)], "effort": finding.effort.value},
    }


def _result(finding: Finding, at: Location, index: int) -> dict[str, Any]:
    verdict = finding.verdict
    text = f"{words.blocked_sentence(finding)}."
    if verdict.expected is not None or verdict.actual is not None:
        text += f" Expected {clean(verdict.expected or '–', 240)}, actual {clean(verdict.actual or '–', 240)}."
    text += f" Repair: {clean(verdict.repair or finding.repair)}"
    place: dict[str, Any] = {"artifactLocation": {"uri": quote(_sound(at.path).lstrip("/")), "uriBaseId": "SRCROOT"}}
    if at.line is not None:
        place["region"] = {"startLine": at.line}
    identity = hashlib.sha256(_sound(f"{finding.id}\0{at.path}").encode()).hexdigest()
    return {
        "ruleId": clean(finding.id, TITLE),
        "ruleIndex": index,
        "level": "note" if finding.advisory else _LEVELS[verdict.state],
        "message": {"text": _plain(text)},
        "locations": [{"physicalLocation": place}],
        "partialFingerprints": {"checkAndPath/v1": identity},
    }


def _notification(finding: Finding, index: int) -> dict[str, Any]:
    label = words.LABELS[finding.verdict.state]
    return {
        "level": "error" if finding.verdict.internal else "warning",
        "message": {"text": _plain(f"{label}: {words.blocked_sentence(finding)}")},
        "associatedRule": {"id": clean(finding.id, TITLE), "index": index},
    }


def _plain(text: str) -> str:
    """Return text without the syntax of links and placeholders that SARIF has even in plain messages (3.11)."""
    for special in "\\[]":
        text = text.replace(special, f"\\{special}")
    return text.replace("{", "{{").replace("}", "}}")


def _sound(path: str) -> str:
    """Return a path that UTF-8 can write; a file name in another encoding keeps the rest of its name."""
    return path.encode("utf-8", "replace").decode()
