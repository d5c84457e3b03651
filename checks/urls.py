"""Reads the URLs of a deployment from the command line."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from urllib.parse import urlsplit

from scaffolder.errors import ScaffoldError


class WrongUrl(ScaffoldError):
    """A URL of a deployment is not usable."""


def read_urls(given: Iterable[str], processes: Sequence[str]) -> dict[str, str]:
    """Return the base URL of each process; without a name it is that of the first of `processes`.

    Raises WrongUrl for an unknown process, a second URL of one, or what is no http or https URL.
    """
    found: dict[str, str] = {}
    for text in given:
        name, equals, url = text.partition("=")
        if not equals or "/" in name:
            name, url = processes[0], text
        if name not in processes:
            raise WrongUrl(f"--url {text}: there is no process {name!r}.", f"Processes: {', '.join(processes)}.")
        parts = urlsplit(url)
        if parts.scheme not in ("http", "https") or not parts.hostname:
            raise WrongUrl(f"--url {text}: {url!r} is no address.", "Write, for example, --url https://shop.example.")
        if name in found:
            raise WrongUrl(f"--url {text}: {name} has a URL already.", f"Name the process: --url {processes[-1]}=…")
        found[name] = url.rstrip("/")
    return found
