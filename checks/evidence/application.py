"""What the application's source declares to the outside: routes, metrics, environment variables, logs, signals.

Python is read by `ast`, Ruby by its syntax tree (`_ruby`). Routes and environment reads of JavaScript are taken from
the explicit forms only (`app.get("/x")`, `process.env.X`) with comments left out: enough to say that something is
there, and the rules that need more say *not yet known* for it.
"""

import ast
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from checks.evidence import _ruby
from checks.evidence._python import walk
from checks.repository import Entry, FileTooLarge, Repository

_METHODS = frozenset({"get", "post", "put", "patch", "delete", "head", "options", "route", "api_route", "websocket"})
_METRICS = {"Counter": "counter", "CounterMetricFamily": "counter", "Gauge": "gauge", "GaugeMetricFamily": "gauge",
            "Histogram": "histogram", "HistogramMetricFamily": "histogram", "Summary": "summary",
            "SummaryMetricFamily": "summary", "Info": "info", "Enum": "gauge"}  # fmt: skip
_JSON_LIBRARIES = frozenset({"JsonFormatter", "JSONRenderer", "JSONFormatter", "ProcessorFormatter"})
_ELSEWHERE = frozenset({"tests", "test", "spec", "node_modules", "docs", "benchmarks", "examples", "fixtures"})
_ROUTES = re.compile(r"\b(?:app|router|server|fastify|api)\.(get|post|put|patch|delete|use|all)\(\s*[\"'`]([^\"'`]+)")
_EMBEDDED = re.compile(r"<%=?(?!#)(.*?)-?%>", re.DOTALL)
_ENVIRONMENT = re.compile(r"\bprocess\.env(?:\.([A-Z][A-Z0-9_]*)|\[[\"']([A-Z][A-Z0-9_]*)[\"']\])")


class Place(NamedTuple):
    """A name in the source: an environment variable, a metric, a formatter; `detail` says more of it."""

    name: str
    path: str
    line: int
    detail: str = ""


class Route(NamedTuple):
    """A route of the source: the method (``any`` where it is not said), and the path with its local prefix."""

    method: str
    path: str
    file: str
    line: int


class Application(NamedTuple):
    """What the source declares. Places of `metrics` have their kind as detail, of `formatters` the keys they write.

    `used` are names that the source refers to, `signals` handlers of SIGTERM by module, `prints` calls of `print` and
    its kin, `gems` those that the Gemfile names, `switches` what a Ruby configuration sets to true.
    """

    languages: frozenset[str]
    routes: tuple[Route, ...] = ()
    environment: tuple[Place, ...] = ()
    metrics: tuple[Place, ...] = ()
    formatters: tuple[Place, ...] = ()
    used: frozenset[str] = frozenset()
    signals: tuple[Place, ...] = ()
    prints: tuple[Place, ...] = ()
    problems: tuple[Place, ...] = ()
    modules: frozenset[str] = frozenset()
    gems: frozenset[str] = frozenset()
    switches: frozenset[str] = frozenset()


@dataclass
class _Facts:
    """What was found so far, file by file."""

    languages: set[str] = field(default_factory=set)
    routes: list[Route] = field(default_factory=list)
    environment: list[Place] = field(default_factory=list)
    metrics: list[Place] = field(default_factory=list)
    formatters: list[Place] = field(default_factory=list)
    used: set[str] = field(default_factory=set)
    signals: list[Place] = field(default_factory=list)
    prints: list[Place] = field(default_factory=list)
    problems: list[Place] = field(default_factory=list)
    modules: set[str] = field(default_factory=set)
    gems: set[str] = field(default_factory=set)
    switches: set[str] = field(default_factory=set)


def _text(node: ast.expr | None) -> str | None:
    return node.value if isinstance(node, ast.Constant) and isinstance(node.value, str) else None


def _name(node: ast.expr) -> str:
    """Return the last part of a dotted name."""
    return node.attr if isinstance(node, ast.Attribute) else node.id if isinstance(node, ast.Name) else ""


def _owner(node: ast.expr) -> str:
    return _name(node.value) if isinstance(node, ast.Attribute) else ""


def _keyword(call: ast.Call, *names: str) -> str | None:
    return next((_text(k.value) for k in call.keywords if k.arg in names), None)


class _Python:
    """Reads one Python file into the facts."""

    def __init__(self, path: str, facts: _Facts) -> None:
        self.path = path
        self.facts = facts
        self.prefixes: dict[str, str] = {}

    def read(self, tree: ast.Module) -> None:
        nodes = list(walk(tree))
        for node in nodes:  # prefixes first: a router may be made below its use in a function
            if isinstance(node, ast.Assign) and isinstance(node.value, ast.Call):
                prefix = _keyword(node.value, "prefix", "url_prefix") or ""
                self.prefixes.update({target.id: prefix for target in node.targets if isinstance(target, ast.Name)})
        readers: dict[type[ast.AST], Callable[[Any], None]] = {
            ast.Call: self._call, ast.Subscript: self._subscript, ast.ClassDef: self._class,
            ast.MatchValue: self._branch, ast.Compare: self._branch,
            ast.Name: self._used, ast.Attribute: self._used,
            ast.FunctionDef: self._function, ast.AsyncFunctionDef: self._function,
        }  # fmt: skip
        for node in nodes:
            reader = readers.get(type(node))
            if reader is not None:
                reader(node)

    def _subscript(self, node: ast.Subscript) -> None:
        if _name(node.value) == "environ":
            self._variable(_text(node.slice), node)

    def _used(self, node: ast.expr) -> None:
        self.facts.used.add(_name(node))

    def _function(self, node: ast.FunctionDef | ast.AsyncFunctionDef) -> None:
        for decorator in node.decorator_list:
            self._decorator(decorator)

    def _variable(self, name: str | None, node: ast.AST, detail: str = "") -> None:
        if name and re.fullmatch(r"[A-Z][A-Z0-9_]*", name):
            self.facts.environment.append(Place(name, self.path, getattr(node, "lineno", 1), detail))

    def _call(self, node: ast.Call) -> None:
        name, owner = _name(node.func), _owner(node.func)
        first = node.args[0] if node.args else None
        reads = name == "getenv" or (owner == "environ" and name in ("get", "pop", "setdefault"))
        if reads or name in ("env", "config") or owner == "env":
            self._variable(_text(first), node)
        elif name in _METRICS and (metric := _text(first)):
            parts = [p for k in ("namespace", "subsystem") if (p := _keyword(node, k))]
            self.facts.metrics.append(Place("_".join([*parts, metric]), self.path, node.lineno, _METRICS[name]))
        elif name in ("signal", "add_signal_handler") and first is not None and _name(first) == "SIGTERM":
            self.facts.signals.append(Place(self.path, self.path, node.lineno))
        elif isinstance(node.func, ast.Name) and name == "print":
            self.facts.prints.append(Place("print", self.path, node.lineno))
        elif name in ("path", "re_path", "url") and (route := _text(first)) is not None and len(node.args) > 1:
            clean = "/" + route.strip("^$").lstrip("/")
            self.facts.routes.append(Route("any", clean, self.path, node.lineno))
        elif name in ("add_url_rule", "add_api_route", "add_route") and (route := _text(first)) is not None:
            self.facts.routes.append(Route("any", route, self.path, node.lineno))
        if name in _JSON_LIBRARIES:
            self.facts.formatters.append(Place(name, self.path, node.lineno, "called"))

    def _decorator(self, node: ast.expr) -> None:
        if not isinstance(node, ast.Call) or not isinstance(node.func, ast.Attribute) or node.func.attr not in _METHODS:
            return
        path = _text(node.args[0]) if node.args else _keyword(node, "path")
        if path is None:
            return
        method = "any" if node.func.attr in ("route", "api_route", "websocket") else node.func.attr
        self.facts.routes.append(Route(method, self.prefixes.get(_owner(node.func), "") + path, self.path, node.lineno))

    def _branch(self, node: ast.MatchValue | ast.Compare) -> None:
        """A path that is compared with: small servers without a framework answer by it."""
        values = [node.value] if isinstance(node, ast.MatchValue) else node.comparators
        for value in values:
            options = value.elts if isinstance(value, (ast.Tuple, ast.Set, ast.List)) else [value]
            for option in options:
                text = _text(option)
                if text and re.fullmatch(r"/[a-z][\w/-]*", text):
                    self.facts.routes.append(Route("any", text, self.path, value.lineno))

    def _class(self, node: ast.ClassDef) -> None:
        bases = {_name(base) for base in node.bases}
        if "BaseSettings" in bases:
            self._settings(node)
        if any(base.endswith("Formatter") for base in bases):
            for item in node.body:
                if isinstance(item, ast.FunctionDef) and item.name == "format":
                    calls = {_name(n.func) for n in walk(item) if isinstance(n, ast.Call)}
                    texts = {n.value for n in walk(node) if isinstance(n, ast.Constant) and isinstance(n.value, str)}
                    if calls & {"dumps", "dump_json", "to_json"}:
                        keys = " ".join(sorted(t for t in texts if t.isidentifier()))
                        self.facts.formatters.append(Place(node.name, self.path, node.lineno, keys))

    def _settings(self, node: ast.ClassDef) -> None:
        """Read the fields of a pydantic `BaseSettings`: each is a variable, with the prefix of `model_config`."""
        prefix = ""
        for item in walk(node):
            if isinstance(item, ast.Call) and _name(item.func) == "SettingsConfigDict":
                prefix = _keyword(item, "env_prefix") or ""
        for item in node.body:
            if (
                isinstance(item, ast.AnnAssign)
                and isinstance(item.target, ast.Name)
                and item.target.id != "model_config"
            ):
                alias = _keyword(item.value, "validation_alias", "alias") if isinstance(item.value, ast.Call) else None
                self._variable((alias or prefix + item.target.id).upper(), item, "settings")


def _python(repository: Repository, entry: Entry, facts: _Facts) -> None:
    facts.languages.add("python")
    facts.modules.add(entry.path)
    try:
        tree = ast.parse(repository.read_bytes(entry.path))
    except (SyntaxError, ValueError, RecursionError, MemoryError, FileTooLarge, OSError) as error:
        facts.problems.append(Place(type(error).__name__, entry.path, getattr(error, "lineno", None) or 1))
        return
    try:
        _Python(entry.path, facts).read(tree)
    except RecursionError:
        facts.problems.append(Place("RecursionError", entry.path, 1))


def _ruby_file(repository: Repository, entry: Entry, facts: _Facts) -> None:
    facts.languages.add("ruby")
    try:
        source = repository.read_bytes(entry.path)
    except (FileTooLarge, OSError) as error:
        facts.problems.append(Place(type(error).__name__, entry.path, 1))
        return
    routed = re.search(r"(?:^|/)config/routes(?:\.rb\Z|/)", entry.path) is not None
    found = _ruby.read(source, routed=routed)
    facts.used |= found.used
    facts.gems |= found.gems
    facts.switches |= found.switches
    facts.routes.extend(Route(route.detail, route.name, entry.path, route.line) for route in found.routes)
    for name in ("environment", "metrics", "formatters", "signals", "prints"):
        places = (Place(each.name, entry.path, each.line, each.detail) for each in getattr(found, name))
        getattr(facts, name).extend(places)


def _ruby_in_yaml(repository: Repository, entry: Entry, facts: _Facts) -> None:
    """Read the variables that a configuration of Rails takes: `url: <%= ENV["DATABASE_URL"] %>`."""
    try:
        text = repository.read_text(entry.path)
    except (FileTooLarge, OSError):
        return  # data; nobody configures an application with that much
    for code in _EMBEDDED.finditer(text):
        first = text.count("\n", 0, code.start(1))
        for each in _ruby.read(code[1].encode(errors="replace"), routed=False).environment:
            facts.environment.append(Place(each.name, entry.path, first + each.line))


def _javascript(repository: Repository, entry: Entry, facts: _Facts) -> None:
    facts.languages.add("javascript")
    try:
        text = repository.read_text(entry.path)
    except (FileTooLarge, OSError) as error:
        facts.problems.append(Place(type(error).__name__, entry.path, 1))
        return
    for number, line in _without_comments(text):
        for method, path in _ROUTES.findall(line):
            facts.routes.append(Route(method, "/" + path.lstrip("/"), entry.path, number))
        for match in _ENVIRONMENT.finditer(line):
            facts.environment.append(Place(match[match.lastindex or 1], entry.path, number))


def _without_comments(text: str) -> Iterator[tuple[int, str]]:
    inside = False
    for number, line in enumerate(text.splitlines(), 1):
        stripped = line.strip()
        if inside or stripped.startswith("/*"):
            inside = "*/" not in stripped
        elif not stripped.startswith("//"):
            yield number, line


def _ours(entry: Entry) -> bool:
    parts = entry.path.split("/")
    name = parts[-1]
    tests = name.startswith(("test_", "conftest")) or name.endswith(("_test.py", "_spec.rb", ".test.js", ".test.ts"))
    return not tests and _ELSEWHERE.isdisjoint(parts[:-1]) and "migrations" not in parts


_READERS = {".py": _python, ".rb": _ruby_file}


def collect(repository: Repository) -> Application:
    """Reading the application's source."""
    facts = _Facts()
    for entry in repository.with_suffix(".py", ".rb", ".js", ".mjs", ".cjs", ".ts"):
        if _ours(entry):
            _READERS.get(entry.suffix, _javascript)(repository, entry, facts)
    if "ruby" in facts.languages:
        for entry in repository.glob("Gemfile", "config.ru"):
            _ruby_file(repository, entry, facts)
        for entry in repository.glob("config/**/*.yml"):
            _ruby_in_yaml(repository, entry, facts)
    return Application(
        languages=frozenset(facts.languages),
        routes=tuple(facts.routes),
        environment=tuple(facts.environment),
        metrics=tuple(facts.metrics),
        formatters=tuple(facts.formatters),
        used=frozenset(facts.used),
        signals=tuple(facts.signals),
        prints=tuple(facts.prints),
        problems=tuple(facts.problems),
        modules=frozenset(facts.modules),
        gems=frozenset(facts.gems),
        switches=frozenset(facts.switches),
    )
