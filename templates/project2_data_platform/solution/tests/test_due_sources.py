"""Sources of type api, pulled when their time has come."""

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import select, text
from sqlalchemy.orm import Session

from data_platform import imports
from data_platform.config import MissingTokenError, get_settings, token_of_source
from data_platform.observability.request_id import request_id
from data_platform.operational import DataSource, Import, OrderSyncRun, RawChunk
from data_platform.sources import update_source
from data_platform.warehouse.models import Sale
from data_platform.worker import due_sources, importing, stopping
from data_platform.worker.due_sources import pull_due
from data_platform.worker.running import Outcome, run
from tests.shop import Reply, open_shop

Messages = Callable[[], list[tuple[str, list[str], str | None]]]
FILE = (
    b'[{"transaction_id": "T-1", "date": "2026-03-01", "customer_id": "C-1", "product_id": "P-1",'
    b' "product_name": "Mug", "quantity": 1, "unit_price": 5.00, "payment_method": "card"}]'
)


pytestmark = pytest.mark.usefixtures("messages")


def source(session: Session, name: str = "Partner", **fields: Any) -> DataSource:
    values = {
        "type": "api",
        "connection": {"url": "http://127.0.0.1:9/"},
        "processing": {},
        "sync_frequency": "hourly",
        "active": True,
        **fields,
    }
    stored = DataSource(name=name, **values)
    session.add(stored)
    session.commit()
    return stored


def now(session: Session) -> datetime:
    moment = session.scalars(select(text("now()"))).one()
    session.rollback()
    assert isinstance(moment, datetime)
    return moment


def next_in(session: Session, one: DataSource) -> timedelta | None:
    session.refresh(one)
    return None if one.next_sync_at is None else one.next_sync_at - now(session)


def near(found: timedelta | None, wanted: timedelta) -> bool:
    return found is not None and wanted - timedelta(seconds=20) < found <= wanted


@pytest.mark.parametrize(
    ("frequency", "interval"),
    [("hourly", timedelta(hours=1)), ("daily", timedelta(days=1)), ("weekly", timedelta(weeks=1))],
)
def test_a_source_that_was_never_pulled_is_due_and_then_again_after_its_interval(
    lasting: Session, frequency: str, interval: timedelta
) -> None:
    with open_shop(Reply(body=FILE)) as partner:
        one = source(lasting, connection={"url": f"{partner.url}/sales?from=1"}, sync_frequency=frequency)
        pull_due(lasting)
        pull_due(lasting)
    assert [(request.path, request.query) for request in partner.requests] == [("/sales", "from=1")]
    assert near(next_in(lasting, one), interval)
    assert one.last_sync_at is not None


def test_what_was_pulled_is_kept_and_imported_as_a_file(lasting: Session, messages: Messages) -> None:
    with open_shop(Reply(body=FILE)) as partner, request_id("beat-1"):
        one = source(lasting, connection={"url": partner.url})
        pull_due(lasting)
    (record,) = lasting.scalars(select(Import))
    assert (record.source_id, record.file_name, record.size, record.status) == (
        one.id,
        "pulled.json",
        len(FILE),
        "pending",
    )
    assert lasting.scalars(select(RawChunk.content)).all() == [FILE]
    assert messages() == [("import_file", [str(record.job_id)], "beat-1")]
    assert partner.requests[0].headers["x-request-id"] == "beat-1"
    assert "authorization" not in partner.requests[0].headers
    assert run(Import, UUID(str(record.job_id)), importing.import_file) is Outcome.SUCCESS
    assert lasting.scalars(select(Sale.transaction_id)).all() == ["T-1"]


def test_the_token_is_read_from_the_variable_that_the_source_names(
    lasting: Session, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PARTNER_TOKEN", "s3cret")
    with open_shop(Reply(body=FILE)) as partner:
        source(lasting, connection={"url": partner.url, "token_env": "PARTNER_TOKEN"})
        pull_due(lasting)
    assert partner.requests[0].headers["authorization"] == "Bearer s3cret"


@pytest.mark.parametrize("variable", ["SECRET_KEY", "DATABASE_URL", "COMMERCE_API_TOKEN", "PARTNER_TOKEN", "PARTNER"])
def test_a_variable_of_the_platform_or_without_a_token_is_never_sent(
    monkeypatch: pytest.MonkeyPatch, variable: str
) -> None:
    monkeypatch.setenv("COMMERCE_API_TOKEN", "s3cret")
    monkeypatch.setenv("PARTNER", "s3cret")
    with pytest.raises(MissingTokenError, match=f"{variable} is not set, or not for sources"):
        token_of_source(variable)


@pytest.mark.parametrize(
    "fields",
    [{"type": "json"}, {"active": False}, {"sync_frequency": "manual"}, {"next_sync_at": timedelta(minutes=5)}],
)
def test_what_is_not_due_is_left_alone(lasting: Session, fields: dict[str, Any]) -> None:
    if "next_sync_at" in fields:
        fields = {"next_sync_at": now(lasting) + fields["next_sync_at"]}
    with open_shop(Reply(body=FILE)) as partner:
        source(lasting, connection={"url": partner.url}, **fields)
        pull_due(lasting)
    assert partner.requests == []


def test_a_source_whose_time_has_come_is_pulled(lasting: Session) -> None:
    with open_shop(Reply(body=FILE)) as partner:
        one = source(lasting, connection={"url": partner.url}, next_sync_at=now(lasting))
        pull_due(lasting)
    assert len(partner.requests) == 1
    assert near(next_in(lasting, one), timedelta(hours=1))


@pytest.mark.parametrize("change", [{"active": False}, {"sync_frequency": "manual"}])
def test_a_source_that_is_not_scheduled_any_more_has_no_next_time(lasting: Session, change: dict[str, Any]) -> None:
    one = source(lasting, next_sync_at=now(lasting) + timedelta(days=3), **change)
    other = source(lasting, "Other", next_sync_at=now(lasting) + timedelta(days=3))
    changed = one.updated_at
    pull_due(lasting)
    assert next_in(lasting, one) is None
    assert one.updated_at == changed
    assert near(next_in(lasting, other), timedelta(days=3))


@pytest.mark.parametrize(
    ("reply", "reason"),
    [
        (Reply(500), "it answered 500"),
        (Reply(302, headers={"Location": "/"}), "it answered 302"),
        (Reply(body=b"x" * 101), "it sent more than 100 bytes"),
        (Reply(body=b"{}", headers={"Content-Length": "9"}), "it could not be reached, or broke off"),
        (Reply(body=b" " * 50, drip=0.1), "it did not answer within 0.5 seconds"),
    ],
)
def test_a_source_that_fails_is_tried_again_soon_and_the_others_are_pulled(
    lasting: Session, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture, reply: Reply, reason: str
) -> None:
    monkeypatch.setattr(imports, "MOST_BYTES", 100)
    if reply.drip:
        monkeypatch.setattr(due_sources, "REQUEST_SECONDS", 0.5)
    with open_shop(reply) as broken, open_shop(Reply(body=b"[]")) as fine:
        bad = source(lasting, "A", connection={"url": broken.url}, sync_frequency="weekly")
        good = source(lasting, "B", connection={"url": fine.url})
        pull_due(lasting)
    assert f"source {bad.id} could not be pulled: {reason}" in caplog.text
    assert near(next_in(lasting, bad), timedelta(minutes=15))
    assert near(next_in(lasting, good), timedelta(hours=1))
    assert lasting.scalars(select(Import.source_id)).all() == [good.id]


def test_the_source_commerce_is_pulled_by_the_order_sync(
    lasting: Session, messages: Messages, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COMMERCE_API_URL", "http://127.0.0.1:9")
    monkeypatch.setenv("COMMERCE_API_TOKEN", "s3cret")
    get_settings.cache_clear()
    one = source(lasting, "commerce")
    pull_due(lasting)
    monkeypatch.undo()
    get_settings.cache_clear()
    (started,) = lasting.scalars(select(OrderSyncRun))
    assert [(task, arguments) for task, arguments, _ in messages()] == [("sync_orders", [str(started.job_id)])]
    assert near(next_in(lasting, one), timedelta(hours=1))


def test_without_an_address_of_the_shop_it_is_tried_again_soon(lasting: Session) -> None:
    one = source(lasting, "commerce")
    pull_due(lasting)
    assert lasting.scalars(select(OrderSyncRun)).all() == []
    assert near(next_in(lasting, one), timedelta(minutes=15))


def test_a_worker_that_is_asked_to_end_pulls_no_more(lasting: Session) -> None:
    one = source(lasting)
    stopping.request()
    try:
        with pytest.raises(stopping.StoppingError):
            pull_due(lasting)
    finally:
        stopping.withdraw()
    assert next_in(lasting, one) is None


@pytest.mark.parametrize(
    ("change", "forgotten"),
    [
        ({"active": False}, True),
        ({"sync_frequency": "manual"}, True),
        ({"sync_frequency": "weekly"}, True),
        ({"name": "Partners"}, False),
    ],
)
def test_a_changed_schedule_begins_anew(lasting: Session, change: dict[str, Any], forgotten: bool) -> None:
    one = source(lasting, next_sync_at=now(lasting) + timedelta(days=3))
    update_source(lasting, one.id, change)
    assert (next_in(lasting, one) is None) == forgotten
