"""The import: raw → validated → warehouse."""

import tempfile
from typing import IO
from zoneinfo import ZoneInfo

from sqlalchemy import select
from sqlalchemy.orm import Session

from data_platform.jobs import ErrorCode, JobStatus
from data_platform.operational import DataSource, Import, RawChunk
from data_platform.pipeline.cleaning import Cleaner
from data_platform.pipeline.loading import ReconciliationError, load, prepare, stage
from data_platform.pipeline.readers import read_batches
from data_platform.pipeline.rows import UnreadableFileError
from data_platform.worker import stopping
from data_platform.worker.running import JobFailedError, advance

_READ_PERCENT = 90  # the rest is for storing


def import_file(session: Session, job: Import) -> None:
    """Read the file in batches, then store all of it in the transaction that ends the job.

    Raises JobFailedError where the file can't be read, StoppingError between batches.
    """
    source = session.get_one(DataSource, job.source_id)
    cleaner = Cleaner(ZoneInfo(source.processing.get("timezone", "UTC")), job.created_at)
    staged = prepare(session)
    with tempfile.TemporaryFile() as file:
        _copy_raw_file(session, job.id, file)
        session.commit()
        try:
            for batch in read_batches(file, job.size, source.type, source.processing):
                stage(session, staged, [(row, cleaner.clean(row)) for row in batch.rows])
                job.records = staged.records
                advance(session, job, int(batch.read * _READ_PERCENT))
                stopping.check()
        except UnreadableFileError as error:
            raise JobFailedError(ErrorCode(error.code), str(error)) from error
    job.status = JobStatus.VALIDATING
    advance(session, job, _READ_PERCENT)
    try:
        load(session, staged, job.id)
    except ReconciliationError as error:
        message = f"What was stored is not what was accepted, so nothing was kept: {error}."
        raise JobFailedError(ErrorCode.INTERNAL, message) from error
    job.processed = staged.sales
    job.rejected = staged.rejects


def _copy_raw_file(session: Session, import_id: int, file: IO[bytes]) -> None:
    """Put the pieces together on disk: a workbook is read from its end, and memory is for a batch only."""
    pieces = select(RawChunk.content).where(RawChunk.import_id == import_id).order_by(RawChunk.number)
    for content in session.scalars(pieces.execution_options(yield_per=1)):
        file.write(content)
    file.seek(0)
