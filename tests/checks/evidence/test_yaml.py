"""The YAML reader: values with lines, YAML 1.2 scalars, and bounds."""

from __future__ import annotations

import pytest

from checks.evidence import _yaml
from checks.evidence._yaml import Document, Tagged, YamlMap, YamlProblem, load, load_all, scalar


def read(text: str) -> Document:
    found = load(text)
    assert isinstance(found, Document), found
    return found


def refused(text: str) -> YamlProblem:
    found = load(text)
    assert isinstance(found, YamlProblem)
    return found


def test_keys_are_text_as_they_are_written() -> None:
    assert list(read("on: 1\n200: 2\nyes: 3\n~: 4\n").value) == ["on", "200", "yes", "~"]


@pytest.mark.parametrize(
    ("text", "value"),
    [("", None), ("~", None), ("true", True), ("False", False), ("yes", "yes"), ("on", "on"), ("12", 12), ("-1", -1),
     ("1.5", 1.5), ("1e3", 1000.0), ("08:30", "08:30"), ("2024-01-01", "2024-01-01"), ("1_000", "1_000"),
     ("9" * 30, float("9" * 30)), ("-", "-"), ("1.2.3", "1.2.3")],
)  # fmt: skip
def test_plain_scalars_follow_yaml_1_2(text: str, value: object) -> None:
    assert scalar(text) == value


def test_quoted_and_tagged_scalars_keep_their_kind() -> None:
    value = read("a: '5'\nb: !!str 5\nc: !!int '5'\nd: !Ref X\ne: !Join [a]\nf: ! x\n").value
    assert (value["a"], value["b"], value["c"]) == ("5", "5", 5)
    assert value["d"] == Tagged("!Ref", "X", 4)
    assert value["e"] == Tagged("!Join", ["a"], 5)
    assert value["f"] == "x"


def test_every_value_knows_its_line() -> None:
    value = read("a:\n  - x\n  - y: 1\n    z: 2\n").value
    assert isinstance(value, YamlMap)
    assert value["a"].lines == [2, 3]
    assert value["a"][1].line_of("z") == 4
    assert value["a"][1].line_of("gone") == 3


def test_merge_keys_give_way_to_own_keys() -> None:
    value = read("x: &x {a: 1, b: 2}\ny: &y {c: 3}\nz:\n  b: 9\n  <<: [*x, *y]\nw: {<<: 1}\n").value
    assert value["z"] == {"a": 1, "b": 9, "c": 3}
    assert value["w"] == {"<<": 1}


def test_a_merged_key_that_is_written_again_is_no_duplicate() -> None:
    assert read("x: &x {a: 1}\nz: {<<: *x, a: 2}\n").problems == ()


def test_duplicate_keys_are_reported_and_the_last_wins() -> None:
    document = read("a: 1\nb: 2\na: 3\n")
    assert document.value["a"] == 3
    assert document.problems[0].line == 3
    assert "line 1" in document.problems[0].message


def test_aliases_stand_for_their_values_also_as_keys() -> None:
    assert read("a: &a x\n*a : 1\nb: *a\n").value == {"a": "x", "x": 1, "b": "x"}


def test_several_documents_are_read_or_refused() -> None:
    documents = load_all("a: 1\n---\nb: 2\n")
    assert isinstance(documents, tuple)
    assert [(d.value, d.line) for d in documents] == [({"a": 1}, 1), ({"b": 2}, 2)]
    assert "several documents" in refused("a: 1\n---\nb: 2\n").message
    assert read("").value is None


BOMB = "a0: &a0 [x, x, x, x, x, x, x, x, x, x]\n" + "".join(
    f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 10)}]\n" for n in range(1, 10)
)
CHAIN = "a0: &a0 [1]\n" + "".join(f"a{n}: &a{n} [*a{n - 1}]\n" for n in range(1, 500))


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (BOMB, "more than 100000 values"),
        (CHAIN, "deeper than 100 levels through the alias"),
        ("[" * 900, "deeper than 100 levels"),
        ("[" * 50_000, "nest"),  # the parser has a limit of its own, which newer versions reach first
        ("- " * 50_000, "deeper than 100 levels"),
        ("a: &a [*a]", "before its anchor or inside it"),
        ("a: *b", "before its anchor"),
        ("? [a]\n: 1", "a key must be text"),
        ("a: &a [1]\n*a : 1", "a key must be text"),
        ("a: b: c", "mapping values are not allowed"),
        ("a: \x01", "not allowed in YAML"),
        ("a\0b", "not allowed in YAML"),
        ("\ta: 1", "token"),
    ],
)
def test_hostile_and_broken_texts_are_answered_with_a_problem(text: str, said: str) -> None:
    problem = refused(text)
    assert said in problem.message
    assert problem.line is not None


def test_a_text_that_is_too_long_is_refused() -> None:
    assert "longer than" in refused(" " * (_yaml.MAX_TEXT + 1)).message


def test_lone_surrogates_do_no_harm() -> None:
    assert read("\ud800: 1").value == {"?": 1}
