"""Tokens that scenarios make are what they say, and wrong in just one way."""

from __future__ import annotations

import pytest

from checks.acceptance import tokens

CLAIMS = {"sub": "7", "jti": "0f6c1a52-93c4-4a54-8e3b-0c6a7d1f2b33", "role": "user"}
KEY = "k" * 32


def test_a_signed_token_can_be_read_and_its_signature_made_again() -> None:
    token = tokens.sign(CLAIMS, KEY)
    body, _, signature = token.rpartition(".")
    assert tokens.read(token) == ({"alg": "HS256", "typ": "JWT"}, CLAIMS)
    assert signature == tokens.signature(body, KEY) != tokens.signature(body, KEY[::-1] + "x")


def test_the_algorithm_none_has_an_empty_signature() -> None:
    assert tokens.sign(CLAIMS, KEY, "none").endswith(".")


@pytest.mark.parametrize(
    ("change", "part"),
    [(tokens.with_payload_changed, 1), (tokens.with_signature_changed, 2)],
    ids=["payload", "signature"],
)
def test_a_change_touches_its_own_part_only(change, part: int) -> None:  # type: ignore[no-untyped-def]
    token = tokens.sign(CLAIMS, KEY)
    before, after = token.split("."), change(token).split(".")
    assert [n for n in range(3) if before[n] != after[n]] == [part]
    assert {name for name, value in tokens.read(change(token))[1].items() if CLAIMS[name] != value} <= {"jti"}


def test_claims_can_be_changed_below_the_old_signature() -> None:
    token = tokens.sign(CLAIMS, KEY)
    changed = tokens.with_claims_changed(token, role="admin")
    assert tokens.read(changed)[1] == {**CLAIMS, "role": "admin"}
    assert changed.rpartition(".")[2] == token.rpartition(".")[2]
