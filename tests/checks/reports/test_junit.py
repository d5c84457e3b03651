from __future__ import annotations

from xml.etree.ElementTree import Element

import pytest
from defusedxml import ElementTree

from checks.reports.junit import render

from . import samples


def parsed(text: str) -> Element:
    root: Element = ElementTree.fromstring(text.encode())
    return root


def case(root: Element, name: str) -> Element:
    found = root.find(f".//testcase[@name='{name}']")
    assert found is not None
    return found


def test_each_milestone_is_a_suite_and_each_check_a_case() -> None:
    root = parsed(render(samples.scorecard()))
    assert [suite.get("name") for suite in root] == [
        "m1 Foundations", "m2 Sources and schema", "m3 Ingestion", "m4 Validation and cleaning", "m5 Analytics",
        "m6 Reporting and visualisation", "m9 Quality", "m10 Ship", "history (not scored)",
    ]  # fmt: skip
    assert len(root.findall(".//testcase")) == len(samples.scorecard().findings)


@pytest.mark.parametrize(
    ("name", "tag", "kind", "message"),
    [
        ("acceptance.m4.reconcile", "failure", "fail", "failed: The sum"),
        ("acceptance.m3.ingest", "failure", "partial", "partly: 7 of 9"),
        ("acceptance.m6.reports", "failure", "blocked", "blocked: The worker did not start a report job (repair"),
        ("docker.builds", "error", "error", "not yet known: No container tool"),
        ("infrastructure.mongodb", "skipped", None, "not applicable: No MongoDB"),
        ("operations.runbooks", "skipped", None, "waived: Waived until"),
        ("history.spread", "skipped", None, "advisory, failed: 38 of 41"),
    ],
)
def test_every_state_has_its_outcome(name: str, tag: str, kind: str | None, message: str) -> None:
    found = case(parsed(render(samples.scorecard())), name)
    assert [child.tag for child in found] == [tag]
    assert found[0].get("type") == kind
    assert (found[0].get("message") or "").startswith(message)


def test_a_passed_check_has_no_outcome() -> None:
    assert len(case(parsed(render(samples.scorecard())), "tests.pass")) == 0


def test_a_failure_tells_place_figures_and_repair() -> None:
    found = case(parsed(render(samples.scorecard())), "acceptance.m4.reconcile")
    assert (found.get("file"), found.get("line")) == ("src/data_platform/pipeline/clean.py", "41")
    text = found[0].text or ""
    for part in ("clean.py:41", "load.py:112", "expected 18,204.55", "actual 18,204.53", "repair: Use Decimal"):
        assert part in text
    assert "earned 77.7 % of its points" in (
        case(parsed(render(samples.scorecard())), "acceptance.m3.ingest")[0].text or ""
    )


def test_the_counts_add_up() -> None:
    root = parsed(render(samples.scorecard()))
    assert {k: root.get(k) for k in ("tests", "failures", "errors", "skipped")} == {
        "tests": "18", "failures": "6", "errors": "2", "skipped": "3",
    }  # fmt: skip
    for key in ("tests", "failures", "errors", "skipped"):
        assert root.get(key) == str(sum(int(suite.get(key) or 0) for suite in root))


def test_hostile_text_stays_text() -> None:
    root = parsed(render(samples.hostile()))
    assert {e.tag for e in root.iter()} == {"testsuites", "testsuite", "testcase", "failure", "error", "skipped"}
    everything = "".join(f"{e.text or ''}{''.join(e.attrib.values())}" for e in root.iter())
    assert "<script>" in everything
    assert all(c.isprintable() or c.isspace() for c in everything)


def test_an_empty_repository_is_an_empty_document() -> None:
    assert parsed(render(samples.empty())).get("tests") == "0"
