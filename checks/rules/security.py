"""Security: secrets that leaked, dependencies with known holes, and workflows that strangers could use."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from fractions import Fraction

from checks.evidence.secrets import HistorySecrets, Leak, TreeSecrets
from checks.evidence.updates import DependencyUpdates
from checks.evidence.workflows import Job, Run, Step, Workflow, Workflows
from checks.model import Location, Verdict, check, failed, not_applicable, partial, passed, unknown

_NONE = "There is no workflow in .github/workflows."
_PINNED = re.compile(r"@[0-9a-f]{40}\Z|\Adocker://.+@sha256:[0-9a-f]{64}\Z")
_EXPRESSION = re.compile(r"\$\{\{(.*?)\}\}", re.DOTALL)
_UNTRUSTED = re.compile(
    r"\bgithub\.head_ref\b|\bgithub\.event\.(?:issue|pull_request|discussion)\.(?:title|body)\b"
    r"|\bgithub\.event\.(?:comment|review|review_comment)\.body\b|\bgithub\.event\.pages\b"
    r"|\bgithub\.event\.(?:head_commit|commits)\b.*\b(?:message|name|email)\b"
    r"|\bgithub\.event\.pull_request\.head\.(?:ref|label|repo\.default_branch)\b"
    r"|\bgithub\.event\.workflow_run\.(?:head_branch|display_title|head_commit\.message)\b"
    r"|\btojson\(\s*github(?:\.event(?:\.(?:pull_request|issue|comment|head_commit))?)?\s*\)",
    re.IGNORECASE,
)
_HEAD = re.compile(
    r"github\.event\.pull_request\.head|github\.head_ref|workflow_run\.head_(?:sha|branch|commit|repository)|refs/pull/"
    r"|github\.event\.pull_request\.(?:number|merge_commit_sha)|github\.event\.number",
    re.IGNORECASE,
)
_SECRET = re.compile(r"\bsecrets\s*[.\[]", re.IGNORECASE)
_ALL_SECRETS = re.compile(r"tojson\(\s*secrets\s*\)", re.IGNORECASE)
_PUSHERS = (
    "peter-evans/create-pull-request",
    "stefanzweifel/git-auto-commit-action",
    "googleapis/release-please-action",
)


@check("security.no-secrets-in-tree", effort="small")
def no_secrets_in_tree(secrets: TreeSecrets) -> Verdict:
    """No file holds a password, a key or a token.

    Repositories are copied, forked and made public. Robots find a key on a public repository within a minute.

    Revoke the secret first (it is known now), then take it out of the file and read it from the environment.
    """
    if secrets.leaks:
        return failed(_leaked(secrets.leaks), *(leak.at for leak in secrets.leaks[:10]))
    if secrets.unread:
        names = ", ".join(secrets.unread[:3])
        return passed(f"No secret in {secrets.files} files ({len(secrets.unread)} too large to search: {names}).")
    return passed(f"No secret in {secrets.files} files.")


@check("security.no-secrets-in-history", effort="medium")
def no_secrets_in_history(history: HistorySecrets) -> Verdict:
    """No earlier commit holds a password, a key or a token.

    Deleting a secret in a new commit leaves it in every clone: `git log -p` shows it to anyone.

    Revoke the secret at its issuer; that is what makes it harmless. Then, if you want it gone, rewrite the history
    with `git filter-repo` before others build on it.
    """
    if history.leaks:
        first = history.leaks[0]
        return failed(
            f"{_leaked(history.leaks)} In commit {first.commit}, and still in the history.",
            *(leak.at for leak in history.leaks[:10]),
        )
    if history.partial:
        return unknown(f"No secret was found in {history.versions} earlier versions of files, but {history.partial}.")
    if not history.versions:
        return passed("The history holds no version of a file that is not in the tree.")
    return passed(f"No secret in {history.versions} earlier versions of files.")


@check("security.env-file-not-tracked", effort="small")
def env_file_not_tracked(secrets: TreeSecrets) -> Verdict:
    """No .env file is committed, and git ignores it.

    A `.env` file is where real secrets end up sooner or later. If git tracks it, they are published with the next
    push.

    Run `git rm --cached .env`, add `.env` to `.gitignore`, and commit a `.env.example` that names each variable
    without its value.
    """
    if secrets.env_files:
        return failed(
            f"{', '.join(secrets.env_files[:3])} is committed.", *(Location(p) for p in secrets.env_files[:10])
        )
    if not secrets.env_ignored:
        return partial(
            Fraction(1, 2),
            "No .env file is committed, but `.gitignore` does not keep one out either.",
            Location(".gitignore"),
        )
    return passed("No .env file is committed, and git ignores it.")


@check("security.dependency-audit", effort="small")
def dependency_audit(workflows: Workflows) -> Verdict:
    """CI fails when a dependency has a known vulnerability.

    Most holes in an application are in code that you did not write, and they are published with instructions.

    Add a job that runs `pip-audit -r requirements/runtime.txt`, `bundle exec bundler-audit check --update`,
    `npm audit` or `actions/dependency-review-action`, on pull requests and on a schedule. Scanners such as Trivy fail
    only when you ask for it (`exit-code: 1`).
    """
    return _scan(workflows, "audit", "a dependency audit")


@check("security.static-analysis", effort="small")
def static_analysis(workflows: Workflows) -> Verdict:
    """CI searches the code for known insecure patterns.

    SQL put together from text, a shell with user input, a disabled certificate check: machines find these reliably.

    Run `bandit -r src`, `brakeman`, `semgrep` or GitHub's CodeQL in a workflow.
    """
    return _scan(workflows, "sast", "a security analysis of the code")


@check("security.dependency-updates", effort="small")
def dependency_updates(updates: DependencyUpdates) -> Verdict:
    """Dependabot or Renovate proposes updates for every ecosystem in use.

    Small updates every week are routine. One update after two years is a project, usually on the day of an incident.

    Add `.github/dependabot.yml` with `version: 2` and one entry per ecosystem: `pip` or `uv`, `bundler`, `npm`,
    `docker` and `github-actions`, each with its directory and a weekly schedule.
    """
    if not updates.needed:
        return not_applicable("The repository has no dependency manifest.")
    if updates.tool is None:
        return failed("Neither Dependabot nor Renovate is configured.")
    at = updates.at or Location(".github/dependabot.yml")
    if updates.problem:
        return failed(f"The configuration of {updates.tool} does nothing: {updates.problem}.", at)
    missing = [(kind, path) for kind, path in updates.needed if kind not in updates.covered]
    if missing:
        names = ", ".join(f"{kind} ({path})" for kind, path in missing)
        share = Fraction(len(updates.needed) - len(missing), len(updates.needed))
        return partial(share, f"Nothing proposes updates for {names}.", at)
    return passed(f"{updates.tool.capitalize()} covers {', '.join(kind for kind, _ in updates.needed)}.", at)


@check("security.actions-pinned", effort="small")
def actions_pinned(workflows: Workflows) -> Verdict:
    """Every action is pinned to a full commit SHA.

    A tag such as `v4` can be moved to other code by whoever takes over the account; that code then runs with your
    token. It has happened to actions that thousands used.

    Write `uses: owner/action@<40-character SHA> # v4.2.2`; Dependabot keeps both the SHA and the comment current.
    """
    uses = list(_uses(workflows))
    if not workflows.files:
        return failed(_NONE)
    if not uses:
        return passed("No workflow uses an action of someone else.")
    bad = [(name, at) for name, at in uses if not _PINNED.search(name)]
    if not bad:
        return passed(f"All {len(uses)} uses of actions are pinned.")
    share = Fraction(len(uses) - len(bad), len(uses))
    return partial(
        share, f"`{bad[0][0]}` can change under you.", *(at for _, at in bad[:10]),
        expected="a commit SHA on every action", actual=f"{len(uses) - len(bad)} of {len(uses)}",
    )  # fmt: skip


@check("security.least-permissions", effort="small")
def least_permissions(workflows: Workflows) -> Verdict:
    """Every workflow's token may do only what its jobs need.

    Without `permissions:` the token may be allowed to write to the whole repository, and each dependency that a job
    installs can use it.

    Put `permissions: { contents: read }` at the top of each workflow, and give single jobs the one write permission
    they need.
    """
    items = workflows.readable
    if not items:
        return failed(_NONE)
    found = [(item, problem) for item in items if (problem := _too_much(item))]
    if not found:
        return passed(f"All {len(items)} workflows limit their token.")
    item, (text, _) = found[0]
    return partial(
        Fraction(len(items) - len(found), len(items)), f"{item.path}: {text}.", *(i.at(p[1]) for i, p in found[:10])
    )


def _too_much(item: Workflow) -> tuple[str, int | None] | None:
    """Return why a workflow's token may do too much, and where."""
    top = item.permissions
    for owner in (top, *(job.permissions for job in item.jobs)):
        if owner is not None and owner.all is not None:
            return f"`permissions: {owner.all}` gives more than any job needs", owner.line
    if top is None:
        open_jobs = [job for job in item.jobs if job.permissions is None]
        if open_jobs or not item.jobs:
            return "there is no `permissions:`, so the token gets the repository's default", None
        return None
    writes = [scope for scope, level in top.scopes if level == "write"]
    if writes and len(item.jobs) > 1:
        return f"every job may write {', '.join(writes)}", top.line
    return None


@check("security.no-persisted-credentials", effort="small")
def no_persisted_credentials(workflows: Workflows) -> Verdict:
    """Checkouts do not leave the token behind in the work tree.

    `actions/checkout` writes the token into `.git/config`, where every later step, each dependency's install script
    included, can read it; an uploaded artefact can carry it away.

    Add `with: { persist-credentials: false }` to each `actions/checkout`, save in a job that pushes with git.
    """
    steps = [
        (item, job, step)
        for item, job, step in _all_steps(workflows)
        if (step.uses or "").lower().startswith("actions/checkout@")
    ]
    if not steps:
        return not_applicable("No workflow checks the repository out.")
    bad = [
        (item, step)
        for item, job, step in steps
        if step.input("persist-credentials") != "false" and not (job is not None and _pushes(job))
    ]
    if not bad:
        return passed(f"All {len(steps)} checkouts forget the token.")
    share = Fraction(len(steps) - len(bad), len(steps))
    return partial(share, "A checkout leaves the token in `.git/config`.", *(_at(i, s) for i, s in bad[:10]))


@check("security.no-script-injection", effort="small")
def no_script_injection(workflows: Workflows) -> Verdict:
    """No script is put together from text that a stranger can write.

    `${{ github.event.pull_request.title }}` is pasted into the script before the shell reads it: a title with `"; …`
    in it is a command on your runner.

    Pass the value through the environment: `env: TITLE: ${{ … }}`, and use `"$TITLE"` in the script.
    """
    if not workflows.files:
        return failed(_NONE)
    found = []
    for item, job, step in _all_steps(workflows):
        tainted = {
            name.lower()
            for name, value in (*item.env, *(job.env if job else ()), *step.env)
            if any(_UNTRUSTED.search(e) for e in _EXPRESSION.findall(value))
        }
        scripts = [step.run or "", *(value for name, value in step.inputs if name in ("script", "run", "command"))]
        for expression in (e for text in scripts for e in _EXPRESSION.findall(text)):
            named = re.search(r"\benv\.([\w-]+)", expression)
            if _UNTRUSTED.search(expression) or (named and named.group(1).lower() in tainted):
                found.append((expression.strip(), _at(item, step)))
    if found:
        return failed(f"`${{{{ {found[0][0][:80]} }}}}` is pasted into a script.", *(at for _, at in found[:10]))
    return passed("No script contains text that a stranger can write.")


@check("security.no-dangerous-trigger", effort="medium")
def no_dangerous_trigger(workflows: Workflows) -> Verdict:
    """No workflow runs a stranger's code with the repository's secrets.

    `pull_request_target` and `workflow_run` run with secrets and a token that can write. If they check out the pull
    request's code, whoever opens one owns the repository.

    Use `pull_request` for everything that builds or tests. A `workflow_run` workflow that must check code out asks for
    `github.event.workflow_run.event == 'push'` first.
    """
    if not workflows.files:
        return failed(_NONE)
    bad = [run for run in workflows.from_fork if _takes_head(run)]
    if bad:
        return failed(
            f"{bad[0].workflow.path} checks out the code of a pull request and has the repository's secrets.",
            *dict.fromkeys(run.at for run in bad),
        )
    return passed("No workflow runs the code of a pull request with the repository's secrets.")


def _takes_head(run: Run) -> bool:
    if "checkout" in run.does:
        return any(_HEAD.search(run.step.input(name) or "") for name in ("ref", "repository"))
    if run.command is None:
        return False
    text = run.command.text
    fetches = run.words[:2] in (("git", "fetch"), ("git", "checkout"), ("git", "pull")) and ("pull/" in text)
    return (
        fetches or run.words[:3] == ("gh", "pr", "checkout") or (run.words[:1] == ("git",) and bool(_HEAD.search(text)))
    )


@check("security.workflow-secrets-scope", effort="small")
def workflow_secrets_scope(workflows: Workflows) -> Verdict:
    """Secrets reach only the steps that need them.

    A secret in the environment of a whole workflow or job is readable by every action and every install script in it.

    Move `${{ secrets.… }}` from the workflow's or job's `env:` to the `env:` or `with:` of the one step, name the
    secrets that a reusable workflow gets instead of `secrets: inherit`, and never use `toJSON(secrets)`.
    """
    if not workflows.files:
        return failed(_NONE)
    wide: list[tuple[str, Location]] = []
    narrow: list[tuple[str, Location]] = []
    for item in workflows.readable:
        wide += [(f"`{n}` is given to every job", item.at(item.env_line)) for n, v in item.env if _SECRET.search(v)]
        for job in item.jobs:
            if job.inherits_secrets and not (job.uses or "").startswith("./"):
                wide.append(("all secrets go to a workflow of someone else", job.at))
            narrow += [(f"`{n}` is given to every step of {job.id}", job.at) for n, v in job.env if _SECRET.search(v)]
    for item, _, step in _all_steps(workflows):
        values = [step.run or "", *(value for _, value in (*step.env, *step.inputs))]
        if any(_ALL_SECRETS.search(value) for value in values):
            wide.append(("all secrets are handed over at once", _at(item, step)))
    if wide:
        return failed(f"{wide[0][0][:1].upper()}{wide[0][0][1:]}.", *(at for _, at in (*wide, *narrow)[:10]))
    if narrow:
        return partial(Fraction(1, 2), f"{narrow[0][0]}.", *(at for _, at in narrow[:10]))
    return passed("Secrets are given to single steps only.")


def _scan(workflows: Workflows, kind: str, what: str) -> Verdict:
    runs = [run for run in workflows.any if kind in run.does and not run.on_failure]
    good = [run for run in runs if run.fatal and run.certain and run.events != {"workflow_dispatch"}]
    if good:
        text = good[0].command.text if good[0].command is not None else (good[0].step.uses or "").split("@")[0]
        events = ", ".join(sorted(good[0].events))
        return passed(f"`{text[:80]}` runs on {events}.", good[0].at)
    if any(run.fatal and run.events != {"workflow_dispatch"} for run in runs):
        return partial(
            Fraction(1, 2), f"A workflow runs {what} only under a condition.", *(run.at for run in runs[:10])
        )
    if any(run.fatal for run in runs):
        return partial(
            Fraction(1, 2), f"A workflow runs {what} only when someone starts it.", *(run.at for run in runs[:10])
        )
    if runs:
        return failed(f"A workflow runs {what}, but its failure is ignored.", *(run.at for run in runs[:10]))
    return failed(f"No workflow runs {what}.")


def _leaked(leaks: tuple[Leak, ...]) -> str:
    first = leaks[0]
    more = f" (and {len(leaks) - 1} more)" if len(leaks) > 1 else ""
    return f"{first.at.path} holds what looks like {first.name}: {first.shown}{more}."


def _all_steps(workflows: Workflows) -> Iterator[tuple[Workflow, Job | None, Step]]:
    """Yield every step that is written down, reachable or not, also those of composite actions."""
    for item in workflows.readable:
        for job in item.jobs:
            for step in job.steps:
                yield item, job, step
    for path, steps in workflows.actions:
        for step in steps:
            yield Workflow(path), None, step


def _uses(workflows: Workflows) -> Iterable[tuple[str, Location]]:
    for item in workflows.readable:
        for job in item.jobs:
            if job.uses and not job.uses.startswith("./"):
                yield job.uses, job.at
    for item, _, step in _all_steps(workflows):
        if step.uses and not step.uses.startswith("./"):
            yield step.uses, _at(item, step)


def _at(item: Workflow, step: Step) -> Location:
    return Location(step.path or item.path, step.line)


def _pushes(job: Job) -> bool:
    return any(
        (step.uses or "").lower().startswith(_PUSHERS) or any(c.words[:2] == ("git", "push") for c in step.commands)
        for step in job.steps
    )
