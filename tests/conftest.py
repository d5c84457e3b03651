from collections.abc import Iterator

import pytest

from scaffolder.github import Client
from tests.support.github import GitHub, running


@pytest.fixture
def github() -> Iterator[GitHub]:
    """An empty GitHub on 127.0.0.1 that judges every call by GitHub's own description."""
    with running() as fake:
        yield fake


@pytest.fixture
def pauses() -> list[float]:
    """The pauses that the client would have made."""
    return []


@pytest.fixture
def client(request: pytest.FixtureRequest, github: GitHub, pauses: list[float]) -> Client:
    """A client of the fake, which waits for nothing; in a test of time-outs it is impatient, too."""
    callspec = getattr(request.node, "callspec", None)
    impatient = callspec is not None and "timeout" in callspec.params.values()
    return Client("t", url=github.url, pause=0, timeout=2 if impatient else 60, sleep=pauses.append)
