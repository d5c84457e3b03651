"""What is read of the template: the README as it was, and nothing outside the tree."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path

from checks.evidence.scaffold import LOCK, collect_markers, collect_scaffold
from checks.repository import open_repository
from checks.testing import repository

README = "# Data platform\n\nWrite me.\n"


def lock(**files: str) -> str:
    listed = {
        path: {"sha256": hashlib.sha256(text.encode()).hexdigest(), "owner": "seed"} for path, text in files.items()
    }
    return json.dumps({"project": "p", "template_version": "1", "files": listed})


def test_the_readme_of_the_first_commit_is_read_when_the_record_names_it(tmp_path: Path) -> None:
    repository(tmp_path, {"README.md": README, LOCK: lock(**{"README.md": README})}, git=True)
    (tmp_path / "README.md").write_text("# Mine\n")
    found = collect_scaffold(open_repository(tmp_path))
    assert found.state("README.md") == "edited"
    assert found.state("else.md") is None
    assert found.readme is not None
    assert found.readme.sections[-1].title == "Data platform"


def test_a_record_that_names_another_readme_is_not_believed(tmp_path: Path) -> None:
    tree = repository(tmp_path, {"README.md": README, LOCK: lock(**{"README.md": "other"})}, git=True)
    assert collect_scaffold(tree).readme is None


def test_paths_out_of_the_tree_are_missing(tmp_path: Path) -> None:
    (tmp_path / "outside.py").write_text("x = 1\n")
    tree = repository(tmp_path / "repo", {LOCK: lock(**{"../outside.py": "x = 1\n", "/etc/passwd": ""})})
    assert {f.state for f in collect_scaffold(tree).files} == {"missing"}


def test_links_are_not_searched_for_markers(tmp_path: Path) -> None:
    (tmp_path / "outside.py").write_text("# TODO(m1.1)\n")
    (tmp_path / "repo").mkdir()
    (tmp_path / "repo/link.py").symlink_to(tmp_path / "outside.py")
    assert collect_markers(open_repository(tmp_path / "repo")).found == ()
