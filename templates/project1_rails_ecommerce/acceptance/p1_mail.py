"""The mail server that the grader plays: it takes every mail, at once, slowly, at the second try, or when told to."""

import socket
import socketserver
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from email import message_from_bytes, policy

WAIT_SECONDS = 30.0  # the longest that a greeting is held back


@dataclass(frozen=True)
class Mail:
    """A mail that was taken: recipients of the envelope, subject, the time (monotonic), and the To of its header."""

    to: tuple[str, ...]
    subject: str
    at: float
    header_to: str


class Mailbox:
    """An SMTP server on a free port. `mails` grows with each mail that was taken in whole."""

    def __init__(self) -> None:
        self.mails: list[Mail] = []
        self.slow_seconds = 0.0
        self.under_way = 0
        self.refused: list[str] = []
        self._refuses: set[str] = set()
        self._open = threading.Event()
        self._open.set()
        self._lock = threading.Lock()
        mailbox = self

        class _Session(socketserver.StreamRequestHandler):
            timeout = WAIT_SECONDS

            def handle(self) -> None:
                with suppress(OSError):
                    mailbox._serve(self)

        self._server = _Server(("127.0.0.1", 0), _Session)
        self.url = f"smtp://127.0.0.1:{self._server.server_address[1]}"
        threading.Thread(target=self._server.serve_forever, args=(0.05,), daemon=True, name="mail server").start()

    def about(self, text: str) -> list[Mail]:
        """Give the mails with this text in the subject."""
        return [mail for mail in list(self.mails) if text in mail.subject.split()]

    def refuse_once(self, address: str) -> None:
        """Be too busy for the next mail to this address; then it is in `refused`."""
        self._refuses.add(address)

    @contextmanager
    def hanging(self) -> Iterator[None]:
        """Greet nobody during the block: whoever connects waits."""
        self._open.clear()
        try:
            yield
        finally:
            self._open.set()

    @contextmanager
    def slow(self, seconds: float) -> Iterator[None]:
        """Take so long over each answer during the block; a mail is six of them, the greeting included."""
        self.slow_seconds = seconds
        try:
            yield
        finally:
            self.slow_seconds = 0.0

    def close(self) -> None:
        """Stop listening."""
        self._open.set()
        self._server.shutdown()
        self._server.server_close()

    def _serve(self, session: socketserver.StreamRequestHandler) -> None:
        self._open.wait(WAIT_SECONDS)
        with self._lock:
            self.under_way += 1
        try:
            self._talk(session)
        finally:
            with self._lock:
                self.under_way -= 1

    def _talk(self, session: socketserver.StreamRequestHandler) -> None:
        def say(line: str) -> None:
            time.sleep(self.slow_seconds)
            session.wfile.write(f"{line}\r\n".encode())

        say("220 mail.example.org ESMTP")
        recipients: list[str] = []
        while line := session.rfile.readline(4096):
            command, _, argument = line.decode(errors="replace").strip().partition(" ")
            match command.upper():
                case "EHLO" | "HELO" | "NOOP":
                    say("250 mail.example.org")
                case "MAIL" | "RSET":
                    recipients = []
                    say("250 OK")
                case "RCPT":
                    address = argument.partition("<")[2].partition(">")[0]
                    if self._refuses_now(address):
                        say("451 too busy, try again later")
                    else:
                        recipients.append(address)
                        say("250 OK")
                case "DATA":
                    say("354 go on")
                    self._take(session, tuple(recipients))
                    session.wfile.write(b"250 taken\r\n")
                case "QUIT":
                    session.wfile.write(b"221 bye\r\n")
                    return
                case _:
                    say("502 unknown")

    def _refuses_now(self, address: str) -> bool:
        with self._lock:
            if address not in self._refuses:
                return False
            self._refuses.discard(address)
            self.refused.append(address)
            return True

    def _take(self, session: socketserver.StreamRequestHandler, recipients: tuple[str, ...]) -> None:
        content = bytearray()
        while (line := session.rfile.readline()) not in (b".\r\n", b""):
            content += line
        # Who hangs up meanwhile has not been told that it was taken, and it wasn't.
        gone = not line
        if self.slow_seconds:
            session.connection.settimeout(self.slow_seconds)
            with suppress(TimeoutError):
                gone = session.connection.recv(1, socket.MSG_PEEK) == b""
            session.connection.settimeout(WAIT_SECONDS)
        if not gone:
            message = message_from_bytes(bytes(content), policy=policy.default)
            mail = Mail(recipients, str(message["Subject"]), time.monotonic(), str(message["To"]))
            with self._lock:
                self.mails.append(mail)


class _Server(socketserver.ThreadingTCPServer):
    daemon_threads = True
    block_on_close = False
    allow_reuse_address = True
    request_queue_size = 64
