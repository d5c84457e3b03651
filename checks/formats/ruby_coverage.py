"""The raw line data that `runners/inside/ruby/check_coverage.rb` writes: for each process a file of its own."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from checks.formats.lines import SIZE_LIMIT, LineHits

FIELD, RECORD = b"\x1f", b"\x1e"


def read_folder(folder: Path) -> LineHits:
    """Read the lines that the processes of one run left in `folder`; what is wrong with a file is a `problem`."""
    executed: dict[str, set[int]] = {}
    problems: list[str] = []
    for path in _files(folder):
        try:
            for test, file, lines in _records(path):
                if not test:
                    executed.setdefault(file, set()).update(lines)
        except (OSError, ValueError) as error:
            problems.append(f"{path.name}: {error}")
    return LineHits({file: frozenset(lines) for file, lines in executed.items()}, problems=tuple(problems))


def tests_by_line(folder: Path, file: str) -> dict[int, frozenset[str]]:
    """Return which tests ran each line of a file, by their ids; lines that no test ran are left out.

    Raises OSError or ValueError when the data can't be read.
    """
    found: dict[int, set[str]] = {}
    for path in _files(folder):
        for test, name, lines in _records(path):
            if test and name == file:
                for line in lines:
                    found.setdefault(line, set()).add(test)
    return {line: frozenset(tests) for line, tests in found.items()}


def _files(folder: Path) -> list[Path]:
    return sorted(path for path in folder.iterdir() if path.is_file() and not path.is_symlink())


def _records(path: Path) -> Iterator[tuple[str, str, list[int]]]:
    if path.stat().st_size > SIZE_LIMIT:
        raise ValueError(f"larger than {SIZE_LIMIT >> 20} MiB")
    for record in path.read_bytes().split(RECORD)[:-1]:
        fields = record.split(FIELD)
        if len(fields) != 3:
            raise ValueError("not the grader's own line data")
        test, file = (field.decode("utf-8", "surrogateescape") for field in fields[:2])
        yield test, file, [int(number) for number in fields[2].split()]
