"""Runs whole processes in turn and compares their medians, so that a drifting machine harms both alike."""

from __future__ import annotations

import os
import statistics
import subprocess
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True, slots=True)
class Command:
    """A command line, where it runs, and what is done before each run (not timed)."""

    arguments: Sequence[str]
    cwd: Path
    environment: Mapping[str, str] | None = None
    before: Callable[[], None] = lambda: None
    accepted: tuple[int, ...] = (0,)


@dataclass(frozen=True, slots=True)
class Sample:
    """One run: wall seconds, processor seconds and the peak resident memory in bytes of the process."""

    seconds: float
    cpu: float
    peak: int


def run(command: Command) -> Sample:
    """Run once; raises RuntimeError with the output's end when the exit code is not an accepted one.

    Modules are byte-compiled, as those of an installed package are: whoever forbids Python to keep what it compiled
    measures the compiler.
    """
    command.before()
    environment = {**os.environ, **(command.environment or {})}
    environment.pop("PYTHONDONTWRITEBYTECODE", None)
    started = time.perf_counter()
    process = subprocess.Popen(
        list(command.arguments),
        cwd=command.cwd,
        env=environment,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
    )
    assert process.stdout is not None
    output = process.stdout.read()
    _, status, usage = os.wait4(process.pid, 0)
    seconds = time.perf_counter() - started
    process.returncode = os.waitstatus_to_exitcode(status)
    process.stdout.close()
    if process.returncode not in command.accepted:
        tail = output[-2000:].decode(errors="replace")
        raise RuntimeError(f"{' '.join(command.arguments)} ended with {process.returncode}:\n{tail}")
    scale = 1 if os.uname().sysname == "Darwin" else 1024  # ru_maxrss: bytes on macOS, KiB on Linux
    return Sample(seconds, usage.ru_utime + usage.ru_stime, usage.ru_maxrss * scale)


def medians(*commands: Command, runs: int) -> list[float]:
    """Return the median wall seconds of each command, run in turn `runs` times after one warm-up of each."""
    for command in commands:
        run(command)
    samples: list[list[float]] = [[] for _ in commands]
    for _ in range(runs):
        for number, command in enumerate(commands):
            samples[number].append(run(command).seconds)
    return [statistics.median(s) for s in samples]
