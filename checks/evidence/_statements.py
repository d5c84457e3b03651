"""Which lines of a source file hold a statement that can be executed, and which the repository excluded.

Python is parsed: a statement is one unit from its first to its last line (a compound one to the end of its header),
and counts as executed when any line of it ran, as coverage.py counts it. Without code, and so not counted, are
docstrings and other constants (`...`), `global`, `nonlocal`, bare annotations within functions, and what stands
below `if TYPE_CHECKING:`. Ruby is parsed where its parser is installed (the extra `strength`), and counts like Python.
Otherwise, and in JavaScript, a line with code on it is a unit.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from typing import NamedTuple

PRAGMA = re.compile(r"#.*\bpragma:\s*no\s*cover", re.IGNORECASE)
_NOCOV = re.compile(r"#\s*:nocov:")
_ISTANBUL = re.compile(r"(?:istanbul|c8|v8)\s+ignore\s+(next|if|else|file|start|stop)(?:\s+(\d+))?")
_NO_CODE = re.compile(r"^(?:end|else|begin|ensure|[\[\](){}\s;,]+|=begin|=end)?$")


class Statement(NamedTuple):
    """A unit of code, from its `first` to its `last` line; `excluded` from measurement by a marker in the source."""

    first: int
    last: int
    excluded: bool = False


def statements(text: str, stack: str) -> list[Statement]:
    """Return the statements of a source file in the order of their lines.

    Raises SyntaxError when Python or Ruby source can't be parsed.
    """
    if stack == "python":
        return _python(text)
    return list(_ruby(text) if stack == "ruby" else _javascript(text))


def marked_lines(text: str, stack: str) -> tuple[int, ...]:
    """Return the lines with a marker that excludes code from measurement."""
    pattern = {"python": PRAGMA, "ruby": _NOCOV}.get(stack, _ISTANBUL)
    if pattern.search(text) is None:
        return ()
    return tuple(number for number, line in enumerate(text.splitlines(), start=1) if pattern.search(line))


def _python(text: str) -> list[Statement]:
    try:
        tree = ast.parse(text)
    except (ValueError, RecursionError, MemoryError) as error:  # NUL bytes, absurd nesting
        raise SyntaxError(str(error)) from error
    marked = frozenset(marked_lines(text, "python"))
    found: dict[int, Statement] = {}
    # An explicit stack: a chain of a thousand `elif` is nested a thousand deep.
    todo: list[tuple[list[ast.AST], bool, bool]] = [(list(tree.body), False, False)]
    while todo:
        nodes, excluded, in_function = todo.pop()
        for node in nodes:
            first, last = _span(node)
            out = excluded or not marked.isdisjoint(range(first, last + 1))
            if not _no_code(node, in_function):
                known = found.get(first)
                # Several on one line are one unit, as a tracer sees lines.
                found[first] = Statement(first, max(last, known.last) if known else last, out)
            for part in _parts(node):
                inside = isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef)) or (
                    in_function and not isinstance(node, ast.ClassDef)
                )
                todo.append((part, out, inside))
    return [found[line] for line in sorted(found)]


def _parts(node: ast.AST) -> Iterator[list[ast.AST]]:
    for name in ("body", "handlers", "cases", "orelse", "finalbody"):
        part = getattr(node, name, None)
        if isinstance(part, list) and part and not (name == "body" and _for_types_only(node)):
            yield part


def _for_types_only(node: ast.AST) -> bool:
    if not isinstance(node, ast.If):
        return False
    test = node.test
    name = test.id if isinstance(test, ast.Name) else test.attr if isinstance(test, ast.Attribute) else ""
    return name == "TYPE_CHECKING"


def _line(node: ast.AST) -> int:
    decorators = getattr(node, "decorator_list", ())
    if isinstance(node, ast.match_case):
        return node.pattern.lineno
    return int(min([getattr(node, "lineno", 1), *(d.lineno for d in decorators)]))


def _span(node: ast.AST) -> tuple[int, int]:
    first = _line(node)
    body = getattr(node, "body", None)
    if isinstance(body, list) and body:
        return first, max(first, _line(body[0]) - 1)
    if isinstance(node, ast.Match):
        return first, max(first, _line(node.cases[0]) - 1)
    return first, getattr(node, "end_lineno", None) or first


def _no_code(node: ast.AST, in_function: bool) -> bool:
    if isinstance(node, ast.Expr):
        return isinstance(node.value, ast.Constant)
    if isinstance(node, ast.AnnAssign):
        return in_function and node.value is None
    return isinstance(node, (ast.Global, ast.Nonlocal))


def _ruby(text: str) -> Iterator[Statement]:
    from checks.evidence import _ruby_statements

    try:
        spans = _ruby_statements.spans(text.encode(errors="surrogateescape"))
    except ImportError:
        yield from _ruby_lines(text)
        return
    excluded = {unit.first for unit in _ruby_lines(text) if unit.excluded}
    for first, last in spans.items():
        yield Statement(first, last, not excluded.isdisjoint(range(first, last + 1)))


def _ruby_lines(text: str) -> Iterator[Statement]:
    excluded = False
    for number, line in enumerate(text.splitlines(), start=1):
        code = line.strip()
        if _NOCOV.match(code):
            excluded = not excluded
        elif not code.startswith("#") and not _NO_CODE.match(code):
            yield Statement(number, number, excluded)


def _javascript(text: str) -> Iterator[Statement]:
    comment = region = whole = False
    following = 0
    for number, line in enumerate(text.splitlines(), start=1):
        code = line.strip()
        marker = _ISTANBUL.search(code)
        if marker is not None:
            whole = whole or marker[1] == "file"
            region = marker[1] == "start" or (region and marker[1] != "stop")
            following = int(marker[2] or 1) if marker[1] in ("next", "if", "else") else following
        if comment:
            comment = "*/" not in code
            continue
        if code.startswith("/*"):
            comment = "*/" not in code
            continue
        if code.startswith("//") or _NO_CODE.match(code):
            continue
        yield Statement(number, number, whole or region or following > 0)
        following = max(0, following - 1)
