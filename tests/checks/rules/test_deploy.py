"""What the rules of deployment see, and the ways around them that they close."""

from __future__ import annotations

from fractions import Fraction
from pathlib import Path

import pytest

from checks.model import Check, State, Verdict
from checks.rules import deploy
from checks.testing import verdict

CI = """\
name: ci
on: {push: {branches: [main]}, pull_request: }
jobs:
  test:
    runs-on: x
    steps:
      - run: pytest
"""
GOOD = """\
name: deploy
on:
  workflow_run: {workflows: [ci], branches: [main], types: [completed]}
permissions: {contents: read}
concurrency: {group: deploy, cancel-in-progress: false}
jobs:
  staging:
    if: github.event.workflow_run.conclusion == 'success' && vars.AWS_ROLE_ARN != ''
    runs-on: x
    environment: {name: staging, url: "${{ vars.URL }}"}
    permissions: {contents: read, id-token: write}
    steps: &steps
      - uses: aws-actions/configure-aws-credentials@v4
        with: {role-to-assume: "${{ vars.AWS_ROLE_ARN }}", aws-region: eu-central-1}
      - id: push
        uses: docker/build-push-action@v6
        with: {push: true, tags: app}
      - name: Migrate
        run: aws ecs run-task --cluster c --task-definition release
      - name: Deploy
        run: aws ecs update-service --cluster c --service api --task-definition "app@${{ steps.push.outputs.digest }}"
      - name: Smoke test
        run: curl --fail --retry 10 "$URL/readyz"
      - name: Roll back
        if: failure()
        run: aws ecs update-service --cluster c --service api --task-definition "$PREVIOUS"
  production:
    needs: staging
    runs-on: x
    environment: production
    permissions: {contents: read, id-token: write}
    steps: *steps
"""
RULES = [value for value in vars(deploy).values() if isinstance(value, Check)]


def judged(rule: Check, root: Path, text: str, ci: str = CI) -> Verdict:
    files = {"src/a.py": "", ".github/workflows/ci.yml": ci, ".github/workflows/deploy.yml": text}
    return verdict(rule, root, files)


def changed(old: str, new: str, text: str = GOOD) -> str:
    assert old in text
    return text.replace(old, new)


def push_job(*steps: str, extra: str = "") -> str:
    lines = "".join(f"      - {step}\n" for step in steps)
    return f"on: {{push: {{branches: [main]}}}}\njobs:\n  deploy:\n    runs-on: x\n{extra}    steps:\n{lines}"


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.id)
def test_an_exemplary_deployment_passes(tmp_path: Path, rule: Check) -> None:
    found = judged(rule, tmp_path, GOOD)
    assert found.state is State.PASS, found.reason


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.id)
def test_without_a_deployment_nothing_is_earned(tmp_path: Path, rule: Check) -> None:
    found = verdict(rule, tmp_path, {".github/workflows/ci.yml": CI})
    assert (found.state, found.reason) == (State.FAIL, "No workflow deploys this application.")


def test_a_deployment_by_hand_earns_half(tmp_path: Path) -> None:
    text = changed("workflow_run: {workflows: [ci], branches: [main], types: [completed]}", "workflow_dispatch:")
    assert judged(deploy.workflow, tmp_path, text).credit == Fraction(1, 2)


@pytest.mark.parametrize(
    "step",
    [
        "run: echo aws ecs update-service",
        "run: aws ecs update-service --generate-cli-skeleton",
        "run: terraform apply --help",
        "{run: aws ecs update-service, if: false}",
        "run: |\n          aws() { :; }\n          aws ecs update-service",
        "run: aws ecs describe-services",
    ],
)
def test_a_job_called_deploy_that_deploys_nothing_fails(tmp_path: Path, step: str) -> None:
    found = judged(deploy.real_step, tmp_path, push_job(step))
    assert found.state is State.FAIL
    assert "called deploy" in found.reason


@pytest.mark.parametrize(
    "step", ["run: fly deploy || true", "{run: fly deploy, continue-on-error: true}", "run: fly deploy | tee log"]
)
def test_a_deploy_command_whose_failure_is_ignored_fails(tmp_path: Path, step: str) -> None:
    found = judged(deploy.real_step, tmp_path, push_job(step))
    assert found.state is State.FAIL
    assert "ignored" in found.reason


@pytest.mark.parametrize(
    "step",
    [
        "run: aws cloudformation deploy --stack-name app",
        "run: kubectl set image deployment/api api=x",
        "run: bundle exec cap production deploy",
        "run: git push heroku main",
        "run: ssh host 'docker compose pull && docker compose up -d'",
        "run: npx vercel --prod",
        'run: curl -fsS "$RENDER_DEPLOY_HOOK_URL"',
        "uses: aws-actions/amazon-ecs-deploy-task-definition@v2",
        "{uses: appleboy/ssh-action@v1, with: {script: docker compose up -d}}",
        "{uses: superfly/flyctl-actions@v1, with: {args: deploy}}",
        "run: bin/deploy",
    ],
)
def test_real_deploy_commands_and_actions_are_known(tmp_path: Path, step: str) -> None:
    files = {
        ".github/workflows/deploy.yml": push_job(step),
        "bin/deploy": "#!/bin/sh\nset -e\nhelm upgrade app chart\n",
    }
    assert verdict(deploy.real_step, tmp_path, files).state is State.PASS


@pytest.mark.parametrize(
    ("text", "ci"),
    [
        (push_job("run: fly deploy"), CI),
        (push_job("run: pytest || true", "run: fly deploy"), CI),
        (push_job("run: pytest", "{run: fly deploy, if: always()}"), CI),
        (push_job("run: fly deploy", "run: pytest"), CI),
        (changed("conclusion == 'success'", "conclusion != ''"), CI),
        (changed("github.event.workflow_run.conclusion == 'success' && ", ""), CI),
        (changed("workflows: [ci]", "workflows: [lint]"), CI),
        (GOOD, changed("pytest", "pytest || true", CI)),
        (GOOD, changed("pytest", "echo", CI)),
        (changed("on:\n", "on:\n  push: {branches: [main]}\n").replace("github.event.workflow_run.conclusion == 'success' && ", ""), CI),
        (changed("workflow_run: {workflows: [ci], branches: [main], types: [completed]}", "workflow_dispatch:"), CI),
        ("on: push\njobs:\n  test: {runs-on: x, steps: [{run: pytest}]}\n  deploy:\n    needs: test\n    if: always()\n"
         "    runs-on: x\n    steps: [{run: fly deploy}]\n", CI),
    ],
)  # fmt: skip
def test_a_way_around_the_tests_fails(tmp_path: Path, text: str, ci: str) -> None:
    found = judged(deploy.only_after_tests, tmp_path, text, ci)
    assert found.state is State.FAIL, found.reason


@pytest.mark.parametrize(
    "text",
    [
        push_job("run: pytest", "run: fly deploy"),
        "on: push\njobs:\n  ci: {uses: ./.github/workflows/ci.yml}\n  build: {needs: ci, runs-on: x, steps: [{run: ls}]}\n"
        "  deploy: {needs: build, runs-on: x, steps: [{run: fly deploy}]}\n",
    ],
)
def test_tests_before_in_the_same_workflow_are_a_gate(tmp_path: Path, text: str) -> None:
    ci = CI.replace("pull_request: }", "workflow_call: }")
    assert judged(deploy.only_after_tests, tmp_path, text, ci).state is State.PASS


@pytest.mark.parametrize(
    "text",
    [
        changed('role-to-assume: "${{ vars.AWS_ROLE_ARN }}"', 'aws-access-key-id: "${{ secrets.K }}"'),
        changed('role-to-assume: "${{ vars.AWS_ROLE_ARN }}", ', ""),
        changed("id-token: write", "id-token: none"),
        changed("jobs:\n", 'env: {AWS_SECRET_ACCESS_KEY: "${{ secrets.K }}"}\njobs:\n'),
    ],
)
def test_stored_keys_are_no_oidc(tmp_path: Path, text: str) -> None:
    assert judged(deploy.oidc_not_keys, tmp_path, text).state is State.FAIL


def test_oidc_is_no_question_elsewhere(tmp_path: Path) -> None:
    assert judged(deploy.oidc_not_keys, tmp_path, push_job("run: fly deploy")).state is State.NOT_APPLICABLE


def test_each_deploying_job_needs_an_environment(tmp_path: Path) -> None:
    text = changed("    environment: production\n", "")
    assert judged(deploy.environment, tmp_path / "half", text).credit == Fraction(1, 2)
    assert judged(deploy.environment, tmp_path / "none", push_job("run: fly deploy")).state is State.FAIL


@pytest.mark.parametrize(
    ("steps", "expected"),
    [
        (["run: fly deploy"], "fail"),
        (["run: fly deploy", "{run: echo rollback, if: failure()}"], "fail"),
        (["run: fly deploy", "{run: fly deploy --image old, if: failure()}"], "pass"),
        (["run: kubectl apply -f k", "run: 'kubectl rollout status x || kubectl rollout undo x'"], "pass"),
        (
            ["run: fly deploy", "run: |\n          if ! curl -f $U; then fly deploy --image $PREVIOUS; exit 1; fi"],
            "pass",
        ),
        (["run: aws cloudformation deploy --stack-name x"], "partial"),
        (["run: aws cloudformation deploy --disable-rollback --stack-name x"], "fail"),
        (
            [
                "run: aws ecs update-service --deployment-configuration 'deploymentCircuitBreaker={enable=true,rollback=true}'"
            ],
            "pass",
        ),
    ],
)
def test_a_failed_deployment_is_taken_back(tmp_path: Path, steps: list[str], expected: str) -> None:
    assert judged(deploy.rollback, tmp_path, push_job(*steps)).state.value == expected


@pytest.mark.parametrize(
    ("request_step", "expected"),
    [
        ("run: curl -fsS $URL/readyz", "pass"),
        ("run: curl --fail-with-body $URL/readyz", "pass"),
        ("run: wget -qO- $URL/readyz", "pass"),
        ("run: |\n          for i in 1 2 3; do\n            curl -fsS $URL && exit 0\n            sleep 5\n          done\n          exit 1", "pass"),
        ("run: |\n          code=$(curl -s -o /dev/null -w '%{http_code}' $URL)\n          [ \"$code\" = 200 ]", "pass"),
        ("run: |\n          code=$(curl -s -o /dev/null -w '%{http_code}' $URL)\n          echo $code", "fail"),
        ("run: curl -s $URL/readyz", "fail"),
        ("run: curl -o file $URL/readyz", "fail"),
        ("run: curl -f $URL/readyz || true", "fail"),
        ("{run: curl -f $URL, continue-on-error: true}", "fail"),
        ("run: curl -f http://localhost:8000/readyz", "fail"),
        ("{run: curl -f $URL, if: failure()}", "fail"),
        ("run: echo curl -f $URL", "fail"),
    ],
)  # fmt: skip
def test_a_smoke_test_must_be_able_to_fail(tmp_path: Path, request_step: str, expected: str) -> None:
    assert judged(deploy.smoke_test, tmp_path, push_job("run: fly deploy", request_step)).state.value == expected


def test_a_request_before_the_deployment_is_no_smoke_test(tmp_path: Path) -> None:
    assert judged(deploy.smoke_test, tmp_path, push_job("run: curl -f $URL", "run: fly deploy")).state is State.FAIL


@pytest.mark.parametrize(
    ("steps", "expected"),
    [
        (["run: bundle exec rails db:migrate", "run: fly deploy"], "pass"),
        (["run: alembic upgrade head", "run: fly deploy"], "pass"),
        (["run: fly deploy", "run: heroku run rails db:migrate"], "partial"),
        (["run: python manage.py migrate --check", "run: fly deploy"], "fail"),
        (["run: python manage.py migrate || true", "run: fly deploy"], "fail"),
        (["run: fly deploy"], "fail"),
    ],
)
def test_migrations_come_before_the_new_version(tmp_path: Path, steps: list[str], expected: str) -> None:
    assert judged(deploy.migrates, tmp_path, push_job(*steps)).state.value == expected


@pytest.mark.parametrize(
    ("steps", "expected"),
    [
        (["run: docker push app:latest", "run: kubectl set image d a=app:latest"], "fail"),
        (["run: docker push app", "run: kubectl set image d a=app@$DIGEST"], "pass"),
        (["run: fly deploy"], "not-applicable"),
    ],
)
def test_images_are_deployed_by_digest(tmp_path: Path, steps: list[str], expected: str) -> None:
    assert judged(deploy.by_digest, tmp_path, push_job(*steps)).state.value == expected


@pytest.mark.parametrize(
    "text",
    [
        changed("    needs: staging\n", ""),
        changed("    needs: staging\n", "    needs: staging\n    if: always()\n"),
        changed("environment: production", "environment: staging"),
        push_job("run: fly deploy", extra="    environment: production\n"),
    ],
)
def test_production_waits_for_staging(tmp_path: Path, text: str) -> None:
    assert judged(deploy.staging_before_production, tmp_path, text).state is State.FAIL


@pytest.mark.parametrize(
    "group",
    [
        "",
        "concurrency: {group: deploy, cancel-in-progress: true}\n",
        "concurrency: {group: 'deploy-${{ github.sha }}', cancel-in-progress: false}\n",
    ],
)
def test_deployments_that_overlap_or_are_cancelled_fail(tmp_path: Path, group: str) -> None:
    text = changed("concurrency: {group: deploy, cancel-in-progress: false}\n", group)
    assert judged(deploy.serialised, tmp_path, text).state is State.FAIL


def test_a_reusable_workflow_gets_its_environment_from_its_caller(tmp_path: Path) -> None:
    called = (
        "on: {workflow_call: {inputs: {environment: {type: string}}}}\njobs:\n  deploy:\n    runs-on: x\n"
        "    environment: ${{ inputs.environment }}\n    steps: [{run: fly deploy}]\n"
    )
    text = (
        "on: push\njobs:\n"
        "  staging: {uses: ./.github/workflows/to.yml, with: {environment: staging}, concurrency: s}\n"
        "  production: {needs: staging, uses: ./.github/workflows/to.yml, with: {environment: production}, concurrency: p}\n"
    )
    files = {".github/workflows/deploy.yml": text, ".github/workflows/to.yml": called}
    found = verdict(deploy.staging_before_production, tmp_path, files)
    assert found.state is State.PASS
    assert str(found.locations[0]) == ".github/workflows/to.yml:6"
    assert verdict(deploy.serialised, tmp_path, files).state is State.PASS
