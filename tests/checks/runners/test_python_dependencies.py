from pathlib import Path

import pytest

from checks.model import NotMeasured
from checks.runners import python_environment
from checks.runners.base import InstallFailed
from checks.runners.python_dependencies import Plan, plan
from checks.runners.python_environment import Interpreter, choose, interpreters
from checks.testing import write_tree
from tests.checks.runners.workshop import session

PROJECT = '[project]\nname = "a"\nversion = "1"\n'
HASH = "--hash=sha256:" + "0" * 64


def planned(root: Path, files: dict[str, str | bytes], folder: str = "") -> Plan:
    write_tree(root, files)
    return plan(root / folder, root)


def test_a_uv_lock_wins_also_from_a_folder_above(tmp_path: Path) -> None:
    extras = f'{PROJECT}[project.optional-dependencies]\ndev = ["pytest"]\nplots = ["x"]\n'
    files: dict[str, str | bytes] = {"uv.lock": "version = 1\n", "pyproject.toml": extras, "requirements.txt": "a"}
    found = planned(tmp_path, {**files, "member/pyproject.toml": PROJECT}, "member")
    assert (found.lock, found.pinned, found.sync, found.extras) == ("uv.lock", "hashes", tmp_path, ("dev",))


def test_a_poetry_lock_becomes_hashed_requirements(tmp_path: Path) -> None:
    lock = f"""
[[package]]
name = "one"
version = "1.0"
groups = ["main"]
markers = "python_version > '3'"
files = [{{file = "x", hash = "{HASH.removeprefix("--hash=")}"}}]
[[package]]
name = "two"
version = "2.0"
groups = ["dev"]
[package.source]
type = "git"
url = "https://example.org/two"
resolved_reference = "abc"
[[package]]
name = "three"
version = "3.0"
groups = ["dev"]
[package.source]
type = "url"
url = "https://example.org/three.whl"
[[package]]
name = "own"
version = "0"
groups = ["main"]
[package.source]
type = "directory"
"""
    found = planned(tmp_path, {"poetry.lock": lock, "pyproject.toml": PROJECT})
    assert found.requirements.splitlines() == [
        f"one==1.0 ; python_version > '3' {HASH}",
        "two @ git+https://example.org/two@abc",
        "three @ https://example.org/three.whl",
    ]
    assert (found.pinned, found.options) == ("hashes", ("--no-deps",))


def test_an_older_poetry_lock_constrains_what_the_project_wants(tmp_path: Path) -> None:
    lock = f'[[package]]\nname = "one"\nversion = "1.0"\nfiles = [{{hash = "{HASH[7:]}"}}]\n'
    project = """[tool.poetry.dependencies]
python = "^3.11"
one = {version = "^1", extras = ["x"]}
own = {path = "../own"}
[tool.poetry.group.dev.dependencies]
two = "*"
"""
    found = planned(tmp_path, {"poetry.lock": lock, "pyproject.toml": project})
    assert found.requirements == "one[x]\ntwo"
    assert found.options == ("--constraint", "one==1.0")


def test_requirements_are_flattened_without_the_projects_own_parts(tmp_path: Path) -> None:
    found = planned(
        tmp_path,
        {
            "requirements/dev.txt": f"-r runtime.txt\npytest==9 \\\n    {HASH}\n-e .\n./local\n# c\n",
            "requirements/runtime.txt": f"Flask_X==3 {HASH}  # why\n",
            "requirements.txt": f"flask-x==3 {HASH}\n",
        },
    )
    assert found.requirements == f"Flask_X==3 {HASH}\npytest==9 {HASH}\n"
    assert (found.lock, found.pinned, found.options) == ("requirements/dev.txt", "hashes", ("--require-hashes",))


def test_two_requirement_files_are_joined_when_they_differ(tmp_path: Path) -> None:
    found = planned(tmp_path, {"requirements-dev.txt": "-c limits.txt\npytest==9\n", "requirements.txt": "flask==3\n"})
    assert (found.lock, found.pinned) == ("requirements-dev.txt + requirements.txt", "versions")
    assert f"-c {tmp_path.resolve() / 'limits.txt'}" in found.requirements
    assert planned(tmp_path, {"requirements.txt": "flask\n"}).pinned == ""


@pytest.mark.parametrize("line", ["-r requirements.txt", "-r ../../../etc/passwd", "-r none.txt"])
def test_requirements_that_include_themselves_or_leave_the_tree_are_refused(tmp_path: Path, line: str) -> None:
    with pytest.raises(InstallFailed):
        planned(tmp_path, {"requirements.txt": line})


def test_a_project_without_a_lock_file_is_taken_as_it_is(tmp_path: Path) -> None:
    text = """[project]
dependencies = ["a", 1]
[project.optional-dependencies]
test = ["b"]
docs = ["c"]
[dependency-groups]
dev = ["d", {include-group = "x"}]
"""
    assert planned(tmp_path, {"pyproject.toml": text}).requirements == "a\nb\nd\n"
    assert planned(tmp_path / "none", {"x": ""}) == Plan("", "", "")


@pytest.mark.parametrize(
    "files",
    [
        {"pyproject.toml": "["},
        {"poetry.lock": "[[package]]\nname = 1\n"},
        {"requirements.txt": b"\xff\xfe\x00"},
        {"uv.lock": "version = 1\n"},
    ],
)
def test_a_file_that_cannot_be_read_is_an_install_failure(tmp_path: Path, files: dict[str, str | bytes]) -> None:
    with pytest.raises(InstallFailed):
        planned(tmp_path, files)


@pytest.fixture
def three(monkeypatch: pytest.MonkeyPatch) -> None:
    found = tuple(Interpreter((3, n), Path(f"/py/{n}")) for n in (13, 12, 10))
    monkeypatch.setattr(python_environment, "interpreters", lambda: found)


@pytest.mark.usefixtures("three")
@pytest.mark.parametrize(
    ("files", "name"),
    [
        ({".python-version": "3.12.4\n"}, "Python 3.12"),
        ({".python-version": "3.14\n", "pyproject.toml": '[project]\nrequires-python = ">=3.11"'}, "Python 3.13"),
        ({"pyproject.toml": '[project]\nrequires-python = "<3.12"'}, "Python 3.10"),
        ({"pyproject.toml": '[project]\nrequires-python = "nonsense"'}, "Python 3.13"),
        ({"pyproject.toml": "["}, "Python 3.13"),
    ],
)
def test_the_interpreter_is_the_one_asked_for_or_one_that_is_accepted(
    tmp_path: Path, files: dict[str, str | bytes], name: str
) -> None:
    grading = session(tmp_path)
    assert choose(write_tree(tmp_path, files), grading).name == name
    assert any("3.14" in note for note in grading.notes) == ("3.14\n" in files.values())


@pytest.mark.usefixtures("three")
def test_no_interpreter_that_is_accepted_is_not_measured(tmp_path: Path) -> None:
    write_tree(tmp_path, {"pyproject.toml": '[project]\nrequires-python = ">=3.99"'})
    with pytest.raises(NotMeasured, match=r"there are: Python 3\.13"):
        choose(tmp_path, session(tmp_path))


def test_interpreters_are_found_on_the_path_but_not_behind_shims(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for place in ("bin/python3.42", "shims/python3.43"):
        write_tree(tmp_path, {place: ""})
        (tmp_path / place).chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}/shims:{tmp_path}/bin")
    interpreters.cache_clear()
    try:
        found = [i.version for i in interpreters()]
    finally:
        interpreters.cache_clear()
    assert (3, 42) in found
    assert (3, 43) not in found


def test_a_registry_out_of_reach_is_not_the_repositorys_fault(tmp_path: Path) -> None:
    with pytest.raises(NotMeasured, match="could not be downloaded"):
        python_environment._uv(
            ["/bin/sh", "-c", "echo error sending request for url >&2; exit 2"],
            tmp_path,
            session(tmp_path),
            (tmp_path,),
        )
