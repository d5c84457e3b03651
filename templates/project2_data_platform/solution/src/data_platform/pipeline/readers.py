"""Raw: files into batches of rows. The rest of the pipeline doesn't know where a row came from."""

from collections.abc import Callable, Iterator, Mapping
from typing import IO, Any

from data_platform.pipeline.csv_reader import read_csv
from data_platform.pipeline.json_reader import read_json, record_row
from data_platform.pipeline.rows import Batch, RawRow, UnreadableFileError, batches
from data_platform.pipeline.xlsx_reader import read_xlsx

__all__ = ["read_batches", "record_row"]
_READERS: dict[str, tuple[Callable[..., Iterator[RawRow]], tuple[str, ...]]] = {
    "csv": (read_csv, ("delimiter", "encoding")),
    "json": (read_json, ("records_path", "encoding")),
    "xlsx": (read_xlsx, ("sheet",)),
    "api": (read_json, ()),
}


def read_batches(file: IO[bytes], size: int, source_type: str, processing: Mapping[str, Any]) -> Iterator[Batch]:
    """Give the rows of a file of `size` bytes, in batches.

    Raises UnreadableFileError where the file as a whole can't be read, which may be after some batches.
    """
    read, known = _READERS[source_type]
    options = {key: processing[key] for key in known if key in processing}
    found = False
    for batch in batches(read(file, **options), lambda: min(file.tell() / size, 1.0)):
        found = True
        yield batch
    if not found:
        raise UnreadableFileError("The file has no rows.", "empty-file")
