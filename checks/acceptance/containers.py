"""Builds the application's image and starts processes in it, where a container tool is at hand.

Docker, else Podman. What the machine lacks (a running engine, a base image that can't be fetched) is not measured; a
build that fails in the repository's own instructions is the repository's fault.
"""

from __future__ import annotations

import os
import re
import secrets
import shlex
import shutil
import subprocess
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from checks.acceptance import Mismatch
from checks.model import NotMeasured

TOOLS = ("docker", "podman")
BUILD_SECONDS, PULL_SECONDS, COMMAND_SECONDS = 900.0, 600.0, 60.0
# More words for the build command, for machines that reach a package index only in their own way.
OPTIONS_VARIABLE = "CHECK_IMAGE_BUILD_OPTIONS"
_FROM = re.compile(r"^FROM\s+(?:--\S+\s+)*(\S+)(?:\s+AS\s+(\S+))?", re.IGNORECASE | re.MULTILINE)
_OFFLINE = re.compile(
    r"Temporary failure in name resolution|Could not resolve|Network is unreachable|no such host|i/o timeout"
    r"|Failed to establish a new connection|Connection refused"
)


@dataclass(slots=True)
class Container:
    """A started container."""

    tool: str
    id: str

    def logs(self) -> str:
        """Return what it wrote so far."""
        done = _call([self.tool, "logs", self.id])
        return done.stdout + done.stderr

    def user(self) -> str:
        """Return the numeric id of the user its first process runs as."""
        return _call([self.tool, "exec", self.id, "id", "-u"]).stdout.strip()

    def stop(self, seconds: int = 10) -> int:
        """Send SIGTERM, end it by force after `seconds`, and return its exit code."""
        _call([self.tool, "stop", f"--time={seconds}", self.id], COMMAND_SECONDS + seconds)
        done = _call([self.tool, "inspect", "--format={{.State.ExitCode}}", self.id])
        return int(done.stdout.strip())


@dataclass(slots=True)
class Image:
    """A built image. `env` is what every container of it gets."""

    tool: str
    name: str
    env: Mapping[str, str] = field(default_factory=dict)

    @contextmanager
    def started(self, command: str, env: Mapping[str, str]) -> Iterator[Container]:
        """Start a shell command line in a container on the machine's network, and remove the container at the end."""
        done = _call([*self._run("--detach"), *_variables({**self.env, **env}), self.name, "sh", "-c", command])
        if done.returncode:
            raise Mismatch("A process starts in the image.", "a running container", _end(done))
        container = Container(self.tool, done.stdout.strip().splitlines()[-1])
        try:
            yield container
        finally:
            _call([self.tool, "rm", "--force", container.id])

    def run(self, command: str, env: Mapping[str, str]) -> tuple[int, str]:
        """Run a shell command line in a container to its end; return exit code and output."""
        done = _call([*self._run("--rm"), *_variables({**self.env, **env}), self.name, "sh", "-c", command], 300)
        return done.returncode, done.stdout + done.stderr

    def _run(self, how: str) -> list[str]:
        # As deployments run it: nothing can be written but /tmp, and no privilege gained.
        guarded = ["--read-only", "--tmpfs=/tmp", "--cap-drop=ALL", "--security-opt=no-new-privileges"]
        return [self.tool, "run", how, "--network=host", *guarded]


@contextmanager
def built(folder: Path, commit: str) -> Iterator[Image]:
    """Build the image of the Dockerfile in `folder`, with `commit` as GIT_SHA, and remove it at the end.

    Raises NotMeasured when this machine can't build it, Mismatch when the build fails.
    """
    if not (folder / "Dockerfile").is_file():
        raise Mismatch("The repository has a Dockerfile.", "a Dockerfile in its root", "none")
    tool = _tool()
    _fetch_bases(tool, (folder / "Dockerfile").read_text(encoding="utf-8", errors="replace"))
    name = f"localhost/check-acceptance:{secrets.token_hex(6)}"
    # Podman's own format knows no HEALTHCHECK.
    own = ["--format=docker"] if tool == "podman" else []
    more = shlex.split(os.environ.get(OPTIONS_VARIABLE, ""))
    done = _call(
        [tool, "build", *own, *more, f"--build-arg=GIT_SHA={commit}", f"--tag={name}", str(folder)], BUILD_SECONDS
    )
    if done.returncode:
        if _OFFLINE.search(done.stdout + done.stderr):
            raise NotMeasured(f"the image could not be built without a network: {_end(done)}")
        raise Mismatch("The image builds.", "exit code 0", _end(done))
    try:
        yield Image(tool, name)
    finally:
        _call([tool, "rmi", "--force", name])


def _tool() -> str:
    if not sys.platform.startswith("linux"):
        raise NotMeasured("images are started on Linux only, where a container can share the machine's network")
    for tool in TOOLS:
        if shutil.which(tool) and _call([tool, "info"]).returncode == 0:
            return tool
    raise NotMeasured("no container tool works here: install and start docker or podman")


def _fetch_bases(tool: str, dockerfile: str) -> None:
    stages: set[str] = set()
    for image, alias in _FROM.findall(dockerfile):
        if image not in stages and image != "scratch" and "$" not in image:
            _fetch(tool, image)
        stages |= {image, alias}


def _fetch(tool: str, image: str) -> None:
    if _call([tool, "image", "inspect", image]).returncode:
        done = _call([tool, "pull", "--quiet", image], PULL_SECONDS)
        if done.returncode:
            raise NotMeasured(f"the base image {image} can't be fetched: {_end(done)}")


def _variables(env: Mapping[str, str]) -> list[str]:
    return [f"--env={name}={value}" for name, value in env.items()]


def _call(command: Sequence[str], seconds: float = COMMAND_SECONDS) -> subprocess.CompletedProcess[str]:
    """Run a container tool with the grader's own environment: where it keeps its images is configured there."""
    try:
        return subprocess.run(
            command,
            capture_output=True,
            text=True,
            errors="replace",
            timeout=seconds,
            check=False,
            stdin=subprocess.DEVNULL,
        )
    except subprocess.TimeoutExpired:
        return subprocess.CompletedProcess(command, 124, "", f"did not end within {seconds:g} s")


def _end(done: subprocess.CompletedProcess[str]) -> str:
    return "\n".join((done.stdout + done.stderr).strip().splitlines()[-8:])
