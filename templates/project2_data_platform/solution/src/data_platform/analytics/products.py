"""The products that sold most."""

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from data_platform.analytics.figures import RankedProduct, Ranking
from data_platform.analytics.instants import in_range
from data_platform.analytics.ranges import DayRange
from data_platform.warehouse.models import Product, Sale


def top_products(session: Session, days: DayRange, by: Ranking, limit: int) -> list[RankedProduct]:
    """Rank the products of the range. Ties: the other of revenue and units, then the id by its characters' codes."""
    revenue, units = func.sum(Sale.total), func.sum(Sale.quantity)
    first, second = (units, revenue) if by == "units" else (revenue, units)
    best_first = (first.desc(), second.desc(), Sale.product_id.collate("C"))
    ranked = (
        select(
            Sale.product_id,
            func.row_number().over(order_by=best_first).label("rank"),
            revenue.label("revenue"),
            func.count().label("orders"),
            units.label("units"),
        )
        .where(in_range(Sale.sold_at, days))
        .group_by(Sale.product_id)
        .subquery()
    )
    # A product's name and category are those of its latest sale; whoever stores sales keeps them there.
    rows = session.execute(
        select(ranked, Product.name, Product.category)
        .join(Product, Product.product_id == ranked.c.product_id)
        .where(ranked.c.rank <= limit)
        .order_by(ranked.c.rank)
    )
    return [
        RankedProduct(
            rank=row.rank,
            product_id=row.product_id,
            product_name=row.name,
            category=row.category,
            revenue=row.revenue,
            orders=row.orders,
            units=row.units,
        )
        for row in rows
    ]
