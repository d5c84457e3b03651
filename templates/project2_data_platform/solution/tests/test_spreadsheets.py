"""Text in spreadsheets."""

import pytest

from data_platform.spreadsheets import harmless


@pytest.mark.parametrize("cell", ["=1+1", "+49", "-2", "@SUM(A1)", "\t=1", "\r=1"])
def test_what_would_be_run_gets_an_apostrophe(cell: str) -> None:
    assert harmless(cell) == f"'{cell}"


@pytest.mark.parametrize("cell", ["", "Field guide", "2-3", "'=1", "59.70", "2026-03-01"])
def test_other_text_is_left_alone(cell: str) -> None:
    assert harmless(cell) == cell
