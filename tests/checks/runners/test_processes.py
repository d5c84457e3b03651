import sys
import time
import urllib.request
from collections.abc import Mapping
from pathlib import Path

import pytest

from checks import sandbox
from checks.runners.base import BootFailed
from checks.runners.processes import Stopped, await_ready, boot, read_procfile, shell
from checks.testing import write_tree

APP = """
import http.server, os, signal, sys
class Handler(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        self.send_response(int(os.environ.get("STATUS", "200")) if self.path == "/readyz" else 404)
        self.end_headers()
        self.wfile.write(os.environ.get("WORD", "").encode())
def stop(*_):
    print("stopping", flush=True)
    sys.exit(int(os.environ.get("EXIT", "0")))
if os.environ.get("DEAF"):
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
else:
    signal.signal(signal.SIGTERM, stop)
print("listening", flush=True)
http.server.HTTPServer(("127.0.0.1", int(os.environ["PORT"])), Handler).serve_forever()
"""


def app(root: Path, **variables: str) -> tuple[Path, Mapping[str, str], str]:
    copy = write_tree(root / "copy", {"app.py": APP})
    return copy, sandbox.environment(root / "h", root / "t", variables), f"{sys.executable} app.py"


def test_an_application_boots_answers_and_stops(tmp_path: Path) -> None:
    copy, env, command = app(tmp_path)
    procfile = f"# processes\nrelease: echo migrated\nweb: {command}\nadmin: WORD=hello {command}\n"
    with boot(copy, procfile, env) as application:
        assert "migrated" in application.release
        assert set(application.processes) == {"web", "admin"}
        with urllib.request.urlopen(application["admin"].url + "/readyz") as answer:
            assert answer.read() == b"hello"
        stopped = application["web"].stop()
        assert stopped.graceful
        assert "stopping" in stopped.log
        assert "listening" in application["admin"].log()
    ended = application["admin"].stopped
    assert ended is not None
    assert ended.exit == 0


def test_each_process_is_told_once_to_stop(tmp_path: Path) -> None:
    copy, env, _ = app(tmp_path)
    count = "trap 'echo told' TERM; echo up; n=0; while [ $n -lt 6 ]; do n=$((n+1)); sleep 0.1; done; exit 0"
    with boot(copy, f"a: {count}\nb: {count}\n", env, silent=("a", "b")) as application:
        while not all("up" in p.log() for p in application.processes.values()):
            time.sleep(0.01)
    logs = [p.stopped.log.count("told") for p in application.processes.values() if p.stopped is not None]
    assert logs == [1, 1]


def test_given_ports_and_a_choice_of_processes_are_respected(tmp_path: Path) -> None:
    from checks.services.ports import free_port

    copy, env, command = app(tmp_path)
    port = free_port()
    procfile = f"web: {command}\nworker: sleep 60\nbeat: exit 3\n"
    with boot(copy, procfile, env, {"web": port}, only=("web", "worker"), silent=("worker",)) as application:
        assert application["web"].port == port
        assert set(application.processes) == {"web", "worker"}
    worker = application["worker"].stopped
    assert worker is not None
    assert worker.exit == -15
    assert not worker.graceful


def test_a_boot_lasts_until_the_process_was_first_seen_ready(tmp_path: Path) -> None:
    copy, env, command = app(tmp_path)
    with boot(copy, f"web: {command}", env) as application:
        seconds = application["web"].ready
        await_ready([application["web"]])
        assert application["web"].ready == seconds


def test_a_deaf_process_is_ended_by_force(tmp_path: Path) -> None:
    copy, env, command = app(tmp_path, DEAF="1")
    with boot(copy, f"web: {command}", env) as application:
        stopped = application["web"].stop(0.3)
    assert stopped.exit == -9
    assert not stopped.graceful


@pytest.mark.parametrize(
    "frames",
    ["/srv/lib/pool.rb:67:in `with'\n\tfrom /srv/lib/config.rb:187:in `redis'", "    at serve (/srv/app.js:3:9)",
     '  File "/srv/app.py", line 3, in serve'],
    ids=["Ruby", "Node", "Python"],
)  # fmt: skip
def test_last_words_are_not_the_frames_of_a_stack_trace(frames: str) -> None:
    log = f"one\ntwo\nstopping\n\nConnection refused\n{frames}\n"
    assert Stopped(1, 0.1, log).last_words == "two\nstopping\nConnection refused"


@pytest.mark.parametrize(
    ("procfile", "message"),
    [
        ("release: echo broken >&2; exit 4\nweb: true", "release: ended with exit code 4"),
        ("release: sleep 60\nweb: true", "release: did not end in time"),
        ("web: echo no database >&2; exit 1", "web: ended with exit code 1 before it was ready"),
        ("web: sleep 60", "web: was not ready within 1 s .* answered nothing"),
        ("nothing at all", "names no process"),
    ],
)
def test_an_application_that_does_not_boot_says_which_process_and_why(
    tmp_path: Path, procfile: str, message: str
) -> None:
    copy, env, _ = app(tmp_path)
    with pytest.raises(BootFailed, match=message), boot(copy, procfile, env, ready_seconds=1):
        pytest.fail("it must not boot")


def test_a_process_that_is_not_ready_tells_its_status(tmp_path: Path) -> None:
    copy, env, command = app(tmp_path, STATUS="503")
    with (
        pytest.raises(BootFailed, match="answered 503") as error,
        boot(copy, f"web: {command}", env, ready_seconds=1),
    ):
        pytest.fail("it must not boot")
    assert "/readyz" in error.value.log


def test_a_procfile_is_read_in_its_order() -> None:
    assert read_procfile("# c\n\nweb:  a b\nbad line\nworker_1: c:d\n") == {"web": "a b", "worker_1": "c:d"}


def test_simple_commands_replace_their_shell() -> None:
    assert shell("a b")[2] == "exec a b"
    assert shell("A=1 b")[2] == "exec env A=1 b"
    assert shell("a && b")[2] == "a && b"
    assert shell("exec a")[2] == "exec a"
