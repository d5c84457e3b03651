"""The tables of the warehouse. Money is Numeric, never Float."""

from datetime import date, datetime
from decimal import Decimal
from typing import Any

from sqlalchemy import BigInteger, Date, DateTime, Integer, MetaData, Numeric, String, Text, func
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column

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


class Sale(WarehouseBase):
    """One sale; `import_id` is the import that wrote it last. No foreign key: see docs/adr/0001."""

    __tablename__ = "sales"

    transaction_id: Mapped[str] = mapped_column(String(64), primary_key=True)
    sold_at: Mapped[datetime] = mapped_column(DateTime(timezone=True), index=True)
    # An import asks for the sales of the customers and products that it touched.
    customer_id: Mapped[str] = mapped_column(String(64), index=True)
    product_id: Mapped[str] = mapped_column(String(64), index=True)
    product_name: Mapped[str] = mapped_column(String(200))
    category: Mapped[str] = mapped_column(String(100))
    quantity: Mapped[int] = mapped_column(Integer)
    unit_price: Mapped[Decimal] = mapped_column(Numeric(12, 2))
    discount: Mapped[Decimal] = mapped_column(Numeric(12, 2))
    tax: Mapped[Decimal] = mapped_column(Numeric(12, 2))
    total: Mapped[Decimal] = mapped_column(Numeric(14, 2))
    payment_method: Mapped[str] = mapped_column(String(20))
    region: Mapped[str] = mapped_column(String(100))
    import_id: Mapped[int] = mapped_column(BigInteger)


class Customer(WarehouseBase):
    """A customer's first and last sale ever, kept in step with the sales."""

    __tablename__ = "customers"

    customer_id: Mapped[str] = mapped_column(String(64), primary_key=True)
    first_sale_at: Mapped[datetime] = mapped_column(DateTime(timezone=True), index=True)
    last_sale_at: Mapped[datetime] = mapped_column(DateTime(timezone=True))


class Product(WarehouseBase):
    """A product as its latest sale names it."""

    __tablename__ = "products"

    product_id: Mapped[str] = mapped_column(String(64), primary_key=True)
    name: Mapped[str] = mapped_column(String(200))
    category: Mapped[str] = mapped_column(String(100))


class DailySalesMetrics(WarehouseBase):
    """The figures of one UTC day. Computed from the sales; can be thrown away and made again."""

    __tablename__ = "daily_sales_metrics"

    date: Mapped[date] = mapped_column(Date, primary_key=True)
    revenue: Mapped[Decimal] = mapped_column(Numeric(18, 2))
    orders: Mapped[int] = mapped_column(Integer)
    units: Mapped[int] = mapped_column(Integer)
    average_order_value: Mapped[Decimal] = mapped_column(Numeric(18, 2))
    unique_customers: Mapped[int] = mapped_column(Integer)
    new_customers: Mapped[int] = mapped_column(Integer)
    returning_customers: Mapped[int] = mapped_column(Integer)
    by_region: Mapped[list[dict[str, Any]]] = mapped_column(JSONB)
    by_category: Mapped[list[dict[str, Any]]] = mapped_column(JSONB)
    by_payment_method: Mapped[list[dict[str, Any]]] = mapped_column(JSONB)
    computed_at: Mapped[datetime] = mapped_column(DateTime(timezone=True), server_default=func.statement_timestamp())


class CustomerSegment(WarehouseBase):
    """How many customers were in a segment at the end of a UTC day, and what they had spent."""

    __tablename__ = "customer_segments"

    name: Mapped[str] = mapped_column(String(50), primary_key=True)
    as_of: Mapped[date] = mapped_column(Date, primary_key=True)
    criteria: Mapped[str] = mapped_column(Text)
    customers: Mapped[int] = mapped_column(Integer)
    revenue: Mapped[Decimal] = mapped_column(Numeric(18, 2))
