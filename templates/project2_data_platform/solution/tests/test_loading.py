"""Sales into the warehouse: upsert, what follows from it, and the check that it all adds up."""

import json
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import pytest
from sqlalchemy import select, text
from sqlalchemy.orm import Session

from data_platform.operational import DataSource, Import, Reject
from data_platform.pipeline import cleaning, loading
from data_platform.pipeline.cleaning import Reason, Sale
from data_platform.pipeline.loading import ReconciliationError, load, prepare, stage
from data_platform.pipeline.rows import RawRow
from data_platform.warehouse import models

Cleaned = tuple[RawRow, Sale | cleaning.Reject]


@pytest.fixture
def imports(session: Session) -> list[int]:
    """Give the ids of three imports, in the order of their upload."""
    source = DataSource(name="Shop", type="csv", connection={}, processing={}, sync_frequency="manual", active=True)
    session.add(source)
    session.flush()
    made = [Import(source_id=source.id, file_name="a.csv", size=1, sha256="0" * 64) for _ in range(3)]
    for each in made:
        session.add(each)
        session.flush()
    return [each.id for each in made]


def row(number: int) -> RawRow:
    return RawRow(number, ["?"] * 13, lambda: json.dumps({"row": number}))


def sale(number: int, total: str = "10.00", day: int = 1, **changes: Any) -> Cleaned:
    values = {
        "transaction_id": f"T-{number}",
        "sold_at": datetime(2026, 3, day, tzinfo=UTC),
        "customer_id": "C-1",
        "product_id": "P-1",
        "product_name": "Field guide",
        "category": "Books",
        "region": "North",
        "quantity": 1,
        "unit_price": Decimal(total),
        "discount": Decimal("0.00"),
        "tax": Decimal("0.00"),
        "total": Decimal(total),
        "payment_method": "card",
    }
    return row(number), Sale(**{**values, **changes})


def reject(number: int) -> Cleaned:
    return row(number), cleaning.Reject(number, json.dumps({"row": number}), [Reason("date", "missing", "is required")])


def store(session: Session, import_id: int, *batches: list[Cleaned]) -> loading.Staged:
    staged = prepare(session)
    for batch in batches:
        stage(session, staged, batch)
    load(session, staged, import_id)
    return staged


def totals(session: Session) -> dict[str, Decimal]:
    rows = session.execute(select(models.Sale.transaction_id, models.Sale.total).order_by(models.Sale.transaction_id))
    return {row.transaction_id: row.total for row in rows}


def customers(session: Session) -> dict[str, tuple[int, int]]:
    rows = session.scalars(select(models.Customer).execution_options(populate_existing=True))
    return {each.customer_id: (each.first_sale_at.day, each.last_sale_at.day) for each in rows}


def products(session: Session) -> dict[str, tuple[str, str]]:
    rows = session.scalars(select(models.Product).execution_options(populate_existing=True))
    return {each.product_id: (each.name, each.category) for each in rows}


def test_sales_and_rejects_are_stored_with_their_import(session: Session, imports: list[int]) -> None:
    staged = store(session, imports[0], [sale(1), reject(2)], [sale(3, "0.10")])
    assert (staged.sales, staged.rejects, staged.records, staged.total) == (2, 1, 3, Decimal("10.10"))
    assert totals(session) == {"T-1": Decimal("10.00"), "T-3": Decimal("0.10")}
    stored = session.get_one(models.Sale, "T-1")
    expected = sale(1)[1]
    assert isinstance(expected, Sale)
    assert {name: getattr(stored, name) for name in Sale._fields} == expected._asdict()
    assert stored.import_id == imports[0]
    (kept,) = session.scalars(select(Reject))
    assert (kept.import_id, kept.row_number, kept.raw) == (imports[0], 2, {"row": 2})
    assert kept.reasons == [{"field": "date", "code": "missing", "message": "is required"}]


def test_an_id_that_comes_again_is_a_duplicate_in_the_same_batch_and_in_a_later_one(
    session: Session, imports: list[int]
) -> None:
    staged = store(session, imports[0], [sale(1), (row(2), sale(1, "5.00")[1])], [(row(3), sale(1)[1]), sale(4)])
    assert (staged.sales, staged.rejects, staged.total) == (2, 2, Decimal("20.00"))
    assert totals(session) == {"T-1": Decimal("10.00"), "T-4": Decimal("10.00")}
    kept = session.scalars(select(Reject).order_by(Reject.row_number)).all()
    assert [(each.row_number, each.reasons[0]["code"]) for each in kept] == [(2, "duplicate"), (3, "duplicate")]


def test_only_an_accepted_row_makes_a_later_one_a_duplicate(session: Session, imports: list[int]) -> None:
    staged = store(session, imports[0], [reject(1), sale(1)])
    assert (staged.sales, staged.rejects) == (1, 1)


def test_the_same_sales_again_change_nothing(session: Session, imports: list[int]) -> None:
    store(session, imports[0], [sale(1), sale(2, day=5)])
    before = (totals(session), customers(session), products(session))
    store(session, imports[1], [sale(2, day=5), sale(1)])
    assert (totals(session), customers(session), products(session)) == before


def test_a_later_import_replaces_a_sale_and_an_earlier_one_does_not(session: Session, imports: list[int]) -> None:
    store(session, imports[1], [sale(1, "10.00"), sale(2, "20.00")])
    store(session, imports[2], [sale(1, "11.00")])
    assert totals(session) == {"T-1": Decimal("11.00"), "T-2": Decimal("20.00")}
    # Uploaded first, stored last: a worker was killed, or a larger file took longer.
    store(session, imports[0], [sale(1, "9.00"), sale(2, "19.00"), sale(3, "29.00")])
    assert totals(session) == {"T-1": Decimal("11.00"), "T-2": Decimal("20.00"), "T-3": Decimal("29.00")}


def test_a_later_page_of_the_same_import_replaces_a_sale(session: Session, imports: list[int]) -> None:
    store(session, imports[0], [sale(1, "10.00")])
    store(session, imports[0], [sale(1, "12.00")])
    assert totals(session) == {"T-1": Decimal("12.00")}


def test_customers_know_their_first_and_last_sale(session: Session, imports: list[int]) -> None:
    store(session, imports[0], [sale(1, day=5), sale(2, day=7), sale(3, day=6, customer_id="C-2")])
    assert customers(session) == {"C-1": (5, 7), "C-2": (6, 6)}
    store(session, imports[1], [sale(4, day=3), sale(5, day=9, customer_id="C-2")])
    assert customers(session) == {"C-1": (3, 7), "C-2": (6, 9)}


def test_a_correction_moves_the_first_sale_and_takes_a_customer_away(session: Session, imports: list[int]) -> None:
    store(session, imports[0], [sale(1, day=5), sale(2, day=7), sale(3, day=6, customer_id="C-2")])
    store(session, imports[1], [sale(1, day=8), sale(3, day=9)])
    assert customers(session) == {"C-1": (7, 9)}


def test_a_product_is_called_as_in_its_latest_sale(session: Session, imports: list[int]) -> None:
    store(session, imports[0], [sale(1, day=5, product_name="New"), sale(2, day=4, product_name="Old")])
    assert products(session) == {"P-1": ("New", "Books")}
    store(session, imports[1], [sale(3, day=6, product_name="Newer", category="Maps")])
    assert products(session) == {"P-1": ("Newer", "Maps")}
    # At the same moment: the id decides, so that the answer is the same each time.
    store(session, imports[1], [sale(4, day=6, product_name="A"), sale(5, day=6, product_name="B")])
    assert products(session) == {"P-1": ("B", "Books")}
    store(session, imports[2], [sale(number, day=6, product_id="P-2") for number in range(1, 6)])
    assert products(session) == {"P-2": ("Field guide", "Books")}


def test_what_was_staged_before_is_forgotten(session: Session, imports: list[int]) -> None:
    stage(session, prepare(session), [sale(1), reject(2)])
    staged = store(session, imports[0], [sale(3)])
    assert staged.records == 1
    assert list(totals(session)) == ["T-3"]
    assert session.scalars(select(Reject)).all() == []


def test_ten_thousand_small_prices_have_an_exact_sum(session: Session, imports: list[int]) -> None:
    store(session, imports[0], [sale(number, "0.10") for number in range(10_000)])
    assert session.scalar(text("SELECT sum(total) FROM warehouse.sales")) == Decimal("1000.00")


@pytest.mark.parametrize(
    "damage",
    [
        "DELETE FROM staged_sales WHERE transaction_id = 'T-1'",
        "UPDATE staged_sales SET total = total + 0.01 WHERE transaction_id = 'T-1'",
        "DELETE FROM staged_rejects",
    ],
)
def test_what_does_not_add_up_is_not_stored(session: Session, imports: list[int], damage: str) -> None:
    staged = prepare(session)
    stage(session, staged, [sale(1), sale(2), reject(3)])
    session.execute(text(damage))
    with pytest.raises(ReconciliationError, match=r"^accepted .*, stored "):
        load(session, staged, imports[0])


@pytest.mark.parametrize("change", ["RETURN NULL", "NEW.total = NEW.total + 0.01; RETURN NEW"])
def test_a_warehouse_that_keeps_something_else_is_noticed(session: Session, imports: list[int], change: str) -> None:
    session.execute(
        text(f"CREATE FUNCTION pg_temp.other() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN {change}; END'"),
    )
    session.execute(
        text("CREATE TRIGGER other BEFORE INSERT ON warehouse.sales FOR EACH ROW EXECUTE FUNCTION pg_temp.other()")
    )
    with pytest.raises(ReconciliationError):
        store(session, imports[0], [sale(1)])
