"""OpenAPI documents: what they promise, and where they break the rules of the specification.

The structure is validated against the JSON Schemas that the OpenAPI Initiative publishes, as the package
`openapi-spec-validator` ships them; its files are read without importing it, which would cost more than the whole
validation. What a schema cannot say is checked here: references resolve, operation ids are unique, path parameters are
declared (https://spec.openapis.org/oas/v3.1.0).
"""

import json
import re
from collections.abc import Iterator
from importlib.util import find_spec
from itertools import islice
from pathlib import Path
from typing import Any, NamedTuple

from checks.evidence._yaml import YamlList, YamlMap, YamlProblem, load
from checks.repository import FileTooLarge, Repository

METHODS = ("get", "put", "post", "delete", "options", "head", "patch", "trace")
MAX_PROBLEMS = 50
_DIALECT = "https://json-schema.org/draft/2020-12/schema"
_NAME = re.compile(r"(?:^|/)(?:openapi|swagger)[\w.-]*\.(?:ya?ml|json)\Z", re.IGNORECASE)
_PARAMETER = re.compile(r"\{([^{}]+)\}")


class Problem(NamedTuple):
    """What is wrong in a document, and on which line."""

    message: str
    line: int


class Operation(NamedTuple):
    """A method of a path: what it is called and answers. `described_errors` are the error statuses with a body."""

    method: str
    path: str
    line: int
    id: str | None
    summary: str
    responses: tuple[str, ...]
    described_errors: tuple[str, ...]


class Contract(NamedTuple):
    """An OpenAPI document; without a version when the file could not be read as one.

    `bases` are what its `servers` put in front of each path: "/api/v1" of https://shop.example/api/v1.
    """

    path: str
    version: str | None
    operations: tuple[Operation, ...] = ()
    problems: tuple[Problem, ...] = ()
    bases: tuple[str, ...] = ("",)


class Contracts(NamedTuple):
    """The OpenAPI documents of the repository, the one nearest to the root first."""

    files: tuple[Contract, ...]


def parse(path: str, text: str) -> Contract:
    """Parse and validate an OpenAPI document (YAML or JSON); what is wrong is recorded, never raised."""
    document = load(text)
    if isinstance(document, YamlProblem):
        return Contract(path, None, (), (Problem(document.message, document.line or 1),))
    root = document.value
    version = root.get("openapi") if isinstance(root, YamlMap) else None
    if not isinstance(root, YamlMap) or not isinstance(version, str):
        return Contract(path, None, (), (Problem("there is no `openapi: 3.1.x` on top", 1),))
    problems = [Problem(p.message, p.line or 1) for p in document.problems]
    problems += _structure(root, version)
    resolver = _Resolver(root)
    problems += resolver.unresolved()
    operations = tuple(_operations(root, resolver))
    problems += _semantics(root, operations, resolver)
    return Contract(path, version, operations, tuple(problems[:MAX_PROBLEMS]), _bases(root))


def _bases(root: YamlMap) -> tuple[str, ...]:
    servers = root.get("servers")
    urls = [server.get("url") for server in servers if isinstance(server, YamlMap)] if isinstance(servers, list) else []
    paths = [re.sub(r"\A(?:[\w{}.+-]+:)?//[^/]*", "", url).rstrip("/") for url in urls if isinstance(url, str)]
    return tuple(dict.fromkeys(paths)) or ("",)


def _schema(version: str) -> Any:
    """Return the published JSON Schema for a version of OpenAPI, or None when there is none for it."""
    match = re.match(r"3\.[012](?=\.|\Z)", version)
    package = find_spec("openapi_spec_validator")
    if match is None or package is None or package.origin is None:
        return None
    file = Path(package.origin).parent / "resources" / "schemas" / f"v{match[0]}" / "schema.json"
    return json.loads(file.read_text(encoding="utf-8"))


def _structure(root: YamlMap, version: str) -> Iterator[Problem]:
    import jsonschema_rs

    schema = _schema(version)
    if schema is None:
        yield Problem(f"{version} is not a version of OpenAPI that is known here", root.line_of("openapi"))
        return
    try:
        yield from _errors(jsonschema_rs.validator_for(schema), root, "")
        if not version.startswith("3.0"):
            # By the dialect's own name: `jsonschema_rs.meta` would fetch whatever `$schema` the document names.
            dialect = jsonschema_rs.Draft202012Validator({"$ref": _DIALECT})
            for name, value in _schemas(root):
                yield from _errors(dialect, value, f"schema {name}: ")
    except (ValueError, TypeError) as error:  # a value that JSON does not have, for example one with a YAML tag
        yield Problem(f"a value is not JSON: {str(error)[:120]}", root.line)


def _errors(validator: Any, value: YamlMap, prefix: str) -> Iterator[Problem]:
    for error in islice(validator.iter_errors(value), MAX_PROBLEMS):
        yield Problem(prefix + error.message[:200], line_of(value, error.instance_path))


def _schemas(root: YamlMap) -> Iterator[tuple[str, YamlMap]]:
    components = root.get("components")
    schemas = components.get("schemas") if isinstance(components, YamlMap) else None
    if isinstance(schemas, YamlMap):
        yield from ((name, value) for name, value in schemas.items() if isinstance(value, YamlMap))


def line_of(value: Any, path: list[str | int]) -> int:
    """Return the line of what `path` (keys and positions) leads to, or of the nearest thing around it."""
    line: int = getattr(value, "line", 1)
    for step in path:
        if isinstance(value, YamlMap) and str(step) in value:
            line, value = value.line_of(str(step)), value[str(step)]
        elif isinstance(value, YamlList) and isinstance(step, int) and step < len(value):
            line, value = value.lines[step], value[step]
        else:
            break
    return line


class _Resolver:
    """Follows the references of one document."""

    def __init__(self, root: YamlMap) -> None:
        self.root = root

    def find(self, reference: str) -> Any:
        """Return what `#/…` points to, or None."""
        value: Any = self.root
        for part in reference[2:].split("/"):
            key = part.replace("~1", "/").replace("~0", "~")
            if isinstance(value, YamlMap) and key in value:
                value = value[key]
            elif isinstance(value, YamlList) and key.isdigit() and int(key) < len(value):
                value = value[int(key)]
            else:
                return None
        return value

    def follow(self, value: Any) -> Any:
        """Return what stands at the end of a chain of references (at most ten)."""
        for _ in range(10):
            reference = value.get("$ref") if isinstance(value, YamlMap) else None
            if not isinstance(reference, str) or not reference.startswith("#/"):
                return value
            value = self.find(reference)
        return None

    def unresolved(self) -> Iterator[Problem]:
        """Yield the references within the document that lead nowhere."""
        todo: list[Any] = [self.root]
        while todo:
            value = todo.pop()
            if isinstance(value, YamlMap):
                reference = value.get("$ref")
                if isinstance(reference, str) and reference.startswith("#/") and self.find(reference) is None:
                    yield Problem(f"the reference {reference} leads nowhere", value.line_of("$ref"))
                # What stands in examples is data, where `$ref` means nothing.
                todo.extend(item for key, item in value.items() if key not in ("example", "examples", "default"))
            elif isinstance(value, YamlList):
                todo.extend(value)


def _operations(root: YamlMap, resolver: _Resolver) -> Iterator[Operation]:
    paths = root.get("paths")
    for path, entry in paths.items() if isinstance(paths, YamlMap) else ():
        item = resolver.follow(entry)
        if not isinstance(item, YamlMap):
            continue
        for method in METHODS:
            body = item.get(method)
            if isinstance(body, YamlMap):
                responses = body.get("responses")
                answers = responses if isinstance(responses, YamlMap) else YamlMap(body.line)
                name = body.get("operationId")
                yield Operation(
                    method,
                    path,
                    item.line_of(method),
                    name if isinstance(name, str) else None,
                    str(body.get("summary") or body.get("description") or ""),
                    tuple(answers),
                    tuple(s for s, r in answers.items() if s[:1] in "45d" and _has_body(resolver.follow(r))),
                )


def _has_body(response: Any) -> bool:
    content = response.get("content") if isinstance(response, YamlMap) else None
    return isinstance(content, YamlMap) and any(isinstance(v, YamlMap) and "schema" in v for v in content.values())


def _semantics(root: YamlMap, operations: tuple[Operation, ...], resolver: _Resolver) -> Iterator[Problem]:
    ids: dict[str, int] = {}
    for operation in operations:
        if operation.id is not None:
            first = ids.setdefault(operation.id, operation.line)
            if first != operation.line:
                yield Problem(f"the operationId {operation.id} is already used on line {first}", operation.line)
        item = resolver.follow(root["paths"][operation.path])
        declared: set[str] = set()
        for source in (item, item[operation.method]):
            parameters = source.get("parameters")
            for parameter in parameters if isinstance(parameters, YamlList) else ():
                found = resolver.follow(parameter)
                if isinstance(found, YamlMap) and found.get("in") == "path":
                    declared.add(str(found.get("name")))
        wanted = set(_PARAMETER.findall(operation.path))
        if missing := sorted(wanted - declared):
            yield Problem(f"the path parameter {missing[0]} of {operation.path} is not declared", operation.line)
        if unused := sorted(declared - wanted):
            yield Problem(f"the path parameter {unused[0]} is not in {operation.path}", operation.line)


def collect(repository: Repository) -> Contracts:
    """Reading the API contract."""
    files: list[Contract] = []
    for entry in repository.entries:
        folders = set(entry.path.split("/")[:-1])
        if entry.symlink or not _NAME.search(entry.path) or folders & {"tests", "test", "spec", "node_modules"}:
            continue
        try:
            files.append(parse(entry.path, repository.read_text(entry.path)))
        except (OSError, FileTooLarge):
            files.append(Contract(entry.path, None, (), (Problem("the file cannot be read, or is too large", 1),)))
    files.sort(key=lambda f: (f.path.count("/"), f.path))
    return Contracts(tuple(files))
