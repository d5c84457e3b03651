"""Rules about Dockerfiles: what passes, and the ways in which somebody would try to pass without the work."""

from pathlib import Path

import pytest

from checks.model import Check, State
from checks.rules import docker, docker_build
from checks.testing import verdict

DOCKERFILE = """\
# syntax=docker/dockerfile:1
ARG PYTHON=3.13
FROM python:${PYTHON}-slim AS build
RUN python -m venv /opt/venv
COPY requirements/runtime.txt /tmp/runtime.txt
RUN --mount=type=cache,target=/root/.cache/pip /opt/venv/bin/pip install --require-hashes -r /tmp/runtime.txt

FROM python:3.13.1-slim
RUN useradd --uid 10001 app
COPY --from=build /opt/venv /opt/venv
COPY src ./src
USER 10001:10001
HEALTHCHECK CMD ["python", "-c", "import urllib.request as u; u.urlopen('http://127.0.0.1:8000/healthz')"]
CMD ["sh", "-c", "exec uvicorn app:app --port $PORT"]
"""
GOOD = {
    "Dockerfile": DOCKERFILE,
    ".dockerignore": ".git\n.env*\n!.env.example\n**/__pycache__\n.venv\nnode_modules\n",
    "src/app.py": "app = 1\n",
    "requirements/runtime.txt": "fastapi==1.0 --hash=sha256:00\n",
}
RULES: list[Check] = [value for m in (docker, docker_build) for value in vars(m).values() if isinstance(value, Check)]


def changed(old: str, new: str) -> dict[str, str]:
    assert old in DOCKERFILE
    return GOOD | {"Dockerfile": DOCKERFILE.replace(old, new)}


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.id)
def test_a_careful_dockerfile_passes(rule: Check, tmp_path: Path) -> None:
    found = verdict(rule, tmp_path, GOOD)
    assert found.state is State.PASS, found.reason


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.id)
def test_no_dockerfile_passes_nothing(rule: Check, tmp_path: Path) -> None:
    assert verdict(rule, tmp_path, {"README.md": "# App\n"}).state is State.FAIL


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.id)
def test_a_dockerfile_of_tests_or_of_the_editor_is_not_judged(rule: Check, tmp_path: Path) -> None:
    files = GOOD | {".devcontainer/Dockerfile": "FROM python\n", "tests/fixtures/Dockerfile": "FROM x\nENV TOKEN=1\n"}
    assert verdict(rule, tmp_path, files).state is State.PASS


FAILS: list[tuple[str, Check, dict[str, str]]] = [
    ("an instruction that does not exist", docker.has_a_working_dockerfile, changed("USER 1", "USR 1")),
    ("an empty Dockerfile", docker.has_a_working_dockerfile, GOOD | {"Dockerfile": ""}),
    ("nothing is copied", docker.has_a_working_dockerfile, GOOD | {"Dockerfile": "FROM a:1.0\nCMD [\"a\"]\n"}),
    ("nothing is started", docker.has_a_working_dockerfile, GOOD | {"Dockerfile": "FROM a:1.0\nCOPY a b\n"}),
    ("only ONBUILD starts something", docker.has_a_working_dockerfile,
     GOOD | {"Dockerfile": "FROM a:1.0\nCOPY a b\nONBUILD CMD [\"a\"]\n"}),
    ("one stage", docker.separates_building_from_running, GOOD | {"Dockerfile": "FROM a:1.0\nCOPY . .\nCMD [\"a\"]\n"}),
    ("a stage that nobody uses", docker.separates_building_from_running, changed("COPY --from=build /opt/venv /opt/venv", "")),
    ("a stage copied from itself", docker.separates_building_from_running,
     GOOD | {"Dockerfile": "FROM a:1.0 AS build\nFROM build\nCOPY --from=build /a /b\n"}),
    ("a copy from an outside image", docker.separates_building_from_running,
     changed("--from=build", "--from=ghcr.io/astral-sh/uv:0.9.1")),
    ("no stage at all", docker.separates_building_from_running, GOOD | {"Dockerfile": "RUN x\n"}),
    ("no user", docker.runs_as_non_root, changed("USER 10001:10001\n", "")),
    ("the user of an earlier stage", docker.runs_as_non_root,
     GOOD | {"Dockerfile": "FROM a:1.0 AS b\nUSER app\nFROM a:1.0\nCOPY --from=b /a /a\n"}),
    ("root by number", docker.runs_as_non_root, changed("USER 10001:10001", "USER 0:0")),
    ("root by many zeros", docker.runs_as_non_root, changed("USER 10001:10001", "USER 000")),
    ("root last", docker.runs_as_non_root, changed("USER 10001:10001", "USER app\nUSER root")),
    ("root by a variable", docker.runs_as_non_root, changed("USER 10001:10001", "ENV U=root\nUSER ${U}")),
    ("a user without a value", docker.runs_as_non_root, changed("USER 10001:10001", "ARG U\nUSER $U")),
    ("root under another name", docker.runs_as_non_root,
     changed("RUN useradd --uid 10001 app", "RUN useradd -o -u 0 app").copy()
     | {"Dockerfile": DOCKERFILE.replace("useradd --uid 10001", "useradd -o -u 0").replace("USER 10001:10001", "USER app")}),
    ("latest", docker.pins_its_base_images, changed("python:3.13.1-slim", "python:latest")),
    ("no tag", docker.pins_its_base_images, changed("python:3.13.1-slim", "python")),
    ("a major version", docker.pins_its_base_images, changed("python:3.13.1-slim", "python:3-slim")),
    ("latest by a variable", docker.pins_its_base_images, changed("ARG PYTHON=3.13\n", "ARG PYTHON=latest\n")),
    ("a variable without a value", docker.pins_its_base_images, changed("ARG PYTHON=3.13\n", "ARG PYTHON\n")),
    ("a copy from latest", docker.pins_its_base_images, changed("COPY src", "COPY --from=ghcr.io/x/uv:latest /uv /uv\nCOPY src")),
    ("a mount from latest", docker.pins_its_base_images,
     changed("RUN useradd", "RUN --mount=from=ghcr.io/x/uv,source=/uv,target=/uv useradd")),
    ("a name that is none", docker.pins_its_base_images, changed("python:3.13.1-slim", "@@@:")),
    ("no health check", docker.tells_its_health, changed("HEALTHCHECK CMD", "LABEL a=")),
    ("health check off", docker.tells_its_health, changed("USER", "HEALTHCHECK NONE\nUSER").copy()
     | {"Dockerfile": DOCKERFILE + "HEALTHCHECK NONE\n"}),
    ("a check that cannot fail", docker.tells_its_health, GOOD | {"Dockerfile": DOCKERFILE + "HEALTHCHECK CMD exit 0\n"}),
    ("a check that says true", docker.tells_its_health, GOOD | {"Dockerfile": DOCKERFILE + "HEALTHCHECK CMD [\"true\"]\n"}),
    ("a check whose failure is dropped", docker.tells_its_health,
     GOOD | {"Dockerfile": DOCKERFILE + "HEALTHCHECK CMD python check.py || true\n"}),
    ("a check that ends well", docker.tells_its_health,
     GOOD | {"Dockerfile": DOCKERFILE + "HEALTHCHECK CMD python check.py; exit 0\n"}),
    ("curl in a slim image", docker.tells_its_health,
     GOOD | {"Dockerfile": DOCKERFILE + "HEALTHCHECK CMD curl -f localhost || exit 1\n"}),
    ("shell form", docker.starts_without_a_shell, changed('CMD ["sh", "-c", "exec uvicorn app:app --port $PORT"]', "CMD uvicorn a")),
    ("a shell in front", docker.starts_without_a_shell, changed("exec uvicorn", "uvicorn")),
    ("a shell that waits", docker.starts_without_a_shell, changed("exec uvicorn app:app --port $PORT", "uvicorn a & wait")),
    ("an array that is none", docker.starts_without_a_shell, GOOD | {"Dockerfile": DOCKERFILE + "CMD ['uvicorn']\n"}),
    ("nothing started", docker.starts_without_a_shell, GOOD | {"Dockerfile": "FROM a:1.0\n"}),
    ("sources first", docker_build.installs_dependencies_before_the_sources,
     changed("COPY requirements/runtime.txt /tmp/runtime.txt", "COPY . .")),
    ("a source folder first", docker_build.installs_dependencies_before_the_sources,
     changed("COPY requirements/runtime.txt /tmp/runtime.txt", "COPY src requirements/runtime.txt /tmp/")),
    ("a source file first", docker_build.installs_dependencies_before_the_sources,
     changed("COPY requirements/runtime.txt", "COPY app.py requirements/runtime.txt")),
    ("sources first in the parent", docker_build.installs_dependencies_before_the_sources,
     GOOD | {"Dockerfile": "FROM a:1.0 AS all\nCOPY . .\nFROM all\nRUN pip install -r requirements.txt\n"}),
    ("nothing installed", docker_build.installs_dependencies_before_the_sources, GOOD | {"Dockerfile": "FROM a:1.0\nCOPY . .\n"}),
    ("without a lock", docker_build.installs_what_is_locked, changed("--require-hashes -r /tmp/runtime.txt", "fastapi")),
    ("nothing installed, so nothing locked", docker_build.installs_what_is_locked, GOOD | {"Dockerfile": "FROM a:1.0\n"}),
    ("requirements without hashes", docker_build.installs_what_is_locked,
     changed("--require-hashes ", "") | {"requirements/runtime.txt": "fastapi==1.0\n# --hash=sha256:00\n"}),
    ("the project with its dependencies", docker_build.installs_what_is_locked, changed("COPY src ./src", "COPY src ./src\nRUN pip install .")),
    *[(f"`{command}`", docker_build.installs_what_is_locked, changed("COPY src ./src", f"COPY src ./src\nRUN {command}"))
      for command in ("uv sync", "npm install", "poetry install", "bundle install", "yarn install", "pnpm i", "uv pip sync r.txt")],
    ("no ignore file", docker_build.keeps_private_files_out_of_the_build, {k: v for k, v in GOOD.items() if k != ".dockerignore"}),
    ("an empty ignore file", docker_build.keeps_private_files_out_of_the_build, GOOD | {".dockerignore": "# .git\n\n"}),
    ("an exception lets .env in again", docker_build.keeps_private_files_out_of_the_build,
     GOOD | {".dockerignore": GOOD[".dockerignore"] + "!.env\n"}),
    ("caches only at the top", docker_build.keeps_private_files_out_of_the_build,
     GOOD | {".dockerignore": ".git\n.env\n.venv\n__pycache__\n"}),
    ("the Dockerfile's own ignore file lets everything in", docker_build.keeps_private_files_out_of_the_build,
     GOOD | {"Dockerfile.dockerignore": "docs\n"}),
    ("node_modules", docker_build.keeps_private_files_out_of_the_build,
     GOOD | {"package.json": "{}", ".dockerignore": GOOD[".dockerignore"].replace("node_modules", "")}),
    ("what is copied is ignored", docker_build.keeps_private_files_out_of_the_build,
     GOOD | {".dockerignore": GOOD[".dockerignore"] + "requirements\n"}),
    ("a secret in ENV", docker_build.builds_without_secrets, changed("USER", "ENV SECRET_KEY=abc\nUSER")),
    ("a secret in old ENV", docker_build.builds_without_secrets, changed("USER", "ENV API_TOKEN abc def\nUSER")),
    ("a secret as an argument", docker_build.builds_without_secrets, changed("USER", "ARG NPM_TOKEN\nUSER")),
    ("a password in a URL", docker_build.builds_without_secrets, changed("USER", "ENV DATABASE_URL=postgresql://a:b@c/d\nUSER")),
    ("a copied .env", docker_build.builds_without_secrets, changed("COPY src", "COPY .env src")),
    ("a copied .env of production", docker_build.builds_without_secrets, changed("COPY src", "COPY .env.production src")),
    ("a key in a script", docker_build.builds_without_secrets,
     changed("RUN useradd", "RUN <<EOF\nexport K=" + "AKIA" + "ABCDEFGHIJKLMNOP\nEOF\nRUN useradd")),
    ("no stage", docker_build.ships_only_what_runs, GOOD | {"Dockerfile": "# nothing\n"}),
]  # fmt: skip


@pytest.mark.parametrize(("rule", "files"), [(r, f) for _, r, f in FAILS], ids=[name for name, _, _ in FAILS])
def test_this_fails(rule: Check, files: dict[str, str], tmp_path: Path) -> None:
    found = verdict(rule, tmp_path, files)
    assert found.state is State.FAIL, found.reason


PASSES: list[tuple[str, Check, dict[str, str]]] = [
    ("a digest", docker.pins_its_base_images, changed("python:3.13.1-slim", "python@sha256:" + "a" * 64)),
    ("scratch", docker.pins_its_base_images, changed("python:3.13.1-slim", "scratch")),
    ("a user of the base image", docker.runs_as_non_root,
     GOOD | {"Dockerfile": "FROM gcr.io/distroless/python3-debian12:nonroot\nCOPY a b\n"}),
    ("a user of the parent stage", docker.runs_as_non_root,
     GOOD | {"Dockerfile": "FROM a:1.0 AS base\nUSER app\nFROM base\nCMD [\"a\"]\n"}),
    ("a user by a default", docker.runs_as_non_root, changed("USER 10001:10001", "ARG U=app\nUSER ${U:-x}")),
    ("a mount from a stage", docker.separates_building_from_running,
     changed("COPY --from=build /opt/venv /opt/venv", "RUN --mount=type=bind,from=build,target=/b cp -r /b /opt")),
    ("a stage by number", docker.separates_building_from_running, changed("--from=build", "--from=0")),
    ("curl that was installed", docker.tells_its_health,
     GOOD | {"Dockerfile": DOCKERFILE + "RUN apt-get install curl\nHEALTHCHECK CMD curl -f localhost || exit 1\n"}),
    ("a tested answer", docker.tells_its_health,
     GOOD | {"Dockerfile": DOCKERFILE + "HEALTHCHECK CMD [ \"$(redis-cli ping)\" = PONG ]\n"}),
    ("exec form", docker.starts_without_a_shell, GOOD | {"Dockerfile": DOCKERFILE + "CMD [\"uvicorn\", \"a\"]\n"}),
    ("requirements with hashes", docker_build.installs_what_is_locked, changed("--require-hashes ", "")),
    ("a tool with its version and the project alone", docker_build.installs_what_is_locked,
     changed("COPY src ./src", "COPY src ./src\nRUN pip install uv==0.9.1 && pip install --no-deps .")),
    *[(f"`{command}`", docker_build.installs_what_is_locked, changed("COPY src ./src", f"COPY poetry.lock ./\nRUN {command}"))
      for command in ("uv sync --frozen", "npm ci", "poetry install", "bundle install --deployment", "pipenv sync",
                      "bundle config set deployment true && bundle install", "yarn install --immutable",
                      "uv pip sync --require-hashes r.txt", "pip install --requirement=runtime.txt")],
    ("an allow-list", docker_build.keeps_private_files_out_of_the_build,
     GOOD | {".dockerignore": "*\n!src\n!requirements\n**/__pycache__\n"}),
    ("a path to a secret", docker_build.builds_without_secrets, changed("USER", "ENV SECRET_KEY_FILE=/run/s\nENV TOKEN=\nUSER")),
    ("the example file", docker_build.builds_without_secrets, changed("COPY src", "COPY .env.example src")),
]  # fmt: skip


@pytest.mark.parametrize(("rule", "files"), [(r, f) for _, r, f in PASSES], ids=[name for name, _, _ in PASSES])
def test_this_passes(rule: Check, files: dict[str, str], tmp_path: Path) -> None:
    found = verdict(rule, tmp_path, files)
    assert found.state is State.PASS, found.reason


@pytest.mark.parametrize(
    ("line", "kinds"),
    [
        ("RUN apt-get update && apt-get install -y gcc", 2),
        ("RUN apt-get update && apt-get install -y --no-install-recommends curl", 1),
        ("RUN apk add curl", 1),
        ("RUN pip install --require-hashes -r r.txt", 1),
        ("RUN apt-get install -y --no-install-recommends curl && rm -rf /var/lib/apt/lists/*", 0),
        ("ENV PIP_NO_CACHE_DIR=1\nRUN pip install -r r.txt", 0),
        ("RUN apk add --no-cache curl", 0),
    ],
)
def test_ballast_in_the_last_stage_costs_a_quarter_each(line: str, kinds: int, tmp_path: Path) -> None:
    found = verdict(docker_build.ships_only_what_runs, tmp_path, changed("USER", f"{line}\nUSER"))
    assert found.credit * 4 == 4 - kinds, found.reason


def test_a_whole_build_system_as_the_last_base_costs_a_quarter(tmp_path: Path) -> None:
    found = verdict(docker_build.ships_only_what_runs, tmp_path, changed("python:3.13.1-slim", "python:3.13.1"))
    assert found.credit * 4 == 3
