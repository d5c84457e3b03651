"""`scaffold update`: edits kept, conflicts real, seeds untouched, and a way back from everything."""

from __future__ import annotations

import json
import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest
from click.testing import Result

from scaffolder import update as update_module
from scaffolder.errors import UpdateRefused
from scaffolder.lock import read_lock
from scaffolder.update import update
from tests.scaffolder.conftest import DOCKERFILE, STARTER, Learner, Templates

Scaffold = Callable[..., Result]
NEW_DOCKERFILE = DOCKERFILE.replace("RUN step-2\n", "RUN step-2 --faster\n")


def _lose_history(learner: Learner) -> None:
    """What a squash or a rebase does: the same tree, but no commit with the trailer in reach."""
    tree = learner.git.run("rev-parse", "HEAD^{tree}")
    commit = learner.git.run("commit-tree", tree, "-m", "Everything squashed")
    learner.git.run("reset", "--quiet", "--hard", commit)


@pytest.fixture(params=["vendor commit in reach", "history squashed"])
def either(request: pytest.FixtureRequest, learner: Learner) -> Callable[[], Learner]:
    """The same expectations hold with the last template commit in reach, and from the snapshot alone.

    Called after the learner's edits, it may drop the history.
    """

    def prepare() -> Learner:
        learner.commit()
        if request.param == "history squashed":
            _lose_history(learner)
        return learner

    return prepare


def test_an_update_without_news_says_so(learner: Learner, scaffold: Scaffold) -> None:
    before = learner.state()
    result = scaffold("update", "repo")
    assert (result.exit_code, result.stdout) == (0, "Nothing to do: the repository has tiny@0.1.0 already.\n")
    assert learner.state() == before


def test_template_and_learner_change_the_same_file_in_different_places(
    either: Callable[[], Learner], learner: Learner, templates: Templates, scaffold: Scaffold
) -> None:
    learner.write("Dockerfile", DOCKERFILE.replace("RUN step-11\n", "RUN step-11 --mine\n"))
    either()
    templates.write("Dockerfile", NEW_DOCKERFILE)
    templates.write(".github/dependabot.yml", "version: 2\n")
    templates.release()
    result = scaffold("update", "repo")
    assert result.exit_code == 0, result.output
    assert "RUN step-2 --faster\n" in learner.read("Dockerfile")
    assert "RUN step-11 --mine\n" in learner.read("Dockerfile")
    assert learner.read(".github/dependabot.yml") == "version: 2\n"
    assert learner.read("src/app.py") == "VERSION = 1\nMINE = True\n"
    assert read_lock(learner.folder).template_version == "0.2.0"
    assert learner.git.run("status", "--porcelain") == ""
    assert learner.git.run("branch", "--show-current") == "main"
    assert "Updated tiny from template 0.1.0 to 0.2.0" in result.stdout
    assert "Scaffold-Template" not in learner.git.run("log", "-1", "--format=%B", "HEAD")
    assert (
        learner.git.run("log", "-1", "--format=%(trailers:key=Scaffold-Template,valueonly)", "HEAD^2") == "tiny@0.2.0"
    )


def test_a_second_update_finds_the_first_one_as_its_base(
    either: Callable[[], Learner], learner: Learner, templates: Templates, scaffold: Scaffold
) -> None:
    either()
    templates.write("Dockerfile", NEW_DOCKERFILE)
    templates.release("0.2.0")
    assert scaffold("update", "repo").exit_code == 0
    learner.write("Dockerfile", learner.read("Dockerfile").replace("RUN step-11\n", "RUN step-11 --mine\n"))
    learner.commit()
    templates.write("Dockerfile", NEW_DOCKERFILE.replace("RUN step-5\n", "RUN step-5 --new\n"))
    templates.edit_toml('version = "0.2.0"', 'version = "0.10.0"')
    result = scaffold("update", "repo")
    assert result.exit_code == 0, result.output
    assert "snapshot" not in result.stderr
    assert all(word in learner.read("Dockerfile") for word in ("step-2 --faster", "step-5 --new", "step-11 --mine"))


def test_a_conflict_is_left_to_the_learner_and_can_be_taken_back(
    either: Callable[[], Learner], learner: Learner, templates: Templates, scaffold: Scaffold
) -> None:
    learner.write("Dockerfile", DOCKERFILE.replace("RUN step-2\n", "RUN step-2 --mine\n"))
    learner.write("docs/contract.md", "My own contract.\n")
    either()
    before = learner.state()
    templates.write("Dockerfile", NEW_DOCKERFILE)
    templates.release()
    result = scaffold("update", "repo")
    assert result.exit_code == 1
    assert "these files need your decision:\n  Dockerfile\n" in result.stderr
    assert "git merge --abort" in result.stderr
    assert "Your edits to docs/contract.md give way" in result.stderr
    text = learner.read("Dockerfile")
    assert all(mark in text for mark in ("<<<<<<<", "step-2 --mine", "=======", "step-2 --faster", ">>>>>>>"))
    learner.git.run("merge", "--abort")
    assert learner.state() == before

    assert scaffold("update", "repo").exit_code == 1
    learner.write("Dockerfile", DOCKERFILE.replace("RUN step-2\n", "RUN step-2 --both\n"))
    learner.git.run("add", "Dockerfile")
    learner.git.run("commit", "--quiet", "--no-edit")
    assert learner.git.run("log", "-1", "--format=%s") == "Update the template to tiny@0.2.0"
    assert read_lock(learner.folder).template_version == "0.2.0"
    assert scaffold("update", "repo").stdout.startswith("Nothing to do")


def test_a_renamed_file_gets_the_templates_changes_at_its_new_place(
    either: Callable[[], Learner], learner: Learner, templates: Templates, scaffold: Scaffold
) -> None:
    (learner.folder / "docker").mkdir()
    learner.git.run("mv", "Dockerfile", "docker/app.Dockerfile")
    either()
    templates.write("Dockerfile", NEW_DOCKERFILE)
    templates.release()
    result = scaffold("update", "repo")
    assert result.exit_code == 0, result.output
    assert learner.read("docker/app.Dockerfile") == NEW_DOCKERFILE
    assert not (learner.folder / "Dockerfile").exists()


def test_a_deleted_file_stays_deleted(
    either: Callable[[], Learner], learner: Learner, templates: Templates, scaffold: Scaffold
) -> None:
    (learner.folder / ".github/workflows/ci.yml").unlink()
    (learner.folder / "README.md").unlink()
    either()
    templates.write("Dockerfile", NEW_DOCKERFILE)
    templates.write("README.md.jinja", "a new one\n")
    templates.release()
    assert scaffold("update", "repo").exit_code == 0
    assert not (learner.folder / ".github/workflows/ci.yml").exists()
    assert not (learner.folder / "README.md").exists()
    assert learner.read("Dockerfile") == NEW_DOCKERFILE


def test_a_file_that_the_template_drops_goes_unless_it_was_seeded(
    either: Callable[[], Learner], learner: Learner, templates: Templates, scaffold: Scaffold
) -> None:
    either()
    for path in ("Dockerfile", "docs/contract.md", "kept.log"):
        templates.remove(path)
    templates.release()
    result = scaffold("update", "repo")
    assert result.exit_code == 0, result.output
    assert not (learner.folder / "Dockerfile").exists()
    assert not (learner.folder / "docs/contract.md").exists()
    assert learner.read("kept.log") == STARTER["kept.log"]
    assert set(read_lock(learner.folder).files) == {path.removesuffix(".jinja") for path in STARTER} - {
        "Dockerfile", "docs/contract.md",
    }  # fmt: skip


def test_tool_owned_files_are_replaced_and_local_edits_reported(
    either: Callable[[], Learner], learner: Learner, templates: Templates, scaffold: Scaffold
) -> None:
    learner.write("docs/contract.md", "My own contract.\n")
    (learner.folder / ".github/workflows/grade.yml").unlink()
    either()
    templates.write("docs/contract.md", "The contract, second edition.\n")
    templates.release()
    result = scaffold("update", "repo")
    assert result.exit_code == 0, result.output
    assert learner.read("docs/contract.md") == "The contract, second edition.\n"
    assert learner.read(".github/workflows/grade.yml") == STARTER[".github/workflows/grade.yml"]
    assert "Your edits to docs/contract.md give way" in result.stderr
    assert "Your edits to .github/workflows/grade.yml give way" in result.stderr


def test_a_tool_owned_file_edited_by_the_learner_and_dropped_by_the_template_goes(
    either: Callable[[], Learner], learner: Learner, templates: Templates, scaffold: Scaffold
) -> None:
    learner.write("docs/contract.md", "My own contract.\n")
    either()
    templates.remove("docs/contract.md")
    templates.release()
    result = scaffold("update", "repo")
    assert result.exit_code == 0, result.output
    assert not (learner.folder / "docs/contract.md").exists()


def test_seeded_files_are_never_touched_and_new_ones_come_in_where_there_is_room(
    either: Callable[[], Learner], learner: Learner, templates: Templates, scaffold: Scaffold
) -> None:
    learner.write("src/mine.py", "LEARNER = True\n")
    either()
    templates.write("src/app.py", "VERSION = 2\n")
    templates.write("kept.log", "changed by the template\n")
    templates.write("src/mine.py", "TEMPLATE = True\n")
    templates.write("src/new.py", "NEW = True\n")
    templates.release()
    old = read_lock(learner.folder).files
    result = scaffold("update", "repo")
    assert result.exit_code == 0, result.output
    assert learner.read("src/app.py") == "VERSION = 1\nMINE = True\n"
    assert learner.read("kept.log") == STARTER["kept.log"]
    assert learner.read("src/mine.py") == "LEARNER = True\n"
    assert learner.read("src/new.py") == "NEW = True\n"
    new = read_lock(learner.folder).files
    assert new["src/app.py"] == old["src/app.py"]
    assert "src/new.py" in new
    assert "src/mine.py" not in new


def test_a_file_handed_over_to_the_learner_is_left_alone_from_then_on(
    learner: Learner, templates: Templates, scaffold: Scaffold
) -> None:
    learner.write("Dockerfile", "FROM scratch\n")
    learner.commit()
    templates.edit_toml('merged = [".github/**", "Dockerfile", "bin/*"]', 'merged = [".github/**", "bin/*"]')
    templates.write("Dockerfile", NEW_DOCKERFILE)
    templates.release()
    result = scaffold("update", "repo")
    assert result.exit_code == 0, result.output
    assert learner.read("Dockerfile") == "FROM scratch\n"
    assert read_lock(learner.folder).files["Dockerfile"].owner == "seed"


def test_a_changed_executable_bit_arrives(learner: Learner, templates: Templates, scaffold: Scaffold) -> None:
    (templates.project / "starter/bin/setup").chmod(0o644)
    templates.release()
    assert scaffold("update", "repo").exit_code == 0
    assert learner.git.run("ls-files", "--stage", "bin/setup").startswith("100644")


def test_a_dry_run_shows_the_difference_and_changes_nothing(
    either: Callable[[], Learner], learner: Learner, templates: Templates, scaffold: Scaffold
) -> None:
    learner.write("docs/contract.md", "My own contract.\n")
    either()
    before = learner.state()
    templates.write("Dockerfile", NEW_DOCKERFILE)
    templates.release()
    result = scaffold("update", "repo", "--dry-run")
    assert result.exit_code == 0, result.output
    assert "-RUN step-2\n+RUN step-2 --faster\n" in result.stdout
    assert "Would update tiny from template 0.1.0 to 0.2.0" in result.stderr
    assert "Your edits to docs/contract.md give way" in result.stderr
    assert learner.state() == before
    assert learner.read("Dockerfile") == DOCKERFILE


def test_a_dry_run_foretells_conflicts(learner: Learner, templates: Templates, scaffold: Scaffold) -> None:
    learner.write("Dockerfile", DOCKERFILE.replace("RUN step-2\n", "RUN step-2 --mine\n"))
    learner.commit()
    before = learner.state()
    templates.write("Dockerfile", NEW_DOCKERFILE)
    templates.release()
    result = scaffold("update", "repo", "--dry-run")
    assert result.exit_code == 1
    assert "conflict: Dockerfile will need your decision" in result.stderr
    assert learner.state() == before


def test_a_squash_that_kept_the_trailer_is_not_taken_for_a_pristine_commit(
    learner: Learner, templates: Templates, scaffold: Scaffold
) -> None:
    learner.write("Dockerfile", DOCKERFILE.replace("RUN step-11\n", "RUN step-11 --mine\n"))
    learner.commit()
    tree = learner.git.run("rev-parse", "HEAD^{tree}")
    squash = learner.git.run("commit-tree", tree, "-m", "All of it", "-m", "Scaffold-Template: tiny@0.1.0")
    learner.git.run("reset", "--quiet", "--hard", squash)
    templates.write("Dockerfile", NEW_DOCKERFILE)
    templates.release()
    result = scaffold("update", "repo")
    assert result.exit_code == 0, result.output
    assert "the snapshot in .scaffold/ was used" in result.stderr
    assert "RUN step-11 --mine\n" in learner.read("Dockerfile")


def test_a_squash_without_an_executable_bit_or_a_file_is_not_pristine_either(
    learner: Learner, templates: Templates, scaffold: Scaffold
) -> None:
    (learner.folder / "bin/setup").chmod(0o644)
    learner.commit()
    tree = learner.git.run("rev-parse", "HEAD^{tree}")
    squash = learner.git.run("commit-tree", tree, "-m", "All of it", "-m", "Scaffold-Template: tiny@0.1.0")
    learner.git.run("reset", "--quiet", "--hard", squash)
    templates.release()
    result = scaffold("update", "repo")
    assert "the snapshot in .scaffold/ was used" in result.stderr
    assert learner.git.run("ls-files", "--stage", "bin/setup").startswith("100644")


def test_a_shallow_clone_is_updated_from_the_snapshot(
    learner: Learner, templates: Templates, scaffold: Scaffold, tmp_path: Path
) -> None:
    learner.write("Dockerfile", DOCKERFILE.replace("RUN step-2\n", "RUN step-2 --mine\n"))
    learner.commit()
    subprocess.run(["git", "clone", "-q", "--depth=1", f"file://{learner.folder}", "clone"], check=True)
    clone = Learner(Path("clone").absolute())
    before = clone.state()
    templates.write("Dockerfile", NEW_DOCKERFILE)
    templates.release()
    assert scaffold("update", "clone").exit_code == 1
    assert "step-2 --faster" in clone.read("Dockerfile")
    clone.git.run("merge", "--abort")
    assert clone.state() == before


def test_an_update_that_was_reverted_can_be_repeated(
    learner: Learner, templates: Templates, scaffold: Scaffold
) -> None:
    templates.write("Dockerfile", NEW_DOCKERFILE)
    templates.release()
    assert scaffold("update", "repo").exit_code == 0
    learner.git.run("revert", "--no-edit", "-m", "1", "HEAD")
    assert learner.read("Dockerfile") == DOCKERFILE
    result = scaffold("update", "repo")
    assert result.exit_code == 0, result.output
    assert learner.read("Dockerfile") == NEW_DOCKERFILE


def test_a_changed_question_takes_its_default_and_a_dropped_one_is_forgotten(
    learner: Learner, templates: Templates, scaffold: Scaffold
) -> None:
    file = templates.root / "copier.yml"
    file.write_text(file.read_text().replace("aws_region", "cloud_region"))
    templates.release()
    result = scaffold("update", "repo")
    assert result.exit_code == 0, result.output
    answers = read_lock(learner.folder).answers
    assert "aws_region" not in answers
    assert answers["cloud_region"] == "eu-central-1"


def _dirty(learner: Learner) -> None:
    learner.write("src/app.py", "changed\n")


def _staged(learner: Learner) -> None:
    learner.write("new.txt", "x")
    learner.git.run("add", "new.txt")


def _merging(learner: Learner) -> None:
    (learner.folder / ".git/MERGE_HEAD").write_text(learner.git.run("rev-parse", "HEAD"))


def _uncommitted_lock(learner: Learner) -> None:
    learner.git.run("rm", "--quiet", "--cached", ".scaffold/lock.json")
    learner.git.run("commit", "--quiet", "-m", "x")


def _no_repository(learner: Learner) -> None:
    shutil.rmtree(learner.folder / ".git")


def _inner_folder(learner: Learner) -> None:
    shutil.rmtree(learner.folder / ".git")
    learner.git.run("init", "--quiet", "..")


def _newer(learner: Learner) -> None:
    text = learner.read(".scaffold/lock.json")
    learner.write(".scaffold/lock.json", text.replace('"template_version": "0.1.0"', '"template_version": "0.11.0"'))
    learner.commit()


def _unknown(learner: Learner) -> None:
    learner.write(".scaffold/lock.json", learner.read(".scaffold/lock.json").replace('"tiny"', '"tinny"'))
    learner.commit()


def _snapshot_gone(learner: Learner) -> None:
    (learner.folder / ".scaffold/base.tar.gz").unlink()
    learner.commit()
    _lose_history(learner)


def _snapshot_of_another(learner: Learner) -> None:
    values = json.loads(learner.read(".scaffold/lock.json"))
    values["files"]["Dockerfile"]["sha256"] = "0" * 64
    learner.write(".scaffold/lock.json", json.dumps(values))
    learner.commit()


def _untracked_in_the_way(learner: Learner) -> None:
    learner.write(".github/new.yml", "mine\n")


@pytest.mark.parametrize(
    ("prepare", "said"),
    [
        (_dirty, "has uncommitted changes: src/app.py. Commit or stash"),
        (_staged, "has uncommitted changes: new.txt"),
        (_merging, "in the middle of a merge"),
        (_uncommitted_lock, "lock.json is not committed"),
        (_no_repository, "is not a git repository"),
        (_inner_folder, "is not the root of its git repository"),
        (_newer, "has template 0.11.0, the installed one is 0.2.0. Upgrade"),
        (_unknown, "There is no project 'tinny'. Did you mean 'tiny'?"),
        (_snapshot_gone, "base.tar.gz cannot be read"),
        (_snapshot_of_another, "does not fit .scaffold/lock.json: Dockerfile differs"),
        (_untracked_in_the_way, "would be overwritten"),
    ],
)
def test_a_repository_in_no_state_to_be_updated_is_refused_and_unchanged(
    learner: Learner, templates: Templates, scaffold: Scaffold, prepare: Callable[[Learner], None], said: str
) -> None:
    prepare(learner)
    templates.write(".github/new.yml", "the template's\n")
    templates.release()
    before = learner.state() if (learner.folder / ".git").exists() else ()
    result = scaffold("update", "repo")
    assert result.exit_code == 2, result.output
    assert said in result.stderr.replace("\n", " ")
    assert "Traceback" not in result.output
    if before:
        assert learner.state() == before


def test_untracked_files_in_the_way_of_a_conflicting_merge_change_nothing_either(
    either: Callable[[], Learner], learner: Learner, templates: Templates
) -> None:
    learner.write("Dockerfile", DOCKERFILE.replace("RUN step-2\n", "RUN step-2 --mine\n"))
    either()
    learner.write(".github/new.yml", "mine\n")
    before = learner.state()
    templates.write("Dockerfile", NEW_DOCKERFILE)
    templates.write(".github/new.yml", "the template's\n")
    templates.release()
    with pytest.raises(UpdateRefused, match="git refused the merge"):
        update(learner.folder)
    assert learner.state() == before
    assert learner.read(".github/new.yml") == "mine\n"


@pytest.mark.parametrize("when", ["in the trial", "in the repository"])
def test_an_interrupted_update_leaves_the_repository_as_it_was(
    learner: Learner, templates: Templates, scaffold: Scaffold, monkeypatch: pytest.MonkeyPatch, when: str
) -> None:
    learner.write("Dockerfile", DOCKERFILE.replace("RUN step-2\n", "RUN step-2 --mine\n"))
    learner.commit()
    before = learner.state()
    templates.write("Dockerfile", NEW_DOCKERFILE)
    templates.release()
    original = update_module._take_theirs

    def interrupt(git: object, vendor: object) -> None:
        original(git, vendor)  # type: ignore[arg-type]
        if when == "in the trial" or git.folder == learner.folder:  # type: ignore[attr-defined]
            raise KeyboardInterrupt

    # The one way to let a Ctrl-C arrive at exactly this moment.
    monkeypatch.setattr(update_module, "_take_theirs", interrupt)
    result = scaffold("update", str(learner.folder))
    assert result.exit_code == 2
    assert "Interrupted: everything is as it was before." in result.stderr
    assert learner.state() == before
    assert learner.read("Dockerfile") == DOCKERFILE.replace("RUN step-2\n", "RUN step-2 --mine\n")


def test_a_folder_that_was_never_scaffolded_is_refused(scaffold: Scaffold, templates: Templates) -> None:
    result = scaffold("update")
    assert result.exit_code == 2
    assert "was not made by `scaffold new`" in result.stderr


def test_many_dirty_files_are_summed_up(learner: Learner, scaffold: Scaffold) -> None:
    for number in range(7):
        learner.write(f"f{number}", "x")
    learner.git.run("add", "--all")
    assert "f4 and 2 more." in scaffold("update", "repo").stderr


def test_an_update_runs_from_within_the_repository(
    learner: Learner, templates: Templates, scaffold: Scaffold, monkeypatch: pytest.MonkeyPatch
) -> None:
    templates.write("Dockerfile", NEW_DOCKERFILE)
    templates.release()
    monkeypatch.chdir(learner.folder)
    assert scaffold("update").exit_code == 0
    assert learner.read("Dockerfile") == NEW_DOCKERFILE
