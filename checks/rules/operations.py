"""Rules about running the application: its processes, what they tell of themselves, and how they stop."""

from __future__ import annotations

import re
import sys
from fractions import Fraction
from itertools import pairwise

from checks.evidence.application import Application, Route
from checks.evidence.environment_example import EnvironmentExample
from checks.evidence.procfile import Process, Procfile
from checks.model import Location, Verdict, check, failed, partial, passed, unknown

_SHELLS = frozenset({"sh", "bash", "dash"})
_TRIVIAL = frozenset({"true", "false", ":", "echo", "sleep", "exit", "tail", "cat", "yes"})
_DRAINS = frozenset({"gunicorn", "uvicorn", "hypercorn", "daphne", "celery", "puma", "sidekiq", "rails", "solid_queue"})
_GIVEN = frozenset({"HOME", "PATH", "USER", "LANG", "TZ", "CI", "PWD", "TMPDIR", "DJANGO_SETTINGS_MODULE", "NODE_ENV",
                    "RAILS_ENV", "RACK_ENV", "BUNDLE_GEMFILE", "PIDFILE", "PYTEST_CURRENT_TEST"})  # fmt: skip
_READ = frozenset({"python", "ruby"})  # whose metrics and formatters are found in the source
# Gems that count and time each request, with the constants by which an application sets that up and shows it.
_REQUEST_METRICS = {
    "prometheus-client": {"Collector", "Exporter"},
    "prometheus_exporter": {"PrometheusExporter"},
    "yabeda-rails": {"Yabeda", "Exporter"},
}
_FIELDS = {
    "time": re.compile(r"\b(?:time|timestamp|ts|asctime|@timestamp)\b"),
    "level": re.compile(r"\b(?:level|levelname|severity)\b"),
    "message": re.compile(r"\b(?:message|msg|event)\b"),
    "request_id": re.compile(r"\brequest_?id\b", re.IGNORECASE),
}


@check("operations.procfile", effort="small")
def names_its_processes(procfile: Procfile) -> Verdict:
    """The Procfile names every process, and each command exists.

    It is the one list of what has to run: the developer's machine, the container platform and the grader all start the
    application from it. A line that names a missing script is a deployment that does not start.

    Write one `name: command` a line, `release` for migrations, and paths that are in the repository.
    """
    if procfile.path is None:
        return failed("There is no Procfile.", expected="a Procfile in the root")
    if procfile.problems:
        line, text = procfile.problems[0]
        return failed(f"The Procfile cannot be used: {text}.", Location(procfile.path, line))
    running = [p for p in procfile.processes if p.name != "release"]
    if not running:
        return failed("The Procfile names no process that keeps running.", Location(procfile.path, 1))
    wrong = [(p, why) for p in procfile.processes if (why := _not_there(p, procfile.paths)) is not None]
    commands = [p.command for p in running]
    doubles = [p for p in running if commands.count(p.command) > 1]
    if wrong or doubles:
        process, why = wrong[0] if wrong else (doubles[0], "starts the same as another")
        count = len(procfile.processes)
        bad = len({p.name for p, _ in wrong} | {p.name for p in doubles})
        return partial(
            Fraction(count - bad, count), f"The process {process.name} {why}.", Location(procfile.path, process.line)
        )
    names = ", ".join(p.name for p in procfile.processes)
    return passed("Each process has a command that exists.", Location(procfile.path), actual=names)


def _not_there(process: Process, paths: frozenset[str]) -> str | None:
    """Return why a process cannot start, as far as the files tell."""
    words = process.program
    if not words or words[0] in _TRIVIAL:
        return "starts nothing"
    program = words[0].removeprefix("./")
    if program.startswith(("bin/", "script/", "scripts/")) and program not in paths:
        return f"starts {program}, which is not there"
    rest = [w for w in words[1:] if not w.startswith("-")]
    if program.startswith("python") and "-m" in words and words.index("-m") + 1 < len(words):
        return _no_module(words[words.index("-m") + 1], paths)
    if program.startswith(("python", "ruby", "node")) and rest and not _path(rest[0], paths):
        return f"starts {rest[0]}, which is not there"
    if program in ("uvicorn", "gunicorn", "hypercorn", "daphne"):
        target = next((w for w in reversed(rest) if re.match(r"[\w.]+(?::\w+)?\Z", w) and not w.isdigit()), None)
        return _no_module(target.split(":")[0], paths) if target else None
    if program == "celery":
        for option, value in pairwise(words):
            if option in ("-A", "--app"):
                return _no_module(value.split(":")[0], paths)
    return None


def _path(name: str, paths: frozenset[str]) -> bool:
    return "." not in name or name.removeprefix("./") in paths


def _no_module(module: str, paths: frozenset[str]) -> str | None:
    """Return why a dotted module name is not in the tree; names of installed packages cannot be known here."""
    base = module.replace(".", "/")
    first = module.split(".", maxsplit=1)[0]
    roots = [r for r in ("", "src/") if any(p.startswith((f"{r}{first}/", f"{r}{first}.py")) for p in paths)]
    if not roots:
        installed = "." not in module or first in sys.stdlib_module_names
        return None if installed else f"starts the module {module}, which is not there"
    # A dotted name may end with an attribute of a module: data_platform.worker.app is worker/app.py or app in worker/.
    names = {f"{r}{b}{end}" for r in roots for b in (base, base.rpartition("/")[0])
             for end in (".py", "/__init__.py", "/__main__.py") if b}  # fmt: skip
    return None if names & paths else f"starts the module {module}, which is not there"


def _routes(application: Application, *paths: str) -> list[Route]:
    return [r for r in application.routes if r.path.rstrip("/") in paths and r.method in ("get", "any", "mount", "use",
                                                                                          "match", "all")]  # fmt: skip


def _at(route: Route) -> Location:
    return Location(route.file, route.line)


@check("operations.health-endpoint", effort="small")
def answers_health(application: Application) -> Verdict:
    """The application answers `/healthz` and `/readyz`.

    The load balancer asks them every few seconds: is the process up, and can it work, that is, do its dependencies
    answer? One that says both in one restarts every process when the database is away, which repairs nothing.

    Declare `GET /healthz` (always 200 while the process lives) and `GET /readyz` (503 naming what is down).
    """
    alive = _routes(application, "/healthz", "/health", "/livez", "/up")
    ready = _routes(application, "/readyz", "/ready", "/readiness", "/health/ready")
    if alive and ready:
        return passed("Health and readiness have routes of their own.", _at(alive[0]), _at(ready[0]))
    missing = " and ".join(name for name, found in (("/healthz", alive), ("/readyz", ready)) if not found)
    return partial(
        Fraction(bool(alive) + bool(ready), 2),
        f"The source declares no route {missing}.",
        *(_at(r) for r in (*alive, *ready)),
        expected="/healthz and /readyz",
    )


@check("operations.metrics-endpoint", effort="medium")
def answers_metrics(application: Application) -> Verdict:
    """The application counts and times its requests, and `/metrics` shows it.

    Without figures an outage is noticed by users. Count and duration by method, route and status tell how many are
    affected, since when, and whether the last deployment did it.

    Declare `GET /metrics`, a counter `http_requests` and a histogram `http_request_duration_seconds`.
    """
    route = _routes(application, "/metrics")
    for gem in sorted(application.gems & _REQUEST_METRICS.keys()):
        if _REQUEST_METRICS[gem] <= application.used:
            return passed(f"The gem {gem} counts and times requests, and shows it.", *(_at(r) for r in route))
    if not route:
        return failed("The source declares no route /metrics.", expected="/metrics")
    if application.languages.isdisjoint(_READ):
        return unknown("The metrics of JavaScript are not read from the source; the running application is asked.")
    kinds = {m.detail for m in application.metrics if "request" in m.name}
    missing = [kind for kind in ("counter", "histogram") if kind not in kinds]
    places = [_at(route[0]), *(Location(m.path, m.line) for m in application.metrics)]
    if missing:
        return partial(
            Fraction(3 - len(missing), 3), f"No {' and no '.join(missing)} of requests is declared.", *places
        )
    return passed("Requests are counted and timed.", *places)


@check("operations.json-logs", effort="small")
def logs_json(application: Application) -> Verdict:
    """Logs are one JSON object a line, with the request's id.

    Somebody will search these logs under pressure: "everything that happened to this request, in all processes". Text
    has to be guessed apart; fields are asked for. A `print` or `puts` goes past all of it.

    Write a formatter (a `logging.Formatter`, a Ruby class with `call`) that dumps time, level, message and request_id
    as JSON, and name it in the configuration.
    """
    if application.languages.isdisjoint(_READ):
        return unknown("The logging of JavaScript is not read from the source; the running application is asked.")
    wired = [f for f in application.formatters if f.detail == "called" or f.name in application.used]
    if not wired:
        reason = (
            "A JSON formatter is written but not used." if application.formatters else "No log formatter writes JSON."
        )
        return failed(reason, *(Location(f.path, f.line) for f in application.formatters))
    own = [f for f in wired if f.detail != "called"]
    if own:
        keys = " ".join(f.detail for f in own)
        missing = [name for name, pattern in _FIELDS.items() if not pattern.search(keys)]
        if missing:
            return partial(
                Fraction(len(_FIELDS) - len(missing), len(_FIELDS)),
                f"The log's lines have no {', '.join(missing)}.",
                Location(own[0].path, own[0].line),
            )
    prints = [
        p
        for p in application.prints
        if not re.search(r"(?:^|/)(?:bin|scripts?|commands|tasks|db)/|__main__|manage\.py", p.path)
    ]
    if prints:
        places = (Location(p.path, p.line) for p in prints[:10])
        return partial(Fraction(3, 4), f"Some output goes past the logs, by {prints[0].name}.", *places)
    return passed("Logs are JSON objects.", *(Location(f.path, f.line) for f in wired))


@check("operations.env-example", effort="small")
def documents_its_environment(application: Application, example: EnvironmentExample) -> Verdict:
    """Every environment variable that the source reads is in `.env.example`, with a comment.

    The configuration is the application's first interface: whoever deploys it reads this file and nothing else. A
    variable that is not there is found by an outage.

    List each variable in `.env.example` with a value that works for development, and a comment that says what it does.
    """
    read = {p.name: p for p in reversed(application.environment) if p.name not in _GIVEN}
    if example.path is None:
        places = [Location(p.path, p.line) for _, p in sorted(read.items())]
        listed = ", ".join(sorted(read)[:10]) or None
        return failed("There is no .env.example.", *places[:20], expected=".env.example in the root", actual=listed)
    if not read:
        return failed(
            "The source reads nothing from the environment.",
            Location(example.path),
            expected="configuration by environment",
        )
    names = {name for name, _ in example.variables} | example.mentioned
    missing = sorted(read.keys() - names)
    bare = sorted(read.keys() & names - example.explained - example.mentioned)
    if missing or bare:
        share = Fraction(len(read) - len(missing) - len(bare), len(read))
        places = [Location(read[name].path, read[name].line) for name in missing]
        places += [Location(example.path, line) for name, line in example.variables if name in bare]
        text = f"{missing[0]} is read but not listed" if missing else f"{bare[0]} is listed without a comment"
        return partial(share, f"In {example.path}, {text}.", *places[:20], actual=", ".join((missing + bare)[:10]))
    return passed("Every variable is listed and explained.", Location(example.path), actual=f"{len(read)} variables")


@check("operations.graceful-shutdown", effort="medium")
def stops_gracefully(application: Application, procfile: Procfile) -> Verdict:
    """Each process hears SIGTERM and finishes what it has begun.

    Every deployment stops every process. One that never hears the signal is killed after some seconds, in the middle of
    a request or a task, several times a week.

    Start servers that drain by themselves (gunicorn, uvicorn, celery, puma) without a shell in front, or handle
    `signal.SIGTERM` in your own process.
    """
    running = [p for p in procfile.processes if p.name != "release"]
    if procfile.path is None or not running:
        return failed("There is no Procfile that names processes.", expected="a Procfile")
    wrong = [(p, why) for p in running if (why := _deaf(p, application)) is not None]
    if wrong:
        process, why = wrong[0]
        return partial(
            Fraction(len(running) - len(wrong), len(running)),
            f"The process {process.name} {why}.",
            *(Location(procfile.path, p.line) for p, _ in wrong),
        )
    return passed("Each process hears SIGTERM.", *(Location(procfile.path, p.line) for p in running))


def _deaf(process: Process, application: Application) -> str | None:
    """Return why a process would not hear SIGTERM, or None when it does."""
    words = process.program
    if not words:
        return "starts nothing"
    program = words[0].rsplit("/", 1)[-1]
    if program in _SHELLS and "-c" in words and not any(w.lstrip().startswith("exec ") for w in words[1:]):
        return "has a shell in front, which keeps the signal"
    text = " ".join(words)
    if re.search(r"(?:^|[\s;&|])(?:&&|;|\|)\s|[^&]&\Z", text):
        return "is several commands, so a shell stays in front"
    if program in ("bundle", "poetry", "uv", "npx", "pipenv") and len(words) > 2:
        program = words[2].rsplit("/", 1)[-1]
    if program in _DRAINS or {w.rsplit("/", 1)[-1] for w in words[1:3]} & _DRAINS:
        return None
    if program.startswith("python") and "runserver" in words:
        return "is Django's development server"
    if application.languages == {"python"} and not application.signals:
        return "handles no SIGTERM, and the program is not known to"
    if program.startswith("python") and "-m" in words and words.index("-m") + 1 < len(words):
        base = words[words.index("-m") + 1].replace(".", "/")
        mine = {f"{root}{base}{end}" for root in ("", "src/") for end in (".py", "/__main__.py")}
        if mine & application.modules and not mine & {s.path for s in application.signals}:
            return "handles no SIGTERM"
    return None
