"""The raw data files of coverage.py: lines that were executed, before any of its reporting options apply."""

from __future__ import annotations

import sqlite3
from pathlib import Path

from checks.formats.lines import SIZE_LIMIT, LineHits, merge


def read(path: Path) -> LineHits:
    """Read one data file; what is wrong with it is one of its `problems`."""
    from coverage import CoverageData
    from coverage.exceptions import CoverageException

    try:
        if path.stat().st_size > SIZE_LIMIT:
            return LineHits({}, problems=(f"{path.name}: larger than {SIZE_LIMIT >> 20} MiB",))
        data = CoverageData(basename=str(path))
        try:
            data.read()
            return LineHits({file: frozenset(data.lines(file) or ()) for file in data.measured_files()})
        finally:
            data.close(force=True)
    except (CoverageException, sqlite3.Error, OSError, ValueError) as error:
        return LineHits({}, problems=(f"{path.name}: {error}",))


def read_folder(folder: Path) -> LineHits:
    """Read every data file that the processes of one run left in `folder`."""
    return merge([read(path) for path in sorted(folder.iterdir()) if path.is_file() and not path.is_symlink()])


def tests_by_line(folder: Path, file: str) -> dict[int, frozenset[str]]:
    """Return which tests ran each line of a file, by their recorded names; lines that no test ran are left out.

    `folder` holds the data files of one run. Raises OSError or ValueError when they can't be read.
    """
    from coverage import CoverageData
    from coverage.exceptions import CoverageException

    found: dict[int, set[str]] = {}
    for path in sorted(folder.iterdir()):
        data = CoverageData(basename=str(path))
        try:
            data.read()
            for line, contexts in data.contexts_by_lineno(file).items():
                found.setdefault(line, set()).update(c for c in contexts if c)
        except (CoverageException, sqlite3.Error) as error:
            raise ValueError(f"{path.name}: {error}") from error
        finally:
            data.close(force=True)
    return {line: frozenset(tests) for line, tests in found.items() if tests}
