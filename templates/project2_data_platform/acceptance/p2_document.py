"""A report's page as a tree: its metrics, its charts, its tables."""

import html.parser
import re
from collections.abc import Iterator
from dataclasses import dataclass, field

_VOID = {"area", "base", "br", "col", "embed", "hr", "img", "input", "link", "meta", "source", "track", "wbr"}
_SILENT = {"script", "style", "template"}
_SHAPES = {"rect", "path", "circle", "ellipse", "polygon", "polyline", "line"}
_GEOMETRY = {"x", "y", "width", "height", "d", "points", "cx", "cy", "r", "rx", "ry", "x1", "x2", "y1", "y2", "style"}
# End tags that may be left out: what a start tag ends, if it is open inside the same table or list.
_ENDS = {"td": {"td", "th"}, "th": {"td", "th"}, "tr": {"td", "th", "tr"}, "li": {"li"}, "p": {"p"}}
_ENDS |= {tag: {"td", "th", "tr", "thead", "tbody", "caption"} for tag in ("thead", "tbody", "tfoot")}
_BOUNDS = {"table", "ul", "ol", "body", "div", "section"}
_GROUPING = re.compile(r"(?<=\d)[,\u00a0\u202f' ](?=\d{3}\b)")


@dataclass
class Element:
    """An element with its attributes and what is in it, elements and text in order."""

    tag: str
    attributes: dict[str, str] = field(default_factory=dict)
    content: "list[Element | str]" = field(default_factory=list)

    def all(self, *tags: str) -> "Iterator[Element]":
        """Give every element below with one of these tags (any tag if none is given), in document order."""
        for part in self.content:
            if isinstance(part, Element):
                if not tags or part.tag in tags:
                    yield part
                yield from part.all(*tags)

    def having(self, attribute: str) -> "dict[str, list[Element]]":
        """Give the elements below by their value of an attribute."""
        found: dict[str, list[Element]] = {}
        for element in self.all():
            if attribute in element.attributes:
                found.setdefault(element.attributes[attribute], []).append(element)
        return found

    @property
    def text(self) -> str:
        """The text that is shown, with single blanks."""
        return " ".join("".join(self._words()).split())

    def _words(self) -> Iterator[str]:
        for part in self.content:
            if isinstance(part, str):
                yield part
            elif part.tag not in _SILENT:
                yield from part._words()
                yield "" if part.tag in ("b", "i", "em", "strong", "span", "a", "code", "small") else " "

    def rows(self) -> list[list[str]]:
        """Give the cells of a table's rows as text; numbers without the separators of their groups."""
        return [[_GROUPING.sub("", cell.text) for cell in row.all("td", "th")] for row in self.all("tr")]

    def drawing(self) -> list[list[str]]:
        """Give what an SVG draws: the geometry of each shape."""
        return [[f"{k}={v}" for k, v in sorted(e.attributes.items()) if k in _GEOMETRY] for e in self.all(*_SHAPES)]


def read(text: str) -> Element:
    """Read a page."""
    reader = _Reader()
    reader.feed(text)
    reader.close()
    return reader.root


def has_rows(table: Element, expected: list[list[str]]) -> bool:
    """Say whether a table holds rows with these texts among their cells, in this order and next to each other."""
    rows = table.rows()
    starts = range(len(rows) - len(expected) + 1)
    return any(all(set(want) <= set(row) for want, row in zip(expected, rows[n:], strict=False)) for n in starts)


class _Reader(html.parser.HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.root = Element("")
        self._open = [self.root]

    def handle_starttag(self, tag: str, attributes: list[tuple[str, str | None]]) -> None:
        self._end_what_it_ends(tag)
        element = Element(tag, {name: value or "" for name, value in attributes})
        self._open[-1].content.append(element)
        if tag not in _VOID:
            self._open.append(element)

    def handle_startendtag(self, tag: str, attributes: list[tuple[str, str | None]]) -> None:
        self._open[-1].content.append(Element(tag, {name: value or "" for name, value in attributes}))

    def handle_endtag(self, tag: str) -> None:
        depth = next((n for n in range(len(self._open) - 1, 0, -1) if self._open[n].tag == tag), 0)
        if depth:
            del self._open[depth:]

    def _end_what_it_ends(self, tag: str) -> None:
        for depth in range(len(self._open) - 1, 0, -1):
            if self._open[depth].tag in _BOUNDS:
                break
            if self._open[depth].tag in _ENDS.get(tag, ()):
                del self._open[depth:]

    def handle_data(self, data: str) -> None:
        self._open[-1].content.append(data)
