"""The vendor side of an update: a commit of pristine template files to start from, and the next one on top of it.

Both are written with git's plumbing into the object store alone. No branch, index or work tree changes; without a
merge they are garbage that git collects.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path

from scaffolder.errors import BrokenLock
from scaffolder.git import TRAILER, Git, trailer
from scaffolder.lock import BASE_FILE, LOCK_FILE, Lock, LockedFile, read_base

Entry = tuple[str, str]  # mode and object id, as `git ls-tree` gives them


@dataclass(frozen=True, slots=True)
class Base:
    """The commit whose pristine files the repository started from.

    `head` and `files` are the trees of HEAD and of this commit; `rebuilt` says that it came from the snapshot and is
    no ancestor of HEAD.
    """

    commit: str
    head: Mapping[str, Entry]
    files: Mapping[str, Entry]
    rebuilt: bool

    def is_edited(self, path: str) -> bool:
        """Whether the repository changed or removed this file of the template."""
        return path in self.files and self.head.get(path) != self.files[path]


@dataclass(frozen=True, slots=True)
class Vendor:
    """The commit of the new template's files, and what a merge needs to know of it."""

    commit: str
    base: Base
    message: str
    tool_files: tuple[str, ...]
    removed_tool_files: tuple[str, ...]


def find_base(git: Git, root: Path, lock: Lock, scratch: Path) -> Base:
    """The newest pristine commit with the lock that HEAD has; else one made from the snapshot.

    Args:
        git: git in the repository.
        root: the repository.
        lock: its lock.
        scratch: an empty folder for temporary files.

    Raises:
        BrokenLock: the snapshot is needed, but missing or damaged.
        GitError: git failed.
    """
    head = _list_tree(git, "HEAD")
    candidates = git.run("log", "--format=%H", f"--grep=^{TRAILER}: {lock.project}@", "HEAD").split()
    for commit in candidates:
        files = _list_tree(git, commit)
        # A squash keeps the trailer of the commits it swallows, so the trailer alone proves nothing.
        if files.get(LOCK_FILE) == head[LOCK_FILE] and _is_pristine(git, files, lock):
            return Base(commit, head, files, rebuilt=False)
    return _rebuild_base(git, root, lock, head, scratch)


def write_vendor_commit(git: Git, base: Base, lock: Lock, rendered: Lock, tree: Path) -> Vendor | None:
    """Commit the new template's files on top of `base`.

    Args:
        git: git in the repository, with an identity.
        base: from `find_base`.
        lock: the repository's lock.
        rendered: the lock of the freshly rendered tree.
        tree: that tree; its lock.json is rewritten to what the repository will have.

    Returns:
        The commit, or None if the repository has it all already.
    """
    files, written = _plan(lock, rendered, base.head)
    result = replace(rendered, files=files)
    if result == lock:
        return None
    (tree / LOCK_FILE).write_text(result.dump(), encoding="utf-8")
    gone = {path: file for path, file in lock.files.items() if path not in rendered.files and file.owner != "seed"}
    index = _index(git, tree, tree.with_name("vendor-index"))
    index.run("read-tree", base.commit)
    _update_index(index, "--force-remove", gone)
    _update_index(index, "--add", [*written, LOCK_FILE, BASE_FILE])
    release = f"{rendered.project}@{rendered.template_version}"
    commit = git.run(
        "commit-tree", index.run("write-tree"), "-p", base.commit,
        "-m", f"Template files of {release}", "-m", trailer(rendered.project, rendered.template_version),
    )  # fmt: skip
    return Vendor(
        commit,
        base,
        f"Update the template to {release}",
        tuple(path for path, file in files.items() if file.owner == "tool"),
        tuple(path for path, file in gone.items() if file.owner == "tool"),
    )


def _plan(lock: Lock, rendered: Lock, head: Mapping[str, Entry]) -> tuple[dict[str, LockedFile], list[str]]:
    """The files of the repository's next lock, and which of them to take from the rendered tree."""
    files = {path: file for path, file in lock.files.items() if file.owner == "seed"}
    written: list[str] = []
    for path, file in rendered.files.items():
        if file.owner != "seed":
            files[path] = file
        elif path in lock.files:
            # Seeded before, or handed over by this version: stays as the repository got it.
            files[path] = replace(lock.files[path], owner="seed")
            continue
        elif path in head:
            continue
        else:
            files[path] = file
        written.append(path)
    return files, written


def _is_pristine(git: Git, files: Mapping[str, Entry], lock: Lock) -> bool:
    expected = {path: file for path, file in lock.files.items() if file.owner != "seed"}
    if any(path not in files or (files[path][0] == "100755") != file.executable for path, file in expected.items()):
        return False
    wanted = "".join(f"{files[path][1]}\n" for path in expected)
    answer = git.run_bytes("cat-file", "--batch", data=wanted.encode())
    for file in expected.values():
        header, _, answer = answer.partition(b"\n")
        size = int(header.split()[2])
        if hashlib.sha256(answer[:size]).hexdigest() != file.sha256:
            return False
        answer = answer[size + 1 :]
    return True


def _rebuild_base(git: Git, root: Path, lock: Lock, head: Mapping[str, Entry], scratch: Path) -> Base:
    snapshot = read_base(root)
    tree = scratch / "base"
    for path, locked in lock.files.items():
        if locked.owner == "seed":
            continue
        file = snapshot.get(path)
        if file is None or hashlib.sha256(file.content).hexdigest() != locked.sha256:
            raise BrokenLock(
                f"{root / BASE_FILE} does not fit {LOCK_FILE}: {path} differs.", "Restore both from the same commit."
            )
        target = tree / path
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes(file.content)
        target.chmod(0o755 if file.executable else 0o644)
    tree.mkdir(exist_ok=True)
    index = _index(git, tree, scratch / "base-index")
    # The learner's own state of the seeded files: equal on all sides, they stay out of the merge.
    seeds = [path for path, file in lock.files.items() if file.owner == "seed" and path in head]
    lines = [f"{head[path][0]} {head[path][1]}\t{path}\0" for path in (*seeds, LOCK_FILE, BASE_FILE) if path in head]
    index.run("update-index", "-z", "--index-info", data="".join(lines).encode("utf-8", "surrogateescape"))
    _update_index(index, "--add", [path for path, file in lock.files.items() if file.owner != "seed"])
    message = f"Template files of {lock.project}@{lock.template_version}, from {BASE_FILE}"
    commit = git.run("commit-tree", index.run("write-tree"), "-m", message)
    return Base(commit, head, _list_tree(git, commit), rebuilt=True)


def _index(git: Git, tree: Path, file: Path) -> Git:
    """Git with an index of its own, over a folder that is not the repository's work tree."""
    folder = git.run("rev-parse", "--absolute-git-dir")
    variables = {"GIT_DIR": folder, "GIT_WORK_TREE": str(tree), "GIT_INDEX_FILE": str(file)}
    return Git(tree, {**git.variables, **variables})


def _update_index(index: Git, action: str, paths: Iterable[str]) -> None:
    data = "".join(f"{path}\0" for path in paths).encode("utf-8", "surrogateescape")
    settings = ("-c", "core.autocrlf=false", "-c", "core.fileMode=true")
    index.run(*settings, "update-index", "-z", "--replace", action, "--stdin", data=data)


def _list_tree(git: Git, commit: str) -> dict[str, Entry]:
    files: dict[str, Entry] = {}
    for line in git.run("ls-tree", "-r", "-z", commit).split("\0"):
        if line:
            meta, _, path = line.partition("\t")
            mode, _, object_id = meta.split()
            files[path] = (mode, object_id)
    return files
