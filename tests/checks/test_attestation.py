"""What a scorecard claims is measured again at its commit, whatever lies in the folder now."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from checks.attestation import NotAttested, attested
from checks.grading import Options, grade
from checks.model import Assurance, Scorecard
from checks.reports import document
from checks.repository import open_repository
from checks.testing import repository, write_tree
from scaffolder.projects import find_project

ROOT = {"Dockerfile": "FROM python:3.13.1-slim\nCMD python app.py\n", "app.py": "x = 1\n"}
SAFE = {"Dockerfile": 'FROM python:3.13.1-slim\nUSER 1000\nCMD ["python", "app.py"]\n'}


@pytest.fixture
def shop(tmp_path: Path) -> Path:
    return repository(tmp_path / "shop", ROOT, git=True).root


def measure(folder: Path) -> Scorecard:
    options = Options(folder.parent / "cache", static=True, only=("docker",), fresh=True)
    return grade(open_repository(folder), find_project("project2"), options)


def claim(tmp_path: Path, card: Scorecard) -> Path:
    file = tmp_path / "claim.json"
    file.write_text(document.render(card))
    return file


def git(shop: Path, *arguments: str) -> None:
    command = ["git", "-C", str(shop), "-c", "user.name=Ada", "-c", "user.email=ada@example.org", *arguments]
    subprocess.run(command, check=True, capture_output=True)


def test_an_honest_scorecard_is_confirmed(shop: Path, tmp_path: Path) -> None:
    honest = measure(shop)
    found = attested(shop, claim(tmp_path, honest), measure)
    assert found.assurance is Assurance.ATTESTED
    assert (found.earned, found.subject.commit, found.subject.name) == (honest.earned, honest.subject.commit, "shop")
    assert "says the same" in found.notes[-1]


def test_the_commit_counts_and_not_what_was_made_of_it_since(shop: Path, tmp_path: Path) -> None:
    file = claim(tmp_path, measure(shop))
    write_tree(shop, SAFE)
    git(shop, "commit", "-qam", "safe")
    write_tree(shop, {"Dockerfile": "FROM scratch\n"})
    assert "says the same" in attested(shop, file, measure).notes[-1]
    assert (shop / "Dockerfile").read_text() == "FROM scratch\n"


def test_a_scorecard_that_claims_more_is_measured_and_named(shop: Path, tmp_path: Path) -> None:
    honest = measure(shop)
    write_tree(shop, SAFE)
    better = measure(shop)
    file = claim(tmp_path, better._replace(subject=honest.subject))
    found = attested(shop, file, measure)
    assert found.earned == honest.earned < better.earned
    assert "docker.non-root" in found.notes[-1]


def test_a_commit_that_only_a_remote_branch_has_is_found(shop: Path, tmp_path: Path) -> None:
    git(shop, "checkout", "-q", "--detach")
    write_tree(shop, SAFE)
    git(shop, "commit", "-qam", "a pull request's")
    card = measure(shop)
    git(shop, "update-ref", "refs/remotes/origin/pull/1", "HEAD")
    git(shop, "checkout", "-q", "main")
    assert attested(shop, claim(tmp_path, card), measure).subject.commit == card.subject.commit


def test_the_copy_keeps_the_origin_for_those_who_ask_github(shop: Path, tmp_path: Path) -> None:
    git(shop, "remote", "add", "origin", "https://github.com/octo/shop.git")
    seen = []

    def look(copy: Path) -> Scorecard:
        seen.append((copy / ".git/config").read_text())
        return measure(copy)

    attested(shop, claim(tmp_path, measure(shop)), look)
    assert "https://github.com/octo/shop.git" in seen[0]


def test_a_hook_of_the_repository_does_not_run(shop: Path, tmp_path: Path) -> None:
    hook = shop / ".git/hooks/post-checkout"
    hook.write_text(f"#!/bin/sh\ntouch {tmp_path}/ran\n")
    hook.chmod(0o755)
    attested(shop, claim(tmp_path, measure(shop)), measure)
    assert not (tmp_path / "ran").exists()


@pytest.mark.parametrize("commit", [None, "main", "--upload-pack=x", "e" * 40])
def test_a_claim_without_a_commit_of_this_repository_is_refused(shop: Path, tmp_path: Path, commit: str | None) -> None:
    card = measure(shop)
    file = claim(tmp_path, card._replace(subject=card.subject._replace(commit=commit)))
    with pytest.raises(NotAttested):
        attested(shop, file, measure)


def test_what_is_no_scorecard_is_refused(shop: Path, tmp_path: Path) -> None:
    (tmp_path / "claim.json").write_text("{}")
    with pytest.raises(NotAttested, match="no scorecard"):
        attested(shop, tmp_path / "claim.json", measure)
