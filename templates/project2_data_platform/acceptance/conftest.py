"""What every scenario of the data platform builds on: accounts, clients, uploads, one large import, one outage."""

import time
from collections.abc import Callable, Iterator
from concurrent.futures import Future, wait
from dataclasses import dataclass, field
from functools import partial
from typing import Any

import httpx2
import p2_big
import p2_tokens
import pytest
from p2_big import BigImport, BigRun
from p2_commerce import Shop
from p2_files import csv_file, sales, tag
from p2_platform import FRESH, Account, Ingestion, log_in
from p2_second import Second

from checks.acceptance import blocked, eventually, parallel

PROCESSES = ("api", "admin", "worker", "beat")
DEPENDENCIES = ("postgresql", "redis")
RECOVERY_SECONDS = 5
QUIET_SECONDS = 2


@pytest.fixture(autouse=True)
def processes_run(request: pytest.FixtureRequest) -> None:
    """Start what a scenario before left stopped. A deployment, where only safe scenarios run, is left alone."""
    if request.node.get_closest_marker("safe"):
        return
    app = request.getfixturevalue("app")
    for name in PROCESSES:
        if not app.running(name):
            app.start(name)


# What the application is told of the world ---------------------------------------------------------------------------


@pytest.fixture(scope="session")
def commerce(peer: Any) -> Shop:
    """The shop that orders are pulled from; the grader plays it."""
    return Shop(peer)


@pytest.fixture(scope="session")
def app_env(commerce: Shop) -> dict[str, str]:
    """Where the shop is, its token, and a beat that waits for no midnight."""
    return {
        "COMMERCE_API_URL": commerce.url,
        "COMMERCE_API_TOKEN": commerce.token,
        "DAILY_METRICS_SCHEDULE": "@every 2s",
    }


@pytest.fixture(scope="session")
def second(boot: Any, peer: Any, limits: Any) -> Iterator[Second]:
    """The second application, on which things are broken in the background."""
    second = Second(boot, Shop(peer), limits)
    yield second
    second.close()


@pytest.fixture(scope="session", autouse=True)
def second_starts_early(request: pytest.FixtureRequest) -> None:
    """Start the second application, if it is wanted at all, as soon as the first one is there."""
    if any("second" in getattr(item, "fixturenames", ()) for item in request.session.items):
        request.getfixturevalue("app")
        request.getfixturevalue("second")


# Who comes in -------------------------------------------------------------------------------------------------------


@pytest.fixture(scope="session")
def operator(app: Any) -> Account:
    """A superuser, made on the command line."""
    account = Account.new("operator")
    made = app.run(
        "python manage.py createsuperuser --noinput",
        env={
            "DJANGO_SUPERUSER_USERNAME": account.username,
            "DJANGO_SUPERUSER_PASSWORD": account.password,
            "DJANGO_SUPERUSER_EMAIL": "operator@example.org",
        },
    )
    assert made.exit == 0, f"createsuperuser --noinput should make a user; it said: {made.last_lines(5)}"
    return account


@pytest.fixture(scope="session")
def admin(app: Any, client: Any, operator: Account) -> httpx2.Client:
    """The operator, logged in to the Django process by the login form."""
    browser: httpx2.Client = client(app.url("admin"), limits=FRESH)
    assert log_in(browser, operator), "The user of createsuperuser should be able to log in at /admin/login/."
    return browser


@pytest.fixture(scope="session")
def token_endpoint(app: Any, client: Any) -> Any:
    """Ask the Django process for a token: a function from an account to the answer."""
    browser = client(app.url("admin"), limits=FRESH)

    def ask(account: Account) -> httpx2.Response:
        body = {"username": account.username, "password": account.password}
        answer: httpx2.Response = browser.post("/api/token/", json=body)
        return answer

    return ask


@pytest.fixture(scope="session")
def token_answer(token_endpoint: Any, operator: Account) -> httpx2.Response:
    """The answer to the operator's first question for a token."""
    answer: httpx2.Response = token_endpoint(operator)
    return answer


@pytest.fixture(scope="session")
def token(app: Any, token_answer: httpx2.Response) -> str:
    """The operator's token. Where Django issues none yet, the grader's own stands in, so that the rest can be judged."""
    if token_answer.status_code == 200 and "access_token" in token_answer.text:
        issued: str = token_answer.json()["access_token"]
        return issued
    return p2_tokens.sign(p2_tokens.claims("1", role="admin"), app.env["SECRET_KEY"])


@pytest.fixture(scope="session")
def api(app: Any, client: Any, token: str) -> httpx2.Client:
    """A client of the FastAPI process with a token."""
    found: httpx2.Client = client(app.url("api"), headers={"Authorization": f"Bearer {token}"}, limits=FRESH)
    return found


@pytest.fixture(scope="session")
def anonymous(app: Any, client: Any) -> httpx2.Client:
    """A client of the FastAPI process without a token."""
    found: httpx2.Client = client(app.url("api"), limits=FRESH)
    return found


# What comes in ------------------------------------------------------------------------------------------------------


@pytest.fixture(scope="session")
def ingestion(api: httpx2.Client, limits: Any) -> Ingestion:
    """Sources, uploads and jobs; the fixtures below are its parts by themselves."""
    return Ingestion(api, limits.job_seconds)


@pytest.fixture(scope="session")
def source(ingestion: Ingestion) -> Any:
    """`source("csv", {"delimiter": ";"}, active=False)` makes a data source and gives it."""
    return ingestion.source


@pytest.fixture(scope="session")
def upload(ingestion: Ingestion) -> Any:
    """`upload(source, content, name="sales.csv", media_type=None)` gives the job of the 202."""
    return ingestion.upload


@pytest.fixture(scope="session")
def finished(ingestion: Ingestion) -> Any:
    """`finished(job, seconds=None)` waits for the job's end and gives it."""
    return ingestion.finished


@pytest.fixture(scope="session")
def import_file(ingestion: Ingestion) -> Any:
    """`import_file(content, type="csv", processing=None, source=None, seconds=None)` gives a completed `Imported`."""
    return ingestion.import_file


# The large import ---------------------------------------------------------------------------------------------------


@pytest.fixture(scope="session")
def big_started(app: Any, token: str, limits: Any) -> Future[BigRun]:
    """Begin to import 100,000 sales of the year 2015 in the background."""
    return p2_big.start(app, token, limits)


@pytest.fixture(scope="session")
def big_in_background(request: pytest.FixtureRequest) -> None:
    """Begin with the large import if it is wanted: for scenarios that leave worker and warehouse alone."""
    if _big_is_wanted(request):
        request.getfixturevalue("big_started")


@pytest.fixture(scope="session")
def big_over(request: pytest.FixtureRequest) -> None:
    """Wait until the large import is over, if it is wanted: for scenarios that need the worker to themselves."""
    if _big_is_wanted(request):
        wait([request.getfixturevalue("big_started")])


@pytest.fixture(scope="session")
def big_run(big_started: Future[BigRun]) -> BigRun:
    """How the large import fared."""
    return big_started.result()


@pytest.fixture(scope="session")
def big_import(big_run: BigRun) -> BigImport:
    """The 100,000 sales, for scenarios that need them in the warehouse."""
    job = big_run.polled.last if big_run.polled.answers else None
    if job is None or job["status"] != "completed":
        blocked("the file of 100,000 rows could not be imported", by="acceptance.m3.memory")
    file, rejected = big_run.file, job["counts"]["rejected"]
    return BigImport(big_run.source["id"], job, file.content, file.rows, file.total, rejected)


def _big_is_wanted(request: pytest.FixtureRequest) -> bool:
    wanted = {"big_run", "big_import"}
    return any(wanted.intersection(getattr(item, "fixturenames", ())) for item in request.session.items)


# The outage ---------------------------------------------------------------------------------------------------------


@dataclass
class Outage:
    """What the platform did while a dependency was away, and how its processes stopped and started afterwards.

    `answers` are by dependency, process and path: the answer (or what was raised) and the seconds that it took;
    `recovered`, and the last words of those that `ended`, by dependency and process. `upload` is the answer to a file
    that was sent while Redis was away.
    """

    answers: dict[tuple[str, str, str], tuple[Any, float]] = field(default_factory=dict)
    recovered: dict[tuple[str, str], Any] = field(default_factory=dict)
    ended: dict[tuple[str, str], str] = field(default_factory=dict)
    source_id: int | None = None
    upload: Any = None
    stopped: dict[str, Any] = field(default_factory=dict)
    started: dict[str, tuple[Any, float]] = field(default_factory=dict)


@pytest.fixture(scope="session")
def outage(app: Any, client: Any, ingestion: Ingestion) -> Outage:
    """Cut PostgreSQL, then Redis; ask every process; send a file meanwhile; then stop and start every process.

    Done once for all scenarios that look at it. After the restart the others have fresh connections.
    """
    found = Outage()
    clients = {process: client(app.url(process), limits=FRESH) for process in PROCESSES}
    made = ingestion.api.post("/api/v1/data-sources", json={"name": f"Outage {tag()}", "type": "csv"})
    found.source_id = made.json()["id"] if made.status_code == 201 else None
    questions = [(process, path) for process in PROCESSES for path in ("/readyz", "/healthz")]
    for dependency in DEPENDENCIES:
        asked = [_timed(partial(clients[process].get, path)) for process, path in questions]
        if dependency == "redis" and found.source_id is not None:
            asked.append(_timed(partial(ingestion.send, found.source_id, csv_file(sales(1, f"M3-{tag()}")))))
        _wait_for_the_worker(app)
        with app.cut(dependency):
            results = parallel(asked)
        if len(results) > len(questions):
            found.upload, _ = results.pop()
        found.answers |= {(dependency, *question): result for question, result in zip(questions, results, strict=True)}
        ready = parallel([partial(_ready_again, clients[process]) for process in PROCESSES])
        found.recovered |= {(dependency, process): result for process, result in zip(PROCESSES, ready, strict=True)}
        found.ended |= {(dependency, name): app.log(name)[-600:] for name in PROCESSES if not app.running(name)}
    found.stopped = dict(zip(PROCESSES, parallel([partial(app.terminate, name) for name in PROCESSES]), strict=True))
    started = parallel([_timed(partial(app.start, name)) for name in PROCESSES])
    found.started = dict(zip(PROCESSES, started, strict=True))
    return found


def _wait_for_the_worker(app: Any) -> None:
    """Wait a moment until no task is under way: what becomes of those is a matter of m8. The key is Celery's."""
    queue, deadline = app.redis, time.monotonic() + QUIET_SECONDS
    while queue.exists("unacked") and time.monotonic() < deadline:
        time.sleep(0.01)


def _timed(call: Callable[[], Any]) -> Callable[[], tuple[Any, float]]:
    """Give a function that calls, and gives what came of it (an exception, too) and the seconds that it took."""

    def timed() -> tuple[Any, float]:
        start = time.monotonic()
        (result,) = parallel([call])
        return result, time.monotonic() - start

    return timed


def _ready_again(asked: httpx2.Client) -> httpx2.Response:
    return eventually(
        lambda: answer if (answer := asked.get("/readyz")).status_code == 200 else None,
        RECOVERY_SECONDS,
        "/readyz answers 200 again once the dependency is back",
    )
