"""A deployment is asked what it is; the grader's own network is never asked on a repository's word."""

from __future__ import annotations

import json
import socket
import threading
import time
from collections.abc import Iterator
from contextlib import suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from types import MappingProxyType

import pytest

from checks.evidence import live
from checks.evidence.forge import Asked, Deployment, Forge
from checks.evidence.live import Live, collect_live, probe
from checks.model import Blocked, NotMeasured
from checks.repository import Repository
from checks.session import Session
from checks.testing import repository
from scaffolder.projects import find_project

NOBODY = Asked(None, "no token")


class App(BaseHTTPRequestHandler):
    answers: dict[str, tuple[int, bytes]]
    asked: list[str]

    def do_GET(self) -> None:
        self.asked.append(self.path)
        status, body = self.answers.get(self.path, (404, b""))
        self.send_response(status)
        if status == 302:
            self.send_header("Location", "/secret")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *arguments: object) -> None:
        """Say nothing."""


@pytest.fixture
def app() -> Iterator[type[App]]:
    kind = type("Running", (App,), {"answers": {}, "asked": []})
    server = ThreadingHTTPServer(("127.0.0.1", 0), kind)
    kind.url = f"http://127.0.0.1:{server.server_port}"  # type: ignore[attr-defined]
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True)
    thread.start()
    yield kind
    server.shutdown()
    server.server_close()
    thread.join()


@pytest.fixture
def work(tmp_path: Path) -> Repository:
    return repository(tmp_path / "shop", {"README.md": "# Shop\n"}, git=True)


def session(tmp_path: Path, **urls: str) -> Session:
    return Session(find_project("project2"), tmp_path, tmp_path / "cache", urls=MappingProxyType(urls))


def runs(app: type[App], commit: object, health: int = 200, ready: int = 200) -> None:
    app.answers |= {"/healthz": (health, json.dumps({"commit": commit}).encode()), "/readyz": (ready, b"{}")}


def test_a_given_address_is_asked_for_health_readiness_and_commit(
    app: type[App], work: Repository, tmp_path: Path
) -> None:
    runs(app, work.commit)
    (found,) = collect_live(work, session(tmp_path, api=app.url), NOBODY).probes  # type: ignore[attr-defined]
    assert (found.health, found.ready, found.commit, found.history) == (200, 200, work.commit, "graded")
    assert app.asked == ["/healthz", "/readyz"]


def test_a_commit_that_the_history_does_not_have_is_foreign(app: type[App], work: Repository, tmp_path: Path) -> None:
    runs(app, "f" * 40)
    (found,) = collect_live(work, session(tmp_path, api=app.url), NOBODY).probes  # type: ignore[attr-defined]
    assert found.history == "foreign"


@pytest.mark.parametrize("commit", ["main", "F" * 40, "f" * 39, 7, None, ["f" * 40], "--upload-pack=x"])
def test_what_is_no_full_commit_id_names_none(app: type[App], commit: object) -> None:
    runs(app, commit)
    assert probe(app.url, lambda _address: True).commit is None  # type: ignore[attr-defined]


@pytest.mark.parametrize("body", [b"", b"ok", b"[1]", b"[" * 60_000, b"\xff\xfe"])
def test_what_is_no_json_names_no_commit(app: type[App], body: bytes) -> None:
    app.answers["/healthz"] = (200, body)
    assert probe(app.url, lambda _address: True).commit is None  # type: ignore[attr-defined]


def test_a_redirect_is_not_followed(app: type[App]) -> None:
    app.answers["/healthz"] = (302, b"")
    assert probe(app.url, lambda _address: True).health == 302  # type: ignore[attr-defined]
    assert "/secret" not in app.asked


@pytest.mark.parametrize(
    "url",
    ["http://127.0.0.1:{port}", "http://localhost:{port}", "http://[::1]:{port}", "http://169.254.169.254/latest",
     "http://10.0.0.7", "http://[::ffff:127.0.0.1]:{port}", "http://0.0.0.0:{port}", "http://2130706433:{port}"],
)  # fmt: skip
def test_an_address_that_the_repository_names_is_asked_only_in_public(
    app: type[App], work: Repository, tmp_path: Path, url: str
) -> None:
    place = url.format(port=app.url.rsplit(":", 1)[1])  # type: ignore[attr-defined]
    known = Forge("octo/shop", "main", "c" * 40, deployment=Deployment("c" * 40, "success", "", place))
    found = collect_live(work, session(tmp_path), Asked(known))
    assert found.deployed == "c" * 40
    assert found.probes[0].problem
    assert app.asked == []


@pytest.mark.parametrize(
    "url", ["file:///etc/passwd", "ftp://a.example", "https://u:p@a.example", "x", "http://a:99999"]
)
def test_other_schemes_and_broken_addresses_are_problems(url: str) -> None:
    assert probe(url, lambda _address: True).problem


def test_a_closed_port_is_a_problem_of_the_deployment() -> None:
    assert "no answer" in probe("http://127.0.0.1:1", lambda _address: True).problem


def test_a_server_that_never_ends_is_left_after_a_while(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(live, "SECONDS", 1)
    listener = socket.create_server(("127.0.0.1", 0))

    def drip() -> None:
        connection, _ = listener.accept()
        with connection, suppress(OSError):
            connection.sendall(b"HTTP/1.1 200 OK\r\n")
            while True:
                connection.sendall(b"X-More: 1\r\n")
                time.sleep(0.2)

    thread = threading.Thread(target=drip, daemon=True)
    thread.start()
    started = time.monotonic()
    assert probe(f"http://127.0.0.1:{listener.getsockname()[1]}", lambda _address: True).problem
    thread.join(20)
    listener.close()
    assert not thread.is_alive()
    assert time.monotonic() - started < 15


def test_without_github_and_without_an_address_nothing_is_known(work: Repository, tmp_path: Path) -> None:
    with pytest.raises(NotMeasured, match="--url"):
        collect_live(work, session(tmp_path), NOBODY)


def test_without_a_deployment_the_question_waits_for_one(work: Repository, tmp_path: Path) -> None:
    with pytest.raises(Blocked) as told:
        collect_live(work, session(tmp_path), Asked(Forge("octo/shop", "main", "c" * 40)))
    assert told.value.by == "forge.production-deployment"


@pytest.mark.parametrize(
    ("address", "public"),
    [("93.184.216.34", True), ("2606:2800:220:1::1", True), ("192.168.1.1", False), ("100.64.0.1", False),
     ("fe80::1%eth0", False), ("::ffff:10.0.0.1", False), ("224.0.0.1", False)],
)  # fmt: skip
def test_public_addresses_are_known(address: str, public: bool) -> None:
    assert live._public(address) is public


def test_evidence_without_github_names_no_deployed_commit(app: type[App], work: Repository, tmp_path: Path) -> None:
    runs(app, work.commit)
    assert isinstance(collect_live(work, session(tmp_path, api=app.url), NOBODY), Live)  # type: ignore[attr-defined]
