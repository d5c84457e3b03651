"""m9 · Ship: the image runs what the repository runs."""

from contextlib import ExitStack
from functools import partial

import httpx2

from checks.acceptance import Mismatch, eventually, expect
from checks.acceptance.plugin import COMMIT
from checks.services.ports import free_port

PROCESSES = ("web", "worker")
# The machine's own, which mean nothing in a container.
HERE_ONLY = {"PATH", "HOME", "TMPDIR", "LANG"}
# Where Bundler finds the Gemfile and the gems here; the image has places of its own.
BUNDLER = ("BUNDLE_", "BUNDLER_")


def test_image_starts(prepare, image, client, limits):
    """The image starts and answers readiness.

    It is built from the Dockerfile; release and each process of the Procfile run in it as they are deployed: not as
    root, with a disk that can't be written. Each answers readiness, health names the commit that was built, and
    SIGTERM ends it in time with exit code 0.
    """
    with prepare() as app, ExitStack() as stack:
        env = {name: value for name, value in app.env.items() if name not in HERE_ONLY and not name.startswith(BUNDLER)}
        code, output = image.run(app.commands["release"], env)
        if code != 0:
            raise Mismatch("The release step runs in the image.", "exit code 0", output[-800:])
        started = {}
        for name in PROCESSES:
            port = free_port()
            container = stack.enter_context(image.started(app.commands[name], {**env, "PORT": str(port)}))
            started[name] = (container, client(f"http://127.0.0.1:{port}"))
        for name, (container, http) in started.items():
            eventually(
                partial(ready, http), limits.boot_seconds, f"{name} is ready in the image: {container.logs()[-600:]}"
            )
            expect(
                http.get("/healthz").json().get("commit"), COMMIT, f"/healthz of {name} names the commit of the image."
            )
            assert container.user() != "0", f"The process {name} runs as root in the image."
        for name, (container, _) in started.items():
            expect(container.stop(limits.shutdown_seconds), 0, f"SIGTERM ends {name} in time with exit code 0.")


def ready(http):
    try:
        return http.get("/readyz").status_code == 200
    except httpx2.TransportError:  # nobody listens yet
        return False
