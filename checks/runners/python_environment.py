"""Finds an interpreter and builds the environment of a Python suite with `uv`, once for each lock file."""

from __future__ import annotations

import hashlib
import json
import os
import platform
import re
import shutil
import sys
import threading
import tomllib
from functools import cache
from pathlib import Path
from typing import NamedTuple

from checks import sandbox
from checks.model import NotMeasured
from checks.runners.base import Environment, InstallFailed, Suite
from checks.runners.launching import PROXY, locked
from checks.runners.python_dependencies import Plan, plan
from checks.session import Session

LAYOUT = "4"  # changes when environments of an older grader must not be used again
_NETWORK = re.compile(
    rf"(?i)^(?:{PROXY}|requests_ca_bundle|curl_ca_bundle"
    r"|uv_(?:index|default_index|index_url|extra_index_url|find_links|offline|native_tls|system_certs|http_timeout))$"
)
_OFFLINE = re.compile(
    r"error sending request|dns error|failed to lookup address|Network connectivity is disabled|timed out"
)
_PTH = (
    "import os, sys; p = os.environ.get('CHECK_COVERAGE_PATH'); "
    "p and (sys.path.insert(0, p), __import__('coverage').process_startup(), sys.path.remove(p))\n"
)
_FINDING = threading.Lock()


class Interpreter(NamedTuple):
    """An installed Python: its version as (major, minor) and its path."""

    version: tuple[int, int]
    path: Path

    @property
    def name(self) -> str:
        """How notes name it."""
        return f"Python {self.version[0]}.{self.version[1]}"


@cache
def interpreters() -> tuple[Interpreter, ...]:
    """Return the installed interpreters, one a version, newest first: this one, pyenv's, uv's, those on the path."""
    found = {sys.version_info[:2]: Path(getattr(sys, "_base_executable", sys.executable))}
    home = Path.home()
    managed = [
        Path(os.environ.get("PYENV_ROOT", home / ".pyenv")) / "versions",
        Path(os.environ.get("UV_PYTHON_INSTALL_DIR", home / ".local/share/uv/python")),
    ]
    for folder in managed:
        for path in sorted(folder.glob("*/bin/python3.*"), key=lambda p: [int(n) for n in re.findall(r"\d+", str(p))]):
            _add(found, path)
    for place in os.environ.get("PATH", os.defpath).split(os.pathsep):
        if place and Path(place).name != "shims":  # a shim runs whatever its manager has switched on
            for path in Path(place).glob("python3.*"):
                _add(found, path)
    return tuple(sorted((Interpreter(v, p) for v, p in found.items()), reverse=True))


def _add(found: dict[tuple[int, int], Path], path: Path) -> None:
    match = re.fullmatch(r"python(3)\.(\d+)", path.name)
    if match and os.access(path, os.X_OK):
        found.setdefault((int(match[1]), int(match[2])), path)


def choose(folder: Path, session: Session) -> Interpreter:
    """Return the interpreter for the project in `folder`: that of `.python-version`, else one it accepts.

    Raises NotMeasured when none of the installed ones is accepted.
    """
    from packaging.specifiers import InvalidSpecifier, SpecifierSet

    wanted = re.match(r"(?:cpython-|python-?)?(\d+)\.(\d+)", _read(folder / ".python-version").strip())
    installed = interpreters()
    if wanted:
        exact = next((i for i in installed if i.version == (int(wanted[1]), int(wanted[2]))), None)
        if exact is not None:
            return exact
    try:
        requires = SpecifierSet(_requires(folder))
    except InvalidSpecifier:
        session.note("requires-python is not a valid specifier and was ignored")
        requires = SpecifierSet()
    # The newest interpreter's libraries are the last to appear, so an undemanding project gets the grader's own.
    preferred = sorted(installed, key=lambda i: (i.version != sys.version_info[:2] and not wanted, -i.version[1]))
    accepted = [i for i in preferred if requires.contains(f"{i.version[0]}.{i.version[1]}.99", prereleases=True)]
    if not accepted:
        have = ", ".join(i.name for i in installed)
        raise NotMeasured(f"no installed Python satisfies requires-python {requires} (there are: {have})")
    if wanted:
        session.note(f"the tests ran on {accepted[0].name}: {wanted[0]}, which .python-version asks for, is not here")
    return accepted[0]


def _read(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8", errors="replace")
    except OSError:
        return ""


def _requires(folder: Path) -> str:
    try:
        project = tomllib.loads(_read(folder / "pyproject.toml")).get("project")
    except (tomllib.TOMLDecodeError, RecursionError):
        return ""
    value = project.get("requires-python") if isinstance(project, dict) else None
    return value if isinstance(value, str) else ""


def find_uv() -> str:
    """Return the path of uv's program, by one thread at a time.

    It asks sysconfig, which gives a second thread half of its variables while the first one still collects them.
    """
    from uv import find_uv_bin

    with _FINDING:
        return find_uv_bin()


def install(suite: Suite, copy: Path, session: Session) -> Environment:
    """Return the environment of a suite, from the cache or built now.

    Raises InstallFailed when the repository's dependencies can't be installed, NotMeasured when this machine lacks
    an interpreter.
    """
    folder = copy / suite.folder
    interpreter = choose(folder, session)
    steps = plan(folder, copy)
    uv = find_uv()
    facts = [LAYOUT, steps.lock, steps.digest, str(steps.options), str(steps.extras), str(interpreter.path.resolve()),
             str(interpreter.path.stat().st_mtime_ns), str(Path(uv).stat().st_size), platform.platform()]  # fmt: skip
    key = hashlib.sha256("\0".join(facts).encode()).hexdigest()[:24]
    root = session.cache / "environments" / key
    with locked(root):
        if not (root / "ready.json").is_file():
            shutil.rmtree(root, ignore_errors=True)
            try:
                _build(root, interpreter, steps, uv, session)
            except BaseException:
                shutil.rmtree(root, ignore_errors=True)
                raise
            (root / "ready.json").write_text(
                json.dumps({"pytest": _has(root, "pytest"), "django": _has(root, "django")})
            )
    has = json.loads((root / "ready.json").read_text())
    overlay = coverage_for(interpreter, uv, session)
    readable = (root, overlay, interpreter.path.resolve().parents[1], Path(__file__).parent / "inside")
    framework = (
        "pytest" if has["pytest"] else "django" if has["django"] and (folder / "manage.py").is_file() else "unittest"
    )
    session.note(f"{interpreter.name}, environment from {steps.lock or 'unpinned dependencies'}")
    return Environment(root, interpreter.name, steps.lock, steps.pinned, readable, framework, overlay)


def site_packages(root: Path) -> Path:
    """Return the environment's folder of installed packages."""
    return next((root / "lib").glob("python3.*")) / "site-packages"


def _has(root: Path, package: str) -> bool:
    return (site_packages(root) / package).is_dir()


def _uv(command: list[str | Path], cwd: Path, session: Session, writable: tuple[Path, ...], **variables: str) -> None:
    """Run uv; raises InstallFailed with its last lines when it fails."""
    scratch = session.work / "install"
    cache_folder = session.cache / "uv"
    cache_folder.mkdir(parents=True, exist_ok=True)
    environment = sandbox.environment(scratch / "home", scratch / "tmp") | {
        **{k: v for k, v in os.environ.items() if _NETWORK.match(k)},
        "UV_CACHE_DIR": str(cache_folder), "UV_NO_CONFIG": "1", "UV_PYTHON_DOWNLOADS": "never", "UV_NO_PROGRESS": "1",
        # Nothing may be written into an environment later, so every process would compile every package again.
        "UV_COMPILE_BYTECODE": "1",
        **variables,
    }  # fmt: skip
    box = None
    if sandbox.isolated(session):
        # Building a source distribution runs its code, so it is as isolated as the tests are.
        readable = (Path(command[0]).parent, *(i.path.resolve().parents[1] for i in interpreters()))
        box = sandbox.Box(readable, (scratch, cache_folder, *writable))
    done = sandbox.run(
        command, cwd=cwd, env=environment, limits=session.limits, seconds=session.limits.install_seconds, box=box,
        file_size=0,
    )  # fmt: skip
    if done.exit != 0 and _OFFLINE.search(done.stderr):
        raise NotMeasured(f"the dependencies could not be downloaded: {done.last_lines(3)}")
    if done.exit != 0:
        reason = "did not end in time" if done.timed_out else "failed"
        raise InstallFailed(f"installing the dependencies {reason}", done.last_lines(12))


def _build(root: Path, interpreter: Interpreter, steps: Plan, uv: str, session: Session) -> None:
    work = session.work / "install" / root.name
    work.mkdir(parents=True, exist_ok=True)
    root.mkdir(parents=True)
    python = interpreter.path.resolve()
    _uv([uv, "venv", "--quiet", "--allow-existing", "--python", python, root], work, session, (root,))
    if steps.sync is not None:
        extras = [part for extra in steps.extras for part in ("--extra", extra)]
        command = [uv, "sync", "--frozen", "--no-install-workspace", "--all-packages", "--all-groups", *extras]
        _uv([*command, "--python", python], steps.sync, session, (root, steps.sync), UV_PROJECT_ENVIRONMENT=str(root))
    elif steps.requirements:
        requirements = work / "requirements.txt"
        requirements.write_text(steps.requirements)
        options = list(steps.options)
        if "--constraint" in options:
            constraints = work / "constraints.txt"
            constraints.write_text(options[1])
            options[1] = str(constraints)
        command = [uv, "pip", "install", "--python", str(root / "bin" / "python"), *options, "-r", str(requirements)]
        _uv([*command], work, session, (root, work))
    (site_packages(root) / "_check_coverage.pth").write_text(_PTH)


def coverage_for(interpreter: Interpreter, uv: str, session: Session) -> Path:
    """Return a folder with the grader's coverage for an interpreter: a copy of its own, else installed for it.

    Raises InstallFailed when it can't be installed.
    """
    import coverage

    own = coverage.__version__
    tag = f"{interpreter.version[0]}{interpreter.version[1]}"
    folder = session.cache / "tools" / f"coverage-{own}-{tag}"
    with locked(folder):
        if not folder.is_dir():
            staging = folder.with_name(f"{folder.name}.new")
            shutil.rmtree(staging, ignore_errors=True)
            if interpreter.version == sys.version_info[:2]:
                shutil.copytree(Path(coverage.__file__).parent, staging / "coverage")
            else:
                # Newer coverage needs newer Pythons; its data files have had one format since 5.0.
                wanted = f"coverage=={own}" if interpreter.version >= (3, 10) else "coverage>=7.6,<8"
                staging.mkdir(parents=True)
                command: list[str | Path] = [
                    uv,
                    "pip",
                    "install",
                    "--quiet",
                    "--python",
                    interpreter.path.resolve(),
                    "--target",
                    staging,
                ]
                _uv([*command, wanted], session.work, session, (staging,))
            staging.rename(folder)
    return folder
