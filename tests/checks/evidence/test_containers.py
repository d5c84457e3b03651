"""Dockerfiles, ignore files and compose files as evidence: what is read, and what hostile files do to it."""

from pathlib import Path

import pytest

from checks.evidence import compose, dockerfiles, ignorefiles, procfile
from checks.rules import docker_build
from checks.testing import repository


def parse(text: str) -> dockerfiles.Dockerfile:
    return dockerfiles.parse("Dockerfile", text)


def test_instructions_keep_their_lines_through_comments_and_continuations() -> None:
    file = parse("FROM a:1\nRUN one \\\n  # why\n\n  && two\n\nUSER app\n")
    assert [(i.name, i.line, i.value) for i in file.final] == [("RUN", 2, "one && two"), ("USER", 7, "app")]


def test_a_here_document_is_no_instruction() -> None:
    file = parse("FROM a:1\nRUN <<-EOF\n\tUSER root\n\tEOF\nCOPY <<'A' <<B /x\nFROM no\nA\nb\nB\nUSER app\n")
    assert [i.name for i in file.final] == ["RUN", "COPY", "USER"]
    assert file.final[1].heredocs == ("FROM no", "b")
    assert "USER root" in file.final[0].text
    assert [c.words for c in file.final[0].commands] == [("USER", "root")]


def test_a_here_document_without_an_end_is_a_problem() -> None:
    assert parse("FROM a:1\nRUN <<EOF\nUSER app\n").problems == ((2, "the here-document EOF does not end"),)


def test_the_escape_directive_changes_continuations() -> None:
    file = parse("# escape=`\nFROM a:1\nRUN one `\n two\n")
    assert file.final[0].value == "one two"


def test_an_escape_below_a_comment_is_none() -> None:
    assert parse("# hello\n# escape=`\nFROM a:1\nRUN one \\\n two\n").final[0].value == "one two"


def test_flags_are_no_part_of_the_value() -> None:
    item = parse('FROM a:1\nCOPY --chown="a b" --from=build --link /a /b\n').final[0]
    assert (item.value, item.flag("from"), item.flag("none")) == ("/a /b", "build", None)


def test_onbuild_runs_elsewhere() -> None:
    file = parse("FROM a:1\nONBUILD USER root\nONBUILD\n")
    assert file.final == ()
    assert file.problems == ((3, "ONBUILD is not an instruction"),)


def test_what_docker_refuses_is_told_with_its_line() -> None:
    assert parse("RUN x\n").problems == ((1, "RUN stands before the first FROM"), (1, "there is no FROM instruction"))
    assert parse("FROM a b c\nFROM a:1\n").problems[0] == (1, "FROM wants `image` or `image AS name`")


def test_stages_upon_each_other_are_followed_up_to_a_hundred() -> None:
    file = parse("FROM a:1 AS s0\nUSER app\n" + "".join(f"FROM s{n} AS s{n + 1}\n" for n in range(20_000)))
    user = file.effective("USER")
    assert user is not None
    assert (user.value, len(file.stages)) == ("app", dockerfiles.MAX_STAGES)
    assert file.problems == ((102, "there are more than 100 stages"),)


@pytest.mark.parametrize("pattern", ["**/" * 300 + "x", "*a" * 100 + "b", "[a-z]*" * 100 + "0"])
def test_a_hostile_pattern_is_answered_in_time(pattern: str) -> None:
    assert not ignorefiles.parse("i", pattern).excludes("a" * 200 + "/" + "a/" * 100 + "y")


@pytest.mark.parametrize("value", ['a=" ' * 20_000, "'" * 20_001, "${A:-" * 20_000, '"\\', "a://" * 20_000])
def test_a_hostile_value_is_read_in_time(value: str) -> None:
    item = dockerfiles.Instruction("ENV", value, 1)
    assert list(item.pairs())
    assert dockerfiles.substitute(value, {})
    assert isinstance(compose.fill_in(value), str)
    assert docker_build._reveals(item) is None


@pytest.mark.parametrize(
    ("text", "filled", "unresolved"),
    [
        ("$A-${B}", "a-", ("B",)),
        ("${B:-x}${A:+y}${B:+z}", "xy", ()),
        ("\\$A $$", "$A $$", ()),
    ],
)
def test_variables_are_filled_in(text: str, filled: str, unresolved: tuple[str, ...]) -> None:
    assert dockerfiles.substitute(text, {"A": "a"}) == (filled, unresolved)


@pytest.mark.parametrize("value", ['["a", 1]', "[a]", '{"a": 1}', "[" * 5000])
def test_an_array_that_is_no_list_of_texts_is_the_shell_form(value: str) -> None:
    assert dockerfiles.Instruction("CMD", value, 1).array is None


def test_pairs_of_both_forms() -> None:
    item = dockerfiles.Instruction
    assert list(item("ENV", "A b c", 1).pairs()) == [("A", "b c")]
    assert list(item("ENV", "A='b c' D=e", 1).pairs()) == [("A", "b c"), ("D", "e")]
    assert list(item("ARG", "A", 1).pairs()) == [("A", "")]


def test_files_that_cannot_be_read_are_problems(tmp_path: Path) -> None:
    big = b"#" * (1 << 21)
    tree = repository(tmp_path, {"Dockerfile": big, "compose.yaml": big, "Procfile": big, ".dockerignore": big,
                                 "requirements.txt": big, "Dockerfile.web": b"\xff\xfe\x00FROM"})  # fmt: skip
    files = dockerfiles.collect(tree)
    assert [bool(f.problems) for f in files.files] == [True, True]
    assert files.hashed == frozenset()
    assert compose.collect(tree).files[0].problems
    assert procfile.collect(tree).problems
    assert ignorefiles.collect(tree).files[0].patterns == ()


@pytest.mark.parametrize(
    ("patterns", "path", "excluded"),
    [
        (".git", ".git/config", True),
        (".git", "a/.git/config", False),
        ("**/.git", "a/.git/config", True),
        ("*.md\n!README.md", "README.md", False),
        ("*.md", "docs/a.md", False),
        ("**/*.md", "docs/a.md", True),
        ("/docs/", "docs/a.md", True),
        ("a?c", "abc", True),
        ("[a-c]x", "bx", True),
        ("[z-a]", "z", False),
        ("[", "[", True),
        ("docs/**", "docs/a/b", True),
        (r"a\*b", "a*b", True),
        ("# .git\n\n.", ".git", False),
        ("*\n!src", "src/app.py", False),
        ("a**b", "axxb", True),
        ("x ?", "x  ", True),
        ("a", "b", False),
        ("[^a-c]x", "bx", False),
        ("[^a-c]x", "dx", True),
        ("ab", "a ", False),
    ],
)
def test_patterns_mean_what_docker_means(patterns: str, path: str, excluded: bool) -> None:
    assert ignorefiles.parse(".dockerignore", patterns).excludes(path) is excluded


def test_the_nearest_ignore_file_holds(tmp_path: Path) -> None:
    found = ignorefiles.collect(
        repository(tmp_path, {".dockerignore": "a", "api/.dockerignore": "b", "api/Dockerfile": ""})
    )
    nearest = found.for_dockerfile("api/Dockerfile")
    root = found.for_dockerfile("web/Dockerfile")
    assert nearest is not None
    assert root is not None
    assert (nearest.path, root.path) == ("api/.dockerignore", ".dockerignore")


def test_compose_reads_every_writing_of_a_field() -> None:
    file = compose.parse("compose.yaml", """
services:
  a:
    extends: b
    environment: [A=1, B]
    env_file: .env
    depends_on: [b]
    secrets: [s, {source: t}]
    ports: ["[::1]:1:1", 80, "${P:-8080}:80"]
    healthcheck: {test: curl x}
  b: {image: !x y, command: [run, 1], extends: {file: other.yaml, service: c}, mem_limit: "${M}", environment: {K: null}}
""")  # fmt: skip
    a, b = file.services
    assert a.command == ("run", "1")
    assert a.environment == (("A", "1"), ("B", ""))
    assert b.environment == (("K", ""),)
    assert (a.env_files, a.secrets, a.depends_on) == ((".env",), ("s", "t"), (("b", "service_started"),))
    assert [(p.host, p.text) for p in a.ports] == [("::1", "[::1]:1:1"), (None, "80"), (None, "8080:80")]
    assert a.health is not None
    assert [c.words for c in a.health.commands] == [("curl", "x")]
    assert (b.image, b.memory) == ("y", "${M}")


def test_services_that_extend_each_other_end() -> None:
    assert len(compose.parse("c", "services: {a: {extends: b}, b: {extends: a}}").services) == 2


def test_a_procfile_tells_its_problems() -> None:
    found = procfile.parse("# c\n\nweb: A=1 exec gunicorn x\nweb: y\nbad\nq: 'x\n")
    web = found.process("web")
    assert web is not None
    assert web.program == ("gunicorn", "x")
    assert [line for line, _ in found.problems] == [4, 5, 6]
