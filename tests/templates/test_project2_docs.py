"""What the documents of project 2 promise each other: contract, milestones, runbooks, links and markers agree."""

import re
import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import jinja2
import pytest
import yaml
from jsonschema import Draft202012Validator
from openapi_spec_validator import validate
from referencing import Registry
from referencing.jsonschema import DRAFT202012

TEMPLATES = Path(__file__).parents[2] / "templates"
PROJECT = TEMPLATES / "project2_data_platform"
STARTER = PROJECT / "starter"
PLAN = tomllib.loads((PROJECT / "project.toml").read_text(encoding="utf-8"))
CONTRACT: dict[str, Any] = yaml.safe_load((STARTER / "docs/openapi.yaml").read_text(encoding="utf-8"))
TASKS = {task["id"]: task["title"] for milestone in PLAN["milestones"] for task in milestone["tasks"]}
METHODS = {"get", "post", "put", "patch", "delete"}

LINK = re.compile(r"(?<!!)\[[^\]\n]*\]\(([^)\s]+)\)")
FENCED = re.compile(r"^```.*?^```", re.MULTILINE | re.DOTALL)
MARKER = re.compile(r"TODO\((m\d+\.\d+)\)")


def operations() -> Iterator[tuple[str, str, dict[str, Any]]]:
    for path, item in CONTRACT["paths"].items():
        for method in sorted(METHODS & item.keys()):
            yield method, path, item[method]


def examples() -> Iterator[tuple[str, Any]]:
    """Each example of the contract, with the JSON pointer of the schema that it must fit."""

    def walk(node: Any, pointer: str) -> Iterator[tuple[str, Any]]:
        if isinstance(node, dict):
            if "schema" in node and isinstance(node.get("examples"), dict):
                for example in node["examples"].values():
                    yield f"{pointer}/schema", example["value"]
            for key, child in node.items():
                yield from walk(child, f"{pointer}/{str(key).replace('~', '~0').replace('/', '~1')}")

    yield from walk(CONTRACT, "")
    for name, schema in CONTRACT["components"]["schemas"].items():
        for example in schema.get("examples", []):
            yield f"/components/schemas/{name}", example


def rendered_markdown() -> dict[str, str]:
    """The starter's Markdown by the path it has in a generated repository."""
    milestones = [{**milestone, "due": "2026-12-01"} for milestone in PLAN["milestones"]]
    context = {
        "project_name": "data-platform",
        "author_name": "Ada Example",
        "github_owner": "ada",
        "python_version": "3.13",
        "aws_region": "eu-central-1",
        "project_folder": PROJECT.name,
        "project_id": PLAN["id"],
        "project_title": PLAN["title"],
        "template_version": "0.1.0",
        "milestones": milestones,
    }
    environment = jinja2.Environment(
        loader=jinja2.FileSystemLoader(TEMPLATES), undefined=jinja2.StrictUndefined, keep_trailing_newline=True
    )
    pages = {path: path.read_text(encoding="utf-8") for path in STARTER.rglob("*.md")}
    for path in STARTER.rglob("*.md.jinja"):
        pages[path] = environment.from_string(path.read_text(encoding="utf-8")).render(context)
    return {str(path.relative_to(STARTER)).removesuffix(".jinja"): text for path, text in pages.items()}


def exists_after_rendering(path: Path) -> bool:
    return path.exists() or path.with_name(f"{path.name}.jinja").exists()


def source_markers(folder: Path) -> list[tuple[str, str]]:
    """Each TODO(mN.K) below the folder, the documents that explain it left out."""
    found = []
    for path in sorted(folder.rglob("*")):
        name = path.relative_to(STARTER)
        if path.is_file() and "docs" not in name.parts:
            # Whoever works on the starter may have left compiled files and caches in it.
            found += [(str(name), task) for task in MARKER.findall(path.read_text("utf-8", errors="replace"))]
    return found


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
    registry: Registry[Any] = Registry().with_resource("urn:contract", DRAFT202012.create_resource(CONTRACT))
    wrong = []
    pairs = list(examples())
    for pointer, value in pairs:
        validator = Draft202012Validator({"$ref": f"urn:contract#{pointer}"}, registry=registry)
        wrong += [f"{pointer}: {error.message}" for error in validator.iter_errors(value)]
    assert len(pairs) >= 30
    assert wrong == []


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
    text = (STARTER / milestone["docs"]).read_text(encoding="utf-8")
    sections = re.findall(r"^### (m\d+\.\d+) (.+)$", text, re.MULTILINE)
    assert sections == [(task["id"], task["title"]) for task in milestone["tasks"]]


@pytest.mark.parametrize("milestone", PLAN["milestones"], ids=lambda milestone: milestone["id"])
def test_a_milestone_states_title_week_points_grading_hints_and_reading(milestone: dict[str, Any]) -> None:
    text = (STARTER / milestone["docs"]).read_text(encoding="utf-8")
    assert text.startswith(f"# {milestone['id']} · {milestone['title']}\n\nWeek {milestone['week']}, ")
    assert f" · {milestone['points']} points · " in text.splitlines()[2]
    headings = re.findall(r"^## (.+)$", text, re.MULTILINE)
    for wanted in ("Goal", "Why it matters in the job", "Tasks", "How it is graded", "Hints", "Reading"):
        assert wanted in headings
    assert text.count("<details>") == text.count("</details>") == 3


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
    docs = next(entry["docs"] for entry in PLAN["milestones"] if entry["id"] == milestone)
    assert statement.format(**limits, **mebi) in (STARTER / docs).read_text(encoding="utf-8")


# --- source


def test_every_marker_in_the_source_names_a_task() -> None:
    markers = source_markers(STARTER)
    assert len(markers) >= 30
    assert [(path, task) for path, task in markers if task not in TASKS] == []


@pytest.mark.parametrize("number", range(1, 9))
def test_milestones_one_to_eight_have_a_marker_in_the_source(number: int) -> None:
    marked = {task.partition(".")[0] for _, task in source_markers(STARTER / "src")}
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
    pages = rendered_markdown()
    assert "README.md" in pages
    broken = []
    for page, text in pages.items():
        for target in LINK.findall(FENCED.sub("", text)):
            if re.match(r"[a-z]+:", target) or target.startswith("#"):
                continue
            path = (STARTER / page).parent / target.partition("#")[0]
            if not exists_after_rendering(path):
                broken.append(f"{page}: {target}")
    assert broken == []


def test_every_alert_has_its_runbook_and_links_to_it() -> None:
    groups = yaml.safe_load((STARTER / "ops/prometheus/alerts.yml").read_text(encoding="utf-8"))["groups"]
    alerts = [rule for group in groups for rule in group["rules"] if "alert" in rule]
    assert alerts
    index = (STARTER / "docs/runbooks/README.md").read_text(encoding="utf-8")
    for rule in alerts:
        name = re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "-", rule["alert"]).lower()
        runbook = STARTER / f"docs/runbooks/{name}.md"
        assert runbook.read_text(encoding="utf-8").startswith(f"# {rule['alert']}\n")
        assert rule["annotations"]["runbook_url"].endswith(f"/docs/runbooks/{name}.md")
        assert f"| {rule['alert']} | {rule['labels']['severity']} | [{name}]({name}.md) |" in index


def test_the_readme_lists_every_milestone_with_its_due_date_and_document() -> None:
    readme = rendered_markdown()["README.md"]
    for milestone in PLAN["milestones"]:
        assert f"- [ ] **{milestone['id']}** [{milestone['title']}]({milestone['docs']})" in readme
    assert readme.count("due 2026-12-01") == len(PLAN["milestones"])


def test_the_readme_makes_the_remote_before_it_pushes_there() -> None:
    before, pushes, _ = rendered_markdown()["README.md"].partition("git push -u origin")
    assert pushes
    assert "gh repo create" in before


def test_the_readme_explains_every_variable_of_the_example_configuration() -> None:
    example = (STARTER / ".env.example").read_text(encoding="utf-8")
    named = set(re.findall(r"^([A-Z_]+)=", example, re.MULTILINE)) | {"PORT"}
    explained = set(re.findall(r"^\| `([A-Z_]+)` \|", rendered_markdown()["README.md"], re.MULTILINE))
    assert explained == named
