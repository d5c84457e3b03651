"""`scaffold update`: bring a newer template into a repository, as a merge that git does.

The new template is rendered and committed, without touching the work tree, on top of the last commit that holds
pristine template files (found by its `Scaffold-Template:` trailer, and checked); that commit is then merged. Where
no such commit is in reach (a shallow clone, a squash, a rewritten history), one is made up from
`.scaffold/base.tar.gz`, and the merge joins it to the history, so that the next update finds its base again.

What is merged depends on the owner of a file, by the new template's project.toml:

- tool-owned: the template's version replaces the repository's; local edits are reported.
- merged: merged three ways, deletions and renames respected, conflicts left to a person.
- seed-once: never touched. Of new seed-once files, those come in that the template never made before and whose
  place is free.

Everything is tried in a temporary work tree first. The repository itself changes in one step at the end, and an
interrupted run leaves it as it was.
"""

from __future__ import annotations

import re
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path

from scaffolder.errors import GitError, UpdateConflict, UpdateRefused
from scaffolder.git import Git, enclosing_work_tree
from scaffolder.lock import BASE_FILE, LOCK_FILE, Lock, read_lock
from scaffolder.projects import find_project
from scaffolder.render import question_names, render_project
from scaffolder.vendor import Vendor, find_base, write_vendor_commit

_UNFINISHED = ("MERGE_HEAD", "CHERRY_PICK_HEAD", "REVERT_HEAD", "rebase-merge", "rebase-apply")


@dataclass(frozen=True, slots=True)
class Updated:
    """What an update did, or would do.

    `changed` are lines of `git diff --name-status`, `replaced` the tool-owned files whose local edits gave way,
    `conflicts` the files that need a person (only after a dry run: else UpdateConflict is raised), `diff` the whole
    change as text (only after a dry run).
    """

    project: str
    old_version: str
    new_version: str
    changed: tuple[str, ...] = ()
    replaced: tuple[str, ...] = ()
    conflicts: tuple[str, ...] = ()
    diff: str = ""
    rebuilt_base: bool = False

    @property
    def nothing_to_do(self) -> bool:
        """Whether the repository has what the installed template makes."""
        return not self.changed and not self.conflicts


def update(path: Path, *, dry_run: bool = False) -> Updated:
    """Update the repository at `path` to the installed template.

    Args:
        path: the root of a repository that `scaffold new` made.
        dry_run: change nothing, but tell what would change.

    Raises:
        UpdateRefused: the tree has uncommitted changes, a merge is under way, the template is older, or untracked
            files are in the way.
        UpdateConflict: merged, but some files need a person's decision (exit code 1).
        BrokenLock, UnknownProject, InvalidAnswer, GitError: as their names say.
    """
    lock = read_lock(path)
    git = Git(path)
    _check(git)
    git = git.with_variables(git.identity())
    project = find_project(lock.project)
    with tempfile.TemporaryDirectory(prefix="scaffold-update-") as name:
        scratch = Path(name)
        questions = question_names(project.folder.parent, project.id)
        answers = {key: value for key, value in lock.answers.items() if key in questions}
        rendered = render_project(project, scratch / "tree", answers, start=lock.start)
        _refuse_downgrade(lock, rendered)
        base = find_base(git, path, lock, scratch)
        vendor = write_vendor_commit(git, base, lock, rendered, scratch / "tree")
        result = Updated(project.id, lock.template_version, rendered.template_version, rebuilt_base=base.rebuilt)
        if vendor is None:
            return result
        with _trial_tree(git, scratch / "trial") as trial:
            conflicts = _merge(trial, vendor)
            trial.run("add", "--all")
            touched = trial.run("diff", "--cached", "--name-only", "--no-renames", "-z", "HEAD").split("\0")
            result = replace(
                result,
                changed=tuple(trial.run("diff", "--cached", "--name-status", "-M", "HEAD").splitlines()),
                replaced=tuple(file for file in vendor.tool_files if base.is_edited(file) and file in touched),
                conflicts=conflicts,
            )
            if dry_run:
                return replace(result, diff=trial.run("diff", "--cached", "--no-color", "--no-ext-diff", "-M", "HEAD"))
            if not conflicts:
                trial.run("commit", "--quiet", "--no-verify", f"--message={vendor.message}")
                merged = trial.run("rev-parse", "HEAD")
        if conflicts:
            _merge_for_good(git, vendor)
            raise UpdateConflict(
                f"The update to {result.new_version} is merged, but these files need your decision:\n  "
                + "\n  ".join(conflicts)
                + "".join(f"\n{edits_give_way(file)}" for file in result.replaced),
                "Edit them, then `git add` and `git commit`; or take it all back with `git merge --abort`.",
            )
        try:
            git.run("merge", "--quiet", "--ff-only", "--no-stat", merged)
        except GitError as error:
            raise UpdateRefused(error.message, "Nothing was changed: move what is in the way and try again.") from error
        return result


def edits_give_way(path: str) -> str:
    """The sentence by which a replaced tool-owned file is reported."""
    return f"Your edits to {path} give way: the file belongs to the template."


def _check(git: Git) -> None:
    """Refuse whatever could not be undone by `git merge --abort`."""
    path = git.folder
    if enclosing_work_tree(path) is None:
        raise UpdateRefused(
            f"{path} is not a git repository, and an update is a merge.",
            "Run `git init`, `git add --all` and `git commit` in it first.",
        )
    if git.run("rev-parse", "--show-cdup"):
        raise UpdateRefused(
            f"{path} is not the root of its git repository.", "Move the project to a repository of its own."
        )
    if not git.succeeds("rev-parse", "--verify", "--quiet", f"HEAD:{LOCK_FILE}"):
        raise UpdateRefused(f"{LOCK_FILE} is not committed in {path}.", "Commit it, and everything else, first.")
    for name in _UNFINISHED:
        if _git_path(git, name).exists():
            raise UpdateRefused(
                f"{path} is in the middle of a merge, rebase or the like ({name}).", "Finish or abort that first."
            )
    dirty = git.run("status", "--porcelain", "--untracked-files=no").splitlines()
    if dirty:
        raise UpdateRefused(
            f"{path} has uncommitted changes: {', '.join(line[3:] for line in dirty[:5])}"
            + (f" and {len(dirty) - 5} more." if len(dirty) > 5 else "."),
            "Commit or stash them first.",
        )


def _refuse_downgrade(lock: Lock, rendered: Lock) -> None:
    old, new = lock.template_version, rendered.template_version
    if _numbers(old) > _numbers(new):
        raise UpdateRefused(
            f"The repository has template {old}, the installed one is {new}.", "Upgrade the `scaffold` command first."
        )


def _numbers(version: str) -> tuple[int, ...]:
    return tuple(int(number) for number in re.findall(r"\d+", version))


@contextmanager
def _trial_tree(git: Git, folder: Path) -> Iterator[Git]:
    git.run("worktree", "add", "--quiet", "--detach", str(folder), "HEAD")
    try:
        yield Git(folder, git.variables)
    finally:
        git.run("worktree", "remove", "--force", str(folder))


def _merge(git: Git, vendor: Vendor) -> tuple[str, ...]:
    """Merge the vendor commit without committing it; gives the files that are left in conflict."""
    code, said, merged = 0, "", False
    if not vendor.base.rebuilt:
        code, said = git.attempt(
            "merge", "--quiet", "--no-ff", "--no-commit", "--no-stat", "-m", vendor.message, vendor.commit
        )
        merged = _git_path(git, "MERGE_HEAD").exists()
    if code == 0 and not merged:
        # For `git merge` there is no common base (a rebuilt one is no ancestor) or nothing to do (a merge of the very
        # same commit was reverted). The strategy behind it can be told the base; the two files then make it a merge
        # like any other, to be committed or aborted.
        code, said = git.attempt("merge-recursive", vendor.base.commit, "--", "HEAD", vendor.commit)
        merged = code == 0 or bool(_unmerged(git))
        if merged:
            for name, text in (("MERGE_HEAD", vendor.commit), ("MERGE_MSG", vendor.message)):
                _git_path(git, name).write_text(f"{text}\n", encoding="utf-8")
    if not merged:
        raise UpdateRefused(f"git refused the merge: {said}", "Nothing was changed: repair that and try again.")
    _take_theirs(git, vendor)
    return _unmerged(git)


def _take_theirs(git: Git, vendor: Vendor) -> None:
    """Tool-owned files are the template's, whatever the merge made of them."""
    paths = "".join(f"{path}\0" for path in (*vendor.tool_files, LOCK_FILE, BASE_FILE))
    from_stdin = ("--pathspec-from-file=-", "--pathspec-file-nul")
    git.run("--literal-pathspecs", "checkout", "--quiet", vendor.commit, *from_stdin, data=paths.encode())
    if vendor.removed_tool_files:
        gone = "".join(f"{path}\0" for path in vendor.removed_tool_files)
        git.run("--literal-pathspecs", "rm", "--quiet", "--force", "--ignore-unmatch", *from_stdin, data=gone.encode())


def _merge_for_good(git: Git, vendor: Vendor) -> None:
    try:
        _merge(git, vendor)
    except BaseException:
        # Ctrl-C, or files in the way that the trial could not know of. The tree was clean, so this undoes it all.
        git.run("reset", "--quiet", "--merge", "HEAD")
        raise


def _unmerged(git: Git) -> tuple[str, ...]:
    lines = git.run("ls-files", "--unmerged", "-z").split("\0")
    return tuple(sorted({line.partition("\t")[2] for line in lines if line}))


def _git_path(git: Git, name: str) -> Path:
    return git.folder / git.run("rev-parse", "--git-path", name)
