"""LCOV tracefiles (`SF:`, `DA:line,count`, `end_of_record`), which Ruby and JavaScript tools write."""

from __future__ import annotations

from checks.formats.lines import LineHits


def parse(text: str) -> LineHits:
    """Read a tracefile; records that are not well formed are `problems`, the rest counts."""
    executed: dict[str, set[int]] = {}
    executable: dict[str, set[int]] = {}
    problems: list[str] = []
    file = ""
    for number, line in enumerate(text.splitlines(), start=1):
        key, _, value = line.strip().partition(":")
        if key == "SF":
            file = value
            executed.setdefault(file, set())
            executable.setdefault(file, set())
        elif key == "DA":
            parts = value.split(",")
            if not file or len(parts) < 2 or not parts[0].isdecimal() or not parts[1].lstrip("-").isdecimal():
                problems.append(f"line {number}: {line[:80]}")
                continue
            executable[file].add(int(parts[0]))
            if int(parts[1]) > 0:
                executed[file].add(int(parts[0]))
        elif key == "end_of_record":
            file = ""
    return LineHits(
        {path: frozenset(lines) for path, lines in executed.items()},
        {path: frozenset(lines) for path, lines in executable.items()},
        tuple(problems),
    )
