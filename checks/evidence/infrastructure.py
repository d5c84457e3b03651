"""CloudFormation templates as resources with their properties, and other infrastructure code that is not judged.

Templates are found by what they hold, not by their names. Short tags (`!Sub`) and long forms (`Fn::Sub`) become
the same `Call`. Intrinsic functions and their forms:
https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/intrinsic-function-reference.html
"""

import json
import re
from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple

from checks.evidence._yaml import Tagged, YamlList, YamlMap, YamlProblem, load
from checks.evidence.dockerfiles import NOT_SHIPPED
from checks.repository import FileTooLarge, Repository

SUFFIXES = (".yaml", ".yml", ".json", ".template")
PSEUDO = frozenset(
    f"AWS::{name}"
    for name in ("AccountId", "NotificationARNs", "NoValue", "Partition", "Region", "StackId", "StackName", "URLSuffix")
)
_SECTIONS = ("Resources", "Conditions", "Outputs", "Rules")
_TYPE = re.compile(rb"\bAWS::[A-Z]\w+::[A-Z]|\bAWSTemplateFormatVersion\b")
_PARAMETERS = re.compile(rb'"ParameterKey"|\A\s*\{\s*"Parameters"')
_RESOURCE_TYPE = re.compile(r"(?:AWS|Alexa|Custom)::\S+|\S+::\S+::\S+")
_PLACEHOLDER = re.compile(r"\$\{([^!${}][^${}]*)\}")
_OTHER = {"cdk.json": "CDK", "Pulumi.yaml": "Pulumi"}


class Call(NamedTuple):
    """An intrinsic function: its name without `Fn::` or `!`, its argument, and its line."""

    name: str
    argument: Any
    line: int


class Reference(NamedTuple):
    """A name that the template uses: `kind` is ref, attribute, depends, condition or map."""

    name: str
    kind: str
    line: int


class Parameter(NamedTuple):
    """A parameter of a template; `default` is None without one.

    `given` are the values of parameter files, as (path, value).
    """

    name: str
    type: str
    default: Any
    no_echo: bool
    line: int
    given: tuple[tuple[str, str], ...] = ()


class Resource(NamedTuple):
    """A resource: its logical name, its type, and its properties with every intrinsic function as a `Call`."""

    name: str
    type: str
    properties: YamlMap
    line: int
    condition: str | None = None
    deletion_policy: Any = None


_NOTHING = YamlMap(0)


class Template(NamedTuple):
    """A CloudFormation template. `problems` are (line, text): what CloudFormation would refuse, or could not be read.

    `loops` says that `Fn::ForEach` makes resources, which are not unrolled here.
    """

    path: str
    problems: tuple[tuple[int, str], ...] = ()
    parameters: tuple[Parameter, ...] = ()
    resources: tuple[Resource, ...] = ()
    conditions: YamlMap = _NOTHING
    mappings: YamlMap = _NOTHING
    outputs: YamlMap = _NOTHING
    references: tuple[Reference, ...] = ()
    serverless: bool = False
    loops: bool = False

    def resource(self, name: str) -> Resource | None:
        """Return the resource with a logical name."""
        return next((r for r in self.resources if r.name == name), None)

    def parameter(self, name: str) -> Parameter | None:
        """Return the parameter with a name."""
        return next((p for p in self.parameters if p.name == name), None)


class Infrastructure(NamedTuple):
    """The repository's templates, and infrastructure code of other tools as (tool, path)."""

    templates: tuple[Template, ...]
    others: tuple[tuple[str, str], ...] = ()


def collect(repository: Repository) -> Infrastructure:
    """Reading infrastructure."""
    templates: list[Template] = []
    others: list[tuple[str, str]] = []
    candidates: list[str] = []
    for entry in repository.entries:
        if entry.symlink or not NOT_SHIPPED.isdisjoint(entry.path.split("/")[:-1]):
            continue
        if entry.name in _OTHER or entry.name.endswith((".tf", ".tf.json")):
            others.append((_OTHER.get(entry.name, "Terraform"), entry.path))
        elif entry.suffix in SUFFIXES:
            try:
                data = repository.read_bytes(entry.path)
            except (OSError, FileTooLarge):
                continue  # data; CloudFormation takes templates up to 1 MB
            if _TYPE.search(data):
                found = parse(entry.path, data.decode("utf-8-sig", errors="replace"))
                if found is not None:
                    templates.append(found)
            elif entry.suffix == ".json" and _PARAMETERS.search(data):
                candidates.append(entry.path)
    files = {path: given_in(repository.read_text(path)) for path in candidates} if templates else {}
    return Infrastructure(tuple(_with_given(t, files) for t in templates), tuple(others))


def given_in(text: str) -> dict[str, str]:
    """Return the parameters of a parameter file, in either form that the AWS command line takes; empty when it is none.

    https://docs.aws.amazon.com/cli/latest/reference/cloudformation/deploy/
    """
    try:
        value = json.loads(text)
    except (ValueError, RecursionError):
        return {}
    if isinstance(value, dict):
        value = value.get("Parameters")
        return {k: str(v) for k, v in value.items()} if isinstance(value, dict) else {}
    rows = [r for r in value if isinstance(r, dict)] if isinstance(value, list) else []
    return {
        str(r["ParameterKey"]): str(r["ParameterValue"]) for r in rows if {"ParameterKey", "ParameterValue"} <= r.keys()
    }


def _with_given(template: Template, files: Mapping[str, Mapping[str, str]]) -> Template:
    """Add what parameter files give; a file is for a template that has all of its parameters."""
    names = {p.name for p in template.parameters}
    fitting = [(path, values) for path, values in files.items() if values and values.keys() <= names]
    parameters = (
        p._replace(given=tuple((path, values[p.name]) for path, values in fitting if p.name in values))
        for p in template.parameters
    )
    return template._replace(parameters=tuple(parameters))


def parse(path: str, text: str) -> Template | None:
    """Return the template in `text`, or None when it is something else that mentions AWS types."""
    document = load(text)
    if isinstance(document, YamlProblem):
        if "AWSTemplateFormatVersion" in text or re.search(r"^\s*\"?Resources\"?:", text, re.MULTILINE):
            return Template(path, ((document.line or 1, document.message),))
        return None
    root = document.value
    if not isinstance(root, YamlMap) or not _is_template(root):
        return None
    tree = normal(root)
    problems = [(p.line or 1, p.message) for p in document.problems]
    sections = {name: _section(tree, name, problems) for name in (*_SECTIONS, "Parameters", "Mappings")}
    resources = tuple(_resources(sections["Resources"], problems))
    if not resources:
        problems.append((tree.line_of("Resources"), "there is no resource in the template"))
    return Template(
        path,
        tuple(problems),
        tuple(_parameters(sections["Parameters"], problems)),
        resources,
        sections["Conditions"],
        sections["Mappings"],
        sections["Outputs"],
        tuple(dict.fromkeys(r for name in _SECTIONS for r in _references(sections[name], name))),
        "AWS::Serverless-2016-10-31" in str(tree.get("Transform")),
        any(name.startswith("Fn::ForEach") for section in sections.values() for name in section),
    )


def _is_template(root: YamlMap) -> bool:
    resources = root.get("Resources")
    if "AWSTemplateFormatVersion" in root:
        return True
    return isinstance(resources, YamlMap) and any(
        isinstance(r, YamlMap) and str(r.get("Type")).startswith("AWS::") for r in resources.values()
    )


def normal(value: Any) -> Any:
    """Return the value with intrinsic functions of both spellings as `Call`, and GetAtt's argument as one text."""
    if isinstance(value, Tagged):
        return _call(value.tag.removeprefix("!"), normal(value.value), value.line)
    if isinstance(value, YamlMap):
        if len(value) == 1:
            key = next(iter(value))
            if key in ("Ref", "Condition") or (key.startswith("Fn::") and not key.startswith("Fn::ForEach")):
                argument = normal(value[key])
                if key != "Condition" or isinstance(argument, str):  # a policy statement has a Condition, too
                    return _call(key.removeprefix("Fn::"), argument, value.line_of(key))
        copy = YamlMap(value.line)
        copy.lines = value.lines
        for key, item in value.items():
            copy[key] = normal(item)
        return copy
    if isinstance(value, YamlList):
        items = YamlList(value.line)
        items.lines = value.lines
        items.extend(normal(item) for item in value)
        return items
    return value


def _call(name: str, argument: Any, line: int) -> Call:
    if name == "GetAtt" and isinstance(argument, YamlList):
        argument = ".".join(part if isinstance(part, str) else "*" for part in argument)
    return Call(name, argument, line)


def _section(tree: YamlMap, name: str, problems: list[tuple[int, str]]) -> YamlMap:
    value = tree.get(name)
    if isinstance(value, YamlMap):
        return value
    if name in tree:
        problems.append((tree.line_of(name), f"{name} is not a mapping"))
    return YamlMap(tree.line_of(name))


def _parameters(section: YamlMap, problems: list[tuple[int, str]]) -> Iterator[Parameter]:
    for name, value in section.items():
        line = section.line_of(name)
        if not isinstance(value, YamlMap) or not isinstance(value.get("Type"), str):
            problems.append((line, f"the parameter {name} has no Type"))
            continue
        yield Parameter(name, value["Type"], value.get("Default"), value.get("NoEcho") in (True, "true"), line)


def _resources(section: YamlMap, problems: list[tuple[int, str]]) -> Iterator[Resource]:
    for name, value in section.items():
        line = section.line_of(name)
        if name.startswith("Fn::"):
            continue
        kind = value.get("Type") if isinstance(value, YamlMap) else None
        if not isinstance(value, YamlMap) or not isinstance(kind, str) or not _RESOURCE_TYPE.fullmatch(kind):
            problems.append((line, f"the resource {name} has no Type"))
            continue
        properties = value.get("Properties")
        if not isinstance(properties, YamlMap | None):
            problems.append((line, f"the Properties of {name} are not a mapping"))
        condition = value.get("Condition")
        yield Resource(
            name,
            kind,
            properties if isinstance(properties, YamlMap) else YamlMap(line),
            line,
            condition if isinstance(condition, str) else None,
            value.get("DeletionPolicy"),
        )


def _references(section: YamlMap, section_name: str) -> Iterator[Reference]:
    for value in section.values():
        if isinstance(value, YamlMap) and section_name in ("Resources", "Outputs"):
            condition, depends = value.get("Condition"), value.get("DependsOn")
            if isinstance(condition, str):
                yield Reference(condition, "condition", value.line_of("Condition"))
            for name in depends if isinstance(depends, YamlList) else (depends,):
                if isinstance(name, str):
                    yield Reference(name, "depends", value.line_of("DependsOn"))
        yield from _used(value)


def _used(value: Any) -> Iterator[Reference]:
    """Yield what a value refers to, at any depth."""
    if isinstance(value, Call):
        yield from _called(value)
        value = value.argument
        if isinstance(value, Call):
            value = (value,)
    if isinstance(value, YamlMap):
        value = value.values()
    elif isinstance(value, str):
        return
    for item in value if not isinstance(value, int | float | None) else ():
        if isinstance(item, Call | YamlMap | YamlList):
            yield from _used(item)


def _called(call: Call) -> Iterator[Reference]:
    argument = call.argument
    first = argument[0] if isinstance(argument, YamlList) and argument else argument
    if not isinstance(first, str):
        return
    if call.name == "Ref":
        yield Reference(first, "ref", call.line)
    elif call.name == "GetAtt":
        yield Reference(first.split(".")[0], "attribute", call.line)
    elif call.name in ("If", "Condition"):
        yield Reference(first, "condition", call.line)
    elif call.name == "FindInMap":
        yield Reference(first, "map", call.line)
    elif call.name == "Sub":
        own = argument[1] if isinstance(argument, YamlList) and len(argument) > 1 else {}
        for name in _PLACEHOLDER.findall(first):
            if name.strip() not in own:
                head, dot, _ = name.strip().partition(".")
                yield Reference(head, "attribute" if dot else "ref", call.line)
