"""Parameters that several routes take."""

from typing import Annotated

from fastapi import Depends, Path, Query
from sqlalchemy.orm import Session

from data_platform.database import get_session

# The contract calls it `id`, which in Python is a builtin; the upper bound is that of a bigint.
RowId = Annotated[int, Path(alias="id", ge=1, le=2**63 - 1)]
Page = Annotated[int, Query(ge=1, le=1_000_000)]
PerPage = Annotated[int, Query(ge=1, le=100)]
DatabaseSession = Annotated[Session, Depends(get_session)]
