"""Answers are noted, and held to the grader's copy of the contract."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from checks.acceptance.contract import Contract
from checks.acceptance.peer import Peer, Reply, Request
from checks.acceptance.recorder import Recorder
from tests.support.tiny import CONTRACT

THINGS = CONTRACT.replace(
    "  /broken:\n    get:\n",
    "  /things/{id}:\n    get:\n      parameters: [{name: id, in: path, required: true, schema: {type: integer}}]\n",
)


def answer(request: Request) -> Reply:
    if request.path == "/greeting":
        return Reply(json={"text": "Hello"})
    return Reply(json={"text": 3})


@pytest.fixture
def peer() -> Iterator[Peer]:
    played = Peer(answer)
    yield played
    played.stop()


@pytest.fixture
def recorder() -> Iterator[Recorder]:
    made = Recorder()
    yield made
    made.close()


@pytest.fixture
def contract(tmp_path: Path, peer: Peer, recorder: Recorder) -> Contract:
    file = tmp_path / "openapi.yaml"
    file.write_text(CONTRACT)
    return Contract(file, recorder, peer.url)


def test_a_conforming_answer_is_judged_and_no_violation(contract: Contract, recorder: Recorder, peer: Peer) -> None:
    client = recorder.client(peer.url)
    client.get("/greeting")
    client.get("/greeting")
    assert contract.violations == []
    assert contract.judged == {("GET /greeting", 200): 1}


def test_a_violation_names_operation_exchange_and_reason(contract: Contract, recorder: Recorder, peer: Peer) -> None:
    recorder.client(peer.url).get("/broken?a=b")
    (violation,) = contract.violations
    assert violation.operation == "GET /broken"
    assert violation.request == 'GET /broken?a=b → 200, application/json: {"text": 3}'
    assert "3 is not of type" in violation.reason


def test_a_status_that_the_contract_does_not_name_and_a_wrong_media_type_are_violations(
    contract: Contract, recorder: Recorder, peer: Peer
) -> None:
    client = recorder.client(peer.url)
    peer.handler = lambda _: Reply(501, json={})
    client.get("/greeting")
    peer.handler = lambda _: Reply(200, body=b"Hello", headers={"Content-Type": "text/plain"})
    client.get("/greeting")
    first, second = contract.violations
    assert "501" in first.reason
    assert "text/plain" in second.reason


def test_an_answer_of_a_path_with_a_parameter_is_judged(tmp_path: Path, recorder: Recorder, peer: Peer) -> None:
    file = tmp_path / "things.yaml"
    file.write_text(THINGS)
    contract = Contract(file, recorder, peer.url)
    recorder.client(peer.url).get("/things/7")
    (violation,) = contract.violations
    assert violation.operation == "GET /things/{id}"
    assert "3 is not of type" in violation.reason


def test_paths_that_the_contract_does_not_know_and_other_services_are_not_judged(
    contract: Contract, recorder: Recorder, peer: Peer
) -> None:
    recorder.client(peer.url).get("/elsewhere")
    other = Peer(answer)
    recorder.client(other.url).get("/broken")
    other.stop()
    assert contract.violations == []
    assert sum(contract.judged.values()) == 0


def test_requests_made_from_the_contract_find_what_it_does_not_allow(contract: Contract, peer: Peer) -> None:
    found = contract.fuzz(peer.url, {"Authorization": "Bearer x"}, examples=2, seconds=20)
    assert {violation.operation for violation in found} == {"GET /broken"}
    assert all(request.headers["authorization"] == "Bearer x" for request in peer.requests)


def test_the_same_requests_are_made_each_time(contract: Contract, peer: Peer) -> None:
    contract.fuzz(peer.url, {}, examples=3, seconds=20)
    first = [(r.method, r.path, r.query) for r in peer.requests]
    peer.requests.clear()
    contract.fuzz(peer.url, {}, examples=3, seconds=20)
    assert [(r.method, r.path, r.query) for r in peer.requests] == first != []


def test_requests_that_take_too_long_are_a_violation_and_not_left_out_in_silence(contract: Contract) -> None:
    (late,) = contract.fuzz("http://127.0.0.1:1", {}, examples=1, seconds=0)
    assert late.reason == "the requests made so far took more than 0 s, so the rest was not made"


def test_operations_are_listed(contract: Contract) -> None:
    assert contract.operations == ("GET /greeting", "GET /broken")


def test_an_exchange_is_shown_cut_and_without_binary_bodies(recorder: Recorder, peer: Peer) -> None:
    peer.handler = lambda _: Reply(body=bytes(5_000))
    client = recorder.client(peer.url)
    client.post("/x", json={"name": "a" * 1_000})
    shown = str(recorder.last)
    assert shown.startswith('POST /x {"name":"aaa')
    assert shown.endswith("→ 200, application/octet-stream: 5000 bytes")
    assert len(shown) < 600
