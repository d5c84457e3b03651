"""A file goes through the whole platform; pandas reads the same file, and must come to the same figures."""

import io
import random
from decimal import Decimal
from typing import Any

import pandas as pd
from fastapi.testclient import TestClient

from tests.files import csv_file, sale
from tests.test_importing import imported


def random_sales(count: int) -> list[dict[str, Any]]:
    chance = random.Random(7)
    made = []
    for number in range(count):
        quantity, cents = chance.randint(1, 9), chance.randint(1, 99_999)
        total = quantity * Decimal(cents) / 100
        made.append(
            sale(
                number,
                date=f"2026-03-{chance.randint(1, 28):02}T{chance.randint(0, 23):02}:30:00Z",
                customer_id=f"C-{chance.randint(1, 60)}",
                product_id=f"P-{chance.randint(1, 20)}",
                region=chance.choice(["North", "South", "West"]),
                quantity=str(quantity),
                unit_price=f"{Decimal(cents) / 100:.2f}",
                total=f"{total:.2f}",
            )
        )
    return made


def grouped(frame: pd.DataFrame, column: str) -> dict[str, tuple[str, int, int]]:
    groups = frame.groupby(column).agg(revenue=("total", "sum"), orders=("total", "size"), units=("quantity", "sum"))
    return {str(key): (f"{row.revenue:.2f}", int(row.orders), int(row.units)) for key, row in groups.iterrows()}


def test_pandas_comes_to_the_same_figures(live_client: TestClient) -> None:
    content = csv_file(random_sales(700))
    assert imported(live_client, content)["counts"] == {"records": 700, "processed": 700, "rejected": 0}

    # Text, and decimals from the text on: the default would read money as float.
    frame = pd.read_csv(io.BytesIO(content), dtype=str, keep_default_na=False)
    frame["total"] = frame["total"].map(Decimal).astype(object)
    frame["quantity"] = frame["quantity"].astype(int)
    frame["day"] = frame["date"].str[:10]

    days = {"start": "2026-03-01", "end": "2026-03-31"}
    summary = live_client.get("/api/v1/analytics/summary", params=days).json()
    assert summary["revenue"] == f"{sum(frame['total'], Decimal()):.2f}"
    assert summary["unique_customers"] == frame["customer_id"].nunique()
    assert {each["key"]: (each["revenue"], each["orders"], each["units"]) for each in summary["by_region"]} == grouped(
        frame, "region"
    )

    daily = live_client.get("/api/v1/analytics/daily", params=days).json()["items"]
    sold = {each["date"]: (each["revenue"], each["orders"], each["units"]) for each in daily if each["orders"]}
    assert sold == grouped(frame, "day")

    top = live_client.get("/api/v1/analytics/top-products", params={**days, "limit": 100}).json()["items"]
    assert {each["product_id"]: (each["revenue"], each["orders"], each["units"]) for each in top} == grouped(
        frame, "product_id"
    )
