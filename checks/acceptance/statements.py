"""The statements that an application sends to PostgreSQL, read from the bytes that pass the proxy.

Only what a client sends is looked at (PostgreSQL's protocol, version 3): simple queries, and executions of statements
that were prepared before on the same connection.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from checks.model import NotMeasured

_TLS_HANDSHAKE = 0x16
# What a client may ask for, untyped, before it says who it is: TLS, GSS encryption.
_ENCRYPTION_REQUESTS = (80_877_103, 80_877_104)
_HEADER = 5  # a letter for the type, then the length of the rest
# What belongs to connections and transactions, and asks for nothing.
_AROUND = re.compile(
    rb"\s*(BEGIN|START|COMMIT|END|ROLLBACK|SAVEPOINT|RELEASE|SET|SHOW|RESET|DISCARD|DEALLOCATE)\b", re.IGNORECASE
)
Note = Callable[[bytes], None]


class _Connection:
    """Cuts what one client sends into messages and notes the text of each statement that it has executed."""

    def __init__(self, note: Note, unreadable: Callable[[], None]) -> None:
        self._note, self._unreadable = note, unreadable
        self._buffer = bytearray()
        self._begun = False
        self._prepared: dict[bytes, bytes] = {}
        self._bound: dict[bytes, bytes] = {}
        self._encrypted = False

    def __call__(self, data: bytes) -> None:
        if self._encrypted:
            return
        self._buffer += data
        while self._begin() if not self._begun else self._message():
            pass

    def _begin(self) -> bool:
        if self._buffer[:1] == bytes([_TLS_HANDSHAKE]):
            self._encrypted = True
            self._unreadable()
            return False
        size = int.from_bytes(self._buffer[:4], "big")
        if len(self._buffer) < max(size, 8):
            return False
        self._begun = int.from_bytes(self._buffer[4:8], "big") not in _ENCRYPTION_REQUESTS
        del self._buffer[:size]
        return True

    def _message(self) -> bool:
        size = 1 + int.from_bytes(self._buffer[1:_HEADER], "big")
        if len(self._buffer) < max(size, _HEADER):
            return False
        kind, body = self._buffer[:1], bytes(self._buffer[_HEADER:size])
        del self._buffer[:size]
        if kind == b"Q":
            self._note(body.rstrip(b"\0"))
        elif kind == b"P":
            name, text, _ = body.split(b"\0", 2)
            self._prepared[name] = text
        elif kind == b"B":
            portal, name, _ = body.split(b"\0", 2)
            self._bound[portal] = self._prepared.get(name, b"")
        elif kind == b"E":
            self._note(self._bound.get(body.partition(b"\0")[0], b""))
        return True


class Statements:
    """Reads along on every connection of a proxy; `counted` gives those of a block."""

    def __init__(self) -> None:
        self._lists: list[list[str]] = []
        self._encrypted = False

    def connection(self) -> Callable[[bytes], None]:
        """Return what takes the bytes that the client of a new connection sends."""
        return _Connection(self._note, self._was_encrypted)

    def _note(self, text: bytes) -> None:
        if self._lists and not _AROUND.match(text):
            for seen in self._lists:
                seen.append(text.decode(errors="replace"))

    def _was_encrypted(self) -> None:
        self._encrypted = True

    @contextmanager
    def counted(self) -> Iterator[list[str]]:
        """Yield a list that grows with each statement of the block, but those of transactions and settings.

        Raises NotMeasured when a connection was encrypted: then nobody can read along.
        """
        if self._encrypted:
            raise NotMeasured("connections to PostgreSQL are encrypted, so that statements cannot be counted")
        seen: list[str] = []
        self._lists.append(seen)
        try:
            yield seen
        finally:
            self._lists.remove(seen)
