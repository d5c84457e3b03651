"""Answers to /healthz, /readyz and /metrics, whatever server asks."""

import json
import logging
from collections.abc import Callable
from dataclasses import dataclass

import psycopg
import redis
from prometheus_client import CONTENT_TYPE_LATEST, generate_latest

from data_platform.config import Settings, get_settings

_log = logging.getLogger(__name__)
# Shorter than any prober waits: a dependency that hangs is down.
_TIMEOUT_SECONDS = 2
_JSON = "application/json"


@dataclass(frozen=True)
class Answer:
    """A complete answer."""

    status: int
    content_type: str
    body: bytes


def health(process: str) -> Answer:
    """Say that this process is up, whatever its dependencies do: a restart would not repair those."""
    body = {"status": "ok", "process": process, "commit": get_settings().git_commit}
    return Answer(200, _JSON, json.dumps(body).encode())


def readiness() -> Answer:
    """Ask each dependency; 503 names the one that is down."""
    settings = get_settings()
    checks = {name: _state(name, check, settings) for name, check in _CHECKS.items()}
    ready = all(state == "ok" for state in checks.values())
    body = {"status": "ok" if ready else "unavailable", "checks": checks}
    return Answer(200 if ready else 503, _JSON, json.dumps(body).encode())


def metrics() -> Answer:
    """Give what this process counted, as Prometheus text."""
    return Answer(200, CONTENT_TYPE_LATEST, generate_latest())


def answer(path: str, process: str) -> Answer | None:
    """Give the answer for one of the three paths, None for any other."""
    match path:
        case "/healthz":
            return health(process)
        case "/readyz":
            return readiness()
        case "/metrics":
            return metrics()
        case _:
            return None


def _state(name: str, check: Callable[[Settings], None], settings: Settings) -> str:
    try:
        check(settings)
    except (psycopg.Error, redis.RedisError) as error:
        # The reason is for the log: it may name hosts and users.
        _log.warning("%s is unavailable: %s", name, error)
        return "unavailable"
    return "ok"


def _ask_postgresql(settings: Settings) -> None:
    # A connection of its own: with the pool exhausted this must still answer.
    with psycopg.connect(
        str(settings.database_url),
        connect_timeout=_TIMEOUT_SECONDS,
        options=f"-c statement_timeout={_TIMEOUT_SECONDS}s",
    ) as connection:
        connection.execute("SELECT 1")


def _ask_redis(settings: Settings) -> None:
    with redis.Redis.from_url(
        str(settings.redis_url), socket_connect_timeout=_TIMEOUT_SECONDS, socket_timeout=_TIMEOUT_SECONDS
    ) as client:
        client.ping()


_CHECKS: dict[str, Callable[[Settings], None]] = {"postgresql": _ask_postgresql, "redis": _ask_redis}
