"""The tools that project 2's scenarios judge with: the pretended shop, the reader of pages, the reader of messages."""

import json
import sys
from pathlib import Path
from typing import Any

import pytest

pytest.importorskip("httpx2")
ACCEPTANCE = Path(__file__).parents[2] / "templates" / "project2_data_platform" / "acceptance"
sys.path.insert(0, str(ACCEPTANCE))
import p2_commerce as commerce  # noqa: E402
import p2_document as document  # noqa: E402
import p2_operations as operations  # noqa: E402

from checks.acceptance.peer import Reply, Request  # noqa: E402


class Desk:
    """In place of an HTTP server: hands requests to the shop."""

    url = "http://shop.example"

    def __init__(self, handler: Any) -> None:
        self.handler = handler
        self.requests: list[Request] = []

    def ask(self, cursor: str | None, token: str) -> Reply:
        query = {} if cursor is None else {"cursor": cursor}
        reply: Reply = self.handler(
            Request("GET", commerce.PATH, query, {"authorization": f"Bearer {token}"}, b"", 0.0)
        )
        return reply


@pytest.fixture
def shop() -> commerce.Shop:
    return commerce.Shop(Desk)  # type: ignore[arg-type]


def pages(shop: commerce.Shop, cursor: str | None = None) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = []
    while not found or found[-1]["has_more"]:
        found.append(shop.peer.ask(found[-1]["next_cursor"] if found else cursor, shop.token).json)  # type: ignore[attr-defined]
    return found


def test_the_shop_serves_250_orders_in_three_pages_and_then_only_what_is_new_or_changed(shop: commerce.Shop) -> None:
    orders = shop.new_orders(250)
    shop.write(orders)
    first = pages(shop)
    assert [len(page["items"]) for page in first] == [100, 100, 50]
    end = first[-1]["next_cursor"]
    assert end == shop.end
    assert [page["items"] for page in pages(shop, end)] == [[]]
    shop.write([*shop.new_orders(2), orders[7].with_quantity(11)])
    assert [item["order_number"] for item in pages(shop, end)[0]["items"]] == [
        f"{shop.prefix}-251",
        f"{shop.prefix}-252",
        f"{shop.prefix}-8",
    ]
    assert len(shop.current()) == 252


def test_an_order_is_exported_with_a_total_that_adds_up(shop: commerce.Shop) -> None:
    (order,) = shop.new_orders(1)
    line, sale = order.exported()["items"][0], order.lines[0]
    assert line["total"] == f"{sale.quantity * sale.unit_price - sale.discount + sale.tax:.2f}"
    assert sale.transaction_id == f"{order.number}-1"


def test_a_line_that_will_be_refused_is_exported_but_is_no_sale(shop: commerce.Shop) -> None:
    order = shop.new_orders(1)[0].with_refused_line()
    assert order.exported()["items"][-1]["quantity"] == 0
    assert order.exported()["items"][-1]["total"] == "0.00"
    assert len(order.sales) == len(order.lines) - 1


def test_the_shop_refuses_another_token_and_a_cursor_it_never_gave(shop: commerce.Shop) -> None:
    assert shop.peer.ask(None, "wrong").status == 401  # type: ignore[attr-defined]
    assert shop.peer.ask("1040", shop.token).status == 400  # type: ignore[attr-defined]


def test_the_shop_fails_as_told_and_only_inside_the_block(shop: commerce.Shop) -> None:
    with shop.failing(commerce.BROKEN, commerce.BROKEN):
        assert shop.peer.ask(None, shop.token).status == 500  # type: ignore[attr-defined]
    assert shop.peer.ask(None, shop.token).status == 200  # type: ignore[attr-defined]


PAGE = """<!doctype html><html><body><h1>A &amp; B</h1><b data-metric="orders">12</b>
<figure data-chart="daily-revenue"><svg viewBox="0 0 9 9"><title>Days</title><rect x="1" height="4" class="bar"/></svg>
<table><tr><th>date<th>revenue<tr><th>2026-03-01<td>1,234.50<tr><th>2026-03-02<td>0.00</table></figure>
<script>"no text"</script></body></html>"""


def test_a_page_is_read_as_metrics_charts_and_tables_even_where_end_tags_are_left_out() -> None:
    page = document.read(PAGE)
    assert [e.text for e in page.having("data-metric")["orders"]] == ["12"]
    assert page.having("data-chart")["daily-revenue"][0].drawing() == [["height=4", "x=1"]]
    table = next(page.all("table"))
    assert table.rows() == [["date", "revenue"], ["2026-03-01", "1234.50"], ["2026-03-02", "0.00"]]
    assert "A & B" in page.text
    assert "no text" not in page.text


def test_rows_have_to_be_there_in_order_and_next_to_each_other() -> None:
    table = next(document.read(PAGE).all("table"))
    assert document.has_rows(table, [["2026-03-01", "1234.50"], ["2026-03-02", "0.00"]])
    assert not document.has_rows(table, [["2026-03-02", "0.00"], ["2026-03-01", "1234.50"]])
    assert not document.has_rows(table, [["2026-03-01", "0.00"]])


class Lists:
    """In place of Redis: one list."""

    def __init__(self, *messages: bytes) -> None:
        self.found = list(messages)

    def scan_iter(self, _type: str) -> list[bytes]:
        return [b"celery"]

    def lrange(self, _key: bytes, _start: int, _end: int) -> list[bytes]:
        return list(self.found)

    def lpush(self, _key: bytes, message: str) -> None:
        self.found.insert(0, message.encode())


def test_a_message_that_is_published_again_is_the_same_but_for_its_delivery_tag() -> None:
    redis = Lists(b"older")
    before = operations.messages(redis)
    redis.lpush(b"celery", json.dumps({"body": "W10=", "properties": {"delivery_tag": "one", "priority": 0}}))
    ((queue, message),) = operations.added(redis, before)
    operations.publish_again(redis, queue, message)
    again = json.loads(redis.found[0])
    assert again["body"] == "W10="
    assert again["properties"]["priority"] == 0
    assert again["properties"]["delivery_tag"] != "one"


def test_depths_and_durations_are_read_with_their_labels() -> None:
    text = (
        'celery_queue_depth{queue="celery"} 3.0\ncelery_queue_depth 7\n'
        'celery_task_duration_seconds_count{outcome="success",task="import"} 4.0\n'
    )
    assert operations.depths(text) == [3.0]
    assert operations.durations(text) == {("import", "success"): 4.0}
