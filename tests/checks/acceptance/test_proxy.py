"""A dependency can go away and come back while the application runs."""

from __future__ import annotations

import socket
import struct
import threading
from collections.abc import Iterator

import pytest

from checks.acceptance.proxy import Proxy
from tests.support.http import eventually


@pytest.fixture
def echo() -> Iterator[int]:
    """A server that sends back what it gets; its port."""
    server = socket.create_server(("127.0.0.1", 0))

    def serve() -> None:
        while True:
            try:
                connection, _ = server.accept()
            except OSError:
                return
            threading.Thread(target=answer, args=(connection,), daemon=True).start()

    def answer(connection: socket.socket) -> None:
        with connection:
            while data := connection.recv(1 << 16):
                connection.sendall(data)

    threading.Thread(target=serve, daemon=True).start()
    yield server.getsockname()[1]
    server.close()


def exchanged(connection: socket.socket, data: bytes) -> bytes:
    sender = threading.Thread(target=connection.sendall, args=(data,))
    sender.start()
    got = b""
    while len(got) < len(data) and (part := connection.recv(1 << 16)):
        got += part
    sender.join()
    return got


def has_ended(connection: socket.socket) -> bool:
    try:
        return connection.recv(16) == b""
    except ConnectionResetError:
        return True


def test_bytes_pass_in_both_directions_whole(echo: int) -> None:
    data = bytes(range(256)) * 20_000
    with Proxy("127.0.0.1", echo) as proxy, socket.create_connection(("127.0.0.1", proxy.port), timeout=10) as near:
        assert exchanged(near, data) == data


def test_a_cut_breaks_connections_and_refuses_new_ones_until_it_is_restored(echo: int) -> None:
    with Proxy("127.0.0.1", echo) as proxy:
        port = proxy.port
        with socket.create_connection(("127.0.0.1", port), timeout=10) as near:
            assert exchanged(near, b"before") == b"before"
            proxy.cut()
            assert has_ended(near)
        with pytest.raises(ConnectionError):
            socket.create_connection(("127.0.0.1", port), timeout=10)
        proxy.restore()
        assert proxy.port == port
        with socket.create_connection(("127.0.0.1", port), timeout=10) as near:
            assert exchanged(near, b"after") == b"after"


def test_a_client_that_leaves_with_a_reset_ends_the_connection_to_the_server() -> None:
    with socket.create_server(("127.0.0.1", 0)) as server, Proxy("127.0.0.1", server.getsockname()[1]) as proxy:
        near = socket.create_connection(("127.0.0.1", proxy.port), timeout=10)
        far, _ = server.accept()
        with far:
            far.settimeout(5)
            near.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            near.close()
            assert has_ended(far)


def test_a_connection_that_both_have_left_is_not_kept(echo: int) -> None:
    with Proxy("127.0.0.1", echo) as proxy:
        for _ in range(3):
            with socket.create_connection(("127.0.0.1", proxy.port), timeout=10) as near:
                assert exchanged(near, b"hello") == b"hello"
        assert eventually(lambda: not proxy._open)


def test_a_server_that_is_not_there_ends_the_connection() -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
    with Proxy("127.0.0.1", port) as proxy, socket.create_connection(("127.0.0.1", proxy.port), timeout=10) as near:
        assert has_ended(near)
