"""The index of the repository under review: what counts as a file, and that reading it changes nothing."""

import os
import subprocess
from pathlib import Path

import pytest

from checks.repository import FileTooLarge, RepositoryError, open_repository, opening
from checks.testing import repository, write_tree


def git(root: Path, *arguments: str) -> str:
    identity = ["-c", "user.name=Ada", "-c", "user.email=ada@example.org", "-c", "commit.gpgsign=false"]
    done = subprocess.run(["git", "-C", str(root), *identity, *arguments], check=True, capture_output=True, text=True)
    return done.stdout.strip()


def test_in_git_the_tracked_files_are_the_repository(tmp_path: Path) -> None:
    repository(tmp_path, {"src/a.py": "x = 1\n", ".gitignore": "*.log\n"}, git=True)
    write_tree(tmp_path, {"build.log": "ignored", "notes.txt": "untracked"})
    tree = open_repository(tmp_path)
    assert [e.path for e in tree.entries] == [".gitignore", "src/a.py"]
    assert (tree.git, tree.branch, tree.untracked, tree.dirty) == (True, "main", 1, ())
    assert tree.commit == git(tmp_path, "rev-parse", "HEAD")


def test_files_are_read_as_they_lie_on_disk_and_changes_are_named(tmp_path: Path) -> None:
    repository(tmp_path, {"a.py": "old", "b c.py": "old"}, git=True)
    write_tree(tmp_path, {"a.py": "new", "b c.py": "new"})
    tree = open_repository(tmp_path)
    assert tree.dirty == ("a.py", "b c.py")
    assert tree.read_text("a.py") == "new"


def test_a_deleted_file_is_not_in_the_repository(tmp_path: Path) -> None:
    repository(tmp_path, {"a.py": "x", "b.py": "y"}, git=True)
    (tmp_path / "a.py").unlink()
    assert [e.path for e in open_repository(tmp_path).entries] == ["b.py"]


def test_outside_git_installed_and_built_folders_are_left_out(tmp_path: Path) -> None:
    tree = repository(tmp_path, {"app.py": "x", "node_modules/x/i.js": "y", ".venv/lib.py": "z", "src/b.py": "w"})
    assert [e.path for e in tree.entries] == ["app.py", "src/b.py"]
    assert (tree.git, tree.commit, tree.branch) == (False, None, None)


def test_a_repository_without_a_commit_has_no_commit(tmp_path: Path) -> None:
    write_tree(tmp_path, {"a.py": "x"})
    git(tmp_path, "init", "-q", "-b", "trunk")
    git(tmp_path, "add", "-A")
    tree = open_repository(tmp_path)
    assert (tree.commit, tree.branch, [e.path for e in tree.entries]) == (None, "trunk", ["a.py"])


def test_a_detached_head_has_no_branch(tmp_path: Path) -> None:
    repository(tmp_path, {"a.py": "x"}, git=True)
    git(tmp_path, "checkout", "-q", "--detach")
    assert open_repository(tmp_path).branch is None


def test_an_unmerged_path_is_listed_once(tmp_path: Path) -> None:
    repository(tmp_path, {"a.py": "base\n"}, git=True)
    git(tmp_path, "checkout", "-qb", "other")
    write_tree(tmp_path, {"a.py": "other\n"})
    git(tmp_path, "commit", "-qam", "other")
    git(tmp_path, "checkout", "-q", "main")
    write_tree(tmp_path, {"a.py": "main\n"})
    git(tmp_path, "commit", "-qam", "main")
    with pytest.raises(subprocess.CalledProcessError):
        git(tmp_path, "merge", "-q", "other")
    tree = open_repository(tmp_path)
    assert ([e.path for e in tree.entries], tree.dirty) == (["a.py"], ("a.py",))


def test_names_with_spaces_unicode_and_bad_bytes_are_kept(tmp_path: Path) -> None:
    names = ["naïve ✓ file.py", "tab\there.py", os.fsdecode(b"bad\xff.py")]
    tree = repository(tmp_path, dict.fromkeys(names, "x"), git=True)
    assert sorted(e.path for e in tree.entries) == sorted(names)
    assert tree.read_text(names[2]) == "x"
    assert len(tree.digest) == 64


def test_links_out_of_the_tree_are_marked_and_never_followed(tmp_path: Path) -> None:
    outside = write_tree(tmp_path / "outside", {"secret": "s"})
    root = write_tree(tmp_path / "repo", {"in.txt": "inside"})
    (root / "out").symlink_to(outside / "secret")
    (root / "folder").symlink_to(outside)
    (root / "near").symlink_to("in.txt")
    tree = open_repository(root)
    links = {e.path: (e.symlink, e.escapes) for e in tree.entries}
    assert links == {
        "in.txt": (False, False), "out": (True, True), "folder": (True, True), "near": (True, False),
    }  # fmt: skip
    with pytest.raises(FileNotFoundError):
        tree.read_bytes("out")
    assert tree.read_text("near") == "inside"


def test_a_tracked_file_behind_a_folder_turned_into_a_link_is_not_followed(tmp_path: Path) -> None:
    outside = write_tree(tmp_path / "outside", {"a.py": "secret"})
    root = tmp_path / "repo"
    repository(root, {"pkg/a.py": "x"}, git=True)
    (root / "pkg" / "a.py").unlink()
    (root / "pkg").rmdir()
    (root / "pkg").symlink_to(outside)
    with pytest.raises(FileNotFoundError):
        open_repository(root).read_bytes("pkg/a.py")


def test_a_large_file_is_refused_instead_of_read(tmp_path: Path) -> None:
    tree = repository(tmp_path, {"big.txt": "x" * 11})
    with pytest.raises(FileTooLarge, match=r"big\.txt"):
        tree.read_text("big.txt", limit=10)
    assert tree.read_text("big.txt", limit=11) == "x" * 11


def test_text_survives_bad_encodings_and_a_byte_order_mark(tmp_path: Path) -> None:
    tree = repository(tmp_path, {"a.txt": b"\xef\xbb\xbfcaf\xe9"})
    assert tree.read_text("a.txt") == "caf\ufffd"


def test_globs_know_folders(tmp_path: Path) -> None:
    tree = repository(tmp_path, dict.fromkeys(["a.yml", ".github/workflows/ci.yml", "x/y/z.yml", "x/b.txt"], "-"))
    assert [e.path for e in tree.glob("*.yml")] == ["a.yml"]
    assert [e.path for e in tree.glob("**/*.yml")] == [".github/workflows/ci.yml", "a.yml", "x/y/z.yml"]
    assert [e.path for e in tree.glob("x/**")] == ["x/b.txt", "x/y/z.yml"]
    assert [e.path for e in tree.glob("?.yml", "x/*.txt")] == ["a.yml", "x/b.txt"]
    assert [e.path for e in tree.with_suffix(".txt")] == ["x/b.txt"]
    assert ("a.yml" in tree, "b.yml" in tree) == (True, False)


def test_an_entry_knows_its_name_and_suffix(tmp_path: Path) -> None:
    tree = repository(tmp_path, dict.fromkeys(["a/B.PY", ".env", "Makefile"], "-"))
    assert [(e.name, e.suffix) for e in tree.entries] == [(".env", ""), ("Makefile", ""), ("B.PY", ".py")]


def test_the_digest_changes_with_content_mode_and_links_and_with_nothing_else(tmp_path: Path) -> None:
    root = tmp_path / "repo"
    repository(root, {"a.py": "one", "b.py": "two"}, git=True)
    (root / "link").symlink_to("a.py")
    git(root, "add", "-A")
    git(root, "commit", "-qm", "link")
    first = open_repository(root).digest
    os.utime(root / "a.py", (1, 1))
    assert open_repository(root).digest == first
    write_tree(root, {"a.py": "One"})
    changed = open_repository(root).digest
    (root / "b.py").chmod(0o755)
    executable = open_repository(root).digest
    (root / "link").unlink()
    (root / "link").symlink_to("b.py")
    relinked = open_repository(root).digest
    assert len({first, changed, executable, relinked}) == 4


def test_reading_a_repository_changes_not_a_byte_of_it(tmp_path: Path) -> None:
    repository(tmp_path, {"a.py": "x", "b.py": "y"}, git=True)
    os.utime(tmp_path / "a.py", (1, 1))  # a stale index entry that git would otherwise refresh
    before = {p: (p.stat().st_mtime_ns, p.read_bytes()) for p in tmp_path.rglob("*") if p.is_file()}
    assert open_repository(tmp_path).digest
    after = {p: (p.stat().st_mtime_ns, p.read_bytes()) for p in tmp_path.rglob("*") if p.is_file()}
    assert after == before


def test_programs_named_in_the_repositorys_git_configuration_are_not_run(tmp_path: Path) -> None:
    repository(tmp_path, {"a.py": "x"}, git=True)
    git(tmp_path, "config", "core.fsmonitor", f"touch {tmp_path}/ran; false")
    open_repository(tmp_path)
    assert not (tmp_path / "ran").exists()


def test_submodules_are_other_repositories(tmp_path: Path) -> None:
    repository(tmp_path / "inner", {"x.py": "x"}, git=True)
    repository(tmp_path / "outer", {"a.py": "y"}, git=True)
    git(
        tmp_path / "outer", "-c", "protocol.file.allow=always", "submodule", "add", "-q", str(tmp_path / "inner"), "sub"
    )
    assert [e.path for e in open_repository(tmp_path / "outer").entries] == [".gitmodules", "a.py"]


def test_what_git_was_asked_ahead_is_answered_as_if_it_were_asked_now(tmp_path: Path) -> None:
    repository(tmp_path, {"a.py": "x"}, git=True)
    head, unknown = ("rev-parse", "HEAD"), ("rev-parse", "--verify", "nowhere")
    tree = opening(tmp_path, [head, unknown])()
    assert tree.asked.keys() == {head, unknown}
    for _ in range(2):  # the second time, nothing is ahead
        assert tree.ask_git(*head) == f"{tree.commit}\n".encode()
        assert tree.ask_git(*unknown) is None
    assert not tree.asked


def test_a_missing_target_a_file_and_a_subfolder_are_refused_with_the_repair(tmp_path: Path) -> None:
    repository(tmp_path / "repo", {"src/a.py": "x"}, git=True)
    with pytest.raises(RepositoryError, match="no such folder"):
        open_repository(tmp_path / "nowhere")
    with pytest.raises(RepositoryError, match="Give the folder"):
        open_repository(tmp_path / "repo" / "src" / "a.py")
    with pytest.raises(RepositoryError, match="inside the repository"):
        open_repository(tmp_path / "repo" / "src")
