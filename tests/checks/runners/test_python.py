import subprocess
import sys
from pathlib import Path

import pytest

from checks import sandbox
from checks.evidence import coverage, source
from checks.model import Blocked, NotMeasured
from checks.runners import base, finding
from checks.runners.launching import example_values
from checks.runners.options import addopts
from checks.session import Limits
from checks.testing import repository, write_tree
from tests.checks.runners.workshop import Workshop, alive, session
from tests.support.tools import require_tool

APP = "def f(x):\n    if x:\n        return 1\n    return 2\n"
GOOD = "from app import f\n\n\ndef test_true():\n    assert f(1) == 1\n"
BAD = "\n\ndef test_false():\n    assert f(0) == 1\n"
BASE = {"requirements.txt": "pytest\n", "src/app/__init__.py": APP, "tests/test_app.py": GOOD}

pytestmark = pytest.mark.slow


def test_a_suite_runs_in_a_clean_copy_and_is_counted(workshop: Workshop) -> None:
    run = workshop.run({**BASE, "src/app/ünused.py": "X = 1\n"})
    assert run.complete
    assert (run.summary.passed, run.summary.failed, run.summary.errors, run.summary.skipped) == (1, 0, 0, 0)
    assert run.lines["src/app/__init__.py"] == frozenset({1, 2, 3})
    assert not (workshop.tree.root / ".pytest_cache").exists()
    assert list(workshop.session.work.glob("copy-*")) == []
    tree = workshop.tree
    measured = coverage.collect(run, source.collect(tree), tree).summary
    assert (measured.covered, measured.total) == (3, 5)
    assert [(f.path, f.measured) for f in measured.files] == [
        ("src/app/__init__.py", True),
        ("src/app/ünused.py", False),
    ]


def test_failures_skips_and_expected_failures_are_told_apart(workshop: Workshop) -> None:
    more = """
import pytest
@pytest.mark.skip(reason="later")
def test_skipped(): assert f(1)
@pytest.mark.xfail
def test_expected_but_passes(): assert f(1)
@pytest.mark.xfail
def test_expected_to_fail(): assert not f(1)
@pytest.fixture
def broken(): raise RuntimeError
def test_error(broken): assert f(1)
"""
    summary = workshop.run({**BASE, "tests/test_app.py": GOOD + BAD + more}).summary
    assert (summary.passed, summary.failed, summary.errors, summary.skipped) == (1, 1, 1, 3)


@pytest.mark.parametrize(
    ("conftest", "problem"),
    [
        ("import os\ndef pytest_sessionfinish(): os._exit(0)\n", "ended with exit code 0 before it was over"),
        ("import os\nos._exit(0)\n", "before it was over"),
        ("import pytest\ndef pytest_runtest_setup(item): pytest.exit('ok', returncode=0)\n", "stopped from within: ok"),
        ("def pytest_sessionfinish(session): session.exitstatus = 0\n", "contradicts the report of 1 failures"),
        (
            "import glob\ndef pytest_unconfigure(config):\n    open(config.option.xmlpath, 'w').close()\n",
            "cannot be read",
        ),
        ("import os\ndef pytest_unconfigure(config): os.unlink(config.option.xmlpath)\n", "no test report was written"),
    ],
)
def test_a_run_that_lies_about_its_end_is_not_complete(workshop: Workshop, conftest: str, problem: str) -> None:
    result = workshop.run({**BASE, "tests/test_app.py": GOOD + BAD, "tests/conftest.py": conftest}).results[0]
    assert result.stage == "stopped"
    assert problem in result.problem


def test_tests_that_a_hook_or_an_option_drops_are_named(workshop: Workshop) -> None:
    drop = "def pytest_collection_modifyitems(items): items[:] = [i for i in items if 'false' not in i.name]\n"
    result = workshop.run({**BASE, "tests/test_app.py": GOOD + BAD, "conftest.py": drop}).results[0]
    assert result.unran == ("tests/test_app.py::test_false",)
    options = {"pytest.ini": "[pytest]\naddopts = -k true --cov=app -p no:terminal --strict-markers -x\n"}
    result = workshop.run({**BASE, "tests/test_app.py": GOOD + BAD, **options}).results[0]
    assert [c.outcome for c in result.cases] == ["passed", "failed"]
    assert result.ignored_options == "-k true --cov=app -p no:terminal -x"


def test_stale_reports_and_the_repositorys_own_coverage_rules_play_no_part(workshop: Workshop) -> None:
    files: dict[str, str | bytes] = {
        **BASE,
        ".coverage": b"forged",
        ".coveragerc": "[run]\nomit = *\n[report]\nexclude_lines = .*\n",
        "tests/conftest.py": "import os\nassert not os.path.exists('.coverage')\n"
        "open('.coverage', 'w').write('forged')\nopen('junit.xml', 'w').write('<testsuite/>')\n",
    }
    summary = workshop.coverage(files).summary
    assert (summary.covered, summary.total) == (3, 4)


def test_no_tests_a_syntax_error_and_an_unknown_option_are_problems(workshop: Workshop) -> None:
    empty = workshop.run({**BASE, "tests/test_app.py": "X = 1\n"}).results[0]
    assert empty.problem == "no tests were collected"
    broken = workshop.run({**BASE, "tests/test_more.py": "def test_x(:\n"})
    assert broken.complete
    assert (broken.summary.passed, broken.summary.errors) == (1, 1)
    wrong = workshop.run({**BASE, "pytest.ini": "[pytest]\naddopts = -p nothing_like_that\n"}).results[0]
    assert wrong.stage == "stopped"
    assert "nothing_like_that" in wrong.log


def test_hanging_tests_are_ended_with_their_children(workshop: Workshop) -> None:
    hanging = "import subprocess, time\n"
    hanging += "def test_x():\n    subprocess.Popen(['setsid', 'sleep', '4713'])\n    time.sleep(60)\n"
    run = workshop.run({**BASE, "tests/test_app.py": hanging}, limits=Limits(seconds=3))
    assert run.results[0].problem == "the tests did not end within 3 s and were ended"
    assert alive("sleep 4713") == []
    with pytest.raises(Blocked):
        coverage.collect(run, source.collect(workshop.tree), workshop.tree)


def test_many_processes_end_the_run(workshop: Workshop) -> None:
    bomb = "import os, time\ndef test_x():\n    for _ in range(6): os.fork()\n    time.sleep(60)\n"
    run = workshop.run({**BASE, "tests/test_app.py": bomb}, limits=Limits(processes=16))
    assert "more processes than allowed (16)" in run.results[0].problem


def test_subprocesses_and_threads_of_the_tests_are_measured(workshop: Workshop) -> None:
    code = """import subprocess, sys, threading, multiprocessing
import app
def test_threads():
    t = threading.Thread(target=app.f, args=(1,)); t.start(); t.join()
    assert True if t else False
def test_program():
    assert subprocess.run([sys.executable, '-c', 'import app; app.f(0)']).returncode == 0
"""
    assert workshop.run({**BASE, "tests/test_app.py": code}).lines["src/app/__init__.py"] == frozenset({1, 2, 3, 4})


def test_the_interpreter_is_taken_from_python_version(workshop: Workshop) -> None:
    from checks.runners.python_environment import interpreters

    known = interpreters()
    other = next((i for i in known if i.version >= (3, 12)), known[0])  # a machine may have only one
    version = f"{other.version[0]}.{other.version[1]}"
    code = "import sys\nfrom app import f\n"
    code += f"def test_x():\n    assert f(1) == 1\n    assert sys.version.startswith('{version}.')\n"
    run = workshop.run({**BASE, ".python-version": f"{version}\n", "tests/test_app.py": code})
    assert (run.summary.passed, run.results[0].interpreter) == (1, f"Python {version}")
    assert run.lines["src/app/__init__.py"] == frozenset({1, 2, 3})


def test_unittest_runs_where_there_is_no_pytest(workshop: Workshop) -> None:
    code = """import unittest
from app import f
class T(unittest.TestCase):
    def test_good(self): self.assertEqual(f(1), 1)
    def test_bad(self): self.assertEqual(f(1), 2)
    def test_error(self): raise RuntimeError
    def test_parts(self):
        with self.subTest(1): self.assertEqual(f(1), 2)
    @unittest.skip("later")
    def test_skip(self): pass
    @unittest.expectedFailure
    def test_known(self): self.fail()
    @unittest.expectedFailure
    def test_surprise(self): pass
"""
    run = workshop.run({"requirements.txt": "", "src/app/__init__.py": APP, "tests/test_app.py": code})
    assert run.complete
    assert (run.summary.passed, run.summary.failed, run.summary.errors, run.summary.skipped) == (1, 3, 1, 2)
    assert run.lines["src/app/__init__.py"] == frozenset({1, 2, 3})


def test_a_broken_lock_file_is_the_repositorys_failure(workshop: Workshop) -> None:
    broken = {**BASE, "uv.lock": "version = [", "pyproject.toml": '[project]\nname = "a"\nversion = "1"\n'}
    result = workshop.run(broken).results[0]
    assert (result.stage, result.problem) == ("install", "uv.lock is not valid TOML")
    wrong = workshop.run({**BASE, "requirements.txt": "pytest==9.9.9.nonsense\n"}).results[0]
    assert (wrong.stage, wrong.problem) == ("install", "installing the dependencies failed")
    assert "pytest==9.9.9.nonsense" in wrong.log


def test_an_environment_is_built_once_and_for_its_lock_file(workshop: Workshop, cache: Path) -> None:
    workshop.run(BASE)
    before = {p.name for p in (cache / "environments").iterdir()}
    workshop.run({**BASE, "tests/test_more.py": GOOD})
    assert {p.name for p in (cache / "environments").iterdir()} == before


def test_several_suites_are_run_and_added_up(workshop: Workshop) -> None:
    second = {f"jobs/{path}": text for path, text in BASE.items()}
    run = workshop.run({**BASE, **second, "web/package.json": "{}", "web/a.test.js": "it('x')"})
    assert run.summary.passed == 2
    assert [r.suite.folder for r in run.results] == ["", "jobs"]
    assert {"src/app/__init__.py", "jobs/src/app/__init__.py"} <= run.lines.keys()
    assert any("not run" in note and "node" in note for note in workshop.session.notes)


def test_the_frames_of_other_stacks_say_that_they_are_not_built(workshop: Workshop) -> None:
    run = workshop.run({"web/package.json": "{}", "web/a.test.js": "it('x')"}, stack=())
    assert [(r.stage, "not built yet" in r.problem) for r in run.results] == [("unknown", True)]
    tree = workshop.tree
    with pytest.raises(NotMeasured, match="not built yet"):
        coverage.collect(run, source.collect(tree), tree)


def test_the_tests_reach_throwaway_services_and_example_values(workshop: Workshop) -> None:
    code = """import os, socket
def test_x():
    url = os.environ["REDIS_URL"]
    host, port = url.rpartition("@")[2].partition("/")[0].split(":")
    assert socket.create_connection((host, int(port)))
    assert os.environ["WORD"] == "a b"
    assert len(os.environ["SECRET_KEY"]) > 40
"""
    files = {
        **BASE,
        "tests/test_app.py": code,
        ".env.example": "WORD='a b' # c\nREDIS_URL=x\nSECRET_KEY=y\nPATH=/evil\n",
    }
    run = workshop.run(files, services=("redis",))
    assert run.summary.passed == 1, run.results


def test_isolated_tests_have_no_network_and_cannot_write_outside(workshop: Workshop) -> None:
    require_tool("bwrap")
    sandbox.bubblewrap.cache_clear()
    code = """import os, pathlib, pytest
from app import f
def test_x(tmp_path):
    assert f(1) == 1
    with pytest.raises(OSError):
        pathlib.Path("/usr/check-x").write_text("x")
    assert open("/proc/net/dev").read().count(":") == 1
    pathlib.Path("written").write_text("fine")
"""
    run = workshop.run({**BASE, "tests/test_app.py": code}, isolation="require")
    assert run.summary.passed == 1, run.results
    assert "network during the tests: off" in workshop.session.notes
    assert run.lines["src/app/__init__.py"] == frozenset({1, 2, 3})


def test_interrupting_a_grading_leaves_no_process(tmp_path: Path, cache: Path) -> None:
    import signal
    import time

    hanging = "import time\ndef test_x():\n    time.sleep(4714)\n"
    repository(tmp_path / "r", {**BASE, "tests/test_app.py": hanging})
    script = f"""
from pathlib import Path
from checks.evidence import suite
from checks.repository import open_repository
from tests.checks.runners.workshop import session
suite.collect(open_repository(Path({str(tmp_path / "r")!r})), session(Path({str(tmp_path)!r}), Path({str(cache)!r})))
"""
    grader = subprocess.Popen([sys.executable, "-c", script], stderr=subprocess.DEVNULL, cwd=Path.cwd())
    try:
        deadline = time.monotonic() + 30
        while not list(tmp_path.glob("work/run-*/out/*.json")) and time.monotonic() < deadline:
            time.sleep(0.05)  # until the run has begun its record
        assert list(tmp_path.glob("work/run-*/out/*.json"))
        grader.send_signal(signal.SIGINT)
        assert grader.wait(15) != 0
    finally:
        grader.kill()
        grader.wait()
    assert alive(str(tmp_path)) == []
    assert list((tmp_path / "work").glob("copy-*")) == []


def test_detection_finds_suites_where_their_manifests_are(tmp_path: Path) -> None:
    tree = repository(
        tmp_path,
        {
            "pyproject.toml": "", "tests/test_a.py": "", "tests/requirements.txt": "", "requirements/dev.txt": "",
            "services/a/manage.py": "", "services/a/requirements.txt": "", "services/a/x/tests.py": "",
            "lib/pyproject.toml": "", "lib/code.py": "",
        },
    )  # fmt: skip
    found = [(s.folder, s.shown_by) for s in finding.python_suites(tree)]
    assert found == [("", "pyproject.toml"), ("services/a", "services/a/manage.py")]


def test_tests_without_any_manifest_are_a_suite_of_the_root(tmp_path: Path) -> None:
    tree = repository(tmp_path, {"test_a.py": ""})
    assert [s.title for s in finding.suites(tree)] == ["pytest in the root"]


def test_other_stacks_are_detected(tmp_path: Path) -> None:
    tree = repository(
        tmp_path,
        {
            "Gemfile": "", "spec/a_spec.rb": "", "api/Gemfile": "", "api/test/a_test.rb": "",
            "web/package.json": '{"devDependencies": {"jest": "30"}}', "web/__tests__/a.js": "",
            "cli/package.json": b"x" * (2 << 20), "cli/a.spec.ts": "",
        },
    )  # fmt: skip
    found = [(s.stack, s.folder, s.framework) for s in finding.suites(tree)]
    assert found == [
        ("ruby", "", "rspec"),
        ("ruby", "api", "minitest"),
        ("node", "cli", "node:test"),
        ("node", "web", "jest"),
    ]
    with pytest.raises(NotMeasured):
        base.runners()["node"].test(finding.suites(tree)[2], tmp_path, None, {}, session(tmp_path))  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("files", "words"),
    [
        ({"pytest.ini": "[pytest]\naddopts = -q 'a b'"}, ["-q", "a b"]),
        ({"pyproject.toml": '[tool.pytest.ini_options]\naddopts = ["-q"]'}, ["-q"]),
        ({"pyproject.toml": '[tool.pytest]\naddopts = "-q"'}, ["-q"]),
        ({"pyproject.toml": "[tool.other]", "setup.cfg": "[tool:pytest]\naddopts=-x"}, ["-x"]),
        ({"pyproject.toml": "[", "tox.ini": "[pytest]\naddopts=-x"}, ["-x"]),
        ({"tox.ini": "no section"}, []),
        ({"pytest.ini": "[pytest]\naddopts = 'open"}, []),
        ({}, []),
    ],
)
def test_options_come_from_the_file_that_pytest_would_use(files: dict[str, str], words: list[str]) -> None:
    assert addopts(files.get)[1] == words


def test_example_values_never_steer_a_program(tmp_path: Path) -> None:
    text = '# c\nexport A=1\nB = "two # words"\nC=\nLD_PRELOAD=x\nPYTHONPATH=x\nHOME=/\nD=4 # four\nnot a line\n'
    write_tree(tmp_path, {".env.example": text})
    assert example_values(tmp_path) == {"A": "1", "B": "two # words", "D": "4"}
    assert example_values(tmp_path / "none") == {}


def test_the_copy_is_exact_but_for_stale_reports_and_links_that_leave(tmp_path: Path) -> None:
    root = write_tree(
        tmp_path / "r",
        {"bin/rün me": "#!/bin/sh\n", "a/b.txt": b"\xff\x00", "coverage.xml": "x", "a/.coverage.host.1": "x",
         "htmlcov/i.html": "x", "junit-1.xml": "x", ".coveragerc": "keep"},
    )  # fmt: skip
    (root / "bin/rün me").chmod(0o755)
    (root / "inside").symlink_to(root / "a" / "b.txt")
    (root / "a" / "up").symlink_to("../bin")
    (root / "outside").symlink_to("/etc/passwd")
    tree = repository(root, {}, git=True)
    base.copy_tree(tree, tmp_path / "copy")
    copy = tmp_path / "copy"
    found = {p.relative_to(copy).as_posix() for p in copy.rglob("*") if not p.is_dir() or p.is_symlink()}
    assert found == {"bin/rün me", "a/b.txt", "inside", "a/up", ".coveragerc"}
    assert (copy / "bin/rün me").stat().st_mode & 0o111
    assert (copy / "inside").read_bytes() == b"\xff\x00"
    assert (copy / "inside").resolve() == (copy / "a/b.txt").resolve()
    assert (copy / "a/up").readlink() == Path("../bin")


def test_a_giant_tree_is_not_copied(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(base, "COPY_LIMIT", 3)
    with pytest.raises(NotMeasured, match="larger"):
        base.copy_tree(repository(tmp_path / "r", {"a": "four"}), tmp_path / "copy")
