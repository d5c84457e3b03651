"""Istanbul's `coverage-final.json`: a map of statements and a count for each; a line is as covered as its statements.

A line counts as executed when a statement that starts on it ran, as Istanbul's own line figures have it.
"""

from __future__ import annotations

import json
from typing import Any

from checks.formats.lines import LineHits


def parse(text: str) -> LineHits:
    """Read a coverage map; files that are not well formed are `problems`."""
    try:
        document = json.loads(text)
    except (ValueError, RecursionError) as error:
        return LineHits({}, problems=(f"not JSON: {error}",))
    if not isinstance(document, dict):
        return LineHits({}, problems=("not an Istanbul coverage map",))
    executed: dict[str, frozenset[int]] = {}
    executable: dict[str, frozenset[int]] = {}
    problems: list[str] = []
    for path, entry in document.items():
        try:
            counts = _line_counts(entry)
        except (KeyError, TypeError, AttributeError):
            problems.append(f"{path}: no statements")
            continue
        executable[path] = frozenset(counts)
        executed[path] = frozenset(line for line, count in counts.items() if count > 0)
    return LineHits(executed, executable, tuple(problems))


def _line_counts(entry: Any) -> dict[int, int]:
    counts: dict[int, int] = {}
    for key, place in entry["statementMap"].items():
        line = int(place["start"]["line"])
        counts[line] = max(counts.get(line, 0), int(entry["s"][key]))
    return counts
