"""More applications, on which things are waited for and broken in the background while other scenarios run.

Retries with their waits, workers that are killed, imports that are taken up again: each takes long and would disturb
whoever shares the application. So they have applications of their own, and the scenarios about them only ask how it
went: one on which everybody waits and nobody is stopped, one whose workers are stopped and killed.
"""

import threading
from collections.abc import Callable, Collection, Mapping
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

from checks.acceptance import BootFailed, Mismatch, parallel
from checks.acceptance import tokens as jwt
from checks.model import NotMeasured

PROCESSES = ("api", "worker", "beat")  # beat, because whoever looks for lost work may do so on a schedule
FUZZ = "made from the contract"
EXAMPLES = 6  # requests of each kind (valid, invalid) an operation
FUZZ_SECONDS = 60  # they share two cores with everything else
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
Case = Callable[[], Any]
Cases = Mapping[str, Case]


class Second:
    """Boots the other applications, in a thread each, and works through the cases of some scenarios there.

    `boot` makes an application, when `ready` has returned; `shop` makes the shop that it pulls orders from; `fuzz`
    makes requests from the contract.
    """

    def __init__(
        self,
        scenarios: Collection[str],
        boot: Callable[..., AbstractContextManager[Any]],
        ready: Callable[[], object],
        shop: Callable[[], Shop],
        fuzz: Callable[..., list[Any]],
        limits: Any,
    ) -> None:
        self._boot, self._ready, self._fuzz, self._limits = boot, ready, fuzz, limits
        names = {name for scenario in scenarios for name in CASES_OF.get(scenario, ())}
        self._results: dict[str, Future[Any]] = {name: Future() for name in names}
        self._leaving = threading.Event()
        waiting = {*p2_sync.PATIENT, *p2_schedule.CASES, FUZZ}
        work = [(names & waiting, p2_schedule.ENV, self._wait), (names - waiting, {}, self._break)]
        self._threads = [
            threading.Thread(target=self._run, args=(mine, env, shop(), does), name=does.__name__, daemon=True)
            for mine, env, does in work
            if mine
        ]
        for thread in self._threads:
            thread.start()

    def result(self, case: str) -> Any:
        """Wait for a case and give what it gave. Raises what it raised, or why its application didn't boot."""
        return self._results[case].result()

    def close(self) -> None:
        """Begin no further case, and wait until the applications are stopped."""
        self._leaving.set()
        for thread in self._threads:
            thread.join()

    def _run(self, names: set[str], env: Mapping[str, str], shop: Shop, work: Callable[..., None]) -> None:
        whole = {**env, "COMMERCE_API_URL": shop.url, "COMMERCE_API_TOKEN": shop.token}
        self._ready()
        try:
            with self._boot(whole, PROCESSES) as app, self._client(app, shop) as api:
                work(app, p2_sync.Sync(api, shop), Ingestion(api, self._limits.job_seconds))
        except BootFailed as problem:
            # The first application did boot, so this says more about the machine than about the repository.
            self._give_up(names, NotMeasured(f"another application, beside the first, did not boot: {problem}"))
        except Exception as problem:  # noqa: BLE001 - it is the result of all that wait for one
            self._give_up(names, problem)
        finally:
            self._give_up(names, RuntimeError("the application was left"))  # whatever happened, nobody waits for ever

    def _wait(self, app: Any, sync: p2_sync.Sync, ingestion: Ingestion) -> None:
        """While runs wait for a shop that isn't well, the schedule has work."""
        patient = {name: partial(case, app, sync, self._limits) for name, case in p2_sync.PATIENT.items()}
        nights = {name: partial(case, app, ingestion, self._limits) for name, case in p2_schedule.CASES.items()}
        parallel([partial(self._all, app, patient), partial(self._all, app, nights)])
        # Last, because it may leave anything behind: sources, files, reports, runs.
        headers = {"Authorization": sync.api.headers["Authorization"]}
        made = partial(self._fuzz, app.url("api"), headers, examples=EXAMPLES, seconds=FUZZ_SECONDS)
        self._all(app, {FUZZ: made})

    def _break(self, app: Any, sync: p2_sync.Sync, ingestion: Ingestion) -> None:
        """Kill and stop workers, one after the other."""
        on_imports = {**p2_backlog.CASES, **p2_interruptions.CASES}
        self._all(app, {name: partial(case, app, sync, self._limits) for name, case in p2_sync.CRASHES.items()})
        self._all(app, {name: partial(case, app, ingestion, self._limits) for name, case in on_imports.items()})

    def _give_up(self, names: set[str], problem: Exception) -> None:
        for future in (self._results[name] for name in names):
            if not future.done():
                future.set_exception(problem)

    def _client(self, app: Any, shop: Shop) -> httpx2.Client:
        _make_user(app, shop.token)
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

    def _all(self, app: Any, cases: Cases) -> None:
        for name, case in cases.items():
            self._note(name, app, case)

    def _note(self, name: str, app: Any, case: Case) -> None:
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
