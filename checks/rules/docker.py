"""Rules about the image that a Dockerfile makes: how it starts, as whom, on what base, and how its health is told."""

from __future__ import annotations

import re

from checks.evidence.dockerfiles import Dockerfile, Dockerfiles, Instruction, substitute
from checks.model import Location, Verdict, check, failed, passed
from checks.rules._containers import absent, at, environment, pinned, probes

_ROOT_ALIAS = re.compile(r"(?:--uid[= ]|-\w*u ?)0\b")


@check("docker.file", effort="medium")
def has_a_working_dockerfile(dockerfiles: Dockerfiles) -> Verdict:
    """A Dockerfile describes how the application is built and started.

    The image is what is deployed. A file that Docker refuses, that copies nothing of the application or that starts
    nothing is no description of it.

    Write a `Dockerfile` in the root that copies the application in and starts it with `CMD` or `ENTRYPOINT`.
    """
    if not dockerfiles.files:
        return absent()
    for file in dockerfiles.files:
        if file.problems:
            line, text = file.problems[0]
            return failed(f"Docker would refuse the file: {text}.", Location(file.path, line))
        if not any(i.name in ("COPY", "ADD") for i in file.final):
            return failed("The last stage copies nothing of the application into the image.", at(file))
        if file.effective("CMD") is None and file.effective("ENTRYPOINT") is None:
            return failed("The image starts nothing: there is neither CMD nor ENTRYPOINT in its last stage.", at(file))
    return passed("The image is built from the application and starts it.", *(at(f) for f in dockerfiles.files))


@check("docker.multi-stage", effort="medium")
def separates_building_from_running(dockerfiles: Dockerfiles) -> Verdict:
    """The image is built in stages, and only what runs is in the last one.

    Compilers and headers make an image large and give an intruder tools. A stage that only builds can be thrown away,
    but it helps only when the last stage takes its result over.

    Build in a stage of its own (`FROM … AS build`) and take the result with `COPY --from=build` in the last stage.
    """
    if not dockerfiles.files:
        return absent()
    for file in dockerfiles.files:
        if not file.stages:
            return failed("There is no stage in the file.", Location(file.path, 1))
        own = {file.stages.index(stage) for stage in file.ancestry(file.stages[-1])}
        sources = {file.stage_named(name) for i in file.final if (name := _source(i)) is not None}
        if not any(n is not None and n not in own for n in sources):
            why = "There is one stage only" if len(file.stages) == 1 else "The last stage takes nothing from another"
            return failed(f"{why}, so what building needs is shipped, or the other stages are unused.", at(file))
    return passed("The last stage takes over what an earlier stage built.", *(at(f) for f in dockerfiles.files))


def _source(item: Instruction) -> str | None:
    """Return the stage or image that a COPY or a bind mount of a RUN takes files from."""
    if item.name == "COPY":
        return item.flag("from")
    mounts = (f for f in item.flags if f.startswith("--mount=") and "type=cache" not in f)
    return next((m[1] for f in mounts if (m := re.search(r"[=,]from=([^,\s]+)", f))), None)


@check("docker.non-root", effort="small")
def runs_as_non_root(dockerfiles: Dockerfiles) -> Verdict:
    """The image runs as an unprivileged user.

    A process that is broken into should not be root inside its container: root there is one kernel bug away from root
    on the host, and it may rewrite the application. Only the last `USER` of the last stage counts.

    Create a user in the last stage (`RUN useradd --system app`) and end with `USER app`.
    """
    if not dockerfiles.files:
        return absent()
    for file in dockerfiles.files:
        item = file.effective("USER")
        if item is None:
            if file.stages and file.base(file.stages[-1]).split("@")[0].endswith("nonroot"):
                continue
            return failed("The last stage has no USER instruction, so the process runs as root.", at(file))
        before = file.final[: file.final.index(item)]
        user, unresolved = substitute(item.value.strip("\"'"), environment(before))
        name = user.split(":")[0].strip()
        if unresolved or not name:
            return failed(f"USER {item.value} has no value when the image is built.", at(file, item))
        if name.lower() in ("root", "administrator") or (name.isdigit() and int(name) == 0):
            return failed("The image runs as root.", at(file, item), expected="an unprivileged user", actual=user)
        if (alias := _root_alias(before, name)) is not None:
            return failed(f"The user {name} is root under another name: it is made with the id 0.", at(file, alias))
    return passed("The image runs as an unprivileged user.", *(at(f, f.effective("USER")) for f in dockerfiles.files))


def _root_alias(instructions: tuple[Instruction, ...], user: str) -> Instruction | None:
    for item in instructions:
        for command in item.commands:
            makes = command.words[:1] in (("useradd",), ("adduser",), ("usermod",)) and user in command.words
            if makes and _ROOT_ALIAS.search(command.text):
                return item
    return None


@check("docker.pinned-base", effort="small")
def pins_its_base_images(dockerfiles: Dockerfiles) -> Verdict:
    """Every outside image is named by an exact version or a digest.

    `latest`, and a tag with a major version only, is another image tomorrow: a build that worked fails, or ships a new
    runtime that no test has seen.

    Name at least major and minor version (`python:3.13-slim`), better a digest (`…@sha256:…`) that Dependabot updates.
    """
    if not dockerfiles.files:
        return absent()
    wrong: list[tuple[Location, str]] = []
    count = 0
    for file in dockerfiles.files:
        for stage in file.stages:
            place = Location(file.path, stage.line)
            if stage.parent is None:
                count += 1
                if stage.unresolved:
                    wrong.append((place, f"the base needs ${stage.unresolved[0]}, which has no default"))
                elif why := pinned(stage.image):
                    wrong.append((place, f"{stage.image} {why}"))
            for item in stage.instructions:
                source = _source(item)
                if source is not None and file.stage_named(source) is None and (why := pinned(source)):
                    wrong.append((Location(file.path, item.line), f"{source} {why}"))
    if wrong or not count:
        text = wrong[0][1] if wrong else "no base image is named"
        return failed(f"A base image is not pinned: {text}.", *(w for w, _ in wrong), expected="a version or a digest")
    return passed("Every outside image is named exactly.", actual=f"{count} base images")


@check("docker.healthcheck", effort="small")
def tells_its_health(dockerfiles: Dockerfiles) -> Verdict:
    """The image has a health check that can fail.

    An orchestrator restarts what is ill and waits for what is starting, but only when it is told. A check that always
    succeeds hides the outage; one that needs a program the image does not have reports illness for ever.

    Add `HEALTHCHECK CMD ["python", "-c", "…urlopen('http://127.0.0.1:8000/healthz')"]`, or a small script in the image.
    """
    if not dockerfiles.files:
        return absent()
    for file in dockerfiles.files:
        item = file.effective("HEALTHCHECK")
        if item is None:
            return failed("The last stage has no HEALTHCHECK.", at(file))
        if item.value.strip().upper() == "NONE":
            return failed("HEALTHCHECK NONE switches the health check off.", at(file, item))
        if not probes(item.commands):
            return failed("The health check asks nothing, or succeeds whatever the answer is.", at(file, item))
        if tool := _missing_tool(file, item):
            return failed(f"The health check needs {tool}, which a slim image does not have.", at(file, item))
    return passed("The health check can fail.", *(at(f, f.effective("HEALTHCHECK")) for f in dockerfiles.files))


def _missing_tool(file: Dockerfile, item: Instruction) -> str | None:
    """Return curl or wget where the check uses it, the base is known to lack it, and nothing installs it."""
    base = file.base(file.stages[-1])
    installed = {word for i in file.final if i.name == "RUN" for c in i.commands for word in c.words}
    lacks = {"curl", "wget"} if "slim" in base or "distroless" in base else {"curl"} if "alpine" in base else set()
    used = {c.words[0] for c in item.commands if c.words}
    return next(iter(sorted(used & lacks - installed)), None)


@check("docker.exec-form", effort="small")
def starts_without_a_shell(dockerfiles: Dockerfiles) -> Verdict:
    """The process gets its signals: it is started without a shell in front of it.

    In the shell form, process 1 is a shell that does not pass SIGTERM on. The application never hears that it should
    stop, and is killed in the middle of its work after ten seconds.

    Write `CMD ["program", "argument"]`; where a variable must be filled in, `CMD ["sh", "-c", "exec program $PORT"]`.
    """
    if not dockerfiles.files:
        return absent()
    for file in dockerfiles.files:
        found = [i for name in ("ENTRYPOINT", "CMD") if (i := file.effective(name)) is not None]
        if not found:
            return failed("There is neither CMD nor ENTRYPOINT in the last stage.", at(file))
        for item in found:
            words = item.array
            if words is None:
                return failed(f"{item.name} is in shell form.", at(file, item), expected=f'{item.name} ["…", "…"]')
            shell = bool(words) and words[0].rsplit("/", 1)[-1] in ("sh", "bash", "dash", "ash")
            if shell and any(w.startswith("-") and "c" in w for w in words[1:2]) and not _hands_over(item):
                return failed(f"The shell in {item.name} stays in front of the program.", at(file, item))
    return passed("The program is process 1 and gets its signals.", *(at(f) for f in dockerfiles.files))


def _hands_over(item: Instruction) -> bool:
    """Whether the last command of `sh -c` is an `exec`, which puts the program in the shell's place."""
    return bool(item.commands) and item.commands[-1].words[:1] == ("exec",)
