"""A GitHub on 127.0.0.1 that remembers what it is told, and refuses what GitHub's own description does not allow."""

from tests.support.github.server import BOT, Fault, GitHub, Repo, running

__all__ = ["BOT", "Fault", "GitHub", "Repo", "running"]
