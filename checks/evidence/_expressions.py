"""GitHub's expressions, evaluated as far as a tree can tell: true, false, or unknown.

The language is described at https://docs.github.com/actions/reference/workflows-and-actions/expressions. What only a
run can know (variables, secrets, outputs, who pushed) is unknown, and unknown stays unknown through operators unless
the other side decides.
"""

import re
from collections.abc import Mapping

MAX_TEXT = 4_000
MAX_DEPTH = 40

_TOKEN = re.compile(
    r"\s*(?:(?P<text>'(?:[^']|'')*')|(?P<number>-?(?:0x[0-9a-fA-F]+|\d+(?:\.\d+)?(?:[eE][-+]?\d+)?))"
    r"|(?P<name>[A-Za-z_][\w-]*)|(?P<operator>&&|\|\||==|!=|<=|>=|[!<>()\[\].,*]))"
)
_STATUS = re.compile(r"\b(?:success|always|failure|cancelled)\s*\(", re.IGNORECASE)


class Unknown:
    """What only a run can know."""

    def __repr__(self) -> str:
        return "UNKNOWN"


UNKNOWN = Unknown()
Value = str | float | bool | list[object] | Unknown | None


class _NoExpression(Exception):
    """The text does not follow the grammar."""


def condition(text: object, context: Mapping[str, object], *, failed: bool = False) -> bool | None:
    """Return whether an `if:` lets its job or step run: True, False, or None when the tree cannot tell.

    `context` maps dotted names in lower case (``github.event_name``) to their values. `failed` asks for the case that
    something before failed: then a condition without a status function is false, as on GitHub. A missing condition is
    ``success()``; a text that is no expression is None.
    """
    if text is None:
        return not failed
    if isinstance(text, bool):
        return text and not failed
    source = str(text).strip()
    if source.startswith("${{") and source.endswith("}}") and source.count("${{") == 1:
        source = source[3:-2].strip()
    elif "${{" in source:
        return not failed  # becomes a text that is not empty, which is true whatever it says
    value = evaluate(source, context, failed=failed)
    if failed and not _STATUS.search(source):
        return False
    return None if isinstance(value, Unknown) else truthy(value)


def evaluate(source: str, context: Mapping[str, object], *, failed: bool = False) -> Value:
    """Return the value of an expression, UNKNOWN when only a run could know it or the text is no expression."""
    if len(source) > MAX_TEXT:
        return UNKNOWN
    try:
        return _Evaluator(source, context, failed).value()
    except _NoExpression:
        return UNKNOWN


def truthy(value: Value) -> bool:
    """Return how GitHub sees a value where it wants a boolean: 0, the empty text, null and false are false."""
    return bool(value) or isinstance(value, list)


class _Evaluator:
    def __init__(self, source: str, context: Mapping[str, object], failed: bool) -> None:
        self._tokens = _tokens(source)
        self._context = context
        self._failed = failed
        self._at = 0
        self._depth = 0

    def value(self) -> Value:
        value = self._or()
        if self._at != len(self._tokens):
            raise _NoExpression
        return value

    def _take(self, *texts: str) -> str | None:
        if self._at < len(self._tokens):
            kind, text = self._tokens[self._at]
            if kind == "operator" and text in texts:
                self._at += 1
                return text
        return None

    def _or(self) -> Value:
        left = self._and()
        while self._take("||"):
            right = self._and()
            if isinstance(left, Unknown):
                left = right if not isinstance(right, Unknown) and truthy(right) else UNKNOWN
            elif not truthy(left):
                left = right
        return left

    def _and(self) -> Value:
        left = self._compare()
        while self._take("&&"):
            right = self._compare()
            if isinstance(left, Unknown):
                left = UNKNOWN if isinstance(right, Unknown) or truthy(right) else False
            elif truthy(left):
                left = right
        return left

    def _compare(self) -> Value:
        left = self._unary()
        while operator := self._take("==", "!=", "<=", ">=", "<", ">"):
            left = _compared(left, operator, self._unary())
        return left

    def _unary(self) -> Value:
        self._depth += 1
        if self._depth > MAX_DEPTH:
            raise _NoExpression
        try:
            if self._take("!"):
                value = self._unary()
                return UNKNOWN if isinstance(value, Unknown) else not truthy(value)
            if self._take("("):
                value = self._or()
                self._close(")")
                return value
            return self._primary()
        finally:
            self._depth -= 1

    def _close(self, text: str) -> None:
        if not self._take(text):
            raise _NoExpression

    def _primary(self) -> Value:
        if self._at >= len(self._tokens):
            raise _NoExpression
        kind, text = self._tokens[self._at]
        self._at += 1
        if kind == "text":
            return text[1:-1].replace("''", "'")
        if kind == "number":
            return float(int(text, 16)) if text.lower().startswith("0x") else float(text)
        if kind != "name":
            raise _NoExpression
        if self._take("("):
            return self._call(text.lower())
        words = {"true": True, "false": False, "null": None}
        if text in words:
            return words[text]
        return self._lookup(text.lower())

    def _lookup(self, path: str) -> Value:
        while self._at < len(self._tokens):
            if self._take("."):
                kind, text = self._tokens[self._at] if self._at < len(self._tokens) else ("", "")
                if kind != "name" and text != "*":
                    raise _NoExpression
                self._at += 1
                path = f"{path}.{text.lower()}"
            elif self._take("["):
                index = self._or()
                self._close("]")
                path = f"{path}.{index.lower()}" if isinstance(index, str) else f"{path}.?"
            else:
                break
        value = self._context.get(path, UNKNOWN)
        return value if isinstance(value, str | float | bool | list | Unknown) or value is None else UNKNOWN

    def _call(self, name: str) -> Value:
        arguments: list[Value] = []
        while not self._take(")"):
            arguments.append(self._or())
            if not self._take(","):
                self._close(")")
                break
        if name in ("success", "always", "failure", "cancelled"):
            return {"success": not self._failed, "always": True, "failure": self._failed, "cancelled": False}[name]
        if name in ("contains", "startswith", "endswith") and len(arguments) == 2:
            return _search(name, *arguments)
        return UNKNOWN


def _search(name: str, where: Value, what: Value) -> Value:
    if isinstance(where, Unknown) or isinstance(what, Unknown):
        return UNKNOWN
    needle = str(what).lower()
    if isinstance(where, list):
        return any(str(item).lower() == needle for item in where)
    text = str(where).lower()
    if name == "contains":
        return needle in text
    return text.startswith(needle) if name == "startswith" else text.endswith(needle)


def _compared(left: Value, operator: str, right: Value) -> Value:
    if isinstance(left, Unknown | list) or isinstance(right, Unknown | list):
        return UNKNOWN
    if isinstance(left, str) and isinstance(right, str):
        first: str | float = left.lower()
        second: str | float = right.lower()
    else:
        first, second = _number(left), _number(right)
    if operator in ("==", "!="):
        return (first == second) is (operator == "==")
    less, equal = first < second, first == second  # type: ignore[operator]  # both are text or both are numbers
    return {"<": less, "<=": less or equal, ">": not less and not equal, ">=": not less}[operator]


def _number(value: str | float | bool | None) -> float:
    try:
        return float(value or 0)
    except ValueError:
        return float("nan")


def _tokens(source: str) -> list[tuple[str, str]]:
    tokens: list[tuple[str, str]] = []
    position = 0
    source = source.rstrip()
    while position < len(source):
        match = _TOKEN.match(source, position)
        if match is None or match.lastgroup is None:
            raise _NoExpression
        tokens.append((match.lastgroup, match.group(match.lastgroup)))
        position = match.end()
    return tokens
