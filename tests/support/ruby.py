"""The Ruby that slow tests run: an installed one, or the one that tests/toolchains/ruby.sh builds."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from checks.runners import ruby_environment
from tests.support.tools import cache_folder

LOCK = """GEM
  remote: https://rubygems.org/
  specs:
    diff-lcs (1.6.2)
    minitest (5.25.5)
    rspec (3.13.2)
      rspec-core (~> 3.13.0)
      rspec-expectations (~> 3.13.0)
      rspec-mocks (~> 3.13.0)
    rspec-core (3.13.6)
      rspec-support (~> 3.13.0)
    rspec-expectations (3.13.5)
      diff-lcs (>= 1.2.0, < 2.0)
      rspec-support (~> 3.13.0)
    rspec-mocks (3.13.8)
      diff-lcs (>= 1.2.0, < 2.0)
      rspec-support (~> 3.13.0)
    rspec-support (3.13.7)

PLATFORMS
  ruby

DEPENDENCIES
  minitest (~> 5.25)
  rspec (~> 3.13)

BUNDLED WITH
   2.6.9
"""
GEMFILE = 'source "https://rubygems.org"\ngem "minitest", "~> 5.25"\ngem "rspec", "~> 3.13"\n'


@contextmanager
def ruby_on_the_path() -> Iterator[None]:
    """Put the Ruby of the tests before the machine's own; the test is skipped, or fails in CI, when it is missing."""
    programs = cache_folder() / "ruby" / "bin"
    if not (programs / "ruby").is_file():
        reason = f"there is no Ruby for the tests; tests/toolchains/ruby.sh {cache_folder()} builds it"
        if os.environ.get("REQUIRE_TOOLCHAINS") == "1":
            pytest.fail(reason)
        pytest.skip(reason)
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("PATH", f"{programs}{os.pathsep}{os.environ.get('PATH', os.defpath)}")
        ruby_environment.interpreters.cache_clear()
        yield
    ruby_environment.interpreters.cache_clear()
