"""The one YAML reader: plain values that know their lines, and bounds that a hostile file cannot pass.

`load` and `load_all` never raise for what a file contains. Mappings come back as `YamlMap`, sequences as `YamlList`:
a `dict` and a `list` with line numbers. Keys are always text as it is written, so `on:`, `200:` and `yes:` stay
``"on"``, ``"200"`` and ``"yes"``. Plain scalars follow the core schema of YAML 1.2 (https://yaml.org/spec/1.2.2/,
section 10.3.2), which is what GitHub, Compose and OpenAPI tools read: only true and false are booleans, `08:30` and
dates stay text. A value with a tag of its own (`!Ref`, `!reset`) comes back as `Tagged`.
"""

import re
from collections.abc import Callable
from typing import Any, NamedTuple

import yaml

MAX_TEXT = 1 << 20  # characters; what people write by hand stays far below
MAX_NODES = 100_000  # values after aliases are expanded: the classic bomb has 10^9
MAX_DEPTH = 100  # nesting after aliases are expanded, so that whoever walks the values may recurse

_INTEGER = re.compile(r"[-+]?[0-9]{1,18}\Z")
_FLOAT = re.compile(r"[-+]?(?:\.[0-9]+|[0-9]+(?:\.[0-9]*)?)(?:[eE][-+]?[0-9]{1,3})?\Z")
_WORDS: dict[str, Any] = {
    **dict.fromkeys(("", "~", "null", "Null", "NULL")),
    **dict.fromkeys(("true", "True", "TRUE"), True),
    **dict.fromkeys(("false", "False", "FALSE"), False),
}
_NUMERIC = frozenset("0123456789+-.")


class YamlMap(dict[str, Any]):
    """A mapping: `line` is where it starts, `lines` where each key stands (from 1)."""

    __slots__ = ("line", "lines")

    def __init__(self, line: int) -> None:
        super().__init__()
        self.line = line
        self.lines: dict[str, int] = {}

    def line_of(self, key: str) -> int:
        """Return the line of a key, or the line of the mapping when it has no such key."""
        return self.lines.get(key, self.line)


class YamlList(list[Any]):
    """A sequence: `line` is where it starts, `lines` where each item starts (from 1)."""

    __slots__ = ("line", "lines")

    def __init__(self, line: int) -> None:
        super().__init__()
        self.line = line
        self.lines: list[int] = []


class Tagged(NamedTuple):
    """A value with an explicit tag, for example ``!Ref``; `value` is what the tag stands before."""

    tag: str
    value: Any
    line: int


class YamlProblem(NamedTuple):
    """Why a text cannot be read as YAML, or what is doubtful in it, and on which line (from 1)."""

    message: str
    line: int | None = None


class Document(NamedTuple):
    """One document: its value, the line it starts on, and what is doubtful in it (duplicate keys, keys not text)."""

    value: Any
    line: int = 1
    problems: tuple[YamlProblem, ...] = ()


class _Stop(Exception):
    """Reading ends with this problem."""

    def __init__(self, message: str, line: int | None) -> None:
        super().__init__(message)
        self.problem = YamlProblem(message, line)


class _Frame:
    """A collection that is being read: how many values and levels it has after expansion of aliases."""

    def __init__(self, value: YamlMap | YamlList, anchor: str | None, tag: str | None) -> None:
        self.value = value
        self.anchor = anchor
        self.tag = tag
        self.size = 1
        self.height = 1
        self.expects_key = isinstance(value, YamlMap)  # keys and values come by turns
        self.key = ""
        self.key_line = 0
        self.own: set[str] = set()  # keys written here, as against merged ones


def load(text: str) -> Document | YamlProblem:
    """Return the only document of `text`, or what is wrong with it. An empty text is a document with the value None."""
    documents = load_all(text)
    if isinstance(documents, YamlProblem):
        return documents
    if len(documents) > 1:
        return YamlProblem("there are several documents in this file, where one is expected", documents[1].line)
    return documents[0] if documents else Document(None)


def load_all(text: str) -> tuple[Document, ...] | YamlProblem:
    """Return the documents of `text`, or what is wrong with it: syntax, too large, too deep, too many values."""
    if len(text) > MAX_TEXT:
        return YamlProblem(f"the text is longer than {MAX_TEXT} characters")
    try:
        return _Reader(text).documents()
    except _Stop as stop:
        return stop.problem
    except yaml.reader.ReaderError as error:
        line = text.count("\n", 0, error.position) + 1
        return YamlProblem(f"this character is not allowed in YAML: {str(error.reason)[:80]}", line)
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        said = " ".join(part for part in (error.context, error.problem) if part)
        return YamlProblem(said or "this is not YAML", mark.line + 1 if mark else None)
    except yaml.YAMLError as error:
        return YamlProblem(str(error).split("\n")[0])


def scalar(text: str) -> Any:
    """Return the value of a plain scalar by the core schema of YAML 1.2: None, a boolean, a number or the text."""
    if text in _WORDS:
        return _WORDS[text]
    if text[0] in _NUMERIC:
        if _INTEGER.match(text):
            return int(text)
        if _FLOAT.match(text):
            return float(text)
    return text


class _Reader:
    """Builds values from the parser's events, without recursion and without keeping a tree of nodes."""

    def __init__(self, text: str) -> None:
        self._parser = yaml.CSafeLoader(text.encode(errors="replace"))
        self._stack: list[_Frame] = []
        self._anchors: dict[str, tuple[Any, int, int]] = {}
        self._problems: list[YamlProblem] = []
        self._documents: list[Document] = []
        self._nodes = 0
        self._line = 1

    def documents(self) -> tuple[Document, ...]:
        take: dict[type, Callable[[Any], None]] = {
            yaml.ScalarEvent: self._scalar, yaml.AliasEvent: self._alias, yaml.DocumentStartEvent: self._begin,
            yaml.MappingStartEvent: self._open, yaml.MappingEndEvent: self._close,
            yaml.SequenceStartEvent: self._open, yaml.SequenceEndEvent: self._close,
        }  # fmt: skip
        try:
            while True:
                event: Any = self._parser.get_event()  # the stubs know no event types
                kind = type(event)
                if kind in take:
                    take[kind](event)
                elif kind is yaml.StreamEndEvent:
                    return tuple(self._documents)
        finally:
            self._parser.dispose()

    def _begin(self, event: Any) -> None:
        self._anchors.clear()
        self._problems.clear()
        self._line = event.start_mark.line + 1

    def _scalar(self, event: Any) -> None:
        line = event.start_mark.line + 1
        self._count(1, line)
        value: Any = event.value
        if self._stack and self._stack[-1].expects_key:
            self._set_key(value, line)
        else:
            tag = event.tag
            if event.implicit[0] or (tag and tag.startswith("tag:yaml.org,2002:") and not tag.endswith(":str")):
                value = scalar(value)
            elif tag and tag.startswith("!") and tag != "!":
                value = Tagged(tag, value, line)
            self._put(value, 1, 0, line)
        if event.anchor:
            self._anchors[event.anchor] = (value, 1, 0)

    def _set_key(self, key: str, line: int) -> None:
        frame = self._stack[-1]
        frame.key, frame.key_line, frame.expects_key = key, line, False
        frame.size += 1

    def _open(self, event: Any) -> None:
        line = event.start_mark.line + 1
        if self._stack and self._stack[-1].expects_key:
            raise _Stop("a key must be text, not a list or a mapping", line)
        if len(self._stack) >= MAX_DEPTH:
            raise _Stop(f"values are nested deeper than {MAX_DEPTH} levels", line)
        self._count(1, line)
        value = YamlMap(line) if type(event) is yaml.MappingStartEvent else YamlList(line)
        tag = event.tag if event.tag and event.tag.startswith("!") and event.tag != "!" else None
        self._stack.append(_Frame(value, event.anchor, tag))

    def _close(self, _event: Any) -> None:
        frame = self._stack.pop()
        line = frame.value.line
        value: Any = frame.value if frame.tag is None else Tagged(frame.tag, frame.value, line)
        if frame.anchor:
            self._anchors[frame.anchor] = (value, frame.size, frame.height)
        self._put(value, frame.size, frame.height, line)

    def _alias(self, event: Any) -> None:
        line = event.start_mark.line + 1
        if event.anchor not in self._anchors:
            raise _Stop(f"the alias *{event.anchor} stands before its anchor or inside it", line)
        value, size, height = self._anchors[event.anchor]
        if self._stack and self._stack[-1].expects_key:
            if not isinstance(value, str):
                raise _Stop("a key must be text, not a list or a mapping", line)
            self._count(1, line)
            return self._set_key(value, line)
        if len(self._stack) + height > MAX_DEPTH:
            raise _Stop(f"values are nested deeper than {MAX_DEPTH} levels through the alias *{event.anchor}", line)
        self._count(size, line)
        return self._put(value, size, height, line)

    def _count(self, size: int, line: int) -> None:
        self._nodes += size
        if self._nodes > MAX_NODES:
            raise _Stop(f"there are more than {MAX_NODES} values once aliases are expanded", line)

    def _put(self, value: Any, size: int, height: int, line: int) -> None:
        """Hand a finished value to the collection around it, or end the document with it."""
        if not self._stack:
            self._documents.append(Document(value, self._line, tuple(self._problems)))
            return
        frame = self._stack[-1]
        frame.size += size
        if frame.height <= height:
            frame.height = height + 1
        target = frame.value
        if isinstance(target, YamlList):
            target.append(value)
            target.lines.append(line)
            return
        key = frame.key
        frame.expects_key = True
        if key == "<<" and _mergeable(value):
            self._merge(target, value)
            return
        if key in frame.own:
            first = target.lines[key]
            self._problems.append(
                YamlProblem(f"the key {key!r} is already on line {first}; the first is lost", frame.key_line)
            )
        frame.own.add(key)
        target[key] = value
        target.lines[key] = frame.key_line

    def _merge(self, target: YamlMap, value: Any) -> None:
        """Apply a merge key (https://yaml.org/type/merge.html): keys that are there win, earlier mappings too."""
        for source in value if isinstance(value, YamlList) else (value,):
            for key, item in source.items():
                if key not in target:
                    target[key] = item
                    target.lines[key] = source.lines[key]


def _mergeable(value: Any) -> bool:
    return isinstance(value, YamlMap) or (
        isinstance(value, YamlList) and all(isinstance(item, YamlMap) for item in value)
    )
