"""Whose code a repository holds: compared with the fingerprints of the project's starter and reference solution.

Tests count like everything else. What a tool generates counts only where it holds code of the reference: a copy under
a migration's name stays a copy.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from checks.model import FileOrigin, NotMeasured, OriginalitySummary
from checks.repository import FileTooLarge, Repository
from checks.session import Session

if TYPE_CHECKING:
    from checks.fingerprints import Fingerprints

READ_LIMIT = 8 << 20  # bytes of a file: more than anybody writes, so that comments cannot hide code from being read


class Originality(NamedTuple):
    """The summary for the scorecard; None when the project has no reference solution to compare with.

    `unread` are files too large to be compared.
    """

    summary: OriginalitySummary | None = None
    unread: tuple[str, ...] = ()


def collect(repository: Repository, session: Session) -> Originality:
    """Comparing with the reference solution.

    Raises NotMeasured when the fingerprints cannot be read, or the language's parser is not installed.
    """
    file = session.project.fingerprints
    if not file.is_file():
        return Originality()
    from checks.fingerprints import FingerprintsError, loads

    try:
        known = loads(file.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, FingerprintsError) as error:
        raise NotMeasured(f"the project's {file.name} cannot be read: {error}") from error
    try:
        origins, unread = _origins(repository, known)
    except ImportError as error:
        raise NotMeasured("the parsers are not installed: pip install 'backend-scaffold[strength]'") from error
    summary = OriginalitySummary(
        starter=sum(o.starter for o in origins),
        reference=sum(o.reference for o in origins),
        own=sum(o.own for o in origins),
        solution=known.total,
        files=tuple(sorted((o for o in origins if o.reference), key=lambda o: (-o.reference, o.path))),
    )
    return Originality(summary, tuple(unread))


def _origins(repository: Repository, known: Fingerprints) -> tuple[list[FileOrigin], list[str]]:
    from checks.fingerprints import generated

    origins: list[FileOrigin] = []
    unread: list[str] = []
    for entry in repository.with_suffix(*known.suffixes):
        try:
            content = repository.read_bytes(entry.path, READ_LIMIT)
        except FileTooLarge:
            unread.append(entry.path)
            continue
        except OSError:
            continue  # gone since the tree was listed
        found = known.compare(content, entry.suffix)
        if found.reference or not generated(entry.path):
            origins.append(FileOrigin(entry.path, found.starter, found.reference, found.own, found.line))
    return origins, unread
