from pathlib import Path

import pytest

from checks.formats.junit import SIZE_LIMIT, ReportProblem, read

HEAD = '<?xml version="1.0"?>'


def report(root: Path, text: str) -> Path:
    path = root / "r.xml"
    path.write_text(text)
    return path


def test_every_outcome_is_read(tmp_path: Path) -> None:
    found = read(
        report(
            tmp_path,
            HEAD + '<testsuites><testsuite><testcase classname="a" name="ok" time="0.5" file="a.py"/>'
            '<testcase name="bad"><failure message="no"/></testcase>'
            '<testcase name="worse"><failure/><error>boom</error></testcase>'
            '<testcase name="not"><skipped message="later"/></testcase></testsuite></testsuites>',
        )
    )
    assert [(c.name, c.outcome, c.message) for c in found.cases] == [
        ("ok", "passed", ""),
        ("bad", "failed", "no"),
        ("worse", "error", "boom"),
        ("not", "skipped", "later"),
    ]
    assert found.count("passed") == 1
    assert found.cases[0].seconds == 0.5


def test_a_time_that_is_no_time_is_zero(tmp_path: Path) -> None:
    cases = "".join(f'<testcase name="a" time="{t}"/>' for t in ("soon", "-1", "nan", "inf"))
    assert {c.seconds for c in read(report(tmp_path, f"<testsuite>{cases}</testsuite>")).cases} == {0.0}


@pytest.mark.parametrize(
    "text",
    [
        "",
        "<testsuite>",
        HEAD + '<!DOCTYPE a [<!ENTITY b "c">]><testsuite><testcase name="&b;"/></testsuite>',
        HEAD + '<!DOCTYPE a SYSTEM "file:///etc/passwd"><testsuite/>',
    ],
)
def test_a_report_that_is_broken_or_uses_entities_is_refused(tmp_path: Path, text: str) -> None:
    with pytest.raises(ReportProblem, match="cannot be read"):
        read(report(tmp_path, text))


def test_a_missing_or_giant_report_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ReportProblem, match="no test report"):
        read(tmp_path / "none.xml")
    with (tmp_path / "big.xml").open("wb") as stream:
        stream.truncate(SIZE_LIMIT + 1)
    with pytest.raises(ReportProblem, match="larger"):
        read(tmp_path / "big.xml")
