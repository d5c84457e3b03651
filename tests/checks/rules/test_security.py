"""What the rules of security see. The secrets are made up here, put together so that no file holds one whole."""

from __future__ import annotations

import subprocess
from fractions import Fraction
from pathlib import Path

import pytest

from checks.model import Check, State
from checks.rules import security
from checks.testing import repository, verdict, write_tree

SHA = "11bd71901bbe5b1630ceea73d27597364c9af683"
GITHUB = "ghp_" + "aB3dE6gH9jK2mN5pQ8sT1vW4yZ7bC0dF3hJ6"
HEAD = "on: {push: , pull_request: }\npermissions: {contents: read}\n"


def job(*steps: str, head: str = HEAD, extra: str = "") -> dict[str, str]:
    lines = "".join(f"      - {step}\n" for step in steps)
    return {".github/workflows/w.yml": f"{head}jobs:\n  a:\n    runs-on: x\n{extra}    steps:\n{lines}"}


def state(rule: Check, root: Path, files: dict[str, str]) -> str:
    return verdict(rule, root, files).state.value


SECRETS = {
    "aws": "key = 'AKIA" + "Q3EGRT5ZLBWXNK4H'",
    "private key": "-----BEGIN RSA PRIVATE KEY-----\n" + "MIIEowIBAAKCAQEAx7Vd0bq8" * 4,
    "github": f"token: {GITHUB}",
    "gitlab": "glpat" + "-x9Kq2LmZ7vRt4WpBn8Yd",
    "slack": "xoxb" + "-238472938472-9283749283-kJh3Kj4hKjh34",
    "slack hook": "https://hooks.slack.com/services/T02AB34CD/B05EF67GH/" + "x9Kq2LmZ7vRt4WpBn8Yd12Qw",
    "stripe": "sk_" + "live_4eC39HqLyjWDarjtT1zdp7dc",
    "google": "AIza" + "SyDaGmWKa4JsXZHjGw7ISLn3namBGewQe8Q",
    "npm": "npm_" + "aB3dE6gH9jK2mN5pQ8sT1vW4yZ7bC0dF3hJ6",
    "url": "postgresql://platform:" + "kX93vQz7Lp@db.prod.acme.io:5432/app",
    "setting": "SECRET_KEY = '" + "x7$kQ93vLpZ!w2Rt8YbN4mHc6Df1Gs0'",
    "jwt": "eyJhbGciOiJIUzI1NiIsInR5cCI6IkpXVCJ9.eyJzdWIiOiI5ODc2NTQzMjEwIn0." + "kQ93vLpZw2Rt8YbN4mHc6Df1Gs0xUe5Ia7Oj2Vl9Tz1",
}  # fmt: skip


@pytest.mark.parametrize("name", SECRETS)
def test_a_committed_secret_fails_and_is_not_repeated(tmp_path: Path, name: str) -> None:
    found = verdict(security.no_secrets_in_tree, tmp_path, {"src/settings.py": f"\n{SECRETS[name]}\n"})
    assert found.state is State.FAIL
    assert str(found.locations[0]) == "src/settings.py:2"
    assert not any(part in found.reason for part in ("Q3EGRT5ZLBWX", "kX93vQz7Lp", GITHUB, "x7$kQ93"))


@pytest.mark.parametrize(
    "text",
    [
        "AKIAIOSFODNN7" + "EXAMPLE",
        "AKIA" + "AAAAAAAAAAAAAAAA",
        "XAKIA" + "Q3EGRT5ZLBWXNK4H",
        "postgresql://user:password@db.prod.acme.io/app",
        "postgresql://platform:platform@db.prod.acme.io/app",
        "postgresql://platform:kX93vQz7Lp@localhost/app",
        "postgresql://platform:kX93vQz7Lp@postgres:5432/app",
        "postgresql://platform:kX93vQz7Lp@db.example.com/app",
        "postgresql://platform:${DB_PASSWORD}@db.prod.acme.io/app",
        "postgresql://u:{{ password }}@db.prod.acme.io/app",
        "SECRET_KEY = os.environ['SECRET_KEY']",
        "SECRET_KEY = 'change-me-before-production-1234'",
        "password_file = '/run/secrets/db_password_2024'",
        "token = generate_token(length=64, digits=True)",
        "api_key_sha: 0123456789abcdef0123456789abcdef01234567",
        "api_key_hash = 'a9f3c2d4e5b6a7f8c9d0e1f2a3b4c5d6e7f8a9b0'",
        "-----BEGIN PRIVATE KEY-----\nshort\n",
        "token_url = 'https://a1b2c3.example.org/oauth2/v1/token'",
    ],
)
def test_what_only_looks_like_a_secret_passes(tmp_path: Path, text: str) -> None:
    found = verdict(security.no_secrets_in_tree, tmp_path, {"src/settings.py": text})
    assert found.state is State.PASS, found.reason


def test_made_up_settings_in_tests_are_no_secrets_but_tokens_are(tmp_path: Path) -> None:
    rule = security.no_secrets_in_tree
    assert state(rule, tmp_path / "a", {"tests/test_a.py": SECRETS["setting"]}) == "pass"
    assert state(rule, tmp_path / "b", {"tests/test_a.py": SECRETS["github"]}) == "fail"


def test_key_files_binaries_and_large_files(tmp_path: Path) -> None:
    rule = security.no_secrets_in_tree
    assert state(rule, tmp_path / "key", {"config/master.key": "abc"}) == "fail"
    assert state(rule, tmp_path / "binary", {"a.bin": "\0" + GITHUB}) == "pass"
    assert state(rule, tmp_path / "image", {"a.png": GITHUB}) == "pass"
    large = verdict(rule, tmp_path / "large", {"data.csv": "x" * (1 << 20) + GITHUB, "a.py": ""})
    assert "1 too large to search: data.csv" in large.reason


def commit(root: Path, files: dict[str, str], *removed: str) -> None:
    write_tree(root, files)
    for path in removed:
        (root / path).unlink()
    identity = ["-c", "user.name=Ada", "-c", "user.email=ada@example.org"]
    for command in (["add", "-A"], [*identity, "commit", "-q", "-m", "next"]):
        subprocess.run(["git", "-C", str(root), *command], check=True, capture_output=True)


def test_a_secret_in_the_history_is_found_with_its_commit(tmp_path: Path) -> None:
    repository(tmp_path, {"a.py": "1\n", "b.py": f"x = '{GITHUB}'\n"}, git=True)
    first = subprocess.run(
        ["git", "-C", str(tmp_path), "rev-parse", "--short", "HEAD"], check=True, capture_output=True
    )
    commit(tmp_path, {"a.py": "2\n"}, "b.py")
    found = verdict(security.no_secrets_in_history, tmp_path, {})
    assert found.state is State.FAIL
    assert first.stdout.decode().strip() in found.reason
    assert str(found.locations[0]) == "b.py:1"


def test_a_clean_history_passes(tmp_path: Path) -> None:
    repository(tmp_path, {"a.py": "1\n"}, git=True)
    rule = security.no_secrets_in_history
    assert verdict(rule, tmp_path, {}).reason.startswith("The history holds no version")
    commit(tmp_path, {"a.py": "2\n"})
    assert verdict(rule, tmp_path, {}).reason == "No secret in 1 earlier versions of files."


def test_a_history_that_cannot_be_seen_whole_is_not_yet_known(tmp_path: Path) -> None:
    rule = security.no_secrets_in_history
    assert verdict(rule, tmp_path / "none", {"a.py": ""}).state is State.ERROR
    repository(tmp_path / "whole", {"a.py": "1\n"}, git=True)
    commit(tmp_path / "whole", {"a.py": "2\n"})
    source = f"file://{tmp_path / 'whole'}"
    subprocess.run(
        ["git", "clone", "-q", "--depth=1", source, str(tmp_path / "shallow")], check=True, capture_output=True
    )
    found = verdict(rule, tmp_path / "shallow", {})
    assert found.state is State.ERROR
    assert "shallow" in found.reason


def test_versions_too_large_to_search_are_counted(tmp_path: Path) -> None:
    repository(tmp_path, {"a.py": "x" * (2 << 20), "b.py": "1"}, git=True)
    commit(tmp_path, {"a.py": "2\n", "b.py": "2"})
    found = verdict(security.no_secrets_in_history, tmp_path, {})
    assert (found.state, "1 of 2 earlier versions" in found.reason) == (State.ERROR, True)


def test_a_repository_without_a_commit_has_no_history(tmp_path: Path) -> None:
    subprocess.run(["git", "init", "-q", str(tmp_path)], check=True, capture_output=True)
    assert state(security.no_secrets_in_history, tmp_path, {}) == "pass"


@pytest.mark.parametrize(
    ("files", "expected"),
    [
        ({".gitignore": ".env\n", ".env.example": ""}, "pass"),
        ({".gitignore": "/.env*\n!.env.example\n"}, "pass"),
        ({".gitignore": ".env\n", ".env": "A=1"}, "fail"),
        ({".gitignore": ".env\n", "api/.env.production": "A=1"}, "fail"),
        ({".gitignore": "*.pyc\n"}, "partial"),
        ({".gitignore": ".env\n!.env\n"}, "partial"),
        ({"a": ""}, "partial"),
    ],
)
def test_env_files_stay_out(tmp_path: Path, files: dict[str, str], expected: str) -> None:
    assert state(security.env_file_not_tracked, tmp_path, files) == expected


@pytest.mark.parametrize(
    ("step", "expected"),
    [
        ("run: pip-audit -r requirements.txt", "pass"),
        ("run: bundle exec bundle-audit check --update", "pass"),
        ("run: npm audit --audit-level=high", "pass"),
        ("uses: actions/dependency-review-action@v4", "pass"),
        ("{uses: aquasecurity/trivy-action@v1, with: {exit-code: '1'}}", "pass"),
        ("uses: aquasecurity/trivy-action@v1", "fail"),
        ("run: trivy fs --exit-code 1 .", "pass"),
        ("run: trivy fs .", "fail"),
        ("run: npm audit || true", "fail"),
        ("{run: npm audit, if: vars.X}", "partial"),
        ("run: echo npm audit", "fail"),
    ],
)
def test_dependencies_are_audited(tmp_path: Path, step: str, expected: str) -> None:
    assert state(security.dependency_audit, tmp_path, job(step)) == expected


def test_an_audit_that_someone_has_to_start_earns_half(tmp_path: Path) -> None:
    files = job("run: npm audit", head="on: workflow_dispatch\n")
    assert verdict(security.dependency_audit, tmp_path, files).credit == Fraction(1, 2)


@pytest.mark.parametrize(
    ("step", "files", "expected"),
    [
        ("run: bandit -r src", {}, "pass"),
        ("uses: github/codeql-action/analyze@v3", {}, "pass"),
        ("run: ruff check .", {"pyproject.toml": "[tool.ruff.lint]\nselect = ['E', 'S']\n"}, "pass"),
        ("run: ruff check .", {"pyproject.toml": "[tool.ruff.lint]\nselect = ['S']\nignore = ['S']\n"}, "fail"),
        ("run: ruff check .", {"pyproject.toml": "[tool]\nruff = 1\n"}, "fail"),
        ("run: ls", {}, "fail"),
    ],
)
def test_the_code_is_searched_for_insecure_patterns(
    tmp_path: Path, step: str, files: dict[str, str], expected: str
) -> None:
    assert state(security.static_analysis, tmp_path, job(step) | files) == expected


def dependabot(*ecosystems: str, extra: str = "") -> str:
    entries = "".join(
        f"  - {{package-ecosystem: {e}, directory: /, schedule: {{interval: weekly}}{extra}}}\n" for e in ecosystems
    )
    return f"version: 2\nupdates:\n{entries}"


@pytest.mark.parametrize(
    ("files", "expected"),
    [
        ({".github/dependabot.yml": dependabot("pip", "github-actions")}, "pass"),
        ({".github/dependabot.yml": dependabot("uv", "github-actions")}, "pass"),
        ({".github/dependabot.yml": dependabot("pip")}, "partial"),
        ({".github/dependabot.yml": dependabot("npm")}, "fail"),
        (
            {".github/dependabot.yml": dependabot("pip", "github-actions", extra=", open-pull-requests-limit: 0")},
            "fail",
        ),
        ({".github/dependabot.yml": dependabot("pip").replace("directory: /", "directory: /gone")}, "fail"),
        ({".github/dependabot.yml": "updates: []"}, "fail"),
        ({".github/dependabot.yml": "a: ["}, "fail"),
        ({"renovate.json": '{"extends": ["config:recommended"]}'}, "pass"),
        ({"renovate.json": '{"enabled": false}'}, "fail"),
        ({"renovate.json": "{"}, "fail"),
        ({"renovate.json5": "{extends: ['x']}"}, "pass"),
        ({}, "fail"),
    ],
)
def test_updates_cover_each_ecosystem(tmp_path: Path, files: dict[str, str], expected: str) -> None:
    tree = job("run: a") | {"pyproject.toml": ""} | files
    assert state(security.dependency_updates, tmp_path, tree) == expected


def test_without_a_manifest_there_is_nothing_to_update(tmp_path: Path) -> None:
    assert state(security.dependency_updates, tmp_path, {"a": ""}) == "not-applicable"


@pytest.mark.parametrize(
    ("steps", "expected"),
    [
        ([f"uses: actions/checkout@{SHA}"], "pass"),
        (["uses: actions/checkout@v4"], "fail"),
        ([f"uses: actions/checkout@{SHA}", "uses: a/b@main"], "partial"),
        (["uses: a/b@11bd719"], "fail"),
        (["uses: docker://alpine:3"], "fail"),
        (["uses: ./.github/actions/x"], "fail"),
        (["run: ls"], "pass"),
    ],
)
def test_actions_are_pinned(tmp_path: Path, steps: list[str], expected: str) -> None:
    action = {".github/actions/x/action.yaml": "runs: {using: composite, steps: [{uses: a/b@v1}]}"}
    assert state(security.actions_pinned, tmp_path, job(*steps) | action) == expected


def test_reusable_workflows_are_pinned_too(tmp_path: Path) -> None:
    files = {".github/workflows/w.yml": "on: push\njobs: {a: {uses: o/r/.github/workflows/x.yml@main}}"}
    assert state(security.actions_pinned, tmp_path, files) == "fail"


@pytest.mark.parametrize(
    ("head", "extra", "expected"),
    [
        (HEAD, "", "pass"),
        ("on: push\npermissions: {}\n", "    permissions: {contents: write}\n", "pass"),
        ("on: push\n", "    permissions: {contents: read}\n", "pass"),
        ("on: push\n", "", "fail"),
        ("on: push\npermissions: write-all\n", "", "fail"),
        ("on: push\npermissions: {}\n", "    permissions: write-all\n", "fail"),
        ("on: push\npermissions: {contents: write}\n", "    steps: [{run: a}]\n  b:\n    runs-on: x\n", "fail"),
    ],
)
def test_the_token_may_do_little(tmp_path: Path, head: str, extra: str, expected: str) -> None:
    assert state(security.least_permissions, tmp_path, job("run: a", head=head, extra=extra)) == expected


@pytest.mark.parametrize(
    ("steps", "expected"),
    [
        (["{uses: actions/checkout@v4, with: {persist-credentials: false}}"], "pass"),
        (["uses: actions/checkout@v4"], "fail"),
        (["uses: actions/checkout@v4", "run: git push"], "pass"),
        (["run: git clone x"], "not-applicable"),
    ],
)
def test_checkouts_forget_the_token(tmp_path: Path, steps: list[str], expected: str) -> None:
    assert state(security.no_persisted_credentials, tmp_path, job(*steps)) == expected


@pytest.mark.parametrize(
    ("step", "expected"),
    [
        ("run: echo ${{ github.event.pull_request.title }}", "fail"),
        ("run: echo ${{ github.head_ref }}", "fail"),
        ("run: echo ${{ github.event.head_commit.message }}", "fail"),
        ("run: echo '${{ toJSON(github.event) }}'", "fail"),
        ("{uses: actions/github-script@v7, with: {script: 'x(`${{ github.event.comment.body }}`)'}}", "fail"),
        ("{run: 'echo ${{ env.T }}', env: {T: '${{ github.event.issue.title }}'}}", "fail"),
        ("{run: 'echo \"$T\"', env: {T: '${{ github.event.issue.title }}'}}", "pass"),
        ("run: echo ${{ github.sha }} ${{ github.event.number }}", "pass"),
        ("{run: 'echo ${{ github.head_ref }}', if: false}", "fail"),
    ],
)
def test_scripts_hold_no_text_of_strangers(tmp_path: Path, step: str, expected: str) -> None:
    assert state(security.no_script_injection, tmp_path, job(step)) == expected


TARGET = "on: pull_request_target\n"
AFTER = "on: {workflow_run: {workflows: [ci]}}\n"


@pytest.mark.parametrize(
    ("head", "step", "expected"),
    [
        (TARGET, "{uses: actions/checkout@v4, with: {ref: '${{ github.event.pull_request.head.sha }}'}}", "fail"),
        (TARGET, "run: gh pr checkout 1", "fail"),
        (TARGET, "run: git fetch origin pull/1/head", "fail"),
        (TARGET, "uses: actions/checkout@v4", "pass"),
        (AFTER, "{uses: actions/checkout@v4, with: {ref: '${{ github.event.workflow_run.head_sha }}'}}", "fail"),
        (AFTER, "{uses: actions/checkout@v4, with: {ref: '${{ github.event.workflow_run.head_sha }}'}, "
         "if: github.event.workflow_run.event == 'push'}", "pass"),
        (HEAD, "{uses: actions/checkout@v4, with: {ref: '${{ github.event.pull_request.head.sha }}'}}", "pass"),
    ],
)  # fmt: skip
def test_no_strangers_code_runs_with_secrets(tmp_path: Path, head: str, step: str, expected: str) -> None:
    assert state(security.no_dangerous_trigger, tmp_path, job(step, head=head)) == expected


@pytest.mark.parametrize(
    ("head", "extra", "step", "expected"),
    [
        (HEAD, "", "{run: a, env: {T: '${{ secrets.T }}'}}", "pass"),
        (HEAD + "env: {T: '${{ secrets.T }}'}\n", "", "run: a", "fail"),
        (HEAD, "    env: {T: '${{ secrets.T }}'}\n", "run: a", "partial"),
        (HEAD, "", "{run: a, env: {T: '${{ toJSON(secrets) }}'}}", "fail"),
    ],
)
def test_secrets_reach_single_steps(tmp_path: Path, head: str, extra: str, step: str, expected: str) -> None:
    assert state(security.workflow_secrets_scope, tmp_path, job(step, head=head, extra=extra)) == expected


def test_all_secrets_for_a_strangers_workflow_fail(tmp_path: Path) -> None:
    files = {".github/workflows/w.yml": "on: push\njobs: {a: {uses: o/r/.github/workflows/x.yml@v1, secrets: inherit}}"}
    assert state(security.workflow_secrets_scope, tmp_path, files) == "fail"


@pytest.mark.parametrize(
    "rule",
    [security.actions_pinned, security.least_permissions, security.no_script_injection, security.no_dangerous_trigger,
     security.workflow_secrets_scope],
    ids=lambda rule: rule.id,
)  # fmt: skip
def test_without_workflows_nothing_is_earned(tmp_path: Path, rule: Check) -> None:
    assert state(rule, tmp_path, {"a": ""}) == "fail"
