"""Reads what a Python project depends on, from its lock file if it has one, into a plan for `uv`."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any, NamedTuple

from checks.runners.base import InstallFailed

# In this order; the first that exists is taken. Development files first, since they usually include the others.
DEVELOPMENT = (
    "requirements/dev.txt", "requirements/development.txt", "requirements/local.txt", "requirements/test.txt",
    "requirements/tests.txt", "requirements/ci.txt", "requirements-dev.txt", "dev-requirements.txt",
    "requirements_dev.txt", "requirements-test.txt", "test-requirements.txt", "requirements-ci.txt",
)  # fmt: skip
RUNTIME = (
    "requirements.txt", "requirements/runtime.txt", "requirements/base.txt", "requirements/main.txt",
    "requirements/production.txt", "requirements/prod.txt",
)  # fmt: skip
_DEVELOPMENT_EXTRAS = frozenset({"dev", "develop", "development", "test", "tests", "testing", "ci"})
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]*")
_LOCAL = re.compile(r"^(?:(?:-e|--editable)[ =]|\.{0,2}/|\.(?:\[|$)|file:)")


class Plan(NamedTuple):
    """How an environment is filled.

    `lock` names the file that decides, `pinned` says how firmly: ``hashes``, ``versions`` or "" (not at all). Either
    `sync` is the folder of a `uv.lock`, with `extras` to add, or `requirements` is a requirements file's text and
    `options` its installer options.
    """

    lock: str
    pinned: str
    digest: str
    sync: Path | None = None
    extras: tuple[str, ...] = ()
    requirements: str = ""
    options: tuple[str, ...] = ()


def plan(folder: Path, root: Path) -> Plan:
    """Return the plan for the project in `folder` of the clean copy `root`.

    Raises InstallFailed when the file that decides can't be read.
    """
    for place in (folder, *(p for p in folder.parents if p == root or root in p.parents)):
        if (place / "uv.lock").is_file():
            return _uv(place)
    if (folder / "poetry.lock").is_file():
        return _poetry(folder)
    named = _requirements(folder, root)
    return named if named is not None else _pyproject(folder)


def _text(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        raise InstallFailed(f"{path.name} cannot be read", str(error)) from error


def _toml(path: Path) -> dict[str, Any]:
    try:
        return tomllib.loads(_text(path))
    except (tomllib.TOMLDecodeError, RecursionError) as error:
        raise InstallFailed(f"{path.name} is not valid TOML", str(error)) from error


def _table(value: Any, *keys: str) -> dict[str, Any]:
    for key in keys:
        value = value.get(key) if isinstance(value, dict) else None
    return value if isinstance(value, dict) else {}


def _texts(value: Any) -> list[str]:
    return [v for v in value if isinstance(v, str)] if isinstance(value, list) else []


def _uv(place: Path) -> Plan:
    lock = _text(place / "uv.lock")
    _toml(place / "uv.lock")
    project = _toml(place / "pyproject.toml")
    extras = tuple(sorted(_DEVELOPMENT_EXTRAS & _table(project, "project", "optional-dependencies").keys()))
    return Plan("uv.lock", "hashes", lock + _text(place / "pyproject.toml"), sync=place, extras=extras)


def _poetry(folder: Path) -> Plan:
    document = _toml(folder / "poetry.lock")
    packages = [p for p in document.get("package", ()) if isinstance(p, dict)]
    lines = []
    for package in packages:
        name, version = package.get("name"), package.get("version")
        kind = _table(package, "source").get("type")
        if not isinstance(name, str) or not isinstance(version, str):
            raise InstallFailed("poetry.lock is broken", f"a package without name or version: {package!r:.120}")
        if kind in ("directory", "file"):
            continue  # the project's own parts are on the path
        lines.append(_poetry_line(name, version, package))
    text = "\n".join(lines)
    if all("groups" in package for package in packages):  # since lock version 2.1 markers are in the lock file
        return Plan("poetry.lock", "hashes", text, requirements=text, options=("--no-deps",))
    # Older lock files don't say which package belongs to which platform: resolve again, with the locked versions.
    wanted = "\n".join(_poetry_wanted(_toml(folder / "pyproject.toml")))
    constraints = "\n".join(line.partition(" --hash")[0].partition(" ;")[0] for line in lines)
    return Plan(
        "poetry.lock", "hashes", wanted + constraints, requirements=wanted, options=("--constraint", constraints)
    )


def _poetry_line(name: str, version: str, package: dict[str, Any]) -> str:
    source = _table(package, "source")
    if source.get("type") == "git":
        return f"{name} @ git+{source.get('url')}@{source.get('resolved_reference')}"
    if source.get("type") == "url":
        return f"{name} @ {source.get('url')}"
    markers = package.get("markers")
    condition = f" ; {markers}" if isinstance(markers, str) else ""
    files = [f for f in package.get("files", ()) if isinstance(f, dict)]
    return f"{name}=={version}{condition}" + "".join(f" --hash={f['hash']}" for f in files if f.get("hash"))


def _poetry_wanted(project: dict[str, Any]) -> Iterator[str]:
    yield from _texts(_table(project, "project").get("dependencies"))
    poetry = _table(project, "tool", "poetry")
    groups = [_table(poetry, "dependencies"), _table(poetry, "dev-dependencies")]
    groups += [_table(group, "dependencies") for group in _table(poetry, "group").values()]
    for group in groups:
        for name, wanted in group.items():
            if name == "python" or (isinstance(wanted, dict) and "path" in wanted):
                continue
            extras = _texts(wanted.get("extras")) if isinstance(wanted, dict) else []
            yield f"{name}[{','.join(extras)}]" if extras else name


def _requirements(folder: Path, root: Path) -> Plan | None:
    development = next((folder / name for name in DEVELOPMENT if (folder / name).is_file()), None)
    runtime = next((folder / name for name in RUNTIME if (folder / name).is_file()), None)
    chosen = [path for path in (development, runtime) if path is not None]
    if not chosen:
        return None
    flat = {path: list(_flatten(path, root, frozenset())) for path in chosen}
    if len(chosen) == 2 and _names(flat[chosen[1]]) <= _names(flat[chosen[0]]):
        del flat[chosen[1]]
    lines = [line for part in flat.values() for line in part]
    entries = [line for line in lines if _NAME.match(line)]
    hashed = bool(entries) and all(" --hash=" in line for line in entries)
    versions = bool(entries) and all("==" in line or " @ " in line for line in entries)
    text = "\n".join(dict.fromkeys(lines)) + "\n"
    names = " + ".join(path.relative_to(folder).as_posix() for path in flat)
    pinned = "hashes" if hashed else "versions" if versions else ""
    return Plan(names, pinned, text, requirements=text, options=("--require-hashes",) if hashed else ())


def _names(lines: Iterable[str]) -> set[str]:
    found = (_NAME.match(line) for line in lines)
    return {re.sub(r"[-_.]+", "-", m.group().lower()) for m in found if m}


def _flatten(path: Path, root: Path, above: frozenset[Path]) -> Iterator[str]:
    """Yield the requirements of a file and of those it includes, one a line, without the project's own parts."""
    real = path.resolve()
    if real in above or root.resolve() not in real.parents:
        raise InstallFailed(f"{path.name} includes itself or a file outside of the repository")
    for raw in re.sub(r"\\\r?\n", " ", _text(path)).splitlines():
        line = re.sub(r"(?:^|\s)#.*", "", raw).strip()
        included = re.match(r"(?:-r|--requirement|-c|--constraint)[ =]*(.+)", line)
        if included is not None and line.startswith(("-r", "--requirement")):
            yield from _flatten(path.parent / included[1].strip(), root, above | {real})
        elif included is not None:
            yield f"-c {(path.parent / included[1].strip()).resolve()}"
        elif line and not _LOCAL.match(line):
            yield re.sub(r"\s+--hash", " --hash", line)


def _pyproject(folder: Path) -> Plan:
    path = folder / "pyproject.toml"
    if not path.is_file():
        return Plan("", "", "")
    project = _toml(path)
    wanted = _texts(_table(project, "project").get("dependencies"))
    for name, extra in _table(project, "project", "optional-dependencies").items():
        wanted += _texts(extra) if name in _DEVELOPMENT_EXTRAS else []
    for group in _table(project, "dependency-groups").values():
        wanted += _texts(group)
    wanted += _poetry_wanted({"tool": project.get("tool", {})})
    text = "\n".join(dict.fromkeys(wanted)) + "\n"
    return Plan("", "", text, requirements=text if wanted else "")
