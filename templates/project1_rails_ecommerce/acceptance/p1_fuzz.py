"""Requests made from the contract, in the background, of an application that nobody else asks."""

from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Any

import httpx2
from p1_accounts import FRESH, Accounts
from p1_answers import API

from checks.acceptance import BootFailed
from checks.model import NotMeasured

EXAMPLES = 2  # requests of each kind (valid, invalid) an operation
FUZZ_SECONDS = 60  # many times what it takes
ANSWER_SECONDS = 10
# It would end the session that all requests are made with.
LEFT_OUT = frozenset({f"POST {API}/auth/logout"})


class Fuzz:
    """Boots a web process with databases of its own, and asks it for everything as an administrator."""

    def __init__(self, boot: Callable[..., Any], fuzz: Callable[..., list[Any]], provider_url: str) -> None:
        self._boot, self._fuzz, self._provider_url = boot, fuzz, provider_url
        self._pool = ThreadPoolExecutor(1, thread_name_prefix="fuzz")
        self._found: Future[list[Any]] = self._pool.submit(self._ask)

    def violations(self) -> list[Any]:
        """Wait for the end, and give what was answered that the contract doesn't allow. Raises what came between."""
        return self._found.result()

    def close(self) -> None:
        """Wait for the end."""
        self._pool.shutdown()

    def _ask(self) -> list[Any]:
        try:
            with (
                self._boot(env={"PAYMENT_PROVIDER_URL": self._provider_url}, only=("web",)) as app,
                httpx2.Client(
                    base_url=app.url("web"), limits=FRESH, timeout=ANSWER_SECONDS, trust_env=False, verify=False
                ) as client,
            ):
                headers = {"Authorization": f"Bearer {Accounts(app, client).new('admin').access}"}
                return self._fuzz(app.url("web"), headers, examples=EXAMPLES, seconds=FUZZ_SECONDS, left_out=LEFT_OUT)
        except BootFailed as problem:
            # The first application did boot, so this says more about the machine than about the repository.
            raise NotMeasured(f"another application, beside the first, did not boot: {problem}") from problem
