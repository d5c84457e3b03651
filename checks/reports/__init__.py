"""Reports: projections of one scorecard into the formats that people and tools read.

`FORMATS` names them; a format's module (and what it imports) is loaded when the format is first asked for. Every text
that comes from the repository under review is hostile and goes through `checks.reports.text` or the format's own
escaping before it is shown.
"""

from __future__ import annotations

import importlib
from collections.abc import Callable, Iterator, Mapping
from typing import cast

from checks.model import Scorecard

Renderer = Callable[[Scorecard], str]

_MODULES = {
    "terminal": "terminal",
    "json": "document",
    "markdown": "markdown",
    "html": "html",
    "junit": "junit",
    "sarif": "sarif",
    "badge": "badge",
}


class _Formats(Mapping[str, Renderer]):
    """The renderers by name; each module has one called ``render``."""

    def __getitem__(self, name: str) -> Renderer:
        module = importlib.import_module(f"checks.reports.{_MODULES[name]}")
        return cast("Renderer", module.render)

    def __contains__(self, name: object) -> bool:
        return name in _MODULES

    def __iter__(self) -> Iterator[str]:
        return iter(_MODULES)

    def __len__(self) -> int:
        return len(_MODULES)


FORMATS: Mapping[str, Renderer] = _Formats()


def render(name: str, scorecard: Scorecard) -> str:
    """Return `scorecard` in the format `name`, one of `FORMATS`, as text that ends with a newline.

    Raises KeyError for an unknown format.
    """
    return FORMATS[name](scorecard)
