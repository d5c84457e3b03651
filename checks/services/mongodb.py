"""A throwaway MongoDB. Only a URL that was given is used so far; starting one comes with the Node runner."""

from __future__ import annotations

from pathlib import Path

from checks.model import NotMeasured
from checks.services.base import Server
from checks.session import Session


class MongoDB:
    """MongoDB, by URL only."""

    name = "mongodb"
    variable = "MONGODB_URI"
    hint = "wait for the Node runner: starting a MongoDB is not built yet"

    def find(self) -> str | None:
        """Say which server would be started: none yet."""
        return None

    def start(self, folder: Path, session: Session) -> Server:
        """Raise NotMeasured: not built yet."""
        raise NotMeasured(f"starting a MongoDB in {folder} is not built yet ({session.project.id})")
