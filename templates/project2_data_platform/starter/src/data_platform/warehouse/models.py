"""The tables of the warehouse.

TODO(m2.3): sales, customers, products, daily_sales_metrics and customer_segments, then
`alembic revision --autogenerate --message "create the warehouse tables"`. Money is Numeric, never Float.
"""

from sqlalchemy import MetaData
from sqlalchemy.orm import DeclarativeBase

SCHEMA = "warehouse"


class WarehouseBase(DeclarativeBase):
    """Tables in schema `warehouse`."""

    # Names by rule: a constraint without a name can't be dropped by a migration.
    metadata = MetaData(
        schema=SCHEMA,
        naming_convention={
            "pk": "pk_%(table_name)s",
            "uq": "uq_%(table_name)s_%(column_0_name)s",
            "ix": "ix_%(table_name)s_%(column_0_name)s",
            "fk": "fk_%(table_name)s_%(column_0_name)s",
            "ck": "ck_%(table_name)s_%(constraint_name)s",
        },
    )
