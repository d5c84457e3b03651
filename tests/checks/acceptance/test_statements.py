"""Statements are counted whatever way a client sends them, and however its bytes are cut."""

from __future__ import annotations

import struct

import pytest

from checks.acceptance.statements import Statements
from checks.model import NotMeasured

STARTUP = struct.pack(">ii", 8 + 10, 196_608) + b"user\0who\0\0"
TLS = struct.pack(">ii", 8, 80_877_103)


def message(kind: bytes, body: bytes) -> bytes:
    return kind + struct.pack(">i", 4 + len(body)) + body


def query(text: bytes) -> bytes:
    return message(b"Q", text + b"\0")


PREPARED = (
    message(b"P", b"a1\0SELECT 2\0\0\0")
    + message(b"B", b"\0a1\0\0\0\0\0\0\0")
    + message(b"D", b"P\0")
    + message(b"E", b"\0\0\0\0\0")
    + message(b"S", b"")
)
AGAIN = message(b"B", b"\0a1\0\0\0\0\0\0\0") + message(b"E", b"\0\0\0\0\0")


@pytest.mark.parametrize("size", [1, 3, 1000])
def test_simple_and_prepared_statements_count_each_time_they_are_executed(size: int) -> None:
    statements = Statements()
    passes = statements.connection()
    sent = TLS + STARTUP + query(b"SELECT 1") + PREPARED + AGAIN
    with statements.counted() as seen:
        for start in range(0, len(sent), size):
            passes(sent[start : start + size])
    assert seen == ["SELECT 1", "SELECT 2", "SELECT 2"]


def test_what_only_begins_ends_or_sets_is_left_out() -> None:
    statements = Statements()
    passes = statements.connection()
    with statements.counted() as seen:
        passes(STARTUP)
        for text in (b"BEGIN", b"SET client_min_messages TO 'warning'", b"SHOW TIME ZONE", b"SETTLE", b"COMMIT"):
            passes(query(text))
    assert seen == ["SETTLE"]


def test_only_what_comes_during_the_block_counts_from_all_connections() -> None:
    statements = Statements()
    first, second = statements.connection(), statements.connection()
    first(STARTUP + PREPARED)
    with statements.counted() as seen:
        first(AGAIN)
        second(STARTUP + query(b"SELECT 3"))
    first(AGAIN)
    assert seen == ["SELECT 2", "SELECT 3"]


def test_an_encrypted_connection_is_not_measured() -> None:
    statements = Statements()
    statements.connection()(TLS + b"\x16\x03\x01\x02\x00\x01")
    with pytest.raises(NotMeasured, match="encrypted"), statements.counted():
        pass
