"""HTML pages as a person uses them: links to follow, forms to fill in, text to read."""

import html.parser
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

_SILENT = ("script", "style", "template")


@dataclass
class Form:
    """A form with what a browser would send if nobody touched it."""

    action: str = ""
    method: str = "get"
    fields: list[tuple[str, str]] = field(default_factory=list)
    names: set[str] = field(default_factory=set)

    def filled(self, values: Mapping[str, str], without: tuple[str, ...] = ()) -> dict[str, Any]:
        """Give the fields to send: as the page has them, with `values` in place, and some left out (unticked)."""
        found: dict[str, Any] = {}
        for name, value in self.fields:
            if name not in without and name not in values:
                found.setdefault(name, []).append(value)
        return found | dict(values)


@dataclass
class Page:
    """What a page holds."""

    links: list[tuple[str, str]]
    forms: list[Form]
    text: str

    def form_with(self, *names: str) -> Form | None:
        """Give the first form that has fields of all these names."""
        return next((form for form in self.forms if form.names.issuperset(names)), None)

    def paths(self) -> Iterator[str]:
        """Give where the links lead."""
        return (href for href, _ in self.links)


def read(text: str) -> Page:
    """Read a page."""
    reader = _Reader()
    reader.feed(text)
    reader.close()
    return Page(reader.links, reader.forms, " ".join(" ".join(reader.words).split()))


class _Reader(html.parser.HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.links: list[tuple[str, str]] = []
        self.forms: list[Form] = []
        self.words: list[str] = []
        self._form: Form | None = None
        self._link: str | None = None
        self._select: str | None = None
        self._area: str | None = None
        self._silent = 0

    def handle_starttag(self, tag: str, attributes: list[tuple[str, str | None]]) -> None:
        found = {name: value or "" for name, value in attributes}
        name = found.get("name", "")
        match tag:
            case "form":
                self._form = Form(found.get("action", ""), found.get("method", "get").lower())
                self.forms.append(self._form)
            case "a":
                self._link = found.get("href")
                if self._link is not None:
                    self.links.append((self._link, ""))
            case "input":
                kind = found.get("type", "text")
                if kind in ("submit", "button", "image", "reset", "file"):
                    return
                chosen = kind not in ("checkbox", "radio") or "checked" in found
                self._add(name, found.get("value", "on" if kind in ("checkbox", "radio") else ""), sent=chosen)
            case "select":
                self._select = name
                self._add(name, "", sent=False)
            case "option" if self._select and "selected" in found:
                self._add(self._select, found.get("value", ""))
            case "textarea":
                self._area = name
                self._add(name, "")
            case _ if tag in _SILENT:
                self._silent += 1

    def handle_endtag(self, tag: str) -> None:
        match tag:
            case "form":
                self._form = None
            case "a":
                self._link = None
            case "select":
                self._select = None
            case "textarea":
                self._area = None
            case _ if tag in _SILENT:
                self._silent -= 1

    def handle_data(self, data: str) -> None:
        if self._silent:
            return
        if self._area is not None and self._form is not None and self._form.fields:
            name, value = self._form.fields[-1]
            self._form.fields[-1] = (name, (value + data).removeprefix("\n"))
            return
        self.words.append(data)
        if self._link is not None:
            href, text = self.links[-1]
            self.links[-1] = (href, text + data)

    def _add(self, name: str, value: str, *, sent: bool = True) -> None:
        if self._form is None or not name:
            return
        self._form.names.add(name)
        if sent:
            self._form.fields.append((name, value))
