"""What a value of a CloudFormation template can become: the branches of If, defaults of parameters, rows of mappings.

A rule asks `alternatives`: every value that a property may have as far as the template says; it then judges all of
them. What only a deployment knows stays a `Call`.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from typing import Any

from checks.evidence._yaml import YamlList, YamlMap
from checks.evidence.infrastructure import Call, Parameter, Resource, Template

MAX_ALTERNATIVES = 64  # of one value; nobody writes more by hand
_PLACEHOLDER = re.compile(r"\$\{([^!${}][^${}]*)\}")


def alternatives(template: Template, value: Any) -> tuple[Any, ...]:
    """Return the values that `value` may have; None stands for a property that is left out (AWS::NoValue)."""
    return tuple(_limited(_expand(template, value, 0)))


def _limited(values: Iterator[Any]) -> Iterator[Any]:
    for _, value in zip(range(MAX_ALTERNATIVES), values, strict=False):
        yield value


def _expand(template: Template, value: Any, depth: int) -> Iterator[Any]:
    if not isinstance(value, Call) or depth > 20:
        yield value
        return
    argument = value.argument
    if value.name == "If" and isinstance(argument, YamlList) and len(argument) == 3:
        for branch in argument[1:]:
            yield from _expand(template, branch, depth + 1)
    elif value.name == "Ref" and argument == "AWS::NoValue":
        yield None
    elif value.name == "Ref" and (parameter := template.parameter(str(argument))) and _known(parameter):
        yield from _known(parameter)
    elif value.name == "FindInMap" and isinstance(argument, YamlList) and len(argument) >= 3:
        yield from _rows(template, argument) or (value,)
    elif value.name in ("Sub", "Join"):
        yield from dict.fromkeys(text(view, value) for view in _views(template))
    else:
        yield value


def _known(parameter: Parameter) -> tuple[Any, ...]:
    """Return what a parameter is as far as the repository says: given by parameter files, else its default."""
    if parameter.given:
        return tuple(dict.fromkeys(value for _, value in parameter.given))
    return () if parameter.default is None else (parameter.default,)


def _views(template: Template) -> list[Template]:
    """Return the template as each parameter file deploys it; itself without such files."""
    paths = dict.fromkeys(path for p in template.parameters for path, _ in p.given)
    return [_limited_to(template, {path}) for path in paths] or [template]


def _limited_to(template: Template, paths: set[str]) -> Template:
    parameters = (p._replace(given=tuple(g for g in p.given if g[0] in paths)) for p in template.parameters)
    return template._replace(parameters=tuple(parameters))


def in_production(template: Template) -> Template:
    """Return the template as it is deployed to production, where a parameter file says so by its name."""
    paths = {path for p in template.parameters for path, _ in p.given if "prod" in path.rsplit("/", 1)[-1].lower()}
    return _limited_to(template, paths) if paths else template


def _rows(template: Template, argument: YamlList) -> tuple[Any, ...]:
    table = template.mappings.get(str(argument[0]))
    if not isinstance(table, YamlMap):
        return ()
    rows = [table.get(argument[1])] if isinstance(argument[1], str) else list(table.values())
    return tuple(row.get(argument[2]) for row in rows if isinstance(row, YamlMap) and isinstance(argument[2], str))


def text(template: Template, value: Any) -> str:
    """Return the value as text: Sub and Join filled in with defaults of parameters, `${Name}` where there is none."""
    if isinstance(value, bool):
        return str(value).lower()
    if not isinstance(value, Call):
        return "" if value is None else str(value)
    argument = value.argument
    if value.name == "Ref":
        parameter = template.parameter(str(argument))
        known = _known(parameter) if parameter is not None else ()
        return str(known[0]) if known else f"${{{argument}}}"
    if value.name == "GetAtt":
        return f"${{{argument}}}"
    if value.name == "Sub":
        body = argument[0] if isinstance(argument, YamlList) and argument else argument
        own = argument[1] if isinstance(argument, YamlList) and len(argument) > 1 else None
        names = own if isinstance(own, YamlMap) else {}
        return _PLACEHOLDER.sub(lambda m: _filled(template, m[1].strip(), names), str(body))
    if value.name == "Join" and isinstance(argument, YamlList) and len(argument) == 2:
        parts = argument[1] if isinstance(argument[1], YamlList) else ()
        return str(argument[0]).join(text(template, part) for part in parts)
    return f"${{{value.name}}}"


def _filled(template: Template, name: str, known: Any) -> str:
    return text(template, known[name] if name in known else Call("Ref", name, 0))


def items(template: Template, value: Any) -> tuple[Any, ...]:
    """Return the items of a list whose items, or which as a whole, may be conditional; one value is a list of one."""
    found: list[Any] = []
    for whole in alternatives(template, value):
        for item in whole if isinstance(whole, YamlList) else (whole,):
            found += [v for v in alternatives(template, item) if v is not None]
    return tuple(found)


def every(template: Template, value: Any, holds: Callable[[Any], bool]) -> bool:
    """Whether each value that `value` may have satisfies `holds`."""
    return all(holds(v) for v in alternatives(template, value))


def is_true(value: Any) -> bool:
    """Whether a property is switched on; CloudFormation takes the text as well as the boolean."""
    return value is True or (isinstance(value, str) and value.lower() == "true")


def is_false(value: Any) -> bool:
    """Whether a property is said to be off; one that is left out is not."""
    return value is False or (isinstance(value, str) and value.lower() == "false")


def number(value: Any) -> float | None:
    """Return a number, also one that is written as text; None for anything else."""
    try:
        return None if isinstance(value, bool) else float(value)
    except (TypeError, ValueError):
        return None


def inner(template: Template, value: Any, *path: str) -> tuple[Any, ...]:
    """Return the values that a nested property may have; None where a part of the path is missing."""
    found = alternatives(template, value)
    for key in path:
        found = tuple(
            v
            for part in found
            for v in (alternatives(template, part.get(key)) if isinstance(part, YamlMap) else (None,))
        )
    return found


def target(value: Any) -> str | None:
    """Return the logical name that a Ref, GetAtt or Sub of one name points to."""
    if isinstance(value, Call) and value.name in ("Ref", "GetAtt") and isinstance(value.argument, str):
        return value.argument.split(".")[0]
    if isinstance(value, str) and (match := _PLACEHOLDER.fullmatch(value)):
        return match[1].split(".")[0]
    return None


def live(template: Template) -> tuple[Resource, ...]:
    """Return the resources that some deployment makes: without those whose condition never holds."""
    return tuple(r for r in template.resources if r.condition is None or _holds(template, r.condition, 0) is not False)


def _holds(template: Template, condition: Any, depth: int) -> bool | None:
    """Whether a condition always or never holds; None when it depends on the deployment."""
    if isinstance(condition, str):
        condition = template.conditions.get(condition)
    if not isinstance(condition, Call) or depth > 20:
        return None
    arguments = condition.argument if isinstance(condition.argument, YamlList) else (condition.argument,)
    if condition.name == "Equals":
        fixed = all(not isinstance(a, Call | YamlMap | YamlList) for a in arguments)
        return len({text(template, a) for a in arguments}) == 1 if fixed else None
    results = [_holds(template, a, depth + 1) for a in arguments]
    if condition.name == "Not" and results[0] is not None:
        return not results[0]
    if condition.name == "Condition":
        return results[0]
    if condition.name in ("And", "Or"):
        decisive = condition.name == "Or"
        return decisive if decisive in results else None if None in results else not decisive
    return None
