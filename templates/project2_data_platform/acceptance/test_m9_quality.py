"""m9: what every scenario was answered, and what requests made from the contract are answered, held to the contract."""

from typing import Any
from uuid import uuid4

import httpx2
import pytest
from p2_files import csv_file, sales, tag
from p2_platform import Ingestion
from p2_second import FUZZ, Second

from checks.acceptance import expect

DAYS = {"start": "2020-02-28", "end": "2020-03-01"}
SHOWN = 5
UNKNOWN = 2_000_000_000  # an id that nothing has


@pytest.fixture(scope="session")
def every_operation(api: httpx2.Client, anonymous: httpx2.Client, ingestion: Ingestion) -> None:
    """Ask for every operation once, with a token and without, so that none is right by never having been asked."""
    source = ingestion.source(connection={}, active=True)
    path = f"/api/v1/data-sources/{source['id']}"
    paths = [path, "/api/v1/data-sources", "/api/v1/sync/orders", *_analytics()]
    api.patch(path, json={"name": f"Renamed {tag()}", "active": False})
    api.delete(f"/api/v1/data-sources/{ingestion.source()['id']}")
    rows = sales(3, f"M9-{tag()}", 2020)
    content = csv_file([*rows, {**rows[0], "quantity": "0"}])
    sent = ingestion.send(ingestion.source(), content)
    if sent.status_code == 202:
        job = ingestion.finished(sent.json())
        paths += [f"/api/v1/jobs/{job['id']}", f"/api/v1/imports/{job['import_id']}/rejects"]
    ordered = api.post("/api/v1/reports", json=DAYS)
    if ordered.status_code == 202:
        paths.append(f"/api/v1/reports/{ordered.json()['id']}")
        ingestion.finished({"id": ordered.json()["job_id"]})
    started = api.post("/api/v1/sync/orders")
    if started.status_code == 202:
        ingestion.finished(started.json())
    _refusals(api, ingestion, source["name"])
    for one in paths:
        for accept in ("application/json", "text/csv", "text/html"):
            api.get(one, headers={"Accept": accept})
        anonymous.get(one)
    for one in ("/healthz", "/readyz", "/metrics"):
        anonymous.get(one)


def _refusals(api: httpx2.Client, ingestion: Ingestion, taken: str) -> None:
    """Ask for what the contract refuses: each kind of error has an answer of its own to be held to it."""
    other = ingestion.source()
    api.post("/api/v1/data-sources", json={"name": other["name"], "type": "csv"})
    api.patch(f"/api/v1/data-sources/{other['id']}", json={"name": taken})
    api.post("/api/v1/data-sources", json={"name": "", "type": "paper", "connection": 1})
    api.post("/api/v1/data-sources", content=b"{", headers={"Content-Type": "application/json"})
    ingestion.send(other, b"\x89PNG\r\n", "sales.png", "image/png")
    ingestion.send(UNKNOWN, csv_file(sales(1, f"M9-{tag()}", 2020)))
    api.post("/api/v1/reports", json={"start": DAYS["end"], "end": DAYS["start"]})
    for path in (f"data-sources/{UNKNOWN}", f"imports/{UNKNOWN}/rejects", f"jobs/{uuid4()}", f"reports/{UNKNOWN}"):
        api.get(f"/api/v1/{path}")
    api.get("/api/v1/analytics/summary", params={**DAYS, "timezone": "Mars/Olympus"})
    api.get("/api/v1/nothing")


def _analytics() -> list[str]:
    query = "&".join(f"{name}={value}" for name, value in DAYS.items())
    return [
        *(f"/api/v1/analytics/{name}?{query}" for name in ("summary", "daily", "top-products")),
        "/api/v1/analytics/segments",
    ]


@pytest.mark.usefixtures("every_operation")
@pytest.mark.parametrize("case", ["scenarios", "made-from-the-contract"])
def test_contract(second: Second, contract: Any, case: str) -> None:
    """Every response conforms to the contract.

    Each answer that any scenario was given is held to the contract, and every operation must have been answered; then
    valid and invalid requests are made from the contract itself.
    """
    answered = {operation for operation, status in contract.judged if 200 <= status < 300}
    expect(sorted(set(contract.operations) - answered), [], "Every operation of the contract should be answered.")
    found = contract.violations if case == "scenarios" else second.result(FUZZ)
    shown = [f"{violation.operation}: {violation.reason} ({violation.request})" for violation in found[:SHOWN]]
    assert not found, f"Every answer should conform to the contract; {len(found)} do not: {' | '.join(shown)}"
