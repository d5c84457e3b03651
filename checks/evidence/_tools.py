"""What a command or an action is: a test run, a linter, an install, a deployment, and so on.

`unwrap` takes off what only wraps a command (`uv run`, `bundle exec`, `docker compose run`); `does` and `action_does`
name what is left. Options that make a tool do nothing or never fail (`--collect-only`, `--exit-zero`) take the name
away.
"""

from __future__ import annotations

import re
from collections.abc import Mapping

_ASSIGNMENT = re.compile(r"[A-Za-z_]\w*=")
_PYTHON = re.compile(r"(?:python|pypy|py)[\d.]*\Z")
_PREFIXES = frozenset({"sudo", "time", "nice", "exec", "command", "nohup", "xvfb-run", "stdbuf", "chronic", "builtin",
                       "env"})  # fmt: skip
_RUNNERS = frozenset({"uv", "poetry", "pipenv", "pdm", "hatch", "rye", "pixi", "conda", "pipx"})
_VALUED = frozenset(
    {"--extra", "--group", "--with", "--python", "-p", "--env-file", "--package", "--project", "--directory", "--from",
     "--with-requirements", "-f", "--file", "--profile", "--project-name", "-e", "--env", "-v", "--volume", "-u",
     "--user", "-w", "--workdir", "--name", "--entrypoint", "--network", "--net", "--mount", "-n", "--only-group",
     "--project-directory", "--platform", "--publish", "--call"}
)  # fmt: skip
_EXECUTORS = frozenset({"npx", "bunx", "uvx", "pnpx"})
_HARMLESS = frozenset({"--help", "-h", "--version", "-V", "--collect-only", "--co", "--dry-run", "--listTests",
                       "--setup-plan", "--fixtures", "--exit-zero", "--list", "--no-execute-changeset",
                       "--generate-cli-skeleton", "--passWithNoTests=only"})  # fmt: skip

_TESTS = frozenset({"pytest", "py.test", "rspec", "jest", "vitest", "mocha", "ava", "nose2", "parallel_rspec", "behave",
                    "unittest", "cucumber"})  # fmt: skip
_LINTERS = frozenset({"flake8", "pylint", "rubocop", "standardrb", "eslint", "oxlint", "pycodestyle", "ruff-check",
                      "xo", "standard", "pylama"})  # fmt: skip
_TYPES = frozenset({"mypy", "dmypy", "pyright", "basedpyright", "pyre", "pytype", "tsc", "steep", "srb", "ty"})
_SAST = frozenset({"bandit", "semgrep", "brakeman", "njsscan", "opengrep"})
_AUDITS = frozenset({"pip-audit", "bundler-audit", "bundle-audit", "osv-scanner", "audit-ci", "better-npm-audit",
                     "govulncheck"})  # fmt: skip
_BOOTSTRAP = frozenset({"pip", "uv", "poetry", "pipenv", "pdm", "hatch", "tox", "nox", "wheel", "setuptools", "bundler",
                        "npm", "corepack", "pnpm", "yarn"})  # fmt: skip

_DEPLOYS: tuple[tuple[str, ...], ...] = (
    ("aws", "ecs", "update-service"), ("aws", "ecs", "deploy"), ("aws", "deploy", "create-deployment"),
    ("aws", "cloudformation", "deploy"), ("aws", "cloudformation", "update-stack"),
    ("aws", "cloudformation", "execute-change-set"), ("aws", "lambda", "update-function-code"),
    ("aws", "elasticbeanstalk", "update-environment"), ("aws", "apprunner", "start-deployment"), ("eb", "deploy"),
    ("sam", "deploy"), ("cdk", "deploy"), ("copilot", "deploy"), ("copilot", "svc", "deploy"), ("kubectl", "apply"),
    ("kubectl", "set", "image"), ("kubectl", "rollout", "restart"), ("helm", "upgrade"), ("helm", "install"),
    ("fly", "deploy"), ("flyctl", "deploy"), ("heroku", "container:release"), ("git", "push", "heroku"),
    ("git", "push", "dokku"), ("kamal", "deploy"), ("terraform", "apply"), ("tofu", "apply"), ("pulumi", "up"),
    ("serverless", "deploy"), ("sls", "deploy"), ("gcloud", "run", "deploy"), ("gcloud", "app", "deploy"),
    ("az", "webapp", "deploy"), ("az", "containerapp", "update"), ("railway", "up"), ("vercel", "deploy"),
    ("netlify", "deploy"), ("ansible-playbook",), ("docker", "stack", "deploy"), ("nomad", "job", "run"),
)  # fmt: skip
_ROLLBACKS: tuple[tuple[str, ...], ...] = (
    ("kubectl", "rollout", "undo"), ("heroku", "rollback"), ("heroku", "releases:rollback"), ("helm", "rollback"),
    ("kamal", "rollback"), ("aws", "cloudformation", "rollback-stack"),
    ("aws", "cloudformation", "cancel-update-stack"),
    ("aws", "deploy", "stop-deployment"), ("fly", "releases", "rollback"),
)  # fmt: skip
_MIGRATIONS = re.compile(
    r"\b(?:db:migrate|db:prepare|alembic upgrade|manage\.py migrate|django-admin migrate|migrate deploy|migrate:latest"
    r"|migration:run|migrate-mongo up|flask db upgrade|migrate up)\b"
)
_REMOTE = frozenset({"aws", "kubectl", "heroku", "fly", "flyctl", "ssh", "docker", "gcloud", "az", "kamal"})
_ACTIONS: Mapping[str, str] = {
    "actions/upload-artifact": "artifact",
    "codecov/codecov-action": "artifact",
    "coverallsapp/github-action": "artifact",
    "actions/cache": "cache",
    "actions/checkout": "checkout",
    "aws-actions/configure-aws-credentials": "aws-credentials",
    "aws-actions/amazon-ecs-deploy-task-definition": "deploy",
    "aws-actions/aws-cloudformation-github-deploy": "deploy",
    "aws-actions/aws-lambda-deploy": "deploy",
    "akhileshns/heroku-deploy": "deploy",
    "azure/webapps-deploy": "deploy",
    "azure/k8s-deploy": "deploy",
    "google-github-actions/deploy-cloudrun": "deploy",
    "google-github-actions/deploy-appengine": "deploy",
    "einaregilsson/beanstalk-deploy": "deploy",
    "digitalocean/app_action": "deploy",
    "cloudflare/wrangler-action": "deploy",
    "amondnet/vercel-action": "deploy",
    "johnbeynon/render-deploy-action": "deploy",
    "github/codeql-action/analyze": "sast",
    "semgrep/semgrep-action": "sast",
    "sonarsource/sonarqube-scan-action": "sast",
    "sonarsource/sonarcloud-github-action": "sast",
    "pycqa/bandit-action": "sast",
    "actions/dependency-review-action": "audit",
    "pypa/gh-action-pip-audit": "audit",
    "google/osv-scanner-action/osv-scanner-action": "audit",
    "anchore/scan-action": "audit",
    "astral-sh/ruff-action": "lint",
    "super-linter/super-linter": "lint",
    "pre-commit/action": "lint",
    "docker/build-push-action": "build",
}


def unwrap(words: tuple[str, ...]) -> tuple[str, ...]:
    """Return the program that a command really runs, by its plain name, with its arguments, or nothing."""
    rest = list(words)
    for _ in range(8):
        before = len(rest)
        while rest and _ASSIGNMENT.match(rest[0]):
            rest.pop(0)
        if not rest:
            return ()
        rest[0] = rest[0].rstrip("/").rsplit("/", 1)[-1] or rest[0]
        rest = _unwrap_once(rest)
        if len(rest) == before:
            break
    return tuple(rest)


def _unwrap_once(words: list[str]) -> list[str]:
    name, arguments = words[0], words[1:]
    first = arguments[0] if arguments else ""
    if name in _PREFIXES:
        return _skip(arguments)
    if name == "timeout":
        return _skip(arguments)[1:]
    if name in _RUNNERS and first == "run":
        return _skip(arguments[1:])
    if name in ("uv", "pipx") and arguments[:2] == ["tool", "run"]:
        return _skip(arguments[2:])
    if name == "bundle" and first == "exec":
        return arguments[1:]
    if name in _EXECUTORS or (name in ("pnpm", "yarn") and first in ("exec", "dlx")):
        return _skip(arguments if name in _EXECUTORS else arguments[1:])
    if name == "yarn" and first in _TESTS | _LINTERS | _TYPES:
        return arguments
    if _PYTHON.match(name) or name == "ruby":
        return _interpreted(arguments) or words
    if name in ("docker", "podman", "docker-compose", "podman-compose"):
        return _container(name, arguments) or words
    if name in ("doppler", "op", "aws-vault", "direnv", "dotenv", "chamber") and "--" in arguments:
        return arguments[arguments.index("--") + 1 :]
    return words


def _interpreted(arguments: list[str]) -> list[str]:
    """Return the module or the program that Python or Ruby is given."""
    if "-m" in arguments[:-1] and not any(a.endswith(".py") for a in arguments[: arguments.index("-m")]):
        return arguments[arguments.index("-m") + 1 :]
    return [] if arguments[:1] in (["-c"], ["-e"], ["-"]) else _skip(arguments)


def _container(name: str, arguments: list[str]) -> list[str]:
    if name in ("docker", "podman") and arguments[:1] == ["compose"]:
        arguments = arguments[1:]
        name = "docker-compose"
    rest = _skip(arguments) if name.endswith("compose") else arguments
    if rest[:1] not in (["run"], ["exec"]):
        return []
    return _skip(rest[1:])[1:]


def _skip(words: list[str]) -> list[str]:
    """Drop leading options, with the values of those that take one, and assignments."""
    position = 0
    while position < len(words):
        word = words[position]
        if word == "--":
            return words[position + 1 :]
        if _ASSIGNMENT.match(word):
            position += 1
        elif word.startswith("-") and len(word) > 1:
            position += 2 if word in _VALUED else 1
        else:
            break
    return words[position:]


def does(words: tuple[str, ...], step: str = "") -> frozenset[str]:
    """Return what an unwrapped command does; `step` is the name of its step, which tells what a remote task is for."""
    if not words or words[0] in ("echo", "printf", "cat", "which"):
        return frozenset()
    name, arguments = words[0], words[1:]
    if _HARMLESS & set(arguments) and name not in ("curl", "psql", "docker"):
        return frozenset()
    found: set[str] = set()
    if _is_test(name, arguments):
        found.add("test")
    _quality(name, arguments, found)
    _install(name, arguments, found)
    _delivery(words, step, found)
    return frozenset(found)


def _is_test(name: str, arguments: tuple[str, ...]) -> bool:
    first = arguments[0] if arguments else ""
    if name in _TESTS:
        return not (name == "vitest" and first in ("list", "bench"))
    if name in ("manage.py", "django-admin", "bun", "deno", "playwright"):
        return first == "test"
    if name == "coverage" and first == "run":
        inner = unwrap(("python", *(a for a in arguments[1:] if a == "-m" or not a.startswith("-"))))
        return bool(inner) and inner[0] != "coverage" and _is_test(inner[0], inner[1:])
    if name == "rails":
        return first in ("test", "spec") or first.startswith(("test:", "spec:"))
    if name == "rake":
        return not arguments or first in ("test", "spec", "ci")
    if name == "node":
        return "--test" in arguments
    if name in ("c8", "nyc", "cross-env", "dotenv"):
        inner = unwrap(tuple(_skip(_without_values(list(arguments)))))
        return bool(inner) and inner[0] not in ("c8", "nyc") and _is_test(inner[0], inner[1:])
    return False


def _without_values(arguments: list[str]) -> list[str]:
    """Drop the options of c8 and nyc that take a number or a name after a blank."""
    out: list[str] = []
    skip = False
    for number, word in enumerate(arguments):
        if skip:
            skip = False
        elif word in ("--lines", "--branches", "--functions", "--statements", "--reporter", "-r"):
            skip = True
        elif not word.startswith("-"):
            return arguments[number:]
    return out


def _quality(name: str, arguments: tuple[str, ...], found: set[str]) -> None:
    first = arguments[0] if arguments else ""
    checks = {"--check", "--check-only", "-c", "--diff"} & set(arguments)
    if (
        name in _LINTERS
        or (name == "ruff" and first in ("check", ".", ""))
        or (name == "biome" and first in ("ci", "check", "lint"))
        or (name in ("black", "isort", "prettier") and checks)
        or (name == "ruff" and first == "format" and checks)
    ):
        found.add("lint")
    if name in _TYPES:
        found.add("types")
    if name in _SAST:
        found.update(("sast", "types") if name == "brakeman" else ("sast",))
    audits = (
        name in _AUDITS
        or (name in ("npm", "pnpm", "yarn", "bundle", "uv") and "audit" in arguments[:2])
        or (name == "safety" and first in ("check", "scan"))
        or (name == "snyk" and first == "test")
        or (name == "trivy" and "--exit-code" in arguments and "0" not in arguments)
        or (name == "trivy" and "--exit-code=1" in arguments)
        or (name == "grype" and any(a.startswith(("-f", "--fail-on")) for a in arguments))
    )
    if audits:
        found.add("audit")


def _install(name: str, arguments: tuple[str, ...], found: set[str]) -> None:
    first = arguments[0] if arguments else ""
    options = set(arguments)
    if name == "uv" and first == "pip":
        name, arguments = "pip", arguments[1:]
        first = arguments[0] if arguments else ""
    if name in ("pip", "pip3"):
        plain = {a for a in arguments[1:] if not a.startswith("-")}
        if first == "sync":
            found.update(("install", "locked"))
        elif first == "install" and "--no-deps" not in options and not (plain and plain <= _BOOTSTRAP):
            found.add("install")
            if "--require-hashes" in options:
                found.add("locked")
    elif name == "pip-sync" or (name in ("npm", "pipenv", "pdm", "rye") and first in ("ci", "clean-install", "sync")):
        found.update(("install", "locked"))
    elif name == "uv" and first == "sync":
        found.update(("install", "locked") if options & {"--locked", "--frozen"} else ("install",))
    elif name in ("npm", "yarn", "pnpm", "bundle", "poetry", "pipenv", "pdm", "bun") and (
        first in ("install", "i") or (name == "yarn" and not plain_words(arguments))
    ):
        found.add("install")
        if options & {"--frozen-lockfile", "--immutable", "--deploy", "--deployment", "--frozen", "--locked"}:
            found.add("locked")
        if name in ("poetry", "pnpm"):  # both install what the lock file says, pnpm on CI only
            found.add("locked-by-file")
    elif name == "bundle" and first == "config" and {"frozen", "deployment"} & options and "false" not in options:
        found.add("bundle-frozen")


def plain_words(arguments: tuple[str, ...]) -> list[str]:
    """Return the arguments that are no options."""
    return [a for a in arguments if not a.startswith("-")]


def _delivery(words: tuple[str, ...], step: str, found: set[str]) -> None:
    name, text = words[0], " ".join(words)
    plain = tuple(plain_words(words[:8]))
    if name == "cap" and "deploy" in words[1:]:
        found.add("deploy")
    if name == "ssh" and re.search(r"compose .*up|stack deploy|systemctl restart|deploy", text):
        found.add("deploy")
    if name == "vercel" and "--prod" in words:
        found.add("deploy")
    if name == "curl" and re.search(r"deploy[-_]?hook", text, re.IGNORECASE):
        found.add("deploy")
    if any(_subsequence(plain, pattern) for pattern in _DEPLOYS if pattern[0] == name):
        found.add("deploy")
    if any(_subsequence(plain, pattern) for pattern in _ROLLBACKS if pattern[0] == name) or "deploy:rollback" in words:
        found.add("rollback")
    if name in ("docker", "podman", "buildah") and ("push" in plain or "--push" in words):
        found.add("push")
    remote = name in _REMOTE and re.search(r"migrat|release", f"{text} {step}", re.IGNORECASE)
    if (_MIGRATIONS.search(text) and "--check" not in words and "--plan" not in words) or (
        remote and any(w in plain for w in ("run-task", "run", "exec", "ssh", "job", "jobs", "console"))
    ):
        found.add("migrate")
    if name in ("curl", "wget", "http", "https", "xh", "httpie"):
        found.add("request")


def _subsequence(words: tuple[str, ...], pattern: tuple[str, ...]) -> bool:
    """Whether the pattern's words come in the words, in this order, the first of each at the start."""
    position = 0
    for word in words:
        if word == pattern[position]:
            position += 1
            if position == len(pattern):
                return True
    return False


def action_does(uses: str, inputs: Mapping[str, str]) -> frozenset[str]:
    """Return what a step with `uses` does, by the action's name and its inputs."""
    name = uses.split("@", 1)[0].lower()
    found = {_ACTIONS[name]} if name in _ACTIONS else set()
    if name == "aquasecurity/trivy-action" and inputs.get("exit-code", "0") not in ("0", ""):
        found.add("audit")
    if name == "docker/build-push-action" and inputs.get("push", "false") not in ("false", ""):
        found.add("push")
    if name == "appleboy/ssh-action" and re.search(r"compose .*up|deploy|restart", inputs.get("script", "")):
        found.add("deploy")
    if name.startswith("superfly/flyctl-actions") and "deploy" in inputs.get("args", ""):
        found.add("deploy")
    if name.startswith("actions/setup-") and inputs.get("cache", "false") not in ("false", ""):
        found.add("cache")
    if name == "ruby/setup-ruby" and inputs.get("bundler-cache") == "true":
        found.update(("cache", "install", "locked"))
    if name == "astral-sh/setup-uv" and inputs.get("enable-cache", "auto") != "false":
        found.add("cache")
    if name.startswith(("actions/setup-", "ruby/setup-", "astral-sh/setup-")):
        found.add("runtime")
    return frozenset(found)
