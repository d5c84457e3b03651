"""What the documents of project 2 promise each other: contract, milestones, runbooks, links and markers agree."""

import re
import tomllib
from typing import Any

import pytest
from openapi_spec_validator import validate

from tests.support.documents import TEMPLATES, Documents

DOCS = Documents(
    "project2_data_platform",
    {
        "project_name": "data-platform",
        "author_name": "Ada Example",
        "github_owner": "ada",
        "python_version": "3.13",
        "aws_region": "eu-central-1",
    },
)
STARTER = DOCS.starter
PLAN = DOCS.plan
CONTRACT = DOCS.contract
operations = DOCS.operations


# --- the contract


def test_the_contract_is_valid_openapi_3_1() -> None:
    assert CONTRACT["openapi"].startswith("3.1.")
    validate(CONTRACT)


def test_the_contract_covers_exactly_the_operations_of_the_plan() -> None:
    assert {f"{method.upper()} {path}" for method, path, _ in operations()} == {
        "GET /api/v1/data-sources",
        "POST /api/v1/data-sources",
        "GET /api/v1/data-sources/{id}",
        "PATCH /api/v1/data-sources/{id}",
        "DELETE /api/v1/data-sources/{id}",
        "POST /api/v1/data-sources/{id}/uploads",
        "GET /api/v1/jobs/{id}",
        "GET /api/v1/imports/{id}/rejects",
        "GET /api/v1/analytics/summary",
        "GET /api/v1/analytics/daily",
        "GET /api/v1/analytics/top-products",
        "GET /api/v1/analytics/segments",
        "POST /api/v1/reports",
        "GET /api/v1/reports/{id}",
        "POST /api/v1/sync/orders",
        "GET /api/v1/sync/orders",
        "GET /healthz",
        "GET /readyz",
        "GET /metrics",
    }


def test_operation_ids_are_unique_and_every_operation_has_one() -> None:
    ids = [operation.get("operationId") for _, _, operation in operations()]
    assert None not in ids
    assert len(set(ids)) == len(ids)


def test_every_example_fits_its_schema() -> None:
    assert len(list(DOCS.examples())) >= 30
    assert DOCS.wrong_examples() == []


@pytest.mark.parametrize(("method", "path", "operation"), list(operations()))
def test_the_api_wants_a_token_and_operations_do_not(method: str, path: str, operation: dict[str, Any]) -> None:
    del method
    if path.startswith("/api/v1/"):
        assert operation.get("security", CONTRACT["security"]) == [{"bearer": []}]
        assert "401" in operation["responses"]
    else:
        assert operation["security"] == []


@pytest.mark.parametrize(("method", "path", "operation"), list(operations()))
def test_stubs_are_no_part_of_the_contract(method: str, path: str, operation: dict[str, Any]) -> None:
    del method, path
    assert "501" not in operation["responses"]


# --- milestones


@pytest.mark.parametrize("project", sorted(path.parent.name for path in TEMPLATES.glob("*/project.toml")))
def test_the_points_of_a_project_sum_to_100(project: str) -> None:
    plan = tomllib.loads((TEMPLATES / project / "project.toml").read_text(encoding="utf-8"))
    assert sum(milestone["points"] for milestone in plan["milestones"]) == 100


@pytest.mark.parametrize("milestone", PLAN["milestones"], ids=lambda milestone: milestone["id"])
def test_a_milestone_has_a_section_for_each_task_and_no_other(milestone: dict[str, Any]) -> None:
    assert DOCS.sections(milestone) == [(task["id"], task["title"]) for task in milestone["tasks"]]


@pytest.mark.parametrize("milestone", PLAN["milestones"], ids=lambda milestone: milestone["id"])
def test_a_milestone_states_title_week_points_grading_hints_and_reading(milestone: dict[str, Any]) -> None:
    assert DOCS.flaws_of_form(milestone) == []


@pytest.mark.parametrize(
    ("milestone", "statement"),
    [
        ("m1", "`exp` = `iat` + {token_seconds}"),
        ("m1", "within {boot_seconds} s"),
        ("m1", "503 within {ready_seconds} s"),
        ("m1", "exit code 0 within {shutdown_seconds} s"),
        ("m3", "202 within {upload_accepted_seconds} s"),
        ("m3", "completed within {job_seconds} s"),
        ("m3", "completed within {ingest_seconds} s"),
        ("m3", "a CSV of {ingest_rows:,} rows"),
        ("m3", "children ≤ {worker_rss_mib} MiB"),
        ("m3", "{upload_mib} MiB + 1 byte"),
        ("m3", "grows by less than {upload_memory_mib} MiB"),
        ("m5", "answer within {analytics_seconds} s"),
        ("m5", "more than {analytics_range_days} days"),
        ("m6", "completed within {report_seconds} s"),
        ("m7", "exactly {sync_attempts} attempts"),
        ("m7", "waits of at least {sync_backoff_seconds[0]} s and {sync_backoff_seconds[1]} s"),
        ("m7", "up to {sync_retry_after_max_seconds} s"),
        ("m7", "given up after {sync_request_seconds} s"),
        ("m7", "`failed` within {sync_failed_seconds} s"),
        ("m8", "within {daily_metrics_lag_seconds} s the table"),
        ("m8", "completed within {task_recovered_seconds} s"),
        ("m9", "at least {tests_minimum}"),
        ("m9", "≥ {coverage_percent} %"),
        ("m9", "≥ {planted_bugs_noticed_percent} % of {planted_bugs}"),
    ],
)
def test_the_figures_in_the_documents_are_the_limits_that_are_graded(milestone: str, statement: str) -> None:
    limits = PLAN["limits"]
    mebi = {name.replace("_bytes", "_mib"): value // 2**20 for name, value in limits.items() if name.endswith("_bytes")}
    assert statement.format(**limits, **mebi) in DOCS.milestone(milestone)


# --- source


def test_every_marker_in_the_source_names_a_task() -> None:
    markers = DOCS.markers()
    assert len(markers) >= 30
    assert [(path, task) for path, task in markers if task not in DOCS.tasks] == []


@pytest.mark.parametrize("number", range(1, 9))
def test_milestones_one_to_eight_have_a_marker_in_the_source(number: int) -> None:
    marked = {task.partition(".")[0] for _, task in DOCS.markers("src")}
    assert f"m{number}" in marked


@pytest.mark.parametrize("name", ["runtime", "dev"])
def test_locked_requirements_keep_their_extras(name: str) -> None:
    # pip 23.0, which Debian 12 has, refuses `kombu[redis]` when the hashed pin is called `kombu`.
    lock = (STARTER / f"requirements/{name}.txt").read_text(encoding="utf-8")
    pinned = set(re.findall(r"^([a-z0-9-]+\[[a-z0-9,-]+\])==", lock, re.MULTILINE))
    project = tomllib.loads((STARTER / "pyproject.toml.jinja").read_text(encoding="utf-8"))
    wanted = project["project"]["dependencies"] + (project["dependency-groups"]["dev"] if name == "dev" else [])
    direct = {found[0] for line in wanted if (found := re.match(r"[a-z0-9-]+\[[a-z0-9,-]+\]", line))}
    assert direct
    assert direct | {"kombu[redis]"} <= pinned


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
