"""The API process: FastAPI."""

from data_platform.config import get_settings

# First of all: a process that lacks a variable ends at once, not after it has loaded everything else.
get_settings()
