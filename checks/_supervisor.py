"""Runs one command and outlives it: whatever the command started is ended when it ends, or when the grader does.

Started by `checks.sandbox` as a script of its own (standard library only, no site-packages). The supervisor is the
reaper of every orphan below it, so a daemon that leaves its process group is still found. The grader speaks through
a pipe: a byte below 32 is a signal for the command, ``K`` ends everything, and so does the end of the pipe, which
comes by itself when the grader dies, however it dies. The answer goes through a second pipe that the command does
not inherit: how the command ended and which limit it hit.
"""

from __future__ import annotations

import ctypes
import json
import os
import resource
import select
import signal
import subprocess
import sys
import time
from typing import Any, NoReturn

LINUX = sys.platform.startswith("linux")
PR_SET_PDEATHSIG, PR_SET_CHILD_SUBREAPER = 1, 36
POLL_SECONDS = 0.1  # how often the limits on processes and memory are looked at
KILL_ROUNDS = 200  # a bomb that outlives so many rounds of kills is beyond us


def _prctl(option: int, value: int) -> None:
    if LINUX:
        ctypes.CDLL(None).prctl(option, value, 0, 0, 0)


def _parents() -> dict[int, list[int]]:
    """Every process's children, by the parent's id."""
    found: dict[int, list[int]] = {}
    if LINUX:
        for name in os.listdir("/proc"):  # noqa: PTH208 - pathlib doubles the start time
            if name.isdigit():
                try:
                    with open(f"/proc/{name}/stat", "rb") as stream:  # noqa: PTH123
                        fields = stream.read().rpartition(b")")[2].split()
                except OSError:
                    continue  # gone meanwhile
                if fields and fields[0] != b"Z":
                    found.setdefault(int(fields[1]), []).append(int(name))
        return found
    listing = subprocess.run(["/bin/ps", "-axo", "pid=,ppid="], capture_output=True, check=False).stdout
    for line in listing.splitlines():
        pid, parent = line.split()[:2]
        found.setdefault(int(parent), []).append(int(pid))
    return found


def descendants() -> list[int]:
    """Return the living processes below this one, nearest first."""
    below, result = _parents(), [os.getpid()]
    for pid in result:
        result.extend(below.get(pid, ()))
    return result[1:]


def _nearby() -> list[int]:
    """Return the living processes below this one, by each one's own list of children.

    Far cheaper than reading the whole of /proc, which would cost every supervised process two per cent of a core. A
    child that is just changing hands can be missing: good enough to look at limits, not to end everything.
    """
    found = [os.getpid()]
    for pid in found:
        try:
            for thread in os.listdir(f"/proc/{pid}/task"):  # noqa: PTH208
                with open(f"/proc/{pid}/task/{thread}/children", "rb") as stream:  # noqa: PTH123
                    found += map(int, stream.read().split())
        except FileNotFoundError:
            if pid == found[0]:
                return descendants()  # a kernel without these lists
        except ProcessLookupError:
            continue  # gone meanwhile
    return found[1:]


def _signal(pids: list[int], number: int) -> None:
    for pid in pids:
        try:
            os.kill(pid, number)
        except (ProcessLookupError, PermissionError):
            continue


def _reap(statuses: dict[int, int]) -> None:
    while True:
        try:
            pid, status = os.waitpid(-1, os.WNOHANG)
        except ChildProcessError:
            return
        if pid == 0:
            return
        statuses[pid] = status


def end_all(statuses: dict[int, int]) -> None:
    """End every descendant. They are stopped first, so that none starts another while its siblings are ended."""
    for _ in range(KILL_ROUNDS):
        seen: set[int] = set()
        while True:
            fresh = [pid for pid in descendants() if pid not in seen]
            if not fresh:
                break
            _signal(fresh, signal.SIGSTOP)
            seen.update(fresh)
        if not seen:
            break
        _signal(list(seen), signal.SIGKILL)
        time.sleep(0.005)
        _reap(statuses)
    _reap(statuses)


def _rss(pids: list[int]) -> int:
    """Resident bytes of the processes together; 0 where the platform does not say."""
    total = 0
    if LINUX:
        page = os.sysconf("SC_PAGE_SIZE")
        for pid in pids:
            try:
                with open(f"/proc/{pid}/statm", "rb") as stream:  # noqa: PTH123
                    total += int(stream.read().split()[1]) * page
            except (OSError, IndexError):
                continue
    return total


def _exceeded(spec: dict[str, Any]) -> str:
    below = _nearby() if LINUX else descendants()
    if spec["processes"] and len(below) > spec["processes"]:
        return "processes"
    if spec["memory"] and _rss(below) > spec["memory"]:
        return "memory"
    return ""


def _limit(kind: int, value: int) -> None:
    hard = resource.getrlimit(kind)[1]
    value = value if hard == resource.RLIM_INFINITY else min(value, hard)
    resource.setrlimit(kind, (value, value))


def _become(spec: dict[str, Any], command: list[str]) -> NoReturn:
    """In the child: a session of its own, limits, another user if asked, then the command."""
    try:
        os.setsid()
        _prctl(PR_SET_PDEATHSIG, signal.SIGKILL)
        for number in (signal.SIGTERM, signal.SIGINT, signal.SIGCHLD, signal.SIGPIPE):
            signal.signal(number, signal.SIG_DFL)
        _limit(resource.RLIMIT_CORE, 0)
        if spec["file_size"]:
            _limit(resource.RLIMIT_FSIZE, spec["file_size"])
        os.nice(spec["nice"])
        if spec["user"] is not None:
            uid, gid = spec["user"]
            os.setgroups([])
            os.setgid(gid)
            os.setuid(uid)
        os.dup2(os.open(os.devnull, os.O_RDONLY), 0)
        os.execvp(command[0], command)  # noqa: S606 - a list, never a shell
    except OSError as error:
        os.write(2, f"{command[0]}: {error.strerror}\n".encode(errors="replace"))
    os._exit(127)


def _target(child: int, depth: int) -> int:
    """The process that signals are for: the command itself, `depth` generations below what was started."""
    below = _parents()
    for _ in range(depth):
        child = next(iter(below.get(child, ())), child)
    return child


def watch(spec: dict[str, Any], child: int, statuses: dict[int, int]) -> str:
    """Wait until the command ends, a limit is exceeded, or the grader says stop; return the limit that ended it."""
    wake, alarm = os.pipe()
    os.set_blocking(alarm, False)
    os.set_blocking(wake, False)
    signal.set_wakeup_fd(alarm, warn_on_full_buffer=False)
    bounded = spec["processes"] or spec["memory"]
    while True:
        ready = select.select([wake, spec["control"]], [], [], POLL_SECONDS if bounded else None)[0]
        if wake in ready and any(n in (signal.SIGTERM, signal.SIGINT) for n in os.read(wake, 4096)):
            return ""
        _reap(statuses)
        if child in statuses:
            return ""
        if spec["control"] in ready:
            order = os.read(spec["control"], 64)
            if not order or b"K" in order:
                return ""
            _signal([_target(child, spec["depth"])], order[-1])
        exceeded = _exceeded(spec) if bounded else ""
        if exceeded:
            return exceeded


def main() -> None:
    """Run the command that the arguments describe, and report how it ended."""
    spec: dict[str, Any] = json.loads(sys.argv[1])
    for number in (signal.SIGCHLD, signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: None)
    _prctl(PR_SET_CHILD_SUBREAPER, 1)
    os.set_inheritable(spec["status"], False)
    os.set_inheritable(spec["control"], False)
    statuses: dict[int, int] = {}
    child = os.fork()
    if child == 0:
        _become(spec, sys.argv[2:])
    limit = watch(spec, child, statuses)
    if child not in statuses and spec["goodbye"]:  # a server that must tidy up gets one second for it
        _signal([_target(child, spec["depth"])], spec["goodbye"])
        for _ in range(100):
            _reap(statuses)
            if child in statuses:
                break
            time.sleep(0.01)
    end_all(statuses)
    status = statuses.get(child)
    code = None if status is None else os.waitstatus_to_exitcode(status)
    os.write(spec["status"], json.dumps({"exit": code, "limit": limit}).encode())


if __name__ == "__main__":
    main()
