"""The platform as its clients use it: sources, uploads and jobs over HTTP, and the admin site by its login form."""

import secrets
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import httpx2
import p2_pages
from p2_files import MEDIA_TYPES

from checks.acceptance import blocked, expect

PROCESSES = ("api", "admin", "worker", "beat")
REQUIRED = {"api": "SECRET_KEY", "admin": "DATABASE_URL", "worker": "REDIS_URL", "beat": "SECRET_KEY"}
REJECTS = "acceptance.m4.rejects-as-csv"
UPLOADS = "acceptance.m3.upload-becomes-job"
# A job is asked for more and more seldom: each question costs the API as much as some rows cost the worker.
_FIRST_POLL_SECONDS = 0.05
_LAST_POLL_SECONDS = 0.25
_SLOWER = 1.25

Json = dict[str, Any]

# A connection for each request: a server may close an idle one at the moment when the next request is on its way.
FRESH = httpx2.Limits(max_keepalive_connections=0)


@dataclass(frozen=True)
class Account:
    """A name and a password."""

    username: str
    password: str

    @classmethod
    def new(cls, name: str) -> "Account":
        """Think up an account that nobody can know before the run."""
        return cls(f"{name}-{secrets.token_hex(4)}", secrets.token_urlsafe(18))


@dataclass(frozen=True)
class Imported:
    """A file that was sent: its source, and its job as it stood at the end."""

    source: Json
    job: Json

    @property
    def id(self) -> int:
        """The id of the import."""
        found: int = self.job["import_id"]
        return found

    @property
    def completed(self) -> bool:
        """Whether it was completed."""
        return bool(self.job["status"] == "completed")


@dataclass
class Polled:
    """All that was seen of a job until it ended (or time was up)."""

    answers: list[Json] = field(default_factory=list)
    seconds: float = 0.0

    @property
    def last(self) -> Json:
        """The job at the end."""
        return self.answers[-1]


class Ingestion:
    """What a client does with the FastAPI process. `blocked` is raised where an earlier milestone is missing."""

    def __init__(self, api: httpx2.Client, job_seconds: float) -> None:
        self.api = api
        self._job_seconds = job_seconds

    def source(self, type: str = "csv", processing: Json | None = None, **fields: Any) -> Json:
        """Make a data source with a name of its own."""
        body = {"name": f"Source {secrets.token_hex(8)}", "type": type, "processing": processing or {}, **fields}
        if type == "api":
            body.setdefault("connection", {"url": "https://partner.example/orders"})
        response = self.api.post("/api/v1/data-sources", json=body)
        if response.status_code != 201:
            blocked(f"no data source could be made: {response.status_code}", by="acceptance.m2.source-crud")
        found: Json = response.json()
        return found

    def send(
        self,
        source: Json | int,
        content: bytes,
        name: str = "sales.csv",
        media_type: str | None = None,
        headers: dict[str, str] | None = None,
    ) -> httpx2.Response:
        """Upload a file and give the answer, whatever it is. The media type is that of the file's name if left out."""
        source_id = source if isinstance(source, int) else source["id"]
        kind = MEDIA_TYPES.get(name.rpartition(".")[2], "text/csv") if media_type is None else media_type
        url = f"/api/v1/data-sources/{source_id}/uploads"
        return self.api.post(url, files={"file": (name, content, kind)}, headers=headers)

    def upload(
        self, source: Json | int, content: bytes, name: str = "sales.csv", media_type: str | None = None
    ) -> Json:
        """Upload a file and give its job."""
        response = self.send(source, content, name, media_type)
        if response.status_code != 202:
            blocked(f"an upload is answered {response.status_code}, not 202", by=UPLOADS)
        found: Json = response.json()
        return found

    def poll(self, job: Json, seconds: float | None = None, pause: float | None = None) -> Polled:
        """Ask for a job until it is completed or failed, or time is up; each `pause` seconds, or at growing ones."""
        polled, start = Polled(), time.monotonic()
        waiting = pause or _FIRST_POLL_SECONDS
        while True:
            response = self.api.get(f"/api/v1/jobs/{job['id']}")
            expect(response.status_code, 200, "The job of an upload can be asked for.")
            polled.answers.append(response.json())
            polled.seconds = time.monotonic() - start
            if polled.last["status"] in ("completed", "failed"):
                return polled
            if polled.seconds > (self._job_seconds if seconds is None else seconds):
                return polled
            time.sleep(waiting)
            waiting = pause or min(waiting * _SLOWER, _LAST_POLL_SECONDS)

    def finished(self, job: Json, seconds: float | None = None) -> Json:
        """Wait until a job is completed or failed and give it. Raises AssertionError when it takes too long."""
        limit = self._job_seconds if seconds is None else seconds
        last = self.poll(job, limit).last
        assert last["status"] in ("completed", "failed"), (
            f"The job should be completed or failed within {limit:g} s; it is {last['status']} at {last['progress']} %."
        )
        return last

    def import_file(
        self,
        content: bytes,
        type: str = "csv",
        processing: Json | None = None,
        source: Json | None = None,
        seconds: float | None = None,
    ) -> Imported:
        """Upload a file to a source (a new one if none is given) and wait until it is completed."""
        whose = source or self.source(type, processing)
        started = self.upload(whose, content, f"sales.{whose['type']}")
        return self.completed(whose, started, seconds)

    def completed(self, source: Json, job: Json, seconds: float | None = None) -> Imported:
        """Wait until a job is completed, blocked if it isn't."""
        polled = self.poll(job, seconds)
        if polled.last["status"] != "completed":
            why = [error["code"] for error in polled.last["errors"]] or f"after {polled.seconds:.0f} s"
            blocked(f"a file could not be imported: its job is {polled.last['status']}, {why}", by=UPLOADS)
        return Imported(source, polled.last)

    def rejects(self, import_id: int) -> list[Json]:
        """Give all rejects of an import, page by page; blocked where they can't be read."""
        found: list[Json] = []
        for page in range(1, 1_000):
            response = self.api.get(f"/api/v1/imports/{import_id}/rejects", params={"page": page, "per_page": 100})
            if response.status_code != 200:
                blocked(f"the rejects of an import are answered {response.status_code}", by=REJECTS)
            body = response.json()
            found += body["items"]
            if not body["items"] or len(found) >= body["total"]:
                return found
        raise AssertionError("The pages of the rejects should end: page 1,000 is still not the last.")


def log_in(browser: httpx2.Client, account: Account) -> bool:
    """Log in by the form of the admin site, as a browser would: its cookie, its CSRF token, its button."""
    response = browser.get("/admin/login/?next=/admin/", follow_redirects=True)
    form = p2_pages.read(response.text).form_with("username", "password")
    if form is None:
        return False
    submit(browser, response, form, {"username": account.username, "password": account.password})
    return "logout" in browser.get("/admin/").text


def submit(
    browser: httpx2.Client,
    page: httpx2.Response,
    form: p2_pages.Form,
    values: dict[str, str],
    without: tuple[str, ...] = (),
) -> httpx2.Response:
    """Send a form that was found on a page, and follow where the answer leads."""
    target = page.url.join(form.action or str(page.url))
    return browser.post(
        target, data=form.filled(values, without), headers={"Referer": str(page.url)}, follow_redirects=True
    )


def all_pages(list_page: Callable[[int], httpx2.Response]) -> list[Json]:
    """Give the items of every page of a list."""
    found: list[Json] = []
    for page in range(1, 1_000):
        body = list_page(page).json()
        found += body["items"]
        if not body["items"] or len(found) >= body["total"]:
            break
    return found
