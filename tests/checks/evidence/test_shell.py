"""Scripts become commands, each with whether it can fail the script and whether it surely runs."""

from __future__ import annotations

import pytest

from checks.evidence._shell import Command, options, read


def command(text: str, name: str = "pytest", *, errexit: bool = True, pipefail: bool = False) -> Command:
    script = read(text, errexit=errexit, pipefail=pipefail)
    assert script.problem is None
    return next(c for c in script.commands if c.words[0] == name)


@pytest.mark.parametrize(
    ("text", "fatal", "certain"),
    [
        ("pytest", True, True),
        ("pytest; true", True, True),
        ("pytest || true", False, True),
        ("pytest || (exit 3)", True, True),
        ("pytest || return", False, True),
        ("(exit 0)\npytest", True, True),
        ("{ pytest; }", True, True),
        ("f() { return 0; }\nf\npytest", True, True),
        ("function f { \"$@\"; }\nf pytest -q", True, True),
        ("function f() { $1 -q; }\nf pytest", True, True),
        ("if [ $# -gt 0 ]; then exit 0; fi\npytest", True, True),
        ("if [ $# -eq 0 ]; then pytest; fi", True, True),
        ("if [ $# -eq x ]; then pytest; fi", True, False),
        ("if true; then pytest; else ls; fi", True, True),
        ("if a; then b; elif pytest; then c; fi", False, False),
        ("if a; then b; else pytest; fi", True, False),
        ("if pytest; then exit 0; else exit 1; fi", True, True),
        ("case x in\n (a) ls ;;\n b) pytest\nesac", True, False),
        ("until pytest; do sleep 1; done", False, True),
        ("while true; do pytest; done", True, True),
        ("for x in a b; do pytest; done", True, True),
        ("for x; do pytest; done", True, True),
        ("select x in a; do pytest; done", True, True),
        ("set +o errexit\npytest\nls", False, True),
        ("set -o pipefail\npytest | tee x", True, True),
        ("pytest |& tee x", False, True),
        ("a=(1 2) pytest", True, True),
        ("cat <<-'E'\n\tx\n\tE\npytest", True, True),
        ("diff <(ls) x\npytest", True, True),
        ("x=$((1 + 2)) y=${a:-b} pytest 2>&1 >log", True, True),
        ("echo `date` \"$(date)\" \"\\\"\" \"`date`\"\npytest", True, True),
        ("[[ a && b ]] || exit 1\npytest", True, True),
        ("exec 3>&1\npytest", True, True),
        ("sh -c 'pytest'", True, True),
        ("eval \"pytest\"", True, True),
        ("trap 'rm x' EXIT\npytest", True, True),
        ("ls |\n grep x &&\n pytest", True, False),
        ("x || exec ls\npytest", True, False),
        ("if x; then exec bin/ci; fi\npytest", True, False),
    ],
)  # fmt: skip
def test_whether_a_command_counts(text: str, fatal: bool, certain: bool) -> None:
    found = command(text)
    assert (found.fatal, found.certain) == (fatal, certain)


def test_a_script_that_starts_itself_again_goes_on() -> None:
    found = read('if x; then exec env A=1 "$PWD/bin/ci"; fi\npytest', errexit=True, own="bin/ci").commands[-1]
    assert found.certain


def test_without_errexit_only_the_last_command_decides() -> None:
    assert not command("pytest\nls", errexit=False).fatal
    assert command("ls\npytest", errexit=False).fatal


@pytest.mark.parametrize(
    "text", ["exit 0\npytest", "exec ls\npytest", "f() { f; }\nf", "# pytest", "", "echo 'pytest'"]
)
def test_what_cannot_be_reached_is_left_out(text: str) -> None:
    assert not [c for c in read(text, errexit=True).commands if c.words[0] == "pytest"]


def test_commands_in_substitutions_are_marked() -> None:
    found = command("x=$(pytest)")
    assert (found.captured, found.fatal) == (True, True)
    assert not command("echo $(pytest)").fatal


def test_lines_are_those_of_the_script() -> None:
    script = read("a \\\n  b\n\n'c\nd'\ne <<X\nf\nX\ng\r\n", errexit=True)
    assert [(c.words[0], c.line) for c in script.commands] == [("a", 1), ("c\nd", 4), ("e", 6), ("g", 9)]


@pytest.mark.parametrize(
    "text",
    ["echo 'a", 'echo "a', "echo `a", "echo $(a", "echo ${a", "if a; then", "fi)", "( a", "case x in a", "{ a", "a && ",
     "(" * 100, "x" * 300_000, "for x in a; b", "case x y"],
)  # fmt: skip
def test_what_is_no_script_is_a_problem(text: str) -> None:
    script = read(text, errexit=True)
    assert script.problem
    assert script.commands == ()


def test_expressions_of_workflows_stay_whole() -> None:
    assert read("echo ${{ a || b }} ${{ x", errexit=True).commands[0].words == ("echo", "${{ a || b }}", "${{ x")


def test_endless_scripts_are_bounded() -> None:
    assert len(read("a\n" * 9_000, errexit=True).commands) == 5_000
    assert read("eval " * 3_000 + "x", errexit=True).commands


@pytest.mark.parametrize(
    ("words", "expected"),
    [(["-e"], (True, False)), (["-euo", "pipefail"], (True, True)), (["+e"], (False, False)), (["-x", "--"], (False, False)),
     (["-o", "errexit", "+o", "errexit"], (False, False)), (["-o", "nounset"], (False, False))],
)  # fmt: skip
def test_shell_options(words: list[str], expected: tuple[bool, bool]) -> None:
    assert options(words, False, False) == expected
