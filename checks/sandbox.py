"""Runs what a repository brings: bounded, with a clean environment, isolated where the machine can, never orphaned.

Every command runs below a supervisor (`checks/_supervisor.py`) that ends all of its descendants when the command
ends, when it goes beyond a limit, or when the grader dies. Output is drained while it is written and only its head
and tail are kept. With bubblewrap the command sees the machine read-only, without the user's home folder, without
other processes and, where it needs no service, without a network.
"""

from __future__ import annotations

import fcntl
import json
import os
import re
import secrets
import select
import selectors
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
import time
import weakref
from collections.abc import Mapping, Sequence
from contextlib import suppress
from functools import cache
from pathlib import Path
from typing import IO, NamedTuple

from checks.model import NotMeasured
from checks.session import Limits, Session

HEAD_BYTES, TAIL_BYTES = 16 << 10, 64 << 10
FILE_SIZE = 512 << 20  # bytes of the largest file that a command may write
CLEAN_LOOKS = 3  # in a row, before a run counts as ended
GRACE_SECONDS = 5.0  # for the supervisor to end everything, before it is ended itself
MARKER = "CHECK_RUN"  # names the run in the environment of all its processes
_SUPERVISOR = Path(__file__).with_name("_supervisor.py")
_ESCAPES = re.compile(r"\x1b\[[0-?]*[ -/]*[@-~]|\x1b\][^\x07\x1b]*(?:\x07|\x1b\\)?|\x1b[@-_]?|\r(?=\n)")
_CONTROLS = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u200e\u200f\u202a-\u202e\u2066-\u2069]")


def clean_text(raw: bytes | str) -> str:
    """Return output as text that is safe to show: UTF-8, without ANSI sequences, control or direction characters."""
    text = raw.decode("utf-8", errors="replace") if isinstance(raw, bytes) else raw
    return _CONTROLS.sub("", _ESCAPES.sub("", text).replace("\r", "\n"))


class Tail:
    """Keeps the head and the tail of a stream of bytes, however long it is."""

    def __init__(self) -> None:
        self._head = bytearray()
        self._tail = bytearray()
        self._total = 0
        self._lock = threading.Lock()

    def write(self, data: bytes) -> None:
        """Take the next bytes of the stream."""
        with self._lock:
            self._total += len(data)
            room = HEAD_BYTES - len(self._head)
            self._head += data[:room]
            self._tail += data[room:][-TAIL_BYTES:]
            del self._tail[:-TAIL_BYTES]

    @property
    def total(self) -> int:
        """Bytes that came, kept or not."""
        return self._total

    @property
    def truncated(self) -> bool:
        """Whether something between head and tail was dropped."""
        return self._total > len(self._head) + len(self._tail)

    def text(self) -> str:
        """Return what was kept, cleaned, with a line in place of what was dropped."""
        with self._lock:
            dropped = self._total - len(self._head) - len(self._tail)
            gap = f"\n… {dropped} bytes left out …\n".encode() if dropped else b""
            return clean_text(bytes(self._head) + gap + bytes(self._tail))

    def lines(self) -> list[str]:
        """Return the whole lines that were kept, cleaned: without those that the gap between head and tail cuts."""
        with self._lock:
            head, tail, cut = bytes(self._head), bytes(self._tail), self.truncated
        if cut:
            head, tail = head.rpartition(b"\n")[0] + b"\n", tail.partition(b"\n")[2]
        text = clean_text(head + tail).removesuffix("\n")
        return text.split("\n") if text else []


class Box(NamedTuple):
    """What an isolated command may reach: folders to read, folders to write, the network."""

    readable: tuple[Path, ...] = ()
    writable: tuple[Path, ...] = ()
    network: bool = True


class Completed(NamedTuple):
    """How a command ended. `exit` is negative for a signal and None when nobody knows; `limit` names the bound
    (``time``, ``processes``, ``memory``) that ended it, or is empty.
    """

    exit: int | None
    stdout: str
    stderr: str
    limit: str
    truncated: bool
    seconds: float

    @property
    def timed_out(self) -> bool:
        """Whether the time limit ended it."""
        return self.limit == "time"

    def last_lines(self, count: int = 8) -> str:
        """Return the last lines it wrote, of the error stream if there are any."""
        lines = (self.stderr.strip() or self.stdout.strip()).splitlines()
        return "\n".join(lines[-count:])


_running: dict[int, Running] = {}
_closed = threading.Event()


class Running:
    """A started command. Its end is awaited with `wait`, its output read with `output`; it is ended with `stop`."""

    def __init__(self, process: subprocess.Popen[bytes], control: int, status: int, marker: str, depth: int) -> None:
        self._process, self._control, self._status, self._marker = process, control, status, marker
        self._depth = depth
        # Closed with the object, not at the end: a signal handler may end the command while `wait` looks at the pipe.
        weakref.finalize(self, os.close, control)
        weakref.finalize(self, os.close, status)
        self._started = time.monotonic()
        self._result: Completed | None = None
        self._limit = ""
        self._lock = threading.Lock()
        self.stdout, self.stderr = Tail(), Tail()
        self._drain = threading.Thread(target=self._read, daemon=True, name="sandbox-output")
        self._drain.start()
        _running[process.pid] = self

    def _read(self) -> None:
        with selectors.DefaultSelector() as selector:
            for stream, tail in ((self._process.stdout, self.stdout), (self._process.stderr, self.stderr)):
                if stream is not None:
                    with suppress(OSError, AttributeError):  # a larger pipe where the platform allows it
                        fcntl.fcntl(stream, fcntl.F_SETPIPE_SZ, 1 << 20)
                    selector.register(stream, selectors.EVENT_READ, tail)
            while selector.get_map():
                for key, _ in selector.select():
                    data = os.read(key.fd, 1 << 20)
                    if data:
                        key.data.write(data)
                    else:
                        selector.unregister(key.fileobj)
                        stream_of: IO[bytes] = key.fileobj  # type: ignore[assignment]
                        stream_of.close()

    @property
    def ended(self) -> bool:
        """Whether the command is over."""
        return self._process.poll() is not None

    @property
    def written(self) -> int:
        """Bytes that it wrote so far to both streams."""
        return self.stdout.total + self.stderr.total

    def resident(self) -> int:
        """Return the resident memory, in bytes, of the command and everything that it started; 0 when it is over."""
        import psutil

        total = 0
        with suppress(psutil.NoSuchProcess):
            for process in psutil.Process(self._process.pid).children(recursive=True):
                with suppress(psutil.Error):  # gone meanwhile
                    total += process.memory_info().rss
        return total

    def output(self) -> str:
        """Return what it wrote so far to both streams, cleaned; of long output the head and the tail."""
        return self.stdout.text() + self.stderr.text()

    def send(self, number: signal.Signals) -> None:
        """Send the command (not its children) a signal."""
        self._order(bytes([number]))

    def wait(self, seconds: float | None = None) -> Completed:
        """Wait for the end, at most `seconds`, then end the command by force; return how it ended."""
        # The supervisor's answer is awaited, not its process: Popen.wait holds a lock that a signal handler needs too.
        if not select.select([self._status], [], [], seconds)[0]:
            self._limit = "time"
        return self.stop()

    def stop(self) -> Completed:
        """End the command and all that it started, if they still run, and return how it ended."""
        with self._lock:
            if self._result is None:
                self._result = self._finish()
            return self._result

    def _order(self, order: bytes) -> None:
        with suppress(OSError):  # it ended meanwhile
            os.write(self._control, order)

    def _finish(self) -> Completed:
        self._order(b"K")
        try:
            self._process.wait(GRACE_SECONDS)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        seconds = time.monotonic() - self._started
        report = _report(self._status)
        if report is None or not sys.platform.startswith("linux"):
            _end_marked(self._marker)
        self._drain.join(GRACE_SECONDS)
        _running.pop(self._process.pid, None)
        code, limit = report or (None, "")
        if self._depth and code is not None and code > 128:  # bubblewrap reports a signal as a shell does
            code = 128 - code
        truncated = self.stdout.truncated or self.stderr.truncated
        return Completed(code, self.stdout.text(), self.stderr.text(), self._limit or limit, truncated, seconds)


def _report(status: int) -> tuple[int | None, str] | None:
    """Read exit code and limit as the supervisor gave them; None when it was ended before it could speak."""
    raw = b""
    while chunk := os.read(status, 4096):
        raw += chunk
    report = json.loads(raw) if raw else None
    return None if report is None else (report["exit"], report["limit"])


def _end_marked(marker: str) -> None:
    """End every process that carries the run's marker: the second line, where there is no supervisor to ask.

    A process can be forked while the others are looked at, and one that is just starting a program shows no
    environment for a moment. So it is looked again until nothing was found several times in a row.
    """
    import psutil

    clean = 0
    while clean < CLEAN_LOOKS:
        found = False
        for process in psutil.process_iter():
            with suppress(psutil.Error, OSError):
                if process.environ().get(MARKER) == marker and process.status() != psutil.STATUS_ZOMBIE:
                    process.kill()
                    found = True
        clean = 0 if found else clean + 1
        time.sleep(0.03)


def start(
    command: Sequence[str | Path],
    *,
    cwd: Path,
    env: Mapping[str, str],
    limits: Limits | None = None,
    box: Box | None = None,
    user: tuple[int, int] | None = None,
    goodbye: signal.Signals | None = None,
    file_size: int = FILE_SIZE,
) -> Running:
    """Start a command and return at once.

    Without `limits` nothing bounds processes, memory and file size; time is bounded by the caller's `wait`.
    With a `box` it runs in bubblewrap (ask `isolated` first). `user` is another uid and gid to become, `goodbye` a
    signal that the command gets one second to obey before it is ended.

    Raises NotMeasured after `terminate_all`.
    """
    if _closed.is_set():
        raise NotMeasured("the grading was interrupted")
    control_read, control_write = os.pipe()
    status_read, status_write = os.pipe()
    marker = secrets.token_hex(8)
    depth = 2 if box else 0  # bubblewrap, its init, the command
    spec = {
        "control": control_read,
        "status": status_write,
        "processes": limits.processes if limits else 0,
        "memory": (limits.memory or 0) if limits else 0,
        "file_size": file_size if limits else 0,
        "nice": limits.nice if limits else 0,
        "user": user,
        "goodbye": int(goodbye) if goodbye else 0,
        "depth": depth,
    }
    whole = [*(_bubblewrap(box, cwd) if box else ()), *map(str, command)]
    try:
        process = subprocess.Popen(
            [sys.executable, "-I", "-S", str(_SUPERVISOR), json.dumps(spec), *whole],
            cwd=cwd,
            env={**env, MARKER: marker},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            pass_fds=(control_read, status_write),
            start_new_session=True,
        )
    except BaseException:
        os.close(control_write)
        os.close(status_read)
        raise
    finally:
        os.close(control_read)
        os.close(status_write)
    return Running(process, control_write, status_read, marker, depth)


def run(
    command: Sequence[str | Path],
    *,
    cwd: Path,
    env: Mapping[str, str],
    limits: Limits | None = None,
    seconds: float | None = None,
    box: Box | None = None,
    user: tuple[int, int] | None = None,
    file_size: int = FILE_SIZE,
) -> Completed:
    """Run a command to its end, at most `seconds` (default: the limits' own), and return how it ended.

    Takes and raises what `start` does. A command that is too slow is ended with everything it started.
    """
    bounds = limits or Limits()
    running = start(command, cwd=cwd, env=env, limits=bounds, box=box, user=user, file_size=file_size)
    try:
        return running.wait(bounds.seconds if seconds is None else seconds)
    finally:
        running.stop()  # Ctrl-C while waiting


def terminate_all() -> None:
    """End every running command of this process, and let none start any more. Safe in a signal handler."""
    _closed.set()
    for running in list(_running.values()):
        running._order(b"K")  # all are told first, then each is awaited
    for running in list(_running.values()):
        if running._lock.acquire(blocking=False):  # else another thread is ending it
            try:
                running._result = running._result or running._finish()
            finally:
                running._lock.release()


def environment(home: Path, temporary: Path, extra: Mapping[str, str] | None = None) -> dict[str, str]:
    """Return the environment of a command of the repository: a search path, a locale, empty folders, and `extra`.

    Nothing else of the grader's environment is passed on: no tokens, no `GITHUB_*`, no `PYTHON*` or `COVERAGE_*`.
    """
    for folder in (home, temporary):
        folder.mkdir(parents=True, exist_ok=True)
    locale = "en_US.UTF-8" if sys.platform == "darwin" else "C.UTF-8"
    base = {"PATH": os.environ.get("PATH", os.defpath), "LANG": locale, "HOME": str(home), "TMPDIR": str(temporary)}
    return {**base, **(extra or {})}


@cache
def bubblewrap() -> str | None:
    """Return the path of bubblewrap where it is installed and works; tried once."""
    path = shutil.which("bwrap")
    if path is None:
        return None
    probe = [path, "--ro-bind", "/", "/", "--unshare-pid", "--unshare-net", "--proc", "/proc", "--dev", "/dev", "true"]
    try:
        return path if subprocess.run(probe, capture_output=True, check=False, timeout=10).returncode == 0 else None
    except (OSError, subprocess.TimeoutExpired):
        return None


def isolated(session: Session) -> bool:
    """Say whether commands of the repository run isolated, and note it for the scorecard.

    Raises NotMeasured when the session requires isolation and this machine has none.
    """
    if session.isolation != "none" and bubblewrap() is not None:
        session.note("isolation: bubblewrap (read-only machine, no home folder, own processes)")
        return True
    if session.isolation == "require":
        raise NotMeasured("isolation is required and bubblewrap is missing or does not work: install `bubblewrap`")
    session.note("isolation: none (own process group and limits only); install bubblewrap for more")
    return False


def _bubblewrap(box: Box, cwd: Path) -> list[str]:
    hidden = {Path("/tmp"), Path("/var/tmp"), Path("/run"), Path.home(), Path(tempfile.gettempdir())}  # noqa: S108
    arguments = [bubblewrap() or "bwrap", "--die-with-parent", "--unshare-pid", "--unshare-ipc", "--unshare-uts"]
    if not box.network:
        arguments.append("--unshare-net")
    if os.geteuid() == 0:
        arguments += ["--cap-drop", "ALL"]
    arguments += ["--ro-bind", "/", "/", "--dev", "/dev", "--proc", "/proc"]
    for folder in sorted(hidden):
        if folder.is_dir() and folder != Path("/"):
            arguments += ["--tmpfs", str(folder)]
    arguments += ["--ro-bind-try", "/run/systemd/resolve", "/run/systemd/resolve"]
    for folder in box.readable:
        arguments += ["--ro-bind-try", str(folder), str(folder)]
    for folder in box.writable:
        arguments += ["--bind", str(folder), str(folder)]
    return [*arguments, "--chdir", str(cwd), "--"]
