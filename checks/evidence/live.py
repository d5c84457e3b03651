"""The running application, asked from outside: is it healthy and ready, and which commit is it?

Its address is the one that the user gave (`--url`), else the one that GitHub's last production deployment names. The
latter was written by the repository under review: it is asked only at public addresses, once, without redirects.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from typing import TYPE_CHECKING, NamedTuple

from checks.evidence.forge import Asked
from checks.model import Blocked, NotMeasured
from checks.repository import Repository, run_git
from checks.session import Session

if TYPE_CHECKING:
    import http.client
    import socket

EXECUTES = True  # nothing of the repository's, but a static grading does not ask others either
SECONDS = 10
BODY = 64 * 1024
_SHA = re.compile(r"[0-9a-f]{40}")


class Probe(NamedTuple):
    """What one address answered: the statuses of `/healthz` and `/readyz`, and the commit that it names.

    `problem` is why there was no answer; `history` tells of the commit ``graded``, ``earlier``, ``foreign``, or
    ``unknown`` where the clone is too shallow to tell.
    """

    url: str
    health: int | None = None
    ready: int | None = None
    commit: str | None = None
    history: str = ""
    problem: str = ""


class Live(NamedTuple):
    """The probes of a deployment; `deployed` is the commit that GitHub says is there, None where it was not asked."""

    probes: tuple[Probe, ...]
    deployed: str | None = None


def collect_live(repository: Repository, session: Session, asked: Asked) -> Live:
    """Asking the deployment."""
    forge = asked.forge
    deployment = forge.deployment if forge else None
    if session.urls:
        found = tuple(_judged(probe(url, _anywhere), repository) for url in session.urls.values())
        return Live(found)
    if forge is None:
        raise NotMeasured(f"no deployment is known: give its address by --url ({asked.why})")
    if deployment is None or deployment.url is None:
        raise Blocked("GitHub knows no address of a production deployment", by="forge.production-deployment")
    return Live((_judged(probe(deployment.url, _public), repository),), deployment.sha)


def _judged(found: Probe, repository: Repository) -> Probe:
    if found.commit is None:
        return found
    if found.commit == repository.commit:
        return found._replace(history="graded")
    if run_git(repository.root, "merge-base", "--is-ancestor", found.commit, "HEAD") is not None:
        return found._replace(history="earlier")
    shallow = run_git(repository.root, "rev-parse", "--is-shallow-repository") != b"false\n"
    return found._replace(history="unknown" if shallow else "foreign")


Allowed = Callable[[str], bool]


def _anywhere(_address: str) -> bool:
    return True


def _public(address: str) -> bool:
    """Whether a numeric address is one of the internet's, not of the grader's own network."""
    import ipaddress

    ip = ipaddress.ip_address(address.partition("%")[0])
    mapped = getattr(ip, "ipv4_mapped", None)
    return (mapped or ip).is_global and not ip.is_multicast


def probe(url: str, allowed: Allowed) -> Probe:
    """Ask one deployment; `allowed` says which numeric addresses may be connected to.

    Raises NotMeasured when names cannot be resolved at all: then the grader has no network.
    """
    import http.client
    import socket
    from urllib.parse import urlsplit

    parts = urlsplit(url)
    if parts.scheme not in ("http", "https") or not parts.hostname or parts.username is not None:
        return Probe(url, problem="this is no address of a web application")
    try:
        port = parts.port or (443 if parts.scheme == "https" else 80)
        health, body = _get(parts.scheme, parts.hostname, port, f"{parts.path.rstrip('/')}/healthz", allowed)
        ready, _ = _get(parts.scheme, parts.hostname, port, f"{parts.path.rstrip('/')}/readyz", allowed)
    except socket.gaierror as problem:
        if problem.errno == socket.EAI_AGAIN:
            raise NotMeasured(f"{parts.hostname} cannot be looked up now") from problem
        return Probe(url, problem=f"{parts.hostname} is not known")
    except (OSError, ValueError, http.client.HTTPException) as problem:
        return Probe(url, problem=f"no answer: {type(problem).__name__}: {str(problem)[:120]}")
    return Probe(url, health, ready, _commit(body))


def _commit(body: bytes) -> str | None:
    try:
        data = json.loads(body)
    except (ValueError, RecursionError):
        return None
    commit = data.get("commit") if isinstance(data, dict) else None
    return commit if isinstance(commit, str) and _SHA.fullmatch(commit) else None


def _get(scheme: str, host: str, port: int, path: str, allowed: Allowed) -> tuple[int, bytes]:
    """Answer of one GET: an address that was judged is the one that is connected to, whatever a name says next."""
    import http.client
    import ssl
    import threading

    connection = http.client.HTTPConnection(host, port, timeout=SECONDS)
    # Each read has its time limit, and a server that sends a byte now and then would never meet it.
    watch = threading.Timer(SECONDS, _abort, [connection])
    watch.daemon = True
    watch.start()
    try:
        connection.sock = _connect(host, port, allowed)
        if scheme == "https":
            context = ssl.create_default_context()
            secure = context.wrap_socket(connection.sock, server_hostname=host, do_handshake_on_connect=False)
            connection.sock = secure
            secure.do_handshake()
        connection.request("GET", path, headers={"User-Agent": "backend-scaffold", "Accept": "application/json"})
        with connection.getresponse() as answer:
            return answer.status, answer.read(BODY)
    finally:
        watch.cancel()
        connection.close()


def _connect(host: str, port: int, allowed: Allowed) -> socket.socket:
    import socket

    places = [str(found[4][0]) for found in socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)]
    if not all(allowed(place) for place in places):
        raise ValueError("the address is not a public one")
    problem = OSError("it has no address")
    for place in places:
        try:
            return socket.create_connection((place, port), timeout=SECONDS)
        except OSError as error:
            problem = error
    raise problem


def _abort(connection: http.client.HTTPConnection) -> None:
    import socket
    from contextlib import suppress

    if connection.sock is not None:
        with suppress(OSError):
            connection.sock.shutdown(socket.SHUT_RDWR)
