"""The client of the commerce API, against a pretended shop."""

import logging
import socket
import time
from collections.abc import Callable
from threading import Event

import pytest

from data_platform import commerce
from data_platform.commerce import CommerceApi, CommerceError, Page, TemporaryError, parse, with_retries
from data_platform.observability.request_id import request_id
from tests.shop import Reply, open_shop, order, page

TOKEN = "s3cret-token"


def page_of(*, cursor: str = "1") -> Page:
    return Page([], cursor, False, b"")


def test_a_page_comes_with_its_orders_and_cursor() -> None:
    reply = page(order(1), next_cursor="1041", has_more=True)
    with open_shop(reply) as shop:
        assert CommerceApi(shop.url, TOKEN).page(None) == Page([order(1)], "1041", True, reply.body)


def test_each_request_has_path_cursor_token_and_request_id() -> None:
    with open_shop(page(next_cursor="8")) as shop, request_id("upload-7"):
        CommerceApi(f"{shop.url}/", TOKEN).page(None)
        CommerceApi(shop.url, TOKEN).page("a&b=c d")
    assert [(request.path, request.cursor) for request in shop.requests] == [
        ("/api/v1/orders/export", None),
        ("/api/v1/orders/export", "a&b=c d"),
    ]
    assert {request.headers["authorization"] for request in shop.requests} == {f"Bearer {TOKEN}"}
    assert {request.headers["x-request-id"] for request in shop.requests} == {"upload-7"}


def test_a_request_that_nobody_caused_has_an_id_of_its_own() -> None:
    with open_shop(page(next_cursor="8")) as shop:
        CommerceApi(shop.url, TOKEN).page(None)
        CommerceApi(shop.url, TOKEN).page(None)
    first, second = (request.headers["x-request-id"] for request in shop.requests)
    assert len(first) == 32
    assert first != second


@pytest.mark.parametrize("status", [429, 500, 503, 599])
def test_an_answer_that_may_get_better_is_temporary(status: int) -> None:
    with open_shop(Reply(status)) as shop, pytest.raises(TemporaryError) as failure:
        CommerceApi(shop.url, TOKEN).page(None)
    assert str(failure.value) == f"The commerce API answered {status}."
    assert failure.value.retry_after == 0


@pytest.mark.parametrize("status", [201, 204, 302, 401, 404, 428, 430, 499])
def test_any_other_answer_is_final(status: int) -> None:
    with open_shop(Reply(status, headers={"Location": "/elsewhere"})) as shop, pytest.raises(CommerceError) as failure:
        CommerceApi(shop.url, TOKEN).page(None)
    assert type(failure.value) is CommerceError
    assert str(failure.value) == f"The commerce API answered {status}."
    assert len(shop.requests) == 1


@pytest.mark.parametrize(
    ("value", "seconds"), [("3", 3), ("0", 0), ("-1", 0), ("1.5", 0), ("Wed, 21 Oct 2026 07:28:00 GMT", 0), ("²", 0)]
)
def test_retry_after_is_read_in_seconds(value: str, seconds: float) -> None:
    reply = Reply(429, headers={"Retry-After": value.encode().decode("latin-1")})
    with open_shop(reply) as shop, pytest.raises(TemporaryError) as failure:
        CommerceApi(shop.url, TOKEN).page(None)
    assert failure.value.retry_after == seconds


def test_nobody_listening_is_temporary() -> None:
    with socket.socket() as reserved:
        reserved.bind(("127.0.0.1", 0))  # taken, but not listening: a connection is refused
        with pytest.raises(TemporaryError, match=r"The commerce API could not be reached, or broke off\."):
            CommerceApi(f"http://127.0.0.1:{reserved.getsockname()[1]}", TOKEN).page(None)


def test_an_answer_that_breaks_off_is_temporary() -> None:
    with open_shop(Reply(body=b"{}", headers={"Content-Length": "100"})) as shop, pytest.raises(TemporaryError):
        CommerceApi(shop.url, TOKEN).page(None)


def test_a_shop_that_never_answers_is_given_up_in_time() -> None:
    gone = Event()
    with open_shop(Reply(before=lambda: gone.wait(5))) as shop:
        start = time.monotonic()
        with pytest.raises(TemporaryError) as failure:
            CommerceApi(shop.url, TOKEN, seconds=0.3).page(None)
        assert 0.3 <= time.monotonic() - start < 3
        gone.set()
    assert str(failure.value) == "The commerce API did not answer within 0.3 seconds."


def test_a_shop_that_drips_is_given_up_in_time_too() -> None:
    with open_shop(Reply(body=b" " * 1000, drip=0.05)) as shop:
        start = time.monotonic()
        with pytest.raises(TemporaryError, match=r"did not answer within 0\.3 seconds"):
            CommerceApi(shop.url, TOKEN, seconds=0.3).page(None)
        assert 0.3 <= time.monotonic() - start < 3


def test_the_time_limit_is_five_seconds_unless_told_otherwise() -> None:
    assert commerce.REQUEST_SECONDS == 5


@pytest.mark.parametrize(("size", "refused"), [(2000, False), (2001, True)])
def test_an_answer_without_end_is_cut_off(monkeypatch: pytest.MonkeyPatch, size: int, refused: bool) -> None:
    monkeypatch.setattr(commerce, "MOST_BYTES", 2000)
    reply = page(next_cursor="1")
    with open_shop(Reply(body=reply.body.ljust(size))) as shop:
        if refused:
            with pytest.raises(CommerceError, match="sent more than 2000 bytes for one page"):
                CommerceApi(shop.url, TOKEN).page(None)
        else:
            assert CommerceApi(shop.url, TOKEN).page(None).next_cursor == "1"


def test_no_more_is_read_of_an_answer_than_shows_that_it_is_too_large(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(commerce, "MOST_BYTES", 2000)
    gone = Event()
    rest_never_comes = Reply(body=b" " * 2001, headers={"Content-Length": "9999"}, after=lambda: gone.wait(30))
    with open_shop(rest_never_comes) as shop:
        with pytest.raises(CommerceError, match="sent more than 2000 bytes"):
            CommerceApi(shop.url, TOKEN).page(None)
        gone.set()


def test_the_token_is_in_no_log_line_and_no_message(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    with open_shop(Reply(401)) as shop, pytest.raises(CommerceError) as failure:
        CommerceApi(shop.url, TOKEN).page(None)
    assert TOKEN not in caplog.text
    assert TOKEN not in repr(failure.value)


@pytest.mark.parametrize(
    ("body", "what"),
    [
        (b"<html>", "sent an answer that is not JSON"),
        (b"\xff", "sent an answer that is not JSON"),
        (b"[" * 100_000, "sent an answer that is not JSON"),
        (b'{"items": [NaN], "next_cursor": "1", "has_more": false}', "sent an answer that is not JSON"),
        (b"[]", "sent an answer that is not a page of orders"),
        (b'{"next_cursor": "1", "has_more": false}', "sent a page without a list of items"),
        (b'{"items": {}, "next_cursor": "1", "has_more": false}', "sent a page without a list of items"),
        (b'{"items": [], "has_more": false}', "sent a page without a next_cursor"),
        (b'{"items": [], "next_cursor": 7, "has_more": false}', "sent a page without a next_cursor"),
        (b'{"items": [], "next_cursor": "", "has_more": false}', "sent a page without a next_cursor"),
        (b'{"items": [], "next_cursor": "\\u0000", "has_more": false}', "sent a page without a next_cursor"),
        (b'{"items": [], "next_cursor": "1"}', "sent a page that doesn't say whether it has_more"),
        (b'{"items": [], "next_cursor": "1", "has_more": 1}', "sent a page that doesn't say whether it has_more"),
        (b'{"items": [], "next_cursor": "0", "has_more": true}', "sent a page whose next_cursor leads back to itself"),
    ],
)
def test_an_answer_that_was_not_agreed_is_an_error_of_its_own(body: bytes, what: str) -> None:
    with pytest.raises(CommerceError) as failure:
        parse(body, "0")
    assert type(failure.value) is CommerceError
    assert str(failure.value) == f"The commerce API {what}."


def test_the_end_may_be_where_the_run_began() -> None:
    body = b'{"items": [], "next_cursor": "0", "has_more": false}'
    assert parse(body, "0") == Page([], "0", False, body)


def test_numbers_are_decimals_from_the_text_on() -> None:
    digits = "9" * 5000
    body = f'{{"items": [0.10, 7, {digits}], "next_cursor": "1", "has_more": false}}'.encode()
    assert [str(number) for number in parse(body, None).orders] == ["0.10", "7", digits]


class Asked:
    """Fails with what it was given, then succeeds; remembers the waits."""

    def __init__(self, *failures: CommerceError) -> None:
        self.failures = list(failures)
        self.attempts = 0
        self.waits: list[float] = []

    def __call__(self) -> Page:
        self.attempts += 1
        if self.failures:
            raise self.failures.pop(0)
        return page_of()


def outcome(asked: Asked, jitter: Callable[[], float] = lambda: 0.0) -> str:
    try:
        with_retries(asked, asked.waits.append, jitter)
    except CommerceError as error:
        return str(error)
    return "a page"


def test_a_page_at_once_needs_no_wait() -> None:
    asked = Asked()
    assert outcome(asked) == "a page"
    assert (asked.attempts, asked.waits) == (1, [])


def test_the_waits_grow() -> None:
    asked = Asked(TemporaryError("answered 500"), TemporaryError("answered 500"))
    assert outcome(asked) == "a page"
    assert (asked.attempts, asked.waits) == (3, [1, 2])


def test_up_to_half_a_second_is_added_at_random() -> None:
    asked = Asked(TemporaryError("answered 500"), TemporaryError("answered 500"))
    outcome(asked, jitter=lambda: 1.0)
    assert asked.waits == [1.5, 2.5]


@pytest.mark.parametrize(("retry_after", "waited"), [(0, 1), (1, 1), (3, 3), (30, 30), (31, 30), (86_400, 30)])
def test_retry_after_wins_when_it_is_longer_up_to_half_a_minute(retry_after: float, waited: float) -> None:
    asked = Asked(TemporaryError("answered 429", retry_after))
    assert outcome(asked) == "a page"
    assert asked.waits == [waited]


def test_the_third_failure_is_the_last() -> None:
    asked = Asked(*[TemporaryError("answered 503")] * 4)
    assert outcome(asked) == "The commerce API answered 503 three times."
    assert (asked.attempts, asked.waits) == (3, [1, 2])


def test_failures_of_several_kinds_name_the_last() -> None:
    asked = Asked(*[TemporaryError(f"answered {status}") for status in (500, 502, 503)])
    assert outcome(asked) == "The commerce API gave no page three times; at last it answered 503."


def test_what_does_not_get_better_is_not_asked_again() -> None:
    asked = Asked(TemporaryError("answered 500"), CommerceError("answered 401"))
    assert outcome(asked) == "The commerce API answered 401."
    assert (asked.attempts, asked.waits) == (2, [1])
