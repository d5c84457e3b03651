"""What a command does when it is told to end."""

from __future__ import annotations

import signal
import sys
from types import FrameType
from typing import NoReturn


def end_cleanly_on_signals() -> None:
    """Make Ctrl-C, SIGTERM and a closed terminal end every process of the repository before anything else happens.

    Raises KeyboardInterrupt in the main thread when one of them comes.
    """

    def end(_number: int, _frame: FrameType | None) -> NoReturn:
        sandbox = sys.modules.get("checks.sandbox")
        if sandbox is not None:
            sandbox.terminate_all()
        raise KeyboardInterrupt

    signal.signal(signal.SIGINT, end)
    signal.signal(signal.SIGTERM, end)
    if signal.getsignal(signal.SIGHUP) is not signal.SIG_IGN:  # as `nohup` asks
        signal.signal(signal.SIGHUP, end)
