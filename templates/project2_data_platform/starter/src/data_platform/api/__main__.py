"""Starts the API: `python -m data_platform.api`."""

import signal
import sys
from types import FrameType

import uvicorn

from data_platform.api.app import create_app
from data_platform.config import get_settings


def _end_well(_signal: int, _frame: FrameType | None) -> None:
    sys.exit(0)


def main() -> None:
    """Serve until SIGTERM, then finish what is in flight and end with status 0."""
    settings = get_settings()
    # uvicorn drains on SIGTERM and then raises the signal again for whoever handled it before: that is this handler.
    signal.signal(signal.SIGTERM, _end_well)
    uvicorn.run(
        create_app(),
        host="0.0.0.0",  # noqa: S104  (in a container the outside is the only way in)
        port=settings.port or 8000,
        log_config=None,  # create_app has configured the logs
        access_log=False,  # so is the line for each request
        server_header=False,
        timeout_graceful_shutdown=8,
    )


if __name__ == "__main__":
    main()
