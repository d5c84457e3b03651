"""What the rules of continuous integration see, and the ways around them that they close."""

from __future__ import annotations

from fractions import Fraction
from pathlib import Path

import pytest

from checks.model import State, Verdict
from checks.rules import ci
from checks.testing import verdict

HEAD = "name: ci\non:\n  push: {branches: [main]}\n  pull_request:\n"
JOB = "jobs:\n  test:\n    runs-on: ubuntu-latest\n    steps:\n"
CODE = {"src/app.py": "x = 1\n"}


def workflow(*steps: str, head: str = HEAD, job: str = JOB) -> dict[str, str]:
    lines = "".join(f"      - {step}\n" for step in steps)
    return {**CODE, ".github/workflows/ci.yml": head + job + lines}


def on_push(tmp_path: Path, files: dict[str, str]) -> Verdict:
    return verdict(ci.runs_tests_on_push, tmp_path, files)


@pytest.mark.parametrize(
    "command",
    [
        "pytest",
        "python -m pytest -q",
        "uv run --frozen pytest",
        "poetry run pytest tests",
        "coverage run -m pytest",
        "coverage run --branch -m pytest",
        "python manage.py test",
        "python -m unittest",
        "bundle exec rspec",
        "bin/rails test",
        "bundle exec rake",
        "npx jest --ci",
        "node --test",
        "yarn vitest run",
        "npx c8 --check-coverage --lines 90 mocha",
        "docker compose run --rm -e CI=1 api pytest",
        "docker compose exec -T api python -m pytest",
        "timeout 600 env A=1 pytest",
        "bash -ec 'cd app; pytest'",
        "pytest || exit 1",
        "'if ! pytest; then echo red; exit 1; fi'",
        "pytest && echo green",
        "doppler run -- pytest",
        "uvx tox run -- pytest || { echo red; exit 1; }",
    ],
)
def test_a_test_command_that_can_fail_counts(tmp_path: Path, command: str) -> None:
    files = workflow(f"run: {command}") | {"tox.ini": "[testenv]\ncommands = pytest\n"}
    assert on_push(tmp_path, files).state is State.PASS


@pytest.mark.parametrize(
    "step",
    [
        "run: pytest || true",
        "run: pytest || echo failed",
        "run: pytest | tee log.txt",
        "run: pytest &",
        "run: '! pytest'",
        "run: |\n          set +e\n          pytest\n          echo done",
        "run: |\n          pytest && echo ok\n          echo done",
        "run: |\n          trap 'exit 0' EXIT\n          pytest",
        "run: |\n          if pytest; then echo ok; fi\n          echo done",
        "run: bash -c 'pytest; true'",
        "{run: pytest, continue-on-error: true}",
        "{run: pytest, continue-on-error: '${{ true }}'}",
        "{run: 'pytest; true', shell: 'bash {0}'}",
    ],
)
def test_a_masked_failure_does_not_count(tmp_path: Path, step: str) -> None:
    found = on_push(tmp_path, workflow(step))
    assert found.state is State.FAIL
    assert "ignored" in found.reason


@pytest.mark.parametrize(
    "step",
    [
        "run: echo pytest",
        "run: 'echo \"running pytest\"'",
        "run: pytest --collect-only",
        "run: pytest --version",
        "run: 'true || pytest'",
        "run: 'false && pytest'",
        "run: |\n          # pytest\n          echo",
        "run: |\n          exit 0\n          pytest",
        "run: |\n          cat <<EOF\n          pytest\n          EOF",
        "run: |\n          pytest() { :; }\n          pytest",
        "run: |\n          never() { pytest; }\n          echo",
        "run: 'if false; then pytest; fi'",
        "run: 'for x in ; do pytest; done'",
        "run: 'while false; do pytest; done'",
        "{run: pytest, if: false}",
        "{run: pytest, if: '${{ false }}'}",
        "{run: pytest, if: \"github.event_name == 'schedule'\"}",
        "{run: pytest, if: \"contains(github.event.head_commit.message, 'x9')\"}",
        "{run: pytest, shell: python}",
        "run: npm test",
    ],
)
def test_a_command_that_never_runs_does_not_count(tmp_path: Path, step: str) -> None:
    assert on_push(tmp_path, workflow(step)).state is State.FAIL


@pytest.mark.parametrize(
    "step",
    [
        "{run: pytest, if: \"vars.RUN_TESTS == 'yes'\"}",
        "run: 'if [ -n \"$RUN\" ]; then pytest; fi'",
        "run: '[ -f x ] && pytest'",
        'run: |\n          if [ -z "$X" ]; then exit 0; fi\n          pytest',
        "run: 'case $X in yes) pytest ;; esac'",
        "run: 'while read line; do pytest; done < list'",
    ],
)
def test_tests_that_a_condition_may_skip_earn_half(tmp_path: Path, step: str) -> None:
    found = on_push(tmp_path, workflow(step))
    assert (found.state, found.credit) == (State.PARTIAL, Fraction(1, 2))


@pytest.mark.parametrize(
    "trigger",
    [
        "on: pull_request",
        "on:\n  push: {branches: [develop]}",
        "on:\n  push: {branches: ['release/*']}",
        "on:\n  push: {branches: ['**', '!main', '!master']}",
        "on:\n  push: {branches-ignore: [main, master]}",
        "on:\n  push: {tags: ['v*']}",
        "on:\n  push: {paths: ['docs/**']}",
        "on:\n  push: {paths-ignore: ['**']}",
        "on:\n  push: {paths-ignore: ['**.py']}",
        "on: schedule",
    ],
)
def test_a_push_that_does_not_start_the_workflow_does_not_count(tmp_path: Path, trigger: str) -> None:
    assert on_push(tmp_path, workflow("run: pytest", head=f"{trigger}\n")).state is State.FAIL


@pytest.mark.parametrize(
    "trigger",
    ["on: push", "on: [push]", "on:\n  push:", "on:\n  push: {branches: ['ma*']}", "on:\n  push: {paths: ['**.py']}",
     "on:\n  push: {branches: [master]}", "on:\n  push: {tags: ['v*'], branches: [main]}"],
)  # fmt: skip
def test_a_push_that_starts_the_workflow_counts(tmp_path: Path, trigger: str) -> None:
    assert on_push(tmp_path, workflow("run: pytest", head=f"{trigger}\n")).state is State.PASS


def test_only_the_repositorys_own_default_branch_counts(tmp_path: Path) -> None:
    files = workflow("run: pytest", head="on:\n  push: {branches: [master]}\n")
    assert verdict(ci.runs_tests_on_push, tmp_path, files, git=True).state is State.FAIL


@pytest.mark.parametrize(
    "job",
    [
        "jobs:\n  test:\n    if: false\n    runs-on: x\n    steps:\n",
        "jobs:\n  test:\n    continue-on-error: true\n    runs-on: x\n    steps:\n",
        "jobs:\n  no:\n    if: false\n    runs-on: x\n    steps: [{run: a}]\n  test:\n    needs: no\n    runs-on: x\n    steps:\n",
        "jobs:\n  test:\n    needs: gone\n    runs-on: x\n    steps:\n",
        "jobs:\n  test:\n    needs: test\n    runs-on: x\n    steps:\n",
        "jobs:\n  test:\n    strategy: {matrix: {loose: [true]}}\n    continue-on-error: ${{ matrix.loose }}\n"
        "    runs-on: x\n    steps:\n",
    ],
)
def test_a_job_that_cannot_run_or_cannot_fail_does_not_count(tmp_path: Path, job: str) -> None:
    assert on_push(tmp_path, workflow("run: pytest", job=job)).state is State.FAIL


def test_a_job_behind_a_need_that_may_be_skipped_earns_half(tmp_path: Path) -> None:
    job = "jobs:\n  look:\n    if: vars.X != ''\n    runs-on: x\n    steps: [{run: a}]\n"
    job += "  test:\n    needs: look\n    runs-on: x\n    steps:\n"
    assert on_push(tmp_path, workflow("run: pytest", job=job)).state is State.PARTIAL


SCRIPTS: dict[str, tuple[str, dict[str, str]]] = {
    "shell": ("bin/ci", {"bin/ci": "#!/usr/bin/env bash\nset -euo pipefail\ncd src\npytest\necho ok\n"}),
    "shebang option": ("./bin/ci", {"bin/ci": "#!/bin/sh -e\npytest\necho ok\n"}),
    "called by bash": ("bash -e ci.sh", {"ci.sh": "pytest\necho\n"}),
    "sourced": (". ./ci.sh", {"ci.sh": "pytest\n"}),
    "two levels": ("bin/a", {"bin/a": "#!/bin/sh\nexec bin/b\n", "bin/b": "#!/bin/sh\npytest\n"}),
    "make": ("make -j2 test", {"Makefile": "T := tests\nPY ?= python\ntest: lint\n\t@$(PY) -m pytest \\\n\t  $(T)\nlint:\n\ttrue\n"}),
    "make default": ("make", {"Makefile": ".PHONY: all\nall: test\ntest:\n\tpytest\n"}),
    "make folder": ("make -C src t", {"src/Makefile": "t:\n\tpytest\n"}),
    "just": ("just test", {"justfile": "test *args:\n    pytest\n"}),
    "npm": ("npm test", {"package.json": '{"scripts": {"test": "jest"}}'}),
    "npm run": ("npm run unit", {"package.json": '{"scripts": {"unit": "npm run x", "x": "jest"}}'}),
    "npm prefix": ("npm --prefix web test", {"web/package.json": '{"scripts": {"pretest": "jest", "test": "tsc"}}'}),
    "tox": ("tox -e py313", {"tox.ini": "[testenv]\ncommands =\n  -ruff check\n  pytest {posargs}\n"}),
    "tox in pyproject": ("tox", {"pyproject.toml": "[tool.tox.env_run_base]\ncommands = [['pytest', '-q']]\n"}),
    "nox": ("nox", {"noxfile.py": "def tests(session):\n    session.run('pytest')\n"}),
    "poe": ("poe test", {"pyproject.toml": "[tool.poe.tasks]\ntest = 'pytest'\n"}),
    "poe table": ("poetry run poe test", {"pyproject.toml": "[tool.poe.tasks.test]\ncmd = 'pytest'\n"}),
    "container": ("docker compose run --rm api bin/ci", {"bin/ci": "#!/bin/sh\npytest\n"}),
}  # fmt: skip


@pytest.mark.parametrize("name", SCRIPTS)
def test_the_scripts_of_the_tree_are_followed(tmp_path: Path, name: str) -> None:
    command, files = SCRIPTS[name]
    found = on_push(tmp_path, workflow(f"run: {command}") | files)
    assert found.state is State.PASS
    assert found.locations[0].path == ".github/workflows/ci.yml"


@pytest.mark.parametrize(
    ("command", "files"),
    [
        ("bin/ci || true", {"bin/ci": "#!/bin/sh\npytest\n"}),
        ("bin/ci", {"bin/ci": "#!/bin/sh\npytest\necho ok\n"}),
        ("bin/ci", {"bin/ci": "#!/usr/bin/env python\npytest\n"}),
        ("bin/ci", {"bin/ci": "#!/bin/sh\n. bin/ci\n"}),
        ("make test", {"Makefile": "test:\n\t-pytest\n"}),
        ("make -i test", {"Makefile": "test:\n\tpytest\n"}),
        ("make gone", {"Makefile": "test:\n\tpytest\n"}),
        ("make", {}),
        ("npm test", {"package.json": '{"scripts": {"test": "exit 0"}}'}),
        ("npm test", {"package.json": "{"}),
        ("npm", {"package.json": "{}"}),
        ("tox --notest", {"tox.ini": "[testenv]\ncommands = pytest\n"}),
        ("tox", {"tox.ini": "[testenv]\ncommands = -pytest\n"}),
        ("tox", {"tox.ini": "]["}),
        ("tox", {"pyproject.toml": "["}),
        ("nox", {"noxfile.py": "def ("}),
        ("poe", {"pyproject.toml": ""}),
        ("cd gone && make test", {"Makefile": "test:\n\tpytest\n"}),
    ],
)
def test_a_script_that_runs_no_tests_or_hides_their_failure_does_not_count(
    tmp_path: Path, command: str, files: dict[str, str]
) -> None:
    assert on_push(tmp_path, workflow(f"run: {command}") | files).state is State.FAIL


def test_reusable_workflows_and_composite_actions_are_followed(tmp_path: Path) -> None:
    files = {
        **CODE,
        ".github/workflows/ci.yml": HEAD + "jobs:\n  call:\n    uses: ./.github/workflows/tests.yml\n",
        ".github/workflows/tests.yml": "on: workflow_call\n" + JOB + "      - uses: ./.github/actions/test\n",
        ".github/actions/test/action.yml": "runs:\n  using: composite\n  steps:\n    - {run: pytest, shell: bash}\n",
    }
    found = on_push(tmp_path, files)
    assert found.state is State.PASS
    assert str(found.locations[0]) == ".github/actions/test/action.yml:4"


def test_a_reusable_workflow_that_may_not_be_called_is_not_followed(tmp_path: Path) -> None:
    files = {
        **CODE,
        ".github/workflows/ci.yml": HEAD + "jobs:\n  call:\n    uses: ./.github/workflows/tests.yml\n",
        ".github/workflows/tests.yml": "on: workflow_dispatch\n" + JOB + "      - run: pytest\n",
    }
    assert on_push(tmp_path, files).state is State.FAIL


def test_without_any_workflow_the_reason_says_so(tmp_path: Path) -> None:
    found = on_push(tmp_path, CODE)
    assert (found.state, found.reason) == (State.FAIL, "There is no workflow in .github/workflows.")


def test_a_pull_request_runs_the_tests(tmp_path: Path) -> None:
    assert verdict(ci.runs_tests_on_pull_request, tmp_path, workflow("run: pytest")).state is State.PASS


@pytest.mark.parametrize(
    "trigger", ["on: push", "on:\n  pull_request: {types: [labeled]}", "on:\n  pull_request: {branches: [next]}"]
)
def test_a_pull_request_that_runs_nothing_fails(tmp_path: Path, trigger: str) -> None:
    files = workflow("run: pytest", head=f"{trigger}\n")
    assert verdict(ci.runs_tests_on_pull_request, tmp_path, files).state is State.FAIL


def test_a_valid_workflow_passes(tmp_path: Path) -> None:
    assert verdict(ci.workflow_valid, tmp_path, workflow("run: pytest")).state is State.PASS


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("on: push\njobs: [", "cannot be read"),
        ("- a", "mapping"),
        ("on: push\njobs: {}", "no job"),
        ("jobs:\n  a: {runs-on: x, steps: [{run: a}]}", "names no event"),
        ("on: push\njob: {}\njobs:\n  a: {runs-on: x, steps: [{run: a}]}", "`job` is no key"),
        ("on: push\njobs:\n  a: {steps: [{run: a}]}", "runs-on"),
        ("on: push\njobs:\n  a: {runs-on: x}", "no steps"),
        ("on: push\njobs:\n  a: 1", "not a mapping"),
        ("on: push\njobs:\n  a: {runs-on: x, steps: [1]}", "step is not a mapping"),
        ("on: push\njobs:\n  a: {runs-on: x, steps: [{name: x}]}", "either"),
        ("on: push\njobs:\n  a: {runs-on: x, needs: b, steps: [{run: a}]}", "no such job"),
        ("on: push\non: push\njobs:\n  a: {runs-on: x, steps: [{run: a}]}", "already on line 1"),
        ("on: push\njobs:\n  a: {runs-on: x, steps: [{run: 'if x; then'}]}", "script cannot be read"),
    ],
)
def test_what_github_would_refuse_is_named(tmp_path: Path, text: str, said: str) -> None:
    found = verdict(ci.workflow_valid, tmp_path, {".github/workflows/ci.yml": text})
    assert found.state is State.FAIL
    assert said in found.reason


def test_no_workflow_is_not_a_valid_one(tmp_path: Path) -> None:
    assert verdict(ci.workflow_valid, tmp_path, CODE).state is State.FAIL


PYPROJECT = "[tool.coverage.report]\nfail_under = {}\n"
GATES: dict[str, tuple[str, dict[str, str], str]] = {
    "option": ("pytest --cov=src --cov-fail-under=90", {}, "pass"),
    "option after a blank": ("pytest --cov --cov-fail-under 95", {}, "pass"),
    "the last option wins": ("pytest --cov --cov-fail-under=90 --cov-fail-under=0", {}, "fail"),
    "lower": ("pytest --cov --cov-fail-under=80", {}, "partial"),
    "no measurement": ("pytest --cov-fail-under=90", {}, "fail"),
    "switched off": ("pytest --cov --no-cov --cov-fail-under=90", {}, "fail"),
    "settings": ("pytest --cov", {"pyproject.toml": PYPROJECT.format(92)}, "pass"),
    "settings low": ("pytest --cov", {"pyproject.toml": PYPROJECT.format(45)}, "partial"),
    "settings unused": ("pytest", {"pyproject.toml": PYPROJECT.format(92)}, "fail"),
    "settings unreadable": ("pytest --cov", {"pyproject.toml": "["}, "fail"),
    "addopts": ("pytest", {"pytest.ini": "[pytest]\naddopts = --cov --cov-fail-under=90\n"}, "pass"),
    "addopts list": ("pytest", {"pyproject.toml": "[tool.pytest.ini_options]\naddopts=['--cov','--cov-fail-under=91']"}, "pass"),
    "addopts broken": ("pytest", {"setup.cfg": "[tool:pytest]\naddopts = \"--cov\n"}, "fail"),
    "coveragerc": ("coverage run -m pytest && coverage report", {".coveragerc": "[report]\nfail_under = 90\n"}, "pass"),
    "setup.cfg": ("pytest --cov", {"setup.cfg": "[coverage:report]\nfail_under = 90\n"}, "pass"),
    "ini broken": ("pytest --cov", {".coveragerc": "]["}, "fail"),
    "in a folder": ("cd api && pytest --cov", {"api/pyproject.toml": PYPROJECT.format(90)}, "pass"),
    "report": ("coverage run -m pytest && coverage report --fail-under=90", {}, "pass"),
    "report masked": ("pytest; coverage report --fail-under=90 || true", {}, "fail"),
    "report never": ("coverage run -m pytest", {"pyproject.toml": PYPROJECT.format(90)}, "fail"),
    "simplecov": ("bundle exec rspec", {"spec/spec_helper.rb": "SimpleCov.start do\n  minimum_coverage line: 90\nend\n"}, "pass"),
    "simplecov comment": ("bundle exec rspec", {"spec/spec_helper.rb": "SimpleCov.start\n# minimum_coverage 90\n"}, "fail"),
    "simplecov unstarted": ("bundle exec rspec", {"spec/spec_helper.rb": "minimum_coverage 90\n"}, "fail"),
    "jest": ("npx jest --coverage", {"package.json": '{"jest": {"coverageThreshold": {"global": {"lines": 90}}}}'}, "pass"),
    "jest collects": ("npx jest", {"package.json": '{"jest": {"collectCoverage": true, "coverageThreshold": {"global": {"lines": 90}}}}'}, "pass"),
    "jest not collected": ("npx jest", {"package.json": '{"jest": {"coverageThreshold": {"global": {"lines": 90}}}}'}, "fail"),
    "jest file": ("npx jest --coverage", {"jest.config.js": "module.exports = { coverageThreshold: { global: { lines: 91 } } }"}, "pass"),
    "jest file comment": ("npx jest --coverage", {"jest.config.js": "// coverageThreshold: { global: { lines: 91 } }\n"}, "fail"),
    "jest option": ("npx jest --coverage --coverageThreshold='{\"global\":{\"lines\":90}}'", {}, "pass"),
    "c8": ("npx c8 --check-coverage --lines 90 node --test", {}, "pass"),
    "c8 100": ("npx c8 --100 node --test", {}, "pass"),
    "nyc file": ("npx nyc mocha", {".nycrc": '{"check-coverage": true, "lines": 93}'}, "pass"),
    "nyc low": ("npx nyc mocha", {".nycrc": '{"check-coverage": true, "lines": 10}'}, "partial"),
    "node": ("node --test --experimental-test-coverage --test-coverage-lines=90", {}, "pass"),
    "not a number": ("pytest --cov --cov-fail-under=$MIN", {}, "fail"),
    "masked": ("pytest --cov --cov-fail-under=90 || true", {}, "fail"),
}  # fmt: skip


@pytest.mark.parametrize("name", GATES)
def test_the_coverage_gate_is_found_with_its_figure(tmp_path: Path, name: str) -> None:
    command, files, expected = GATES[name]
    script = f"run: |\n          {command}"
    assert verdict(ci.coverage_gate, tmp_path, workflow(script) | files).state.value == expected


def test_a_gate_that_may_be_skipped_earns_half(tmp_path: Path) -> None:
    files = workflow("{run: pytest --cov --cov-fail-under=90, if: vars.X}")
    assert verdict(ci.coverage_gate, tmp_path, files).credit == Fraction(1, 2)


@pytest.mark.parametrize(
    ("command", "expected"),
    [
        ("ruff check .", "pass"),
        ("ruff format --check", "pass"),
        ("bundle exec rubocop", "pass"),
        ("npx eslint .", "pass"),
        ("pre-commit run --all-files", "pass"),
        ("ruff check . || true", "fail"),
        ("ruff check --exit-zero .", "fail"),
        ("ruff format .", "fail"),
        ("echo ruff check", "fail"),
        ("'[ -n \"$X\" ] && ruff check .'", "partial"),
    ],
)
def test_a_linter_counts_when_it_can_fail(tmp_path: Path, command: str, expected: str) -> None:
    hooks = "repos:\n  - repo: x\n    hooks: [{id: ruff-check}, {id: mypy, stages: [manual]}]\n"
    files = workflow(f"run: {command}") | {".pre-commit-config.yaml": hooks}
    assert verdict(ci.lints, tmp_path, files).state.value == expected


@pytest.mark.parametrize(("command", "expected"), [("mypy src", "pass"), ("npx tsc --noEmit", "pass"), ("ls", "fail")])
def test_a_type_checker_counts(tmp_path: Path, command: str, expected: str) -> None:
    assert verdict(ci.types_or_static_analysis, tmp_path, workflow(f"run: {command}")).state.value == expected


SERVICES = "jobs:\n  test:\n    runs-on: x\n    services:\n      db:\n        image: postgres:17\n{}    steps:\n"


def test_services_need_a_health_check(tmp_path: Path) -> None:
    healthy = SERVICES.format("        options: --health-cmd pg_isready\n")
    rule = ci.services_have_health_checks
    assert verdict(rule, tmp_path / "a", workflow("run: pytest", job=healthy)).state is State.PASS
    assert verdict(rule, tmp_path / "b", workflow("run: pytest", job=SERVICES.format(""))).state is State.FAIL
    assert verdict(rule, tmp_path / "c", workflow("run: pytest")).state is State.NOT_APPLICABLE


@pytest.mark.parametrize(
    ("limit", "expected"),
    [("15", "pass"), ("${{ inputs.limit }}", "pass"), ("360", "fail"), ("0", "fail"), ("true", "fail")],
)
def test_a_time_limit_must_limit(tmp_path: Path, limit: str, expected: str) -> None:
    job = JOB.replace("    steps", f"    timeout-minutes: {limit}\n    steps")
    assert verdict(ci.timeouts, tmp_path, workflow("run: a", job=job)).state.value == expected


def test_without_a_job_there_is_no_time_limit(tmp_path: Path) -> None:
    assert verdict(ci.timeouts, tmp_path, CODE).state is State.FAIL


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("concurrency: {group: 'x-${{ github.ref }}', cancel-in-progress: true}\n", "pass"),
        (
            "concurrency: {group: 'x-${{ github.ref }}', cancel-in-progress: \"${{ github.event_name == 'x' }}\"}\n",
            "pass",
        ),
        ("concurrency: {group: ci, cancel-in-progress: true}\n", "fail"),
        ("concurrency: ci\n", "fail"),
        ("", "fail"),
    ],
)
def test_older_runs_are_cancelled_by_branch(tmp_path: Path, text: str, expected: str) -> None:
    assert verdict(ci.concurrency, tmp_path, workflow("run: pytest", head=HEAD + text)).state.value == expected


def test_without_tests_there_is_nothing_to_cancel(tmp_path: Path) -> None:
    assert verdict(ci.concurrency, tmp_path, workflow("run: ls")).state is State.FAIL


@pytest.mark.parametrize(
    ("steps", "expected"),
    [
        (["{uses: actions/setup-python@v5, with: {cache: pip}}", "run: pytest"], "pass"),
        (["uses: astral-sh/setup-uv@v6", "run: pytest"], "pass"),
        (["{uses: actions/setup-python@v5, with: {cache: pip}, if: false}", "run: pip install x"], "fail"),
        (["run: npm ci", "run: npx jest"], "fail"),
        (["run: ls"], "fail"),
    ],
)
def test_dependencies_are_cached(tmp_path: Path, steps: list[str], expected: str) -> None:
    assert verdict(ci.caches_dependencies, tmp_path, workflow(*steps)).state.value == expected


HASHED = {"requirements/dev.txt": "a==1 --hash=sha256:00\n"}


@pytest.mark.parametrize(
    ("steps", "files", "expected"),
    [
        (["run: pip install --require-hashes -r x.txt"], {}, "pass"),
        (["run: uv pip install -r requirements/dev.txt"], HASHED, "pass"),
        (["run: pip install -r requirements.txt"], {"requirements.txt": "a==1\n"}, "fail"),
        (["run: pip install -r gone.txt"], {}, "fail"),
        (["run: uv sync --locked"], {}, "pass"),
        (["run: uv sync"], {}, "fail"),
        (["{run: uv sync, env: {UV_FROZEN: '1'}}"], {}, "pass"),
        (["run: uv pip sync x.txt"], {}, "pass"),
        (["run: poetry install"], {"poetry.lock": ""}, "pass"),
        (["run: poetry install"], {}, "fail"),
        (["run: npm ci"], {}, "pass"),
        (["run: npm install"], {}, "fail"),
        (["run: yarn"], {}, "fail"),
        (["run: yarn install --immutable"], {}, "pass"),
        (["run: bundle install"], {}, "fail"),
        (["run: 'bundle config set frozen true && bundle install'"], {}, "pass"),
        (["{run: bundle install, env: {BUNDLE_DEPLOYMENT: 'true'}}"], {}, "pass"),
        (["{uses: ruby/setup-ruby@v1, with: {bundler-cache: true}}"], {"Gemfile.lock": ""}, "pass"),
        (["{uses: ruby/setup-ruby@v1, with: {bundler-cache: true}}"], {}, "fail"),
        (["run: pip install --upgrade pip uv", "run: npm ci"], {}, "pass"),
        (["run: npm ci", "run: pip install pytest"], {}, "partial"),
        (["run: pip install -e . --no-deps"], {}, "fail"),
    ],
)
def test_installs_come_from_the_lock_file(
    tmp_path: Path, steps: list[str], files: dict[str, str], expected: str
) -> None:
    assert verdict(ci.locked_install, tmp_path, workflow(*steps) | files).state.value == expected


@pytest.mark.parametrize(
    ("step", "expected"),
    [
        ("{uses: actions/upload-artifact@v4, if: '${{ !cancelled() }}'}", "pass"),
        ("{uses: actions/upload-artifact@v4, if: failure()}", "pass"),
        ("uses: actions/upload-artifact@v4", "partial"),
        ("run: ls", "fail"),
    ],
)
def test_reports_are_kept_after_a_failure_too(tmp_path: Path, step: str, expected: str) -> None:
    assert verdict(ci.artifacts, tmp_path, workflow("run: pytest", step)).state.value == expected


@pytest.mark.parametrize(
    ("inputs", "expected"),
    [
        ("{python-version-file: .python-version}", "pass"),
        ("{python-version: '${{ matrix.python }}'}", "pass"),
        ("{ruby-version: .ruby-version}", "pass"),
        ("{python-version: '3.12'}", "fail"),
    ],
)
def test_the_version_comes_from_a_file(tmp_path: Path, inputs: str, expected: str) -> None:
    files = workflow(f"{{uses: actions/setup-python@v5, with: {inputs}}}")
    assert verdict(ci.runtime_from_file, tmp_path, files).state.value == expected


def test_without_a_set_up_no_version_is_stated(tmp_path: Path) -> None:
    assert verdict(ci.runtime_from_file, tmp_path, workflow("run: a")).state is State.FAIL
