"""A templates folder with one tiny project: an application of the standard library, scenarios, a solution, faults."""

from __future__ import annotations

import difflib
import shutil
from dataclasses import dataclass
from pathlib import Path

from scaffolder import projects

PROJECT = """\
schema = 1
id = "tiny"
title = "Tiny service"
summary = "Greets."
status = "ready"
version = "0.1.0"
weeks = [1]
stack = ["python"]
stack_title = "Python"
services = {services}
processes = ["web", "worker"]
baseline = 60
tools = ["git"]

[limits]
planned_seconds = 3

[ownership]
tool = ["docs/openapi.yaml"]

[[milestones]]
id = "m1"
week = 1
title = "Greet"
points = 100
docs = "docs/m1.md"
tasks = []
checks = [
  {{ id = "acceptance.m1.processes-boot", weight = 1, title = "Both processes boot" }},
  {{ id = "acceptance.m1.greets", weight = 1, title = "It greets by name" }},
]
"""

# Answers what the contract says; the route /broken does not keep it, and the starter does not greet yet.
APP = '''\
"""A web service and a worker, in one file."""

import json
import os
import signal
import subprocess
import sys
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

GREETS = False


def greeting(name):
    """Return the greeting for a name."""
    return f"Hello, {name}!" if GREETS else ""


class Handler(BaseHTTPRequestHandler):
    def do_GET(self):
        path, _, query = self.path.partition("?")
        status, body = 200, {"status": "ok"}
        if path == "/readyz" and "REDIS_URL" in os.environ:
            status = 200 if redis_answers() else 503
        elif path == "/greeting":
            status, body = (200, {"text": greeting(query)}) if GREETS else (501, {})
        elif path == "/broken":
            body = {"text": 3}
        elif path == "/slow":
            import time

            time.sleep(60)
        raw = json.dumps(body).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(raw)))
        self.end_headers()
        self.wfile.write(raw)

    def log_message(self, *args):
        print(json.dumps({"message": self.path, "process": sys.argv[1]}), flush=True)


def redis_answers():
    import socket
    from urllib.parse import urlsplit

    parts = urlsplit(os.environ["REDIS_URL"])
    try:
        with socket.create_connection((parts.hostname, parts.port), timeout=1) as connection:
            connection.sendall(b"PING\\r\\n")
            return bool(connection.recv(64))
    except OSError:
        return False


if "SECRET_KEY" not in os.environ:
    sys.exit("SECRET_KEY is not set")
if sys.argv[1] == "worker":
    subprocess.Popen(["sleep", "600"])
server = ThreadingHTTPServer(("127.0.0.1", int(os.environ["PORT"])), Handler)
signal.signal(signal.SIGTERM, lambda *_: os._exit(0))
server.serve_forever()
'''

SOLUTION = APP.replace("GREETS = False", "GREETS = True")

CONTRACT = """\
openapi: 3.1.0
info: {title: Tiny service, version: "1"}
paths:
  /greeting:
    get:
      responses:
        "200":
          description: A greeting.
          content:
            application/json:
              schema: {type: object, required: [text], properties: {text: {type: string}}}
  /broken:
    get:
      responses:
        "200":
          description: A text, says the contract.
          content:
            application/json:
              schema: {type: object, required: [text], properties: {text: {type: string}}}
"""

SCENARIOS = '''\
"""What the tiny service does."""

from checks.acceptance import expect


def test_processes_boot(app, client):
    """Both processes boot.

    They answer their health.
    """
    for name in ("web", "worker"):
        expect(client(app.url(name)).get("/healthz").status_code, 200, f"{name} is healthy.")


def test_greets(app, client):
    """It greets by name."""
    answer = client(app.url("web")).get("/greeting?Ada")
    expect(answer.status_code, 200, "A greeting is answered.")
    expect(answer.json()["text"], "Hello, Ada!", "It greets by name.")
'''


@dataclass(frozen=True)
class Tiny:
    """The templates folder, and the tiny project in it."""

    root: Path

    @property
    def project(self) -> Path:
        return self.root / "tiny_service"

    def write(self, path: str, text: str) -> Path:
        file = self.project / path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text, encoding="utf-8")
        return file


def fault(title: str, check: str, app: str, also: str = "") -> str:
    """Return a fault's file that turns the solution's app.py into `app`."""
    diff = difflib.unified_diff(SOLUTION.splitlines(True), app.splitlines(True), "a/app.py", "b/app.py")
    return f"Title: {title}\nCheck: {check}\n{f'Also: {also}{chr(10)}' if also else ''}\n{''.join(diff)}"


def make(root: Path, services: str = "[]") -> Tiny:
    """Write the templates folder `root`; `services` is the TOML list of what the project needs."""
    tiny = Tiny(root)
    tiny.write("project.toml", PROJECT.format(services=services))
    tiny.write("starter/app.py", APP)
    tiny.write("starter/Procfile", "web: exec python app.py web\nworker: exec python app.py worker\n")
    tiny.write("starter/requirements.txt", "# nothing\n")
    tiny.write("starter/docs/openapi.yaml", CONTRACT)
    tiny.write("solution/app.py", SOLUTION)
    tiny.write("acceptance/test_m1_greet.py", SCENARIOS)
    broken = SOLUTION.replace('f"Hello, {name}!"', '"Hello, Bob!"')
    tiny.write("faults/bob.patch", fault("Everybody is called Bob", "acceptance.m1.greets", broken))
    shutil.copy(Path(projects.__file__).resolve().parents[1] / "templates" / "copier.yml", root / "copier.yml")
    return tiny
