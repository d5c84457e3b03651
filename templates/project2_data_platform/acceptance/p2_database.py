"""The warehouse as the grader sees it: its own connection, and locks that make moments last."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import astuple
from typing import Any

from p2_figures import Sale

from checks.acceptance import blocked, eventually


def sales(app: Any, prefix: str) -> list[tuple[Any, ...]]:
    """Give the stored sales whose id begins with `prefix`, by id, with what they come to as last column."""
    exists(app)
    rows: list[tuple[Any, ...]] = app.sql(
        "select transaction_id, sold_at, customer_id, product_id, product_name, category, quantity, unit_price,"
        " discount, tax, payment_method, region, total from warehouse.sales"
        ' where starts_with(transaction_id, %(prefix)s) order by transaction_id collate "C"',
        prefix=prefix,
    )
    return rows


def every_sale(app: Any) -> list[Sale]:
    """Give all sales there are. Their totals aren't taken over: they follow from the other columns."""
    exists(app)
    rows = app.sql(
        "select transaction_id, sold_at, customer_id, product_id, product_name, category, quantity, unit_price,"
        " discount, tax, payment_method, region from warehouse.sales"
    )
    return [Sale(*row) for row in rows]


def as_rows(sales: list[Sale]) -> list[tuple[Any, ...]]:
    """Give sales as `sales(app, prefix)` should give them."""
    return sorted((*astuple(sale), sale.total) for sale in sales)


def exists(app: Any) -> None:
    """Block the scenario where the table isn't there: nothing can be said about its rows."""
    if app.sql("select to_regclass('warehouse.sales')") == [(None,)]:
        blocked("there is no table warehouse.sales", by="acceptance.m2.warehouse-tables")


@contextmanager
def nobody_reads_sales(app: Any) -> Iterator[None]:
    """Make every reader and writer of `warehouse.sales` wait until the block is left."""
    exists(app)
    with _transaction(app):
        app.sql("lock table warehouse.sales in access exclusive mode")
        yield


@contextmanager
def nobody_writes_sales(app: Any) -> Iterator[None]:
    """Make every writer of `warehouse.sales` wait until the block is left."""
    exists(app)
    with _transaction(app):
        app.sql("lock table warehouse.sales in share mode")
        yield


def await_lock(app: Any, seconds: float, what: str) -> None:
    """Wait, inside one of the blocks above, until somebody waits for the lock."""
    query = "select count(*) from pg_locks where relation = 'warehouse.sales'::regclass and not granted"
    eventually(lambda: app.sql(query) != [(0,)], seconds, what, pause=0.02)


@contextmanager
def _transaction(app: Any) -> Iterator[None]:
    app.sql("begin")
    app.sql("set local lock_timeout = '20s'")
    try:
        yield
    finally:
        app.sql("rollback")
