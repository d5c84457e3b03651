"""A thin client of GitHub's REST API: JSON in and out, with GitHub's limits and the network's moods respected.

PyGithub carries the requests; it is imported with the first client. What a call means is known to the caller alone, so
it says whether a call may be repeated: after a time-out nobody knows whether a comment was written. `ensure` makes what
is not there yet and looks again before it tries again.
"""

from __future__ import annotations

import re
import time
from collections.abc import Callable, Iterator, Mapping
from typing import TYPE_CHECKING, Any, TypeVar

from scaffolder.errors import ScaffoldError

if TYPE_CHECKING:
    from github import GithubException

API = "https://api.github.com"
ATTEMPTS = 4
PATIENCE = 60.0  # seconds: a longer pause that GitHub asks for ends the call instead
TIMEOUT = 15
PAGE = 100

T = TypeVar("T")
_NAME = re.compile(r"[A-Za-z0-9](?:[A-Za-z0-9-]{0,38})/(?!\.{1,2}$)[A-Za-z0-9._-]{1,100}")


class GitHubError(ScaffoldError):
    """GitHub did not do what it was asked for."""


class Unreachable(GitHubError):
    """There was no answer to rely on (network, a server's error, a limit): the same call may work later."""


class Refused(GitHubError):
    """GitHub understood and said no; `status` is that of its answer."""

    def __init__(self, message: str, status: int) -> None:
        super().__init__(message)
        self.status = status


def is_repository_name(text: str) -> bool:
    """Whether the text is an OWNER/NAME that GitHub could have."""
    return _NAME.fullmatch(text) is not None


class Client:
    """Calls GitHub with one token.

    Args:
        token: what GitHub knows the caller by.
        url: the API's address, without a slash at its end.
        pause: seconds between two requests and between two writes; None: what GitHub recommends.
        sleep: what waits; tests don't.

    Raises:
        GitHubError: PyGithub is not installed.
    """

    def __init__(
        self,
        token: str,
        *,
        url: str = API,
        pause: float | None = None,
        timeout: int = TIMEOUT,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        try:
            from github import Auth, Github
            from github.Consts import DEFAULT_SECONDS_BETWEEN_REQUESTS, DEFAULT_SECONDS_BETWEEN_WRITES
        except ImportError as problem:
            raise GitHubError(
                "PyGithub is not installed.", "Install the extra: pipx install 'backend-scaffold[github]'."
            ) from problem
        self._sleep = sleep
        self._timeout = timeout
        self._requester = Github(
            auth=Auth.Token(token),
            base_url=url,
            timeout=timeout,
            retry=None,
            user_agent="backend-scaffold",
            seconds_between_requests=DEFAULT_SECONDS_BETWEEN_REQUESTS if pause is None else pause,
            seconds_between_writes=DEFAULT_SECONDS_BETWEEN_WRITES if pause is None else pause,
        ).requester

    def get(self, path: str, **parameters: str | int) -> Any:
        """Return what GitHub has at `path`.

        Raises Unreachable or Refused, as every call does.
        """
        return self._repeated("GET", lambda: self._json("GET", path, parameters, None), repeatable=True)

    def each(self, path: str, key: str | None = None, limit: int = 1000, **parameters: str | int) -> Iterator[Any]:
        """Yield the items of a list, page by page, at most `limit`; `key` names the list within the answer."""
        size = min(limit, PAGE)
        for page in range(1, -(-limit // size) + 1):
            answer = self.get(path, **parameters, per_page=size, page=page)
            items = answer if key is None else answer[key]
            yield from items[: limit - (page - 1) * size]
            if len(items) < size:
                return

    def send(self, verb: str, path: str, body: Mapping[str, object] | None = None, *, repeatable: bool = False) -> Any:
        """Make GitHub do something; `repeatable` says that doing it twice is the same as once."""
        return self._repeated(verb, lambda: self._json(verb, path, {}, body), repeatable=repeatable)

    def ensure(self, find: Callable[[], T | None], make: Callable[[], T], *, missing: bool = False) -> T:
        """Return what `find` finds, or what `make` makes; after an unclear end it looks before it tries again.

        `missing` says that the caller has just looked.
        """
        for attempt in range(1, ATTEMPTS + 1):
            found = None if missing and attempt == 1 else find()
            if found is not None:
                return found
            try:
                return make()
            except Unreachable:
                if attempt == ATTEMPTS:
                    raise
                self._sleep(_backoff(attempt))
        raise AssertionError("unreachable")

    def download(self, path: str, limit: int) -> bytes:
        """Return the file that GitHub redirects to, at most `limit` bytes; the token does not travel along.

        Raises Refused with status 413 when the file is larger.
        """
        return self._repeated("GET", lambda: self._file(path, limit), repeatable=True)

    def _json(self, verb: str, path: str, parameters: Mapping[str, object], body: Mapping[str, object] | None) -> Any:
        headers, answer = self._requester.requestJsonAndCheck(verb, path, dict(parameters), input=body)
        if answer is not None and not str(headers.get("content-type", "")).startswith("application/json"):
            raise OSError("the answer is no JSON")  # a proxy's page; treated like any other broken connection
        return answer

    def _file(self, path: str, limit: int) -> bytes:
        import requests

        status, headers, _ = self._requester.requestJson("GET", path)
        place = headers.get("location")
        if status != 302 or not place:
            raise self._requester.createException(status, headers, {"message": "there is no such file"})
        with requests.Session() as session:
            session.trust_env = False  # no credentials from a .netrc either
            with session.get(place, timeout=self._timeout, stream=True, allow_redirects=False) as answer:
                answer.raise_for_status()
                content = b""
                for part in answer.iter_content(1 << 16):
                    content += part
                    if len(content) > limit:
                        raise Refused(f"the file is larger than {limit:,} bytes", 413)
        return content

    def _repeated(self, verb: str, call: Callable[[], T], *, repeatable: bool) -> T:
        import requests
        from github import GithubException

        for attempt in range(1, ATTEMPTS + 1):
            pause = _backoff(attempt)
            try:
                return call()
            except GithubException as problem:
                limit = _limit(problem)
                said = _said(problem)
                if limit is None and problem.status < 500:
                    raise Refused(f"GitHub refused ({problem.status}): {said}", problem.status) from problem
                # A request beyond a limit was not carried out, whatever it was.
                again = limit is not None or repeatable
                pause = max(pause, limit or 0)
                if not again or attempt == ATTEMPTS or pause > PATIENCE:
                    what = "limits requests" if limit is not None else "has an error"
                    raise Unreachable(f"GitHub {what} ({problem.status}): {said}") from problem
            except (requests.RequestException, OSError) as problem:
                if not repeatable or attempt == ATTEMPTS:
                    raise Unreachable(f"GitHub gave no answer to a {verb}: {type(problem).__name__}") from problem
            self._sleep(pause)
        raise AssertionError("unreachable")


def _backoff(attempt: int) -> float:
    return float(2 ** (attempt - 1))


def _limit(problem: GithubException) -> float | None:
    """The seconds that GitHub asks to wait; None when the answer is not about a limit."""
    if problem.status not in (403, 429):
        return None
    headers = {key.lower(): value for key, value in (problem.headers or {}).items()}
    if headers.get("retry-after", "").isdigit():
        return float(headers["retry-after"])
    if headers.get("x-ratelimit-remaining") == "0" and headers.get("x-ratelimit-reset", "").isdigit():
        return max(0.0, float(headers["x-ratelimit-reset"]) - time.time())
    return PATIENCE if problem.status == 429 or "rate limit" in _said(problem).lower() else None


def _said(problem: GithubException) -> str:
    data = problem.data
    message = data.get("message") if isinstance(data, dict) else None
    return str(message or "no reason given")[:200]
