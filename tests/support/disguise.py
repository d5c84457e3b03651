"""What a copier does to code so that it looks like another's: rename, reformat, reorder, move, pad.

Each takes the texts of Python files by path and gives texts again. The results need not run (imports are not
mended); they are what a comparison of texts is shown.
"""

from __future__ import annotations

import ast
import io
import keyword
import random
import subprocess
import sys
import tokenize
from collections.abc import Mapping
from pathlib import Path

Files = dict[str, str]


def renamed(files: Mapping[str, str]) -> Files:
    """Give every name another one: variables, functions, classes, attributes, parameters, modules."""
    names: dict[str, str] = {}
    return {path: _renamed(text, names) for path, text in files.items()}


def _renamed(text: str, names: dict[str, str]) -> str:
    lines = text.splitlines(keepends=True)
    places = [
        (*token.start, token.string)
        for token in tokenize.generate_tokens(io.StringIO(text).readline)
        if token.type == tokenize.NAME and not keyword.iskeyword(token.string)
    ]
    for row, column, name in reversed(places):
        new = names.setdefault(name, f"renamed_{len(names)}")
        line = lines[row - 1]
        lines[row - 1] = line[:column] + new + line[column + len(name) :]
    return "".join(lines)


def reformatted(files: Mapping[str, str], *, width: int) -> Files:
    """Write every file in ruff's style at another line length, with single quotes."""
    ruff = str(Path(sys.executable).with_name("ruff"))
    style = ["--isolated", "--config", f"line-length={width}", "--config", 'format.quote-style="single"']
    return {
        path: subprocess.run(
            [ruff, "format", *style, "--stdin-filename", "x.py", "-"],
            input=text, capture_output=True, text=True, check=True,
        ).stdout
        for path, text in files.items()
    }  # fmt: skip


def undocumented(files: Mapping[str, str]) -> Files:
    """Drop comments and docstrings: what Python itself keeps of a file when it parses it."""
    return {path: ast.unparse(_without_docstrings(ast.parse(text))) + "\n" for path, text in files.items()}


def _without_docstrings(tree: ast.Module) -> ast.Module:
    for node in ast.walk(tree):
        documented = isinstance(node, (ast.Module, ast.ClassDef, ast.FunctionDef, ast.AsyncFunctionDef))
        if documented and ast.get_docstring(node, clean=False) is not None:
            node.body = node.body[1:] or [ast.Pass()]
    return tree


def reordered(files: Mapping[str, str], seed: int = 1) -> Files:
    """Put the functions and classes of each file in another order, and the methods of each class."""
    chance = random.Random(seed)
    return {path: _joined(_shuffled(_parts(text), chance)) for path, text in files.items()}


def moved(files: Mapping[str, str], seed: int = 1, number: int | None = None) -> Files:
    """Deal the functions and classes of all files out to `number` new files (default: as many as there were)."""
    chance = random.Random(seed)
    parts = _shuffled([part for text in files.values() for part in _parts(text)], chance)
    count = number or len(files)
    return {f"src/moved_{n}.py": _joined(parts[n::count]) for n in range(count)}


def padded(files: Mapping[str, str], *, every: int) -> Files:
    """Put a line that does nothing after every so many statements of a function."""
    return {path: ast.unparse(_Padding(every).visit(ast.parse(text))) + "\n" for path, text in files.items()}


class _Padding(ast.NodeTransformer):
    def __init__(self, every: int) -> None:
        self.every, self.seen = every, 0

    def generic_visit(self, node: ast.AST) -> ast.AST:
        super().generic_visit(node)
        for field in ("body", "orelse", "finalbody"):
            body = getattr(node, field, None)
            if not isinstance(body, list) or isinstance(node, (ast.Module, ast.ClassDef)):
                continue
            new: list[ast.stmt] = []
            for statement in body:
                new.append(statement)
                self.seen += 1
                if self.seen % self.every == 0 and not isinstance(statement, (ast.Return, ast.Raise)):
                    new += ast.parse('log.debug("step", extra={"at": 1})').body
            setattr(node, field, new)
        return node


def _parts(text: str) -> list[str]:
    """Return the text of each top-level statement, with decorators and without the comments between them."""
    lines = text.splitlines()
    found: list[str] = []
    for node in ast.parse(text).body:
        decorators = getattr(node, "decorator_list", [])
        first = min([node.lineno, *(d.lineno for d in decorators)])
        found.append("\n".join(lines[first - 1 : node.end_lineno]))
    return found


def _shuffled(parts: list[str], chance: random.Random) -> list[str]:
    chance.shuffle(parts)
    return parts


def _joined(parts: list[str]) -> str:
    return "\n\n\n".join(parts) + "\n"
