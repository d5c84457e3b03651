"""The statements of a Ruby file, from its syntax tree: each from its first to its last line.

A compound one goes to the end of its header. `else`, `ensure` and `rescue` are no statements, nor is what stands in a
heredoc; Ruby's own Coverage gives such lines no count either.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from checks.mutations import parser

if TYPE_CHECKING:
    from tree_sitter import Node

# The nodes whose children are statements.
_BODIES = frozenset(
    {"program", "body_statement", "block_body", "then", "else", "ensure", "do", "begin", "parenthesized_statements",
     "begin_block", "end_block"}
)  # fmt: skip
_NO_STATEMENTS = _BODIES | {"comment", "heredoc_body", "rescue", "empty_statement", "uninterpreted"}


def spans(source: bytes) -> dict[int, int]:
    """Return the last line of each statement by its first line; several on one line are one.

    Raises SyntaxError when the file can't be parsed, ImportError when the parser is not installed.
    """
    root = parser(".rb").parse(source).root_node
    if root.has_error:
        raise SyntaxError("not Ruby as this parser knows it")
    found: dict[int, int] = {}
    waiting = [root]  # not recursive: hostile code nests deeper than Python's stack
    while waiting:
        node = waiting.pop()
        waiting += node.named_children
        if node.type in _BODIES:
            for child in node.named_children:
                if child.type not in _NO_STATEMENTS:
                    first = child.start_point[0] + 1
                    found[first] = max(_last(child), found.get(first, first))
    return dict(sorted(found.items()))


def _last(statement: Node) -> int:
    """Return the last line before the first body within a statement, or its own last line."""
    first = statement.start_point[0] + 1
    bodies: list[int] = []
    waiting = [statement]
    while waiting:
        for child in waiting.pop().named_children:
            if child.type in _BODIES:
                bodies.append(child.start_point[0])
            else:
                waiting.append(child)
    # Lines are counted from 1 and the parser's rows from 0, so a body's row is the number of the line before it.
    return max(first, min(bodies)) if bodies else statement.end_point[0] + 1
