from pathlib import Path

import pytest

from checks.evidence import source
from checks.evidence._statements import marked_lines, statements
from checks.evidence._test_functions import other_tests, python_tests
from checks.testing import repository, write_tree


def lines(text: str, stack: str = "python") -> list[tuple[int, int, bool]]:
    return [(s.first, s.last, s.excluded) for s in statements(text, stack)]


def test_python_statements_span_their_lines_and_skip_what_has_no_code() -> None:
    text = '''"""Doc."""
import os
from typing import TYPE_CHECKING
if TYPE_CHECKING:
    import never
@os.deco
@other
def f(
    a,
):
    """Doc."""
    global g
    x: int
    y = (
        1,
    )
    try:
        pass
    except ValueError:
        return 1
    else:
        return 2
    match a:
        case 1:
            ...
class C:
    z: int
a = 1; b = 2
'''
    assert [(a, b) for a, b, _ in lines(text)] == [
        (2, 2), (3, 3), (4, 4), (6, 10), (14, 16), (17, 17), (18, 18), (19, 19), (20, 20), (22, 22), (23, 23),
        (24, 24), (26, 26), (27, 27), (28, 28),
    ]  # fmt: skip


def test_a_pragma_on_a_header_excludes_the_whole_block() -> None:
    text = (
        "def f():  # pragma: no cover\n    if x:\n        return 1\n    return 2\ny = 1  # PRAGMA: NO  COVER\nz = 1\n"
    )
    assert [e for _, _, e in lines(text)] == [True, True, True, True, True, False]
    assert marked_lines(text, "python") == (1, 5)
    assert marked_lines("x = 1\n", "python") == ()


def test_a_thousand_branches_and_absurd_nesting_do_not_break_the_parser() -> None:
    chain = "if x == 0:\n    a = 0\n" + "".join(f"elif x == {n}:\n    a = {n}\n" for n in range(90))
    assert len(lines(chain)) == 182
    for text in ("(" * 5000, "def f(:\n", "x = '\0'"):
        with pytest.raises(SyntaxError):
            statements(text, "python")


def test_ruby_lines_are_code_but_for_comments_and_ends() -> None:
    text = "# c\nclass A\n  def b\n    1\n  end\n# :nocov:\n  hidden\n# :nocov:\nend\n\n"
    assert lines(text, "ruby") == [(2, 2, False), (3, 3, False), (4, 4, False), (7, 7, True)]
    assert marked_lines(text, "ruby") == (6, 8)


def test_javascript_lines_are_code_but_for_comments_and_brackets() -> None:
    text = """// c
/* a
b */
const a = 1;
{
}
/* istanbul ignore next */
hidden();
seen();
// c8 ignore start
x();
// c8 ignore stop
y();
"""
    assert [(a, e) for a, _, e in lines(text, "node")] == [(4, False), (8, True), (9, False), (11, True), (13, False)]
    assert all(e for _, _, e in lines("/* istanbul ignore file */\na();\nb();\n", "node"))


def test_python_tests_are_found_with_their_marks() -> None:
    text = """import pytest
def test_a(): assert f()
async def test_b(): assert f()
class TestC:
    @pytest.mark.skip(reason="why")
    def test_d(self): assert f()
    @pytest.mark.xfail
    def test_e(self): assert f()
    @pytest.mark.skipif(True, reason="x")
    def test_f(self): assert f()
class Helper:
    def test_not(self): assert f()
class X(unittest.TestCase):
    @unittest.skip("later")
    def test_g(self): self.assertEqual(f(), 1)
    @pytest.mark.only
    def test_h(self): assert f()
if x:
    def test_i(): assert f()
"""
    found = {t.name: (t.skipped, t.reason, t.focused) for t in python_tests("t.py", text)}
    assert found == {
        "test_a": ("", "", False),
        "test_b": ("", "", False),
        "TestC.test_d": ("skip", "why", False),
        "TestC.test_e": ("xfail", "", False),
        "TestC.test_f": ("", "", False),
        "X.test_g": ("skip", "later", False),
        "X.test_h": ("", "", True),
        "test_i": ("", "", False),
    }


@pytest.mark.parametrize(
    ("head", "mark"),
    [
        ("pytestmark = pytest.mark.skip", ("skip", "")),
        ("pytestmark = [pytest.mark.slow, pytest.mark.xfail(reason='r')]", ("xfail", "r")),
        ("pytest.skip('no', allow_module_level=True)", ("skip", "no")),
    ],
)
def test_a_mark_of_the_whole_module_counts_for_each_test(head: str, mark: tuple[str, str]) -> None:
    (found,) = python_tests("t.py", f"{head}\ndef test_a(): assert f()\n")
    assert (found.skipped, found.reason) == mark


@pytest.mark.parametrize(
    ("body", "asserts"),
    [
        ("assert f() == 1", True),
        ("assert True", False),
        ("assert 1 == 1, f()", False),
        ("f()", False),
        ("self.assertTrue(True)", False),
        ("self.assertEqual(f(), 1)", True),
        ("mock.assert_called_once()", True),
        ("with pytest.raises(ValueError): f()", True),
        ("helper(f())", True),
        ("indirect(f())", True),
        ("useless(f())", False),
        ("raise AssertionError('x')", True),
        ("pytest.fail('x')", True),
    ],
)
def test_an_assertion_must_be_able_to_fail(body: str, asserts: bool) -> None:
    helpers = "def helper(x): assert x\ndef indirect(x): helper(x)\ndef useless(x): print(x)\n"
    (found,) = python_tests("t.py", f"{helpers}def test_a(self):\n    {body}\n")
    assert found.asserts is asserts


def test_ruby_and_javascript_tests_are_found_by_their_forms() -> None:
    ruby = other_tests("a_spec.rb", 'it "a" do\n  xit "b" do\n  fit "c" do\ndescribe "x", :focus do\n')
    assert [(t.line, t.skipped, t.focused) for t in ruby] == [
        (1, "", False),
        (2, "skip", False),
        (3, "", True),
        (4, "", True),
    ]
    script = other_tests("a.test.js", "it('a', () => {\ntest.only(`b`)\nit.skip('c')\ndescribe.only('d')\n")
    assert [(t.skipped, t.focused) for t in script] == [("", False), ("", True), ("skip", False), ("", True)]


def test_every_file_gets_its_kind(tmp_path: Path) -> None:
    generated = "class Migration(migrations.Migration):\n    operations = []\n"
    index = source.collect(
        repository(
            tmp_path,
            {
                "src/app.py": "x = 1  # pragma: no cover\n",
                "tests/helpers.py": "", "tests/test_a.py": "def test_a(): assert f()\n", "tests/test_b.py": "def (",
                "manage.py": "", "docs/conf.py": "", "infra/x.py": "", "gunicorn.conf.py": "", ".hidden/x.py": "",
                "app/migrations/0001_initial.py": generated,
                "app/migrations/0002_data.py": f"def forward(apps, _): ...\n{generated}",
                "alembic/versions/1_a.py": "def upgrade(): ...\n",
                "web/a.ts": "", "web/a.d.ts": "", "big.py": b"#" * (2 << 20), "tests/big_test.py": b"#" * (2 << 20),
                "data.csv": "",
            },
        )
    )  # fmt: skip
    kinds = {f.path: f.kind for f in index.files}
    assert {p for p, k in kinds.items() if k == "source"} == {
        "src/app.py", "app/migrations/0002_data.py", "alembic/versions/1_a.py", "web/a.ts", "big.py",
    }  # fmt: skip
    assert {p for p, k in kinds.items() if k == "test"} == {
        "tests/helpers.py", "tests/test_a.py", "tests/test_b.py", "tests/big_test.py",
    }  # fmt: skip
    problems = {f.path for f in index.files if f.problem}
    assert problems == {"tests/test_b.py", "big.py", "tests/big_test.py"}
    assert next(f for f in index.files if f.path == "src/app.py").marked == (1,)


def test_options_of_rspec_that_leave_examples_out_are_found(tmp_path: Path) -> None:
    options = "--require spec_helper\n--tag ~slow\n--format d\n-Pspec/a_spec.rb\n--fail-fast\n"
    files = {"Gemfile": "", "spec/a_spec.rb": "", "spec/b_spec.rb": "", ".rspec": options, "api/.rspec": "--tag x\n"}
    index = source.collect(repository(tmp_path, files))
    assert [(o, str(at)) for o, at in index.narrowed] == [
        ("--tag ~slow", ".rspec"), ("-Pspec/a_spec.rb", ".rspec"), ("--fail-fast", ".rspec"),
    ]  # fmt: skip


def test_narrowing_options_and_omit_lists_are_found_with_their_places(tmp_path: Path) -> None:
    files = {
        "pyproject.toml": '[tool.pytest.ini_options]\naddopts = "-q -k fast --deselect=x"\n'
        '[tool.coverage.run]\nomit = ["src/hard/*"]\n[tool.coverage.report]\nexclude_also = "raise"\n',
        "a/.coveragerc": "[run]\nomit =\n    one.py\n    two.py\n",
        "b/setup.cfg": "[coverage:run]\nomit = three.py, four.py\n",
        "c/.coveragerc": "broken",
        "d/pyproject.toml": "[tool.coverage",
        "tests/test_a.py": "",
    }
    index = source.collect(repository(tmp_path, files))
    assert [(o, str(at)) for o, at in index.narrowed] == [
        ("-k fast", "pyproject.toml"),
        ("--deselect=x", "pyproject.toml"),
    ]
    assert [(o, str(at)) for o, at in index.omitted] == [
        ("one.py", "a/.coveragerc:3"),
        ("two.py", "a/.coveragerc:4"),
        ("three.py", "b/setup.cfg:2"),
        ("four.py", "b/setup.cfg:2"),
        ("src/hard/*", "pyproject.toml:4"),
        ("raise", "pyproject.toml:6"),
    ]


@pytest.mark.parametrize(
    ("text", "runs", "forgiving"),
    [
        ('#!/bin/sh\nset -e\nexec python -m pytest "$@"\n', 'exec python -m pytest "$@"', False),
        ("pytest || true\n", "pytest || true", True),
        ("# pytest\necho pytest\n", "", False),
    ],
)
def test_the_documented_command_is_read(tmp_path: Path, text: str, runs: str, forgiving: bool) -> None:
    write_tree(tmp_path, {"bin/test": text})
    (tmp_path / "bin/test").chmod(0o755)
    command = source.collect(repository(tmp_path, {})).command
    assert command is not None
    assert (command.executable, command.runs, command.forgiving) == (True, runs, forgiving)
    assert source.collect(repository(tmp_path / "bin", {})).command is None
