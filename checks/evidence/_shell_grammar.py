"""The grammar of shell scripts: words, operators and the tree that they form. `_shell` gives it a meaning."""

from __future__ import annotations

import re
from typing import NamedTuple

MAX_TEXT = 200_000  # characters of one script
MAX_DEPTH = 40  # groups, conditions and loops inside each other

_PLAIN = re.compile(r"[^\s;&|()<>'\"\\$`]+")
_QUOTED = re.compile(r"""[^"\\$`]+""")
_OPERATOR = re.compile(r"&&|\|\||;;&?|;&|\|&|[;&|()\n]")
_REDIRECT = re.compile(r"&>>?|<<<|<<-?|>>|[<>]&|<>|>\||[<>]")
_ASSIGNMENT = re.compile(r"[A-Za-z_][A-Za-z0-9_]*(\[[^]]*\])?\+?=")
_NAME = re.compile(r"[A-Za-z_][\w:.-]*\Z")


class ShellError(Exception):
    """The text is not a shell script, or too large; `line` is where reading stopped."""

    def __init__(self, message: str, line: int) -> None:
        super().__init__(message)
        self.line = line


class Simple(NamedTuple):
    """A command: words without quotes, and the scripts inside its `$(…)`. Without words it only assigns variables."""

    words: tuple[str, ...]
    line: int
    captured: tuple[str, ...] = ()


class Pipe(NamedTuple):
    """Commands joined by `|`, perhaps negated by `!`."""

    items: tuple[Node, ...]
    negated: bool = False


class AndOr(NamedTuple):
    """Pipes joined by `&&` and `||`; `operators` is one shorter than `items`."""

    items: tuple[Node, ...]
    operators: tuple[str, ...]


class Items(NamedTuple):
    """A list of commands, each with whether it runs in the background."""

    items: tuple[tuple[Node, bool], ...]


class If(NamedTuple):
    """Conditions with their bodies, and what `else` runs."""

    branches: tuple[tuple[Items, Items], ...]
    otherwise: Items | None


class Loop(NamedTuple):
    """A loop; `certain` when its body runs at least once, `never` when it cannot run."""

    condition: Items | None
    body: Items
    certain: bool
    never: bool = False


class Case(NamedTuple):
    """The bodies of a `case`."""

    bodies: tuple[Items, ...]


class Group(NamedTuple):
    """`{ … }`, or `( … )` when `subshell`."""

    body: Items
    subshell: bool


class Function(NamedTuple):
    """A function: it runs nothing until it is called."""

    name: str
    body: Node


Node = Simple | Pipe | AndOr | Items | If | Loop | Case | Group | Function


class _Token(NamedTuple):
    kind: str  # "word", "operator" or "redirect"
    text: str
    line: int
    quoted: bool = False
    captured: tuple[str, ...] = ()


def parse(text: str) -> Items:
    """Return the tree of a script. Raises ShellError."""
    if len(text) > MAX_TEXT:
        raise ShellError("the script is too long", 1)
    return _Parser(_tokens(text.replace("\r\n", "\n"))).script()


def _tokens(text: str) -> list[_Token]:
    tokens: list[_Token] = []
    waiting: list[tuple[str, bool]] = []  # here-documents that start after the line
    position, line, size = 0, 1, len(text)
    while position < size:
        char = text[position]
        if char in " \t\r":
            position += 1
        elif char == "\\" and text.startswith("\\\n", position):
            position, line = position + 2, line + 1
        elif char == "#":
            end = text.find("\n", position)
            position = size if end < 0 else end
        elif (match := _REDIRECT.match(text, position)) and not text.startswith(("<(", ">("), position):
            tokens.append(_Token("redirect", match.group(), line))
            position = match.end()
        elif match := _OPERATOR.match(text, position):
            tokens.append(_Token("operator", match.group(), line))
            position = match.end()
            if char == "\n":
                line += 1
                position, line = _skip_documents(text, position, line, waiting)
        else:
            start = position
            token, position = _word(text, start, line)
            digits = token.text.isdigit() and not token.quoted and position < size and text[position] in "<>"
            if tokens and tokens[-1].kind == "redirect" and tokens[-1].text in ("<<", "<<-"):
                waiting.append((token.text, tokens[-1].text == "<<-"))
            if not digits:
                tokens.append(token)
            line += text.count("\n", start, position)
    return tokens


def _skip_documents(text: str, position: int, line: int, waiting: list[tuple[str, bool]]) -> tuple[int, int]:
    while waiting:
        delimiter, tabs = waiting.pop(0)
        while position < len(text):
            end = text.find("\n", position)
            end = len(text) if end < 0 else end
            row = text[position:end]
            position, line = end + 1, line + 1
            if (row.lstrip("\t") if tabs else row) == delimiter:
                break
    return position, line


def _word(text: str, position: int, line: int) -> tuple[_Token, int]:
    out: list[str] = []
    captured: list[str] = []
    quoted = False
    while position < len(text):
        char = text[position]
        if match := _PLAIN.match(text, position):
            out.append(match.group())
            position = match.end()
        elif char == "\\":
            if text[position + 1 : position + 2] != "\n":
                out.append(text[position + 1 : position + 2])
                quoted = True
            position += 2
        elif char == "'":
            end = text.find("'", position + 1)
            if end < 0:
                raise ShellError("a quote is not closed", line)
            out.append(text[position + 1 : end])
            position, quoted = end + 1, True
        elif char == '"':
            position = _double(text, position + 1, line, out, captured)
            quoted = True
        elif char in "$`" or (char in "<>" and text.startswith("(", position + 1) and not out):
            position = _dollar(text, position, line, out, captured)
        elif char == "(" and out and out[-1].endswith("="):  # an array
            end = _balanced(text, position, "(", ")", line)
            out.append(text[position:end])
            position = end
        else:
            break
    return _Token("word", "".join(out), line, quoted, tuple(captured)), position


def _double(text: str, position: int, line: int, out: list[str], captured: list[str]) -> int:
    while position < len(text):
        char = text[position]
        if match := _QUOTED.match(text, position):
            out.append(match.group())
            position = match.end()
        elif char == '"':
            return position + 1
        elif char == "\\":
            following = text[position + 1 : position + 2]
            out.append(following if following in '$`"\\' else "" if following == "\n" else "\\" + following)
            position += 2
        else:
            position = _dollar(text, position, line, out, captured)
    raise ShellError("a quote is not closed", line)


def _dollar(text: str, position: int, line: int, out: list[str], captured: list[str]) -> int:
    """Take an expansion as it is written; what `$(…)` runs is noted."""
    if text.startswith("${{", position):
        end = text.find("}}", position)
        end = len(text) if end < 0 else end + 2
    elif text[position] == "`":
        end = text.find("`", position + 1)
        if end < 0:
            raise ShellError("a backquote is not closed", line)
        end += 1
        captured.append(text[position + 1 : end - 1])
    elif text.startswith(("$(", "<(", ">("), position):
        end = _balanced(text, position + 1, "(", ")", line)
        if not text.startswith("$((", position):
            captured.append(text[position + 2 : end - 1])
    elif text.startswith("${", position):
        end = _balanced(text, position + 1, "{", "}", line)
    elif text.startswith("$'", position):
        out.append("$")
        return position + 1
    else:
        end = position + 1
    out.append(text[position:end])
    return end


def _balanced(text: str, position: int, opening: str, closing: str, line: int) -> int:
    """Return the position after the bracket that closes the one at `position`; quotes hide brackets."""
    depth = 0
    while position < len(text):
        char = text[position]
        if char == "\\":
            position += 1
        elif char == "'":
            end = text.find("'", position + 1)
            position = position if end < 0 else end
        elif char == opening:
            depth += 1
        elif char == closing:
            depth -= 1
            if depth == 0:
                return position + 1
        position += 1
    raise ShellError(f"a {opening} is not closed", line)


class _Parser:
    def __init__(self, tokens: list[_Token]) -> None:
        self._tokens = tokens
        self._at = 0
        self._depth = 0

    def script(self) -> Items:
        items = self._items(())
        if self._at < len(self._tokens):
            token = self._tokens[self._at]
            raise ShellError(f"unexpected {token.text.strip() or 'end of line'!r}", token.line)
        return items

    def _peek(self) -> _Token | None:
        return self._tokens[self._at] if self._at < len(self._tokens) else None

    def _operator(self, *texts: str) -> str | None:
        token = self._peek()
        if token is not None and token.kind == "operator" and token.text in texts:
            self._at += 1
            return token.text
        return None

    def _keyword(self) -> str:
        token = self._peek()
        return token.text if token is not None and token.kind == "word" and not token.quoted else ""

    def _expect(self, word: str) -> None:
        token = self._peek()
        if token is None or token.text != word or token.quoted:
            line = token.line if token else (self._tokens[-1].line if self._tokens else 1)
            raise ShellError(f"{word!r} is missing", line)
        self._at += 1

    def _newlines(self) -> None:
        while self._operator("\n", ";"):
            pass

    def _items(self, ends: tuple[str, ...]) -> Items:
        items: list[tuple[Node, bool]] = []
        self._newlines()
        while (token := self._peek()) is not None:
            if token.kind == "operator" and token.text in (")", ";;", ";&", ";;&"):
                break
            if self._keyword() in ends:
                break
            node = self._and_or()
            background = self._operator("&") is not None
            items.append((node, background))
            if not background and not self._operator("\n", ";"):
                break
            self._newlines()
        return Items(tuple(items))

    def _and_or(self) -> Node:
        items = [self._pipe()]
        operators: list[str] = []
        while operator := self._operator("&&", "||"):
            operators.append(operator)
            while self._operator("\n"):
                pass
            items.append(self._pipe())
        return items[0] if not operators else AndOr(tuple(items), tuple(operators))

    def _pipe(self) -> Node:
        negated = False
        while self._keyword() == "!":
            self._at += 1
            negated = not negated
        items = [self._command()]
        while self._operator("|", "|&"):
            while self._operator("\n"):
                pass
            items.append(self._command())
        return Pipe(tuple(items), negated) if negated or len(items) > 1 else items[0]

    def _command(self) -> Node:
        self._depth += 1
        if self._depth > MAX_DEPTH:
            raise ShellError("the script is nested too deeply", self._tokens[self._at - 1].line)
        try:
            node = self._compound()
            if node is None:
                return self._simple()
            self._redirects()
            return node
        finally:
            self._depth -= 1

    def _compound(self) -> Node | None:
        word = self._keyword()
        if self._operator("("):
            body = self._items(())
            if not self._operator(")"):
                raise ShellError("')' is missing", self._tokens[-1].line)
            return Group(body, True)
        if word == "{":
            return Group(self._between("{", "}"), False)
        if word == "if":
            return self._if()
        if word in ("while", "until"):
            return self._while(word)
        if word in ("for", "select"):
            return self._for()
        if word == "case":
            return self._case()
        if word == "function":
            self._at += 1
            name = self._keyword()
            self._at += 1
            if self._operator("("):
                self._operator(")")
            self._newlines()
            return Function(name, self._command())
        following = self._tokens[self._at + 1 : self._at + 3]
        if _NAME.match(word) and [t.text for t in following] == ["(", ")"]:
            self._at += 3
            self._newlines()
            return Function(word, self._command())
        return None

    def _between(self, start: str, end: str) -> Items:
        self._expect(start)
        body = self._items((end,))
        self._expect(end)
        return body

    def _if(self) -> Node:
        self._expect("if")
        branches: list[tuple[Items, Items]] = []
        while True:
            condition = self._items(("then",))
            self._expect("then")
            branches.append((condition, self._items(("elif", "else", "fi"))))
            if self._keyword() != "elif":
                break
            self._at += 1
        otherwise = None
        if self._keyword() == "else":
            self._at += 1
            otherwise = self._items(("fi",))
        self._expect("fi")
        return If(tuple(branches), otherwise)

    def _while(self, word: str) -> Node:
        self._at += 1
        condition = self._items(("do",))
        body = self._between("do", "done")
        first = condition.items[0][0] if len(condition.items) == 1 else None
        name = first.words[0] if isinstance(first, Simple) and first.words else ""
        runs, never = (("true", ":"), ("false",)) if word == "while" else (("false",), ("true", ":"))
        return Loop(condition, body, name in runs, name in never)

    def _for(self) -> Node:
        self._at += 1
        words: list[str] = []
        while (token := self._peek()) is not None and not (token.kind == "word" and token.text == "do"):
            words.append(token.text)
            self._at += 1
        values = [w for w in words[words.index("in") + 1 :] if w not in (";", "\n")] if "in" in words else ["$@"]
        return Loop(None, self._between("do", "done"), bool(values), not values)

    def _case(self) -> Node:
        self._at += 2
        self._newlines()
        self._expect("in")
        bodies: list[Items] = []
        self._newlines()
        while self._keyword() != "esac":
            self._operator("(")
            while (token := self._peek()) is not None and not (token.kind == "operator" and token.text == ")"):
                self._at += 1
            if not self._operator(")"):
                raise ShellError("'esac' is missing", self._tokens[-1].line)
            bodies.append(self._items(("esac",)))
            self._operator(";;", ";&", ";;&")
            self._newlines()
        self._expect("esac")
        return Case(tuple(bodies))

    def _redirects(self) -> None:
        while (token := self._peek()) is not None and token.kind == "redirect":
            self._at += 2

    def _simple(self) -> Node:
        words: list[str] = []
        captured: list[str] = []
        start = self._peek()
        if start is None or start.kind == "operator":
            line = start.line if start else self._tokens[-1].line
            raise ShellError(f"a command is missing before {start.text.strip() if start else 'the end'!r}", line)
        test = start.text == "[["
        while (token := self._peek()) is not None:
            if token.kind == "redirect" and not test:
                self._redirects()
                continue
            if token.kind == "operator" and not (test and token.text != "\n"):
                break
            self._at += 1
            captured.extend(token.captured)
            if words or not _ASSIGNMENT.match(token.text):
                words.append(token.text)
            if test and token.text == "]]":
                break
        return Simple(tuple(words), start.line, tuple(captured))
