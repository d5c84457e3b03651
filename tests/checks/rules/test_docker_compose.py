"""Rules about compose files."""

from fractions import Fraction
from pathlib import Path

import pytest

from checks.model import Check, State
from checks.rules import docker_compose as rules
from checks.testing import verdict

COMPOSE = """\
x-app: &app
  build: .
  image: app:dev
  environment: {DATABASE_URL: "postgresql://app:app@postgres:5432/app", REDIS_URL: redis://redis:6379/0}
  depends_on:
    postgres: {condition: service_healthy}
    redis: {condition: service_healthy}
  deploy: {resources: {limits: {memory: 512M}}}
services:
  api:
    <<: *app
    command: uvicorn app
  worker:
    <<: *app
    command: [celery, worker]
  postgres:
    image: postgres:18.1-alpine
    ports: ["127.0.0.1:5432:5432"]
    healthcheck: {test: ["CMD-SHELL", "pg_isready -U app"]}
  redis:
    image: redis:8.2
    healthcheck: {test: ["CMD", "redis-cli", "ping"]}
"""
GOOD = {"compose.yaml": COMPOSE, "Procfile": "release: migrate\napi: uvicorn app\nworker: celery worker\n"}
RULES: list[Check] = [value for value in vars(rules).values() if isinstance(value, Check)]


def changed(old: str, new: str) -> dict[str, str]:
    assert old in COMPOSE
    return GOOD | {"compose.yaml": COMPOSE.replace(old, new)}


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.id)
def test_a_careful_compose_file_passes(rule: Check, tmp_path: Path) -> None:
    found = verdict(rule, tmp_path, GOOD)
    assert found.state is State.PASS, found.reason


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.id)
def test_no_compose_file_passes_nothing(rule: Check, tmp_path: Path) -> None:
    assert verdict(rule, tmp_path, {"README.md": ""}).state is State.FAIL


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.id)
def test_an_empty_compose_file_passes_nothing(rule: Check, tmp_path: Path) -> None:
    assert verdict(rule, tmp_path, {"compose.yaml": "services: {}\n"}).state is State.FAIL


FAILS: list[tuple[str, Check, dict[str, str]]] = [
    ("no YAML", rules.compose_starts_the_whole_platform, GOOD | {"compose.yaml": "services: [\n"}),
    ("no services", rules.compose_starts_the_whole_platform, GOOD | {"compose.yaml": "name: x\n"}),
    ("a service that is text", rules.compose_starts_the_whole_platform, changed("services:\n", "services:\n  bad: text\n")),
    ("nothing built", rules.compose_starts_the_whole_platform, changed("build: .", "labels: {}")),
    ("no database", rules.compose_starts_the_whole_platform, GOOD | {"compose.yaml": "services: {api: {build: .}}\n"}),
    ("a database on localhost", rules.compose_starts_the_whole_platform, changed("@postgres:5432", "@localhost:5432")),
    ("a database that is no service", rules.compose_starts_the_whole_platform, changed("@postgres:5432", "@pg:5432")),
    ("a database without health", rules.compose_waits_for_healthy_databases, changed('healthcheck: {test: ["CMD", "redis-cli", "ping"]}', "")),
    ("health switched off", rules.compose_waits_for_healthy_databases, changed('{test: ["CMD", "redis-cli", "ping"]}', "{disable: true}")),
    ("health NONE", rules.compose_waits_for_healthy_databases, changed('["CMD", "redis-cli", "ping"]', "NONE")),
    ("health that is always well", rules.compose_waits_for_healthy_databases, changed("pg_isready -U app", "exit 0")),
    ("health whose failure is dropped", rules.compose_waits_for_healthy_databases, changed("pg_isready -U app", "pg_isready || true")),
    ("started is not healthy", rules.compose_waits_for_healthy_databases, changed("postgres: {condition: service_healthy}", "postgres: {}")),
    ("not waiting at all", rules.compose_waits_for_healthy_databases,
     changed("    postgres: {condition: service_healthy}\n    redis: {condition: service_healthy}", "    []")),
    ("a migration that does not wait", rules.compose_waits_for_healthy_databases, GOOD | {"compose.yaml": COMPOSE.replace(
        "services:\n", "services:\n  release:\n    <<: *app\n    depends_on: [postgres]\n").replace(
        "    redis: {condition: service_healthy}", "    redis: {condition: service_healthy}\n    release: {condition: service_completed_successfully}")}),
    ("nobody uses the database", rules.compose_waits_for_healthy_databases, GOOD | {
        "compose.yaml": "services:\n  api: {build: .}\n  db: {image: 'postgres:18', healthcheck: {test: pg_isready}}\n"}),
    ("no database to wait for", rules.compose_waits_for_healthy_databases, GOOD | {"compose.yaml": "services: {a: {build: .}}\n"}),
    ("latest", rules.compose_pins_its_images, changed("redis:8.2", "redis:latest")),
    ("latest by default", rules.compose_pins_its_images, changed("redis:8.2", "redis:${TAG:-latest}")),
    ("no tag", rules.compose_pins_its_images, changed("redis:8.2", "redis")),
    ("latest in another file", rules.compose_pins_its_images, GOOD | {"compose.observability.yaml": "services: {g: {image: grafana/grafana}}\n"}),
    ("neither image nor build", rules.compose_pins_its_images, changed("image: redis:8.2", "restart: always")),
    ("open port", rules.compose_publishes_databases_on_this_machine_only, changed("127.0.0.1:5432", "5432")),
    ("open port in the long form", rules.compose_publishes_databases_on_this_machine_only,
     changed('["127.0.0.1:5432:5432"]', "[{published: 5432, target: 5432}]")),
    ("open port by an override", rules.compose_publishes_databases_on_this_machine_only,
     GOOD | {"compose.override.yaml": "services: {redis: {ports: ['6379:6379']}}\n"}),
    ("no database", rules.compose_publishes_databases_on_this_machine_only, GOOD | {"compose.yaml": "services: {a: {build: .}}\n"}),
    ("no limit", rules.compose_limits_memory, changed("  deploy: {resources: {limits: {memory: 512M}}}\n", "")),
    ("a limit of nothing", rules.compose_limits_memory, changed("memory: 512M", "memory: 0")),
    ("nothing built", rules.compose_limits_memory, changed("build: .", "labels: {}")),
]  # fmt: skip


@pytest.mark.parametrize(("rule", "files"), [(r, f) for _, r, f in FAILS], ids=[name for name, _, _ in FAILS])
def test_this_fails(rule: Check, files: dict[str, str], tmp_path: Path) -> None:
    found = verdict(rule, tmp_path, files)
    assert found.state is State.FAIL, found.reason


def test_a_process_without_a_service_costs_its_share(tmp_path: Path) -> None:
    files = GOOD | {"Procfile": GOOD["Procfile"] + "beat: celery beat\n"}
    found = verdict(rules.compose_starts_the_whole_platform, tmp_path, files)
    assert (found.credit, found.expected) == (Fraction(2, 3), "api, worker, beat")


PASSES: list[tuple[str, Check, dict[str, str]]] = [
    ("waiting through a migration", rules.compose_waits_for_healthy_databases, GOOD | {"compose.yaml": COMPOSE.replace(
        "  worker:\n    <<: *app\n",
        "  worker:\n    <<: *app\n    depends_on: {api: {condition: service_healthy}}\n")}),
    ("a migration that needs one of the databases", rules.compose_waits_for_healthy_databases, GOOD | {"compose.yaml": COMPOSE.replace(
        "services:\n", "services:\n  release:\n    <<: *app\n    depends_on: {postgres: {condition: service_healthy}}\n").replace(
        "    redis: {condition: service_healthy}", "    redis: {condition: service_healthy}\n    release: {condition: service_completed_successfully}")}),
    ("a digest", rules.compose_pins_its_images, changed("redis:8.2", "redis@sha256:" + "a" * 64)),
    ("a major version", rules.compose_pins_its_images, changed("redis:8.2", "redis:8-alpine")),
    ("an image that another service builds", rules.compose_pins_its_images,
     GOOD | {"compose.tools.yaml": "services: {shell: {image: 'app:dev'}}\n"}),
    ("mem_limit", rules.compose_limits_memory, changed("deploy: {resources: {limits: {memory: 512M}}}", "mem_limit: 512m")),
    ("a port bound to this machine in the long form", rules.compose_publishes_databases_on_this_machine_only,
     changed('["127.0.0.1:5432:5432"]', "[{published: 5432, target: 5432, host_ip: 127.0.0.1}, {target: 1}]")),
    ("an exporter is no database", rules.compose_waits_for_healthy_databases,
     GOOD | {"compose.observability.yaml": "services: {e: {image: 'x/postgres-exporter:1.2'}}\n"}),
    ("extends", rules.compose_limits_memory, GOOD | {"compose.yaml": COMPOSE.replace(
        "  worker:\n    <<: *app\n", "  worker:\n    extends: {service: api}\n")}),
    ("a health check of an override", rules.compose_waits_for_healthy_databases,
     changed('healthcheck: {test: ["CMD", "redis-cli", "ping"]}', "")
     | {"compose.override.yaml": "services: {redis: {healthcheck: {test: 'redis-cli ping'}}}\n"}),
]  # fmt: skip


@pytest.mark.parametrize(("rule", "files"), [(r, f) for _, r, f in PASSES], ids=[name for name, _, _ in PASSES])
def test_this_passes(rule: Check, files: dict[str, str], tmp_path: Path) -> None:
    found = verdict(rule, tmp_path, files)
    assert found.state is State.PASS, found.reason
