from pathlib import Path

import pytest

from checks.formats import ruby_coverage
from checks.model import NotMeasured
from checks.runners import ruby_environment
from checks.runners.base import InstallFailed
from checks.runners.options import split_options
from checks.runners.ruby_dependencies import parse_lock, satisfies, wanted_ruby
from checks.runners.ruby_environment import Interpreter, choose, interpreters
from checks.runners.ruby_record import disagreement, read_record
from checks.sandbox import Completed
from checks.testing import write_tree
from tests.checks.runners.workshop import session

SUM = "sha256=" + "a" * 64
LOCK = f"""GIT
  remote: https://example.org/tool.git
  revision: 0123
  specs:
    tool (0.1.0)

GEM
  remote: https://rubygems.org/
  specs:
    nokogiri (1.18.9-x86_64-linux-gnu)
    rack (3.2.0)
      base64 (>= 0.1.0)

PLATFORMS
  x86_64-linux

DEPENDENCIES
  nokogiri
  rack (~> 3.2)
  tool!

CHECKSUMS
  nokogiri (1.18.9-x86_64-linux-gnu) {SUM}
  rack (3.2.0) {SUM}
  tool (0.1.0)

RUBY VERSION
   ruby 3.4.9p82

BUNDLED WITH
   2.6.9
"""


def test_a_lock_file_names_gems_dependencies_and_checksums() -> None:
    found = parse_lock(LOCK)
    assert found.gems == {"tool": "0.1.0", "nokogiri": "1.18.9-x86_64-linux-gnu", "rack": "3.2.0"}
    assert found.dependencies == ("nokogiri", "rack", "tool")
    assert found.checksums  # a gem from git has a revision, and needs none
    assert not parse_lock(LOCK.replace(f"  rack (3.2.0) {SUM}\n", "  rack (3.2.0)\n")).checksums


@pytest.mark.parametrize(
    "text",
    [
        "", "GEM\n", "not a lock file", LOCK.replace("    rack (3.2.0)\n", ""),
        "<<<<<<< HEAD\n" + LOCK, LOCK.replace("PLATFORMS", "=======\nPLATFORMS"),
    ],
)  # fmt: skip
def test_a_lock_file_that_is_none_is_an_install_failure(text: str) -> None:
    with pytest.raises(InstallFailed, match=r"Gemfile\.lock"):
        parse_lock(text)


@pytest.mark.parametrize(
    ("version", "wanted", "fits"),
    [
        ((3, 4, 1), "", True), ((3, 4, 1), "3.4.1", True), ((3, 4, 1), "3.4", True), ((3, 4, 1), "3.4.2", False),
        ((3, 4, 1), "~> 3.4", True), ((3, 4, 1), "~> 3.3", True), ((3, 4, 1), "~> 3.3.0", False),
        ((4, 0, 0), "~> 3.4", False), ((3, 4, 1), ">= 3.2, < 3.4", False), ((3, 3, 8), ">= 3.2, < 3.4", True),
        ((3, 4, 0), "> 3.4", False), ((3, 4, 0), "<= 3.4.0", True), ((3, 4, 0), "= 3.4", True),
        ((3, 4, 0), "!= 3.4.0", False), ((3, 4, 1), "nonsense", True),
    ],
)  # fmt: skip
def test_versions_are_compared_as_rubygems_does(version: tuple[int, ...], wanted: str, fits: bool) -> None:
    assert satisfies(version, wanted) == fits


@pytest.mark.parametrize(
    ("files", "wanted"),
    [
        ({"Gemfile": 'source "x"\nruby "3.4.9"\n', ".ruby-version": "3.3.0"}, ("3.4.9", "Gemfile")),
        ({"Gemfile": "ruby '>= 3.3', '< 4', engine: 'ruby'\n"}, (">= 3.3, < 4", "Gemfile")),
        ({"Gemfile": 'ruby file: ".tool-versions"\n', ".tool-versions": "nodejs 20\nruby 3.4.1\n"}, ("3.4.1", ".tool-versions")),
        ({"Gemfile": 'ruby file: "../../secret"\n', ".ruby-version": "ruby-3.4.1\n"}, ("3.4.1", ".ruby-version")),
        ({"Gemfile": "# ruby '1.0'\n"}, ("", "")),
        ({".ruby-version": "jruby-9.4\n"}, ("", "")),
    ],
)  # fmt: skip
def test_the_wanted_ruby_is_read_from_gemfile_and_version_files(
    tmp_path: Path, files: dict[str, str | bytes], wanted: tuple[str, str]
) -> None:
    write_tree(tmp_path / "a" / "b", files)
    write_tree(tmp_path, {"secret": "9.9.9"})
    assert wanted_ruby(tmp_path / "a" / "b") == wanted


def ruby(*version: int) -> Interpreter:
    return Interpreter(version, Path("/r/bin/ruby"), Path("/r"), "x86_64-linux", "2.6.9")


@pytest.mark.parametrize(
    ("wanted", "name", "noted"),
    [("3.3.8", "Ruby 3.3.8", False), ("3.3.1", "Ruby 3.3.8", True), ("2.7", "Ruby 3.4.2", True), ("", "Ruby 3.4.2", False)],
)  # fmt: skip
def test_the_ruby_is_the_one_asked_for_or_the_nearest_and_that_is_said(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, wanted: str, name: str, noted: bool
) -> None:
    monkeypatch.setattr(ruby_environment, "interpreters", lambda: (ruby(3, 4, 2), ruby(3, 3, 8), ruby(3, 2, 0)))
    grading = session(tmp_path)
    write_tree(tmp_path, {".ruby-version": wanted})
    assert choose(tmp_path, grading).name == name
    assert any("which .ruby-version asks for, is not here" in note for note in grading.notes) == noted


def test_no_ruby_is_not_measured(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ruby_environment, "interpreters", tuple)
    with pytest.raises(NotMeasured, match="no Ruby with Bundler is installed"):
        choose(tmp_path, session(tmp_path))


def test_installed_rubies_are_found_on_the_path_and_with_version_managers(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fake(place: str, *lines: str) -> None:
        said = "".join(f"echo '{line}'\n" for line in lines)
        write_tree(tmp_path, {place: f"#!/bin/sh\n{said}"})
        (tmp_path / place).chmod(0o755)

    fake("bin/ruby", "ruby", "3.4.2", "x86_64-linux", str(tmp_path), "2.6.9")
    fake("shims/ruby", "ruby", "9.9.9", "x86_64-linux", "/", "2.6.9")
    fake("rbenv/versions/3.3.8/bin/ruby", "ruby", "3.3.8", "x86_64-linux", str(tmp_path), "2.5.22")
    fake("rbenv/versions/3.0.7/bin/ruby", "ruby", "3.0.7", "x86_64-linux", str(tmp_path), "2.2.33")  # too old
    fake("rbenv/versions/jruby/bin/ruby", "jruby", "3.4.0", "java", str(tmp_path), "2.6.9")
    fake("rbenv/versions/broken/bin/ruby", "no Bundler")
    monkeypatch.setenv("PATH", f"{tmp_path}/shims:{tmp_path}/bin")
    monkeypatch.setenv("RBENV_ROOT", str(tmp_path / "rbenv"))
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    interpreters.cache_clear()
    try:
        assert [i.version for i in interpreters() if tmp_path in i.path.parents] == [(3, 4, 2), (3, 3, 8)]
    finally:
        interpreters.cache_clear()


def test_of_rspecs_options_only_what_loads_is_kept() -> None:
    kept, dropped = split_options("--require a -rb -I lib --tag x --format=d -o out # c\n--color")
    assert kept == [["--require", "a"], ["-rb"], ["-I", "lib"]]
    assert dropped == [["--tag", "x"], ["--format=d"], ["-o", "out"], ["--color"]]
    assert split_options("--require 'open") == ([], [])


def told(path: Path, *events: tuple[object, ...]) -> Path:
    path.write_bytes("".join("\x1f".join(map(str, event)) + "\x1e" for event in events).encode())
    return path


def done(code: int | None) -> Completed:
    return Completed(code, "", "", "", truncated=False, seconds=1.0)


PASSED = ("ended", "a[1]", "spec.a", "works", "passed", "0.25", "")
FAILED = ("ended", "a[2]", "spec.a", "fails", "failed", "0.5", "no")


def test_a_record_tells_cases_and_what_did_not_run(tmp_path: Path) -> None:
    events = (("collected", "a[1]", "a[2]", "a[3]", "a[4]"), ("deselected", "a[3]"), ("began", "a[1]"), PASSED, FAILED,
              ("outside", " An error occurred. ", "E: x"), ("expected", "a[2]"), ("exit", 1))  # fmt: skip
    found = read_record(told(tmp_path / "r", *events))
    assert found is not None
    assert [(c.id, c.name, c.outcome, c.seconds) for c in found.cases] == [
        ("a[1]", "works", "passed", 0.25), ("a[2]", "fails", "failed", 0.5), ("", "An error occurred", "error", 0.0),
    ]  # fmt: skip
    assert (found.unran, found.deselected, found.expected, found.exit) == (("a[4]",), ("a[3]",), ("a[2]",), 1)
    assert disagreement(found, done(1)) == ""


@pytest.mark.parametrize(
    ("events", "code", "problem"),
    [
        ((("collected", "a"), ("exit", 0)), 0, "no tests were run"),
        ((("collected",), ("exit", 0)), 0, "no tests were collected"),
        ((PASSED, ("exit", 1)), 1, "exit code 1 contradicts the report of 0 failures"),
        ((FAILED, ("exit", 0)), 0, "exit code 0 contradicts the report of 1 failures"),
        ((FAILED, ("exit", 1)), 0, "exit code 0 contradicts the report of 1 failures"),
        ((PASSED, ("began", "a[2]")), 0, "the run ended with exit code 0 before it was over, in a[2]"),
        ((PASSED, ("stopped", "exit(0) was called"), ("exit", 0)), 0, "the run was stopped from within: exit(0) was called"),
    ],
)  # fmt: skip
def test_a_record_that_contradicts_itself_is_a_problem(
    tmp_path: Path, events: tuple[tuple[object, ...], ...], code: int, problem: str
) -> None:
    assert disagreement(read_record(told(tmp_path / "r", *events)), done(code)) == problem


def test_a_record_that_is_missing_or_forged_is_a_problem(tmp_path: Path) -> None:
    assert disagreement(read_record(tmp_path / "none"), done(None)) == "the run ended by force before it was over"
    for event in (("ended", "a"), ("ended", "a", "g", "n", "fine", "1", ""), ("ended", "a", "g", "n", "passed", "x", ""),
                  ("exit", "many"), ("exit",)):  # fmt: skip
        with pytest.raises(ValueError):
            read_record(told(tmp_path / "r", event))


def test_line_data_is_added_up_over_processes_and_told_by_test(tmp_path: Path) -> None:
    told(tmp_path / "1", ("", "/r/a.rb", "1 2"), ("t1", "/r/a.rb", "2"))
    told(tmp_path / "2", ("", "/r/a.rb", "5"), ("t2", "/r/a.rb", "2 5"), ("t2", "/r/b.rb", "1"))
    assert ruby_coverage.read_folder(tmp_path).executed == {"/r/a.rb": frozenset({1, 2, 5})}
    assert ruby_coverage.tests_by_line(tmp_path, "/r/a.rb") == {2: {"t1", "t2"}, 5: {"t2"}}
    told(tmp_path / "3", ("", "/r/a.rb", "one"))
    assert ruby_coverage.read_folder(tmp_path).problems != ()
    with pytest.raises(ValueError):
        ruby_coverage.tests_by_line(tmp_path, "/r/a.rb")
