"""The tests that are written in a file, found without running it: name, line, marks, and whether they can fail."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from dataclasses import dataclass

from checks.evidence._python import statements, walk

_ASSERTING = re.compile(r"^_?(?:assert|check|verify|expect|should|ensure|raises|warns|fail$|deprecated_call)")
_RUBY_OR_JS = re.compile(
    r"""^\s*(?P<word>f|x|)(?:it|test|specify|example|scenario)(?P<mark>\.only|\.skip|\.todo)?\s*(?:\(\s*)?["'`](?P<name>[^"'`]*)"""
)
_FOCUS_GROUP = re.compile(
    r"^\s*(?:fdescribe|fcontext|describe\.only|context\.only|suite\.only)\b|[,(]\s*(?:focus:\s*true|:focus)\b"
)


@dataclass(frozen=True, slots=True)
class TestFunction:
    """One test as it is written.

    `skipped` is its mark (``skip``, ``xfail`` or ""), `reason` why, `asserts` whether it holds an assertion that can
    fail (None where that is not known), `focused` whether it makes a runner leave the others out.
    """

    __test__ = False

    path: str
    line: int
    name: str
    skipped: str = ""
    reason: str = ""
    asserts: bool | None = True
    focused: bool = False


def python_tests(path: str, text: str) -> list[TestFunction]:
    """Return the tests of a Python file; raises SyntaxError when it can't be parsed."""
    try:
        tree = ast.parse(text)
        module_mark = _module_mark(tree)
        helpers = _asserting_helpers(tree)
        return list(_python(path, tree.body, module_mark, helpers, in_class=""))
    except (ValueError, RecursionError, MemoryError) as error:
        raise SyntaxError(str(error)) from error


def _python(
    path: str, body: list[ast.stmt], mark: tuple[str, str], helpers: frozenset[str], *, in_class: str
) -> Iterator[TestFunction]:
    for node in body:
        if isinstance(node, ast.ClassDef):
            own = _mark(node.decorator_list)
            if node.name.startswith("Test") or any("Test" in _name(base) for base in node.bases):
                yield from _python(path, node.body, own if own[0] else mark, helpers, in_class=node.name)
        elif isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef)) and node.name.startswith("test"):
            own = _mark(node.decorator_list)
            skipped, reason = own if own[0] else mark
            focused = any(_name(d).rpartition(".")[2] in ("only", "focus") for d in node.decorator_list)
            name = f"{in_class}.{node.name}" if in_class else node.name
            yield TestFunction(path, node.lineno, name, skipped, reason, _asserts(node, helpers), focused)
        elif isinstance(node, (ast.If, ast.Try)):
            yield from _python(path, node.body, mark, helpers, in_class=in_class)


def _name(node: ast.AST) -> str:
    if isinstance(node, ast.Call):
        return _name(node.func)
    if isinstance(node, ast.Attribute):
        return f"{_name(node.value)}.{node.attr}".lstrip(".")
    return node.id if isinstance(node, ast.Name) else ""


def _mark(decorators: list[ast.expr]) -> tuple[str, str]:
    for decorator in decorators:
        kind = _name(decorator).rpartition(".")[2]
        if kind in ("skip", "skipif", "skipIf", "skipUnless", "xfail", "expectedFailure"):
            if kind in ("skipif", "skipIf", "skipUnless"):
                continue  # whether it applies is known when it runs
            return ("xfail" if kind in ("xfail", "expectedFailure") else "skip"), _reason(decorator)
    return "", ""


def _reason(decorator: ast.expr) -> str:
    if not isinstance(decorator, ast.Call):
        return ""
    values = [k.value for k in decorator.keywords if k.arg == "reason"] + decorator.args
    return next((v.value for v in values if isinstance(v, ast.Constant) and isinstance(v.value, str)), "")


def _module_mark(tree: ast.Module) -> tuple[str, str]:
    for node in tree.body:
        if isinstance(node, ast.Assign) and any(_name(t) == "pytestmark" for t in node.targets):
            marks = node.value.elts if isinstance(node.value, (ast.List, ast.Tuple)) else [node.value]
            return _mark(marks)
        if isinstance(node, ast.Expr) and _name(node.value) == "pytest.skip":
            return "skip", _reason(node.value)
    return "", ""


def _asserts(function: ast.AST, helpers: frozenset[str]) -> bool:
    for node in walk(function):
        if isinstance(node, ast.Assert) and _can_fail(node.test):
            return True
        if isinstance(node, ast.Call):
            name = _name(node.func)
            last = name.rpartition(".")[2]
            constant = bool(node.args) and not any(_can_fail(a) for a in node.args)
            if last in helpers or (_ASSERTING.match(last) and not (constant and last.startswith("assert"))):
                return True
        if isinstance(node, ast.Raise) and node.exc is not None and "Assertion" in _name(node.exc):
            return True
    return False


def _can_fail(test: ast.AST) -> bool:
    """Whether an asserted expression depends on anything: `assert True` and `assert 1 == 1` do not."""
    return any(isinstance(node, (ast.Name, ast.Call, ast.Attribute, ast.Await)) for node in walk(test))


def _asserting_helpers(tree: ast.Module) -> frozenset[str]:
    """Return the functions of the file, not tests themselves, that assert; directly or through one another."""
    functions = {
        node.name: node
        for node in statements(tree)
        if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef)) and not node.name.startswith("test")
    }
    found: frozenset[str] = frozenset()
    while True:
        more = found | {name for name, node in functions.items() if name not in found and _asserts(node, found)}
        if more == found:
            return found
        found = more


def other_tests(path: str, text: str) -> list[TestFunction]:
    """Return the tests of a file without a parser for it, by their usual forms; whether they assert is not known."""
    found: list[TestFunction] = []
    for number, line in enumerate(text.splitlines(), start=1):
        match = _RUBY_OR_JS.match(line)
        if match is not None:
            focused = match["word"] == "f" or match["mark"] == ".only"
            skipped = "skip" if match["word"] == "x" or match["mark"] in (".skip", ".todo") else ""
            found.append(TestFunction(path, number, match["name"], skipped, asserts=None, focused=focused))
        elif _FOCUS_GROUP.search(line):
            found.append(TestFunction(path, number, line.strip()[:80], focused=True))
    return found
