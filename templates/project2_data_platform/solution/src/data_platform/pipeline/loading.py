"""Warehouse: sales into tables, all of a file or nothing.

Batches go into temporary tables of the worker's own connection, which vanish with it, however it ends. One transaction
at the end moves everything: sales, customers, products, rejects.
"""

import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from sqlalchemy import text
from sqlalchemy.orm import Session

from data_platform.pipeline.cleaning import Reject, Sale, duplicate
from data_platform.pipeline.rows import RawRow

_COLUMNS = ", ".join(Sale._fields)
_REPLACED = ", ".join(f"{name} = EXCLUDED.{name}" for name in (*Sale._fields[1:], "import_id"))
# One writer of the warehouse at a time: no deadlock, and customers and products see every sale that counts. It is held
# for the seconds of the last step only; reading and cleaning go on side by side.
_WAREHOUSE_LOCK = 0x5A1E5

_PREPARE = (
    f"CREATE TEMPORARY TABLE IF NOT EXISTS staged_sales AS SELECT {_COLUMNS} FROM warehouse.sales WITH NO DATA",  # noqa: S608  (names of our own)
    "CREATE UNIQUE INDEX IF NOT EXISTS staged_sales_id ON staged_sales (transaction_id)",
    "CREATE TEMPORARY TABLE IF NOT EXISTS staged_rejects (row_number integer, raw jsonb, reasons jsonb)",
    "TRUNCATE staged_sales, staged_rejects",
)
_FIND_TOUCHED = (
    # Autovacuum doesn't see temporary tables, and a plan for an empty one is a bad plan for 100,000 rows.
    "ANALYZE staged_sales",
    # A correction may have moved a sale away from a customer or a product: those change, too.
    """CREATE TEMPORARY TABLE touched_customers ON COMMIT DROP AS
       SELECT customer_id FROM staged_sales
       UNION SELECT sold.customer_id FROM warehouse.sales AS sold JOIN staged_sales USING (transaction_id)""",
    """CREATE TEMPORARY TABLE touched_products ON COMMIT DROP AS
       SELECT product_id FROM staged_sales
       UNION SELECT sold.product_id FROM warehouse.sales AS sold JOIN staged_sales USING (transaction_id)""",
)
# The later import wins, also when an earlier one is stored after it.
_UPSERT_SALES = f"""
    INSERT INTO warehouse.sales AS sold ({_COLUMNS}, import_id)
    SELECT {_COLUMNS}, :import_id FROM staged_sales ORDER BY transaction_id
    ON CONFLICT (transaction_id) DO UPDATE SET {_REPLACED} WHERE sold.import_id <= EXCLUDED.import_id"""  # noqa: S608  (names of our own)
_FOLLOW = (
    """INSERT INTO warehouse.customers AS known (customer_id, first_sale_at, last_sale_at)
       SELECT customer_id, min(sold_at), max(sold_at)
       FROM warehouse.sales JOIN touched_customers USING (customer_id) GROUP BY customer_id
       ON CONFLICT (customer_id) DO UPDATE
       SET first_sale_at = EXCLUDED.first_sale_at, last_sale_at = EXCLUDED.last_sale_at
       WHERE (known.first_sale_at, known.last_sale_at) <> (EXCLUDED.first_sale_at, EXCLUDED.last_sale_at)""",
    """DELETE FROM warehouse.customers USING touched_customers
       WHERE customers.customer_id = touched_customers.customer_id AND NOT EXISTS
       (SELECT FROM warehouse.sales WHERE sales.customer_id = customers.customer_id)""",
    """INSERT INTO warehouse.products AS known (product_id, name, category)
       SELECT DISTINCT ON (product_id) product_id, product_name, category
       FROM warehouse.sales JOIN touched_products USING (product_id)
       ORDER BY product_id, sold_at DESC, transaction_id DESC
       ON CONFLICT (product_id) DO UPDATE SET name = EXCLUDED.name, category = EXCLUDED.category
       WHERE (known.name, known.category) <> (EXCLUDED.name, EXCLUDED.category)""",
    """DELETE FROM warehouse.products USING touched_products
       WHERE products.product_id = touched_products.product_id AND NOT EXISTS
       (SELECT FROM warehouse.sales WHERE sales.product_id = products.product_id)""",
    # What is kept for sales only; a later page of the same transaction begins with none of them.
    "DROP TABLE touched_customers, touched_products",
)
_STORE_REJECTS = """
    INSERT INTO rejects (import_id, row_number, raw, reasons)
    SELECT :import_id, row_number, raw, reasons FROM staged_rejects ORDER BY row_number"""
_RECONCILE = """
    SELECT count(*), coalesce(sum(staged.total), 0), count(sold.transaction_id),
           coalesce(sum(staged.total) FILTER (WHERE sold.import_id = :import_id), 0),
           coalesce(sum(sold.total) FILTER (WHERE sold.import_id = :import_id), 0)
    FROM staged_sales AS staged LEFT JOIN warehouse.sales AS sold USING (transaction_id)"""


class ReconciliationError(Exception):
    """What is in the tables is not what was accepted. Nothing of it may be committed."""


@dataclass
class Staged:
    """What has been staged so far, counted apart from the database, which must come to the same."""

    sales: int = 0
    rejects: int = 0
    total: Decimal = Decimal("0.00")

    @property
    def records(self) -> int:
        """How many rows have been read."""
        return self.sales + self.rejects


def prepare(session: Session) -> Staged:
    """Make the staging tables, or empty them."""
    for statement in _PREPARE:
        session.execute(text(statement))
    return Staged()


def stage(session: Session, staged: Staged, cleaned: Sequence[tuple[RawRow, Sale | Reject]]) -> None:
    """Add a batch to the staging tables. A sale whose id was accepted before becomes a reject."""
    sales, rejects = _separate(cleaned, _known(session, cleaned))
    _copy(session, f"COPY staged_sales ({_COLUMNS}) FROM STDIN", sales)
    _copy(
        session,
        "COPY staged_rejects (row_number, raw, reasons) FROM STDIN",
        ((reject.row_number, reject.raw, json.dumps([r._asdict() for r in reject.reasons])) for reject in rejects),
    )
    staged.sales += len(sales)
    staged.rejects += len(rejects)
    staged.total += sum((sale.total for sale in sales), Decimal())


def load(session: Session, staged: Staged, import_id: int) -> None:
    """Move what is staged to where it belongs, within the caller's transaction.

    Raises ReconciliationError; then the caller must roll back.
    """
    session.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": _WAREHOUSE_LOCK})
    for statement in _FIND_TOUCHED:
        session.execute(text(statement))
    session.execute(text(_UPSERT_SALES), {"import_id": import_id})
    for statement in _FOLLOW:
        session.execute(text(statement))
    stored = session.execute(text(_STORE_REJECTS), {"import_id": import_id})
    _reconcile(session, staged, import_id, stored.rowcount)  # type: ignore[attr-defined]  # a CursorResult


def _reconcile(session: Session, staged: Staged, import_id: int, rejects: int) -> None:
    count, total, stored, ours, ours_stored = session.execute(text(_RECONCILE), {"import_id": import_id}).one()
    expected = (staged.sales, staged.total, staged.sales, ours, staged.rejects)
    found = (count, total, stored, ours_stored, rejects)
    if found != expected:
        raise ReconciliationError(f"accepted {expected}, stored {found}")


def _known(session: Session, cleaned: Iterable[tuple[RawRow, Sale | Reject]]) -> set[str]:
    """Give the ids of this batch that an earlier batch had."""
    ids = [sale.transaction_id for _, sale in cleaned if isinstance(sale, Sale)]
    found = session.scalars(
        text("SELECT transaction_id FROM staged_sales WHERE transaction_id = ANY(:ids)"), {"ids": ids}
    )
    return set(found)


def _separate(cleaned: Iterable[tuple[RawRow, Sale | Reject]], accepted: set[str]) -> tuple[list[Sale], list[Reject]]:
    sales: list[Sale] = []
    rejects: list[Reject] = []
    for row, result in cleaned:
        if isinstance(result, Reject):
            rejects.append(result)
        elif result.transaction_id in accepted:
            rejects.append(duplicate(row, result.transaction_id))
        else:
            accepted.add(result.transaction_id)
            sales.append(result)
    return sales, rejects


def _copy(session: Session, statement: str, rows: Iterable[Sequence[Any]]) -> None:
    connection: Any = session.connection().connection.driver_connection  # psycopg's own: SQLAlchemy has no COPY
    with connection.cursor() as cursor, cursor.copy(statement) as copy:
        for row in rows:
            copy.write_row(row)
