"""Which files are templates, what is read from them, and what hostile ones come to."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from checks.evidence import _cloudformation as values
from checks.evidence._yaml import YamlList
from checks.evidence.infrastructure import Call, Infrastructure, Template, collect, given_in, parse
from checks.testing import repository

TINY = 'Resources: {Q: {Type: "AWS::SQS::Queue"}}\n'


def read(root: Path, **files: str | bytes) -> Infrastructure:
    return collect(repository(root, files))


def template(text: str) -> Template:
    found = parse("t.yaml", text)
    assert found is not None
    return found


def test_templates_are_found_by_what_they_hold(tmp_path: Path) -> None:
    found = read(tmp_path, **{
        "a.yml": TINY,
        "b.json": json.dumps({"AWSTemplateFormatVersion": "2010-09-09", "Resources": {}}, indent="\t"),
        "c.yaml": "text: AWS::SQS::Queue\n",
        "tests/fixtures/d.yaml": TINY,
        "e.yaml": "# AWS::SQS::Queue\nResources: {A: {Type: Deployment}}\n",
        "f.yaml": "[AWS::SQS::Queue\n",
        "g.yaml": "- AWS::SQS::Queue\n",
        "big.yaml": TINY + "#" * (1 << 20),
        "cdk.json": "{}",
    })  # fmt: skip
    assert [t.path for t in found.templates] == ["a.yml", "b.json"]
    assert found.others == (("CDK", "cdk.json"),)


def test_both_spellings_of_a_function_are_the_same() -> None:
    short = template("Resources: {A: {Type: 'AWS::A::B', Properties: {X: !GetAtt [B, Arn], Y: !Ref C}}}")
    long = template("Resources: {A: {Type: 'AWS::A::B', Properties: {X: {'Fn::GetAtt': B.Arn}, Y: {Ref: C}}}}")
    assert short.resources[0].properties == long.resources[0].properties
    assert [(r.name, r.kind) for r in long.references] == [("B", "attribute"), ("C", "ref")]


@pytest.mark.parametrize(
    "text",
    [
        "AWSTemplateFormatVersion: x\nResources: {A: &a [*a]}",
        "AWSTemplateFormatVersion: x\nResources: " + "[" * 500,
        "AWSTemplateFormatVersion: x\nResources: {A: 1, B: {Type: 7}, C: {Type: nothing}}",
        "AWSTemplateFormatVersion: x\nResources: []",
        "AWSTemplateFormatVersion: x\x00",
    ],
)
def test_what_cannot_be_deployed_is_a_problem_told(text: str) -> None:
    assert template(text).problems


def test_strange_functions_are_read_without_harm() -> None:
    found = template(
        "Resources: {A: {Type: 'AWS::A::B', Properties: "
        "{X: !Sub [], Y: !Ref [1], Z: !If [A], W: !FindInMap [1, 2], V: !Join [1], U: !GetAtt {a: b}, T: !Select [0, !Ref Q]}}}"
    )
    for value in found.resources[0].properties.values():
        assert values.alternatives(found, value)
        assert isinstance(values.text(found, value), str)
    assert ("Q", "ref") in [(r.name, r.kind) for r in found.references]


def test_the_same_line_ending_and_encoding_problems_do_no_harm(tmp_path: Path) -> None:
    assert read(tmp_path, **{"a.yaml": b"\xef\xbb\xbf" + TINY.replace("\n", "\r\n").encode() + b"# \xff\n"}).templates


@pytest.mark.parametrize("text", ["", "[", "1", "[1]", '{"Parameters": 1}', "[" * 100_000])
def test_a_file_without_parameters_gives_none(text: str) -> None:
    assert given_in(text) == {}


def test_a_parameter_file_is_for_the_template_that_has_all_of_its_parameters(tmp_path: Path) -> None:
    stack = TINY + "Parameters: {A: {Type: String, Default: d}, B: {Type: String}}\n"
    found = read(tmp_path, **{
        "t.yaml": stack,
        "one.json": '{"Parameters": {"A": 1}}',
        "other.json": '{"Parameters": {"A": 2, "C": 3}}',
    })  # fmt: skip
    tree = found.templates[0]
    assert values.alternatives(tree, Call("Ref", "A", 1)) == ("1",)
    assert values.text(tree, Call("Sub", "${A}-${B}-${!C}", 1)) == "1-${B}-${!C}"


CONDITIONS = """\
Parameters: {P: {Type: String}}
Conditions:
  Same: !Equals [a, a]
  Other: !Equals [a, b]
  Open: !Equals [!Ref P, b]
  Not: !Not [!Condition Same]
  And: !And [!Condition Same, !Condition Other]
  Or: !Or [!Condition Open, !Condition Same]
  Perhaps: !Or [!Condition Open, !Condition Other]
  Loop: !Not [!Condition Loop]
  Odd: !Nothing [a]
"""


@pytest.mark.parametrize(
    ("condition", "made"),
    [("Same", True), ("Other", False), ("Open", True), ("Not", False), ("And", False), ("Or", True), ("Perhaps", True),
     ("Loop", True), ("Odd", True), ("Unknown", True)],
)  # fmt: skip
def test_a_resource_whose_condition_never_holds_is_not_there(condition: str, made: bool) -> None:
    tree = template(CONDITIONS + f"Resources: {{A: {{Type: 'AWS::A::B', Condition: {condition}}}}}\n")
    assert bool(values.live(tree)) is made


def test_a_mapping_gives_every_row_that_may_be_meant() -> None:
    tree = template(TINY + "Mappings: {M: {a: {k: 1}, b: {k: 2}}}\n")
    every = YamlList(1)
    every.extend(["M", Call("Ref", "P", 1), "k"])
    assert values.alternatives(tree, Call("FindInMap", every, 1)) == (1, 2)
    one = YamlList(1)
    one.extend(["M", "b", "k"])
    assert values.alternatives(tree, Call("FindInMap", one, 1)) == (2,)


def test_words_of_yes_and_no_and_numbers_as_text() -> None:
    assert values.is_true("True")
    assert values.is_false("false")
    assert not values.is_true(1)
    assert not values.is_false(None)
    assert values.number("7") == 7
    assert values.number(True) is None
    assert values.number("x") is None
    assert values.text(template(TINY), True) == "true"
    assert values.target("${A.Arn}") == "A"
