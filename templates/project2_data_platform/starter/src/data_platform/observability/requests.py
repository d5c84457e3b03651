"""One request, observed: its line in the log and its place in the metrics. The same for every kind of server."""

import logging
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from prometheus_client import Counter, Histogram

from data_platform.observability.request_id import request_id

_log = logging.getLogger("data_platform.requests")
_LABELS = ("method", "route", "status")
_METHODS = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"})
# The label of a request that matched no route. The path itself would let any visitor create time series without end.
UNMATCHED = "unmatched"

_count = Counter("http_requests", "Requests answered.", _LABELS)
_duration = Histogram("http_request_duration_seconds", "Time from a request to its answer.", _LABELS)


@dataclass
class Observation:
    """What becomes known of a request while it is answered."""

    request_id: str
    route: str = UNMATCHED
    status: int = 500


@contextmanager
def observe_request(method: str, given_request_id: str | None) -> Iterator[Observation]:
    """Observe a request. The caller fills in route and status; left as it is, the request counts as failed."""
    start = time.perf_counter()
    with request_id(given_request_id) as current:
        observation = Observation(current)
        try:
            yield observation
        finally:
            # The method is the visitor's text, too.
            _record(method if method in _METHODS else "OTHER", observation, time.perf_counter() - start)


def _record(method: str, observation: Observation, seconds: float) -> None:
    labels = (method, observation.route, str(observation.status))
    _count.labels(*labels).inc()
    _duration.labels(*labels).observe(seconds)
    _log.log(
        logging.ERROR if observation.status >= 500 else logging.INFO,
        "%s %s %s",
        *labels,
        extra={
            "method": method,
            "route": observation.route,
            "status": observation.status,
            "duration_ms": round(seconds * 1000, 3),
        },
    )
