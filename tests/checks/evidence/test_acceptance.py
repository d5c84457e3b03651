"""Scenarios are run against a real application: booted, cut off, killed, started again, and stopped."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Iterator, Mapping
from pathlib import Path

import psutil
import pytest

from checks.acceptance.outcome import Case, Outcome
from checks.evidence.acceptance import AcceptanceRun, collect
from checks.model import Blocked
from checks.repository import open_repository
from checks.session import Limits, Session
from scaffolder.projects import find_project
from tests.support.tiny import Tiny, make
from tests.support.tools import cache_folder

pytestmark = pytest.mark.slow

MORE = '''\
"""What the fixtures can do, seen from a scenario."""

import os

import pytest

from checks.acceptance import BootFailed, blocked, eventually, expect, not_measured, parallel


def test_own_environment(app):
    """The application has its own variables and none of the grader's."""
    expect(app.env["GREETING_LANGUAGE"], "en", "The project's variable is set.")
    assert "CHECK_TEST_TOKEN" in os.environ
    done = app.run("env")
    assert "GREETING_LANGUAGE=en" in done.stdout
    assert "CHECK_TEST_TOKEN" not in done.stdout


def test_databases(app):
    """The databases are empty and the grader sees into them."""
    expect(app.sql("select count(*) from pg_tables where schemaname = 'public'"), [(0,)], "No table is there.")
    expect(app.sql("select %(a)s::int + 1", a=1), [(2,)], "Values are passed.")
    app.redis.set("k", "v")
    expect(app.redis.get("k"), b"v", "Redis keeps a value.")


def test_missing_table(app):
    """The database has the table."""
    app.sql("select 1 from nowhere.to_be_found")


def test_upload(app, client, contract):
    """What was sent as a stream can still be looked at."""
    client(app.url("web")).post("/greeting", files={"file": ("a.txt", b"text", "text/plain")})
    assert contract.violations is not None


def test_cut(app, client):
    """A dependency goes away and comes back."""
    web = client(app.url("web"))
    expect(web.get("/readyz").status_code, 200, "Ready.")
    with app.cut("redis"):
        expect(web.get("/readyz").status_code, 503, "Not ready.")
        expect(web.get("/healthz").status_code, 200, "But alive.")
    expect(web.get("/readyz").status_code, 200, "Ready again.")


def test_processes(app, client):
    """A process is killed with its children, started again, ended in peace, and started beside another."""
    assert app.running("worker")
    assert app.rss("worker") > app.rss("web") > 1 << 20
    with app.watch_memory("worker") as memory:
        app.kill("worker")
    assert not app.running("worker")
    assert memory.before > 0
    process = app.start("worker")
    expect(process.url, app.url("worker"), "The same port.")
    ended = app.terminate("worker")
    assert ended.graceful, ended
    app.start("worker", env={"WORD": "later"})
    with app.another("web") as twin:
        assert twin.url != app.url("web")
        expect(client(twin.url).get("/healthz").status_code, 200, "The twin answers.")
    client(app.url("web")).get("/healthz?seen")
    assert eventually(lambda: any("seen" in line for line in app.logs("web")), 5, "the request is logged")
    assert "/readyz" in app.log("worker")


def test_launch(launch):
    """A process without a variable says so and ends."""
    with launch("web", env={"SECRET_KEY": None}) as process:
        done = process.wait(10)
    expect((done.exit, done.stderr.strip()), (1, "SECRET_KEY is not set"), "One clear line.")


def test_second(app, boot):
    """A second application has a database of its own."""
    with boot(env={"COLOUR": "blue"}, only=("web",)) as other:
        assert other.env["DATABASE_URL"] != app.env["DATABASE_URL"]
        expect((other.env["COLOUR"], set(other.booted.processes)), ("blue", {"web"}), "Only what was asked for.")
        nice = [int(done.stdout) for done in (app.run("nice"), app.run("nice", aside=True), other.run("nice"))]
        assert nice[0] < nice[1] == nice[2], "What runs aside steps back."
    with pytest.raises(BootFailed):
        with boot(env={"SECRET_KEY": None}):
            pass


def test_peer(peer):
    """The grader plays a service."""
    from checks.acceptance.peer import Reply

    import httpx2

    played = peer(lambda request: Reply(json={"ok": True}))
    expect(httpx2.get(played.url).json(), {"ok": True}, "It answers.")


@pytest.mark.last
def test_last(app):
    """It ends what all others need."""
    assert 0 < app["web"].ready < 60
    app.kill("web")


@pytest.mark.late
def test_late():
    """It is asked when everything else is over."""


def test_parallel():
    """Things happen side by side, and an exception is a result."""
    def fails():
        raise ValueError("no")

    one, two = parallel([lambda: 1, fails])
    expect((one, str(two)), (1, "no"), "Both have ended.")


def test_limits(limits):
    """The figures of the plan are at hand."""
    expect(limits.planned_seconds, 3, "From project.toml.")


@pytest.mark.parametrize("number", [1, 2, 3])
def test_parts(app, client, number):
    """Two of three parts are right."""
    client(app.url("web")).get(f"/healthz?part={number}")
    assert number != 2, f"The number {number} is not right."


def test_mismatch(app, client):
    """Something else was expected."""
    expect(client(app.url("web")).get("/healthz").json(), {"status": "fine"}, "It is fine.")


def test_waiting():
    """It never comes."""
    eventually(lambda: "", 0.2, "something comes", pause=0.05)


def test_no_answer(client):
    """Nobody answers there."""
    client("http://127.0.0.1:9").get("/")


def test_too_slow(app, client):
    """The answer takes too long."""
    client(app.url("web"), timeout=0.3).get("/slow")


def test_blocked():
    """It can't be judged yet."""
    blocked("no greeting can be had", by="acceptance.m1.greets")


def test_unknown():
    """It can't be found out here."""
    not_measured("there is no telescope on this machine")


def test_violation(app, client):
    """The scenario trips over an answer that breaks the contract."""
    client(app.url("web")).get("/broken").json()["text"].upper()


def test_crash(app, client):
    """The scenario itself is wrong."""
    client(app.url("web")).get("/healthz").json()["nothing"]


@pytest.mark.safe
def test_reads_only(app, client):
    """It only reads."""
    expect(client(app.url("web")).get("/healthz").status_code, 200, "It is healthy.")
'''


CONFTEST = """\
import pytest


@pytest.fixture(scope="session")
def app_env():
    return {"GREETING_LANGUAGE": "en"}
"""


@pytest.fixture(scope="module")
def tiny(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Tiny]:
    made = make(tmp_path_factory.mktemp("templates"), '["postgresql", "redis"]')
    made.write("acceptance/conftest.py", CONFTEST)
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("SCAFFOLD_TEMPLATES", str(made.root))
        patch.setenv("CHECK_TEST_TOKEN", "secret")
        for variable in ("DATABASE_URL", "REDIS_URL"):
            patch.delenv(variable, raising=False)
        yield made


def session_for(tiny: Tiny, work: Path, **more: object) -> Session:
    work.mkdir(parents=True, exist_ok=True)
    return Session(find_project("tiny"), work, cache_folder() / "check", Limits(seconds=120), **more)  # type: ignore[arg-type]


def tree(folder: Path) -> set[str]:
    return {str(p.relative_to(folder)) for p in folder.rglob("*")}


@pytest.fixture(scope="module")
def run(tiny: Tiny, tmp_path_factory: pytest.TempPathFactory) -> AcceptanceRun:
    """The tiny project's scenarios and those above, on its starter."""
    work = tmp_path_factory.mktemp("work")
    more = work / "more"
    more.mkdir()
    (more / "test_kit_fixtures.py").write_text(MORE)
    before = tree(tiny.project)
    found = collect(open_repository(tiny.project / "starter"), session_for(tiny, work / "session", acceptance=more))
    assert found.problem == "", found.log
    assert tree(tiny.project) == before
    assert not list((work / "session").glob("acceptance-*"))
    return found


def ended(run: AcceptanceRun, name: str) -> Mapping[str, Case]:
    return {case.name: case for case in run.cases[f"acceptance.kit.{name}"]}


@pytest.mark.parametrize(
    "name",
    [
        "last",
        "own-environment",
        "databases",
        "upload",
        "cut",
        "processes",
        "launch",
        "second",
        "peer",
        "parallel",
        "limits",
        "reads-only",
    ],
)
def test_what_scenarios_are_written_with_works(run: AcceptanceRun, name: str) -> None:
    assert ended(run, name)[""].outcome is Outcome.PASSED, ended(run, name)[""]


def test_the_projects_scenarios_come_first_and_find_what_the_starter_lacks(run: AcceptanceRun) -> None:
    assert list(run.cases)[:2] == ["acceptance.m1.processes-boot", "acceptance.m1.greets"]
    assert run.cases["acceptance.m1.processes-boot"][0].outcome is Outcome.PASSED
    (case,) = run.cases["acceptance.m1.greets"]
    assert (case.outcome, case.reason, case.expected, case.actual) == (
        Outcome.FAILED, "A greeting is answered.", "200", "501",
    )  # fmt: skip
    assert case.request == "GET /greeting?Ada → 501, application/json: {}"


def test_late_scenarios_come_behind_all_others_and_the_last_at_the_end(run: AcceptanceRun) -> None:
    assert list(run.cases)[-2:] == ["acceptance.kit.late", "acceptance.kit.last"]


def test_a_parametrised_scenario_has_a_case_for_each_parameter(run: AcceptanceRun) -> None:
    cases = ended(run, "parts")
    assert {name: case.outcome.value for name, case in cases.items()} == {"1": "passed", "2": "failed", "3": "passed"}
    assert cases["2"].reason == "The number 2 is not right."
    assert "part=2" in cases["2"].request


@pytest.mark.parametrize(
    ("name", "outcome", "reason"),
    [
        ("mismatch", Outcome.FAILED, "It is fine."),
        ("missing-table", Outcome.FAILED, "The database has the tables and columns that the documents name."),
        ("waiting", Outcome.FAILED, "Within 0.2 s: something comes."),
        ("no-answer", Outcome.FAILED, "No answer: GET /: ConnectError"),
        ("too-slow", Outcome.FAILED, "No answer: GET /slow: ReadTimeout"),
        ("blocked", Outcome.BLOCKED, "no greeting can be had"),
        ("unknown", Outcome.UNKNOWN, "there is no telescope"),
        ("violation", Outcome.FAILED, "The answer does not conform to the contract."),
        ("crash", Outcome.CRASHED, "KeyError: 'nothing' (test_kit_fixtures.py:"),
    ],
)
def test_each_way_to_end_is_told_apart(run: AcceptanceRun, name: str, outcome: Outcome, reason: str) -> None:
    case = ended(run, name)[""]
    assert (case.outcome, case.reason[: len(reason)]) == (outcome, reason)
    assert case.by == ("acceptance.m1.greets" if name == "blocked" else "")


def test_an_application_that_does_not_boot_fails_one_scenario_and_blocks_the_others(tiny: Tiny, tmp_path: Path) -> None:
    repository = tmp_path / "repository"
    repository.mkdir()
    (repository / "Procfile").write_text("web: echo no database >&2; exit 3\nworker: sleep 60\n")
    found = collect(open_repository(repository), session_for(tiny, tmp_path / "work"))
    (boots,) = found.cases["acceptance.m1.processes-boot"]
    assert boots.outcome is Outcome.FAILED
    assert boots.reason == "web: ended with exit code 3 before it was ready\nno database"
    (greets,) = found.cases["acceptance.m1.greets"]
    assert (greets.outcome, greets.by) == (Outcome.BLOCKED, "acceptance.m1.processes-boot")


def test_without_a_procfile_nothing_boots(tiny: Tiny, tmp_path: Path) -> None:
    (tmp_path / "repository").mkdir()
    found = collect(open_repository(tmp_path / "repository"), session_for(tiny, tmp_path / "work"))
    assert found.cases["acceptance.m1.processes-boot"][0].reason == "Procfile: is not there"


def test_only_the_ordered_scenarios_are_run(tiny: Tiny, tmp_path: Path) -> None:
    session = session_for(tiny, tmp_path / "work", scenarios=("acceptance.m1.greets",))
    found = collect(open_repository(tiny.project / "starter"), session)
    assert list(found.cases) == ["acceptance.m1.greets"]


def test_a_run_that_takes_too_long_is_ended_and_keeps_what_it_found(tiny: Tiny, tmp_path: Path) -> None:
    more = tmp_path / "more"
    more.mkdir()
    (more / "test_z.py").write_text('import time\n\n\ndef test_hangs():\n    """It hangs."""\n    time.sleep(600)\n')
    work = tmp_path / "work"
    work.mkdir()
    session = Session(find_project("tiny"), work, cache_folder() / "check", Limits(seconds=15), acceptance=more)
    found = collect(open_repository(tiny.project / "starter"), session)
    assert found.problem == "the scenarios did not end within 15 s and were ended"
    assert "acceptance.m1.greets" in found.cases
    assert "acceptance.z.hangs" not in found.cases
    left = [p for p in psutil.process_iter(["cmdline", "environ"]) if str(work) in str(p.info)]
    assert left == []


def test_dependencies_that_cannot_be_installed_block_all_of_it(tiny: Tiny, tmp_path: Path) -> None:
    repository = tmp_path / "repository"
    repository.mkdir()
    (repository / "Procfile").write_text("web: true\n")
    (repository / "requirements.txt").write_text("no spaces allowed==here\n")
    with pytest.raises(Blocked) as caught:
        collect(open_repository(repository), session_for(tiny, tmp_path / "work"))
    assert caught.value.by == "tests.env-lock"


def test_a_deployment_gets_the_safe_scenarios_only(tiny: Tiny, tmp_path: Path) -> None:
    more = tmp_path / "more"
    more.mkdir()
    (more / "test_kit_fixtures.py").write_text(MORE)
    port = "18431"
    environment = {"PATH": os.environ["PATH"], "PORT": port, "SECRET_KEY": "x"}
    server = subprocess.Popen(
        ["python3", "app.py", "web"], cwd=tiny.project / "starter", env=environment, stdout=subprocess.DEVNULL
    )
    try:
        session = session_for(tiny, tmp_path / "work", acceptance=more, urls={"web": f"http://127.0.0.1:{port}"})
        found = collect(open_repository(tiny.project / "starter"), session)
    finally:
        server.kill()
        server.wait()
    outcomes = {id_: cases[0].outcome for id_, cases in found.cases.items()}
    assert outcomes["acceptance.kit.reads-only"] is Outcome.PASSED
    assert {o for id_, o in outcomes.items() if id_ != "acceptance.kit.reads-only"} == {Outcome.UNKNOWN}
