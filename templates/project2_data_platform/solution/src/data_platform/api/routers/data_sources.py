"""Data sources. The one resource that is complete: the pattern for the others."""

from fastapi import APIRouter, Response, status

from data_platform import sources
from data_platform.api.auth import GuardedRoute
from data_platform.api.parameters import DatabaseSession, Page, PerPage, RowId
from data_platform.api.schemas import DataSourceCreate, DataSourcePage, DataSourceRead, DataSourceUpdate
from data_platform.source_settings import check
from data_platform.sources import SourceType

router = APIRouter(prefix="/api/v1/data-sources", route_class=GuardedRoute)


@router.get("")
def list_data_sources(
    session: DatabaseSession,
    page: Page = 1,
    per_page: PerPage = 20,
    type: sources.SourceType | None = None,  # noqa: A002  (the name in the contract)
    active: bool | None = None,
) -> DataSourcePage:
    """List data sources, by name."""
    found = sources.list_sources(session, page=page, per_page=per_page, source_type=type, active=active)
    items = [DataSourceRead.model_validate(source) for source in found.items]
    return DataSourcePage(items=items, page=page, per_page=per_page, total=found.total)


@router.post("", status_code=status.HTTP_201_CREATED)
def create_data_source(body: DataSourceCreate, session: DatabaseSession, response: Response) -> DataSourceRead:
    """Create a data source."""
    source = sources.create_source(session, body.model_dump())
    response.headers["Location"] = f"{router.prefix}/{source.id}"
    return DataSourceRead.model_validate(source)


@router.get("/{id}")
def get_data_source(source_id: RowId, session: DatabaseSession) -> DataSourceRead:
    """Read a data source."""
    return DataSourceRead.model_validate(sources.get_source(session, source_id))


@router.patch("/{id}")
def update_data_source(source_id: RowId, body: DataSourceUpdate, session: DatabaseSession) -> DataSourceRead:
    """Change the fields that were sent, leave the others."""
    changes = body.model_dump(exclude_unset=True)
    check(SourceType(sources.get_source(session, source_id).type), changes)
    source = sources.update_source(session, source_id, changes)
    return DataSourceRead.model_validate(source)


@router.delete("/{id}", status_code=status.HTTP_204_NO_CONTENT)
def delete_data_source(source_id: RowId, session: DatabaseSession) -> None:
    """Delete a data source."""
    sources.delete_source(session, source_id)
