"""Rules about the API contract: it is valid, complete, and tells of every route."""

from __future__ import annotations

import re
from fractions import Fraction

from checks.evidence.application import Application, Route
from checks.evidence.contracts import Contract, Contracts, Operation
from checks.model import Location, Verdict, check, failed, partial, passed

OPERATIONS = 3  # fewer promise nothing that anybody could build upon
_PARAMETER = re.compile(r"\{[^{}]*\}|<[^<>]*>|:\w+")
_OPTIONAL = re.compile(r"\([^()]*\)")
_RAILS = re.compile(r"(?:^|/)config/routes(?:\.rb\Z|/)")
_NOT_API = re.compile(
    r"/(?:admin|static|media|docs|redoc|openapi\.json|healthz?|livez|readyz?|ready|up|metrics)?/?(?:$|admin/)"
)


def _absent() -> Verdict:
    return failed("There is no API contract.", expected="docs/openapi.yaml", repair="Write an OpenAPI 3.1 document.")


def _main(contracts: Contracts) -> Contract | None:
    """Return the contract with the most operations: the one that the application keeps."""
    return max(contracts.files, key=lambda f: len(f.operations), default=None)


@check("docs.contract-valid", effort="medium")
def contract_is_valid(contracts: Contracts) -> Verdict:
    """The API contract is a valid OpenAPI 3.1 document.

    Clients, tests and documentation are generated from it. One reference that leads nowhere, or one path parameter that
    is not declared, and every generator stops or writes wrong code.

    Correct each place that is named here; `openapi-spec-validator docs/openapi.yaml` tells more.
    """
    if not contracts.files:
        return _absent()
    for file in contracts.files:
        if file.problems:
            places = (Location(file.path, p.line) for p in file.problems[:20])
            return failed(
                f"The contract is not valid: {file.problems[0].message}.",
                *places,
                actual=f"{len(file.problems)} problems",
            )
        if file.version is None or not file.version.startswith(("3.1", "3.2")):
            return failed(
                "The contract is of an old version.", Location(file.path, 1), expected="3.1", actual=file.version
            )
        if len(file.operations) < OPERATIONS:
            return failed(
                "The contract promises next to nothing.",
                Location(file.path, 1),
                expected=f"at least {OPERATIONS} operations",
                actual=str(len(file.operations)),
            )
    return passed("The contract is valid.", *(Location(f.path, 1) for f in contracts.files))


@check("docs.contract-covers-routes", effort="medium")
def contract_covers_the_routes(contracts: Contracts, application: Application) -> Verdict:
    """The contract tells of every route: a summary, its answers, and what an error looks like.

    A route that is not in the contract is one that nobody may rely on and that no test holds to anything. An operation
    without error answers leaves every client to find them out in production.

    Add the route to `docs/openapi.yaml` with `summary`, `responses` and a schema for 4xx answers, or remove it.
    """
    main = _main(contracts)
    if main is None:
        return _absent()
    if not main.operations:
        return failed("The contract has no operation.", Location(main.path, 1))
    thin = [(o, why) for o in main.operations if (why := _thin(o)) is not None]
    known = {(o.method, _shape(base + o.path)) for o in main.operations for base in main.bases}
    paths = {shape for _, shape in known}
    routes = [r for r in application.routes if _promised(r, application)]
    hidden = [r for r in routes if not _told(r, known, paths)]
    total = len(main.operations) + len(routes)
    if thin or hidden:
        places = [Location(r.file, r.line) for r in hidden] + [Location(main.path, o.line) for o, _ in thin]
        reason = (
            f"{hidden[0].method.upper()} {hidden[0].path} is not in the contract."
            if hidden
            else (f"{thin[0][0].method.upper()} {thin[0][0].path} {thin[0][1]}.")
        )
        return partial(Fraction(total - len(thin) - len(hidden), total), reason, *places[:20])
    return passed(
        "The contract tells of every route.", Location(main.path, 1), actual=f"{len(main.operations)} operations"
    )


def _thin(operation: Operation) -> str | None:
    """Return what an operation of the contract lacks."""
    if not operation.summary.strip():
        return "has no summary"
    if not any(s.startswith(("2", "3")) for s in operation.responses):
        return "says nothing of success"
    parameters = _PARAMETER.search(operation.path) or operation.method in ("post", "put", "patch")
    if parameters and not operation.described_errors:
        return "describes no error answer with a schema"
    return None


def _promised(route: Route, application: Application) -> bool:
    """Whether a route belongs into a contract: what lies below /api, and of Rails in its API mode all that is answered.

    Not what is mounted, which is an application of its own, nor a pattern that catches what no route is for.
    """
    if _NOT_API.match(route.path) or route.method == "mount" or "*" in route.path:
        return False
    return route.path.startswith("/api") or (
        _RAILS.search(route.file) is not None and "api_only" in application.switches
    )


def _shape(path: str) -> str:
    return _PARAMETER.sub("{}", _OPTIONAL.sub("", path)).rstrip("/")


def _told(route: Route, known: set[tuple[str, str]], paths: set[str]) -> bool:
    """Whether the contract has the route.

    What comes in front of it by mounting is not known, so ends are compared; Rails' own file has whole paths.
    """
    shape = _shape(route.path)
    if route.method == "any" and route.path.rstrip("/").endswith("/token"):
        return True  # Django's own process; the contract describes the API process
    methods = ("patch", "put") if route.method == "patch" else (route.method,)  # an `update` of Rails answers both
    candidates = paths if route.method == "any" else {p for m, p in known if m in methods}
    whole = route.file == "config/routes.rb"
    return any(path == shape or (not whole and path.endswith(shape)) for path in candidates)
