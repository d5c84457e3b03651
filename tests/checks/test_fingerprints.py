"""Whose code it is, on real code: modules of this package play starter, reference solution and independent work."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from fractions import Fraction
from pathlib import Path

import pytest

from checks import fingerprints
from checks.fingerprints import RUN, Fingerprints, FingerprintsError, Origin, build, dumps, generated, loads
from tests.support.disguise import moved, padded, reformatted, renamed, reordered, undocumented

PACKAGE = Path(fingerprints.__file__).parent


def read(*names: str) -> dict[str, str]:
    return {f"src/{name}": (PACKAGE / name).read_text(encoding="utf-8") for name in names}


def raw(files: Mapping[str, str]) -> dict[str, bytes]:
    return {path: text.encode() for path, text in files.items()}


STARTER = read("engine.py", "model.py")
SOLUTION = read("scoring.py", "repository.py", "mutations.py", "evidence/suite.py", "evidence/_yaml.py")
INDEPENDENT = read("cli.py", "sandbox.py", "services/postgresql.py", "evidence/history.py", "rules/docker.py")


@pytest.fixture(scope="module")
def known() -> Fingerprints:
    return build(raw(STARTER), raw(STARTER | SOLUTION))


def summed(known: Fingerprints, files: Mapping[str, str]) -> Origin:
    found = [known.compare(text.encode(), ".py") for text in files.values()]
    return Origin(sum(f.starter for f in found), sum(f.reference for f in found), sum(f.own for f in found))


def copied(known: Fingerprints, files: Mapping[str, str]) -> Fraction:
    found = summed(known, files)
    return Fraction(found.reference, found.reference + found.own)


def test_the_starter_is_the_starters_and_the_solution_the_references(known: Fingerprints) -> None:
    assert summed(known, STARTER).reference == summed(known, STARTER).own == 0
    whole = summed(known, SOLUTION)
    assert whole.reference == known.total
    assert whole.own == 0


DISGUISES: dict[str, tuple[Callable[[dict[str, str]], dict[str, str]], int]] = {
    "a comment added": (lambda f: {p: t + "\n# mine\n" for p, t in f.items()}, 85),
    "renamed": (renamed, 85),
    "narrow": (lambda f: reformatted(f, width=60), 85),
    "wide": (lambda f: reformatted(f, width=160), 85),
    "undocumented": (undocumented, 85),
    "reordered": (reordered, 80),
    "moved": (moved, 75),
    "in one file": (lambda f: moved(f, number=1), 75),
    "all of it": (lambda f: renamed(moved(reformatted(undocumented(f), width=70))), 75),
    "a line after every sixth": (lambda f: padded(f, every=6), 70),
    "a line after every third": (lambda f: padded(f, every=3), 50),
}


@pytest.mark.parametrize("name", DISGUISES)
def test_a_disguised_copy_is_still_the_references(known: Fingerprints, name: str) -> None:
    disguise, least = DISGUISES[name]
    assert copied(known, disguise(SOLUTION)) >= Fraction(least, 100)


@pytest.mark.parametrize("name", ["renamed", "all of it"])
def test_a_disguised_starter_is_still_the_starters(known: Fingerprints, name: str) -> None:
    found = summed(known, DISGUISES[name][0](STARTER))
    assert found.reference == 0
    assert found.starter > 3 * found.own


def test_independent_code_is_its_authors_own(known: Fingerprints) -> None:
    assert copied(known, INDEPENDENT) < Fraction(3, 100)
    assert summed(known, INDEPENDENT).starter < summed(known, INDEPENDENT).own / 30


def test_code_beside_a_copy_is_own_and_the_place_of_the_copy_is_told(known: Fingerprints) -> None:
    own, copy = INDEPENDENT["src/evidence/history.py"], SOLUTION["src/scoring.py"]
    found = known.compare(f"{own}\n\n{copy}".encode(), ".py")
    assert found.reference > 4 * RUN
    assert found.line is not None
    assert found.line > own.count("\n")


def test_what_the_solution_took_from_the_starter_is_the_starters() -> None:
    starter = {"a.py": STARTER["src/engine.py"]}
    both = build(raw(starter), raw({"a.py": starter["a.py"] + "\n\n" + SOLUTION["src/scoring.py"]}))
    found = both.compare((starter["a.py"] + "# edited\n").encode(), ".py")
    assert found.reference == 0
    assert found.starter > found.own


def test_a_common_idiom_is_no_copy() -> None:
    idiom = "class Meta:\n    ordering = ['name']\n    verbose_name = 'x'\n    indexes = [Index(fields=['a'])]\n"
    line = "def __str__(self):\n    return self.name\n"
    known = build({}, {"models.py": "\n\n".join(f"class A{n}(Model):\n    a = Field()\n{line}" for n in range(9)).encode(),
                       "meta.py": idiom.encode()})  # fmt: skip
    assert known.compare(f"x = 1\n{idiom}{line}".encode(), ".py").reference == 0


def test_a_long_list_of_arguments_is_no_copy() -> None:
    call = "configure(\n" + "".join(f"    option_{n}='v{n}',\n" for n in range(60)) + ")\n"
    other = "settings(\n" + "".join(f"    setting_{n}='w{n}',\n" for n in range(60)) + ")\n"
    assert build({}, {"a.py": call.encode()}).compare(other.encode(), ".py").reference == 0


def test_tests_and_the_parts_of_no_language_are_treated_alike() -> None:
    text = SOLUTION["src/scoring.py"]
    known = build({}, {"tests/test_a.py": text.encode(), "docs/b.md": text.encode(), "c.sql": text.encode()})
    assert known.suffixes == {".py"}
    assert len(known.files) == 1


@pytest.mark.parametrize(
    "path",
    ["app/migrations/0001_initial.py", "warehouse/migrations/versions/1f0c2a9b7d3e_tables.py", "db/schema.rb",
     "db/migrate/20260101000000_create.rb"],
)  # fmt: skip
def test_migrations_are_generated_and_no_part_of_the_reference(path: str) -> None:
    assert generated(path)
    assert build({}, {path: SOLUTION["src/scoring.py"].encode()}).total == 0


@pytest.mark.parametrize("path", ["app/migrations/core.py", "app/versions/all_of_it.py", "app/0001_models.py"])
def test_other_names_near_migrations_are_not(path: str) -> None:
    assert not generated(path)


def test_a_file_of_fingerprints_loses_nothing_and_is_the_same_for_the_same_code(known: Fingerprints) -> None:
    text = dumps(known)
    assert loads(text) == known
    assert dumps(build(raw(dict(reversed(STARTER.items()))), raw(SOLUTION | STARTER))) == text


def test_a_file_of_fingerprints_holds_no_word_of_the_solution(known: Fingerprints) -> None:
    data = json.loads(dumps(known))
    assert data.keys() == {"schema", "constants", "suffixes", "total", "files", "starter", "reference"}
    assert all(set(name) <= set("0123456789abcdef") for name in data["files"])
    assert not known.starter & known.reference


@pytest.mark.parametrize(
    "text",
    [
        "",
        "[]",
        "{}",
        '{"schema": 2, "constants": [20, 10, 7]}',
        '{"schema": 1, "constants": [4, 4, 1]}',
    ],
    ids=["empty", "list", "object", "newer", "constants"],
)
def test_another_text_is_refused(text: str) -> None:
    with pytest.raises(FingerprintsError):
        loads(text)


def test_a_damaged_file_is_refused(known: Fingerprints) -> None:
    data = json.loads(dumps(known))
    for name, value in (("reference", "AAA"), ("starter", "AAAA"), ("files", {"a": 1}), ("total", None)):
        with pytest.raises(FingerprintsError):
            loads(json.dumps(data | {name: value}))
