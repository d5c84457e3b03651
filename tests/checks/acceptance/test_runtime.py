"""What every process owes who runs it, held against a small service that does one thing wrong at a time."""

from __future__ import annotations

import itertools
import json
import threading
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from types import SimpleNamespace

import httpx2
import pytest

from checks.acceptance import runtime
from checks.acceptance.peer import Peer, Reply, Request
from checks.runners.processes import Stopped

LIMITS = SimpleNamespace(ready_seconds=0.5, shutdown_seconds=10)
IDS = itertools.count()


@dataclass
class Service:
    """An application with the one process `web`; `wrong` names what it does wrong."""

    wrong: str = ""
    away: set[str] = field(default_factory=set)
    in_hand: set[str] = field(default_factory=set)
    counts: Counter[tuple[str, int]] = field(default_factory=Counter)
    lines: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.lines = ["Booting"] if self.wrong == "plain-line" else [json.dumps({"time": 1, "level": "info",
                                                                                "message": "boot"})]  # fmt: skip
        self.peer = Peer(self.answer)
        self.client = httpx2.Client(base_url=self.peer.url, trust_env=False, verify=False)

    def answer(self, request: Request) -> Reply:
        given = request.headers.get("x-request-id", "")
        id_ = given if runtime.REQUEST_ID.fullmatch(given) or self.wrong == "any-id" else f"made-{next(IDS)}"
        reply = self.reply(request.path)
        route = request.path if self.wrong == "route-with-ids" else request.path.replace("77", "{id}")
        if request.path != "/metrics":
            self.counts[route, reply.status] += 2 if self.wrong == "counted-twice" else 1
        entry = {"time": 1, "level": "info", "message": "asked", "request_id": id_, "route": route,
                 "method": request.method, "status": reply.status, "duration_ms": 1.5}  # fmt: skip
        if self.wrong == "no-duration":
            del entry["duration_ms"]
        self.lines.append(json.dumps(entry))
        return Reply(reply.status, body=reply.body, json=reply.json, headers={"X-Request-Id": id_}, delay=reply.delay)

    def reply(self, path: str) -> Reply:
        if path == "/metrics":
            labels = [
                (f'{{method="GET",route="{route}",status="{status}"}}', n) for (route, status), n in self.counts.items()
            ]
            names = ("http_requests_total", "http_request_duration_seconds_count")
            return Reply(body="".join(f"{name}{label} {n}\n" for name in names for label, n in labels).encode())
        if path == "/readyz":
            checks = {name: "unavailable" if name in self.away else "ok" for name in runtime.DEPENDENCIES}
            if self.wrong == "names-the-other" and self.away:
                checks = {name: "ok" if name in self.away else "unavailable" for name in checks}
            down = bool(self.away) and self.wrong != "always-ready"
            slow = 0.8 if self.away and self.wrong == "answers-late" else 0.0
            return Reply(503 if down else 200, delay=slow,
                         json={"status": "unavailable" if down else "ok", "checks": checks})  # fmt: skip
        if path == "/healthz":
            return Reply(503 if self.away and self.wrong == "unhealthy" else 200, json={"status": "ok"})
        return Reply(404, json={})

    @contextmanager
    def cut(self, service: str) -> Iterator[None]:
        self.away.add(service)
        try:
            yield
        finally:
            if self.wrong != "never-recovers":
                self.away.discard(service)

    def running(self, name: str) -> bool:
        return self.wrong != "ends"

    def await_ready(self, name: str) -> None:
        self.lines.append(f"{name} was waited for")

    def log(self, name: str) -> str:
        return "\n".join([*self.lines, "goodbye"])

    def logs(self, name: str) -> list[str]:
        return list(self.lines)


@contextmanager
def service(wrong: str = "") -> Iterator[Service]:
    made = Service(wrong)
    yield made
    made.client.close()
    made.peer.stop()


def outage(app: Service) -> runtime.Outage:
    found = runtime.Outage()
    assert found.happen(app, {"web": app.client}, "redis", also=[lambda: "meanwhile"]) == ["meanwhile"]
    return found


def test_probes_that_tell_the_truth_pass() -> None:
    with service() as app:
        found = outage(app)
    found.was_told("redis", "web", LIMITS)
    found.stayed_up("web")


@pytest.mark.parametrize(
    ("wrong", "sentence"),
    [
        ("always-ready", "answers 503 while redis is down"),
        ("names-the-other", "names redis as unavailable, and postgresql as ok"),
        ("answers-late", r"within 0\.5 s with redis down; it took 0\.[89] s"),
        ("unhealthy", "/healthz of web stays 200"),
        ("never-recovers", "should recover once redis is back"),
        ("ends", "should run on while redis is down; its last words are: .*goodbye"),
    ],
)
def test_a_probe_that_lies_is_told(wrong: str, sentence: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(runtime, "RECOVERY_SECONDS", 0.2)
    with service(wrong) as app:
        found = outage(app)
    with pytest.raises(AssertionError, match=f"(?s){sentence}"):
        found.was_told("redis", "web", LIMITS)
    if wrong == "ends":
        with pytest.raises(AssertionError, match="stays up"):
            found.stayed_up("web")


@pytest.mark.parametrize(
    ("stopped", "sentence"),
    [
        (Stopped(0, 1.0, ""), ""),
        (Stopped(-9, 1.0, "waiting for\nnobody"), "exit code 0 on SIGTERM.*waiting for\nnobody"),
        (Stopped(0, 11.0, ""), r"within 10 s of SIGTERM; it took 11\.0 s"),
        (OSError("no such process"), "should end on SIGTERM: no such process"),
    ],
)
def test_a_process_ends_in_order_and_in_time(stopped: Stopped | Exception, sentence: str) -> None:
    if not sentence:
        runtime.ended_well("web", stopped, LIMITS)
        return
    with pytest.raises(AssertionError, match=f"(?s){sentence}"):
        runtime.ended_well("web", stopped, LIMITS)


def test_a_process_that_is_replaced_is_waited_for() -> None:
    with service() as app:
        app.in_hand.add("web")
        threading.Timer(0.2, app.in_hand.discard, ["web"]).start()
        runtime.at_hand(app, "web")
        assert app.in_hand == set()
        assert app.lines[-1] == "web was waited for"


def test_requests_are_counted_by_route() -> None:
    with service() as app:
        runtime.requests_are_counted(app.client, "/healthz", route="/healthz", status="200")
        runtime.routes_are_templates(app.client, "/things/77", 77, "things/")


def test_what_others_did_not_find_is_no_route_of_this_request() -> None:
    with service() as app:
        app.counts = Counter({(f"/things/{{id}}/{part}", 404): 3 for part in "abcdef"})
        runtime.routes_are_templates(app.client, "/things/77", 77, "things/")


@pytest.mark.parametrize(
    ("wrong", "sentence"),
    [("counted-twice", "the samples with .* have grown by"), ("route-with-ids", "a path with its ids")],
)
def test_metrics_that_count_otherwise_are_told(wrong: str, sentence: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(runtime, "MOMENT_SECONDS", 0.3)
    with service(wrong) as app, pytest.raises(AssertionError, match=sentence):
        runtime.routes_are_templates(app.client, "/things/77", 77, "things/")


def test_logs_of_json_with_the_request_id_pass() -> None:
    with service() as app:
        runtime.request_id_is_echoed_and_logged(app, "web", app.client, "/things/77", "77")
        runtime.logs_are_json(app, "web")


@pytest.mark.parametrize(
    ("wrong", "sentence"),
    [
        ("any-id", "one of the allowed form is made"),
        ("no-duration", "has time, level, message, method, route, status and duration_ms"),
        ("route-with-ids", "`route` should be the template; it is /things/77"),
    ],
)
def test_requests_that_cannot_be_found_in_the_log_are_told(wrong: str, sentence: str) -> None:
    with service(wrong) as app, pytest.raises(AssertionError, match=sentence):
        runtime.request_id_is_echoed_and_logged(app, "web", app.client, "/things/77", "77")


def test_a_line_that_is_no_json_is_told() -> None:
    with service("plain-line") as app, pytest.raises(AssertionError, match="is a JSON object"):
        runtime.logs_are_json(app, "web")


def test_a_log_without_a_line_is_told() -> None:
    with service() as app:
        app.lines = []
        with pytest.raises(AssertionError, match="at least one line"):
            runtime.logs_are_json(app, "web")
