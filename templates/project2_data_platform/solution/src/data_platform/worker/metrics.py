"""What the worker shows of its work: how long tasks take, and how many wait."""

import logging
from collections.abc import Iterable

import redis
from prometheus_client import REGISTRY, Histogram
from prometheus_client.core import GaugeMetricFamily
from prometheus_client.registry import Collector

from data_platform import queue
from data_platform.worker.running import Outcome

_log = logging.getLogger(__name__)
_duration = Histogram(
    "celery_task_duration_seconds",
    "Time from the start of a task to its end.",
    ("task", "outcome"),
    buckets=(0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 120, 300),
)


class QueueDepth(Collector):
    """Asks Redis when it is asked: a figure that was kept would be an old one."""

    def collect(self) -> Iterable[GaugeMetricFamily]:
        """Give the depth; none while Redis is down, because 0 would be a lie."""
        family = GaugeMetricFamily("celery_queue_depth", "Messages that wait in Redis.", labels=("queue",))
        try:
            family.add_metric((queue.QUEUE,), queue.depth())
        except redis.RedisError as error:
            _log.warning("the queue can't be measured: %s", error)
        yield family


def serve_queue_depth() -> None:
    """Show the depth in this process's metrics."""
    REGISTRY.register(QueueDepth())


def observe_task(task: str, outcome: Outcome, seconds: float) -> None:
    """Count a task that ended."""
    _duration.labels(task, outcome).observe(seconds)
