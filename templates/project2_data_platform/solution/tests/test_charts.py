"""The geometry of the charts, in figures that can be added up by hand."""

from datetime import date, timedelta
from decimal import Decimal

import pytest

from data_platform.reporting.charts import Bar, Column, ColumnChart, Tick, bars, ceiling, columns

MARCH = date(2026, 3, 1)


def days(*values: int | str, start: date = MARCH) -> list[tuple[date, Decimal]]:
    return [(start + timedelta(days=number), Decimal(value)) for number, value in enumerate(values)]


def labels(number_of_days: int, start: date = MARCH) -> list[tuple[str, str]]:
    chart = columns(days(*["0"] * number_of_days, start=start))
    return [(str(tick.position), tick.label) for tick in chart.days]


def test_a_column_is_as_high_as_its_share_of_the_scale() -> None:
    assert columns(days("50.00", "0.00", "100", "25")) == ColumnChart(
        columns=(
            Column(Decimal("2.5"), Decimal(20), Decimal(90), "2026-03-01: 50.00"),
            Column(Decimal("52.5"), Decimal(20), Decimal(180), "2026-03-03: 100.00"),
            Column(Decimal("77.5"), Decimal(20), Decimal(45), "2026-03-04: 25.00"),
        ),
        days=(
            Tick(Decimal(0), "1 Mar"),
            Tick(Decimal(25), "2 Mar"),
            Tick(Decimal(50), "3 Mar"),
            Tick(Decimal(75), "4 Mar"),
        ),
        values=(Tick(Decimal(90), "50"), Tick(Decimal(180), "100")),
    )


def test_a_single_day_has_the_plot_to_itself() -> None:
    assert columns(days("5")).columns == (Column(Decimal(10), Decimal(80), Decimal(180), "2026-03-01: 5.00"),)


def test_days_without_sales_draw_nothing_and_divide_by_nothing() -> None:
    assert columns(days("0.00")) == ColumnChart((), (Tick(Decimal(0), "1 Mar"),), ())
    assert columns([]) == ColumnChart((), (), ())


@pytest.mark.parametrize(
    ("value", "top"),
    [
        ("0", "1"),
        ("0.01", "1"),
        ("1", "1"),
        ("1.01", "2"),
        ("2", "2"),
        ("2.01", "5"),
        ("5", "5"),
        ("5.01", "10"),
        ("10", "10"),
        ("10.01", "20"),
        ("99999", "100000"),
        ("100000.01", "200000"),
    ],
)
def test_the_scale_ends_at_a_number_that_people_can_divide(value: str, top: str) -> None:
    assert ceiling(Decimal(value)) == Decimal(top)


def test_thousands_are_separated_on_the_scale() -> None:
    assert [tick.label for tick in columns(days("7000")).values] == ["5,000", "10,000"]


def test_at_most_six_days_are_named_in_a_short_range() -> None:
    assert [label for _, label in labels(6)] == ["1 Mar", "2 Mar", "3 Mar", "4 Mar", "5 Mar", "6 Mar"]
    assert [label for _, label in labels(7)] == ["1 Mar", "3 Mar", "5 Mar", "7 Mar"]
    assert labels(62)[0] == ("0.000", "1 Mar")
    assert [label for _, label in labels(62)] == ["1 Mar", "12 Mar", "23 Mar", "3 Apr", "14 Apr"]


def test_months_are_named_in_a_long_one() -> None:
    assert labels(63) == [("0.000", "Mar"), ("49.206", "Apr")]
    assert [label for _, label in labels(365, date(2026, 1, 2))] == [
        "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec",
    ]  # fmt: skip


def test_a_label_that_would_leave_the_plot_is_left_out() -> None:
    assert labels(100, date(2026, 3, 1))[-1] == ("92.000", "Jun")
    assert labels(100, date(2026, 2, 28))[-1] == ("62.000", "May")
    assert labels(50)[-1] == ("72.000", "6 Apr")
    assert labels(29)[-1] == ("68.966", "21 Mar")


def test_a_bar_is_as_wide_as_its_share_of_the_largest() -> None:
    assert bars([("North", Decimal("80.00")), ("South", Decimal("20")), ("East", Decimal(0))]) == (
        Bar("North", "80.00", Decimal(100)),
        Bar("South", "20.00", Decimal(25)),
        Bar("East", "0.00", Decimal(0)),
    )
    assert bars([]) == ()
    assert bars([("Free", Decimal(0))]) == (Bar("Free", "0.00", Decimal(0)),)


@pytest.mark.parametrize(
    ("label", "shown"), [("x" * 40, "x" * 40), ("x" * 41, "x" * 39 + "…"), ("x" * 38 + " yz", "x" * 38 + "…")]
)
def test_a_long_label_is_shortened(label: str, shown: str) -> None:
    assert bars([(label, Decimal(1))])[0].label == shown
