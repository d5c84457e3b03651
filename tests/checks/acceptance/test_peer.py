"""A service that the grader plays."""

from __future__ import annotations

import time
from collections.abc import Iterator

import httpx2
import pytest

from checks.acceptance.peer import Peer, Reply, Request


@pytest.fixture
def peer() -> Iterator[Peer]:
    played = Peer(lambda request: Reply(json={"path": request.path, "cursor": request.query.get("cursor")}))
    yield played
    played.stop()


def test_it_answers_by_its_function_and_notes_each_request(peer: Peer) -> None:
    before = time.monotonic()
    answer = httpx2.post(f"{peer.url}/orders?cursor=a%20b&cursor=c", content=b"body", headers={"X-Request-Id": "r-1"})
    assert (answer.status_code, answer.json()) == (200, {"path": "/orders", "cursor": "c"})
    (request,) = peer.requests
    assert (request.method, request.path, request.body) == ("POST", "/orders", b"body")
    assert request.headers["x-request-id"] == "r-1"
    assert before <= request.at <= time.monotonic()


def test_the_function_can_be_replaced_and_chooses_status_headers_and_body(peer: Peer) -> None:
    peer.handler = lambda _: Reply(429, body=b"slow down", headers={"Retry-After": "3"})
    answer = httpx2.get(peer.url)
    assert (answer.status_code, answer.content, answer.headers["retry-after"]) == (429, b"slow down", "3")


def test_it_can_hang_up_without_an_answer(peer: Peer) -> None:
    peer.handler = lambda _: Reply(0)
    with pytest.raises(httpx2.RemoteProtocolError):
        httpx2.get(peer.url)


def test_it_can_be_slow_and_does_not_wait_once_it_stops(peer: Peer) -> None:
    peer.handler = lambda _: Reply(json={}, delay=60)
    with pytest.raises(httpx2.ReadTimeout):
        httpx2.get(peer.url, timeout=0.2)
    peer.stop()


def test_stopped_it_refuses_and_started_it_is_at_the_same_place(peer: Peer) -> None:
    place = peer.url
    peer.stop()
    with pytest.raises(httpx2.ConnectError):
        httpx2.get(place)
    peer.start()
    peer.start()
    assert httpx2.get(place).status_code == 200
    assert peer.url == place


def test_a_request_without_a_query_has_none(peer: Peer) -> None:
    seen: list[Request] = []

    def handler(request: Request) -> Reply:
        seen.append(request)
        return Reply()

    peer.handler = handler
    assert httpx2.get(f"{peer.url}/x?empty=").content == b""
    assert seen[0].query == {"empty": ""}


def test_a_body_may_come_byte_by_byte(peer: Peer) -> None:
    peer.handler = lambda _: Reply(body=b"slow", drip=0.05)
    began = time.monotonic()
    assert httpx2.get(peer.url).content == b"slow"
    assert time.monotonic() - began >= 0.15  # between four bytes
