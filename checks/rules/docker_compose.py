"""Rules about compose files: the whole platform by one command, each service waiting for what it needs."""

from __future__ import annotations

import re
from fractions import Fraction

from checks.evidence.compose import Compose, Service
from checks.evidence.procfile import Procfile
from checks.model import Location, Verdict, check, failed, partial, passed
from checks.rules._containers import pinned, probes

_URL = re.compile(r"\b(?:postgres(?:ql)?|mysql|rediss?|valkey|mongodb|amqp)(?:\+\w+)?://(?:[^@/\s]*@)?([\w.-]+)")
_HERE = frozenset({"localhost", "127.0.0.1", "0.0.0.0"})  # noqa: S104 - addresses that are looked for, not bound


def _absent() -> Verdict:
    return failed("There is no compose file.", expected="compose.yaml in the root", repair="Add a compose.yaml first.")


def _at(service: Service) -> Location:
    return Location(service.path, service.line)


def _databases_used(service: Service) -> set[str]:
    """Return the hosts of the databases that the service's environment names."""
    return {host for _, value in service.environment for host in _URL.findall(value)}


@check("docker.compose", effort="medium")
def compose_starts_the_whole_platform(compose: Compose, procfile: Procfile) -> Verdict:
    """One `docker compose up` starts the application with its databases.

    A new colleague should see the platform run within minutes, on any machine. That works only when every process of
    the application is there, and when each database that they are told to use is a service of the file.

    List every process of the Procfile as a service that builds the image, add the databases, and name these services
    in the URLs (`postgresql://app@postgres/app`), not localhost.
    """
    if not compose.files:
        return _absent()
    for file in compose.files:
        if file.problems:
            line, text = file.problems[0]
            return failed(f"The file cannot be used: {text}.", Location(file.path, line))
    built = [s for s in compose.services if s.build]
    if not built:
        return failed("No service builds the application.", Location(compose.files[0].path))
    if not any(s.database for s in compose.services):
        return failed("There is no database among the services.", Location(compose.files[0].path))
    for service in compose.services:
        for host in sorted(_databases_used(service) if not service.database else ()):
            if host in _HERE:
                return failed(
                    f"{service.name} looks for its database on {host}: inside a container that is itself.", _at(service)
                )
            if compose.service(host) is None and "." not in host:
                return failed(f"{service.name} uses the database {host}, which is no service.", _at(service))
    wanted = [p.name for p in procfile.processes if p.name != "release"]
    missing = [name for name in wanted if not _starts(name, compose)]
    if missing:
        return partial(
            Fraction(len(wanted) - len(missing), len(wanted)),
            f"No service starts {', '.join(missing)}.",
            Location(compose.files[0].path),
            expected=", ".join(wanted),
        )
    return passed("The application and its databases start together.", *(_at(s) for s in built))


def _starts(process: str, compose: Compose) -> bool:
    """Whether a service of the application starts a process: it has its name (`web`, `app-web`) or runs it by name."""
    return any(
        not s.database and (process in re.split(r"[-_]", s.name) or process in s.command)
        for s in compose.services
        if s.build or s.image
    )


@check("docker.compose-health", effort="small")
def compose_waits_for_healthy_databases(compose: Compose) -> Verdict:
    """The application waits until its databases answer.

    A started container is not a ready database: PostgreSQL needs seconds to accept connections. Without a condition
    the application crashes at the first start on every slow machine.

    Give each database a `healthcheck` (`pg_isready`, `redis-cli ping`) and each service that uses it
    `depends_on: {postgres: {condition: service_healthy}}`.
    """
    if not compose.files:
        return _absent()
    databases = {s.name: s for s in compose.services if s.database}
    if not databases:
        return failed("There is no database among the services.", Location(compose.files[0].path))
    for service in databases.values():
        if service.health is None or service.health.disabled:
            return failed(f"The database {service.name} has no health check.", _at(service))
        if not probes(service.health.commands):
            place = Location(service.path, service.health.line)
            return failed(f"The health check of {service.name} asks nothing, or always succeeds.", place)
    # A migration that others wait for shares their environment, and needs only the databases that it says it needs.
    once = {name for s in compose.services for name, how in s.depends_on if how == "service_completed_successfully"}
    waiting = False
    for service in compose.services:
        waits = dict(service.depends_on)
        used = waits.keys() if service.name in once and waits else _databases_used(service) | waits.keys()
        needed = used & (databases.keys() - {service.name})
        for name in sorted(needed):
            if waits.get(name) != "service_healthy" and not _waits_through(compose, service, name):
                return failed(
                    f"{service.name} does not wait until {name} is healthy.",
                    _at(service),
                    expected="condition: service_healthy",
                    actual=waits.get(name, "not waited for"),
                )
            waiting = waiting or service.build or not service.database
    if not waiting:
        return failed("No service waits for a database.", Location(compose.files[0].path))
    return passed("Each database tells its health, and who needs it waits.", *(_at(s) for s in databases.values()))


def _waits_through(compose: Compose, service: Service, database: str) -> bool:
    """Whether the service waits for another to complete (a migration) that itself waits for the healthy database."""
    for name, condition in service.depends_on:
        other = compose.service(name)
        ends = condition in ("service_completed_successfully", "service_healthy")
        if ends and other is not None and dict(other.depends_on).get(database) == "service_healthy":
            return True
    return False


@check("docker.compose-no-latest", effort="small")
def compose_pins_its_images(compose: Compose) -> Verdict:
    """Every service that pulls an image names its version.

    A database without a version is upgraded by whoever pulls next, and a new major version cannot read the old data
    files.

    Give each image at least its major version, and not `latest`: `postgres:18.1-alpine`.
    """
    if not compose.files:
        return _absent()
    services = [s for f in compose.files for s in f.services]
    own = {s.image for s in services if s.build}  # built by one service, used by others
    pulled = [s for s in services if not s.build and s.image not in own]
    wrong = [(s, why) for s in pulled if s.image and (why := _loose(s.image)) is not None]
    nothing = [s for s in compose.services if not s.build and not s.image]
    if wrong:
        return failed(f"The image {wrong[0][0].image} {wrong[0][1]}.", *(_at(s) for s, _ in wrong))
    if nothing or not services:
        return failed("A service names neither an image nor a build.", *(_at(s) for s in nothing))
    return passed("Every image that is pulled has a version.", actual=f"{len(pulled)} images")


def _loose(image: str) -> str | None:
    """Return why an image has no version; a major version alone is one for a database's data files."""
    why = pinned(image)
    tag = image.rsplit(":", 1)[-1] if ":" in image.rsplit("/", 1)[-1] else ""
    return None if why is None or re.match(r"v?\d", tag) else why


@check("docker.compose-ports", effort="small")
def compose_publishes_databases_on_this_machine_only(compose: Compose) -> Verdict:
    """No database is reachable from the network.

    `5432:5432` binds every address of the machine and passes its firewall by, so a laptop in a café offers its database
    with the password of the example file to everybody.

    Publish no port of a database, or bind it to this machine: `127.0.0.1:5432:5432`.
    """
    if not compose.files:
        return _absent()
    services = [s for s in compose.services if s.database]
    wrong = [(s, p) for s in services for p in s.ports if p.host not in ("127.0.0.1", "::1", "localhost")]
    if wrong:
        service, port = wrong[0]
        return failed(
            f"{service.name} publishes {port.text} on every address.", *(Location(s.path, p.line) for s, p in wrong)
        )
    if not services:
        return failed("There is no database among the services.", Location(compose.files[0].path))
    return passed("Databases are reachable from this machine only.", *(_at(s) for s in services))


@check("docker.compose-limits", effort="small")
def compose_limits_memory(compose: Compose) -> Verdict:
    """Each service of the application has a memory limit.

    Without a limit one greedy import takes the whole machine, and the kernel kills whatever it likes, often the
    database. With one, the fault stays where it is and shows early.

    Set `deploy: {resources: {limits: {memory: 512M}}}` (or `mem_limit: 512m`) for each service that builds the image.
    """
    if not compose.files:
        return _absent()
    built = [s for s in compose.services if s.build]
    if not built:
        return failed("No service builds the application.", Location(compose.files[0].path))
    free = [s for s in built if not s.memory or not re.match(r"[1-9]\d*(?:\.\d+)?\s*[bkmg]?", s.memory.lower())]
    if free:
        names = ", ".join(s.name for s in free)
        share = Fraction(len(built) - len(free), len(built))
        return partial(share, f"There is no memory limit for {names}.", *(_at(s) for s in free))
    return passed("Each service of the application has a memory limit.", *(_at(s) for s in built))
