import json
from pathlib import Path

from coverage import CoverageData

from checks.formats import coverage_py, istanbul, lcov, simplecov
from checks.formats.lines import SIZE_LIMIT


def test_raw_data_files_of_one_run_are_merged(tmp_path: Path) -> None:
    for number, lines in enumerate([[1, 2], [2, 5]]):
        data = CoverageData(basename=str(tmp_path / f"d.{number}"))
        data.add_lines({"/copy/a.py": lines})
        data.write()
        data.close()
    assert coverage_py.read_folder(tmp_path).executed == {"/copy/a.py": frozenset({1, 2, 5})}


def test_a_data_file_that_is_none_is_a_problem(tmp_path: Path) -> None:
    (tmp_path / "d.1").write_bytes(b"not a database" * 100)
    found = coverage_py.read_folder(tmp_path)
    assert found.executed == {}
    assert "d.1" in found.problems[0]


def test_a_giant_or_missing_data_file_is_a_problem(tmp_path: Path) -> None:
    with (tmp_path / "big").open("wb") as stream:
        stream.truncate(SIZE_LIMIT + 1)
    assert "larger than" in coverage_py.read(tmp_path / "big").problems[0]
    assert coverage_py.read(tmp_path / "nothing").problems


def test_lcov_tells_executed_and_executable_lines() -> None:
    found = lcov.parse("TN:\nSF:src/a.js\nDA:1,3\nDA:2,0\nDA:4,1,hash\nend_of_record\nSF:src/b.js\nend_of_record\n")
    assert found.executed == {"src/a.js": frozenset({1, 4}), "src/b.js": frozenset()}
    assert found.executable["src/a.js"] == frozenset({1, 2, 4})


def test_broken_lcov_records_are_problems_and_the_rest_counts() -> None:
    found = lcov.parse("DA:1,1\nSF:a\nDA:x,1\nDA:2\nDA:3,1\n")
    assert found.executed == {"a": frozenset({3})}
    assert len(found.problems) == 3


def test_simplecov_commands_are_united() -> None:
    first = {"coverage": {"/app/a.rb": {"lines": [1, None, 0, 2]}}}
    second = {"coverage": {"/app/a.rb": [None, None, 1]}}
    found = simplecov.parse(json.dumps({"RSpec": first, "Minitest": second}))
    assert found.executed == {"/app/a.rb": frozenset({1, 3, 4})}
    assert found.executable == {"/app/a.rb": frozenset({1, 3, 4})}


def test_what_is_no_simplecov_result_is_a_problem() -> None:
    for text in ("[", "[]", '{"RSpec": 1}', '{"RSpec": {"coverage": {"a.rb": 1}}}', "[" * 100_000):
        assert simplecov.parse(text).problems


def test_istanbul_statements_become_lines() -> None:
    place = {"start": {"line": 1, "column": 0}, "end": {"line": 2, "column": 0}}
    entry = {"statementMap": {"0": place, "1": {"start": {"line": 5}}, "2": place}, "s": {"0": 0, "1": 0, "2": 4}}
    found = istanbul.parse(json.dumps({"/app/a.js": entry}))
    assert found.executed == {"/app/a.js": frozenset({1})}
    assert found.executable == {"/app/a.js": frozenset({1, 5})}


def test_what_is_no_istanbul_map_is_a_problem() -> None:
    for text in ("{", "[]", '{"a.js": {}}', '{"a.js": null}'):
        assert istanbul.parse(text).problems
