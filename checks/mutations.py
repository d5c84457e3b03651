"""Small wrong changes to source code, as people make them: one operator, constant or condition at a time.

Pure: text in, changes out. One engine for all stacks (tree-sitter); a stack is a row of `_GRAMMARS`. The operators are
the classical ones of mutation testing (relational, arithmetic and logical replacement, negation dropped, constant
replacement): Offutt et al., "An experimental determination of sufficient mutant operators", ACM TOSEM 5(2), 1996.
"""

from __future__ import annotations

import hashlib
import importlib
from collections.abc import Collection, Iterable, Iterator, Mapping
from functools import cache
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from tree_sitter import Node, Parser

CONSTANTS = "constant"
_SWAPS = {
    "<": "<=", "<=": "<", ">": ">=", ">=": ">", "==": "!=", "!=": "==", "===": "!==", "!==": "===",
    "+": "-", "-": "+", "*": "+", "//": "*", "/": "*", "%": "*",
    "+=": "-=", "-=": "+=",
    "and": "or", "or": "and", "&&": "||", "||": "&&",
    "in": "not in", "not in": "in", "is": "is not", "is not": "is",
}  # fmt: skip
_RELATIONS = frozenset({"<", "<=", ">", ">=", "==", "!=", "===", "!==", "in", "not in", "is", "is not"})
_LOGIC = frozenset({"and", "or", "&&", "||"})
_LOG_LEVELS = frozenset({"debug", "info", "warn", "warning", "error", "exception", "critical", "fatal", "log", "trace"})


class _Grammar(NamedTuple):
    """What the engine has to know of a language: its parser, and which nodes hold what."""

    module: str
    language: str
    operations: frozenset[str]
    numbers: frozenset[str]
    negations: Mapping[str, str]
    calls: Mapping[str, str]
    skipped: frozenset[str]


_PYTHON = _Grammar(
    "tree_sitter_python", "language",
    frozenset({"binary_operator", "comparison_operator", "boolean_operator", "augmented_assignment"}),
    frozenset({"integer"}), {"not_operator": "not"}, {"call": "function"},
    # Annotations, decorators and imports are declarations: a change there is seldom a bug in behaviour.
    frozenset({"type", "decorator", "import_statement", "import_from_statement", "string", "comment"}),
)  # fmt: skip
_RUBY = _Grammar(
    "tree_sitter_ruby", "language", frozenset({"binary", "operator_assignment"}), frozenset({"integer"}),
    {"unary": "!"}, {"call": "method"}, frozenset({"string", "comment", "regex", "symbol"}),
)  # fmt: skip
_JAVASCRIPT = _Grammar(
    "tree_sitter_javascript", "language", frozenset({"binary_expression", "augmented_assignment_expression"}),
    frozenset({"number"}), {"unary_expression": "!"}, {"call_expression": "function"},
    frozenset({"import_statement", "string", "comment", "regex", "type_annotation", "type_arguments",
               "interface_declaration", "type_alias_declaration"}),
)  # fmt: skip
_GRAMMARS = {
    ".py": _PYTHON, ".rb": _RUBY, ".js": _JAVASCRIPT, ".mjs": _JAVASCRIPT, ".cjs": _JAVASCRIPT, ".jsx": _JAVASCRIPT,
    ".ts": _Grammar("tree_sitter_typescript", "language_typescript", *(getattr(_JAVASCRIPT, n) for n in
                    ("operations", "numbers", "negations", "calls", "skipped"))),
    ".tsx": _Grammar("tree_sitter_typescript", "language_tsx", *(getattr(_JAVASCRIPT, n) for n in
                     ("operations", "numbers", "negations", "calls", "skipped"))),
}  # fmt: skip


class Mutation(NamedTuple):
    """One change: bytes `start` to `end` of the file become `after`. `line` counts from 1."""

    path: str
    line: int
    start: int
    end: int
    before: str
    after: str
    kind: str

    def apply(self, source: bytes) -> bytes:
        """Return the file with the change in it."""
        return source[: self.start] + self.after.encode() + source[self.end :]


def known(path: str) -> bool:
    """Whether the engine knows the language of a file, by the end of its name."""
    return path[path.rfind(".") :] in _GRAMMARS


def mutations(path: str, source: bytes, lines: Collection[int]) -> tuple[Mutation, ...]:
    """Return every change that can be made in the given lines of a file, in the order of the text.

    Raises ImportError when the parsers are not installed, ValueError for a language that it does not know.
    """
    suffix = path[path.rfind(".") :]
    if suffix not in _GRAMMARS:
        raise ValueError(f"{path}: there is no grammar for {suffix}")
    wanted = frozenset(lines)
    tree = parser(suffix).parse(source)
    grammar = _GRAMMARS[suffix]
    found = (m for m in _walk(tree.root_node, grammar, path) if m.line in wanted)
    return tuple(sorted(found, key=lambda m: (m.start, m.end)))


def sample(candidates: Iterable[Mutation], count: int, seed: str) -> tuple[Mutation, ...]:
    """Return at most `count` changes: the same for the same seed, one a line, at most a third of them constants.

    Constants are everywhere and say little about logic, so they don't crowd out the rest.
    """
    chosen: list[Mutation] = []
    places: set[tuple[str, int]] = set()
    constants = 0
    for mutation in sorted(candidates, key=lambda m: _lot(m, seed)):
        full = mutation.kind == CONSTANTS and constants >= max(1, count // 3)
        if full or (mutation.path, mutation.line) in places:
            continue
        places.add((mutation.path, mutation.line))
        constants += mutation.kind == CONSTANTS
        chosen.append(mutation)
        if len(chosen) == count:
            break
    return tuple(sorted(chosen, key=lambda m: (m.path, m.start)))


def _lot(mutation: Mutation, seed: str) -> bytes:
    place = f"{seed}\0{mutation.path}\0{mutation.start}\0{mutation.after}"
    return hashlib.sha256(place.encode(errors="surrogateescape")).digest()


@cache
def parser(suffix: str) -> Parser:
    """Return the parser of a language, by the end of its files' names.

    Raises ImportError when it is not installed, ValueError when there is none.
    """
    if suffix not in _GRAMMARS:
        raise ValueError(f"there is no grammar for {suffix}")
    from tree_sitter import Language, Parser

    grammar = _GRAMMARS[suffix]
    return Parser(Language(getattr(importlib.import_module(grammar.module), grammar.language)()))


def _walk(root: Node, grammar: _Grammar, path: str) -> Iterator[Mutation]:
    waiting = [root]  # not recursive: hostile code nests deeper than Python's stack
    while waiting:
        node = waiting.pop()
        if node.type in grammar.skipped or (node.type in grammar.calls and _logs(node, grammar.calls[node.type])):
            continue
        yield from _changes(node, grammar, path)
        waiting += node.children


def _changes(node: Node, grammar: _Grammar, path: str) -> Iterator[Mutation]:
    if node.type in grammar.operations:
        for child in node.children:
            after = _SWAPS.get(child.type) if not child.is_named else None
            if after is not None:
                kind = "relation" if child.type in _RELATIONS else "logic" if child.type in _LOGIC else "arithmetic"
                yield _mutation(child, after, kind, path)
    elif node.type in grammar.negations and node.children[0].type == grammar.negations[node.type]:
        operator, operand = node.children[0], node.children[-1]
        before = _text(node)
        yield Mutation(path, node.start_point[0] + 1, operator.start_byte, operand.start_byte,
                       before[: operand.start_byte - node.start_byte].strip(), "", "negation")  # fmt: skip
    elif node.type in grammar.numbers and _text(node).isdecimal() and node.end_byte - node.start_byte < 19:
        yield _mutation(node, str(int(_text(node)) + 1), CONSTANTS, path)
    elif node.type in ("true", "false"):
        word = _text(node)
        other = {"True": "False", "False": "True", "true": "false", "false": "true"}.get(word)
        if other is not None:
            yield _mutation(node, other, CONSTANTS, path)


def _mutation(node: Node, after: str, kind: str, path: str) -> Mutation:
    return Mutation(path, node.start_point[0] + 1, node.start_byte, node.end_byte, _text(node), after, kind)


def _logs(call: Node, field: str) -> bool:
    """Whether a call writes a log: what it says is seldom tested, and needn't be."""
    function = call.child_by_field_name(field)
    return function is not None and _text(function).rpartition(".")[2] in _LOG_LEVELS


def _text(node: Node) -> str:
    return (node.text or b"").decode(errors="replace")
