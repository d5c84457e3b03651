"""Finds a Ruby and installs the bundle of a suite with Bundler, once for each lock file."""

from __future__ import annotations

import hashlib
import json
import os
import platform
import re
import shutil
import subprocess
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from functools import cache
from pathlib import Path

from checks import sandbox
from checks.model import NotMeasured
from checks.runners.base import Environment, InstallFailed, Suite
from checks.runners.launching import INSIDE, PROXY, locked
from checks.runners.ruby_dependencies import Lock, parse_lock, satisfies, wanted_ruby
from checks.session import Session

LAYOUT = "1"  # changes when bundles of an older grader must not be used again
OLDEST = (3, 1)  # the first whose Coverage can be set up apart from being started, and whose forks can be seen
PROBE_SECONDS = 20.0
# What an installed Ruby is asked. Bundler is the one that it finds without anything of the user's home folder.
_PROBE = (
    "require 'bundler'; puts RUBY_ENGINE, RUBY_VERSION, RUBY_PLATFORM, RbConfig::CONFIG['prefix'], Bundler::VERSION"
)
_NETWORK = re.compile(rf"(?i)^(?:{PROXY}|bundle_(?:mirror__.*|gem__.*))$")
_OFFLINE = re.compile(
    r"Could not reach host|Could not fetch specs|Network error|name resolution|Failed to open TCP connection"
    r"|SSL_connect|Net::OpenTimeout|Net::ReadTimeout|Could not find a valid gem server|Retrying download gem"
)
_OTHER_RUBY = re.compile(r"^Your Ruby version is .*", re.MULTILINE)
_COMPILER = "Failed to build gem native extension"


@dataclass(frozen=True, slots=True)
class Interpreter:
    """An installed Ruby: its version, its path, the folder it was installed to, its platform, and its Bundler."""

    version: tuple[int, ...]
    path: Path
    prefix: Path
    platform: str
    bundler: str

    @property
    def name(self) -> str:
        """How notes name it."""
        return "Ruby " + ".".join(map(str, self.version))


@cache
def interpreters() -> tuple[Interpreter, ...]:
    """Return the installed Rubies, one a version, newest first: those on the path before those of version managers."""
    found: dict[tuple[int, ...], Interpreter] = {}
    for path in _places():
        interpreter = _probe(path)
        if interpreter is not None and interpreter.version >= OLDEST:
            found.setdefault(interpreter.version, interpreter)
    return tuple(sorted(found.values(), key=lambda i: i.version, reverse=True))


def _places() -> Iterator[Path]:
    home = Path.home()
    for place in os.environ.get("PATH", os.defpath).split(os.pathsep):
        if place and Path(place).name != "shims":  # a shim runs whatever its manager has switched on
            yield Path(place) / "ruby"
    managed = (
        Path(os.environ.get("RBENV_ROOT", home / ".rbenv")) / "versions",
        Path(os.environ.get("ASDF_DATA_DIR", home / ".asdf")) / "installs/ruby",
        Path(os.environ.get("MISE_DATA_DIR", home / ".local/share/mise")) / "installs/ruby",
        home / ".rubies",
        Path("/opt/rubies"),
        home / ".rvm/rubies",
    )
    for folder in managed:
        yield from sorted(folder.glob("*/bin/ruby"))


def _probe(path: Path) -> Interpreter | None:
    if not os.access(path, os.X_OK):
        return None
    clean = {"PATH": os.environ.get("PATH", os.defpath), "HOME": "/nonexistent"}
    try:
        done = subprocess.run(
            [path, "-e", _PROBE], capture_output=True, text=True, check=False, env=clean, timeout=PROBE_SECONDS, cwd="/"
        )
    except (OSError, subprocess.TimeoutExpired):
        return None
    lines = done.stdout.splitlines()
    if done.returncode != 0 or len(lines) != 5 or lines[0] != "ruby":
        return None
    version = tuple(int(part) for part in re.findall(r"\d+", lines[1]))
    # The prefix that Ruby names and the folder above its program: a relocated one has them apart.
    return Interpreter(version, path, Path(lines[3]), lines[2], lines[4])


def choose(folder: Path, session: Session) -> Interpreter:
    """Return the Ruby for the project in `folder`: one that it asks for, else the newest, which is noted.

    Whether another one will do is Bundler's to say: it refuses when the Gemfile forbids it.
    Raises NotMeasured when no Ruby is installed.
    """
    installed = interpreters()
    if not installed:
        oldest = ".".join(map(str, OLDEST))
        raise NotMeasured(f"no Ruby with Bundler is installed ({oldest} or newer); the tests need `ruby` and `bundle`")
    wanted, source = wanted_ruby(folder)
    accepted = [i for i in installed if satisfies(i.version, wanted)]
    if accepted:
        return accepted[0]
    line = wanted.lstrip("~>=< ").split(".")[:2]
    near = next((i for i in installed if [str(part) for part in i.version[:2]] == line), installed[0])
    session.note(f"the tests ran on {near.name}: Ruby {wanted}, which {source} asks for, is not here")
    return near


def install(suite: Suite, copy: Path, session: Session) -> Environment:
    """Return the bundle of a suite, from the cache or installed now.

    Raises InstallFailed when the repository's dependencies can't be installed, NotMeasured when this machine lacks
    a Ruby, a compiler or a network.
    """
    folder = copy / suite.folder
    gemfile, lockfile = folder / "Gemfile", folder / "Gemfile.lock"
    if not gemfile.is_file():
        raise InstallFailed("there is no Gemfile", f"looked for {suite.path('Gemfile')}")
    lock = parse_lock(lockfile.read_text(encoding="utf-8", errors="replace")) if lockfile.is_file() else None
    interpreter = choose(folder, session)
    root = session.cache / "bundles" / _key(folder, interpreter)
    with locked(root):
        if not (root / "ready.json").is_file():
            shutil.rmtree(root, ignore_errors=True)
            try:
                _build(root, folder, interpreter, frozen=lock is not None, session=session)
            except BaseException:
                shutil.rmtree(root, ignore_errors=True)
                raise
            facts = {**asdict(interpreter), "path": str(interpreter.path), "prefix": str(interpreter.prefix)}
            (root / "ready.json").write_text(json.dumps(facts))
    if lock is None:
        shutil.copyfile(root / "Gemfile.lock", lockfile)  # what was resolved when the bundle was made
    session.note(f"{interpreter.name}, bundle from {'Gemfile.lock' if lock else 'an unpinned Gemfile'}")
    readable = (root, *_folders(interpreter), INSIDE)
    return Environment(
        root, interpreter.name, "Gemfile.lock" if lock else "", _pinned(lock), readable, suite.framework, INSIDE
    )


def _pinned(lock: Lock | None) -> str:
    return "" if lock is None else "hashes" if lock.checksums else "versions"


def _key(folder: Path, interpreter: Interpreter) -> str:
    files = sorted(p for p in folder.glob("*") if p.name in ("Gemfile", "Gemfile.lock") or p.suffix == ".gemspec")
    facts = [LAYOUT, *(f"{p.name}\0{hashlib.sha256(p.read_bytes()).hexdigest()}" for p in files if p.is_file()),
             interpreter.name, str(interpreter.path.resolve()), interpreter.platform, interpreter.bundler,
             platform.platform()]  # fmt: skip
    return hashlib.sha256("\0".join(facts).encode()).hexdigest()[:24]


def _folders(interpreter: Interpreter) -> tuple[Path, ...]:
    """Return what a sandbox must show of a Ruby: where its program lies, and where it says that it lies."""
    return tuple({interpreter.prefix: None, interpreter.path.parent.parent: None,
                  interpreter.path.resolve().parent.parent: None})  # fmt: skip


def bundle_variables(root: Path, folder: Path, ruby: Path, bundler: str) -> dict[str, str]:
    """Return the variables with which a Ruby program runs on the bundle in `root`, for the Gemfile in `folder`."""
    programs = [str(p) for p in sorted((root / "bundle").glob("ruby/*/bin"))]
    path = os.pathsep.join([*programs, str(ruby.parent), os.environ.get("PATH", os.defpath)])
    return {
        "PATH": path,
        "BUNDLE_GEMFILE": str(folder / "Gemfile"),
        "BUNDLE_PATH": str(root / "bundle"),
        "BUNDLE_FROZEN": "true",
        # The repository's own `.bundle/config` would win over variables.
        "BUNDLE_APP_CONFIG": str(root / "config"),
        "BUNDLE_DISABLE_VERSION_CHECK": "true",
        "BUNDLE_SILENCE_ROOT_WARNING": "true",
        # Else Bundler would install and start the version that the lock file was written with.
        "BUNDLER_VERSION": bundler,
    }


def _build(root: Path, folder: Path, interpreter: Interpreter, *, frozen: bool, session: Session) -> None:
    (root / "config").mkdir(parents=True)
    scratch = session.work / "install" / root.name
    variables = bundle_variables(root, folder, interpreter.path, interpreter.bundler)
    if not frozen:
        del variables["BUNDLE_FROZEN"]
    passed = {name: value for name, value in os.environ.items() if _NETWORK.match(name)}
    environment = sandbox.environment(scratch / "home", scratch / "tmp", variables) | passed
    box = None
    if sandbox.isolated(session):
        # A Gemfile is a program, and so is what builds an extension: as isolated as the tests are.
        box = sandbox.Box(_folders(interpreter), (scratch, root, folder))
    done = sandbox.run(
        [interpreter.path, "-S", "bundle", "install", "--jobs", "4", "--retry", "2"], cwd=folder, env=environment,
        limits=session.limits, seconds=session.limits.install_seconds, box=box, file_size=0,
    )  # fmt: skip
    if done.exit == 0:
        if not frozen:
            shutil.copyfile(folder / "Gemfile.lock", root / "Gemfile.lock")
        return
    said = done.stdout + done.stderr
    if (other := _OTHER_RUBY.search(said)) is not None:
        have = ", ".join(i.name for i in interpreters())
        raise NotMeasured(f"{other[0].strip()} (there are: {have})")
    if _OFFLINE.search(said):
        raise NotMeasured(f"the dependencies could not be downloaded: {done.last_lines(3)}")
    if _COMPILER in said:
        raise NotMeasured(f"this machine lacks what it takes to build a gem: {done.last_lines(12)}")
    reason = "did not end in time" if done.timed_out else "failed"
    raise InstallFailed(f"installing the dependencies {reason}", done.last_lines(12))
