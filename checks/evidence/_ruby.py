"""What one Ruby file declares, read from its syntax tree: routes, metrics, formatters, variables, output.

The tree is walked with a stack of its own, so that nothing that somebody nests can exhaust Python's. Routes are those
of Rails: verbs, `resources` and `resource` with what they stand for, below `scope`, `namespace`, `member` and
`collection`, and concerns where they are used.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import TYPE_CHECKING, NamedTuple

from checks.mutations import parser

if TYPE_CHECKING:
    from tree_sitter import Node

_VERBS = frozenset({"get", "post", "put", "patch", "delete", "match", "mount"})
_PLURAL = {"index": ("get", ""), "create": ("post", ""), "show": ("get", "/:id"), "update": ("patch", "/:id"),
           "destroy": ("delete", "/:id")}  # fmt: skip
_SINGULAR = {"create": ("post", ""), "show": ("get", ""), "update": ("patch", ""), "destroy": ("delete", "")}
_METRICS = frozenset({"counter", "gauge", "histogram", "summary"})
_LEVELS = 8  # of nesting between a metric and the block that declares it
_ENVIRONMENT_OF_SEVERAL = frozenset({"values_at", "slice", "fetch_values"})
_ENVIRONMENT = _ENVIRONMENT_OF_SEVERAL | {"fetch", "key?", "has_key?", "include?", "member?", "delete"}
_PRINTS = frozenset({"puts", "print", "p", "pp"})
_ROUTES = 10_000  # of one file; concerns within concerns could make more than anybody reads
_SEVERITY_TIME_PROGRAM_MESSAGE = 4  # what a formatter is called with


class Declared(NamedTuple):
    """A name with its line; `detail` is the kind of a metric, the method of a route, the keys of a formatter."""

    name: str
    line: int
    detail: str = ""


class Facts(NamedTuple):
    """What a file declares.

    `used` are the constants that it names outside of the class that bears them, `gems` those of a Gemfile, `switches`
    what is set to true (`config.api_only = true`).
    """

    routes: list[Declared]
    environment: list[Declared]
    metrics: list[Declared]
    formatters: list[Declared]
    signals: list[Declared]
    prints: list[Declared]
    used: set[str]
    gems: set[str]
    switches: set[str]


def read(source: bytes, *, routed: bool) -> Facts:
    """Read a file; `routed` says that it draws routes."""
    facts = Facts([], [], [], [], [], [], set(), set(), set())
    root = parser(".rb").parse(source).root_node
    for node in _nodes(root):
        if node.type == "call":
            _call(node, facts)
        elif node.type == "element_reference" and _text(node.child_by_field_name("object")) == "ENV":
            for name in node.named_children[1:2]:
                _variable(name, node, facts)
        elif node.type == "class":
            _class(node, facts)
        elif node.type == "constant" and not _names_its_class(node):
            facts.used.add(_text(node))
        elif node.type == "assignment":
            _assigned(node, facts)
    if routed:
        facts.routes.extend(_routes(root))
    return facts


def _nodes(root: Node) -> Iterator[Node]:
    """Every node below and with the root, in the order of the text."""
    waiting = [root]
    while waiting:
        node = waiting.pop()
        yield node
        waiting.extend(reversed(node.named_children))


def _text(node: Node | None) -> str:
    return (node.text or b"").decode(errors="replace") if node is not None else ""


def _value(node: Node | None) -> str | None:
    """What a text or a symbol says, or None for anything else and for what is put together when it runs."""
    if node is None:
        return None
    if node.type in ("simple_symbol", "hash_key_symbol", "bare_symbol"):
        return _text(node).lstrip(":")
    if node.type == "string" and all(child.type == "string_content" for child in node.named_children):
        return "".join(_text(child) for child in node.named_children)
    return None


def _name(node: Node | None) -> str:
    """The last part of a constant: Counter of Prometheus::Client::Counter."""
    return _text(node).rpartition("::")[2]


def _arguments(call: Node) -> list[Node]:
    listed = call.child_by_field_name("arguments")
    return [] if listed is None else listed.named_children


def _option(call: Node, name: str) -> Node | None:
    for argument in _arguments(call):
        if argument.type == "pair" and _value(argument.child_by_field_name("key")) == name:
            return argument.child_by_field_name("value")
    return None


def _line(node: Node) -> int:
    return int(node.start_point[0]) + 1


def _names_its_class(node: Node) -> bool:
    parent = node.parent
    return parent is not None and parent.type in ("class", "module") and parent.child_by_field_name("name") == node


def _call(call: Node, facts: Facts) -> None:
    method = _text(call.child_by_field_name("method"))
    receiver = call.child_by_field_name("receiver")
    arguments = _arguments(call)
    first = _value(arguments[0]) if arguments else None
    if _text(receiver) == "ENV" and method in _ENVIRONMENT:
        for name in arguments if method in _ENVIRONMENT_OF_SEVERAL else arguments[:1]:
            _variable(name, call, facts)
    elif method == "credentials" and _text(receiver) in ("Rails.application", "Rails.app"):
        facts.environment.append(Declared("RAILS_MASTER_KEY", _line(call)))  # what decrypts them where it is deployed
    elif method == "gem" and receiver is None and first:
        facts.gems.add(first)
    elif method in _METRICS and first and (receiver is not None or (group := _yabeda_group(call)) is not None):
        facts.metrics.append(Declared(first if receiver is not None else f"{group}{first}", _line(call), method))
    elif method == "register" and first in _METRICS and len(arguments) > 1 and (name_ := _value(arguments[1])):
        facts.metrics.append(Declared(name_, _line(call), first))
    elif method == "new" and _name(receiver).lower() in _METRICS and first:
        facts.metrics.append(Declared(first, _line(call), _name(receiver).lower()))
    elif method == "new" and re.search(r"\bFormatters::(?:Json|Logstash)\Z", _text(receiver)):
        facts.formatters.append(Declared(_name(receiver), _line(call), "called"))
    elif method == "trap" and first in ("TERM", "SIGTERM"):
        facts.signals.append(Declared(first, _line(call)))
    elif method in _PRINTS and (arguments if receiver is None else _text(receiver) in ("$stdout", "STDOUT", "Kernel")):
        facts.prints.append(Declared(method, _line(call)))


def _yabeda_group(call: Node) -> str | None:
    """What Yabeda puts in front of a metric that is declared in its block: the group's name; None outside of one."""
    group = ""
    above = call.parent
    for _ in range(_LEVELS):
        if above is None:
            return None
        if above.type == "call":
            method, arguments = _text(above.child_by_field_name("method")), _arguments(above)
            if method == "group" and arguments and (name := _value(arguments[0])):
                group = f"{name}_"
            elif method == "configure" and _text(above.child_by_field_name("receiver")) == "Yabeda":
                return group
        above = above.parent
    return None


def _variable(named: Node, at: Node, facts: Facts) -> None:
    name = _value(named)
    if name and re.fullmatch(r"[A-Z][A-Z0-9_]*", name):
        facts.environment.append(Declared(name, _line(at)))


def _writes_json(node: Node) -> bool:
    for inner in _nodes(node):
        if inner.type == "call":
            method = _text(inner.child_by_field_name("method"))
            if method == "to_json" or (
                method in ("generate", "dump", "encode") and _name(inner.child_by_field_name("receiver")) == "JSON"
            ):
                return True
    return False


def _keys(node: Node) -> str:
    pairs = (inner.child_by_field_name("key") for inner in _nodes(node) if inner.type == "pair")
    return " ".join(sorted({key for pair in pairs if (key := _value(pair))}))


def _class(node: Node, facts: Facts) -> None:
    """A class that can be a logger's formatter: `call` takes severity, time, program and message, and writes JSON."""
    for inner in _nodes(node):
        if inner.type == "method" and _text(inner.child_by_field_name("name")) == "call":
            parameters = inner.child_by_field_name("parameters")
            count = 0 if parameters is None else len(parameters.named_children)
            if count == _SEVERITY_TIME_PROGRAM_MESSAGE and _writes_json(node):
                facts.formatters.append(Declared(_name(node.child_by_field_name("name")), _line(node), _keys(node)))


def _assigned(node: Node, facts: Facts) -> None:
    """A switch, or `logger.formatter = proc { |severity, time, program, message| … }`: wired by being assigned."""
    left, right = node.child_by_field_name("left"), node.child_by_field_name("right")
    name = _text(left).rpartition(".")[2] if left is not None and left.type == "call" else ""
    if right is None or not name:
        return
    if right.type == "true":
        facts.switches.add(name)
    if name != "formatter":
        return
    if right.type in ("lambda", "call") and _writes_json(right):
        facts.formatters.append(Declared("formatter", _line(node), _keys(right)))
        facts.used.add("formatter")


class _Scope(NamedTuple):
    """Where routes are drawn: what comes in front of their paths, for those of one record and of the collection."""

    prefix: str
    resource: str = ""  # of a `resources` block: its own path, without the record's id
    concerns: frozenset[str] = frozenset()  # that are being drawn, so that none draws itself


def _routes(root: Node) -> Iterator[Declared]:
    concerns = {name: block for call in _nodes(root) if _concern(call)
                if (name := _value(_arguments(call)[0])) and (block := call.child_by_field_name("block"))}  # fmt: skip
    waiting: list[tuple[Node, _Scope]] = [(root, _Scope(""))]
    drawn = 0
    while waiting and drawn < _ROUTES:
        node, scope = waiting.pop()
        inside = scope
        if _concern(node):
            continue
        if node.type == "call":
            for route in _drawn(node, scope):
                drawn += 1
                yield route
            inside = _inner(node, scope)._replace(concerns=scope.concerns)
            for name in _used_concerns(node) & concerns.keys() - scope.concerns:
                drawn += 1
                waiting.append((concerns[name], inside._replace(concerns=scope.concerns | {name})))
        waiting.extend((child, inside) for child in reversed(node.named_children))


def _concern(node: Node) -> bool:
    """Whether it is `concern :name do … end`, which draws nothing where it stands."""
    return node.type == "call" and _text(node.child_by_field_name("method")) == "concern" and bool(_arguments(node))


def _used_concerns(call: Node) -> set[str]:
    """The concerns that are drawn by `concerns :name`, or by `resources :posts, concerns: :name`."""
    if _text(call.child_by_field_name("method")) == "concerns":
        return {name for argument in _arguments(call) for name in _listed(argument) or ()}
    return _listed(_option(call, "concerns")) or set()


def _join(prefix: str, path: str) -> str:
    return f"{prefix}/{path.strip('/')}".rstrip("/") if path.strip("/") else prefix


def _names(call: Node) -> list[str]:
    """What the plain arguments of a call name; `get "x" => "y"` names x."""
    keys = (a.child_by_field_name("key") if a.type == "pair" and a.named_children[0].type == "string" else a
            for a in _arguments(call))  # fmt: skip
    return [name for key in keys if (name := _value(key)) is not None]


def _own_path(call: Node, name: str) -> str:
    return _value(_option(call, "path")) or name


def _inner(call: Node, scope: _Scope) -> _Scope:
    """The scope of what stands in the block of a call."""
    method = _text(call.child_by_field_name("method"))
    names = _names(call)
    first = names[0] if names else ""
    if method in ("scope", "namespace"):
        path = _value(_option(call, "path"))
        symbol = method == "scope" and bool(_arguments(call)) and _arguments(call)[0].type == "pair"
        return _Scope(_join(scope.prefix, path if path is not None else "" if symbol else first))
    if method == "resources" and first:
        whole = _join(scope.prefix, _own_path(call, first))
        return _Scope(f"{whole}/:{first.removesuffix('s')}_id", whole)
    if method == "resource" and first:
        whole = _join(scope.prefix, _own_path(call, first))
        return _Scope(whole, whole)
    if method == "member" and scope.resource:
        return _Scope(f"{scope.resource}/:id")
    if method == "collection" and scope.resource:
        return _Scope(scope.resource)
    return scope


def _drawn(call: Node, scope: _Scope) -> Iterator[Declared]:
    if call.child_by_field_name("receiver") is not None:
        return
    method = _text(call.child_by_field_name("method"))
    line = _line(call)
    if method == "root":
        yield Declared("/", line, "get")
    elif method in _VERBS:
        places = {"member": f"{scope.resource}/:id", "collection": scope.resource}
        prefix = places.get(_value(_option(call, "on")) or "", scope.prefix)
        at = _mounted(call) if method == "mount" else None
        verbs = sorted(_listed(_option(call, "via")) or {"any"}) if method == "match" else [method]
        for name in [at] if at else _names(call):
            for verb in verbs:
                yield Declared(_join(prefix, name) or "/", line, "any" if verb == "all" else verb)
    elif method in ("resources", "resource"):
        for name in _names(call):
            whole = _join(scope.prefix, _own_path(call, name))
            for verb, end in _chosen(call, _PLURAL if method == "resources" else _SINGULAR):
                yield Declared(whole + end, line, verb)


def _mounted(call: Node) -> str | None:
    """Where an application is mounted: `mount Web, at: "/jobs"` or `mount Web => "/jobs"`."""
    pairs = [argument for argument in _arguments(call) if argument.type == "pair"]
    by_class = (pair.child_by_field_name("value") for pair in pairs if _value(pair.child_by_field_name("key")) is None)
    return _value(_option(call, "at")) or next((path for node in by_class if (path := _value(node))), None)


def _chosen(call: Node, actions: dict[str, tuple[str, str]]) -> list[tuple[str, str]]:
    only, leave_out = (_listed(_option(call, name)) for name in ("only", "except"))
    return [route for action, route in actions.items()
            if (only is None or action in only) and (leave_out is None or action not in leave_out)]  # fmt: skip


def _listed(node: Node | None) -> set[str] | None:
    """The names in a list of symbols, or the one symbol; None where nothing is said."""
    if node is None:
        return None
    parts = node.named_children if node.type in ("array", "symbol_array", "string_array") else [node]
    return {name for part in parts if (name := _value(part)) is not None}
