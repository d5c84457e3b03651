"""A repository compared with what its project ships."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import pytest

from checks import lexing
from checks.evidence import originality
from checks.evidence.originality import Originality, collect
from checks.fingerprints import build, dumps
from checks.model import NotMeasured
from checks.session import Session
from checks.testing import repository
from tests.checks.runners.workshop import project
from tests.checks.test_fingerprints import INDEPENDENT, SOLUTION, STARTER, raw
from tests.support.disguise import renamed

KNOWN = dumps(build(raw(STARTER), raw(STARTER | SOLUTION)))


def compared(root: Path, files: Mapping[str, str | bytes], known: str | None = KNOWN) -> Originality:
    own = project()._replace(folder=root / "template")
    own.folder.mkdir()
    if known is not None:
        own.fingerprints.write_text(known, encoding="utf-8")
    return collect(repository(root / "repo", files), Session(own, root / "work", root / "cache"))


def test_a_project_without_a_reference_has_nothing_to_compare_with(tmp_path: Path) -> None:
    assert compared(tmp_path, STARTER, known=None) == Originality()


def test_an_untouched_starter_is_all_the_starters(tmp_path: Path) -> None:
    summary = compared(tmp_path, STARTER).summary
    assert summary is not None
    assert (summary.reference, summary.own, summary.files) == (0, 0, ())
    assert summary.starter > 1000


def test_a_copy_is_counted_by_file_the_most_first(tmp_path: Path) -> None:
    summary = compared(tmp_path, STARTER | SOLUTION | INDEPENDENT).summary
    assert summary is not None
    assert summary.contained == 1
    assert summary.reference == sum(f.reference for f in summary.files) >= summary.solution
    assert [f.reference for f in summary.files] == sorted((f.reference for f in summary.files), reverse=True)
    assert set(SOLUTION) <= {f.path for f in summary.files}


def test_a_copy_under_a_migrations_name_is_a_copy_and_a_migration_is_nobodys(tmp_path: Path) -> None:
    (tmp_path / "a").mkdir()
    (tmp_path / "b").mkdir()
    path = "app/migrations/0001_initial.py"
    hidden = compared(tmp_path / "a", {path: renamed(SOLUTION)["src/scoring.py"]}).summary
    assert hidden is not None
    assert [f.path for f in hidden.files] == [path]
    honest = compared(tmp_path / "b", {path: INDEPENDENT["src/cli.py"]}).summary
    assert honest is not None
    assert honest.total == 0


def test_comments_do_not_push_code_out_of_sight(tmp_path: Path) -> None:
    comments = "# nothing\n" * 200_000
    summary = compared(tmp_path, {"a.py": comments + SOLUTION["src/scoring.py"]}).summary
    assert summary is not None
    assert summary.reference > 500


def test_a_file_too_large_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(originality, "READ_LIMIT", 10)
    assert compared(tmp_path, {"a.py": "a = 1\n" * 10, "b.py": "b = 1\n"}).unread == ("a.py",)


def test_other_languages_and_links_are_not_read(tmp_path: Path) -> None:
    (tmp_path / "repo").mkdir()
    (tmp_path / "repo/link.py").symlink_to("a.md")
    summary = compared(tmp_path, {"a.md": SOLUTION["src/scoring.py"], "b.js": "let a = 1"}).summary
    assert summary is not None
    assert summary.total == 0


@pytest.mark.parametrize("known", ["", "\ufeff{}", '{"schema": 9}'])
def test_damaged_fingerprints_are_not_yet_known(tmp_path: Path, known: str) -> None:
    with pytest.raises(NotMeasured, match=r"fingerprints\.json cannot be read"):
        compared(tmp_path, STARTER, known)


def test_without_its_parser_a_language_is_not_yet_known(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    code = "def a(b)\n  b.each { |c| puts c + 1 if c > 2 }\nend\n" * 20
    known = dumps(build({}, {"a.rb": code.encode()}))

    def missing(suffix: str) -> None:
        raise ImportError(suffix)

    monkeypatch.setattr(lexing, "parser", missing)
    with pytest.raises(NotMeasured, match="parsers are not installed"):
        compared(tmp_path, {"b.rb": f"{code}# edited\n"}, known)
