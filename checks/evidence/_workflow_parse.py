"""From the text of a workflow or an action file to frozen types, with what GitHub would refuse noted.

The keys are those of https://docs.github.com/actions/reference/workflows-and-actions/workflow-syntax.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from checks.evidence._shell import Command, Script, options, read
from checks.evidence._workflow_types import (
    Concurrency,
    Job,
    Permissions,
    Service,
    Step,
    Trigger,
    Workflow,
)
from checks.evidence._yaml import YamlList, YamlMap, YamlProblem, load

_WORKFLOW_KEYS = frozenset({"name", "run-name", "on", "permissions", "env", "defaults", "concurrency", "jobs"})
_JOB_KEYS = frozenset(
    {"name", "permissions", "needs", "if", "runs-on", "snapshot", "environment", "concurrency", "outputs", "env",
     "defaults", "steps", "timeout-minutes", "strategy", "continue-on-error", "container", "services", "uses", "with",
     "secrets"}
)  # fmt: skip
_STEP_KEYS = frozenset(
    {"id", "if", "name", "uses", "run", "working-directory", "shell", "with", "env", "continue-on-error",
     "timeout-minutes"}
)  # fmt: skip


def workflow(path: str, text: str) -> Workflow:
    """Return the workflow in `text`; one that cannot be read comes back with `problem` set."""
    document = load(text)
    if isinstance(document, YamlProblem):
        return Workflow(path, problem=document)
    root = document.value
    if not isinstance(root, YamlMap):
        return Workflow(path, problem=YamlProblem("a workflow is a mapping with `on` and `jobs`", 1))
    problems = [*document.problems, *_unknown(root, _WORKFLOW_KEYS, "a workflow")]
    triggers = _triggers(root.get("on"), root.line_of("on"))
    if not triggers:
        problems.append(YamlProblem("`on` names no event, so nothing ever starts this workflow", root.line_of("on")))
    jobs = _jobs(path, root, problems)
    return Workflow(
        path=path,
        name=str(root.get("name") or path),
        triggers=triggers,
        permissions=_permissions(root),
        concurrency=_concurrency(root),
        env=pairs(root.get("env")),
        env_line=root.lines.get("env"),
        jobs=jobs,
        problems=tuple(problems),
    )


def composite(path: str, text: str) -> tuple[Step, ...]:
    """Return the steps of a composite action; none when the file is no such action."""
    document = load(text)
    root = None if isinstance(document, YamlProblem) else document.value
    runs = root.get("runs") if isinstance(root, YamlMap) else None
    steps = runs.get("steps") if isinstance(runs, YamlMap) else None
    if not isinstance(steps, YamlList):
        return ()
    return tuple(_step(item, "", None, [], path) for item in steps if isinstance(item, YamlMap))


def pairs(value: Any) -> tuple[tuple[str, str], ...]:
    """Return a mapping of scalars as pairs of texts."""
    return tuple((k, text(v)) for k, v in value.items()) if isinstance(value, YamlMap) else ()


def text(value: Any) -> str:
    """Return a scalar as GitHub writes it into the environment: true, not True."""
    if value is None:
        return ""
    return str(value).lower() if isinstance(value, bool) else str(value)


def texts(value: Any) -> tuple[str, ...] | None:
    """Return a scalar or a list of scalars as texts; None when there is nothing."""
    if value is None:
        return None
    if isinstance(value, YamlList):
        return tuple(text(item) for item in value)
    return (text(value),)


def script(source: str, shell: str | None) -> Script:
    """Return the commands of a `run:` under GitHub's rules for `shell`.

    Without a shell it is `bash -e`, with `bash` it is `bash -eo pipefail`, with `sh` it is `sh -e`; other shells are
    not read (https://docs.github.com/actions/reference/workflows-and-actions/workflow-syntax#jobsjob_idstepsshell).
    """
    words = (shell or "").split()
    name = words[0].rsplit("/", 1)[-1] if words else "bash"
    if name in ("pwsh", "powershell", "cmd"):
        return read(source, errexit=False)
    if name not in ("bash", "sh", "zsh", "dash"):
        return Script()
    if len(words) > 1:
        errexit, pipefail = options(words[1:], False, False)
        return read(source, errexit=errexit, pipefail=pipefail)
    return read(source, errexit=True, pipefail=shell == "bash")


def _unknown(found: YamlMap, known: frozenset[str], what: str) -> Iterable[YamlProblem]:
    for key in found:
        if key not in known:
            yield YamlProblem(f"`{key}` is no key of {what}", found.lines[key])


def _triggers(value: Any, line: int) -> tuple[Trigger, ...]:
    if isinstance(value, str):
        return (Trigger(value, line),)
    if isinstance(value, YamlList):
        return tuple(Trigger(item, at) for item, at in zip(value, value.lines, strict=True) if isinstance(item, str))
    if not isinstance(value, YamlMap):
        return ()
    found = []
    for event, filters in value.items():
        given = filters if isinstance(filters, YamlMap) else YamlMap(line)
        found.append(
            Trigger(
                event=event,
                line=value.lines[event],
                branches=texts(given.get("branches")),
                branches_ignore=texts(given.get("branches-ignore")),
                tags=texts(given.get("tags")),
                paths=texts(given.get("paths")),
                paths_ignore=texts(given.get("paths-ignore")),
                types=texts(given.get("types")),
                workflows=texts(given.get("workflows")) or (),
            )
        )
    return tuple(found)


def _permissions(owner: YamlMap) -> Permissions | None:
    if "permissions" not in owner:
        return None
    value, line = owner["permissions"], owner.lines["permissions"]
    if isinstance(value, YamlMap):
        return Permissions(None, pairs(value), line)
    return Permissions(value if value in ("read-all", "write-all") else None, (), line)


def _concurrency(owner: YamlMap) -> Concurrency | None:
    value = owner.get("concurrency")
    if value is None:
        return None
    line = owner.lines["concurrency"]
    if not isinstance(value, YamlMap):
        return Concurrency(text(value), False, line)
    cancel = value.get("cancel-in-progress", False)
    return Concurrency(text(value.get("group")), cancel if isinstance(cancel, bool) else text(cancel), line)


def _default_run(owner: YamlMap) -> tuple[str, str | None]:
    """Return the working directory and the shell that `defaults.run` sets."""
    defaults = owner.get("defaults")
    run = defaults.get("run") if isinstance(defaults, YamlMap) else None
    if not isinstance(run, YamlMap):
        return "", None
    shell = run.get("shell")
    return text(run.get("working-directory")), shell if isinstance(shell, str) else None


def _jobs(path: str, root: YamlMap, problems: list[YamlProblem]) -> tuple[Job, ...]:
    jobs = root.get("jobs")
    if not isinstance(jobs, YamlMap) or not jobs:
        problems.append(YamlProblem("`jobs` has no job in it", root.line_of("jobs")))
        return ()
    found = []
    folder, shell = _default_run(root)
    for name, value in jobs.items():
        if not isinstance(value, YamlMap):
            problems.append(YamlProblem(f"the job `{name}` is not a mapping", jobs.lines[name]))
            continue
        job = _job(value, folder, shell, problems, name)
        found.append(job._replace(line=jobs.lines[name], path=path))
    ids = {job.id for job in found}
    for job in found:
        problems.extend(
            YamlProblem(f"the job `{job.id}` needs `{need}`, and there is no such job", job.line)
            for need in job.needs
            if need not in ids
        )
    return tuple(found)


def _job(value: YamlMap, folder: str, shell: str | None, problems: list[YamlProblem], name: str) -> Job:
    line = value.line - 1
    problems.extend(_unknown(value, _JOB_KEYS, "a job"))
    uses = value.get("uses")
    steps = value.get("steps")
    if uses is None:
        if "runs-on" not in value:
            problems.append(YamlProblem(f"the job `{name}` lacks `runs-on`", line))
        if not isinstance(steps, YamlList) or not steps:
            problems.append(YamlProblem(f"the job `{name}` has no steps", line))
    own_folder, own_shell = _default_run(value)
    runner = " ".join(texts(value.get("runs-on")) or ()) if not isinstance(value.get("runs-on"), YamlMap) else ""
    shell = own_shell or shell or ("pwsh" if "windows" in runner.lower() else None)
    environment = _environment(value.get("environment"))
    limit = value.get("timeout-minutes")
    return Job(
        id=name,
        line=value.line,
        path="",
        name=text(value.get("name")),
        needs=texts(value.get("needs")) or (),
        condition=_condition(value),
        permissions=_permissions(value),
        environment=environment,
        timeout=limit if isinstance(limit, str | int | float) and not isinstance(limit, bool) else None,
        runner=runner,
        services=_services(value.get("services")),
        matrix=_matrix(value.get("strategy")),
        uses=uses if isinstance(uses, str) else None,
        inherits_secrets=value.get("secrets") == "inherit",
        continue_on_error=_flag(value),
        env=pairs(value.get("env")),
        concurrency=_concurrency(value),
        inputs=pairs(value.get("with")),
        outputs=pairs(value.get("outputs")),
        steps=_steps(steps, own_folder or folder, shell, problems),
    )


def _steps(value: Any, folder: str, shell: str | None, problems: list[YamlProblem]) -> tuple[Step, ...]:
    if not isinstance(value, YamlList):
        return ()
    found = []
    for item, line in zip(value, value.lines, strict=True):
        if isinstance(item, YamlMap):
            found.append(_step(item, folder, shell, problems))
        else:
            problems.append(YamlProblem("a step is not a mapping", line))
    return tuple(found)


def _step(value: YamlMap, folder: str, shell: str | None, problems: list[YamlProblem], path: str | None = None) -> Step:
    problems.extend(_unknown(value, _STEP_KEYS, "a step"))
    uses, run = value.get("uses"), value.get("run")
    if not isinstance(uses, str | None) or not isinstance(run, str | None):
        problems.append(YamlProblem("`uses` and `run` are text", value.line))
    elif (uses is None) == (run is None):
        problems.append(YamlProblem("a step has either `uses` or `run`", value.line))
    own = value.get("shell")
    shell = own if isinstance(own, str) else shell
    source = run if isinstance(run, str) else None
    parsed = script(source, shell) if source is not None else Script()
    if parsed.problem and "${{" not in (source or ""):
        problems.append(YamlProblem(f"the script cannot be read: {parsed.problem}", value.line_of("run")))
    return Step(
        line=value.line,
        name=text(value.get("name")),
        id=text(value.get("id")),
        uses=uses if isinstance(uses, str) else None,
        run=source,
        condition=_condition(value),
        inputs=pairs(value.get("with")),
        env=pairs(value.get("env")),
        continue_on_error=_flag(value),
        shell=shell,
        folder=text(value.get("working-directory")) or folder,
        commands=_placed(parsed, value, source or ""),
        problem=parsed.problem,
        path=path,
    )


def _placed(parsed: Script, value: YamlMap, source: str) -> tuple[Command, ...]:
    """Move the commands' lines from the script to the file: a block starts on the line after its key."""
    offset = value.line_of("run") - 1 + ("\n" in source)
    return tuple(command._replace(line=command.line + offset) for command in parsed.commands)


def _condition(value: YamlMap) -> str | bool | None:
    found = value.get("if")
    return found if found is None or isinstance(found, bool) else text(found)


def _flag(value: YamlMap) -> bool | str:
    found = value.get("continue-on-error", False)
    return found if isinstance(found, bool) else text(found)


def _environment(value: Any) -> str | None:
    return text(value.get("name") if isinstance(value, YamlMap) else value) or None


def _services(value: Any) -> tuple[Service, ...]:
    if not isinstance(value, YamlMap):
        return ()
    return tuple(
        Service(
            name,
            text(item.get("image")),
            "--health-cmd" in text(item.get("options")) or isinstance(item.get("healthcheck"), YamlMap),
            value.lines[name],
        )
        for name, item in value.items()
        if isinstance(item, YamlMap)
    )


def _matrix(value: Any) -> tuple[tuple[str, tuple[str, ...]], ...]:
    matrix = value.get("matrix") if isinstance(value, YamlMap) else None
    if not isinstance(matrix, YamlMap):
        return ()
    found: dict[str, tuple[str, ...]] = {
        key: tuple(text(v) for v in values)
        for key, values in matrix.items()
        if isinstance(values, YamlList) and key not in ("include", "exclude")
    }
    include = matrix.get("include")
    for item in include if isinstance(include, YamlList) else ():
        for key, single in pairs(item):
            found[key] = (*found.get(key, ()), single)
    return tuple(found.items())
