"""Which of the offered media types a client wants: RFC 9110, section 12.5.1."""

import re
from collections.abc import Iterator, Sequence

_QUALITY = re.compile(r"(?:0(?:\.[0-9]{0,3})?|1(?:\.0{0,3})?)")


class NotAcceptableError(Exception):
    """None of the offered media types is wanted."""

    def __init__(self, offered: Sequence[str]) -> None:
        names = f"{', '.join(offered[:-1])} and {offered[-1]}"
        super().__init__(f"Offered are {names}.")


def choose(accept: Sequence[str], offered: Sequence[str]) -> str:
    """Give the offered type that the values of the Accept headers rate highest; the first one where they don't care.

    Raises NotAcceptableError if none is wanted.
    """
    ranges = list(_ranges(",".join(accept)))
    if not ranges:
        return offered[0]
    best = max(offered, key=lambda media_type: _quality(media_type, ranges))
    if _quality(best, ranges) == 0:
        raise NotAcceptableError(offered)
    return best


def _ranges(accept: str) -> Iterator[tuple[str, float]]:
    for entry in accept.split(","):
        name, *parameters = (part.strip().lower() for part in entry.split(";"))
        quality = next((value for value in parameters if value.startswith("q=")), "q=1").removeprefix("q=")
        if name and _QUALITY.fullmatch(quality):
            yield name, float(quality)


def _quality(media_type: str, ranges: Sequence[tuple[str, float]]) -> float:
    """Rate a type by the most specific range that it is in."""
    for candidate in (media_type, f"{media_type.partition('/')[0]}/*", "*/*"):
        qualities = [quality for name, quality in ranges if name == candidate]
        if qualities:
            return max(qualities)
    return 0.0
