"""Planted bugs, tried for real on the tests of a few lines."""

from __future__ import annotations

from pathlib import Path

import pytest

from checks.evidence import scaffold, source, strength, suite
from checks.evidence.strength import Strength
from checks.model import Blocked, NotMeasured
from checks.repository import open_repository
from checks.session import Limits
from checks.testing import repository
from tests.checks.runners.workshop import session

CODE = "def price(amount, member):\n    if amount >= 100 and member:\n        return amount - 10\n    return amount\n"
SHARP = """from shop import price

def test_edges():
    assert [price(99, True), price(100, True), price(101, True), price(100, False)] == [99, 90, 91, 100]
"""
BLUNT = "from shop import price\n\ndef test_it_runs():\n    assert price(150, True)\n    assert price(1, False)\n"


@pytest.fixture(scope="module")
def cache(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("cache")


def measure(root: Path, cache: Path, files: dict[str, str], limits: Limits | None = None) -> Strength:
    tree = repository(root / "repo", {"requirements.txt": "pytest\n", "shop.py": CODE, **files}, git=True)
    before = {e.path: tree.read_bytes(e.path) for e in tree.entries}
    here = session(root, cache, limits=limits)
    run = suite.collect(tree, here)
    found = strength.collect(run, source.collect(tree), scaffold.collect_scaffold(tree), tree, here)
    after = open_repository(root / "repo")
    assert {e.path: after.read_bytes(e.path) for e in after.entries} == before
    return found


@pytest.mark.slow
def test_a_sharp_test_notices_every_planted_bug(tmp_path: Path, cache: Path) -> None:
    found = measure(tmp_path, cache, {"test_shop.py": SHARP})
    assert found.control == ""
    assert {bug.path for bug in found.bugs} == {"shop.py"}
    assert [bug.noticed for bug in found.bugs] == [True] * len(found.bugs)
    assert found.candidates > len(found.bugs) >= 2


@pytest.mark.slow
def test_a_blunt_test_covers_every_line_and_notices_little(tmp_path: Path, cache: Path) -> None:
    found = measure(tmp_path, cache, {"test_shop.py": BLUNT})
    assert not any(bug.noticed for bug in found.bugs)


@pytest.mark.slow
def test_a_change_that_never_ends_counts_as_noticed(
    tmp_path: Path, cache: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(strength, "_PATIENCE", 3.0)
    loop = "def count(n):\n    while n != 0:\n        n -= 1\n    return n\n"
    test = "from loop import count\n\ndef test_it_ends():\n    assert count(3) == 0\n"
    found = measure(tmp_path, cache, {"shop.py": "", "loop.py": loop, "test_loop.py": test})
    assert ("-=", True) in {(bug.before, bug.noticed) for bug in found.bugs}


@pytest.mark.slow
def test_a_suite_that_watches_its_source_files_is_found_out(tmp_path: Path, cache: Path) -> None:
    watch = (
        "import pathlib, shop\n\ndef test_source_is_as_it_was():\n    assert shop.price(1, 1)\n"
        f"    assert pathlib.Path('shop.py').stat().st_size == {len(CODE)}\n"
    )
    found = measure(tmp_path, cache, {"test_shop.py": watch})
    assert found.bugs == ()
    assert "with a comment added" in found.control


SEEN = """
import hashlib, pathlib, shop

def test_price():
    assert shop.price(1, 1)
    found = hashlib.sha256(pathlib.Path("shop.py").read_bytes()).hexdigest()
    marker = pathlib.Path({marker})
    if found != {original!r} and not marker.exists():
        marker.touch()
        assert False
"""


def seen_once(marker: str) -> str:
    """A test that fails when it first sees another source file; `marker` is where it notes that (an expression)."""
    from hashlib import sha256

    return SEEN.format(marker=marker, original=sha256(CODE.encode()).hexdigest())


@pytest.mark.slow
def test_a_test_that_fails_now_and_then_is_not_taken_for_one_that_watches_its_source(
    tmp_path: Path, cache: Path
) -> None:
    found = measure(tmp_path, cache, {"test_shop.py": seen_once("'seen'")})
    assert found.control == ""
    assert found.bugs


@pytest.mark.slow
def test_a_suite_that_fails_at_the_first_sight_of_each_change_is_found_out(tmp_path: Path, cache: Path) -> None:
    found = measure(tmp_path, cache, {"test_shop.py": seen_once("f'seen-{found}'")})
    assert found.bugs == ()
    assert "with a comment added" in found.control


@pytest.mark.slow
def test_a_suite_that_does_not_end_once_a_comment_is_added_is_not_yet_known(tmp_path: Path, cache: Path) -> None:
    wait = (
        "import pathlib, shop, time\n\ndef test_it_ends():\n    assert shop.price(1, 1)\n"
        f"    time.sleep(0 if pathlib.Path('shop.py').stat().st_size == {len(CODE)} else 600)\n"
    )
    with pytest.raises(NotMeasured, match="did not end within 20 s"):
        measure(tmp_path, cache, {"test_shop.py": wait}, Limits(seconds=20))


@pytest.mark.slow
def test_a_suite_that_fails_blocks_planting(tmp_path: Path, cache: Path) -> None:
    with pytest.raises(Blocked) as blocked:
        measure(tmp_path, cache, {"test_shop.py": "def test_no():\n    assert False\n"})
    assert blocked.value.by == "tests.pass"


@pytest.mark.slow
def test_untouched_files_of_the_template_are_not_changed(tmp_path: Path, cache: Path) -> None:
    from hashlib import sha256

    digest = sha256(CODE.encode()).hexdigest()
    lock = (
        '{"schema": 1, "project": "p", "template_version": "0.1.0", "answers": {}, "files": '
        f'{{"shop.py": {{"sha256": "{digest}", "owner": "seed"}}}}}}'
    )
    found = measure(tmp_path, cache, {"test_shop.py": SHARP, ".scaffold/lock.json": lock})
    assert (found.bugs, found.candidates) == ((), 0)
