"""Judges requests and answers by GitHub's own OpenAPI description, and completes answers by it."""

from __future__ import annotations

import gzip
import json
from functools import cache, cached_property
from pathlib import Path
from typing import Any

from openapi_core import Config, OpenAPI
from openapi_core.exceptions import OpenAPIError
from openapi_core.testing import MockRequest, MockResponse

HOST = "https://api.github.com"
_FORMATS = {"date-time": "2026-01-01T00:00:00Z", "uri": "https://github.example/x", "email": "a@github.example"}


@cache
def description() -> dict[str, Any]:
    """Return the vendored description; cut.py says where it comes from.

    Members that the description does not name are forbidden, so parts that stand together (`allOf`) become one, and choices are left to themselves.
    """
    whole = json.loads(gzip.decompress(Path(__file__).with_name("openapi.json.gz").read_bytes()))
    _join(whole, whole)
    return whole


def _join(node: Any, whole: dict[str, Any]) -> None:
    for item in node if isinstance(node, list) else node.values() if isinstance(node, dict) else ():
        _join(item, whole)
    if isinstance(node, dict) and isinstance(node.get("allOf"), list):
        for part in node.pop("allOf"):
            found = _resolved(part, whole)
            node.setdefault("properties", {}).update(found.get("properties", {}))
            node.setdefault("required", []).extend(found.get("required", []))
    if isinstance(node, dict) and ("oneOf" in node or "anyOf" in node) and "properties" not in node:
        node.setdefault("additionalProperties", True)  # each of the choices forbids for itself


class Judge:
    """Says what is wrong with a call; an empty text is a good call."""

    @cached_property
    def _openapi(self) -> OpenAPI:
        config = Config(spec_validator_cls=None, additional_properties_default_policy="forbid")
        return OpenAPI.from_dict(description(), config=config)

    def request(self, verb: str, path: str, query: dict[str, str], body: bytes) -> str:
        """Judge a request."""
        return self._told(lambda: self._openapi.validate_request(self._mock(verb, path, query, body)))

    def answer(self, verb: str, path: str, status: int, body: bytes) -> str:
        """Judge an answer."""
        kind = "application/json" if body else ""
        response = MockResponse(body, status, {"Location": "https://blobs.example/x"}, kind)
        request = self._mock(verb, path, {}, b"")
        return self._told(lambda: self._openapi.validate_response(request, response))

    @staticmethod
    def _mock(verb: str, path: str, query: dict[str, str], body: bytes) -> MockRequest:
        # GitHub takes slashes in a file's path as they are, which no path template of OpenAPI can say.
        head, slash, file = path.partition("/contents/")
        return MockRequest(HOST, verb, head + slash + file.replace("/", "%2F"), args=query, data=body)

    @staticmethod
    def _told(judge: Any) -> str:
        try:
            judge()
        except OpenAPIError as problem:
            cause = problem.__cause__ or problem
            told = getattr(cause, "schema_errors", None) or [cause]
            return "; ".join(f"{type(p).__name__} {getattr(p, 'json_path', '')}: {str(p)[:300]}" for p in told)
        return ""


def complete(template: str, verb: str, status: int, value: Any) -> Any:
    """Return `value` with everything that the description demands of this answer and the test does not care about."""
    answer = _resolved(description()["paths"][template][verb.lower()]["responses"][str(status)])
    return _filled(answer["content"]["application/json"]["schema"], value)


def _resolved(node: dict[str, Any], whole: dict[str, Any] | None = None) -> dict[str, Any]:
    while "$ref" in node:
        place: Any = whole or description()
        for part in node["$ref"].removeprefix("#/").split("/"):
            place = place[part]
        node = place
    return node


_NOTHING: Any = object()


def _filled(schema: dict[str, Any], value: Any = _NOTHING) -> Any:
    schema = _resolved(schema)
    choices = schema.get("oneOf") or schema.get("anyOf")
    if choices and "properties" not in schema:
        return _filled(_choice(choices, value), value)
    if value is None or (value is _NOTHING and schema.get("nullable")):
        return None
    if isinstance(value, list):
        return [_filled(schema.get("items", {}), item) for item in value]
    properties, required = _members(schema)
    if properties and (value is _NOTHING or isinstance(value, dict)):
        given = {} if value is _NOTHING else value
        names = [*required, *(name for name in given if name not in required)]
        return {name: _filled(properties.get(name, {}), given.get(name, _NOTHING)) for name in names}
    return _plain(schema) if value is _NOTHING else value


def _choice(choices: list[dict[str, Any]], value: Any) -> dict[str, Any]:
    if isinstance(value, dict):
        for choice in choices:
            properties, _ = _members(_resolved(choice))
            kinds = _resolved(properties.get("type", {})).get("enum", [value.get("type")])
            if set(value) <= set(properties) and value.get("type") in kinds:
                return choice
    return choices[0]


def _members(schema: dict[str, Any]) -> tuple[dict[str, Any], list[str]]:
    return schema.get("properties", {}), list(schema.get("required", ()))


def _plain(schema: dict[str, Any]) -> Any:
    if "enum" in schema:
        return schema["enum"][0]
    kinds = {"string": "", "integer": 0, "number": 0, "boolean": False, "array": [], "object": {}}
    if schema.get("format") in _FORMATS:
        return _FORMATS[schema["format"]]
    return kinds[schema.get("type", "object")]
