"""The judge of project 2's figures, held to sums that were added up by hand."""

import sys
from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

ACCEPTANCE = Path(__file__).parents[2] / "templates" / "project2_data_platform" / "acceptance"
sys.path.insert(0, str(ACCEPTANCE))
import p2_figures as figures  # noqa: E402
import p2_sales  # noqa: E402

MARCH_1 = date(2026, 3, 1)


def sale(number: int, at: str, **fields: Any) -> figures.Sale:
    """Give a sale of one Field guide for 19.90 to C-1, unless told otherwise."""
    given = {
        "transaction_id": f"T-{number}",
        "sold_at": datetime.fromisoformat(at).astimezone(UTC),
        "customer_id": "C-1",
        "product_id": "P-1",
        "product_name": "Field guide",
        "category": "Books",
        "quantity": 1,
        "unit_price": Decimal("19.90"),
        "discount": Decimal("0.00"),
        "tax": Decimal("0.00"),
        "payment_method": "card",
        "region": "North",
    }
    return figures.Sale(**(given | fields))


# Two sales on either side of midnight in Berlin, one of them by a customer who had bought before; then an empty day.
THREE = (
    sale(1, "2026-02-27T12:00:00Z"),
    sale(2, "2026-03-01T22:59:59Z", quantity=2),
    sale(3, "2026-03-01T23:00:00Z", customer_id="C-2", product_id="P-2", category="Games", region="South"),
)


def test_a_summary_adds_up_and_knows_who_is_new() -> None:
    assert figures.Figures(THREE).summary(MARCH_1, MARCH_1) == {
        "start": "2026-03-01",
        "end": "2026-03-01",
        "timezone": "UTC",
        "revenue": "59.70",
        "orders": 2,
        "units": 3,
        "average_order_value": "29.85",
        "unique_customers": 2,
        "new_customers": 1,
        "returning_customers": 1,
        "by_region": [
            {"key": "North", "revenue": "39.80", "orders": 1, "units": 2},
            {"key": "South", "revenue": "19.90", "orders": 1, "units": 1},
        ],
        "by_category": [
            {"key": "Books", "revenue": "39.80", "orders": 1, "units": 2},
            {"key": "Games", "revenue": "19.90", "orders": 1, "units": 1},
        ],
        "by_payment_method": [{"key": "card", "revenue": "59.70", "orders": 2, "units": 3}],
    }


def test_a_sale_belongs_to_the_day_it_has_in_the_zone() -> None:
    judge = figures.Figures(THREE)
    days = {zone: judge.daily(MARCH_1, date(2026, 3, 2), zone)["items"] for zone in ("UTC", "Europe/Berlin")}
    assert [(day["date"], day["orders"]) for day in days["UTC"]] == [("2026-03-01", 2), ("2026-03-02", 0)]
    assert [(day["date"], day["orders"]) for day in days["Europe/Berlin"]] == [("2026-03-01", 1), ("2026-03-02", 1)]


def test_a_day_without_sales_is_there_with_zeros() -> None:
    day = figures.Figures(THREE).daily(date(2026, 2, 28), date(2026, 2, 28))["items"][0]
    assert (day["revenue"], day["average_order_value"], day["unique_customers"], day["by_region"]) == (
        "0.00",
        "0.00",
        0,
        [],
    )


def test_an_hour_that_comes_twice_is_told_apart_by_its_offset() -> None:
    twice = [sale(1, "2004-10-31T02:30:00+02:00"), sale(2, "2004-10-31T02:30:00+01:00")]
    assert figures.Figures(twice).summary(date(2004, 10, 31), date(2004, 10, 31), "Europe/Berlin")["orders"] == 2
    assert figures.Figures(twice).summary(date(2004, 10, 30), date(2004, 10, 30), "America/Los_Angeles")["orders"] == 2


def test_a_customer_is_new_once_even_with_several_sales_in_the_range() -> None:
    judge = figures.Figures([sale(1, "2026-03-01T10:00:00Z"), sale(2, "2026-03-02T10:00:00Z")])
    both = judge.summary(MARCH_1, date(2026, 3, 2))
    assert (both["unique_customers"], both["new_customers"], both["returning_customers"]) == (1, 1, 0)
    days = judge.daily(MARCH_1, date(2026, 3, 2))["items"]
    assert [(day["new_customers"], day["returning_customers"]) for day in days] == [(1, 0), (0, 1)]


@pytest.mark.parametrize(
    ("revenue", "orders", "rounded"),
    [
        ("20.01", 2, "10.01"),  # 10.005
        ("20.05", 2, "10.03"),  # 10.025, which banker's rounding makes 10.02
        ("0.01", 2, "0.01"),
        ("3.01", 3, "1.00"),
        ("3.02", 3, "1.01"),
        ("0.00", 0, "0.00"),
    ],
)
def test_an_average_is_rounded_half_away_from_zero(revenue: str, orders: int, rounded: str) -> None:
    assert figures.average(Decimal(revenue), orders) == rounded


def test_money_has_two_places_and_never_hides_a_third() -> None:
    assert [figures.money(Decimal(text)) for text in ("0", "0.1", "1234.5", "-0.05")] == [
        "0.00",
        "0.10",
        "1234.50",
        "-0.05",
    ]
    with pytest.raises(ValueError, match="whole number of cents"):
        figures.money(Decimal("0.005"))


def test_products_are_ranked_with_ties_broken_by_the_other_figure_then_by_id() -> None:
    def of(number: int, product: str, units: int, price: str) -> figures.Sale:
        return sale(number, "2026-03-01T10:00:00Z", product_id=product, quantity=units, unit_price=Decimal(price))

    judge = figures.Figures([of(1, "P-9", 2, "5"), of(2, "P-10", 2, "5"), of(3, "P-3", 5, "2"), of(4, "P-4", 1, "11")])
    ranked = judge.top_products(MARCH_1, MARCH_1)["items"]
    assert [product["product_id"] for product in ranked] == ["P-4", "P-3", "P-10", "P-9"]
    ranked = judge.top_products(MARCH_1, MARCH_1, by="units", limit=3)["items"]
    assert [(product["rank"], product["product_id"]) for product in ranked] == [(1, "P-3"), (2, "P-10"), (3, "P-9")]


def test_a_renamed_product_is_one_product_under_its_latest_name() -> None:
    judge = figures.Figures([sale(2, "2026-03-02T10:00:00Z", product_name="New", category="Games"), THREE[1]])
    assert judge.top_products(MARCH_1, MARCH_1)["items"] == [
        {
            "rank": 1,
            "product_id": "P-1",
            "product_name": "New",
            "category": "Games",
            "revenue": "39.80",
            "orders": 1,
            "units": 2,
        }
    ]


@pytest.mark.parametrize(
    ("recency", "frequency", "monetary", "name"),
    [
        (30, 5, "500.00", "champions"),
        (30, 5, "499.99", "loyal"),
        (31, 5, "500.00", "loyal"),
        (90, 3, "1.00", "loyal"),
        (30, 2, "1.00", "recent"),
        (31, 2, "1.00", "occasional"),
        (90, 2, "1.00", "occasional"),
        (91, 2, "1.00", "at_risk"),
        (91, 1, "900.00", "occasional"),
        (180, 5, "900.00", "at_risk"),
        (181, 5, "900.00", "lost"),
    ],
)
def test_a_segment_is_the_first_line_that_fits(recency: int, frequency: int, monetary: str, name: str) -> None:
    assert figures.segment(recency, frequency, Decimal(monetary)) == name


def test_segments_look_back_from_a_day_and_know_nothing_of_later_sales() -> None:
    found = figures.Figures(THREE).segments(MARCH_1, "Europe/Berlin")["items"]
    assert [(part["name"], part["customers"], part["revenue"]) for part in found if part["customers"]] == [
        ("recent", 1, "59.70")
    ]
    assert len(found) == 6
    assert [part["customers"] for part in figures.Figures(THREE).segments(MARCH_1)["items"]] == [0, 0, 2, 0, 0, 0]


def test_the_beat_schedule_is_judged_for_each_day_from_the_first_sale_to_the_last() -> None:
    days = figures.Figures(THREE).every_day()
    assert [(str(day), figure["orders"]) for day, figure in days.items()] == [
        ("2026-02-27", 1),
        ("2026-02-28", 0),
        ("2026-03-01", 2),
    ]
    assert figures.Figures([]).every_day() == {}


def test_what_is_written_as_a_file_states_the_total_of_each_row() -> None:
    lines = figures.as_csv([THREE[1]]).decode().splitlines()
    assert lines[0].startswith("transaction_id,date,customer_id")
    assert lines[1] == "T-2,2026-03-01T22:59:59Z,C-1,P-1,Field guide,Books,2,19.90,0.00,0.00,39.80,card,North"


def test_an_answer_may_say_more_than_was_asked_but_not_less() -> None:
    expected = {"items": [{"orders": 1}], "start": "2026-03-01"}
    assert figures.like({"items": [{"orders": 1, "more": 2}], "start": "2026-03-01", "more": 3}, expected) == expected
    assert figures.like({"items": [{"orders": 1}]}, expected) != expected
    assert figures.like({"items": [], "start": "2026-03-01"}, expected) != expected


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_the_2000_sales_hold_the_edges_that_the_scenarios_speak_of(seed: int) -> None:
    files = p2_sales.draw("M5", seed)
    judge = figures.Figures(files.sales)
    assert len(files.first) == len(files.sales) == 2_000
    assert {judge.summary(*p2_sales.CALM_YEAR, zone)["revenue"] for zone in p2_sales.ZONES} == {
        judge.summary(*p2_sales.CALM_YEAR)["revenue"]
    }
    assert len({judge.summary(*p2_sales.LEAP_YEAR, zone)["revenue"] for zone in p2_sales.ZONES}) > 1
    assert len({str(judge.segments(p2_sales.AS_OF, zone)["items"]) for zone in p2_sales.ZONES}) > 1
    assert all(part["customers"] for part in judge.segments(p2_sales.AS_OF)["items"])
    for zone in p2_sales.ZONES:
        assert judge.summary(*p2_sales.GAP, zone)["orders"] == judge.summary(*p2_sales.NOTHING, zone)["orders"] == 0
        averages = [judge.summary(day, day, zone)["average_order_value"] for day in p2_sales.HALF_CENTS]
        assert averages == ["10.01", "0.03", "5.01", "1.00", "1.01"]
    ranked = judge.top_products(*p2_sales.TIES)["items"]
    assert [product["product_id"] for product in ranked] == [f"M5-P-T-{number}" for number in (1, 3, 2, 10, 9, 4)]
    assert len(judge.top_products(*p2_sales.CALM_YEAR, limit=100)["items"]) == 100


def test_corrections_change_who_is_new_in_the_year() -> None:
    files = p2_sales.draw("M5", 1)
    before = figures.Figures(files.first).summary(*p2_sales.CALM_YEAR)
    after = figures.Figures(files.sales).summary(*p2_sales.CALM_YEAR)
    assert before["new_customers"] != after["new_customers"]
    assert before["revenue"] != after["revenue"]


def test_only_the_days_that_are_meant_to_have_averages_with_half_a_cent() -> None:
    judge = figures.Figures(p2_sales.draw("M5", 1).sales)
    for zone in p2_sales.ZONES:
        for day in judge.daily(*p2_sales.LEAP_YEAR, zone)["items"] + judge.daily(*p2_sales.CALM_YEAR, zone)["items"]:
            cents = Decimal(day["revenue"]) * 100
            assert not day["orders"] or cents * 2 % day["orders"] or not cents % day["orders"]
