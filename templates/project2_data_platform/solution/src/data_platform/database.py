"""SQLAlchemy's way to PostgreSQL, for the API and the worker. Django has its own."""

from collections.abc import Iterator
from functools import lru_cache

from sqlalchemy import Engine, create_engine
from sqlalchemy.orm import Session

from data_platform.config import Settings, get_settings

# The server ends a session whose machine has vanished within a minute, and with it the locks that it held.
_OPTIONS = "-c timezone=UTC -c tcp_keepalives_idle=30 -c tcp_keepalives_interval=10 -c tcp_keepalives_count=3"


def sqlalchemy_url(settings: Settings) -> str:
    """Give DATABASE_URL with the driver named: without it SQLAlchemy would look for psycopg2."""
    return "postgresql+psycopg://" + str(settings.database_url).split("://", 1)[1]


@lru_cache(maxsize=1)
def get_engine() -> Engine:
    """Give the process's engine. It connects when first used, so importing the application needs no database."""
    return create_engine(
        sqlalchemy_url(get_settings()),
        pool_pre_ping=True,
        connect_args={"connect_timeout": 5, "options": _OPTIONS},
    )


def get_session() -> Iterator[Session]:
    """Give one request its session. What was not committed is rolled back."""
    with Session(get_engine()) as session:
        yield session
