"""What an `if:` comes to, as far as the tree tells."""

from __future__ import annotations

import pytest

from checks.evidence._expressions import UNKNOWN, condition, evaluate

CONTEXT: dict[str, object] = {
    "github.event_name": "push", "github.ref": "refs/heads/main", "list": ["a"], "yes": True, "odd": object(), "n": None,
}  # fmt: skip


@pytest.mark.parametrize(
    ("text", "normal", "broken"),
    [
        (None, True, False),
        (True, True, False),
        (False, False, False),
        ("false", False, False),
        ("${{ false }}", False, False),
        ("${{ false }} || x", True, False),
        ("github.event_name == 'PUSH'", True, False),
        ("github['event_name'] != 'push'", False, False),
        ("vars.X", None, False),
        ("vars.X && false", False, False),
        ("vars.X && true", None, False),
        ("vars.X || true", True, False),
        ("vars.X || vars.Y", None, False),
        ("false || yes", True, False),
        ("!vars.X", None, False),
        ("!(yes && list)", False, False),
        ("always()", True, True),
        ("failure()", False, True),
        ("success()", True, False),
        ("!cancelled()", True, True),
        ("failure() && vars.X", False, None),
        ("startsWith(github.ref, 'refs/tags/')", False, False),
        ("endsWith(github.ref, 'MAIN')", True, False),
        ("contains(list, 'A')", True, False),
        ("contains(vars.X, 'A')", None, False),
        ("contains('a')", None, False),
        ("fromJSON('[1]')", None, False),
        ("1 < 2", True, False),
        ("0x10 >= 16", True, False),
        ("'a' > 'b'", False, False),
        ("'b' <= 'a'", False, False),
        ("'x' == 0", False, False),
        ("n == ''", True, False),
        ("null", False, False),
        ("list == 1", None, False),
        ("list[0] == 1", None, False),
        ("a.*.b", None, False),
        ("odd", None, False),
        ("'it''s' == 'it''s'", True, False),
        ("((", None, False),
        ("a b", None, False),
        ("a.", None, False),
        ("(a", None, False),
        ("&&", None, False),
        ("#", None, False),
        ("", None, False),
        ("!" * 100 + "a", None, False),
        ("x" * 5_000, None, False),
    ],
)
def test_conditions(text: object, normal: bool | None, broken: bool | None) -> None:
    assert (condition(text, CONTEXT), condition(text, CONTEXT, failed=True)) == (normal, broken)


def test_values_are_those_of_the_language() -> None:
    assert evaluate("yes && 'a' || 'b'", CONTEXT) == "a"
    assert repr(evaluate("vars.X", CONTEXT)) == repr(UNKNOWN) == "UNKNOWN"
