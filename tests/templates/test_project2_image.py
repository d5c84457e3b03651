"""The image of project 2 is built from a local base image, and every process runs in it without being root."""

from __future__ import annotations

import json
import os
import re
import secrets
import shlex
import socket
import subprocess
import tempfile
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

import pytest
import yaml

from checks.services.postgresql import PostgreSQL
from checks.services.redis import Redis
from checks.session import Session
from scaffolder.projects import find_project
from scaffolder.render import render
from tests.support.tools import TOOLCHAINS, cache_folder, require_tool

pytestmark = pytest.mark.slow

# Always the same one: this buildah takes a cached layer for a new build argument, too.
COMMIT = "0123456789abcdef0123456789abcdef01234567"


def contained(*command: str, timeout: float = 600) -> str:
    """Run a container tool with the settings of containers.sh, and give what it printed."""
    script = (
        f". {TOOLCHAINS}/containers.sh {shlex.quote(str(cache_folder() / 'containers'))} && exec {shlex.join(command)}"
    )
    done = subprocess.run(["bash", "-c", script], capture_output=True, text=True, timeout=timeout, check=False)
    assert done.returncode == 0, f"{shlex.join(command)}\n{done.stdout}{done.stderr}"
    return done.stdout.strip()


@dataclass(frozen=True)
class Image:
    name: str
    folder: Path
    commands: dict[str, list[str]]


@pytest.fixture(scope="module")
def image(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Image]:
    for tool in ("podman", "buildah", "runc", "mmdebstrap"):
        require_tool(tool)
    folder = tmp_path_factory.mktemp("image") / "platform"
    render("project2", folder)
    base = re.search(r"^FROM (\S+)", (folder / "Dockerfile").read_text(), re.MULTILINE)
    assert base is not None
    subprocess.run([TOOLCHAINS / "base-image.sh", cache_folder(), base.group(1)], check=True, timeout=600)
    # pip in the build reaches a package index the way pip on this machine does.
    mounts = [f"--volume={path}:{path}:ro" for path in ("/etc/ssl/certs", "/etc/pip.conf") if Path(path).exists()]
    name = f"localhost/project2:{secrets.token_hex(4)}"
    contained(
        "buildah", "bud", "--isolation=chroot", "--pull-never", "--format=docker", "--network=host", "--layers",
        *mounts, f"--build-arg=GIT_SHA={COMMIT}", f"--tag={name}", str(folder),
    )  # fmt: skip
    compose = yaml.safe_load((folder / "compose.yaml").read_text())
    commands = {name: compose["services"][name]["command"] for name in ("release", "api", "admin", "worker", "beat")}
    yield Image(name, folder, commands)
    contained("podman", "rmi", "--force", name)


@pytest.fixture(scope="module")
def environment(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, str]]:
    """Throwaway PostgreSQL and Redis, and what every process needs to know."""
    with ExitStack() as stack:
        urls = {}
        session = Session(find_project("project2"), tmp_path_factory.mktemp("work"), cache_folder() / "services")
        for provider in (PostgreSQL(), Redis()):
            # Not in pytest's folders: PostgreSQL runs as another user, who can't enter those.
            folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix=f"project2-{provider.name}-")))
            server = provider.start(folder, session)
            stack.callback(server.running.stop)
            urls[provider.variable] = server.url
        yield {**urls, "SECRET_KEY": secrets.token_urlsafe(64)}


def options(environment: dict[str, str], port: int) -> list[str]:
    """As compose.yaml has it: nothing can be written but /tmp, and no privilege gained."""
    return [
        "--network=host", "--read-only", "--tmpfs=/tmp", "--cap-drop=ALL", "--security-opt=no-new-privileges",
        *(f"--env={name}={value}" for name, value in {**environment, "PORT": str(port)}.items()),
    ]  # fmt: skip


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as server:
        port: int = server.getsockname()[1]
        return port


def get(url: str) -> tuple[int, str]:
    try:
        with urllib.request.urlopen(url, timeout=5) as response:
            return response.status, response.read().decode()
    except urllib.error.HTTPError as error:
        with error:
            return error.code, error.read().decode()


def wait_until_ready(port: int, container: str) -> None:
    deadline = time.monotonic() + 40
    while time.monotonic() < deadline:
        try:
            if get(f"http://127.0.0.1:{port}/readyz")[0] == 200:
                return
        except OSError:
            pass  # it doesn't listen yet
        time.sleep(0.25)
    pytest.fail(f"/readyz never answered 200:\n{contained('podman', 'logs', container)}")


@pytest.fixture(scope="module")
def migrated(image: Image, environment: dict[str, str]) -> None:
    contained("podman", "run", "--rm", *options(environment, free_port()), image.name, *image.commands["release"])


@pytest.mark.usefixtures("migrated")
@pytest.mark.parametrize("process", ["api", "admin", "worker", "beat"])
def test_each_process_of_the_image_becomes_ready_as_an_unprivileged_user_and_ends_well(
    image: Image, environment: dict[str, str], process: str
) -> None:
    port = free_port()
    container = contained(
        "podman", "run", "--detach", *options(environment, port), image.name, *image.commands[process]
    )
    try:
        wait_until_ready(port, container)
        assert json.loads(get(f"http://127.0.0.1:{port}/healthz")[1])["commit"] == COMMIT
        assert "http_requests_total" in get(f"http://127.0.0.1:{port}/metrics")[1]
        assert contained("podman", "exec", container, "id", "-u") == "10001"
        health = json.loads(contained("podman", "image", "inspect", image.name))[0]["Healthcheck"]["Test"]
        assert health[0] == "CMD"
        contained("podman", "exec", container, *health[1:])
        contained("podman", "stop", "--time=10", container)
        code = contained("podman", "inspect", "--format={{.State.ExitCode}}", container)
        assert code == "0", contained("podman", "logs", container)
    finally:
        contained("podman", "rm", "--force", container)


@pytest.mark.usefixtures("migrated")
def test_the_business_route_of_the_smoke_test_is_answered(image: Image, environment: dict[str, str]) -> None:
    port = free_port()
    container = contained("podman", "run", "--detach", *options(environment, port), image.name)
    try:
        wait_until_ready(port, container)
        require_tool("jq")
        subprocess.run(
            [image.folder / "ops/aws/smoke-test.sh", f"http://127.0.0.1:{port}", COMMIT],
            check=True,
            timeout=60,
            env={"PATH": os.environ["PATH"]},
        )
    finally:
        contained("podman", "rm", "--force", container)


def test_the_image_holds_the_application_and_nothing_of_the_repository_besides(image: Image) -> None:
    listed = contained(
        "podman", "run", "--rm", "--network=none", image.name, "sh", "-c", "cd /app && find . -maxdepth 1"
    )
    assert sorted(listed.split()) == [".", "./manage.py", "./pyproject.toml", "./src"]
