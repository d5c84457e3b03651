"""Files that come in, the domain: which are taken, how they are kept, and what was not taken of them."""

import hashlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from io import BytesIO
from pathlib import PurePath
from typing import IO

from sqlalchemy import Select, func, insert, select
from sqlalchemy.orm import Session

from data_platform import queue, sources
from data_platform.operational import DataSource, Import, RawChunk, Reject
from data_platform.sources import SourceType

MOST_BYTES = 20 * 2**20
CHUNK_BYTES = 2**20
_ACCEPTED = {
    SourceType.CSV: ("text/csv", "application/csv", "application/vnd.ms-excel", "text/plain"),
    SourceType.JSON: ("application/json",),
    SourceType.XLSX: ("application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",),
}
# What a client sends that doesn't know: then the name alone decides.
_UNDECIDED = ("", "application/octet-stream")
_ZIP_SIGNATURES = (b"PK\x03\x04", b"PK\x05\x06", b"PK\x07\x08")
_LONGEST_NAME = 255


class UploadsRefusedError(Exception):
    """This source takes no uploads."""


class FileTooLargeError(ValueError):
    """The file is larger than a file may be."""

    def __init__(self) -> None:
        super().__init__(f"A file may have {MOST_BYTES} bytes at most.")


class UnsupportedTypeError(ValueError):
    """The file is not of the source's type."""


class ImportNotFoundError(LookupError):
    """There is no import with this id."""


@dataclass(frozen=True)
class Upload:
    """A file as it was sent, with what its sender says of it."""

    file: IO[bytes]
    name: str
    media_type: str


@dataclass(frozen=True)
class RejectPage:
    """Some of the rejects of an import, and how many there are in all."""

    items: Sequence[Reject]
    total: int


def receive(session: Session, source_id: int, upload: Upload) -> Import:
    """Keep the file as it came, and queue its import.

    Raises SourceNotFoundError, UploadsRefusedError, FileTooLargeError, UnsupportedTypeError, QueueUnavailableError;
    nothing is kept then.
    """
    source = sources.get_source(session, source_id)
    _check_source(source)
    size, sha256 = _measure(upload.file)
    _check_type(SourceType(source.type), upload)
    return _store(session, Import(source_id=source.id, file_name=upload.name, size=size, sha256=sha256), upload.file)


def keep(session: Session, source: DataSource, name: str, content: bytes) -> Import:
    """Keep what was fetched from a source as it came, and queue its import. Raises QueueUnavailableError."""
    file = BytesIO(content)
    size, sha256 = _measure(file)
    return _store(session, Import(source_id=source.id, file_name=name, size=size, sha256=sha256), file)


def list_rejects(session: Session, import_id: int, *, page: int, per_page: int) -> RejectPage:
    """Give one page of the rejects, by row number. Raises ImportNotFoundError."""
    _check_import(session, import_id)
    total = session.scalar(select(func.count()).where(Reject.import_id == import_id)) or 0
    rows = session.scalars(_rejects_of(import_id).limit(per_page).offset((page - 1) * per_page)).all()
    return RejectPage(rows, total)


def all_rejects(session: Session, import_id: int) -> Iterator[Reject]:
    """Give every reject, by row number, a few at a time. Raises ImportNotFoundError, at once."""
    _check_import(session, import_id)
    return iter(session.scalars(_rejects_of(import_id).execution_options(yield_per=1000)))


def _store(session: Session, record: Import, file: IO[bytes]) -> Import:
    record.file_name = record.file_name[-_LONGEST_NAME:]
    session.add(record)
    session.flush()
    for number, content in enumerate(_chunks(file)):
        session.execute(insert(RawChunk).values(import_id=record.id, number=number, content=content))
    queue.submit(session, record)
    return record


def _rejects_of(import_id: int) -> Select[Reject]:
    return select(Reject).where(Reject.import_id == import_id).order_by(Reject.row_number)


def _check_import(session: Session, import_id: int) -> None:
    if session.get(Import, import_id) is None:
        raise ImportNotFoundError(f"There is no import {import_id}.")


def _check_source(source: DataSource) -> None:
    if source.type == SourceType.API:
        raise UploadsRefusedError("A source of type api takes no uploads.")
    if not source.active:
        raise UploadsRefusedError("The source is inactive.")


def _check_type(source_type: SourceType, upload: Upload) -> None:
    media_type = upload.media_type.partition(";")[0].strip().lower()
    fits = media_type in _UNDECIDED or media_type in _ACCEPTED[source_type]
    if not fits or PurePath(upload.name).suffix.lower() != f".{source_type}":
        described = f"is {media_type}" if media_type else "has no media type"
        raise UnsupportedTypeError(f"This source takes {source_type}; {upload.name} {described}.")
    if source_type == SourceType.XLSX and not upload.file.read(4).startswith(_ZIP_SIGNATURES):
        raise UnsupportedTypeError(f"This source takes {source_type}; {upload.name} is no workbook.")


def _measure(file: IO[bytes]) -> tuple[int, str]:
    """Give size and sha256 of what really came. Raises FileTooLargeError."""
    digest = hashlib.sha256()
    size = 0
    for content in _chunks(file):
        size += len(content)
        if size > MOST_BYTES:
            raise FileTooLargeError
        digest.update(content)
    file.seek(0)
    return size, digest.hexdigest()


def _chunks(file: IO[bytes]) -> Iterator[bytes]:
    file.seek(0)
    while content := file.read(CHUNK_BYTES):
        yield content
