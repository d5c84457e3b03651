"""Source code as a stream of tokens that renaming and reformatting leave as it is.

Pure: text in, bytes out, two bytes a token. Every name is the same token, every string too; keywords, operators and
numbers stand for themselves. What a formatter, an import sorter or a hurried hand changes is no token: white space,
comments, docstrings, imports, trailing commas, and brackets that only group.

Python is read with one regular expression, because the tokenizer of the standard library takes seven times as long.
Its quantifiers are possessive: hostile text is read once, not tried in many ways. Ruby, JavaScript and TypeScript are
read with the parsers of `checks.mutations`.
"""

from __future__ import annotations

import keyword
import re
import zlib
from collections.abc import Iterator
from functools import cache
from itertools import islice

from checks.mutations import parser

WIDTH = 2  # bytes a token
_REMEMBERED = 50_000  # different tokens whose code is kept: those of a large repository
SUFFIXES = (".py", ".rb", ".js", ".mjs", ".cjs", ".jsx", ".ts", ".tsx")

# Groups repeat without possession: before Python 3.11.3 a possessive group gave wrong matches.
_SPACE = r"(?:\s++|\#[^\n]*+)*"
# A bracket after a name or another bracket calls or indexes, every other one groups. What closes says nothing new.
_NO_TOKEN = rf"(?:[\s)\\;]++|\#[^\n]*+|(?<![\w\])}}\"'])\(|,(?={_SPACE}[)\]}}]))*"
_FIELD = r"\{(?:[^{}\"'\n]|\"[^\"\n]*+\"|'[^'\n]*+'|\{[^{}\n]*+\})*\}"


def _quoted(mark: str, *, fields: bool = False) -> str:
    """A string between one or three marks; with `fields`, an f-string's expressions may hold the mark as well.

    One that does not end is read to the end of its line or of the file: looking again at each of its marks would take
    hours where somebody wrote a million of them.
    """
    stop, field = (r"\\{", rf"|{_FIELD}|\{{") if fields else (r"\\", "")
    long = rf"{mark * 3}(?:[^{mark}{stop}]|\\.|{mark}(?!{mark * 2}){field})*(?:{mark * 3}|\Z)"
    return rf"(?:{long}|{mark}(?:[^{mark}{stop}\n]|\\.{field})*{mark}?)"


def _either(**options: bool) -> str:
    return f"(?:{_quoted(chr(34), **options)}|{_quoted(chr(39), **options)})"


_STRING = rf"(?:(?:[fF][rR]?|[rR][fF]){_either(fields=True)}|[rRbBuU]{{0,2}}{_either()})"
_DOCSTRING = r"""[rRuU]?(?:"{3}(?:[^"\\]|\\.|"(?!""))*(?:"{3}|\Z)|'{3}(?:[^'\\]|\\.|'(?!''))*(?:'{3}|\Z))"""
_IMPORT = r"(?=from\s|import\s)(?:from\s++[\w.]++\s++)?import\s++(?:\([^)]*+\)?|(?:[^\n\\;#]|\\\n)*)"
_OPERATOR = r"->|:=|\*\*=?|//=?|>>=?|<<=?|\.\.\.|[-+*/%@&|^=<>!]=?"
# Put before the text, a colon makes the docstring of a module look like that of a function.
_START = ":\n"


@cache
def _python() -> re.Pattern[str]:
    """One token a match, in its only group; compiled when a Python file has to be read at all."""
    docstring = rf":[ \t]*+(?:\#[^\n]*+)?\n{_SPACE}{_DOCSTRING}"
    strings = rf"{_STRING}(?:{_SPACE}{_STRING})*"
    tokens = rf"{_IMPORT}|[^\W\d]\w*+(?![\"'])|{docstring}|{strings}|\d[\w.]*+|{_OPERATOR}|\w++|."
    return re.compile(rf"{_NO_TOKEN}(?:({tokens})|\Z)", re.DOTALL)


def _code(token: str) -> bytes:
    return (zlib.crc32(token.encode(errors="surrogatepass")) & 0xFFFF).to_bytes(WIDTH, "big")


_NAME, _TEXT, _COLON = _code("a name"), _code("a string"), _code(":")


class _Codes(dict[str, bytes]):
    """The code of each Python token, worked out when it is first seen; empty for what is no token after all."""

    def of(self, tokens: list[str]) -> bytes:
        """Return the codes of all tokens, one after the other."""
        if len(self) > _REMEMBERED:
            self.clear()
        return b"".join(map(self.__getitem__, tokens))

    def __missing__(self, token: str) -> bytes:
        self[token] = code = self._new(token)
        return code

    @staticmethod
    def _new(token: str) -> bytes:
        if token.isidentifier():
            return _code(token) if keyword.iskeyword(token) else _NAME
        if not token or token.startswith(("import", "from")):  # a whole import; the end of the text
            return b""
        if '"' in token or "'" in token:
            return _COLON if token[0] == ":" else _TEXT
        return _code(token.lower().replace("_", "")) if token[0].isdigit() else _code(token)


_CODES = _Codes()


def stream(text: str, suffix: str) -> bytes:
    """Return the tokens of a file of the language that `suffix` (with its dot) stands for.

    Raises ImportError when the language needs a parser that is not installed, ValueError when it is not known.
    """
    if suffix == ".py":
        return _CODES.of(_python().findall(_START + text))[WIDTH:]
    return b"".join(code for code, _ in _leaves(text, suffix))


def line(text: str, suffix: str, number: int) -> int:
    """Return the line, from 1, of the token with this number, from 0; raises IndexError and what `stream` raises."""
    if suffix != ".py":
        return [row for _, row in _leaves(text, suffix)][number]
    whole = _START + text
    starts = (found.start(1) for found in _python().finditer(whole) if found[1] and _CODES[found[1]])
    start = next(islice(starts, number + 1, None), None)
    if start is None:
        raise IndexError(number)
    return whole.count("\n", 0, start)


_NAMES = frozenset(
    {"identifier", "constant", "property_identifier", "shorthand_property_identifier", "type_identifier",
     "shorthand_property_identifier_pattern", "private_property_identifier", "statement_identifier",
     "predefined_type", "instance_variable", "class_variable", "global_variable", "simple_symbol",
     "hash_key_symbol"}
)  # fmt: skip
_TEXTS = frozenset(
    {"string", "template_string", "regex", "subshell", "heredoc_body", "string_array", "symbol_array",
     "delimited_symbol", "character", "chained_string"}
)  # fmt: skip
_NUMBERS = frozenset({"number", "integer", "float", "rational", "complex"})
_SKIPPED = frozenset({"comment", "hash_bang_line", "import_statement", "jsx_text", "heredoc_beginning"})
_GROUPING = frozenset({"(", ")", ",", ";"})


def _leaves(text: str, suffix: str) -> Iterator[tuple[bytes, int]]:
    """Yield code and line of each token of a parsed file."""
    waiting = [parser(suffix).parse(text.encode(errors="surrogatepass")).root_node]
    while waiting:
        node = waiting.pop()
        kind = node.type
        if kind in _SKIPPED:
            continue
        if kind in _TEXTS:
            yield _TEXT, node.start_point[0] + 1
        elif kind in _NAMES:
            yield _NAME, node.start_point[0] + 1
        elif node.child_count:
            waiting += reversed(node.children)
        elif kind in _NUMBERS:
            yield _code((node.text or b"").decode(errors="replace").lower().replace("_", "")), node.start_point[0] + 1
        elif kind not in _GROUPING and node.end_byte > node.start_byte:
            yield _code(kind), node.start_point[0] + 1
