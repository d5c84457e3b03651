"""The server: takes calls one at a time, injects faults, and has every call judged."""

from __future__ import annotations

import json
import re
import socket
import struct
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qsl, unquote, urlsplit

from tests.support.github.judge import Judge, complete, description

BOT = "github-actions[bot]"
_JUDGE = Judge()


@dataclass
class Fault:
    """Something that goes wrong the next `times` times that a call matches.

    `kind` is a status, ``secondary`` (403 with GitHub's text), ``timeout``, ``reset`` or ``page`` (200, but HTML). With `after` the call is
    carried out before its answer is lost.
    """

    kind: int | str
    verb: str = ".*"
    path: str = ".*"
    times: int = 1
    after: bool = False


@dataclass
class Repo:
    """What a repository holds. Commits are a line: `commits[i]` is the parent of `commits[i + 1]`."""

    name: str
    private: bool = False
    default_branch: str = "main"
    commits: list[str] = field(default_factory=list)
    strangers: list[str] = field(default_factory=list)  # commits beside the line
    branches: dict[str, str] = field(default_factory=dict)
    files: dict[tuple[str, str], bytes] = field(default_factory=dict)
    runs: list[dict[str, Any]] = field(default_factory=list)
    artifacts: dict[int, list[tuple[int, str, bytes]]] = field(default_factory=dict)
    deployments: list[dict[str, Any]] = field(default_factory=list)
    statuses: dict[int, list[dict[str, Any]]] = field(default_factory=dict)
    pulls: list[dict[str, Any]] = field(default_factory=list)
    releases: list[dict[str, Any]] = field(default_factory=list)
    comments: dict[int, list[dict[str, Any]]] = field(default_factory=dict)
    check_runs: list[dict[str, Any]] = field(default_factory=list)
    annotations: dict[int, list[dict[str, Any]]] = field(default_factory=dict)
    labels: list[dict[str, Any]] = field(default_factory=list)
    milestones: list[dict[str, Any]] = field(default_factory=list)
    issues: list[dict[str, Any]] = field(default_factory=list)
    environments: dict[str, list[str]] = field(default_factory=dict)
    rulesets: list[dict[str, Any]] = field(default_factory=list)
    read_only: bool = False


@dataclass
class GitHub:
    """The state of the fake, its faults, and what was asked of it."""

    login: str = BOT
    url: str = ""
    repos: dict[str, Repo] = field(default_factory=dict)
    faults: list[Fault] = field(default_factory=list)
    calls: list[tuple[str, str, Any]] = field(default_factory=list)
    problems: list[str] = field(default_factory=list)
    ids: int = 100
    lock: threading.Lock = field(default_factory=threading.Lock)

    def repo(self, name: str = "octo/shop", **members: Any) -> Repo:
        """Make a repository."""
        self.repos[name] = Repo(name, **members)
        return self.repos[name]

    def id(self) -> int:
        """Return a new id."""
        self.ids += 1
        return self.ids

    def writes(self) -> list[tuple[str, str]]:
        """The calls that change something."""
        return [(verb, path) for verb, path, _ in self.calls if verb != "GET"]

    def fault(self, verb: str, path: str) -> Fault | None:
        """Take the next fault for a call."""
        for item in self.faults:
            if item.times and re.fullmatch(item.verb, verb) and re.search(item.path, path):
                item.times -= 1
                return item
        return None


class Problem(Exception):
    """An answer that is an error."""

    def __init__(self, status: int, message: str) -> None:
        super().__init__(message)
        self.status = status


@dataclass
class Call:
    """A request, matched to an operation of the description."""

    github: GitHub
    verb: str
    template: str
    values: dict[str, str]
    query: dict[str, str]
    body: Any

    @property
    def repo(self) -> Repo:
        """The repository of the path."""
        found = self.github.repos.get(f"{self.values['owner']}/{self.values['repo']}")
        if found is None:
            raise Problem(404, "Not Found")
        return found

    def page(self, items: list[Any]) -> list[Any]:
        """The asked for page of a list."""
        size = int(self.query.get("per_page", "30"))
        start = (int(self.query.get("page", "1")) - 1) * size
        return items[start : start + size]


def operations() -> list[tuple[re.Pattern[str], str]]:
    """Return a pattern for each path of the description, the most literal first."""
    paths = sorted(description()["paths"], key=lambda path: (path.count("{"), -len(path)))
    return [(re.compile(re.sub(r"\\{(\w+)\\}", r"(?P<\1>[^/]+)", re.escape(path)).replace(
        "(?P<path>[^/]+)", "(?P<path>.+)")), path) for path in paths]  # fmt: skip


_OPERATIONS = operations()


class Handler(BaseHTTPRequestHandler):
    """Reads a request, has it judged, answered, and the answer judged."""

    protocol_version = "HTTP/1.1"
    github: GitHub
    server: ThreadingHTTPServer

    def log_message(self, *arguments: Any) -> None:
        """Say nothing."""

    def _handle(self) -> None:
        from tests.support.github.routes import ROUTES

        split = urlsplit(self.path)
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        if split.path.startswith("/blobs/"):
            self._blob(split.path)
            return
        query = dict(parse_qsl(split.query))
        found = next(((p.fullmatch(split.path), t) for p, t in _OPERATIONS if p.fullmatch(split.path)), None)
        with self.github.lock:
            self.github.calls.append((self.command, split.path, json.loads(body) if body else None))
            fault = self.github.fault(self.command, split.path)
            if fault is not None and not fault.after and self._fail(fault):
                return
            if found is None:
                self.github.problems.append(f"{self.command} {split.path}: not in the description")
                self._send(404, {"message": "Not Found"})
                return
            match, template = found
            assert match is not None
            wrong = _JUDGE.request(self.command, split.path, query, body)
            if wrong:
                self.github.problems.append(f"{self.command} {split.path}: request: {wrong}")
                self._send(422, {"message": wrong})
                return
            values = {key: unquote(value) for key, value in match.groupdict().items()}
            call = Call(self.github, self.command, template, values, query, json.loads(body) if body else None)
            try:
                if not self.headers.get("Authorization", "").startswith(("token ", "Bearer ")):
                    raise Problem(401, "Requires authentication")
                if self.command != "GET" and "repo" in values and call.repo.read_only:
                    raise Problem(403, "Resource not accessible by integration")
                status, value = ROUTES[f"{self.command} {template}"](call)
            except Problem as problem:
                self._send(problem.status, {"message": str(problem)})
                return
            if status == 302:
                self._send(302, None, Location=f"{self.github.url}/blobs/{value}")
                return
            answer = None if status == 204 else complete(template, self.command, status, value)
            data = b"" if answer is None else json.dumps(answer).encode()
            wrong = _JUDGE.answer(self.command, split.path, status, data)
            if wrong:
                self.github.problems.append(f"{self.command} {split.path}: answer {status}: {wrong}")
            if fault is not None and self._fail(fault):
                return
            self._send(status, answer)

    do_GET = do_POST = do_PATCH = do_PUT = do_DELETE = _handle  # noqa: N815 - the names that http.server looks for

    def _fail(self, fault: Fault) -> bool:
        if fault.kind == "timeout":
            self.github.lock.release()
            time.sleep(2.4)  # longer than an impatient client waits
            self.github.lock.acquire()
            self.close_connection = True
        elif fault.kind == "reset":
            self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            self.connection.close()
            self.close_connection = True
        elif fault.kind == "page":
            self._raw(200, b"<html>Sign in to the network</html>", "text/html", {})
        elif fault.kind == "secondary":
            self._send(403, {"message": "You have exceeded a secondary rate limit."}, **{"Retry-After": "1"})
        elif fault.kind == 429:
            self._send(429, {"message": "API rate limit exceeded"}, **{"Retry-After": "1"})
        else:
            self._send(int(fault.kind), {"message": "Server Error"})
        return True

    def _blob(self, path: str) -> None:
        if self.headers.get("Authorization"):
            self.github.problems.append(f"the token travelled to {path}")
        wanted = int(path.rsplit("/", 1)[-1])
        for repo in self.github.repos.values():
            for kept in repo.artifacts.values():
                for number, _, content in kept:
                    if number == wanted:
                        self._raw(200, content, "application/zip", {})
                        return
        self._raw(404, b"", "text/plain", {})

    def _send(self, status: int, value: Any, **headers: str) -> None:
        data = b"" if value is None else json.dumps(value).encode()
        self._raw(status, data, "application/json; charset=utf-8", headers)

    def _raw(self, status: int, data: bytes, kind: str, headers: dict[str, str]) -> None:
        self.send_response(status)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(data)))
        for key, value in headers.items():
            self.send_header(key, value)
        self.end_headers()
        self.wfile.write(data)


class _Server(ThreadingHTTPServer):
    daemon_threads = True

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Keep what went wrong in the fake itself for the test, unless the client has hung up."""
        import sys
        import traceback

        problem = sys.exception()
        if not isinstance(problem, (ConnectionError, OSError, ValueError)):
            self.RequestHandlerClass.github.problems.append(traceback.format_exc())  # type: ignore[attr-defined]


@contextmanager
def running() -> Iterator[GitHub]:
    """Run a GitHub; at the end, every call must have been a valid one."""
    github = GitHub()
    handler = type("Handler", (Handler,), {"github": github})
    server = _Server(("127.0.0.1", 0), handler)
    github.url = f"http://127.0.0.1:{server.server_port}"
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True)
    thread.start()
    try:
        yield github
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
    assert not github.problems, github.problems
