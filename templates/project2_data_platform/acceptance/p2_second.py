"""A second application, on which things are broken and waited for in the background while other scenarios run.

Retries with their waits, workers that are killed, imports that are taken up again: each takes long and would disturb
whoever shares the application. So they have one of their own, one after the other, and the scenarios about them only
ask how it went.
"""

import threading
from collections.abc import Callable, Collection
from concurrent.futures import Future
from contextlib import AbstractContextManager
from functools import partial
from typing import Any

import httpx2
import p2_backlog
import p2_interruptions
import p2_schedule
import p2_schema
import p2_sync
import p2_tokens
import psycopg
from p2_commerce import Shop
from p2_platform import FRESH, Ingestion

from checks.acceptance import BootFailed, Mismatch
from checks.acceptance import tokens as jwt
from checks.model import NotMeasured

PROCESSES = ("api", "worker", "beat")  # beat, because whoever looks for lost work may do so on a schedule
ON_IMPORTS = {**p2_schedule.CASES, **p2_backlog.CASES, **p2_interruptions.CASES}
FUZZ = "made from the contract"
EXAMPLES = 6  # requests of each kind (valid, invalid) an operation
FUZZ_SECONDS = 60
TIMEOUT_SECONDS = 10
# What each scenario asks for: the rest need not be done.
CASES_OF = {
    "test_retries": tuple(f"retries {case}" for case in p2_sync.FAULTS),
    "test_api_down": ("outage",),
    "test_crash_in_the_middle": ("crash between-pages", "crash within-a-page"),
    "test_beat_computes": ("nights",),
    "test_drain": ("interrupted",),
    "test_killed_worker": ("interrupted", "backlog"),
    "test_task_metrics": ("backlog",),
    "test_contract": (FUZZ,),
}


class Second:
    """Boots the second application in a thread, and works through the cases of some scenarios there.

    `boot` makes it, when `ready` has returned; `fuzz` makes requests from the contract.
    """

    def __init__(
        self,
        scenarios: Collection[str],
        boot: Callable[..., AbstractContextManager[Any]],
        ready: Callable[[], object],
        fuzz: Callable[..., list[Any]],
        shop: Shop,
        limits: Any,
    ) -> None:
        self._boot, self._ready, self._fuzz, self._shop, self._limits = boot, ready, fuzz, shop, limits
        names = {name for scenario in scenarios for name in CASES_OF.get(scenario, ())}
        self._results: dict[str, Future[Any]] = {name: Future() for name in names}
        self._leaving = threading.Event()
        self._thread = threading.Thread(target=self._run, name="second application", daemon=True)
        self._thread.start()

    def result(self, case: str) -> Any:
        """Wait for a case and give what it gave. Raises what it raised, or why the application didn't boot."""
        return self._results[case].result()

    def close(self) -> None:
        """Begin no further case, and wait until the application is stopped."""
        self._leaving.set()
        self._thread.join()

    def _run(self) -> None:
        env = {"COMMERCE_API_URL": self._shop.url, "COMMERCE_API_TOKEN": self._shop.token}
        self._ready()
        try:
            with self._boot(env, PROCESSES) as app, self._client(app) as api:
                ingestion, sync = Ingestion(api, self._limits.job_seconds), p2_sync.Sync(api, self._shop)
                for name, on_sync in p2_sync.CASES.items():
                    self._note(name, app, partial(on_sync, app, sync, self._limits))
                for name, on_import in ON_IMPORTS.items():
                    self._note(name, app, partial(on_import, app, ingestion, self._limits))
                # Last, because it may leave anything behind: sources, files, reports, runs.
                headers = {"Authorization": api.headers["Authorization"]}
                made = partial(self._fuzz, app.url("api"), headers, examples=EXAMPLES, seconds=FUZZ_SECONDS)
                self._note(FUZZ, app, made)
        except BootFailed as problem:
            # The first application did boot, so this says more about the machine than about the repository.
            self._give_up(NotMeasured(f"a second application, beside the first, did not boot: {problem}"))
        except Exception as problem:  # noqa: BLE001 - it is the result of all that wait for one
            self._give_up(problem)
        finally:
            self._give_up(RuntimeError("the second application was left"))  # whatever happened, nobody waits for ever

    def _give_up(self, problem: Exception) -> None:
        for future in self._results.values():
            if not future.done():
                future.set_exception(problem)

    def _client(self, app: Any) -> httpx2.Client:
        _make_user(app, self._shop.token)
        token = jwt.sign(p2_tokens.claims("1", role="admin"), app.env["SECRET_KEY"])
        headers = {"Authorization": f"Bearer {token}"}
        return httpx2.Client(
            base_url=app.url("api"),
            headers=headers,
            limits=FRESH,
            timeout=TIMEOUT_SECONDS,
            trust_env=False,
            verify=False,
        )

    def _note(self, name: str, app: Any, case: Callable[[], Any]) -> None:
        """Work through a case; a process that the one before has left stopped is started first."""
        future = self._results.get(name)
        if future is None or self._leaving.is_set():
            return
        try:
            for process in PROCESSES:
                if not app.running(process):
                    app.start(process)
            future.set_result(case())
        except Exception as problem:  # noqa: BLE001 - it is the result
            future.set_exception(problem)


def _make_user(app: Any, password: str) -> None:
    """Make a superuser whose token it could be: a row of Django's table of users, else by the command line.

    Nobody logs in here, so a password that fits nothing will do; and the command takes as long as a process to start.
    """
    found = app.sql(
        "select table_name from information_schema.columns where table_schema = 'public'"
        " and column_name = 'is_superuser'"
    )
    try:
        p2_schema.insert(app.sql, found[0][0], username="second", password="!", is_superuser=True, is_staff=True,
                         is_active=True)  # fmt: skip
    except (IndexError, Mismatch, psycopg.Error):  # users of another kind
        name = {"DJANGO_SUPERUSER_USERNAME": "second", "DJANGO_SUPERUSER_EMAIL": "second@example.org"}
        app.run("python manage.py createsuperuser --noinput", env={**name, "DJANGO_SUPERUSER_PASSWORD": password})
