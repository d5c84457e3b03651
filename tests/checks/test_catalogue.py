"""Every check there is: found, complete, and documented."""

import ast
import re
from pathlib import Path

import pytest

from checks.catalogue import checks, collectors
from checks.engine import order
from checks.model import Check
from checks.repository import Repository
from checks.session import Session

ROOT = Path(__file__).parents[2]
RULES = list(checks().values())


def test_there_are_at_least_fifty_checks() -> None:
    assert len(RULES) >= 50


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.id)
def test_a_check_speaks_like_the_others(rule: Check) -> None:
    assert re.fullmatch(r"[a-z]+\.[a-z0-9]+(-[a-z0-9]+)*", rule.id)
    assert len(rule.title) <= 90
    assert rule.title[0].isupper()
    assert len(rule.explanation) >= 40
    assert rule.repair.endswith((".", "`"))
    assert rule.function.__module__.rsplit(".", 1)[-1].split("_")[0] == rule.family


def test_all_evidence_that_checks_need_can_be_collected() -> None:
    needs = [need for rule in RULES for need in rule.needs]
    assert order(needs, collectors(), [Repository, Session])


def test_each_check_is_used_in_the_tests_of_its_family() -> None:
    used = {}
    for path in (ROOT / "tests" / "checks" / "rules").glob("test_*.py"):
        nodes = ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        names = {n.id if isinstance(n, ast.Name) else n.attr for n in nodes if isinstance(n, ast.Name | ast.Attribute)}
        used[path.stem] = names
    for rule in RULES:
        mine = [names for stem, names in used.items() if stem.startswith(f"test_{rule.family}")]
        assert any(rule.function.__name__ in names for names in mine), f"{rule.id} has no test"
