"""Puts the API together."""

from fastapi import APIRouter, Depends, FastAPI

from data_platform.api.auth import require_user
from data_platform.api.middleware import ObservabilityMiddleware
from data_platform.api.problems import add_problem_handlers
from data_platform.api.routers import analytics, data_sources, ingestion, operations, reports, sync
from data_platform.api.uploads import BodyLimit
from data_platform.config import get_settings
from data_platform.observability.logs import configure_logs


def create_app() -> FastAPI:
    """Give a new application, configured from the environment."""
    configure_logs(get_settings().log_level)
    # docs/openapi.yaml is the contract. A second one, generated, would contradict it sooner or later.
    app = FastAPI(title="Data processing platform", openapi_url=None)
    app.add_middleware(BodyLimit)
    app.add_middleware(ObservabilityMiddleware)
    add_problem_handlers(app)
    app.include_router(operations.router)
    # Whatever is included in this one wants a token, also what is added next month.
    guarded = APIRouter(dependencies=[Depends(require_user)])
    for module in (data_sources, ingestion, analytics, reports, sync):
        guarded.include_router(module.router)
    app.include_router(guarded)
    return app
