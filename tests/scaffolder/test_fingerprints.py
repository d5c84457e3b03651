"""`make fingerprints`: a project's file is made from its solution, and `make lint` notices when it no longer fits."""

from __future__ import annotations

import pytest

from checks.fingerprints import loads
from scaffolder.projects import find_project
from tools import fingerprints as tool

from .conftest import Templates

STARTED = "def total(rows):\n    raise NotImplementedError\n"
SOLVED = """\
def total(rows):
    found = {}
    for number, row in enumerate(rows, start=1):
        if row is None or not row["price"]:
            raise ValueError(f"row {number} has no price")
        found[row["day"]] = found.get(row["day"], 0) + row["price"] * row["units"] - row["discount"]
    return {day: amount for day, amount in sorted(found.items()) if amount > 0}
"""


@pytest.fixture
def solved(templates: Templates) -> Templates:
    templates.write("src/totals.py", STARTED)
    templates.write("src/name.py.jinja", 'NAME = "{{ project_name }}"\n')
    for path, text in {"src/totals.py": SOLVED, "src/name.py": f"NAME = 1\n{SOLVED}"}.items():
        file = templates.project / "solution" / path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text, encoding="utf-8")
    return templates


def test_the_file_is_written_from_the_solution_over_the_starter(solved: Templates) -> None:
    assert tool.main(solved.root, check=False) == 0
    file = find_project("tiny", solved.root).fingerprints
    known = loads(file.read_text(encoding="utf-8"))
    assert known.suffixes == {".py"}
    assert known.compare(SOLVED.encode(), ".py").own == 0
    assert known.compare(STARTED.encode(), ".py").starter > 0
    assert "row" not in file.read_text(encoding="utf-8")
    assert tool.main(solved.root, check=True) == 0


def test_a_changed_solution_makes_the_file_stale(solved: Templates, capsys: pytest.CaptureFixture[str]) -> None:
    assert tool.main(solved.root, check=True) == 1
    tool.main(solved.root, check=False)
    (solved.project / "solution/src/totals.py").write_text(SOLVED.replace("+", "*"), encoding="utf-8")
    capsys.readouterr()
    assert tool.main(solved.root, check=True) == 1
    assert "tiny_app/fingerprints.json: stale, run `make fingerprints`" in capsys.readouterr().out


def test_a_project_without_a_solution_has_no_file_and_a_left_over_one_goes(templates: Templates) -> None:
    file = find_project("tiny", templates.root).fingerprints
    assert tool.main(templates.root, check=True) == 0
    file.write_text("{}", encoding="utf-8")
    assert tool.main(templates.root, check=True) == 1
    assert tool.main(templates.root, check=False) == 0
    assert not file.exists()
