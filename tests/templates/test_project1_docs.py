"""What the documents of project 1 promise each other: contract, milestones, runbooks, links and markers agree."""

import re
from decimal import ROUND_HALF_UP, Decimal
from hashlib import sha256
from hmac import new as hmac
from typing import Any

import pytest
from openapi_spec_validator import validate

from tests.support.documents import TEMPLATES, Documents

DOCS = Documents(
    "project1_rails_ecommerce",
    {
        "project_name": "shop",
        "author_name": "Ada Example",
        "github_owner": "ada",
        "rails_version": "8.1",
        "aws_region": "eu-central-1",
    },
)
STARTER = DOCS.starter
PLAN = DOCS.plan
CONTRACT = DOCS.contract
LIMITS = PLAN["limits"]
DESCRIPTION = CONTRACT["info"]["description"]
operations = DOCS.operations

# What anybody may ask for; everything else wants a token, a service's token or a signature.
OPEN = {
    "POST /api/v1/auth/register",
    "POST /api/v1/auth/login",
    "POST /api/v1/auth/refresh",
    "GET /api/v1/categories",
    "GET /api/v1/products",
    "GET /api/v1/products/{id}",
    "GET /api/v1/products/{id}/reviews",
    "GET /healthz",
    "GET /readyz",
    "GET /metrics",
}


# --- the contract


def test_the_contract_is_valid_openapi_3_1() -> None:
    assert CONTRACT["openapi"].startswith("3.1.")
    validate(CONTRACT)


def test_the_contract_covers_exactly_the_operations_of_the_plan() -> None:
    assert {f"{method.upper()} {path}" for method, path, _ in operations()} == OPEN | {
        "POST /api/v1/auth/logout",
        "GET /api/v1/users/me",
        "PATCH /api/v1/users/me",
        "GET /api/v1/users",
        "PATCH /api/v1/users/{id}",
        "POST /api/v1/categories",
        "PATCH /api/v1/categories/{id}",
        "DELETE /api/v1/categories/{id}",
        "POST /api/v1/products",
        "PATCH /api/v1/products/{id}",
        "DELETE /api/v1/products/{id}",
        "POST /api/v1/products/{id}/reviews",
        "GET /api/v1/cart",
        "POST /api/v1/cart/items",
        "PATCH /api/v1/cart/items/{id}",
        "DELETE /api/v1/cart/items/{id}",
        "GET /api/v1/orders",
        "POST /api/v1/orders",
        "GET /api/v1/orders/export",
        "GET /api/v1/orders/{id}",
        "POST /api/v1/orders/{id}/cancel",
        "POST /api/v1/orders/{id}/ship",
        "POST /api/v1/orders/{id}/deliver",
        "POST /api/v1/orders/{id}/payments",
        "POST /api/v1/webhooks/payments",
        "GET /api/v1/inventory",
        "POST /api/v1/inventory/{product}/adjustments",
    }


def test_operation_ids_are_unique_and_every_operation_has_one() -> None:
    ids = [operation.get("operationId") for _, _, operation in operations()]
    assert None not in ids
    assert len(set(ids)) == len(ids)


def test_every_example_fits_its_schema() -> None:
    assert len(list(DOCS.examples())) >= 50
    assert DOCS.wrong_examples() == []


@pytest.mark.parametrize(("method", "path", "operation"), list(operations()))
def test_whoever_must_be_known_shows_a_token_and_can_be_refused(
    method: str, path: str, operation: dict[str, Any]
) -> None:
    security = operation.get("security", CONTRACT["security"])
    if f"{method.upper()} {path}" in OPEN:
        assert security == []
    else:
        special = {"/api/v1/orders/export": "service", "/api/v1/webhooks/payments": "webhook"}
        assert security == [{special.get(path, "bearer"): []}]
        assert "401" in operation["responses"]


@pytest.mark.parametrize(("method", "path", "operation"), list(operations()))
def test_stubs_are_no_part_of_the_contract(method: str, path: str, operation: dict[str, Any]) -> None:
    del method, path
    assert "501" not in operation["responses"]


@pytest.mark.parametrize(
    ("method", "path", "operation"), [entry for entry in operations() if "requestBody" in entry[2]]
)
def test_what_takes_a_body_names_every_way_in_which_a_body_is_refused(
    method: str, path: str, operation: dict[str, Any]
) -> None:
    del method, path
    assert {"400", "413", "415", "422"} <= operation["responses"].keys()


def test_the_example_order_is_computed_by_the_rules_of_totals() -> None:
    order = CONTRACT["paths"]["/api/v1/orders"]["post"]["responses"]["201"]["content"]["application/json"]["examples"][
        "discounted"
    ]["value"]

    def percent(amount: Decimal, rate: int) -> Decimal:
        return (amount * rate / 100).quantize(Decimal("0.01"), ROUND_HALF_UP)

    subtotal = sum(Decimal(item["unit_price"]) * item["quantity"] for item in order["items"])
    assert subtotal * 100 >= LIMITS["discount_from_cents"]
    taxes, discounts = Decimal(0), Decimal(0)
    for item in order["items"]:
        total = Decimal(item["unit_price"]) * item["quantity"]
        discount = percent(total, LIMITS["discount_percent"])
        tax = percent(total - discount, LIMITS["tax_percent"])
        taxes, discounts = taxes + tax, discounts + discount
        figures = [total, discount, tax, total - discount + tax]
        assert [item[name] for name in ("line_total", "discount", "tax", "total")] == [
            str(figure) for figure in figures
        ]
    free = (subtotal - discounts) * 100 >= LIMITS["shipping_free_from_cents"]
    shipping = Decimal("0.00") if free else Decimal(LIMITS["shipping_standard_cents"]) / 100
    figures = [subtotal, discounts, taxes, shipping, subtotal - discounts + taxes + shipping]
    names = ("subtotal", "discount", "tax", "shipping", "total")
    assert [order[name] for name in names] == [str(figure) for figure in figures]
    # The example is there to show that rounding lines and rounding the sum differ.
    assert taxes != percent(subtotal - discounts, LIMITS["tax_percent"])


def test_the_example_signature_is_that_of_its_webhook() -> None:
    signature = hmac(b"whsec_example", b'1772355600.{"id":"evt_1"}', sha256).hexdigest()
    assert f"`v1={signature}`" in DESCRIPTION


@pytest.mark.parametrize(
    "statement",
    [
        "`iat` + {access_token_seconds}",
        "({refresh_token_seconds:,} s)",
        "({body_bytes:,}\n",
        "{discount_percent} % of `line_total`",
        "{tax_percent} % of (`line_total` − `discount`)",
        "answer within {provider_seconds} s",
    ],
)
def test_the_figures_in_the_contract_are_the_limits_that_are_graded(statement: str) -> None:
    assert statement.format(**LIMITS) in DESCRIPTION


# --- the export, which project 2 reads


def test_the_export_has_what_the_synchronisation_of_project_2_reads() -> None:
    schemas = CONTRACT["components"]["schemas"]
    text = (TEMPLATES / "project2_data_platform/starter/docs/milestones/m7-rails-integration.md").read_text("utf-8")
    other_side = re.search(r"```json\n(.*?)```", text, re.DOTALL)
    assert other_side is not None
    named = set(re.findall(r'"(\w+)":', other_side[1]))
    assert named == {
        *schemas["ExportPage"]["required"],
        *schemas["ExportOrder"]["required"],
        *schemas["ExportItem"]["required"],
    }
    assert schemas["ExportPage"]["properties"]["items"]["maxItems"] == LIMITS["export_orders"]


def test_the_export_keeps_within_what_project_2_accepts() -> None:
    # Its m4: money of a line up to 9,999,999.99, quantity from 1, names up to 200, categories and regions up to 100.
    schemas = CONTRACT["components"]["schemas"]
    dearest = Decimal("99999.99") * LIMITS["cart_quantity"]
    assert dearest * (100 + LIMITS["tax_percent"]) / 100 < Decimal("999999999999.99")
    assert dearest * LIMITS["tax_percent"] / 100 <= Decimal("9999999.99")
    assert schemas["ProductName"]["maxLength"] == 200
    assert schemas["CategoryName"]["maxLength"] == 100
    assert schemas["AddressText"]["maxLength"] == 100
    assert schemas["PaymentMethod"]["enum"] == ["card", "bank_transfer", "wallet", "cash"]
    assert schemas["Quantity"] == {"type": "integer", "minimum": 1, "maximum": LIMITS["cart_quantity"]}


# --- milestones


@pytest.mark.parametrize("milestone", PLAN["milestones"], ids=lambda milestone: milestone["id"])
def test_a_milestone_has_a_section_for_each_task_and_no_other(milestone: dict[str, Any]) -> None:
    assert DOCS.sections(milestone) == [(task["id"], task["title"]) for task in milestone["tasks"]]


@pytest.mark.parametrize("milestone", PLAN["milestones"], ids=lambda milestone: milestone["id"])
def test_a_milestone_states_title_week_points_grading_hints_and_reading(milestone: dict[str, Any]) -> None:
    assert DOCS.flaws_of_form(milestone) == []


def test_the_overview_lists_every_milestone_and_the_hours_of_two_weeks() -> None:
    overview = (STARTER / "docs/milestones/README.md").read_text(encoding="utf-8")
    hours = 0
    for milestone in PLAN["milestones"]:
        file = milestone["docs"].rpartition("/")[2]
        row = re.search(
            rf"^\| {milestone['id']} \| {milestone['week']} \| ([\d–]+) \| (\d+) \| {milestone['points']} \| "
            rf"\[{milestone['title']}\]\({file}\) \|$",
            overview,
            re.MULTILINE,
        )
        assert row is not None, milestone["id"]
        days = f"day {row[1]}" if row[1].isdigit() else f"days {row[1]}"
        assert f"Week {milestone['week']}, {days} · {row[2]} hours · " in DOCS.milestone(milestone["id"])
        hours += int(row[2])
    assert hours == 56


@pytest.mark.parametrize(
    ("milestone", "statement"),
    [
        ("m1", "({body_bytes:,} bytes)"),
        ("m1", "within {boot_seconds} s"),
        ("m1", "within {refused_boot_seconds} s"),
        ("m1", "503 within {ready_seconds} s"),
        ("m1", "exit code 0 within {shutdown_seconds} s"),
        ("m2", "`exp` − `iat` = {access_token_seconds}"),
        ("m2", "after {login_failures} failed logins for one email within {login_window_seconds} s"),
        ("m2", "from 1 to {login_window_seconds}"),
        ("m2", "a factor of {login_timing_factor}"),
        ("m3", "at most {page_statements} "),
        ("m4", "quantity 0, 100, {cart_quantity} + 1"),
        ("m4", "199.99, 200.00"),
        ("m5", "{parallel_checkouts} customers check out one unit each of the last {last_units} at once"),
        ("m5", "answered within {checkouts_seconds} s"),
        ("m6", "At most {provider_seconds} s a charge"),
        ("m6", "within {payment_answer_seconds} s"),
        ("m6", "{webhook_tolerance_seconds} s in either direction"),
        ("m6", "pages of at most {export_orders}"),
        ("m7", "at most {cached_statements} statements"),
        ("m7", "three mails within {mail_seconds} s"),
        ("m7", "arrives within {mail_recovered_seconds} s"),
        ("m7", "checkout answers within {checkout_answer_seconds} s"),
        ("m7", "12 within {views_seconds} s"),
        ("m7", "exit code 0 within {shutdown_seconds} s"),
        ("m8", "at least {tests_minimum}"),
        ("m8", "≥ {coverage_percent} %"),
        ("m8", "≥ {planted_bugs_noticed_percent} % of {planted_bugs}"),
    ],
)
def test_the_figures_in_the_documents_are_the_limits_that_are_graded(milestone: str, statement: str) -> None:
    assert statement.format(**LIMITS) in DOCS.milestone(milestone)


def test_the_static_checks_are_those_of_project_2() -> None:
    def static(plan: dict[str, Any]) -> dict[str, int]:
        checks = [check for milestone in plan["milestones"] for check in milestone["checks"]]
        return {check["id"]: check["weight"] for check in checks if not check["id"].startswith("acceptance.")}

    assert static(PLAN) == static(Documents("project2_data_platform", {}).plan)


# --- source


def test_every_marker_in_the_source_names_a_task() -> None:
    markers = DOCS.markers()
    assert len(markers) >= 30
    assert [(path, task) for path, task in markers if task not in DOCS.tasks] == []


def test_every_task_that_is_done_in_the_source_has_a_marker_there() -> None:
    marked = {task for _, task in DOCS.markers("app", "config", "lib", "spec")}
    elsewhere = {"m1.1", "m7.5", "m8.1", "m8.2", "m8.4"}  # reading, operating, measuring
    wanted = {task for task in DOCS.tasks if not task.startswith("m9.")} - elsewhere
    assert marked == wanted


# --- links and runbooks


def test_every_relative_link_leads_to_a_file() -> None:
    assert "README.md" in DOCS.rendered_markdown()
    assert DOCS.broken_links() == []


def test_every_alert_has_its_runbook_and_links_to_it() -> None:
    assert DOCS.alerts_without_runbook() == []


def test_the_readme_lists_every_milestone_with_its_due_date_and_document() -> None:
    readme = DOCS.rendered_markdown()["README.md"]
    for milestone in PLAN["milestones"]:
        assert f"- [ ] **{milestone['id']}** [{milestone['title']}]({milestone['docs']})" in readme
    assert readme.count("due 2026-12-01") == len(PLAN["milestones"])


def test_the_readme_makes_the_remote_before_it_pushes_there() -> None:
    before, pushes, _ = DOCS.rendered_markdown()["README.md"].partition("git push -u origin")
    assert pushes
    assert "gh repo create" in before


def test_the_readme_explains_every_variable_of_the_example_configuration() -> None:
    assert DOCS.unexplained_variables() == set()


def test_settings_read_exactly_the_variables_of_the_example_configuration() -> None:
    settings = (STARTER / "config/settings.rb").read_text(encoding="utf-8")
    read = set(re.findall(r'@environment(?:\.fetch\(|\[)"([A-Z_]+)"', settings))
    example = (STARTER / ".env.example").read_text(encoding="utf-8")
    assert read == set(re.findall(r"^([A-Z_]+)=", example, re.MULTILINE)) | {"PORT"}
