"""Logs: one JSON object a line on standard output."""

import json
import logging
import logging.config
from datetime import UTC, datetime
from typing import Any

from data_platform.observability.request_id import current_request_id

_REQUEST_FIELDS = ("method", "route", "status", "duration_ms")


class OnlyTracebacks(logging.Filter):
    """Lets records with a traceback through."""

    def filter(self, record: logging.LogRecord) -> bool:
        """Tell whether the record is to be logged."""
        return record.exc_info is not None


class JsonFormatter(logging.Formatter):
    """Turns a record into one line of JSON."""

    def format(self, record: logging.LogRecord) -> str:
        """Give the line. A traceback becomes a field, so that it stays one line."""
        entry: dict[str, Any] = {
            "time": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds")[:-6] + "Z",
            "level": record.levelname.lower(),
            "logger": record.name,
            "message": record.getMessage(),
            "request_id": current_request_id(),
        }
        entry.update({field: getattr(record, field) for field in _REQUEST_FIELDS if hasattr(record, field)})
        if record.exc_info:
            entry["exception"] = self.formatException(record.exc_info)
        return json.dumps(entry, default=str, ensure_ascii=False)


def logging_config(level: str) -> dict[str, Any]:
    """Give the configuration for `logging.config.dictConfig`: every logger, those of the servers too, ends here."""
    to_root: dict[str, Any] = {"handlers": [], "propagate": True}
    return {
        "version": 1,
        "disable_existing_loggers": False,
        "filters": {"only tracebacks": {"()": OnlyTracebacks}},
        "formatters": {"json": {"()": JsonFormatter}},
        "handlers": {"stdout": {"class": "logging.StreamHandler", "stream": "ext://sys.stdout", "formatter": "json"}},
        "root": {"level": level, "handlers": ["stdout"]},
        "loggers": {
            "uvicorn": to_root,
            "uvicorn.error": to_root,
            "gunicorn.error": to_root,
            # Without a traceback, these repeat what the line of the request says already.
            "gunicorn.access": {**to_root, "level": "WARNING"},
            "django.request": {**to_root, "filters": ["only tracebacks"]},
            # One line for each outgoing request is a debugging aid.
            "httpx2": {**to_root, "level": "WARNING"},
        },
    }


def configure_logs(level: str) -> None:
    """Make this process log JSON from here on, Python's warnings included."""
    logging.config.dictConfig(logging_config(level))
    logging.captureWarnings(capture=True)
