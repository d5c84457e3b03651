"""Sales in the warehouse, for tests that ask about them."""

from collections.abc import Sequence
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

from sqlalchemy import insert, text
from sqlalchemy.orm import Session

from data_platform.warehouse.models import Sale

_CUSTOMERS = text("""
    INSERT INTO warehouse.customers (customer_id, first_sale_at, last_sale_at)
    SELECT customer_id, min(sold_at), max(sold_at) FROM warehouse.sales GROUP BY customer_id
    ON CONFLICT (customer_id) DO UPDATE SET first_sale_at = excluded.first_sale_at, last_sale_at = excluded.last_sale_at
""")
_PRODUCTS = text("""
    INSERT INTO warehouse.products (product_id, name, category)
    SELECT DISTINCT ON (product_id) product_id, product_name, category
    FROM warehouse.sales ORDER BY product_id, sold_at DESC, transaction_id DESC
    ON CONFLICT (product_id) DO UPDATE SET name = excluded.name, category = excluded.category
""")


def sale(number: int, sold_at: str, total: str = "10.00", **fields: Any) -> dict[str, Any]:
    """Give a sale; a time without offset is UTC."""
    instant = datetime.fromisoformat(sold_at)
    return {
        "transaction_id": f"T-{number}",
        "sold_at": instant if instant.tzinfo else instant.replace(tzinfo=UTC),
        "customer_id": "C-1",
        "product_id": "P-1",
        "product_name": "Field guide",
        "category": "Books",
        "quantity": 1,
        "unit_price": Decimal(1),
        "discount": Decimal(0),
        "tax": Decimal(0),
        "total": Decimal(total),
        "payment_method": "card",
        "region": "North",
        "import_id": 1,
        **fields,
    }


def store(session: Session, *sales: dict[str, Any]) -> None:
    """Put sales into the warehouse, with the customers and products that follow from them."""
    store_all(session, sales)


def store_all(session: Session, sales: Sequence[dict[str, Any]]) -> None:
    session.execute(insert(Sale), sales)
    session.execute(_CUSTOMERS)
    session.execute(_PRODUCTS)
    session.flush()
