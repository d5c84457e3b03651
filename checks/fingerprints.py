"""Whose code it is: the starter's, the reference solution's, or the learner's own.

Pure. Winnowing (Schleimer, Wilkerson, Aiken: "Winnowing: Local Algorithms for Document Fingerprinting", SIGMOD 2003)
over the tokens of `checks.lexing`: each run of `GRAM` tokens is hashed, and of every `WINDOW` neighbouring hashes the
least is kept as a fingerprint. A project ships the fingerprints of its starter and of its reference solution, and
nothing of the solution itself. The constants were measured (docs/decisions/0006-originality.md).
"""

from __future__ import annotations

import base64
import hashlib
import json
import re
import struct
import zlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import PurePosixPath
from typing import Any, NamedTuple

from checks.lexing import SUFFIXES, WIDTH, line, stream

SCHEMA = 1
GRAM = 20  # tokens: three or four lines, so that a statement everybody writes is no match
WINDOW = 10  # half a gram: fingerprints of copied code overlap, and what is copied is covered without holes
DISTINCT = 7  # different tokens in a gram: less is a list of arguments or of constants, which look alike everywhere
RUN = 40  # tokens that must match in a row: six or seven lines, two fingerprints that do not overlap
GAP = GRAM  # tokens between two matches that are taken as part of the copy: a line put in, a list of constants
_DIGEST = 32  # hexadecimal digits: 128 bits
_GENERATED = re.compile(
    r"(?:^|/)migrations/(?:versions/)?(?:\d{4}|[0-9a-f]{12})_\w+\.py$|(?:^|/)db/(?:migrate/\d+_\w+|schema)\.rb$"
)


class FingerprintsError(ValueError):
    """A file of fingerprints cannot be read; the text says why."""


class Origin(NamedTuple):
    """The tokens of a file by where they come from; `line` is where the longest stretch of the reference begins."""

    starter: int = 0
    reference: int = 0
    own: int = 0
    line: int | None = None


@dataclass(frozen=True, slots=True)
class Fingerprints:
    """What a repository is compared with.

    `files` tells of files that are the starter's or the reference's to the byte, by digest. `starter` and `reference`
    are fingerprints; the latter holds none that occurs in the starter. `total` counts the reference's own tokens.
    `suffixes` are the languages of the reference: code in others cannot be compared.
    """

    suffixes: frozenset[str]
    total: int
    files: Mapping[str, Origin] = field(repr=False)
    starter: frozenset[int] = field(repr=False)
    reference: frozenset[int] = field(repr=False)

    def compare(self, content: bytes, suffix: str) -> Origin:
        """Return the origin of a file's tokens.

        Raises ImportError when the language needs a parser that is not installed.
        """
        known = self.files.get(digest(content))
        return known or self._compared(decoded(content), suffix)

    def _compared(self, text: str, suffix: str) -> Origin:
        tokens = stream(text, suffix)
        count = len(tokens) // WIDTH
        hashes = _hashes(tokens)
        owners = bytearray(count)
        for start, end, _ in _stretches(hashes, self.starter, gap=0):
            owners[start:end] = b"s" * (end - start)
        longest, first = 0, None
        for start, end, matched in _stretches(hashes, self.reference, gap=GAP):
            if matched >= RUN:
                owners[start:end] = owners[start:end].replace(b"\0", b"r")
                length = owners.count(b"r", start, end)
                if length > longest:
                    longest, first = length, owners.index(b"r", start)
        starter, reference = owners.count(b"s"), owners.count(b"r")
        place = None if first is None else line(text, suffix, first)
        return Origin(starter, reference, count - starter - reference, place)


def generated(path: str) -> bool:
    """Whether a tool writes files of this name from others: migrations of a schema are alike by nature."""
    return _GENERATED.search(path) is not None


def digest(content: bytes) -> str:
    """Return what `Fingerprints.files` knows a file by."""
    return hashlib.sha256(content).hexdigest()[:_DIGEST]


def decoded(content: bytes) -> str:
    """Return a source file's text."""
    return content.decode("utf-8-sig", errors="replace")


def build(starter: Mapping[str, bytes], solution: Mapping[str, bytes]) -> Fingerprints:
    """Make the fingerprints of a project from the files of its starter and of its solution, by path.

    `solution` is the whole repository: what it has in common with the starter counts as the starter's.

    Raises ImportError when a parser is not installed.
    """
    pristine, solved = _written(starter), _written(solution)
    solved = {path: content for path, content in solved.items() if pristine.get(path) != content}
    grams: set[int] = set()
    first: set[int] = set()
    files = {digest(content): Origin() for path, content in starter.items() if generated(path)}
    for path, content in pristine.items():
        tokens = stream(decoded(content), _suffix(path))
        grams.update(_hashes(tokens))
        first |= _winnowed(tokens)
        files[digest(content)] = Origin(starter=len(tokens) // WIDTH)
    second: set[int] = set()
    for path, content in solved.items():
        second |= _winnowed(stream(decoded(content), _suffix(path)))
    known = Fingerprints(frozenset(), 0, {}, frozenset(first), frozenset(second - grams))
    total = 0
    for path, content in solved.items():
        origin = known.compare(content, _suffix(path))
        copied = origin.reference + origin.own  # the file is the reference's to the byte, its shortest parts too
        total += copied
        files.setdefault(digest(content), Origin(origin.starter, copied, 0, (origin.line or 1) if copied else None))
    suffixes = frozenset(_suffix(path) for path in solved)
    return Fingerprints(suffixes, total, files, known.starter, known.reference)


def _written(files: Mapping[str, bytes]) -> dict[str, bytes]:
    """The files in a known language that no tool generates, by path."""
    return {path: files[path] for path in sorted(files) if _suffix(path) in SUFFIXES and not generated(path)}


def _suffix(path: str) -> str:
    return PurePosixPath(path).suffix.lower()


def _hashes(tokens: bytes) -> list[int]:
    """Return the hash of each gram, in the order of the text."""
    size, crc32 = GRAM * WIDTH, zlib.crc32
    return [crc32(tokens[at : at + size]) for at in range(0, len(tokens) - size + 1, WIDTH)]


def _winnowed(tokens: bytes) -> set[int]:
    """Return the fingerprints: the least hash of every window, of the grams that say something."""
    size = GRAM * WIDTH
    hashes = [
        value for at, value in zip(range(0, len(tokens), WIDTH), _hashes(tokens), strict=False)
        if len({tokens[n : n + WIDTH] for n in range(at, at + size, WIDTH)}) >= DISTINCT
    ]  # fmt: skip
    return {min(hashes[at : at + WINDOW]) for at in range(max(1, len(hashes) - WINDOW + 1)) if hashes}


def _stretches(hashes: list[int], known: frozenset[int], *, gap: int) -> Iterator[tuple[int, int, int]]:
    """Yield first token, end and number of matched tokens of each stretch whose grams are known."""
    start = end = matched = 0
    for at in [number for number, value in enumerate(hashes) if value in known]:
        if matched and at > end + gap:
            yield start, end, matched
            matched = 0
        if not matched:
            start = end = at
        matched += at + GRAM - max(end, at)
        end = at + GRAM
    if matched:
        yield start, end, matched


def dumps(fingerprints: Fingerprints) -> str:
    """Return the text of a file of fingerprints: the same for the same fingerprints."""
    files = {
        name: [origin.starter, origin.reference, origin.line] for name, origin in sorted(fingerprints.files.items())
    }
    return (
        "{\n"
        + ",\n".join(
            f"  {json.dumps(key)}: {json.dumps(value)}"
            for key, value in {
                "schema": SCHEMA,
                "constants": [GRAM, WINDOW, DISTINCT],
                "suffixes": sorted(fingerprints.suffixes),
                "total": fingerprints.total,
                "files": files,
                "starter": _packed(fingerprints.starter),
                "reference": _packed(fingerprints.reference),
            }.items()
        )
        + "\n}\n"
    )


def loads(text: str) -> Fingerprints:
    """Return the fingerprints of a file's text.

    Raises FingerprintsError when it is not one, or was made by another version.
    """
    try:
        data: dict[str, Any] = json.loads(text)
        if data["schema"] != SCHEMA or data["constants"] != [GRAM, WINDOW, DISTINCT]:
            raise FingerprintsError("it was made by another version of the grader")
        files = {str(name): Origin(int(s), int(r), 0, place) for name, (s, r, place) in data["files"].items()}
        return Fingerprints(
            frozenset(data["suffixes"]), int(data["total"]), files, _unpacked(data["starter"]),
            _unpacked(data["reference"]),
        )  # fmt: skip
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise error if isinstance(error, FingerprintsError) else FingerprintsError(f"it is damaged: {error}") from error


def _packed(values: frozenset[int]) -> str:
    """Four bytes each, in order of size: where in a file a fingerprint stood is not told."""
    return base64.b64encode(struct.pack(f">{len(values)}I", *sorted(values))).decode()


def _unpacked(text: str) -> frozenset[int]:
    raw = base64.b64decode(text, validate=True)
    if len(raw) % 4:
        raise FingerprintsError("it is damaged: fingerprints are cut off")
    return frozenset(struct.unpack(f">{len(raw) // 4}I", raw))
