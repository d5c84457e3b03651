"""Kept scorecards: found again for the same question, never for another, and never half-written."""

import os
from pathlib import Path

import pytest

from checks import cache
from checks.repository import open_repository
from checks.testing import repository, write_tree


def test_the_key_changes_with_tree_settings_and_project(tmp_path: Path) -> None:
    root = tmp_path / "repo"
    tree = repository(root, {"a.py": "x"}, git=True)
    project = write_tree(tmp_path, {"project.toml": "id = 1"}) / "project.toml"
    first = cache.key(tree, {"static": False}, project)
    assert cache.key(open_repository(root), {"static": False}, project) == first
    assert cache.key(tree, {"static": True}, project) != first
    project.write_text("id = 2", encoding="utf-8")
    assert cache.key(tree, {"static": False}, project) != first
    write_tree(root, {"a.py": "y"})
    assert cache.key(open_repository(root), {"static": False}, project) != first


def test_a_document_is_found_again(tmp_path: Path) -> None:
    cache.store(tmp_path / "shelf", "k", {"a": [1]})
    assert cache.load(tmp_path / "shelf", "k") == {"a": [1]}
    assert cache.load(tmp_path / "shelf", "other") is None


@pytest.mark.parametrize("damage", ["", "{", "[]", "\x00"])
def test_a_damaged_document_counts_as_none(tmp_path: Path, damage: str) -> None:
    (tmp_path / "k.json").write_text(damage, encoding="utf-8")
    assert cache.load(tmp_path, "k") is None


def test_the_least_recently_used_documents_go_first(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for age, name in enumerate(["new", "used", "old"]):
        cache.store(tmp_path, name, {})
        os.utime(tmp_path / f"{name}.json", (1000 - age, 1000 - age))
    cache.load(tmp_path, "used")
    monkeypatch.setattr(cache, "KEPT", 2)
    cache.store(tmp_path, "newest", {})
    assert sorted(p.name for p in tmp_path.glob("*.json")) == ["newest.json", "used.json"]


def test_a_file_is_written_whole_or_not_at_all(tmp_path: Path) -> None:
    target = tmp_path / "new folder" / "report.txt"
    cache.write_whole(target, "first")
    with pytest.raises(TypeError):
        cache.write_whole(target, None)  # type: ignore[arg-type]
    assert target.read_text(encoding="utf-8") == "first"
    assert [p.name for p in target.parent.iterdir()] == ["report.txt"]
    assert target.stat().st_mode & 0o777 == 0o644


def test_what_is_there_and_no_file_is_written_to_and_stays(tmp_path: Path) -> None:
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    reader = os.open(pipe, os.O_RDONLY | os.O_NONBLOCK)
    cache.write_whole(pipe, "said")
    assert os.read(reader, 100) == b"said"
    os.close(reader)
    assert pipe.is_fifo()


def test_so_is_what_a_link_without_a_place_leads_to(tmp_path: Path) -> None:
    """As /dev/stdout does, behind which there may be a pipe."""
    reading, writing = os.pipe()
    link = tmp_path / "out"
    link.symlink_to(f"/dev/fd/{writing}")
    cache.write_whole(link, "said")
    os.close(writing)
    assert os.read(reading, 100) == b"said"
    os.close(reading)
    assert link.is_symlink()


def test_a_link_leads_where_it_led(tmp_path: Path) -> None:
    target, link = tmp_path / "report", tmp_path / "latest"
    target.write_text("old", encoding="utf-8")
    link.symlink_to(target)
    cache.write_whole(link, "new")
    assert link.is_symlink()
    assert target.read_text(encoding="utf-8") == "new"
