"""Time zones that may be named."""

import pytest

from data_platform.zones import is_zone


@pytest.mark.parametrize("name", ["UTC", "Europe/Berlin", "America/Los_Angeles", "Asia/Kolkata", "Pacific/Auckland"])
def test_iana_names_are_zones(name: str) -> None:
    assert is_zone(name)


@pytest.mark.parametrize(
    "name",
    ["", "Mars/Base", "europe/berlin", "UTC+3", "localtime", "Factory", "../UTC", "Europe", "UTC\x00", "x" * 5000],
)
def test_anything_else_is_none(name: str) -> None:
    assert not is_zone(name)
