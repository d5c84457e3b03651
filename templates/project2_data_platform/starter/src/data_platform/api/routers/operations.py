"""Health, readiness and metrics: open, and outside the API's version."""

from fastapi import APIRouter, Response

from data_platform.observability.operations import Answer, health, metrics, readiness

router = APIRouter()


@router.get("/healthz")
def get_health() -> Response:
    """The process is up."""
    return _respond(health("api"))


@router.get("/readyz")
def get_readiness() -> Response:
    """The process can serve; each dependency is named."""
    return _respond(readiness())


@router.get("/metrics")
def get_metrics() -> Response:
    """Prometheus metrics."""
    return _respond(metrics())


def _respond(answer: Answer) -> Response:
    return Response(answer.body, answer.status, media_type=answer.content_type)
