from pathlib import Path

import pytest

from tests.checks.runners.workshop import Workshop


@pytest.fixture(scope="session")
def cache(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """One cache for all tests of a session, so that each environment is built once."""
    return tmp_path_factory.mktemp("check-cache")


@pytest.fixture
def workshop(tmp_path: Path, cache: Path) -> Workshop:
    return Workshop(tmp_path, cache)
