"""The second web process: it starts in the background, can be killed, and have another one in its place."""

from collections.abc import Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import ExitStack
from typing import Any

import httpx2
from p1_accounts import FRESH


class SecondWeb:
    """One more process of the kind `web`, on a port of its own."""

    def __init__(self, app: Any, client: Any) -> None:
        self._app, self._client = app, client
        self._stack = ExitStack()
        self._pool = ThreadPoolExecutor(1, thread_name_prefix="second web")
        self._process: Future[Any] = self._pool.submit(self._start, {})
        self._spare: Future[Any] | None = None
        self._clients: dict[str, httpx2.Client] = {}

    def _start(self, env: Mapping[str, str]) -> Any:
        return self._stack.enter_context(self._app.another("web", env=env))

    @property
    def client(self) -> httpx2.Client:
        """Ask it; waits until it is ready. Raises BootFailed when it doesn't get there."""
        url = self._process.result().url
        if url not in self._clients:
            self._clients[url] = self._client(url, limits=FRESH)
        return self._clients[url]

    def prepare_spare(self, env: Mapping[str, str]) -> None:
        """Start the one that comes in its place, in the background."""
        self._spare = self._pool.submit(self._start, env)

    def kill(self) -> None:
        """End it with SIGKILL."""
        self._process.result().running.stop()

    def take_spare(self) -> None:
        """Let the other one take its place."""
        assert self._spare is not None, "no spare was prepared"
        self._process = self._spare

    def close(self) -> None:
        """Stop what was started."""
        self._pool.shutdown()
        self._stack.close()
