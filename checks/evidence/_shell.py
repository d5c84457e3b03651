"""Shell scripts as the commands that they run, each with whether its failure fails the script.

This is a reader of the POSIX shell grammar with the parts of Bash that scripts in workflows use (POSIX.1-2024, Shell
Command Language, https://pubs.opengroup.org/onlinepubs/9799919799/utilities/V3_chap02.html; `set -e` as in section
2.15). It follows `&&`, `||`, pipes, groups, conditions, loops, functions, `set`, `exit` and `eval`; it expands nothing.
"""

import os
from typing import NamedTuple

from checks.evidence._shell_grammar import (
    AndOr,
    Case,
    Function,
    Group,
    If,
    Items,
    Loop,
    Node,
    Pipe,
    ShellError,
    Simple,
    parse,
)

MAX_COMMANDS = 5_000  # of one script, functions expanded
MAX_LEVELS = 6  # scripts inside `$(…)` and `eval`
MAX_CALLS = 8  # functions that call functions
_TESTS = frozenset({"[", "[[", "test", "grep", "command", "which", "type", "((", "false"})
_SHELLS = frozenset({"sh", "bash", "dash", "zsh"})


class Command(NamedTuple):
    """A command that a script runs: its words without quotes, and the line where it starts (from 1).

    `fatal` says that the script fails when the command fails, `certain` that no condition can leave it out.
    `captured` marks commands inside `$(…)`, `looped` those in a loop or its condition. `path` is the file that it
    stands in where that is not the workflow itself.
    """

    words: tuple[str, ...]
    line: int
    fatal: bool
    certain: bool
    captured: bool = False
    looped: bool = False
    path: str | None = None

    @property
    def text(self) -> str:
        """The words in one line."""
        return " ".join(self.words)


class Script(NamedTuple):
    """What a script runs, in order, without what it can never reach; `problem` tells why it could not be read."""

    commands: tuple[Command, ...] = ()
    problem: str | None = None


def read(
    text: str,
    *,
    errexit: bool,
    pipefail: bool = False,
    own: str = "",
    arguments: tuple[str, ...] = (),
    level: int = 0,
) -> Script:
    """Return the commands of a script that starts with these shell options. Never raises for what the text contains.

    `own` is the path of the script: an `exec` of it starts it again, so what follows is run all the same. `arguments`
    are what it is called with, `level` how many scripts it stands in.
    """
    try:
        tree = parse(text)
    except ShellError as error:
        return Script(problem=f"line {error.line}: {error}")
    flow = _Flow(errexit, pipefail, own, arguments, level)
    try:
        flow.items(tree, _Place(status=True))
    except RecursionError:
        return Script(problem="the script is nested too deeply")
    out = flow.out if not flow.trapped else [c._replace(fatal=False) for c in flow.out]
    return Script(tuple(out))


def options(words: list[str], errexit: bool, pipefail: bool) -> tuple[bool, bool]:
    """Return `errexit` and `pipefail` after the arguments of `set` or of a shell were applied."""
    expects = ""
    for word in words:
        if expects:
            if word == "errexit":
                errexit = expects == "-"
            elif word == "pipefail":
                pipefail = expects == "-"
            expects = ""
            continue
        if len(word) < 2 or word[0] not in "-+" or word.startswith("--"):
            continue
        if "e" in word[1:]:
            errexit = word[0] == "-"
        if word.endswith("o"):
            expects = word[0]
    return errexit, pipefail


class _Place(NamedTuple):
    """Where a command stands: `status` means its exit status becomes the script's, `guarded` that `set -e` is off."""

    status: bool = False
    guarded: bool = False
    certain: bool = True
    captured: bool = False
    looped: bool = False


class _Flow:
    """Walks a parsed script in the order in which it runs."""

    def __init__(self, errexit: bool, pipefail: bool, own: str, arguments: tuple[str, ...], level: int) -> None:
        self._level = level + 1
        self._own = own
        self._arguments = arguments
        self.errexit = errexit
        self.pipefail = pipefail
        self.out: list[Command] = []
        self.trapped = False
        self._dead = False
        self._unsure = False  # an `exit 0` under a condition came before
        self._functions: dict[str, Node] = {}
        self._calls = 0

    def items(self, node: Items, place: _Place) -> None:
        for number, (item, background) in enumerate(node.items):
            if self._dead:
                return
            last = number == len(node.items) - 1
            if background:
                self._walk(item, place._replace(status=False, guarded=True))
            else:
                self._walk(item, place if last else place._replace(status=False))

    def _walk(self, node: Node, place: _Place) -> None:
        if isinstance(node, Simple):
            self._simple(node, place)
        elif isinstance(node, AndOr):
            self._and_or(node, place)
        elif isinstance(node, Pipe):
            self._pipe(node, place)
        elif isinstance(node, If):
            self._if(node, place)
        elif isinstance(node, Loop):
            self._loop(node, place)
        elif isinstance(node, Case):
            for body in node.bodies:
                self._branch(body, place._replace(certain=False))
        elif isinstance(node, Group):
            self._group(node, place)
        elif isinstance(node, Function):
            self._functions[node.name] = node.body
        else:
            self.items(node, place)

    def _pipe(self, node: Pipe, place: _Place) -> None:
        if node.negated:
            place = place._replace(status=False, guarded=True)
        for item in node.items[:-1]:
            self._walk(item, place if self.pipefail else place._replace(status=False, guarded=True))
        self._walk(node.items[-1], place)

    def _and_or(self, node: AndOr, place: _Place) -> None:
        skip = False
        certain = place.certain
        for number, item in enumerate(node.items):
            rest = node.operators[number:]
            if not skip:
                at = place._replace(certain=certain)
                if "||" in rest:
                    handler = node.items[number + rest.index("||") + 1]
                    at = at._replace(status=_fails(handler), guarded=True)
                elif rest:
                    at = at._replace(guarded=True)
                self._walk(item, at)
            if not rest:
                return
            name = _name(item)
            skip = (name in ("true", ":") and rest[0] == "||") or (name == "false" and rest[0] == "&&")
            if rest[0] == "||" or name in _TESTS or isinstance(item, Pipe):
                certain = False
            if _name(node.items[number + 1]) in ("exit", "return", "break", "continue"):
                certain = False

    def _if(self, node: If, place: _Place) -> None:
        for number, (condition, body) in enumerate(node.branches):
            negated = _negated(condition)
            other = body if negated else node.otherwise
            fatal = other is not None and (len(node.branches) == 1 or negated) and _fails(other)
            at = place._replace(status=fatal, guarded=True, certain=place.certain and number == 0)
            end = _last(condition)
            if negated and isinstance(end, Pipe):
                self._pipe(Pipe(end.items), at)
            else:
                self.items(condition, at)
            known = self._known(condition)
            if known is False:
                continue
            always = known is True and number == 0
            self._branch(body, place if always else place._replace(certain=False))
            if always:
                return
        if node.otherwise is not None:
            self._branch(node.otherwise, place._replace(certain=False))

    def _known(self, condition: Items) -> bool | None:
        """Return what a condition comes to where the script tells: `true`, `false`, the number of arguments."""
        name = _name(condition)
        if name in ("true", ":", "false"):
            return name != "false"
        end = _last(condition)
        if name not in ("[", "test") or not isinstance(end, Simple) or len(end.words) < 4 or end.words[1] != "$#":
            return None
        operator, figure = end.words[2:4]
        if not figure.isdigit():
            return None
        found, asked = len(self._arguments), int(figure)
        answers = {"-gt": found > asked, "-eq": found == asked, "-ne": found != asked, "-lt": found < asked}
        return answers.get(operator)

    def _branch(self, node: Items, place: _Place) -> None:
        """Walk a body that may be left out: an exit in it ends the script only perhaps."""
        self.items(node, place)
        if not place.certain:
            self._dead = False

    def _loop(self, node: Loop, place: _Place) -> None:
        if node.condition is not None:
            self.items(node.condition, place._replace(status=False, guarded=True, looped=True))
        inside = place._replace(looped=True, certain=place.certain and node.certain)
        if not node.never:
            self._branch(node.body, inside._replace(status=place.status))
            self._dead = False

    def _group(self, node: Group, place: _Place) -> None:
        if not node.subshell:
            return self.items(node.body, place)
        before = self.errexit, self.pipefail, self._dead, self._unsure
        self.items(node.body, place._replace(status=place.status or (self.errexit and not place.guarded)))
        self.errexit, self.pipefail, self._dead, self._unsure = before
        return None

    def _simple(self, node: Simple, place: _Place) -> None:
        if len(self.out) >= MAX_COMMANDS:
            return None
        fatal = place.status or (self.errexit and not place.guarded)
        for inner in node.captured if self._level < MAX_LEVELS else ():
            script = read(inner, errexit=False, level=self._level)
            keeps = fatal and not node.words
            self.out.extend(
                c._replace(line=node.line + c.line - 1, fatal=keeps and c.fatal, captured=True, looped=place.looped)
                for c in script.commands
            )
        words = self._expanded(node.words)
        if not words:
            return None
        name, arguments = words[0], list(words[1:])
        if name in self._functions:
            return self._call(self._functions[name], words[1:], place)
        certain = place.certain and not self._unsure
        self.out.append(Command(words, node.line, fatal, certain, place.captured, place.looped))
        if name == "set":
            self.errexit, self.pipefail = options(arguments, self.errexit, self.pipefail)
        elif name in ("exit", "return", "exec") and (name != "exec" or arguments):
            self._leave(name, arguments, place)
        elif name == "trap" and arguments and "exit 0" in arguments[0] and {"EXIT", "ERR", "0"} & set(arguments[1:]):
            self.trapped = True
        nested = _nested(name, arguments)
        if nested is not None and self._level < MAX_LEVELS:
            script = read(
                nested[0], errexit=nested[1] or (name == "eval" and self.errexit), pipefail=nested[2], level=self._level
            )
            self.out.extend(
                c._replace(line=node.line, fatal=fatal and c.fatal, certain=certain and c.certain)
                for c in script.commands
            )
        return None

    def _leave(self, name: str, arguments: list[str], place: _Place) -> None:
        fails = name != "exec" and bool(arguments) and arguments[0] != "0"
        if place.certain and not place.looped:
            self._dead = True
        elif name == "exec" and self._own and any(w == "$0" or f"/{w}".endswith(f"/{self._own}") for w in arguments):
            return
        elif not fails:
            self._unsure = True

    def _expanded(self, words: tuple[str, ...]) -> tuple[str, ...]:
        """Put a function's arguments where it says `"$@"`: `step ruff check` runs what it is given."""
        if "$@" not in words and "$1" not in words:
            return words
        known = {f"${n}": (word,) for n, word in enumerate(self._arguments[:9], 1)} | {"$@": self._arguments}
        return tuple(part for word in words for part in known.get(word, (word,)))

    def _call(self, body: Node, arguments: tuple[str, ...], place: _Place) -> None:
        if self._calls >= MAX_CALLS:
            return
        self._calls += 1
        before = self._dead, self._unsure
        outer, self._arguments = self._arguments, arguments
        self._walk(body, place._replace(status=place.status or (self.errexit and not place.guarded)))
        self._dead, self._unsure = before
        self._arguments = outer
        self._calls -= 1


def _nested(name: str, arguments: list[str]) -> tuple[str, bool, bool] | None:
    """Return the script that `eval` or `sh -c` gets as text, and its options."""
    if name == "eval":
        return " ".join(arguments), False, False
    if os.path.basename(name) not in _SHELLS:  # noqa: PTH119 - a word, not a path
        return None
    for number, word in enumerate(arguments[:-1]):
        if word.startswith("-") and not word.startswith("--") and "c" in word:
            errexit, pipefail = options(arguments[: number + 1], False, False)
            return arguments[number + 1], errexit, pipefail
    return None


def _last(node: Node) -> Node:
    """Return what a list, a group or a chain of one comes down to at its end."""
    while True:
        if isinstance(node, Items) and node.items:
            node = node.items[-1][0]
        elif isinstance(node, Group):
            node = node.body
        elif (isinstance(node, AndOr) and not node.operators) or (
            isinstance(node, Pipe) and len(node.items) == 1 and not node.negated
        ):
            node = node.items[0]
        else:
            return node


def _name(node: Node) -> str:
    """Return the name of the only command of a node, or an empty text."""
    if isinstance(node, Items) and len(node.items) != 1:
        return ""
    end = _last(node)
    return end.words[0] if isinstance(end, Simple) and end.words else ""


def _fails(node: Node) -> bool:
    """Whether running the node always ends in failure."""
    end = _last(node)
    if not isinstance(end, Simple) or not end.words:
        return False
    if end.words[0] in ("exit", "return"):
        return len(end.words) > 1 and end.words[1] != "0"
    return end.words[0] == "false"


def _negated(node: Items) -> bool:
    if len(node.items) != 1:
        return False
    end = _last(node)
    return isinstance(end, Pipe) and end.negated
