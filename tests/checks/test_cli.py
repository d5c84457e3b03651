"""The `check` command as people and scripts meet it: messages, files, exit codes."""

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import jsonschema
import pytest
from click.testing import CliRunner, Result

from checks import grading
from checks.cli import command
from checks.reports import document
from checks.testing import repository, write_tree
from scaffolder import __version__
from scaffolder.plan import plan
from scaffolder.projects import find_project
from tests.support.github import GitHub

PROJECT = """
schema = 1
id = "tiny"
title = "Tiny project"
summary = "For tests."
status = "ready"
weeks = [1]
stack = ["python"]
stack_title = "Python"
services = []
processes = ["web"]
baseline = 0
tools = ["git"]

[[milestones]]
id = "m1"
week = 1
title = "Container"
points = 10
docs = "docs/m1.md"
tasks = [{ id = "m1.1", title = "Write it" }]
checks = [{ id = "docker.non-root", weight = 1 }, { id = "docker.file", weight = 1 }]

[[milestones]]
id = "m2"
week = 1
title = "Tests"
points = 10
docs = "docs/m2.md"
tasks = [{ id = "m2.1", title = "Write them" }]
checks = [{ id = "tests.pass", weight = 1 }]

[[metrics]]
id = "technical.container"
title = "Runs in a container"
group = "technical"
checks = ["docker.file"]
"""
DOCKERFILE = 'FROM python:3.13.1-slim\nWORKDIR /app\nCOPY . .\nUSER 1000\nCMD ["python", "app.py"]\n'
FILES = {"Dockerfile": DOCKERFILE, "requirements.txt": "pytest\n", "app.py": "print('hello')\n"}
Check = Callable[..., Result]


@pytest.fixture
def check(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Check:
    """Run the command with a tiny project and a cache of its own."""
    write_tree(tmp_path / "templates", {"copier.yml": "", "tiny/project.toml": PROJECT, "tiny/starter/x": ""})
    monkeypatch.setenv("SCAFFOLD_TEMPLATES", str(tmp_path / "templates"))
    monkeypatch.setenv("CHECK_CACHE_DIR", str(tmp_path / "cache"))
    monkeypatch.delenv("GITHUB_ACTIONS", raising=False)
    handlers = [(number, signal.getsignal(number)) for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)]

    def run(*arguments: object) -> Result:
        try:
            return CliRunner().invoke(command, [str(a) for a in arguments])
        finally:
            for number, handler in handlers:
                signal.signal(number, handler)

    return run


@pytest.fixture
def repo(tmp_path: Path) -> Path:
    return repository(tmp_path / "my repo ✓", FILES, git=True).root


def test_a_static_grading_prints_a_scorecard_and_ends_with_0(check: Check, repo: Path) -> None:
    result = check(repo, "--static")
    assert result.exit_code == 0, result.output
    assert "Tiny project" in result.stdout
    assert "50.0 %" in result.stdout
    assert "PROVISIONAL" in result.stdout


def test_the_current_folder_is_the_default_target(check: Check, repo: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(repo)
    assert "my repo" in check("--static").stdout


def test_below_the_bar_ends_with_1_and_the_bar_itself_does_not(check: Check, repo: Path) -> None:
    assert check(repo, "--static", "--min-score", "50").exit_code == 0
    assert check(repo, "--static", "--min-score", "50.01%").exit_code == 1


@pytest.mark.parametrize("bar", ["-1", "101", "many", "1/0"])
def test_a_bar_that_is_no_percentage_is_refused(check: Check, repo: Path, bar: str) -> None:
    result = check(repo, "--static", f"--min-score={bar}")
    assert (result.exit_code, "percentage from 0 to 100" in result.stderr) == (2, True)


def test_the_repository_is_not_changed(check: Check, repo: Path) -> None:
    def state() -> dict[Path, tuple[int, bytes]]:
        return {p: (p.stat().st_mtime_ns, p.read_bytes()) for p in repo.rglob("*") if p.is_file()}

    before = state()
    check(repo, "--static", "--format", "html,json", "--output", repo.parent / "out")
    assert state() == before


def test_an_unchanged_repository_is_answered_from_the_cache_and_says_so(check: Check, repo: Path) -> None:
    first = check(repo, "--static", "--format", "json").stdout
    again = check(repo, "--static").stdout
    assert "kept from an earlier run on the same tree" in again
    kept = json.loads(check(repo, "--static", "--format", "json").stdout)
    assert (kept["cached"], kept["graded_at"]) == (True, json.loads(first)["graded_at"])
    fresh = check(repo, "--static", "--no-cache", "--format", "json").stdout
    assert json.loads(fresh)["cached"] is False
    write_tree(repo, {"app.py": "changed"})
    assert json.loads(check(repo, "--static", "--format", "json").stdout)["cached"] is False


def test_a_damaged_kept_scorecard_is_measured_again(check: Check, repo: Path, tmp_path: Path) -> None:
    check(repo, "--static")
    (kept,) = (tmp_path / "cache" / "scorecards").glob("*.json")
    kept.write_text('{"schema": 1}', encoding="utf-8")
    assert json.loads(check(repo, "--static", "--format", "json").stdout)["cached"] is False


def test_several_formats_go_into_a_folder(check: Check, repo: Path, tmp_path: Path) -> None:
    formats = "terminal,json,markdown,html,junit,sarif,badge"
    result = check(repo, "--static", "--format", formats, "-o", tmp_path / "out")
    assert result.exit_code == 0, result.output
    assert sorted(p.name for p in (tmp_path / "out").iterdir()) == [
        "scorecard.html", "scorecard.json", "scorecard.junit.xml", "scorecard.md", "scorecard.sarif", "scorecard.svg",
        "scorecard.txt",
    ]  # fmt: skip
    assert "\x1b[" not in (tmp_path / "out" / "scorecard.txt").read_text(encoding="utf-8")


def test_one_format_goes_into_the_file_that_is_named(check: Check, repo: Path, tmp_path: Path) -> None:
    check(repo, "--static", "--format", "json", "-o", tmp_path / "result.json")
    assert document.loads((tmp_path / "result.json").read_text(encoding="utf-8")).project == "tiny"


def test_formats_without_a_place_to_go_are_refused(check: Check, repo: Path, tmp_path: Path) -> None:
    assert "add --output FOLDER" in check(repo, "--format", "json,html").stderr
    (tmp_path / "file").write_text("", encoding="utf-8")
    assert "is a file" in check(repo, "--static", "--format", "json,html", "-o", tmp_path / "file").stderr
    assert "not one of" in check(repo, "--format", "pdf").stderr


def test_an_output_that_cannot_be_written_is_named(check: Check, repo: Path, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("", encoding="utf-8")
    result = check(repo, "--static", "--format", "json", "-o", tmp_path / "file" / "x.json")
    assert (result.exit_code, result.stderr.count("cannot be written")) == (2, 1)


def test_several_targets_make_a_table_and_a_folder_each(check: Check, repo: Path, tmp_path: Path) -> None:
    other = repository(tmp_path / "other", {**FILES, "Dockerfile": DOCKERFILE.replace("USER 1000\n", "")}, git=True)
    result = check(repo, other.root, "--static", "--format", "json", "-o", tmp_path / "out", "--min-score", "40")
    assert result.exit_code == 1
    assert "my repo" in result.stdout
    assert "other" in result.stdout
    assert (tmp_path / "out" / "other" / "scorecard.json").is_file()


def test_two_targets_of_one_name_are_refused_before_they_overwrite_each_other(
    check: Check, repo: Path, tmp_path: Path
) -> None:
    twin = repository(tmp_path / "b" / repo.name, FILES)
    result = check(repo, twin.root, "--static", "-o", tmp_path / "out")
    assert (result.exit_code, "in two runs" in result.stderr) == (2, True)


def test_only_restricts_to_a_milestone_a_family_or_a_check(check: Check, repo: Path) -> None:
    def ids(*names: str) -> set[str]:
        only = [part for name in names for part in ("--only", name)]
        output = check(repo, "--static", *only, "--format", "json").stdout
        return {f.id for f in document.loads(output).findings}

    assert ids("m1") == {"docker.non-root", "docker.file"}
    assert ids("docker.file") == {"docker.file"}
    assert "docker.exec-form" in ids("docker")
    assert ids("docker.file", "m2") == {"docker.file", "tests.pass"}


def test_only_with_an_unknown_name_suggests_one(check: Check, repo: Path) -> None:
    result = check(repo, "--only", "dokcer")
    assert result.exit_code == 2
    assert "Did you mean 'docker'?" in result.stderr


def test_next_shows_so_many_steps_and_nothing_else(check: Check, repo: Path) -> None:
    write_tree(repo, {"Dockerfile": DOCKERFILE.replace("USER 1000\n", "")})
    output = check(repo, "--static", "--next", "1").stdout
    assert "docker.non-root" in output
    assert "Milestones" not in output
    assert "docker.non-root" in check(repo, "--static", "--next").stdout


def test_explain_tells_why_and_how(check: Check) -> None:
    output = check("--explain", "docker.non-root").stdout
    assert "docker.non-root" in output
    assert "Repair:" in output
    wrong = check("--explain", "docker.nonroot")
    assert (wrong.exit_code, "Did you mean docker.non-root?" in wrong.stderr) == (2, True)


def test_list_shows_every_check_to_people_and_machines(check: Check) -> None:
    assert "docker.non-root" in check("--list").stdout
    rows = json.loads(check("--list", "--format", "json").stdout)
    assert {"id", "title", "effort", "advisory"} == set(rows[0])
    assert len(rows) >= 50


def test_the_version_is_told_as_scaffold_tells_it(check: Check) -> None:
    assert check("--version").stdout == f"check {__version__}\n"


def test_completion_scripts_can_be_printed(check: Check) -> None:
    assert "_CHECK_COMPLETE=bash_complete" in check("--completion", "bash").stdout


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["nowhere"], "no such folder"),
        (["{repo}/app.py"], "this is a file"),
        (["{repo}", "--project", "tinny"], "Did you mean 'tiny'?"),
        (["{empty}"], "Cannot tell which project"),
    ],
)
def test_a_wrong_target_is_one_clear_message_and_2(
    check: Check, repo: Path, tmp_path: Path, arguments: list[str], message: str
) -> None:
    (tmp_path / "empty").mkdir()
    result = check(*(a.format(repo=repo, empty=tmp_path / "empty") for a in arguments))
    assert result.exit_code == 2
    assert message in result.stderr
    assert result.stderr.startswith("check: ")
    assert "Traceback" not in result.output


def test_an_empty_repository_can_be_graded_as_a_named_project(check: Check, tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    result = check(tmp_path / "empty", "--static", "--project", "tiny")
    assert (result.exit_code, "0.0 %" in result.stdout) == (0, True)


def test_a_planned_project_says_that_it_has_no_checks(
    check: Check, tmp_path: Path, repo: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("SCAFFOLD_TEMPLATES")
    result = check(repo, "--project", "project3")
    assert (result.exit_code, "has no checks yet" in result.stderr) == (2, True)


def test_a_failure_writes_a_result_that_says_so(check: Check, tmp_path: Path) -> None:
    check(tmp_path / "nowhere", "--format", "json", "-o", tmp_path / "result.json")
    result = json.loads((tmp_path / "result.json").read_text(encoding="utf-8"))
    assert (result["failure"]["kind"], result["failure"]["exit_code"]) == ("usage", 2)
    assert "no such folder" in result["failure"]["message"]
    schema = json.loads((Path(__file__).parents[2] / "docs/schema/failure.schema.json").read_text(encoding="utf-8"))
    jsonschema.Draft202012Validator(schema).validate(result)
    last = json.loads((tmp_path / "cache" / "results" / "nowhere.json").read_text(encoding="utf-8"))
    assert last == result


@pytest.mark.parametrize(
    "wrong",
    [
        ["--min-score", "200"],
        ["--format", "yaml"],
        ["--next", "0"],
        ["--bogus"],
        ["--static", "--url", "http://localhost"],
    ],
)
@pytest.mark.parametrize("last", [True, False])
def test_a_refused_command_line_replaces_an_older_result(
    check: Check, repo: Path, tmp_path: Path, wrong: list[str], last: bool
) -> None:
    place = ["--format", "json", "-o", tmp_path / "result.json"]
    check(repo, "--static", *place)
    result = check(repo, *place, *wrong) if last else check(*wrong, repo, *place)
    assert result.exit_code == 2
    for path in (tmp_path / "result.json", tmp_path / "cache" / "results" / f"{repo.name}.json"):
        assert json.loads(path.read_text(encoding="utf-8"))["failure"]["kind"] == "usage"


def test_formats_that_have_no_place_leave_the_file_alone_and_the_last_result_says_why(
    check: Check, repo: Path, tmp_path: Path
) -> None:
    kept = tmp_path / "notes.txt"
    kept.write_text("mine")
    result = check(repo, "--format", "json,html", "-o", kept)
    assert (result.exit_code, kept.read_text(), len(result.stderr.splitlines())) == (2, "mine", 1)
    last = json.loads((tmp_path / "cache" / "results" / f"{repo.name}.json").read_text(encoding="utf-8"))
    assert "need a folder" in last["failure"]["message"]


def test_a_cache_folder_that_cannot_be_written_is_named_with_the_variable_that_chooses_another(
    check: Check, repo: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "file").touch()
    monkeypatch.setenv("CHECK_CACHE_DIR", str(tmp_path / "file" / "cache"))
    result = check(repo, "--static")
    assert (result.exit_code, "CHECK_CACHE_DIR" in result.stderr) == (2, True)


@pytest.mark.parametrize("arguments", [["--static"], ["--static", "--next"], ["--list"]])
def test_a_reader_that_has_seen_enough_is_no_failure(check: Check, repo: Path, arguments: list[str]) -> None:
    del check  # only its settings
    program = "from checks.cli import main; main()"
    with subprocess.Popen(
        [sys.executable, "-c", program, str(repo), "--quiet", *arguments],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    ) as process:
        assert process.stdout is not None
        assert process.stderr is not None
        process.stdout.close()
        assert process.stderr.read() == b""
    assert process.returncode == 0


def test_a_failing_target_leaves_the_others_their_results(check: Check, repo: Path, tmp_path: Path) -> None:
    out = tmp_path / "out"
    result = check(tmp_path / "nowhere", repo, "--static", "--format", "json", "-o", out)
    assert result.exit_code == 2
    assert "no such folder" in result.stderr
    assert "1 repository" in result.stdout
    for good in (out / repo.name / "scorecard.json", tmp_path / "cache" / "results" / f"{repo.name}.json"):
        assert document.loads(good.read_text(encoding="utf-8")).project == "tiny"
    for bad in (out / "nowhere" / "scorecard.json", tmp_path / "cache" / "results" / "nowhere.json"):
        assert "no such folder" in json.loads(bad.read_text(encoding="utf-8"))["failure"]["message"]


def test_a_crash_of_the_grader_is_reported_as_its_own_fault(
    check: Check, repo: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def crash(*_: object, **__: object) -> None:
        raise RuntimeError("boom")

    monkeypatch.setattr(grading, "grade", crash)
    result = check(repo, "--static")
    assert result.exit_code == 3
    assert "the grader failed: RuntimeError: boom" in result.stderr
    assert "Traceback" not in result.stderr
    assert "Traceback" in check(repo, "--static", "--verbose").stderr


def test_an_interrupt_is_not_called_a_failure_of_anybody(
    check: Check, repo: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def interrupt(*_: object, **__: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(grading, "grade", interrupt)
    result = check(repo, "--static")
    assert (result.exit_code, "interrupted" in result.stderr) == (3, True)


def test_steps_are_named_while_they_run_when_asked(check: Check, repo: Path) -> None:
    assert "Reading Dockerfiles …" in check(repo, "--static", "--no-cache", "--verbose").stderr
    assert check(repo, "--static", "--no-cache", "--quiet").stderr == ""


def test_due_dates_follow_from_the_scaffolds_start(check: Check, repo: Path) -> None:
    write_tree(repo, {".scaffold/lock.json": '{"project": "tiny", "start": "2026-11-23"}'})
    subprocess.run(["git", "-C", str(repo), "add", "-A"], check=True)
    card = document.loads(check(repo, "--static", "--format", "json").stdout)
    assert {m.due for m in card.milestones} == {"2026-11-29"}


def test_colours_are_for_terminals_and_for_those_who_ask(check: Check, repo: Path) -> None:
    assert "\x1b[" not in check(repo, "--static").stdout
    assert "\x1b[" in check(repo, "--static", "--color").stdout


SLOW_TESTS = {
    "requirements.txt": "pytest\n",
    "test_slow.py": """
import os, subprocess, sys, time

def test_hangs():
    subprocess.Popen([sys.executable, "-c", "import time; time.sleep(600)", os.environ["MARK"]])
    open(os.environ["MARK"], "w").close()
    time.sleep(600)
""",
    ".env.example": "MARK={mark}\n",
}


@pytest.mark.slow
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_an_interrupted_grading_leaves_no_process_and_no_folder(
    check: Check, tmp_path: Path, number: signal.Signals
) -> None:
    mark = tmp_path / f"mark-{os.getpid()}-{number}"
    temporary = tmp_path / "tmp"
    temporary.mkdir()
    files = {path: text.replace("{mark}", str(mark)) for path, text in SLOW_TESTS.items()}
    root = repository(tmp_path / "hanging", files, git=True).root
    program = "from checks.cli import main; main()"
    grader = subprocess.Popen(
        [sys.executable, "-c", program, str(root), "--project", "tiny", "--sandbox", "none"],
        env={**os.environ, "TMPDIR": str(temporary)},
        stderr=subprocess.PIPE,
        stdout=subprocess.PIPE,
    )
    deadline = time.monotonic() + 120
    while not mark.exists():
        assert time.monotonic() < deadline, "the tests never started"
        assert grader.poll() is None, grader.communicate()
        time.sleep(0.05)
    grader.send_signal(number)
    _, errors = grader.communicate(timeout=30)
    assert grader.returncode == 3, errors
    assert b"interrupted" in errors
    assert list(temporary.iterdir()) == []
    listing = subprocess.run(["ps", "-eo", "args"], check=True, capture_output=True, text=True).stdout
    assert str(mark) not in listing


def test_a_scorecard_is_attested_at_its_commit(check: Check, repo: Path, tmp_path: Path) -> None:
    assert check(repo, "--format", "json", "-o", tmp_path / "claim.json", "-q").exit_code == 0
    (repo / "Dockerfile").write_text("FROM scratch\n")
    result = check(repo, "--attest", tmp_path / "claim.json", "--format", "json", "-o", tmp_path / "out.json", "-q")
    assert result.exit_code == 0, result.output
    assert "attested: the scorecard of" in result.stderr
    data = json.loads((tmp_path / "out.json").read_text())
    assert (data["assurance"], data["subject"]["dirty"]) == ("attested", 0)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (["--attest", "{claim}", "--static"], "--attest measures one whole repository"),
        (["--attest", "{claim}", "--only", "m1"], "--attest measures one whole repository"),
        (["--attest", "{claim}"], "no scorecard"),
        (["--sync-issues", "--static"], "--sync-issues judges whole milestones"),
        (["--sync-issues"], "--sync-issues needs a repository with its origin at GitHub"),
    ],
)
def test_attesting_and_syncing_say_what_they_need(
    check: Check, repo: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, options: list[str], message: str
) -> None:
    for variable in ("GITHUB_TOKEN", "GH_TOKEN"):
        monkeypatch.delenv(variable, raising=False)
    (tmp_path / "claim.json").write_text("{}")
    result = check(repo, "-q", *(option.format(claim=tmp_path / "claim.json") for option in options))
    assert result.exit_code == 2, result.output
    assert message in result.stderr


def test_published_issues_follow_the_verdicts(
    check: Check, repo: Path, github: GitHub, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("github.Consts.DEFAULT_SECONDS_BETWEEN_REQUESTS", 0)
    monkeypatch.setattr("github.Consts.DEFAULT_SECONDS_BETWEEN_WRITES", 0)
    monkeypatch.setenv("GITHUB_TOKEN", "t")
    monkeypatch.setenv("GITHUB_API_URL", github.url)
    subprocess.run(["git", "-C", repo, "remote", "add", "origin", "git@github.com:octo/shop.git"], check=True)
    shop = github.repo()
    for number, issue in enumerate(plan(find_project("tiny"), None).issues, 1):
        shop.issues.append({"id": number, "number": number, "title": issue.title, "body": issue.body, "state": "open"})
    result = check(repo, "--sync-issues", "-q")
    assert result.exit_code == 0, result.output
    assert [issue["state"] for issue in shop.issues] == ["closed", "open"]
    assert "issues of octo/shop: 1 closed, 0 reopened, 0 tasks without an issue" in result.stderr
