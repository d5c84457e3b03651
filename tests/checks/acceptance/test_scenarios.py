"""What scenarios say of themselves is read without importing them."""

from __future__ import annotations

from pathlib import Path

import pytest

from checks.acceptance import scenarios

ONE = 'def test_known_rejects():\n    """A file yields the known rejects.\n\n    Forty\n    defects.\n    """\n'


@pytest.mark.parametrize(
    ("file", "function", "id_"),
    [
        ("test_m4_cleaning.py", "test_known_rejects", "acceptance.m4.known-rejects"),
        ("test_m10.py", "test_image_starts", "acceptance.m10.image-starts"),
        ("test_extra_rules.py", "test_x", "acceptance.extra.x"),
        ("test_m4_cleaning.py", "helper", None),
        ("conftest.py", "test_x", None),
        ("test_M4.py", "test_x", None),
    ],
)
def test_an_id_follows_from_the_names_of_file_and_function(file: str, function: str, id_: str | None) -> None:
    assert scenarios.check_id(file, function) == id_


def test_title_and_explanation_are_the_docstrings(tmp_path: Path) -> None:
    (tmp_path / "test_m4_cleaning.py").write_text(f"import pytest\n\n\n{ONE}")
    (scenario,) = scenarios.read([tmp_path])
    assert scenario == scenarios.Scenario(
        "acceptance.m4.known-rejects",
        "A file yields the known rejects",
        "Forty defects.",
        tmp_path / "test_m4_cleaning.py",
        4,
    )


def test_milestones_come_in_their_order_and_files_of_none_last(tmp_path: Path) -> None:
    for name in ("test_m10_ship.py", "test_m2_schema.py", "test_own.py", "conftest.py"):
        (tmp_path / name).write_text(ONE)
    found = [s.id.split(".")[1] for s in scenarios.read([tmp_path])]
    assert found == ["m2", "m10", "own"]


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("def test_x(:\n", "can't be read as Python"),
        ("def test_x():\n    pass\n", "test_x has no docstring"),
        ("\0", "can't be read as Python"),
    ],
)
def test_what_cannot_be_used_is_named_with_its_place(tmp_path: Path, text: str, words: str) -> None:
    (tmp_path / "test_m1_x.py").write_text(text)
    with pytest.raises(scenarios.BrokenScenario, match=words) as caught:
        scenarios.read([tmp_path])
    assert "test_m1_x.py" in str(caught.value)


def test_two_scenarios_of_one_id_are_refused(tmp_path: Path) -> None:
    (tmp_path / "test_m4_a.py").write_text(ONE)
    (tmp_path / "test_m4_b.py").write_text(ONE)
    with pytest.raises(scenarios.BrokenScenario, match=r"defined in .*test_m4_a\.py:1 already"):
        scenarios.read([tmp_path])


def test_a_file_may_not_take_the_place_of_one_of_the_projects(tmp_path: Path) -> None:
    own, more = tmp_path / "own", tmp_path / "more"
    own.mkdir()
    more.mkdir()
    (own / "conftest.py").touch()
    (more / "test_mine.py").touch()
    scenarios.refuse_namesakes(own, more)
    (more / "conftest.py").touch()
    with pytest.raises(scenarios.BrokenScenario, match=r"conftest\.py"):
        scenarios.refuse_namesakes(own, more)
