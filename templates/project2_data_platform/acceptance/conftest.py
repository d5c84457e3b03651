"""What every scenario of the data platform builds on: accounts, clients, uploads, one large import, one outage."""

from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor, wait
from typing import Any

import httpx2
import p2_big
import p2_migrations
import p2_outage
import p2_tokens
import pytest
from p2_big import BigImport, BigRun
from p2_commerce import Shop
from p2_migrations import Migrations
from p2_outage import Outage
from p2_platform import FRESH, REQUIRED, Account, Ingestion, log_in
from p2_second import Second

from checks.acceptance import blocked
from checks.acceptance import tokens as jwt

# What the application is told of the world ---------------------------------------------------------------------------


@pytest.fixture(scope="session")
def commerce(peer: Any) -> Shop:
    """The shop that orders are pulled from; the grader plays it."""
    return Shop(peer)


@pytest.fixture(scope="session")
def app_env(commerce: Shop) -> dict[str, str]:
    """Where the shop is, and its token."""
    return {"COMMERCE_API_URL": commerce.url, "COMMERCE_API_TOKEN": commerce.token}


@pytest.fixture(scope="session")
def second(
    request: pytest.FixtureRequest, boot: Any, release_over: Any, fuzz: Any, peer: Any, limits: Any
) -> Iterator[Second]:
    """More applications, on which things are waited for and broken in the background."""
    scenarios = {getattr(item, "originalname", item.name) for item in request.session.items}
    second = Second(scenarios, boot, release_over, lambda: Shop(peer), fuzz, limits)
    yield second
    second.close()


@pytest.fixture(scope="session", autouse=True)
def second_starts_early(request: pytest.FixtureRequest) -> None:
    """Start the other applications, if they are wanted at all, beside the first one, as soon as that is released."""
    if _is_wanted(request, "second"):
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
    """The operator's token; where Django issues none yet the grader's own, so that the rest can be judged."""
    if token_answer.status_code == 200 and "access_token" in token_answer.text:
        issued: str = token_answer.json()["access_token"]
        return issued
    return jwt.sign(p2_tokens.claims("1", role="admin"), app.env["SECRET_KEY"])


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
    if _is_wanted(request, "big_run", "big_import"):
        request.getfixturevalue("big_started")


@pytest.fixture(scope="session")
def big_over(request: pytest.FixtureRequest) -> None:
    """Wait until the large import is over, if it is wanted: for scenarios that need the worker to themselves."""
    if _is_wanted(request, "big_run", "big_import"):
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


# Configurations that can't work --------------------------------------------------------------------------------------


@pytest.fixture(scope="session")
def boots_without(launch: Any) -> Iterator[dict[str, Future[Any]]]:
    """Start each process without one of the variables that it needs, in the background, one after the other."""

    def start(process: str) -> Any:
        with launch(process, env={REQUIRED[process]: None}) as started:
            return started.wait(10)

    with ThreadPoolExecutor(1, thread_name_prefix="boots") as pool:
        yield {process: pool.submit(start, process) for process in REQUIRED}


@pytest.fixture(scope="session")
def boots_in_background(request: pytest.FixtureRequest) -> None:
    """Begin with the boots that must be refused if they are wanted."""
    if _is_wanted(request, "boots_without"):
        request.getfixturevalue("boots_without")


# The migrations -----------------------------------------------------------------------------------------------------


@pytest.fixture(scope="session")
def migrations_started(app: Any) -> Future[Migrations]:
    """Begin to migrate a database of its own up and down, in the background."""
    return p2_migrations.start(app)


@pytest.fixture(scope="session")
def migrations_in_background(request: pytest.FixtureRequest) -> None:
    """Begin with the migrations if they are wanted: for scenarios in which nobody looks at the clock."""
    if _is_wanted(request, "migrations"):
        request.getfixturevalue("migrations_started")


@pytest.fixture(scope="session")
def migrations(migrations_started: Future[Migrations]) -> Migrations:
    """What became of the tables on the way up, down and up again."""
    return migrations_started.result()


def _is_wanted(request: pytest.FixtureRequest, *fixtures: str) -> bool:
    """Whether any scenario of this run wants one of these fixtures."""
    return any(set(fixtures).intersection(getattr(item, "fixturenames", ())) for item in request.session.items)


# The outage ---------------------------------------------------------------------------------------------------------


@pytest.fixture(scope="session")
def outage(app: Any, client: Any, ingestion: Ingestion) -> Iterator[Outage]:
    """What the processes do while PostgreSQL and Redis are away; once, for all scenarios that look at it."""
    with ThreadPoolExecutor(1, thread_name_prefix="outage") as pool:
        yield p2_outage.happen(app, client, ingestion, pool)
