"""`python -m checks.acceptance` for those who write scenarios."""

from __future__ import annotations

from pathlib import Path

import pytest

from checks.acceptance.__main__ import develop


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (["--repo", "{here}", "--project", "nonsense"], "There is no project 'nonsense'."),
        (["--repo", "{here}/nowhere"], "there is no such folder"),
        (["--repo", "{here}"], "project"),
    ],
)
def test_what_cannot_be_run_is_told_in_a_sentence(
    arguments: list[str], told: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "notes.txt").write_text("nothing of any project")
    assert develop([argument.format(here=tmp_path) for argument in arguments]) == 2
    error = capsys.readouterr().err
    assert told in error
    assert "Traceback" not in error
