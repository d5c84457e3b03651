"""Compose files: services with what they build or pull, wait for, publish, and how their health is told.

A base file (`compose.yaml`) and its layers (`compose.override.yaml`, `compose.observability.yaml`: files given by
several `-f`) are merged by service as the specification says: mappings key by key, sequences appended, commands and
health checks replaced (https://github.com/compose-spec/compose-spec/blob/main/13-merge.md). `extends` is followed
within the same file.
"""

import re
from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple

from checks.evidence._shell import Command
from checks.evidence._yaml import Tagged, YamlMap, YamlProblem, load
from checks.evidence.dockerfiles import NOT_SHIPPED, commands_of
from checks.repository import FileTooLarge, Repository

_NAME = re.compile(r"(?:docker-)?compose(?:[.-][\w.-]+)?\.ya?ml\Z")
_BASES = ("compose.yaml", "compose.yml", "docker-compose.yaml", "docker-compose.yml")
_DATABASE = re.compile(
    r"(?:^|/)(postgres|postgis|timescaledb|pgvector|mysql|mariadb|mongo|mongodb\w*|redis|valkey|keydb|rabbitmq)[\w-]*(?=[:@]|\Z)"
)
_TOOL = re.compile(r"exporter|admin|commander|insight|backup|express")
_DEFAULT = re.compile(r"\$\{(\w+)(?::?-([^}]{0,300})|[^}]{0,300})?\}|\$(\w+)")


class Health(NamedTuple):
    """A health check: the commands it runs (`words` of its exec form), or that it is switched off."""

    words: tuple[str, ...]
    commands: tuple[Command, ...]
    line: int
    disabled: bool = False


class Port(NamedTuple):
    """A published port: `host` is the address it is bound to, None for every address of the machine."""

    host: str | None
    text: str
    line: int


class Service(NamedTuple):
    """A service. Pairs are (name, value); `depends_on` pairs a service with the condition that is waited for."""

    name: str
    path: str
    line: int
    image: str | None = None
    build: bool = False
    command: tuple[str, ...] = ()
    health: Health | None = None
    depends_on: tuple[tuple[str, str], ...] = ()
    environment: tuple[tuple[str, str], ...] = ()
    env_files: tuple[str, ...] = ()
    ports: tuple[Port, ...] = ()
    secrets: tuple[str, ...] = ()
    memory: str | None = None
    restart: str | None = None

    @property
    def database(self) -> bool:
        """Whether the image is a database or a broker: something that others must wait for."""
        image = (self.image or "").lower()
        return not self.build and bool(_DATABASE.search(image)) and not _TOOL.search(image)


class ComposeFile(NamedTuple):
    """One file as it is written, and what in it cannot be read."""

    path: str
    services: tuple[Service, ...]
    problems: tuple[tuple[int, str], ...] = ()


class Compose(NamedTuple):
    """All compose files of what is shipped; `services` are the root's, with every layer merged upon the base."""

    files: tuple[ComposeFile, ...]
    services: tuple[Service, ...]

    def service(self, name: str) -> Service | None:
        """Return the merged service called `name`, if there is one."""
        return next((s for s in self.services if s.name == name), None)


def fill_in(text: str) -> str:
    """Replace `${NAME:-default}` by its default and variables without one by nothing."""
    return _DEFAULT.sub(lambda m: m[2] or "", text)


def parse(path: str, text: str) -> ComposeFile:
    """Parse one compose file; what cannot be read is recorded, never raised."""
    document = load(text)
    if isinstance(document, YamlProblem):
        return ComposeFile(path, (), ((document.line or 1, document.message),))
    problems = [(p.line or 1, p.message) for p in document.problems]
    services = document.value.get("services") if isinstance(document.value, YamlMap) else None
    if not isinstance(services, YamlMap):
        return ComposeFile(path, (), (*problems, (1, "there is no mapping `services`")))
    found: list[Service] = []
    for name, value in services.items():
        body = _untag(value)
        if not isinstance(body, YamlMap):
            problems.append((services.line_of(name), f"the service {name} is not a mapping"))
            continue
        found.append(_service(name, path, services.line_of(name), _extended(body, services)))
    return ComposeFile(path, tuple(found), tuple(problems))


def _untag(value: Any) -> Any:
    return value.value if isinstance(value, Tagged) else value


def _extended(body: YamlMap, services: YamlMap, depth: int = 8) -> YamlMap:
    """Lay the service over the one it extends, where that one is in the same file."""
    parent = body.get("extends")
    if isinstance(parent, YamlMap):
        parent = parent.get("service") if "file" not in parent else None
    base = services.get(parent) if isinstance(parent, str) else None
    if not isinstance(base, YamlMap) or depth == 0:
        return body
    merged = YamlMap(body.line)
    for source in (_extended(base, services, depth - 1), body):
        for key, value in source.items():
            merged[key] = value
            merged.lines[key] = source.line_of(key)
    return merged


def _service(name: str, path: str, line: int, body: YamlMap) -> Service:
    image = _untag(body.get("image"))
    return Service(
        name,
        path,
        line,
        image=fill_in(image) if isinstance(image, str) else None,
        build=body.get("build") is not None,
        command=_words(body.get("entrypoint")) + _words(body.get("command")),
        health=_health(_untag(body.get("healthcheck")), body.line_of("healthcheck")),
        depends_on=tuple(_dependencies(_untag(body.get("depends_on")))),
        environment=tuple(_environment(_untag(body.get("environment")))),
        env_files=tuple(str(_first(v, "path")) for v in _items(body.get("env_file"))),
        ports=tuple(_ports(_untag(body.get("ports")), body.line_of("ports"))),
        secrets=tuple(str(_first(v, "source")) for v in _items(body.get("secrets"))),
        memory=_memory(body),
        restart=str(body["restart"]) if "restart" in body else None,
    )


def _items(value: Any) -> list[Any]:
    value = _untag(value)
    return value if isinstance(value, list) else [] if value is None else [value]


def _first(value: Any, key: str) -> Any:
    return value.get(key, "") if isinstance(value, YamlMap) else value


def _words(value: Any) -> tuple[str, ...]:
    value = _untag(value)
    if isinstance(value, str):
        return tuple(value.split())
    return tuple(str(v) for v in value) if isinstance(value, list) else ()


def _health(value: Any, line: int) -> Health | None:
    if not isinstance(value, YamlMap):
        return None
    test = _untag(value.get("test"))
    words = tuple(str(w) for w in test) if isinstance(test, list) else ()
    if value.get("disable") is True or words[:1] == ("NONE",) or test == "NONE":
        return Health(words, (), line, disabled=True)
    if isinstance(test, str):
        return Health((test,), commands_of(_shell_text(test)), line)
    if words[:1] == ("CMD-SHELL",):
        return Health(words, commands_of(_shell_text(" ".join(words[1:]))), line)
    return Health(words, commands_of(words[1:] if words[:1] == ("CMD",) else words), line)


def _shell_text(text: str) -> str:
    return text.replace("$$", "$")  # how Compose writes a dollar sign that is not its own


def _dependencies(value: Any) -> Iterator[tuple[str, str]]:
    if isinstance(value, YamlMap):
        for name, body in value.items():
            yield name, str(_first(body, "condition") or "service_started") if body else "service_started"
    else:
        yield from ((str(name), "service_started") for name in _items(value))


def _environment(value: Any) -> Iterator[tuple[str, str]]:
    if isinstance(value, YamlMap):
        yield from ((name, "" if v is None else str(_untag(v))) for name, v in value.items())
    else:
        for item in _items(value):
            name, _, text = str(item).partition("=")
            yield name, text


def _ports(value: Any, line: int) -> Iterator[Port]:
    for number, item in enumerate(_items(value)):
        at = value.lines[number] if hasattr(value, "lines") else line
        if isinstance(item, YamlMap):
            if item.get("published") is not None:
                host = item.get("host_ip")
                yield Port(str(host) if host else None, f"{item['published']}:{item.get('target')}", at)
            continue
        text = fill_in(str(_untag(item)))
        parts = text.rsplit(":", 2)
        yield Port(parts[0].strip("[]") if len(parts) == 3 else None, text, at)


def _memory(body: YamlMap) -> str | None:
    deploy = _untag(body.get("deploy"))
    value: Any = body.get("mem_limit")
    for key in ("resources", "limits", "memory"):
        deploy = _untag(deploy.get(key)) if isinstance(deploy, Mapping) else None
    value = deploy if deploy is not None else value
    return None if value is None else fill_in(str(value)) or str(value)


def merge(base: Service, layer: Service) -> Service:
    """Lay `layer` over `base`: what the layer says wins, pairs by name, ports and secrets are appended."""
    return base._replace(
        image=layer.image or base.image,
        build=layer.build or base.build,
        command=layer.command or base.command,
        health=layer.health or base.health,
        depends_on=tuple(dict([*base.depends_on, *layer.depends_on]).items()),
        environment=tuple(dict([*base.environment, *layer.environment]).items()),
        env_files=base.env_files + layer.env_files,
        ports=base.ports + layer.ports,
        secrets=base.secrets + layer.secrets,
        memory=layer.memory or base.memory,
        restart=layer.restart or base.restart,
    )


def collect(repository: Repository) -> Compose:
    """Reading compose files."""
    files: list[ComposeFile] = []
    for entry in repository.entries:
        if entry.symlink or not _NAME.match(entry.name) or not NOT_SHIPPED.isdisjoint(entry.path.split("/")[:-1]):
            continue
        try:
            files.append(parse(entry.path, repository.read_text(entry.path)))
        except (FileTooLarge, OSError):
            files.append(ComposeFile(entry.path, (), ((1, "the file cannot be read, or is too large"),)))
    root = [f for f in files if "/" not in f.path] or files
    root.sort(key=lambda f: (_BASES.index(f.path) if f.path in _BASES else len(_BASES), f.path))
    services: dict[str, Service] = {}
    for file in root:
        for service in file.services:
            known = services.get(service.name)
            services[service.name] = service if known is None else merge(known, service)
    return Compose(tuple(files), tuple(services.values()))
