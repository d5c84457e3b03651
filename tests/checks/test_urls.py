"""URLs of a deployment, as they are given on the command line."""

from __future__ import annotations

import pytest

from checks.urls import WrongUrl, read_urls

PROCESSES = ("api", "admin")


def test_without_a_name_it_is_the_first_processs() -> None:
    assert read_urls(["https://shop.example/base/"], PROCESSES) == {"api": "https://shop.example/base"}


def test_each_process_may_have_one() -> None:
    given = ["api=https://a.example", "admin=http://localhost:8100"]
    assert read_urls(given, PROCESSES) == {"api": "https://a.example", "admin": "http://localhost:8100"}


def test_an_equals_sign_in_the_address_is_no_name() -> None:
    assert read_urls(["https://a.example/?x=1"], PROCESSES) == {"api": "https://a.example/?x=1"}


@pytest.mark.parametrize(
    ("given", "words"),
    [
        (["web=https://a.example"], "there is no process 'web'"),
        (["a.example"], "is no address"),
        (["ftp://a.example"], "is no address"),
        (["https://"], "is no address"),
        (["https://a.example", "https://b.example"], "api has a URL already"),
    ],
)
def test_what_cannot_be_used_is_named(given: list[str], words: str) -> None:
    with pytest.raises(WrongUrl, match=words):
        read_urls(given, PROCESSES)
