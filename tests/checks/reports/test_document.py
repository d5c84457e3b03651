from __future__ import annotations

import copy
import json
from collections.abc import Iterator
from fractions import Fraction
from pathlib import Path
from typing import Any

import jsonschema_rs
import pytest

from checks.model import Scorecard
from checks.reports import document
from checks.reports.document import ScorecardFormatError, from_document, loads, render, schema, to_document

from . import samples

CARDS = {
    "realistic": samples.scorecard(),
    "empty": samples.empty(),
    "perfect": samples.perfect(),
    "hostile": samples.hostile(),
}
every_card = pytest.mark.parametrize("card", CARDS.values(), ids=CARDS.keys())


def refusal(data: object) -> ScorecardFormatError:
    with pytest.raises(ScorecardFormatError) as caught:
        from_document(data)
    return caught.value


def sample() -> dict[str, Any]:
    return to_document(samples.scorecard())


@every_card
def test_nothing_is_lost_on_the_way_to_text_and_back(card: Scorecard) -> None:
    assert from_document(to_document(card)) == card
    assert loads(render(card)) == card
    assert loads(render(card).encode()) == card


@every_card
def test_every_document_is_as_the_published_schema_says(card: Scorecard) -> None:
    jsonschema_rs.Draft202012Validator(schema()).validate(json.loads(render(card)))


def test_the_schema_is_valid_and_the_published_copy_is_the_same_file() -> None:
    assert jsonschema_rs.meta.is_valid(schema())
    published = Path(__file__).parents[3] / "docs/schema/scorecard.schema.json"
    assert json.loads(published.read_text("utf-8")) == schema()


@every_card
def test_the_text_is_plain_ascii_so_that_showing_it_does_nothing(card: Scorecard) -> None:
    text = render(card)
    assert text.isascii()
    assert all(c == "\n" or c.isprintable() for c in text)


def test_figures_for_people_round_down_and_the_exact_ones_stay() -> None:
    card = samples.scorecard(earned=Fraction(8999, 100), possible=Fraction(100))
    score = to_document(card)["score"]
    assert (score["earned"], score["percent"], score["points"]) == ("8999/100", 89.9, 89.9)


def test_line_numbers_stand_on_one_line() -> None:
    assert '"missing": [14, 15],' in render(samples.scorecard())


def places(value: object, pointer: tuple[str | int, ...] = ()) -> Iterator[tuple[str | int, ...]]:
    if isinstance(value, dict):
        for name, item in value.items():
            yield (*pointer, name)
            yield from places(item, (*pointer, name))
    elif isinstance(value, list) and value:
        yield (*pointer, 0)
        yield from places(value[0], (*pointer, 0))


def changed(pointer: tuple[str | int, ...], value: object, *, drop: bool = False) -> dict[str, Any]:
    data = copy.deepcopy(sample())
    holder: Any = data
    for step in pointer[:-1]:
        holder = holder[step]
    if drop:
        del holder[pointer[-1]]
    else:
        holder[pointer[-1]] = value
    return data


@pytest.mark.parametrize("pointer", list(places(sample())), ids=lambda p: "/".join(map(str, p)))
def test_every_place_is_read_strictly_and_the_schema_agrees(pointer: tuple[str | int, ...]) -> None:
    validator = jsonschema_rs.Draft202012Validator(schema())
    name = "/" + "/".join(map(str, pointer))
    for wrong in ([[]], {"x": 1}, -1, True, "\u2603"):
        data = changed(pointer, wrong)
        if not validator.is_valid(data):
            assert refusal(data).pointer.startswith(name)
    if isinstance(pointer[-1], str):
        missing = changed(pointer, None, drop=True)
        assert refusal(missing).pointer == name
        assert not validator.is_valid(missing)


@pytest.mark.parametrize(
    ("pointer", "value", "problem"),
    [
        (("schema",), 2, "this version reads 1"),
        (("score", "earned"), "2/4", "lowest terms"),
        (("score", "earned"), "01/2", "lowest terms"),
        (("score", "earned"), "1/0", "exact number"),
        (("score", "earned"), "0.5", "exact number"),
        (("score", "earned"), "9" * 401 + "/1", "exact number"),
        (("score", "possible"), "9" * 300 + "/1", "too large"),
        (("score", "earned"), "101/1", "more than possible"),
        (("score", "percent"), 99.9, "contradicts"),
        (("score", "provisional"), False, "contradicts"),
        (("score", "measured_checks"), 17, "contradicts"),
        (("milestones", 0, "percent"), 12.5, "contradicts"),
        (("findings", 0, "verdict", "credit"), "2/1", "more than 1"),
        (("findings", 0, "verdict", "state"), "great", "not one of"),
        (("findings", 3, "verdict", "locations", 0, "line"), 0, "line number"),
        (("findings", 1, "id"), "acceptance.m1.boots", "twice"),
        (("coverage", "covered"), 10_000, "more than total"),
        (("coverage", "files", 0, "covered"), 10_000, "more than executable"),
        (("subject", "files"), 2**60, "whole number"),
        (("originality", "reference"), 311, "not the sum of the files"),
        (("originality", "largely_reference"), True, "contradicts"),
        (("originality", "shares", "own", "percent"), 99.9, "contradicts"),
        (("seconds",), 1e300, "number from 0"),
        (("graded_at",), "yesterday", "RFC 3339"),
        (("notes",), "one", "not an array"),
        (("extra~/x",), 1, "not part"),
    ],
)
def test_a_document_that_contradicts_itself_is_refused(
    pointer: tuple[str | int, ...], value: object, problem: str
) -> None:
    error = refusal(changed(pointer, value))
    steps = [str(p).replace("~", "~0").replace("/", "~1") for p in pointer]
    assert error.pointer == "/" + "/".join(steps)
    assert problem in str(error)


@pytest.mark.parametrize("data", [None, [], "x", 1, {}])
def test_what_is_no_object_is_refused(data: object) -> None:
    refusal(data)


@pytest.mark.parametrize(
    "text",
    ["", "{", "[" * 100_000, '{"schema": NaN}', '{"schema": 1, "schema": 1}', "1" * 5000, b"\xff\xfe\x00"],
    ids=["empty", "cut", "deep", "nan", "twice", "digits", "bytes"],
)
def test_text_that_is_not_plain_json_is_refused(text: str | bytes) -> None:
    with pytest.raises(ScorecardFormatError, match="is not JSON"):
        loads(text)


def test_a_text_over_the_limit_is_not_even_parsed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(document, "LIMIT", 10)
    with pytest.raises(ScorecardFormatError, match="is larger than 10"):
        loads(render(samples.scorecard()))


def test_an_error_says_hostile_names_safely() -> None:
    error = refusal(sample() | {"\x1b[31m" + "n" * 10_000: 1})
    assert str(error).isprintable()
    assert len(str(error)) <= 400


def test_a_whole_number_of_seconds_is_as_good_as_a_decimal_one() -> None:
    data = json.loads(render(samples.scorecard()._replace(seconds=3.0)).replace('"seconds": 3.0', '"seconds": 3'))
    assert from_document(data).seconds == 3.0
