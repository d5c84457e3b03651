from collections.abc import Iterator

import pytest

from tests.support.github import GitHub, running


@pytest.fixture
def github() -> Iterator[GitHub]:
    """An empty GitHub on 127.0.0.1 that judges every call by GitHub's own description."""
    with running() as fake:
        yield fake
