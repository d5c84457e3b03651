import os
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest

from checks import sandbox
from checks.model import NotMeasured
from checks.sandbox import Box, Completed, Tail, clean_text
from checks.session import Limits
from tests.checks.runners.workshop import alive, session
from tests.support.http import eventually
from tests.support.tools import require_tool


def run(root: Path, code: str, **options: object) -> Completed:
    env = sandbox.environment(root / "home", root / "tmp")
    return sandbox.run([sys.executable, "-c", code], cwd=root, env=env, **options)  # type: ignore[arg-type]


def gone(word: str) -> bool:
    deadline = time.monotonic() + 30
    while alive(word) and time.monotonic() < deadline:
        time.sleep(0.05)
    return not alive(word)


def test_exit_code_and_both_streams_are_kept(tmp_path: Path) -> None:
    done = run(tmp_path, "import sys; print('out'); print('err', file=sys.stderr); sys.exit(3)")
    assert (done.exit, done.stdout, done.stderr, done.limit) == (3, "out\n", "err\n", "")
    assert done.last_lines() == "err"


def test_a_signal_is_a_negative_exit_code(tmp_path: Path) -> None:
    assert run(tmp_path, "import os; os.kill(os.getpid(), 9)").exit == -9


def test_a_program_that_does_not_exist_ends_with_127(tmp_path: Path) -> None:
    done = sandbox.run(["no-such-program"], cwd=tmp_path, env=sandbox.environment(tmp_path / "h", tmp_path / "t"))
    assert done.exit == 127
    assert "no-such-program" in done.stderr


def test_a_folder_that_does_not_exist_leaves_no_pipe_open(tmp_path: Path) -> None:
    before = len(list(Path("/dev/fd").iterdir()))
    with pytest.raises(FileNotFoundError):
        sandbox.run(["true"], cwd=tmp_path / "nowhere", env={})
    assert len(list(Path("/dev/fd").iterdir())) == before


def test_only_allowed_variables_are_passed_on(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in (
        "GITHUB_TOKEN",
        "AWS_SECRET_ACCESS_KEY",
        "PYTEST_ADDOPTS",
        "COVERAGE_PROCESS_START",
        "PYTHONPATH",
        "CI",
    ):
        monkeypatch.setenv(name, "leak")
    done = run(tmp_path, "import os; print(sorted(k for k in os.environ if k != 'LC_CTYPE'))")
    assert done.stdout.strip() == "['CHECK_RUN', 'HOME', 'LANG', 'PATH', 'TMPDIR']"


def test_a_hanging_command_is_ended_with_its_detached_children(tmp_path: Path) -> None:
    code = "import subprocess, time; subprocess.Popen(['sleep', '4711.1'], start_new_session=True); time.sleep(60)"
    done = run(tmp_path, code, seconds=0.5)
    assert done.timed_out
    assert done.seconds < 10
    assert gone("4711.1")


def test_daemons_that_scrub_their_environment_end_with_the_command(tmp_path: Path) -> None:
    code = """import os
if os.fork() == 0:
    os.setsid()
    if os.fork() == 0:
        os.execve('/bin/sleep', ['sleep', '4711.2'], {})
    os._exit(0)
import time; time.sleep(0.3)"""
    assert run(tmp_path, code).exit == 0
    assert gone("4711.2")


def test_a_command_steps_back_for_others_as_far_as_it_is_told_to(tmp_path: Path) -> None:
    done = [run(tmp_path, "import os; print(os.nice(0))", limits=Limits(nice=nice)).stdout for nice in (0, 5)]
    assert int(done[1]) == min(int(done[0]) + 5, 19)


def test_many_processes_are_ended(tmp_path: Path) -> None:
    code = "import os, time\nfor _ in range(6): os.fork()\ntime.sleep(4711.3)"
    done = run(tmp_path, code, limits=Limits(processes=20))
    assert done.limit == "processes"
    assert gone("4711.3")


def test_too_much_memory_ends_the_command(tmp_path: Path) -> None:
    done = run(tmp_path, "x = b'a' * (200 << 20)\nimport time; time.sleep(60)", limits=Limits(memory=100 << 20))
    assert done.limit == "memory"


def test_a_file_cannot_grow_beyond_its_limit(tmp_path: Path) -> None:
    code = "import os\nfor _ in range(9): os.write(os.open('big', os.O_WRONLY | os.O_CREAT | os.O_APPEND), b'x' * 1000)"
    done = run(tmp_path, code, file_size=4000)
    assert done.exit != 0
    assert (tmp_path / "big").stat().st_size == 4000


@pytest.mark.slow
def test_a_gigabyte_of_output_is_drained_and_not_kept(tmp_path: Path) -> None:
    done = run(tmp_path, "import os\nb = b'x' * (1 << 20)\nfor _ in range(1024): os.write(1, b)\nos.write(1, b'end')")
    assert done.exit == 0
    assert done.truncated
    assert len(done.stdout) < 200_000
    assert done.stdout.endswith("end")
    assert "bytes left out" in done.stdout


def test_lines_that_the_gap_cuts_are_left_out() -> None:
    tail, line = Tail(), b'{"n": 1}\n'
    assert tail.lines() == []
    tail.write(line + b"no end yet")
    assert tail.lines() == ['{"n": 1}', "no end yet"]
    tail.write(b"\n" + line * sandbox.TAIL_BYTES)
    assert tail.truncated
    assert set(tail.lines()) == {'{"n": 1}', "no end yet"}


def test_a_line_is_what_ends_with_a_line_feed() -> None:
    tail = Tail()
    tail.write("one\u2028still one\ntwo\n".encode())
    assert tail.lines() == ["one\u2028still one", "two"]


def test_the_tail_keeps_everything_that_is_short() -> None:
    tail = Tail()
    for part in (b"a" * sandbox.HEAD_BYTES, b"b", b"c"):
        tail.write(part)
    assert tail.text() == "a" * sandbox.HEAD_BYTES + "bc"
    assert not tail.truncated


def test_control_characters_never_reach_a_report() -> None:
    assert clean_text("\x1b[31mred\x1b[0m\x1b]0;title\x07 a\x00b\r\nc\rd\u202ee\x9b") == "red ab\nc\nde"
    assert clean_text(b"\xff\xfeok") == "\ufffd\ufffdok"


def test_an_ended_grader_leaves_no_process(tmp_path: Path) -> None:
    script = f"""
from pathlib import Path
from checks import sandbox
root = Path({str(tmp_path)!r})
sandbox.run(["sh", "-c", "sleep 4711.4 & sleep 4711.4"], cwd=root, env=sandbox.environment(root / "h", root / "t"))
"""
    for number in (signal.SIGINT, signal.SIGKILL):
        grader = subprocess.Popen([sys.executable, "-c", script], stderr=subprocess.DEVNULL)
        deadline = time.monotonic() + 10
        while len(alive("sleep 4711.4")) < 2 and time.monotonic() < deadline:
            time.sleep(0.05)
        assert alive("sleep 4711.4")
        grader.send_signal(number)
        assert grader.wait(10) != 0
        assert gone("4711.4")


def test_terminate_all_ends_what_runs_and_starts_nothing_more(tmp_path: Path) -> None:
    script = f"""
import signal, sys, threading
from pathlib import Path
from checks import sandbox
from checks.model import NotMeasured
root = Path({str(tmp_path)!r})
env = sandbox.environment(root / "h", root / "t")
def handler(*_):
    sandbox.terminate_all()
signal.signal(signal.SIGALRM, handler)
signal.setitimer(signal.ITIMER_REAL, 0.5)
exits = []
other = threading.Thread(target=lambda: exits.append(sandbox.run(["sleep", "4711.5"], cwd=root, env=env).exit))
other.start()
exits.append(sandbox.run(["sleep", "4711.5"], cwd=root, env=env).exit)
other.join()
print(*exits)
try:
    sandbox.run(["true"], cwd=root, env=env)
except NotMeasured as error:
    print(error)
"""
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, timeout=20, check=True)
    assert done.stdout == "-9 -9\nthe grading was interrupted\n"
    assert gone("4711.5")


def test_a_killed_supervisor_does_not_spare_its_command(tmp_path: Path) -> None:
    env = sandbox.environment(tmp_path / "h", tmp_path / "t")
    running = sandbox.start(["sh", "-c", "setsid sleep 4711.6 & sleep 4711.6"], cwd=tmp_path, env=env)
    while len(alive("sleep 4711.6")) < 2:
        time.sleep(0.02)
    os.kill(running._process.pid, signal.SIGKILL)
    assert running.wait(5).exit is None
    assert gone("4711.6")


def test_a_supervisor_that_does_not_answer_is_ended_with_its_command(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sandbox, "GRACE_SECONDS", 0.3)
    env = sandbox.environment(tmp_path / "h", tmp_path / "t")
    running = sandbox.start(["sleep", "4711.7"], cwd=tmp_path, env=env)
    while not alive("sleep 4711.7"):
        time.sleep(0.02)
    os.kill(running._process.pid, signal.SIGSTOP)
    assert running.stop().exit is None
    assert gone("sleep 4711.7")


def test_everything_is_ended_from_another_thread(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sandbox, "_closed", threading.Event())
    env = sandbox.environment(tmp_path / "h", tmp_path / "t")
    timer = threading.Timer(0.3, sandbox.terminate_all)
    timer.start()
    assert sandbox.run(["sleep", "4711.8"], cwd=tmp_path, env=env).exit == -9
    timer.join()
    with pytest.raises(NotMeasured, match="interrupted"):
        sandbox.start(["true"], cwd=tmp_path, env=env)


def test_a_started_command_gets_signals_and_time_for_goodbye(tmp_path: Path) -> None:
    env = sandbox.environment(tmp_path / "h", tmp_path / "t")
    # Not SIGHUP: a shell whose parent ignores it, as under `nohup`, can't trap it.
    code = "trap 'echo told' USR1; trap 'echo bye; exit 7' TERM; echo up; while :; do sleep 0.05; done"
    running = sandbox.start(["sh", "-c", code], cwd=tmp_path, env=env, goodbye=signal.SIGTERM)
    assert eventually(lambda: "up" in running.output(), 30)
    running.send(signal.SIGUSR1)
    assert eventually(lambda: "told" in running.output(), 30)
    assert not running.ended
    done = running.stop()
    assert (done.exit, done.stdout) == (7, "up\ntold\nbye\n")
    assert running.stop() is done


def test_isolation_that_is_required_and_missing_is_not_measured(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    sandbox.bubblewrap.cache_clear()
    try:
        with pytest.raises(NotMeasured, match="install `bubblewrap`"):
            sandbox.isolated(session(tmp_path, isolation="require"))
        relaxed = session(tmp_path)
        assert not sandbox.isolated(relaxed)
        assert any("isolation: none" in note for note in relaxed.notes)
    finally:
        sandbox.bubblewrap.cache_clear()


def test_a_bubblewrap_that_does_not_work_is_no_isolation(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    fake = tmp_path / "bwrap"
    monkeypatch.setenv("PATH", f"{tmp_path}:{os.environ['PATH']}")
    for content in ("#!/bin/sh\nexit 1\n", "no program at all"):
        fake.write_text(content)
        fake.chmod(0o755)
        sandbox.bubblewrap.cache_clear()
        try:
            assert sandbox.bubblewrap() is None
        finally:
            sandbox.bubblewrap.cache_clear()


def test_an_isolated_command_sees_neither_home_nor_network_nor_writes_outside(tmp_path: Path) -> None:
    require_tool("bwrap")
    sandbox.bubblewrap.cache_clear()
    assert sandbox.isolated(session(tmp_path, isolation="require"))
    env = sandbox.environment(tmp_path / "h", tmp_path / "t")
    box = Box(readable=(Path(sys.prefix),), writable=(tmp_path,), network=False)
    home = Path.home()
    script = f"ls -A {home} | wc -l; touch /usr/x; touch mine && echo wrote; grep -c : /proc/net/dev; kill -TERM $$"
    done = sandbox.run(["sh", "-c", script], cwd=tmp_path, env=env, box=box)
    assert done.stdout.split()[1:] == ["wrote", "1"]
    assert "/usr/x" in done.stderr
    assert done.exit == -15
    assert (tmp_path / "mine").exists()


def test_signals_reach_an_isolated_command(tmp_path: Path) -> None:
    require_tool("bwrap")
    sandbox.bubblewrap.cache_clear()
    env = sandbox.environment(tmp_path / "h", tmp_path / "t")
    code = "trap 'exit 7' TERM; echo up; while :; do sleep 0.05; done"
    running = sandbox.start(["sh", "-c", code], cwd=tmp_path, env=env, box=Box(writable=(tmp_path,)))
    while "up" not in running.output():
        time.sleep(0.01)
    running.send(signal.SIGTERM)
    assert running.wait(5).exit == 7


def test_two_threads_may_stop_the_same_command(tmp_path: Path) -> None:
    running = sandbox.start(["sleep", "60"], cwd=tmp_path, env=sandbox.environment(tmp_path / "h", tmp_path / "t"))
    results: list[Completed] = []
    threads = [threading.Thread(target=lambda: results.append(running.stop())) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert results[0] is results[1]
