"""Time zones that may be named from outside."""

from functools import lru_cache
from zoneinfo import available_timezones

# Known to Python on some machines, but the name of no place: what they mean depends on the machine.
_LOCAL = {"Factory", "localtime"}


@lru_cache(maxsize=1)
def _names() -> frozenset[str]:
    return frozenset(available_timezones() - _LOCAL)


def is_zone(name: str) -> bool:
    """Tell whether this is an IANA name of a time zone. Upper and lower case matter."""
    return name in _names()
