"""A TCP proxy between the application and a dependency, so that the dependency can go away and come back."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable, Coroutine
from typing import Any, TypeVar

CHUNK = 1 << 18
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
        self._open: set[asyncio.StreamWriter] = set()
        self.port = 0

    def __enter__(self) -> Proxy:
        self._thread.start()
        self._do(self._listen())
        return self

    def __exit__(self, *_: object) -> None:
        self.cut()
        self._do(self._drain())
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
            self._server = await asyncio.start_server(self._serve, "127.0.0.1", self.port, limit=CHUNK)
            self.port = self._server.sockets[0].getsockname()[1]

    async def _close(self) -> None:
        if self._server is not None:
            self._server.close()
            self._server = None
        for writer in list(self._open):
            writer.transport.abort()

    async def _drain(self) -> None:
        """Let the connections' tasks see their end, so that none is destroyed while it waits."""
        tasks = [t for t in asyncio.all_tasks() if t is not asyncio.current_task()]
        if tasks:
            await asyncio.wait(tasks, timeout=1)

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            far_reader, far_writer = await asyncio.open_connection(*self._target, limit=CHUNK)
        except OSError:
            writer.transport.abort()
            return
        self._open |= {writer, far_writer}
        try:
            await asyncio.gather(_pass(reader, far_writer, self._watch and self._watch()), _pass(far_reader, writer))
        finally:
            for end in (writer, far_writer):
                self._open.discard(end)
                end.close()


async def _pass(reader: asyncio.StreamReader, writer: asyncio.StreamWriter, watch: Watch | None = None) -> None:
    try:
        while data := await reader.read(CHUNK):
            if watch is not None:
                watch(data)
            writer.write(data)
            await writer.drain()
        if writer.can_write_eof():
            writer.write_eof()
    except OSError:
        # A killed process may leave with a reset instead of an end. The other side must hear of it, or it holds its
        # locks for ever.
        writer.close()
