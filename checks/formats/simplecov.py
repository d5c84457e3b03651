"""SimpleCov's `.resultset.json`: for each command a list a file, null for lines that hold no code, else a count."""

from __future__ import annotations

import json
from typing import Any

from checks.formats.lines import LineHits, merge


def parse(text: str) -> LineHits:
    """Read a result set, the union of its commands; anything that is not one is a `problem`."""
    try:
        document = json.loads(text)
    except (ValueError, RecursionError) as error:
        return LineHits({}, problems=(f"not JSON: {error}",))
    if not isinstance(document, dict):
        return LineHits({}, problems=("not a SimpleCov result set",))
    return merge([_command(str(name), value) for name, value in document.items()])


def _command(name: str, value: Any) -> LineHits:
    files = value.get("coverage") if isinstance(value, dict) else None
    if not isinstance(files, dict):
        return LineHits({}, problems=(f"{name}: no coverage",))
    executed: dict[str, frozenset[int]] = {}
    executable: dict[str, frozenset[int]] = {}
    problems: list[str] = []
    for path, entry in files.items():
        counts = entry.get("lines") if isinstance(entry, dict) else entry  # before 0.18 the list stood alone
        if not isinstance(counts, list):
            problems.append(f"{name}: {path}: no lines")
            continue
        numbered = [(n, c) for n, c in enumerate(counts, start=1) if isinstance(c, int) and not isinstance(c, bool)]
        executable[path] = frozenset(n for n, _ in numbered)
        executed[path] = frozenset(n for n, count in numbered if count > 0)
    return LineHits(executed, executable, tuple(problems))
