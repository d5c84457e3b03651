"""Bundler as users have it: gems are fetched from a server, of files, and installed into a bundle of their own."""

import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from checks.evidence.suite import SuiteResult
from tests.checks.runners.workshop import Workshop
from tests.support.ruby import ruby_on_the_path

SCRIPT = Path(__file__).parents[2] / "support" / "gem_server.rb"
TEST = """require "greeting"
require "minitest/autorun"
class GreetingTest < Minitest::Test
  def test_text = assert_equal("hello", Greeting.text)
  def test_bundle = assert_equal([], Gem.loaded_specs.keys - %w[bundler greeting minitest] - Gem::Specification.select(&:default_gem?).map(&:name))
end
"""

pytestmark = pytest.mark.slow


@pytest.fixture(autouse=True, scope="module")
def ruby() -> Iterator[None]:
    with ruby_on_the_path():
        yield


@pytest.fixture
def server(tmp_path: Path) -> Path:
    folder = tmp_path / "server"
    subprocess.run(["ruby", SCRIPT, folder], check=True, capture_output=True)
    return folder


def graded(workshop: Workshop, server: Path, **changes: str) -> SuiteResult:
    files = {
        "Gemfile": f'source "file://{server}"\ngem "minitest"\ngem "greeting"\n',
        "Gemfile.lock": (server / "Gemfile.lock").read_text(),
        "test/a_test.rb": TEST,
    }
    for path, text in changes.items():
        files[path.replace("_", ".")] = text
    # The server is a folder that a sandbox would not show.
    run = workshop.run(files, stack=("ruby",), isolation="none")
    return run.results[0]


def test_gems_are_installed_from_the_lock_file_once_and_need_no_server_to_run(workshop: Workshop, server: Path) -> None:
    result = graded(workshop, server)
    assert (result.stage, result.pinned, result.problem) == ("complete", "hashes", ""), result
    assert [c.outcome for c in result.cases] == ["passed", "passed"], result.cases
    lock, moved = (server / "Gemfile.lock").read_text(), server.with_name("moved")
    server.rename(moved)
    shutil.copytree(moved, server, ignore=lambda *_: ["gems", "quick"])
    again = graded(workshop, server, Gemfile_lock=lock)
    assert [c.outcome for c in again.cases] == ["passed", "passed"], again


def test_a_lock_file_that_does_not_fit_is_the_repositorys_failure(workshop: Workshop, server: Path) -> None:
    lock = (server / "Gemfile.lock").read_text()
    more = f'source "file://{server}"\ngem "minitest"\ngem "greeting"\ngem "rake"\n'
    stale = graded(workshop, server, Gemfile=more)
    assert (stale.stage, stale.problem) == ("install", "installing the dependencies failed")
    assert "frozen" in stale.log
    digest = lock.rpartition("sha256=")[2][:64]
    wrong = graded(workshop, server, Gemfile_lock=lock.replace(digest, "0" * 64))
    assert (wrong.stage, wrong.problem) == ("install", "installing the dependencies failed")
    assert "checksum" in wrong.log.lower()
    gone = graded(workshop, server, Gemfile_lock=lock.replace("greeting (1.2.0)", "greeting (9.9.9)"))
    assert (gone.stage, gone.problem) == ("install", "installing the dependencies failed")
    assert "greeting" in gone.log


def test_a_ruby_that_the_gemfile_forbids_is_not_measured(workshop: Workshop, server: Path) -> None:
    gemfile = f'source "file://{server}"\nruby "9.9.9"\ngem "minitest"\ngem "greeting"\n'
    result = graded(workshop, server, Gemfile=gemfile)
    assert result.stage == "unknown"
    assert "your Gemfile specified 9.9.9" in result.problem


def test_a_server_out_of_reach_is_not_the_repositorys_fault(workshop: Workshop, server: Path) -> None:
    lock = (server / "Gemfile.lock").read_text().replace(f"file://{server}", "https://gems.invalid")
    gemfile = 'source "https://gems.invalid"\ngem "minitest"\ngem "greeting"\n'
    result = graded(workshop, server, Gemfile=gemfile, Gemfile_lock=lock)
    assert result.stage == "unknown", result
    assert "could not be downloaded" in result.problem
