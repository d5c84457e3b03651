"""GitHub's limits, in one place."""

from __future__ import annotations

COMMENT = 65_536  # characters of a comment
SUMMARY = 1024 * 1024  # bytes that one step may add to the job's summary
CHECK_TEXT = 65_535  # characters of a check run's summary
ANNOTATIONS = 50  # a request
ALL_ANNOTATIONS = 200  # more help nobody
TITLE = 255  # characters of an annotation's title
MESSAGE = 1_000  # of its message; GitHub takes 64 KB, nobody reads them
COMMANDS = 10  # annotations of each kind that one step may print

ARCHIVE = 8 * 1024 * 1024  # bytes of a zipped artefact
DOCUMENT = 8 * 1024 * 1024  # bytes of the scorecard in it: some forty times an ordinary one
EXPANSION = 100  # times that a file may grow when unpacked
