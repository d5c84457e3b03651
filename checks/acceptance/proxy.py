"""A TCP proxy between the application and a dependency, so that the dependency can go away and come back."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable, Coroutine
from typing import Any, TypeVar, cast

START_SECONDS = 5.0
T = TypeVar("T")
Watch = Callable[[bytes], None]


class Proxy:
    """Passes bytes between a port of 127.0.0.1 and a server, in a thread of its own; used as a context manager.

    `watch` is called for each new connection and gives what is shown the bytes that the application sends on it.
    """

    def __init__(self, host: str, port: int, watch: Callable[[], Watch] | None = None) -> None:
        self._target = (host, port)
        self._watch = watch
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, daemon=True, name="proxy")
        self._server: asyncio.Server | None = None
        self._open: set[_End] = set()
        self.port = 0

    def __enter__(self) -> Proxy:
        self._thread.start()
        self._do(self._listen())
        return self

    def __exit__(self, *_: object) -> None:
        self.cut()
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(START_SECONDS)
        self._loop.close()

    def cut(self) -> None:
        """Refuse new connections and break the open ones."""
        self._do(self._close())

    def restore(self) -> None:
        """Accept connections again, on the same port."""
        self._do(self._listen())

    def _do(self, work: Coroutine[Any, Any, T]) -> T:
        return asyncio.run_coroutine_threadsafe(work, self._loop).result(START_SECONDS)

    async def _listen(self) -> None:
        if self._server is None:
            self._server = await self._loop.create_server(self._near_end, "127.0.0.1", self.port)
            self.port = self._server.sockets[0].getsockname()[1]

    async def _close(self) -> None:
        if self._server is not None:
            self._server.close()
            self._server = None
        for end in list(self._open):
            end.abort()
        await asyncio.sleep(0)  # the ends hear of it

    def _near_end(self) -> _End:
        near, far = _End(self._open, self._watch and self._watch()), _End(self._open)
        near.other, far.other = far, near
        # What the client says waits in the near end until the server is reached.
        near.task = self._loop.create_task(self._reach(near, far))
        return near

    async def _reach(self, near: _End, far: _End) -> None:
        try:
            await self._loop.create_connection(lambda: far, *self._target)
        except OSError:
            near.abort()


class _End(asyncio.Protocol):
    """One end of a connection: what it gets, its other end sends on."""

    other: _End
    task: asyncio.Task[None] | None = None  # held, or it might be collected while it runs

    def __init__(self, open_: set[_End], watch: Watch | None = None) -> None:
        self._open = open_
        self._watch = watch
        self._transport: asyncio.Transport | None = None
        self._early: list[bytes] = []
        self._over = False
        self._heard_all = False

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast("asyncio.Transport", transport)
        self._open.add(self)
        for data in self._early:
            self._transport.write(data)
        if self._over:  # the other end went before this one was there
            self._transport.close()

    def data_received(self, data: bytes) -> None:
        if self._watch is not None:
            self._watch(data)
        self.other.send(data)

    def eof_received(self) -> bool:
        self._heard_all = True
        self.other.end()
        if self.other._heard_all:  # both have said all that they had to
            self.close()
            self.other.close()
        return True  # the other direction may go on

    def connection_lost(self, exc: Exception | None) -> None:  # noqa: ARG002 - how it ended is all the same
        self._open.discard(self)
        # A killed process may leave with a reset instead of an end. The other side must hear of it, or it holds its
        # locks for ever.
        self.other.close()

    def pause_writing(self) -> None:
        self.other.read(False)

    def resume_writing(self) -> None:
        self.other.read(True)

    def send(self, data: bytes) -> None:
        """Send, or keep until the connection is there."""
        if self._transport is None:
            self._early.append(data)
        else:
            self._transport.write(data)

    def end(self) -> None:
        """Say that nothing more is sent."""
        if self._transport is None:
            self._over = True
        elif self._transport.can_write_eof():
            self._transport.write_eof()

    def close(self) -> None:
        """End the connection when what was sent has gone."""
        self._over = True
        if self._transport is not None:
            self._transport.close()

    def abort(self) -> None:
        """Break the connection."""
        self._over = True
        if self._transport is not None:
            self._transport.abort()

    def read(self, wanted: bool) -> None:
        """Take in more, or nothing while the other end can't send it on."""
        if self._transport is not None and not self._transport.is_closing():
            if wanted:
                self._transport.resume_reading()
            else:
                self._transport.pause_reading()
