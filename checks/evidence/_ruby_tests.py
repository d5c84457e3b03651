"""The tests of a Ruby suite, read from its syntax trees: RSpec's examples, and Minitest's of either style.

A file is read once: its examples, the methods that it defines, and of each body whether it asserts by itself and which
names it calls. What those names do is looked up afterwards, among the methods of the same file and those of the suite's
helper files (`spec/support/`, `test_helper.rb` …), so that an example that asserts by a helper is told from one that
only calls code.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from typing import TYPE_CHECKING, NamedTuple

from checks.evidence._ruby import _arguments, _line, _nodes, _text, _value
from checks.evidence._test_functions import TestFunction
from checks.mutations import parser

if TYPE_CHECKING:
    from tree_sitter import Node

_EXAMPLES = frozenset({"it", "specify", "example", "scenario", "its", "test", "should"})
_GROUPS = frozenset({"describe", "context", "feature", "example_group"})
_HOOKS = frozenset({"before", "after", "around", "setup", "teardown", "background"})
_MEMOISED = frozenset({"let", "let!", "subject", "subject!"})
_TO = frozenset({"to", "not_to", "to_not"})
_LOOKS_ASSERTING = re.compile(r"(?:assert|refute)(?:_|\Z)|flunk\Z|expect_")
_MINITEST_EXPECTATION = re.compile(r"(?:must|wont)_\w+\Z")
# Assertions about the values that they are given; `assert_response :success` has one that is no value under test.
_ABOUT_VALUES = frozenset(
    {"assert", "assert_not", "refute"}
    | {f"{verb}_{what}" for verb in ("assert", "assert_not", "refute")
       for what in ("equal", "nil", "same", "match", "includes", "kind_of", "instance_of", "operator", "predicate",
                    "in_delta", "in_epsilon", "empty", "respond_to")}
)  # fmt: skip
_SAMENESS = frozenset({"eq", "eql", "equal", "be", "assert_equal", "assert_same", "must_equal", "must_be_same_as"})
# What depends on something; all else is the same in each run.
_VARIES = frozenset({"identifier", "constant", "call", "instance_variable", "class_variable", "global_variable",
                     "super", "yield", "self"})  # fmt: skip
_NAMES = frozenset({"identifier", "constant", "instance_variable", "scope_resolution"})
# Failed expectations are no StandardErrors, so that code under test does not rescue them; what rescues everything makes
# an example green all the same as soon as the code raises.
_EVERYTHING = frozenset({"Exception", "StandardError", "Object", "Assertion", "ExpectationNotMetError",
                         "MultipleExpectationsNotMetError"})  # fmt: skip
_MANY = 100  # hooks around one example; more than anybody writes


class _Body(NamedTuple):
    """What a body does: asserts by itself, calls these names, and these that look like assertions of a library."""

    asserts: bool = False
    calls: frozenset[str] = frozenset()
    assertions: frozenset[str] = frozenset()


class _Group(NamedTuple):
    """What holds for the examples in a group."""

    skipped: str = ""
    reason: str = ""
    hooks: tuple[_Body, ...] = ()


class _Example(NamedTuple):
    test: TestFunction
    bodies: tuple[_Body, ...]
    legible: bool


class RubyFile(NamedTuple):
    """What a test file holds. `problem` is its first line that can't be parsed, or None."""

    examples: list[_Example]
    methods: dict[str, list[_Body]]
    problem: int | None = None


def read(path: str, source: bytes) -> RubyFile:
    """Read a file; raises ImportError when the parser is not installed."""
    root = parser(".rb").parse(source).root_node
    broken = next((node for node in _nodes(root) if node.is_error or node.is_missing), None) if root.has_error else None
    file = RubyFile([], {}, None if broken is None else _line(broken))
    waiting: list[tuple[Node, _Group]] = [(root, _Group())]  # not recursive: hostile code nests deeper than the stack
    while waiting:
        node, group = waiting.pop()
        inside = group
        if node.type in ("method", "singleton_method"):
            _method(path, node, group, file)
            continue
        if node.type == "call":
            method = _text(node.child_by_field_name("method"))
            if _is_example(node, method):
                file.examples.append(_example(path, node, method, group))
                continue
            if method == "define_method":
                for name in _made_names(node):
                    file.methods.setdefault(name, []).append(_body(_block(node)))
                continue
            memoised = _value(_arguments(node)[0]) if method in _MEMOISED and _arguments(node) else None
            if memoised is not None:
                file.methods.setdefault(memoised, []).append(_body(_block(node)))
                continue
            if _is_group(node, method):
                inside = _marked(node, method, group)
                if _focused(node, method):
                    file.examples.append(
                        _Example(TestFunction(path, _line(node), _title(node), focused=True), (), True)
                    )
        if node.type in ("program", "body_statement", "block_body"):
            inside = inside._replace(hooks=(inside.hooks + _hooks(node))[:_MANY])
        waiting.extend((child, inside) for child in reversed(node.named_children))
    return file


def judged(files: Mapping[str, RubyFile], shared: Iterable[str]) -> dict[str, list[TestFunction]]:
    """Return the tests of each file by its path, with whether they assert; `shared` are the paths of helper files.

    None stands for a test that the parser can't read.
    """
    common: dict[str, list[_Body]] = {}
    for path in shared:
        for name, bodies in files[path].methods.items():
            common.setdefault(name, []).extend(bodies)
    known = frozenset(common)
    everywhere = _asserting(common, frozenset(), known)
    result = {}
    for path, file in files.items():
        asserting = everywhere | _asserting(file.methods, everywhere, known)
        defined = known | file.methods.keys()
        result[path] = [_with_verdict(example, asserting, defined) for example in file.examples]
    return result


def _with_verdict(example: _Example, asserting: frozenset[str], defined: frozenset[str]) -> TestFunction:
    """Return the test with what it can be said to do: a name that nobody defines here is a library's assertion."""
    if not example.bodies:
        return example.test  # a group, or an example that is only announced
    asserts = any(
        body.asserts or body.assertions - defined or not asserting.isdisjoint(body.calls | body.assertions)
        for body in example.bodies
    )
    return replace(example.test, asserts=True if asserts else False if example.legible else None)


def _asserting(methods: Mapping[str, list[_Body]], base: frozenset[str], known: frozenset[str]) -> frozenset[str]:
    """Return the methods that assert, by themselves, by those of `base` or by one another."""
    callers: dict[str, set[str]] = {}
    waiting: list[str] = []
    for name, bodies in methods.items():
        for body in bodies:
            if (
                body.asserts
                or not base.isdisjoint(body.calls | body.assertions)
                or any(called not in methods and called not in known for called in body.assertions)
            ):
                waiting.append(name)
            for called in body.calls | body.assertions:
                callers.setdefault(called, set()).add(name)
    found: set[str] = set()
    while waiting:
        name = waiting.pop()
        if name not in found:
            found.add(name)
            waiting += callers.get(name, ())
    return frozenset(found)


def _block(call: Node) -> Node | None:
    return call.child_by_field_name("block")


def _method(path: str, node: Node, group: _Group, file: RubyFile) -> None:
    """A method is one of Minitest's tests, or something that tests can call."""
    name, body = _text(node.child_by_field_name("name")), node.child_by_field_name("body")
    if name.startswith("test_") and _in_test_case(node):
        skipped, reason = _skipped_within(body) or (group.skipped, group.reason)
        test = TestFunction(path, _line(node), name, skipped, reason)
        file.examples.append(_Example(test, (_body(body), *group.hooks), legible=not node.has_error))
        return
    done = _body(body)
    # What widens an assertion of a library, by `super`, still asserts.
    if _LOOKS_ASSERTING.match(name) and any(inner.type == "super" for inner in _nodes(node)):
        done = done._replace(asserts=True)
    file.methods.setdefault(name, []).append(done)


def _in_test_case(method: Node) -> bool:
    parent = method.parent.parent if method.parent is not None else None
    above = parent.child_by_field_name("superclass") if parent is not None and parent.type == "class" else None
    return "Test" in _text(above)


def _made_names(call: Node) -> list[str]:
    """The names that `define_method` gives, also in a loop over names: `%i[get post].each { |verb| … }`."""
    arguments = _arguments(call)
    if not arguments:
        return []
    if (name := _value(arguments[0])) is not None:
        return [name]
    loop = call.parent
    while loop is not None and loop.type in ("body_statement", "block_body", "do_block", "block"):
        loop = loop.parent
    block = _block(loop) if loop is not None and loop.type == "call" else None
    parameters = block.child_by_field_name("parameters") if block is not None else None
    if loop is None or parameters is None or len(parameters.named_children) != 1:
        return []
    variable = _text(parameters.named_children[0])
    before, found, after = _text(arguments[0]).strip(':"').partition(f"#{{{variable}}}")
    if _text(arguments[0]) == variable:
        before = after = ""
    elif not found:
        return []
    names = loop.child_by_field_name("receiver")
    listed = names.named_children if names is not None and names.type.endswith("array") else []
    return [f"{before}{_text(each).lstrip(':')}{after}" for each in listed]


def _is_example(call: Node, method: str) -> bool:
    if call.child_by_field_name("receiver") is not None:
        return False
    arguments, block = _arguments(call), _block(call)
    named = bool(arguments) and arguments[0].type in ("string", "chained_string")
    if method in ("pending", "skip", "focus", "test", "should", "its"):
        return named and block is not None
    return _plain(method) in _EXAMPLES and (block is not None or bool(arguments))


def _plain(method: str) -> str:
    """The word without RSpec's `f` for focused and `x` for left out."""
    words = _EXAMPLES | _GROUPS
    return method[1:] if method[:1] in ("f", "x") and method[1:] in words else method


def _is_group(call: Node, method: str) -> bool:
    return _plain(method) in _GROUPS and _block(call) is not None


def _title(call: Node) -> str:
    arguments = _arguments(call)
    shown = _value(arguments[0]) if arguments else None
    return shown if shown is not None else _text(call).splitlines()[0][:80]


def _focused(call: Node, method: str) -> bool:
    return method == "focus" or method == f"f{_plain(method)}" or "focus" in _metadata(call)


def _metadata(call: Node) -> dict[str, str]:
    """RSpec's `:name` and `name: value` behind the description; a text as value is a reason."""
    found: dict[str, str] = {}
    for argument in _arguments(call):
        if argument.type == "simple_symbol":
            found[_text(argument).lstrip(":")] = ""
        elif argument.type == "pair" and (key := _value(argument.child_by_field_name("key"))):
            value = argument.child_by_field_name("value")
            if value is not None and value.type not in ("false", "nil"):
                found[key] = _value(value) or ""
    return found


def _marked(call: Node, method: str, group: _Group) -> _Group:
    metadata = _metadata(call)
    for word, mark in (("skip", "skip"), ("pending", "xfail")):
        if word in metadata:
            return group._replace(skipped=mark, reason=metadata[word])
    if method in ("skip", f"x{_plain(method)}"):
        return group._replace(skipped="skip", reason="")
    return group._replace(skipped="xfail", reason="") if method == "pending" else group


def _example(path: str, call: Node, method: str, group: _Group) -> _Example:
    block = _block(call)
    mark = _marked(call, method, group)
    skipped, reason = _skipped_within(block) or (mark.skipped, mark.reason)
    handed = any(argument.type == "block_argument" for argument in _arguments(call))
    if block is None and not handed:  # without a block it is announced, not written
        skipped = "skip"
    test = TestFunction(path, _line(call), _title(call), skipped, reason, focused=_focused(call, method))
    bodies = (_body(block), *group.hooks) if block is not None or handed else ()
    return _Example(test, bodies, legible=not handed and not call.has_error)


def _statements(body: Node | None) -> list[Node]:
    """The statements of a block or a method."""
    while body is not None and body.type in ("do_block", "block"):
        body = body.child_by_field_name("body")
    return body.named_children if body is not None else []


def _skipped_within(body: Node | None) -> tuple[str, str] | None:
    """The mark and the reason of a test that skips itself, whatever happens."""
    for statement in _statements(body):
        called = statement.child_by_field_name("method") if statement.type == "call" else statement
        word = _text(called) if called is not None and called.type == "identifier" else ""
        if word in ("skip", "pending") and statement.child_by_field_name("receiver") is None:
            arguments = _arguments(statement)
            return ("skip" if word == "skip" else "xfail"), (_value(arguments[0]) or "" if arguments else "")
    return None


def _hooks(body: Node) -> tuple[_Body, ...]:
    """What is done around each example of a group, where it may assert."""
    found = []
    for node in body.named_children:
        if node.type == "method" and _text(node.child_by_field_name("name")) in ("setup", "teardown"):
            found.append(_body(node.child_by_field_name("body")))
        elif node.type == "call" and _text(node.child_by_field_name("method")) in _HOOKS:
            found.append(_body(_block(node)))
    return tuple(found)


def _body(node: Node | None) -> _Body:
    """Read what a body does, save what it does only once something raises, or below a rescue from everything."""
    asserts = False
    calls: set[str] = set()
    assertions: set[str] = set()
    waiting = [] if node is None else [(node, False)]
    while waiting:
        node, nested = waiting.pop()
        if node.type in ("rescue", "rescue_modifier", "method", "singleton_method"):
            continue
        if node.type == "call":
            method = _text(node.child_by_field_name("method"))
            asserts = asserts or _asserts(node, method, nested=nested)
            if not _LOOKS_ASSERTING.match(method):
                calls.add(method)
            elif method != "expect_any_instance_of" and not (
                method in _ABOUT_VALUES and _same_always(_arguments(node), method)
            ):
                assertions.add(method)
        elif node.type == "identifier":
            word = _text(node)
            (assertions if _LOOKS_ASSERTING.match(word) else calls).add(word)
        for child in _reached(node):
            block = child.type in ("do_block", "block", "lambda") and node.type in ("call", "lambda")
            waiting.append((child, nested or block))
    return _Body(asserts, frozenset(calls), frozenset(assertions))


def _reached(node: Node) -> Iterator[Node]:
    """The children of a node whose assertions count: what is rescued from everything may fail unseen."""
    children = node.named_children
    if node.type in ("begin", "body_statement") and any(c.type == "rescue" and _swallows(c) for c in children):
        children = [child for child in children if child.type in ("else", "ensure")]
    method = node.child_by_field_name("method") if node.type == "call" else None
    return (child for child in children if child != method)


def _swallows(rescue: Node) -> bool:
    """Whether a clause rescues whatever is raised, and neither raises nor asserts then."""
    parts = {child.type: child for child in rescue.named_children}
    listed = parts.get("exceptions")
    if listed is not None and _EVERYTHING.isdisjoint(_text(each).rpartition("::")[2] for each in listed.named_children):
        return False
    for node in _nodes(parts["then"]) if "then" in parts else ():
        word = _text(node) if node.type == "identifier" else _text(node.child_by_field_name("method"))
        if node.type == "retry" or word in _TO or word in ("raise", "fail") or _LOOKS_ASSERTING.match(word):
            return False
    return True


def _asserts(call: Node, method: str, *, nested: bool) -> bool:
    """Whether a call is an assertion that can fail, of RSpec or of Minitest's expectations."""
    receiver, arguments = call.child_by_field_name("receiver"), _arguments(call)
    if method in _TO:
        word = _text(receiver.child_by_field_name("method") or receiver) if receiver is not None else ""
        subject = _subject(receiver) if word.startswith("expect") else []
        varies = word.endswith("expected")
        return bool(arguments) and (varies or bool(subject)) and (
            varies or not _same_always([*subject, *_expected(arguments[0])], _matcher(arguments[0]))
        )  # fmt: skip
    if method in ("should", "should_not"):
        compared = [value for argument in arguments for value in _expected(argument)]
        return bool(arguments) if receiver is None else not _same_always([receiver, *compared], "")
    if _MINITEST_EXPECTATION.match(method) and receiver is not None:
        return not _same_always([*(_subject(receiver) or [receiver]), *arguments], method)
    if method == "verify":  # of a Minitest mock; what checks a signature takes it
        return not arguments
    # Not in a block that is handed on: `allow(api).to receive(:get) { raise Timeout }` is what the code meets.
    return method in ("raise", "fail") and receiver is None and bool(arguments) and not nested


def _subject(node: Node | None) -> list[Node]:
    """What `expect(…)`, `expect { … }` or `_(…)` is about."""
    if node is None or node.type != "call":
        return []
    block = _block(node)
    return _arguments(node) or ([block] if block is not None else [])


def _matcher(node: Node) -> str:
    return _text(node.child_by_field_name("method") or node)


def _expected(matcher: Node) -> list[Node]:
    """The values that a matcher is made of: 1 and 2 of `be_within(1).of(2)`, 3 of `be > 3`."""
    found: list[Node] = []
    waiting = [matcher]
    while waiting:
        node = waiting.pop()
        if node.type == "call":
            receiver = node.child_by_field_name("receiver")
            waiting += [] if receiver is None else [receiver]
            found += _subject(node)
        elif node.type == "binary":
            found += node.named_children[1:]
        elif node.type != "identifier":
            found.append(node)
    return found


def _same_always(values: list[Node], comparison: str) -> bool:
    """Whether a comparison comes out the same in each run: of constants, or of a thing with itself."""
    if not any(inner.type in _VARIES for value in values for inner in _nodes(value)):
        return True
    first, second = (values[0], values[1]) if len(values) > 1 else (None, None)
    if comparison not in _SAMENESS or first is None or second is None:
        return False
    return first.type in _NAMES and _text(first) == _text(second)
