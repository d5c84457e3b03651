"""Seeded faults are read strictly: a fault that is not what it says would prove nothing."""

from __future__ import annotations

from pathlib import Path

import pytest

from checks.verification.faults import BrokenFault, Fault, parse, read

DIFF = "diff --git a/x b/x\n--- a/x\n+++ b/x\n@@ -1 +1 @@\n-1\n+2\n"


def test_headers_and_diff_are_taken_apart() -> None:
    text = f"Title: Money as floats\nCheck: acceptance.m4.reconciliation\nAlso: m5, tests.pass\n\n{DIFF}"
    assert parse("float", text) == Fault(
        "float", "Money as floats", "acceptance.m4.reconciliation", ("m5", "tests.pass"), DIFF
    )


@pytest.mark.parametrize(
    ("text", "words"),
    [
        (f"Title: x\n\n{DIFF}", "has no Check"),
        (f"Check: a.b\n\n{DIFF}", "has no Title"),
        (f"Title: x\nCheck: a.b\nWhy: because\n\n{DIFF}", "'Why: because' is no header"),
        (f"Title: x\nTitle: y\nCheck: a.b\n\n{DIFF}", "is no header"),
        ("Title: x\nCheck: a.b\n\nwords only\n", "holds no diff"),
        (DIFF, "is no header"),
    ],
)
def test_what_is_missing_or_too_much_is_named(text: str, words: str) -> None:
    with pytest.raises(BrokenFault, match=words) as caught:
        parse("float", text)
    assert "faults/float.patch" in str(caught.value)


def test_faults_come_in_the_order_of_their_names(tmp_path: Path) -> None:
    for name in ("b", "a"):
        (tmp_path / f"{name}.patch").write_text(f"Title: {name}\nCheck: a.b\n\n{DIFF}")
    assert [f.name for f in read(tmp_path)] == ["a", "b"]
    assert read(tmp_path / "none") == ()
