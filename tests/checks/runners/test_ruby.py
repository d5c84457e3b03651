from collections.abc import Iterator, Mapping
from pathlib import Path

import pytest

from checks import sandbox
from checks.evidence import coverage, source
from checks.evidence.suite import SuiteRun
from checks.model import Blocked
from checks.runners import base
from checks.runners.finding import ruby_suites
from checks.runners.ruby import RubyRunner
from checks.session import Limits
from checks.testing import repository
from tests.checks.runners.workshop import Workshop, alive
from tests.checks.runners.workshop import session as make_session
from tests.support.ruby import GEMFILE, LOCK, ruby_on_the_path
from tests.support.tools import require_tool

APP = "def f(x)\n  if x\n    return 1\n  end\n  2\nend\n"
GOOD = 'require_relative "../lib/app"\nRSpec.describe "f" do\n  it("is one") { expect(f(true)).to eq 1 }\nend\n'
BAD = '\nRSpec.describe "more" do\n  it("is false") { expect(f(nil)).to eq 1 }\nend\n'
BASE = {"Gemfile": GEMFILE, "Gemfile.lock": LOCK, "lib/app.rb": APP, "spec/app_spec.rb": GOOD}
MINITEST = """require "minitest/autorun"
require_relative "../lib/app"
class AppTest < Minitest::Test
  def test_one = assert_equal(1, f(true))
  def test_false = assert_equal(1, f(nil))
  def test_error = raise("no")
  def test_later = skip("later")
end
describe "f" do
  it("is two") { _(f(nil)).must_equal 2 }
end
"""

pytestmark = pytest.mark.slow


@pytest.fixture(autouse=True, scope="module")
def ruby() -> Iterator[None]:
    with ruby_on_the_path():
        yield


def run(workshop: Workshop, files: Mapping[str, str | bytes], **options: object) -> SuiteRun:
    return workshop.run(files, stack=("ruby",), **options)


def test_a_suite_runs_in_a_clean_copy_and_is_counted(workshop: Workshop) -> None:
    spec = (
        GOOD + BAD + 'RSpec.describe "others" do\n  xit("later") { f(1) }\n  it("pends") { pending "x"; fail }\nend\n'
    )
    found = run(workshop, {**BASE, "spec/app_spec.rb": spec, "lib/ünused.rb": "X = 1\n"})
    assert found.complete, found.results
    summary = found.summary
    assert (summary.passed, summary.failed, summary.errors, summary.skipped) == (1, 1, 0, 2)
    assert found.lines["lib/app.rb"] == frozenset({1, 2, 3, 5})
    result = found.results[0]
    assert (result.lock, result.pinned, result.expected_failures) == (
        "Gemfile.lock",
        "versions",
        ("./spec/app_spec.rb[3:2]",),
    )
    assert [c.name for c in result.cases] == ["f is one", "more is false", "others later", "others pends"]
    assert list(workshop.session.work.glob("copy-*")) == []
    tree = workshop.tree
    measured = coverage.collect(found, source.collect(tree), tree).summary
    assert [(f.path, f.measured) for f in measured.files] == [("lib/app.rb", True), ("lib/ünused.rb", False)]
    assert (measured.covered, measured.total) == (4, 5)


def test_minitest_is_run_and_recorded_alike(workshop: Workshop) -> None:
    files = {**BASE, "test/app_test.rb": MINITEST, "test/broken_test.rb": "raise 'at load'\n"}
    del files["spec/app_spec.rb"]
    found = run(workshop, files)
    assert found.complete, found.results
    summary = found.summary
    assert (summary.passed, summary.failed, summary.errors, summary.skipped) == (2, 1, 2, 1)
    assert found.lines["lib/app.rb"] == frozenset({1, 2, 3, 5})
    assert found.results[0].data is not None
    assert found.results[0].copy is not None
    tests = RubyRunner().tests_by_line(found.results[0].data, found.results[0].copy / "lib/app.rb")
    assert tests[5] == frozenset({"AppTest#test_false", "f#test_0001_is two"})
    assert 1 not in tests  # run when the file is loaded


@pytest.mark.parametrize(
    ("code", "problem"),
    [
        ('RSpec.describe("x") { it("ends") { exit!(0) } }', "before it was over, in ./spec/a_spec.rb[1:1]"),
        ("exit!(0)", "ended with exit code 0 before it was over"),
        ('RSpec.describe("x") { it("ends") { exit(0) } }', "stopped from within: exit(0) was called"),
        ("RSpec.configure { |c| c.failure_exit_code = 0 }", "exit code 0 contradicts the report of 1 failures"),
        ("RSpec.configure { |c| c.dry_run = true }", "dry_run is set"),
        ('Process.kill(:KILL, Process.pid); sleep', "before it was over"),
        ('Process.kill(:KILL, Process.ppid)', "before it was over"),
    ],
)  # fmt: skip
def test_a_run_that_lies_about_its_end_is_not_complete(workshop: Workshop, code: str, problem: str) -> None:
    result = run(workshop, {**BASE, "spec/app_spec.rb": GOOD + BAD, "spec/a_spec.rb": code}).results[0]
    assert result.stage == "stopped"
    assert problem in result.problem


def test_what_is_done_at_exit_and_to_report_files_changes_nothing(workshop: Workshop) -> None:
    rewriting = """
at_exit { exit!(0) }
RSpec.describe "a forger" do
  it "rewrites whatever it finds" do
    Dir[File.join(ENV["TMPDIR"], "..", "{out,data}", "*")].each { |path| File.delete(path) }
    Dir[File.join(ENV["TMPDIR"], "..")].each { |run| File.write("#{run}/out/forged", "ended") }
    ObjectSpace.each_object(IO) { |io| io.close if io.is_a?(File) && !io.closed? && io.fileno > 2 rescue nil }
  end
end
"""
    found = run(workshop, {**BASE, "spec/app_spec.rb": GOOD + BAD, "spec/z_spec.rb": rewriting})
    assert found.complete, found.results
    assert (found.summary.passed, found.summary.failed) == (2, 1)


def test_examples_that_the_repository_leaves_out_are_named(workshop: Workshop) -> None:
    focus = "RSpec.configure { |c| c.filter_run_when_matching :focus }\n" + GOOD.replace("it(", "fit(") + BAD
    result = run(workshop, {**BASE, "spec/app_spec.rb": focus}).results[0]
    assert result.deselected == ("./spec/app_spec.rb[2:1]",)
    hasty = "RSpec.configure { |c| c.fail_fast = true }\n" + BAD + GOOD
    result = run(workshop, {**BASE, "spec/app_spec.rb": 'require_relative "../lib/app"\n' + hasty}).results[0]
    assert result.unran == ("./spec/app_spec.rb[2:1]",)


def test_of_dot_rspec_only_what_specs_need_is_kept(workshop: Workshop) -> None:
    options = "--require setup\n-t fast --format html --out report.html\n--fail-fast -I more # c\n"
    spec = GOOD.replace('require_relative "../lib/app"\n', "") + BAD
    helper = 'require "app"\nrequire "other"\n'
    found = run(
        workshop,
        {**BASE, ".rspec": options, "spec/setup.rb": helper, "more/other.rb": "", "spec/app_spec.rb": spec},
    )
    assert [c.outcome for c in found.results[0].cases] == ["passed", "failed"], found.results
    assert found.results[0].ignored_options == "-t fast --format html --out report.html --fail-fast"


@pytest.mark.parametrize(
    "start",
    [
        'require "simplecov"\nSimpleCov.start { add_filter "lib"; minimum_coverage 100 }\n',
        'require "coverage"\nCoverage.start\nCoverage.result\nCoverage.start(:all)\nCoverage.peek_result\n'
        "at_exit { Coverage.result(stop: true, clear: true) }\n",
    ],
)
def test_the_repositorys_own_coverage_changes_nothing(workshop: Workshop, start: str) -> None:
    files = {**BASE, "Gemfile": GEMFILE + 'gem "simplecov"\n', "spec/app_spec.rb": start + GOOD}
    files["Gemfile.lock"] = LOCK.replace("  rspec (~> 3.13)", "  rspec (~> 3.13)\n  simplecov").replace(
        "    minitest (5", "    simplecov (0.22.0)\n    minitest (5"
    )
    files["lib/app.rb"] = "# :nocov:\n" + APP + "# :nocov:\n"
    files[".last_run.json"] = '{"result": {"line": 100}}'
    found = run(workshop, files)
    assert found.complete, found.results
    assert found.lines["lib/app.rb"] == frozenset({2, 3, 4})


def test_forked_and_started_ruby_processes_are_measured(workshop: Workshop) -> None:
    spec = """
require "rbconfig"
RSpec.describe "processes" do
  it("forks") { Process.wait(fork { require_relative "../lib/app"; f(true); exit!(0) }) }
  it "starts a program" do
    expect(system(RbConfig.ruby, "-e", "require './lib/app'; f(nil)")).to be true
  end
end
"""
    found = run(workshop, {**BASE, "spec/app_spec.rb": spec})
    assert found.complete, found.results
    assert found.summary.passed == 2
    assert found.lines["lib/app.rb"] == frozenset({1, 2, 3, 5})


def test_no_tests_a_syntax_error_and_a_missing_gem_are_problems(workshop: Workshop) -> None:
    empty = run(workshop, {**BASE, "spec/app_spec.rb": "X = 1\n"}).results[0]
    assert empty.problem == "no tests were collected"
    broken = run(workshop, {**BASE, "spec/b_spec.rb": "def x(\n"})
    assert (broken.summary.passed, broken.summary.errors) == (1, 1)
    missing = run(workshop, {**BASE, "spec/app_spec.rb": "require 'nothing_like_that'\n"})
    assert missing.summary.errors == 1
    assert "nothing_like_that" in missing.results[0].cases[0].message


def test_hanging_and_flooding_tests_are_ended_with_their_children(workshop: Workshop) -> None:
    hanging = (
        'RSpec.describe("x") { it("hangs") { spawn("setsid sleep 4723"); $stdout.write("x" * 90_000_000); sleep } }\n'
    )
    found = run(workshop, {**BASE, "spec/app_spec.rb": hanging}, limits=Limits(seconds=8))
    assert found.results[0].problem == "the tests did not end within 8 s and were ended"
    assert len(found.results[0].log) < 200_000
    assert alive("sleep 4723") == []
    with pytest.raises(Blocked):
        coverage.collect(found, source.collect(workshop.tree), workshop.tree)


def test_isolated_tests_have_no_network_and_cannot_write_outside(workshop: Workshop) -> None:
    require_tool("bwrap")
    sandbox.bubblewrap.cache_clear()
    spec = """
RSpec.describe "the box" do
  it "is closed" do
    expect { File.write("/usr/check-x", "x") }.to raise_error(SystemCallError)
    expect(File.read("/proc/net/dev").count(":")).to eq 1
    expect(ENV.keys.grep(/TOKEN|GITHUB/)).to eq []
    expect(ENV.values_at("RAILS_ENV", "RACK_ENV", "WORD")).to eq ["test", "test", "a b"]
    File.write("written", "fine")
  end
end
"""
    files = {**BASE, "spec/app_spec.rb": spec, ".env.example": "WORD='a b'\nRAILS_ENV=production\nRUBYOPT=-W0\n"}
    found = run(workshop, files, isolation="require")
    assert found.summary.passed == 1, found.results
    assert "network during the tests: off" in workshop.session.notes


def test_a_bundle_is_installed_once_for_its_lock_file(workshop: Workshop, cache: Path) -> None:
    run(workshop, BASE)
    before = {p.name for p in (cache / "bundles").iterdir()}
    run(workshop, {**BASE, "spec/b_spec.rb": GOOD})
    assert {p.name for p in (cache / "bundles").iterdir()} == before


def test_a_broken_lock_file_and_a_broken_gemfile_are_the_repositorys_failure(workshop: Workshop) -> None:
    broken = run(workshop, {**BASE, "Gemfile.lock": LOCK.replace("    rspec (3.13.2)\n", "")}).results[0]
    assert (broken.stage, broken.problem, broken.log) == ("install", "Gemfile.lock is broken", "not locked: rspec")
    wrong = run(workshop, {**BASE, "Gemfile": "gem \"rspec\"\nraise 'no bundle'\n"}).results[0]
    assert (wrong.stage, wrong.problem) == ("install", "installing the dependencies failed")
    assert "no bundle" in wrong.log


def test_without_a_lock_file_the_bundle_is_unpinned(workshop: Workshop) -> None:
    files = {path: text for path, text in BASE.items() if path != "Gemfile.lock"}
    for _ in range(2):  # installed, then from the cache
        found = run(workshop, files)
        assert found.summary.passed == 1, found.results
        assert (found.results[0].lock, found.results[0].pinned) == ("", "")
    assert "Ruby 3.3.8, bundle from an unpinned Gemfile" in workshop.session.notes


def test_several_suites_are_run_and_added_up(workshop: Workshop) -> None:
    second = {f"jobs/{path}": text for path, text in BASE.items()}
    found = run(workshop, {**BASE, **second, "test/app_test.rb": MINITEST})
    assert found.summary.passed == 4, found.results
    assert [r.suite.title for r in found.results] == ["rspec in the root", "minitest in the root", "rspec in jobs"]
    assert {"lib/app.rb", "jobs/lib/app.rb"} <= found.lines.keys()


@pytest.mark.parametrize("framework", ["rspec", "minitest"])
def test_named_tests_run_until_the_first_failure(workshop: Workshop, framework: str) -> None:
    tree = workshop.repository({**BASE, "spec/app_spec.rb": GOOD + BAD + BAD, "test/app_test.rb": MINITEST})
    session = make_session(workshop.root, workshop.cache)
    copy = session.work / "copy"
    base.copy_tree(tree, copy)
    runner = RubyRunner()
    suite = next(s for s in ruby_suites(tree) if s.framework == framework)
    environment = runner.install(suite, copy, session)
    names = {
        "rspec": ["./spec/app_spec.rb[1:1]", "./spec/app_spec.rb[2:1]", "./spec/app_spec.rb[3:1]"],
        "minitest": ["AppTest#test_one", "AppTest#test_false", "AppTest#test_error"],
    }[framework]
    assert runner.retest(suite, copy, environment, {}, session, names[:1], 60).exit == 0
    failed = runner.retest(suite, copy, environment, {}, session, names, 60)
    assert failed.exit == 1
    assert ("2 examples, 1 failure" in failed.stdout) != ("Interrupted" in failed.stderr)


def test_detection_finds_suites_by_framework_and_folder(tmp_path: Path) -> None:
    tree = repository(
        tmp_path,
        {
            "Gemfile": "", "spec/a_spec.rb": "", "test/a_test.rb": "", "api/Gemfile": "", "api/test/b_test.rb": "",
            "vendor/x/spec/c_spec.rb": "", "lib/Gemfile": "",
        },
    )  # fmt: skip
    found = [(s.folder, s.framework) for s in ruby_suites(tree)]
    assert found == [("", "rspec"), ("", "minitest"), ("api", "minitest")]
