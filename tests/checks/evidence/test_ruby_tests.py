"""Which tests of a Ruby suite are found, and which of them can fail."""

from __future__ import annotations

import sys
import time
from pathlib import Path

import pytest

from checks.evidence import _ruby_tests, source
from checks.evidence._test_functions import TestFunction
from checks.model import State
from checks.rules import tests as rules
from checks.testing import repository, verdict


def found(text: str, **helpers: str) -> list[TestFunction]:
    files = {"a_spec.rb": _ruby_tests.read("a_spec.rb", text.encode())}
    files |= {name: _ruby_tests.read(name, body.encode()) for name, body in helpers.items()}
    return _ruby_tests.judged(files, helpers)["a_spec.rb"]


def asserts(body: str, around: str = "", **helpers: str) -> bool | None:
    tests = found(f"RSpec.describe A do\n{around}\nit 'a' do\n{body}\nend\nend\n", **helpers)
    assert len(tests) == 1
    return tests[0].asserts


GOOD = {
    "eq": "expect(f).to eq(1)",
    "a constant in front": "expect(1).to eq(f)",
    "an operator": "expect(f).to be > 3",
    "negated": "expect(f).not_to be_nil",
    "a block": "expect { f }.to change(A, :count).by(1)",
    "nothing raised": "expect { f }.not_to raise_error",
    "a message": "expect(mailer).to receive(:call).with(1)",
    "any instance": "expect_any_instance_of(A).to receive(:b)",
    "composed": "expect(f).to be_a(Hash).and include('a' => 1)",
    "one line": "is_expected.to be_valid",
    "should": "f.should eq(1)",
    "should with an operator": "f.should == 1",
    "assert": "assert f",
    "assert_equal": "assert_equal 1, f",
    "about the last answer": "assert_response :success",
    "a block of Minitest": "assert_difference('A.count', 1) { f }",
    "a library's": "assert_schema_conform",
    "on a page": "page.assert_text 'Hello'",
    "an expectation of Minitest": "_(f).must_equal 1\nvalue(f).wont_be_nil",
    "a mock of Minitest": "mock.verify",
    "in a loop": "[1, 2].each { |n| expect(f(n)).to eq(n) }",
    "together": "aggregate_failures do\n  expect(f).to eq(1)\nend",
    "only if": "expect(f).to eq(1) if g",
    "by hand": "raise 'no' unless f == 1",
    "flunk": "begin\n  f\n  flunk\nrescue A\n  nil\nend",
    "rescued for cleaning up": "begin\n  expect(f).to eq(1)\nrescue Timeout::Error\n  retry\nend",
    "raised again": "begin\n  expect(f).to eq(1)\nrescue Exception => e\n  log(e)\n  raise\nend",
    "ensured": "f\nensure\n  expect(g).to eq(1)",
    "after the rescue": "begin\n  f\nrescue StandardError => e\n  error = e\nend\nexpect(error).to be_a(A)",
    "not reached and rescued": "begin\n  f\n  raise 'no'\nrescue => e\n  expect(e.message).to eq('x')\nend",
}
BAD = {
    "nothing": "",
    "a call": "f",
    "a comment": "f # expect(f).to eq(1)",
    "a text": "puts 'expect(f).to eq(1)'",
    "true": "expect(true).to be(true)",
    "truthy": "expect(true).to be_truthy",
    "one is one": "expect(1).to eq(1)",
    "one is not two": "expect(1).not_to eq 2",
    "near": "expect(1.0).to be_within(1).of(2)",
    "itself": "expect(user).to eq(user)",
    "a text is a text": "expect('a').to match(/a/)",
    "an empty block": "expect {}.not_to raise_error",
    "without a matcher": "expect(f)",
    "a matcher without an expectation": "eq(1)",
    "allowed, not expected": "allow(a).to receive(:b) { raise 'c' }",
    "assert true": "assert true",
    "assert with a message": "assert true, 'is true'",
    "assert_equal": "assert_equal 1, 1",
    "assert_equal itself": "assert_equal user, user",
    "must_equal": "_(1).must_equal 1",
    "should be true": "true.should be(true)",
    "a signature": "Signature.verify(text)",
    "everything rescued": "begin\n  expect(f).to eq(1)\nrescue\n  nil\nend",
    "everything rescued by name": "begin\n  assert f\nrescue A, Minitest::Assertion => e\n  puts e\nend",
    "rescued in the block": "expect(f).to eq(1)\nrescue Exception\n  nil",
    "rescued in the line": "expect(f).to eq(1) rescue nil",
    "only when it raises": "begin\n  f\nrescue A => e\n  expect(e.message).to eq('x')\nend",
    "within a method that nobody calls": "def g\n  expect(f).to eq(1)\nend",
}


@pytest.mark.parametrize("body", GOOD.values(), ids=GOOD)
def test_a_test_that_can_fail_asserts(body: str) -> None:
    assert asserts(body) is True


@pytest.mark.parametrize("body", BAD.values(), ids=BAD)
def test_a_test_that_cannot_fail_asserts_nothing(body: str) -> None:
    assert asserts(body) is False


HELPERS = "def good(x) = expect(x).to(eq(1))\ndef far(x)\n  near(x)\nend\ndef near(x)\n  good(x)\nend\ndef poor(x)\n  x\nend\n"
MADE = ("module H\n  %i[get post].each do |verb|\n    define_method(verb) { |*a| super(*a).tap { expect(1).to eq(f) } }\n"
        "    define_method(:\"#{verb}_json\") { |p| expect(p).to be_ok }\n  end\n"
        "  define_method(:alone) { expect(f).to be_ok }\n  names.each { |n| define_method(n) { expect(n).to eq(f) } }\nend\n")  # fmt: skip


@pytest.mark.parametrize(
    ("body", "expected"),
    [("good(f)", True), ("self.good(f)", True), ("pages.far(f)", True), ("poor(f)", False), ("assert_poor(f)", False),
     ("assert_response(f)", True), ("post '/a'", True), ("get_json '/a'", True), ("alone", True), ("put '/a'", False)],
)  # fmt: skip
def test_helpers_are_followed_by_their_names(body: str, expected: bool) -> None:
    """Those of the file and of the helper files, also where they are made in a loop over names."""
    helpers = f"{HELPERS}{MADE}def assert_poor(x)\n  x\nend\ndef assert_response(*)\n  super\nend\n"
    assert asserts(body, helpers) is expected
    assert asserts(body, **{"spec/support/a.rb": helpers}) is expected


def test_a_helper_of_one_spec_is_no_help_to_another() -> None:
    files = {name: _ruby_tests.read(name, text.encode()) for name, text in
             {"a_spec.rb": "def sure = expect(f).to(eq(1))\nit('a') { sure }", "b_spec.rb": "it('b') { sure }"}.items()}  # fmt: skip
    judged = _ruby_tests.judged(files, [])
    assert [judged[name][0].asserts for name in files] == [True, False]


@pytest.mark.parametrize(
    ("around", "expected"),
    [("after { expect(f).to eq(1) }", True), ("before do\n  expect(a).to receive(:b)\nend", True),
     ("let(:call) { expect(f).to eq(1) }", True), ("before { call }", False), ("def setup\n  assert f\nend", True)],
)  # fmt: skip
def test_what_is_done_around_an_example_belongs_to_it(around: str, expected: bool) -> None:
    assert asserts("call", around) is expected


def test_the_forms_of_rspec_are_found() -> None:
    text = """
RSpec.describe User do
  it "is written" do f end
  it { is_expected.to be_valid }
  specify("in brackets") { f }
  it "is announced"
  xit "is left out" do f end
  it "is left out, too", skip: "until then" do f end
  fit "is focused" do f end
  it "as well", :focus do f end
  it "not at all", focus: false do f end
  it "leaves itself out" do
    skip "no network"
    f
  end
  it "leaves itself out at times" do
    skip "no network" if f
  end
  pending "isn't ready" do f end
  xdescribe "a group" do
    it "is not run" do f end
  end
  example.run
end
"""
    marks = [(t.line, t.skipped, t.reason, t.focused) for t in found(text)]
    assert marks == [
        (3, "", "", False), (4, "", "", False), (5, "", "", False), (6, "skip", "", False), (7, "skip", "", False),
        (8, "skip", "until then", False), (9, "", "", True), (10, "", "", True), (11, "", "", False),
        (12, "skip", "no network", False), (16, "", "", False), (19, "xfail", "", False), (21, "skip", "", False),
    ]  # fmt: skip
    assert [t.name for t in found(text)][:3] == ["is written", "it { is_expected.to be_valid }", "in brackets"]


def test_the_forms_of_minitest_are_found() -> None:
    text = """
class UserTest < ActiveSupport::TestCase
  setup { @user = users(:ada) }
  test "is valid" do
    assert @user.valid?
  end
  def test_has_a_name
    @user.name
  end
  def test_later
    skip
  end
  def helper
  end
end
class Client
  def test_connection
  end
end
"""
    assert [(t.line, t.name, t.asserts, t.skipped) for t in found(text)] == [
        (4, "is valid", True, ""), (7, "test_has_a_name", False, ""), (10, "test_later", False, "skip"),
    ]  # fmt: skip


def test_what_the_parser_cannot_read_is_not_known() -> None:
    assert [t.asserts for t in found("it('a') { f( }\n")] == [None]
    assert [t.asserts for t in found("it('a', &shared)\n")] == [None]


def test_nesting_ends() -> None:
    started = time.perf_counter()
    found("describe('a') { before { f }; " * 1000 + "it('a') { f }" + "}" * 1000)
    found("it('a') { " + "begin; f; rescue; " * 1000 + "end; " * 1000 + "}")
    found("".join(f"def a{n} = a{n + 1}\n" for n in range(1000)) + "it('a') { a1 }")
    assert time.perf_counter() - started < 30


SPEC = {"Gemfile": "", "Gemfile.lock": "", ".rspec": "", "spec/support/sure.rb": "def sure(x) = expect(x).to(eq(1))\n"}


def test_the_share_of_specs_that_assert_is_credited(tmp_path: Path) -> None:
    text = "it('a') { expect(f).to eq(1) }\nit('b') { sure(f) }\nit('c') { f }\n"
    judged = verdict(rules.tests_assert, tmp_path, {**SPEC, "spec/a_spec.rb": text})
    assert judged.state is State.PARTIAL
    assert (judged.reason, [str(at) for at in judged.locations]) == (
        "1 of 3 tests assert nothing", ["spec/a_spec.rb:3"],
    )  # fmt: skip


def test_without_the_parser_it_is_not_yet_known(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from checks.mutations import parser

    parser.cache_clear()
    monkeypatch.setitem(sys.modules, "tree_sitter", None)
    try:
        tree = repository(tmp_path, {**SPEC, "spec/a_spec.rb": "it('a') { f }\nit 'b' do\nend\n"})
        index = source.collect(tree)
    finally:
        parser.cache_clear()
    assert [t.asserts for t in index.tests] == [None, None]
    judged = rules.tests_assert(index)
    assert judged.state is State.ERROR
    assert "backend-scaffold[strength]" in judged.reason


def test_a_spec_that_is_no_ruby_is_named(tmp_path: Path) -> None:
    index = source.collect(repository(tmp_path, {**SPEC, "spec/a_spec.rb": "class <<\n"}))
    assert {f.path: f.problem for f in index.files if f.problem} == {"spec/a_spec.rb": "line 1: this is not Ruby"}
