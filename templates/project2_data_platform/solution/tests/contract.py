"""docs/openapi.yaml, as something to hold answers against."""

import json
from collections.abc import Callable
from functools import lru_cache
from pathlib import Path
from typing import Any

import yaml
from httpx2 import Response
from openapi_core import Config, OpenAPI
from openapi_core.datatypes import RequestParameters
from werkzeug.datastructures import Headers

CONTRACT = Path(__file__).parents[1] / "docs" / "openapi.yaml"
METHODS = {"get", "put", "post", "delete", "patch", "head", "options", "trace"}


@lru_cache(maxsize=1)
def contract() -> dict[str, Any]:
    """Give the parsed contract."""
    parsed: dict[str, Any] = yaml.safe_load(CONTRACT.read_text(encoding="utf-8"))
    return parsed


def operations() -> set[tuple[str, str]]:
    """Give each (METHOD, path) that the contract promises."""
    return {
        (method.upper(), path) for path, item in contract()["paths"].items() for method in item if method in METHODS
    }


@lru_cache(maxsize=1)
def _judge() -> OpenAPI:
    readers: dict[str, Callable[[bytes], Any]] = {
        "application/problem+json": json.loads,
        "text/csv": _text,
        "text/html": _text,
    }
    return OpenAPI.from_dict(contract(), config=Config(extra_media_type_deserializers=readers))


def _text(body: bytes, charset: str = "utf-8") -> str:
    return body.decode(charset)


class _Request:
    """What openapi-core wants to know of a request in order to find its operation."""

    def __init__(self, response: Response) -> None:
        request = response.request
        self.host_url = f"{request.url.scheme}://{request.url.netloc.decode()}"
        self.path = request.url.path
        self.path_pattern = None
        self.full_url_pattern = f"{self.host_url}{self.path}"
        self.method = request.method.lower()
        self.parameters = RequestParameters(header=Headers(dict(request.headers)))
        self.body = None
        self.content_type = request.headers.get("content-type", "")


class _Answer:
    """What it wants to know of the answer."""

    def __init__(self, response: Response) -> None:
        self.status_code = response.status_code
        self.headers = Headers(dict(response.headers))
        self.data = response.content
        self.content_type = response.headers.get("content-type", "")


def assert_conforms(response: Response) -> None:
    """Raise openapi-core's error if the contract doesn't allow this answer."""
    _judge().validate_response(_Request(response), _Answer(response))
