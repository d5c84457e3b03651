"""Planted bugs, the pure part: which changes there are, and which of them are chosen."""

from __future__ import annotations

import pytest

from checks.mutations import Mutation, mutations, sample


def changes(path: str, text: str) -> list[tuple[int, str, str]]:
    lines = range(1, text.count("\n") + 2)
    return [(m.line, m.before, m.after) for m in mutations(path, text.encode(), lines)]


@pytest.mark.parametrize(
    ("code", "expected"),
    [
        ("a < b", [("<", "<=")]),
        ("a >= b", [(">=", ">")]),
        ("a == b", [("==", "!=")]),
        ("a is not b", [("is not", "is")]),
        ("a not in b", [("not in", "in")]),
        ("a and b", [("and", "or")]),
        ("a + b", [("+", "-")]),
        ("a // b", [("//", "*")]),
        ("a += b", [("+=", "-=")]),
        ("not a", [("not", "")]),
        ("9", [("9", "10")]),
        ("True", [("True", "False")]),
        ("'1 < 2'", []),
        ("1.5", []),
        ("0x10", []),
        ("12345678901234567890123", []),
    ],
)
def test_python_is_changed_by_one_operator_constant_or_condition(code: str, expected: list[tuple[str, str]]) -> None:
    assert [(before, after) for _, before, after in changes("a.py", code)] == expected


def test_declarations_comments_and_logs_are_left_alone() -> None:
    code = "import a\n@d(1)\ndef f(a: L[1] = None) -> T[2]:  # 1 < 2\n    log.info('x', 1 + 2)\n    return None\n"
    assert changes("a.py", code) == []


def test_only_the_lines_asked_for_are_changed() -> None:
    source = b"a = 1\nb = 2\nc = 3\n"
    assert [m.line for m in mutations("a.py", source, {2, 9})] == [2]


@pytest.mark.parametrize(
    ("path", "code", "expected"),
    [
        ("a.rb", "return true if !a && b >= 3", [("true", "false"), ("!", ""), ("&&", "||"), (">=", ">"), ("3", "4")]),
        ("a.rb", "Rails.logger.info(1 + 1)", []),
        (
            "a.js",
            "if (!a || b === 2) { c += 1 }",
            [("!", ""), ("||", "&&"), ("===", "!=="), ("2", "3"), ("+=", "-="), ("1", "2")],
        ),
        ("a.ts", "const f = (a: 1): boolean => a < 2", [("<", "<="), ("2", "3")]),
        ("a.tsx", "const f = <b>{a > 2}</b>", [(">", ">="), ("2", "3")]),
    ],
)
def test_ruby_and_javascript_are_changed_by_the_same_engine(
    path: str, code: str, expected: list[tuple[str, str]]
) -> None:
    assert [(before, after) for _, before, after in changes(path, code)] == expected


def test_a_change_is_applied_to_bytes_and_nothing_else_moves() -> None:
    source = "x = 'ü' if a<1 else b\n".encode()
    (relation,) = (m for m in mutations("a.py", source, {1}) if m.before == "<")
    assert relation.apply(source).decode() == "x = 'ü' if a<=1 else b\n"


def test_a_language_without_a_grammar_is_refused() -> None:
    with pytest.raises(ValueError, match=r"a\.cobol: there is no grammar for \.cobol"):
        mutations("a.cobol", b"", {1})


def test_code_that_nests_deeply_is_walked() -> None:
    assert len(changes("a.py", "(" * 5000 + "1" + ")" * 5000)) <= 1


def candidates(kind: str, count: int, path: str = "a.py") -> list[Mutation]:
    return [Mutation(path, line, line, line + 1, "<", "<=", kind) for line in range(count)]


def test_a_sample_is_the_same_for_the_same_seed_and_another_for_another() -> None:
    many = candidates("relation", 200)
    assert sample(many, 20, "one") == sample(reversed(many), 20, "one")
    assert sample(many, 20, "one") != sample(many, 20, "two")
    assert len(sample(many, 20, "one")) == 20


def test_a_sample_takes_one_change_a_line() -> None:
    twice = [*candidates("relation", 5), *(m for m in candidates("logic", 5))]
    assert len(sample(twice, 20, "seed")) == 5


def test_constants_are_at_most_a_third_of_a_sample() -> None:
    mixed = [*candidates("constant", 300), *candidates("relation", 30, "b.py")]
    kinds = [m.kind for m in sample(mixed, 20, "seed")]
    assert (len(kinds), kinds.count("constant")) == (20, 6)
