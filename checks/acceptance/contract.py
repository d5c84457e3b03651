"""The grader's copy of the contract, and whether answers keep it."""

from __future__ import annotations

import re
import time
import warnings
from collections import Counter
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import yaml

from checks.acceptance.recorder import Exchange, Recorder
from checks.model import NotMeasured

_PATH_PARAMETER = re.compile(r"\{([^{}]+)\}")
SHOWN = 200  # characters of a body that was made from the contract


@dataclass(frozen=True, slots=True)
class Violation:
    """An answer that the contract does not allow: the operation (``GET /api/v1/jobs/{id}``), the exchange, why not."""

    operation: str
    request: str
    reason: str


class Contract:
    """An OpenAPI 3.1 document in the grader's hands, and the answers of one process that it describes."""

    def __init__(self, path: Path, recorder: Recorder, base_url: str) -> None:
        self._path, self._recorder, self._base_url = path, recorder, base_url.rstrip("/")
        self._judged: dict[bytes, tuple[str, Violation | None]] = {}

    @cached_property
    def _schema(self) -> Any:
        try:
            import schemathesis
        except ImportError as problem:
            raise NotMeasured(
                f"the contract needs the extra `acceptance`: pip install 'backend-scaffold[acceptance]' ({problem})"
            ) from problem
        raw = yaml.safe_load(self._path.read_text(encoding="utf-8"))
        return schemathesis.openapi.from_dict(raw)

    @property
    def operations(self) -> tuple[str, ...]:
        """Return every operation of the contract."""
        return tuple(result.ok().label for result in self._schema.get_all_operations())

    def violation(self, exchange: Exchange) -> Violation | None:
        """Return what is wrong with an answer; None when it conforms or the contract does not know the path."""
        operation = self._operation(exchange)
        return None if operation is None else self._violation(operation, exchange)

    def _operation(self, exchange: Exchange) -> Any:
        if exchange.base_url != self._base_url:
            return None
        return self._schema.find_operation_by_path(exchange.method, exchange.path)

    def _violation(self, operation: Any, exchange: Exchange) -> Violation | None:
        from schemathesis.core.failures import FailureGroup

        try:
            # It wants a value for each parameter of the path to work out the base URL; which one is all the same.
            named = dict.fromkeys(_PATH_PARAMETER.findall(operation.path), "-")
            operation.Case(path_parameters=named).validate_response(exchange.response, checks=_answers())
        except FailureGroup as group:
            return Violation(operation.label, str(exchange), _reason(group))
        return None

    def _judge(self) -> None:
        for digest, exchange in list(self._recorder.exchanges.items()):
            if digest not in self._judged:
                operation = self._operation(exchange)
                if operation is not None:
                    self._judged[digest] = (operation.label, self._violation(operation, exchange))

    @property
    def violations(self) -> list[Violation]:
        """Return every violation among the answers so far."""
        self._judge()
        return [violation for _, violation in self._judged.values() if violation is not None]

    @property
    def judged(self) -> Counter[tuple[str, int]]:
        """Return how many different answers were judged, by operation and status."""
        self._judge()
        exchanges = self._recorder.exchanges
        return Counter((label, exchanges[digest].response.status_code) for digest, (label, _) in self._judged.items())

    def fuzz(
        self,
        base_url: str,
        headers: Mapping[str, str],
        examples: int = 10,
        seconds: float = 10.0,
        left_out: Collection[str] = (),
    ) -> list[Violation]:
        """Make valid and invalid requests from the contract, the same in every run, and return what went wrong.

        `examples` bounds the requests an operation and kind. That they are not all answered within `seconds` is a
        violation of the operation at which they end. Operations that are `left_out` are not asked for.
        """
        deadline = time.monotonic() + seconds
        found: dict[tuple[str, str], Violation] = {}
        operations = [result.ok() for result in self._schema.get_all_operations()]
        for operation in (one for one in operations if one.label not in left_out):
            for violation in _fuzz(operation, base_url, headers, examples, deadline):
                found.setdefault((violation.operation, violation.reason), violation)
            if time.monotonic() > deadline:
                late = f"the requests made so far took more than {seconds:g} s, so the rest was not made"
                found[operation.label, late] = Violation(operation.label, "all of them", late)
                break
        return list(found.values())


def _fuzz(
    operation: Any, base_url: str, headers: Mapping[str, str], examples: int, deadline: float
) -> Iterator[Violation]:
    from hypothesis import HealthCheck, Phase, given, settings
    from hypothesis.errors import Unsatisfiable
    from schemathesis import GenerationMode
    from schemathesis.core.failures import FailureGroup

    for mode in (GenerationMode.POSITIVE, GenerationMode.NEGATIVE):
        violations: list[Violation] = []

        @settings(
            max_examples=examples, deadline=None, database=None, derandomize=True, phases=[Phase.generate],
            suppress_health_check=list(HealthCheck),
        )  # fmt: skip
        @given(case=operation.as_strategy(generation_mode=mode))
        def exercise(case: Any) -> None:
            if time.monotonic() > deadline:
                return
            response = case.call(base_url=base_url, headers=dict(headers), timeout=10)
            try:
                case.validate_response(response, checks=_answers())
            except FailureGroup as group:
                request = f"{case.method} {case.formatted_path} {_sent(case, response)}→ {response.status_code}"
                violations.append(Violation(operation.label, request, _reason(group)))  # noqa: B023 - within the round

        try:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")  # the generator's advice on slow examples is not for the learner
                exercise()
        except Unsatisfiable:  # nothing of this kind can be made for the operation
            continue
        yield from violations


def _sent(case: Any, response: Any) -> str:
    body = response.request.body
    return "".join(f"{part} " for part in (case.query or "", repr(body)[:SHOWN] if body else "") if part)


def _answers() -> list[Any]:
    """Return the checks of what is answered. A 5xx fails the first of them, unless the contract names it.

    Whether a bad request is refused is judged by the scenarios, which know what the milestones ask for.
    """
    from schemathesis.specs.openapi import checks

    return [
        checks.status_code_conformance,
        checks.content_type_conformance,
        checks.response_headers_conformance,
        checks.response_schema_conformance,
    ]


def _reason(group: Any) -> str:
    parts = []
    for failure in group.exceptions:
        title, message = getattr(failure, "title", ""), getattr(failure, "message", "") or str(failure)
        parts.append(f"{title}: {message}" if title else message)
    return " ".join(" ".join(part.split()) for part in parts)[:600]
