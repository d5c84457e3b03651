"""A database of its own for each booted application, on the servers that the grading has.

PostgreSQL: a new database, dropped at the end. Redis: a numbered database that is empty, emptied at the end. So the
same works on a throwaway server and on one that was given by URL, and nothing that was there before is touched.
"""

from __future__ import annotations

import secrets
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any
from urllib.parse import urlsplit, urlunsplit

import psycopg
import redis
from psycopg import sql

from checks.model import NotMeasured

PORTS = {"postgresql": 5432, "redis": 6379}
DROP_SECONDS = 10.0
COPY_SECONDS = 10.0
REDIS_DATABASES = 16  # the default of every server


@contextmanager
def empty(service: str, url: str) -> Iterator[str]:
    """Yield the URL of an empty database on the server at `url`; `service` is ``postgresql`` or ``redis``.

    Raises NotMeasured when there is no room for one.
    """
    with _EMPTY[service](url) as own:
        yield own


@contextmanager
def copied(server: str, url: str) -> Iterator[str]:
    """Yield the URL of a copy of the PostgreSQL database at `url`, to which nobody may be connected.

    `server` is the URL by which databases are made. Raises NotMeasured when it can't be copied.
    """
    with _postgresql(server, like=urlsplit(url).path.lstrip("/")) as own:
        yield own


@contextmanager
def _postgresql(url: str, like: str = "template1") -> Iterator[str]:
    name = f"acceptance_{secrets.token_hex(6)}"
    make = sql.SQL("CREATE DATABASE {} TEMPLATE {}").format(sql.Identifier(name), sql.Identifier(like))
    deadline = time.monotonic() + COPY_SECONDS
    while True:
        try:
            with psycopg.connect(url, autocommit=True) as connection:
                connection.execute(make)
            break
        except psycopg.errors.ObjectInUse as problem:  # a process that has just ended may still be connected
            if time.monotonic() > deadline:
                raise NotMeasured(f"the database can't be copied: {problem}") from problem
            time.sleep(0.05)
        except psycopg.Error as problem:
            raise NotMeasured(f"no empty database could be made on the PostgreSQL server: {problem}") from problem
    try:
        yield urlunsplit(urlsplit(url)._replace(path=f"/{name}"))
    finally:
        _drop(url, name)


def _drop(url: str, name: str) -> None:
    """Drop a database with whoever is still connected; autovacuum, which only a superuser may end, is waited for."""
    deadline = time.monotonic() + DROP_SECONDS
    with psycopg.connect(url, autocommit=True) as connection:
        while True:
            try:
                connection.execute(sql.SQL("DROP DATABASE {} WITH (FORCE)").format(sql.Identifier(name)))
            except (psycopg.errors.InsufficientPrivilege, psycopg.errors.ObjectInUse):
                if time.monotonic() > deadline:
                    raise
                time.sleep(0.1)
            else:
                return


@contextmanager
def _redis(url: str) -> Iterator[str]:
    own, client = _free_redis(url)
    try:
        yield own
    finally:
        client.flushdb()
        client.close()


def _free_redis(url: str) -> tuple[str, Any]:
    for number in range(REDIS_DATABASES):
        own = urlunsplit(urlsplit(url)._replace(path=f"/{number}"))
        client = redis.Redis.from_url(own)
        try:
            # A key of ours marks it as taken, so that two applications at once get two databases.
            if client.dbsize() == 0 and client.set("acceptance", 1, nx=True, ex=3600):
                return own, client
        except redis.RedisError as problem:
            raise NotMeasured(f"the Redis server does not answer: {problem}") from problem
        client.close()
    raise NotMeasured(f"all {REDIS_DATABASES} databases of the Redis server hold keys: empty one, or unset REDIS_URL")


_EMPTY = {"postgresql": _postgresql, "redis": _redis}
