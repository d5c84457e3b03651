"""Rules about rights and secrets in the infrastructure: what roles may do, who may take them, where passwords are."""

from __future__ import annotations

import re
from collections.abc import Iterator
from fnmatch import fnmatchcase
from typing import Any

from checks.evidence._cloudformation import alternatives, inner, items, target, text
from checks.evidence._yaml import YamlList, YamlMap
from checks.evidence.infrastructure import Infrastructure, Template
from checks.model import Location, Verdict, check, failed, not_applicable, passed
from checks.rules._stacks import Found, at, found, unready
from checks.rules.infrastructure_operations import containers

_POLICIES = ("AWS::IAM::Policy", "AWS::IAM::ManagedPolicy", "AWS::IAM::RolePolicy", "AWS::IAM::UserPolicy",
             "AWS::IAM::GroupPolicy")  # fmt: skip
_OWNERS = ("AWS::IAM::Role", "AWS::IAM::User", "AWS::IAM::Group", "AWS::Serverless::Function")
_WIDE_MANAGED = re.compile(r"/(?:AdministratorAccess|PowerUserAccess|IAMFullAccess|\w+FullAccess)\b")
_READING = ("get", "list", "simulate", "generate")


@check("infrastructure.least-privilege", effort="medium")
def roles_have_few_rights(infrastructure: Infrastructure) -> Verdict:
    """Roles may do what they need, on what they need, and no more.

    Whoever breaks into the application, or into the workflow that deploys it, has its rights. `iam:PassRole` on every
    role is the way from a small right to all of them.

    Name actions and resources: no `*`, no `service:*` on every resource, `iam:PassRole` only for the tasks' roles.
    """
    if (verdict := unready(infrastructure)) is not None:
        return verdict
    holders = list(found(infrastructure, *_POLICIES, *_OWNERS))
    for item in holders:
        template, resource = item
        for arn in items(template, resource.properties.get("ManagedPolicyArns")):
            if _WIDE_MANAGED.search(text(template, arn)):
                return failed(f"{resource.name} has every right of {text(template, arn).rsplit('/', 1)[-1]}.",
                              at(item, "ManagedPolicyArns"))  # fmt: skip
        for statement in _granted(item):
            problem = _too_wide(template, statement)
            if problem is not None:
                return failed(f"{resource.name} {problem}.", Location(template.path, statement.line),
                              expected="named actions on named resources")  # fmt: skip
    if not holders:
        return not_applicable("The templates grant no rights.")
    return passed("Roles have named rights on named resources.", *(at(h) for h in holders))


def _granted(item: Found) -> Iterator[YamlMap]:
    """Yield the statements that allow something, of the policies that are written in a resource."""
    template, resource = item
    documents = list(alternatives(template, resource.properties.get("PolicyDocument")))
    for policy in items(template, resource.properties.get("Policies")):
        documents += [policy] if isinstance(policy, YamlMap) and "Statement" in policy else []
        documents += inner(template, policy, "PolicyDocument")
    for document in documents:
        yield from _statements(template, document)


def _statements(template: Template, document: Any) -> Iterator[YamlMap]:
    for whole in inner(template, document, "Statement"):
        for statement in items(template, whole):
            if isinstance(statement, YamlMap) and "Deny" not in alternatives(template, statement.get("Effect")):
                yield statement


def _too_wide(template: Template, statement: YamlMap) -> str | None:
    actions = [text(template, a).lower() for a in items(template, statement.get("Action"))]
    resources = [text(template, r) for r in items(template, statement.get("Resource"))]
    anything = "NotResource" in statement or any(_everything(r) for r in resources)
    if "NotAction" in statement:
        return "may do everything but a few things"
    for action in actions:
        service, _, name = action.partition(":")
        if "*" in service or not service:
            return "may do everything"
        if anything and not name.strip("*?"):
            return f"may do everything in {service}, on every resource"
        passes = fnmatchcase("iam:passrole", action)
        if passes and (anything or any(_every_role(r) for r in resources)):
            return "may pass every role on"
        if anything and (service == "iam" or action == "sts:assumerole") and not name.startswith(_READING):
            return f"may do {action} on everything"
    return None


def _everything(resource: str) -> bool:
    """Whether an ARN names everything: `*`, or `*` for what follows account and region (`arn:aws:s3:::*`)."""
    parts = resource.split(":", 5)
    return not (parts[5] if len(parts) == 6 else resource).strip("*/?")


def _every_role(resource: str) -> bool:
    return re.search(r":role/[*?/]*\Z", resource) is not None


@check("infrastructure.oidc-trust", effort="medium")
def deployment_role_is_trusted_narrowly(infrastructure: Infrastructure) -> Verdict:
    """The deploy role is taken by OIDC, by one environment of one repository only.

    A condition on the subject is all that stands between your account and every other repository on GitHub. Keys of an
    IAM user would have to be stored, and leak.

    Compare `token.actions.githubusercontent.com:aud` with `sts.amazonaws.com` and `…:sub` with
    `repo:OWNER/REPOSITORY:environment:NAME` by `StringEquals`.
    """
    if (verdict := unready(infrastructure)) is not None:
        return verdict
    keys = next(found(infrastructure, "AWS::IAM::AccessKey"), None)
    if keys is not None:
        return failed(f"{keys[1].name} makes a key that never expires.", at(keys), expected="a role taken by OIDC")
    trusted: list[Location] = []
    for item in found(infrastructure, "AWS::IAM::Role"):
        template, role = item
        for statement in _statements(template, role.properties.get("AssumeRolePolicyDocument")):
            place = Location(template.path, statement.line)
            if any(v == "*" for v in _principals(template, statement)):
                return failed(f"Anybody with an AWS account may take {role.name}.", place)
            actions = {text(template, a).lower() for a in items(template, statement.get("Action"))}
            if not any(fnmatchcase("sts:assumerolewithwebidentity", a) for a in actions) or _elsewhere(
                template, statement
            ):
                continue
            problem = _trust_problem(template, statement)
            if problem is not None:
                return failed(f"{role.name} {problem}.", place, expected="aud sts.amazonaws.com, "
                              "sub repo:OWNER/REPOSITORY:environment:NAME")  # fmt: skip
            trusted.append(place)
    if not trusted:
        return failed("No template has a role that a workflow takes by OIDC.",
                      expected="a role for sts:AssumeRoleWithWebIdentity")  # fmt: skip
    return passed("Only one environment of one repository may take the role.", *trusted)


def _principals(template: Template, statement: YamlMap) -> Iterator[str]:
    for principal in alternatives(template, statement.get("Principal")):
        if isinstance(principal, YamlMap):
            yield from (text(template, v) for key in ("AWS", "Federated") for v in items(template, principal.get(key)))
        else:
            yield text(template, principal)


def _elsewhere(template: Template, statement: YamlMap) -> bool:
    """Whether web identities of another provider are meant: EKS, Cognito, Google and the like."""
    names = " ".join(_principals(template, statement))
    return re.search(r"oidc\.eks|cognito|google|facebook|amazon\.com", names) is not None and _HOST not in names


_HOST = "token.actions.githubusercontent.com"
_SUBJECT = re.compile(r"repo:[^/:*?]+/[^/:*?]+:environment:[^:*?]+")


def _trust_problem(template: Template, statement: YamlMap) -> str | None:
    """Return why others could take the role. Operators with a prefix or suffix also hold when the claim is missing."""
    claims: dict[str, list[str]] = {"aud": [], "sub": []}
    conditions = statement.get("Condition")
    for operator in ("StringEquals", "StringLike", "StringEqualsIgnoreCase"):
        for values in inner(template, conditions, operator):
            for key, value in values.items() if isinstance(values, YamlMap) else ():
                host, _, claim = key.rpartition(":")
                if host == _HOST and claim in claims:
                    claims[claim] += [text(template, v) for v in items(template, value)]
    if not claims["sub"]:
        return "may be taken by every repository on GitHub: nothing compares the subject"
    if any(not _SUBJECT.fullmatch(v) for v in claims["sub"]):
        return "is not limited to one environment of one repository"
    if len({v.rsplit(":environment:", 1)[0] for v in claims["sub"]}) > 1:
        return "may be taken by several repositories"
    if not claims["aud"] or set(claims["aud"]) != {"sts.amazonaws.com"}:
        return "does not compare the audience"
    return None


_SECRET = re.compile(r"passw(?:or)?d|passphrase|secret|token|api_?key|private_?key|credential", re.IGNORECASE)
_POINTER = re.compile(r"(?:arn|name|id|path|url|ttl|days|length|seconds|expiry|version)\Z", re.IGNORECASE)
_URL = re.compile(r"://[^/\s:@]*:([^@\s/]+)@")
_HELD = {
    "AWS::RDS::DBInstance": ("MasterUserPassword",),
    "AWS::RDS::DBCluster": ("MasterUserPassword",),
    "AWS::DocDB::DBCluster": ("MasterUserPassword",),
    "AWS::ElastiCache::ReplicationGroup": ("AuthToken",),
    "AWS::SecretsManager::Secret": ("SecretString",),
}


@check("infrastructure.secrets-managed", effort="medium")
def secrets_are_managed(infrastructure: Infrastructure) -> Verdict:
    """Passwords are made and kept by a secret store, never written in a template.

    A template is in git, and its parameters are in the console for everybody who may look. What the store makes itself,
    nobody has ever seen.

    Use `ManageMasterUserPassword: true` or `GenerateSecretString`, and hand secrets to containers by `Secrets`.
    """
    if (verdict := unready(infrastructure)) is not None:
        return verdict
    if (verdict := _told(infrastructure)) is not None:
        return verdict
    for item in found(infrastructure, *_HELD):
        for key in _HELD[item[1].type]:
            value = item[1].properties.get(key)
            if any(v is not None and not _resolved(item[0], v) for v in alternatives(item[0], value)):
                return failed(f"{item[1].name} takes its {key} from the template or its parameters.", at(item, key),
                              expected="ManageMasterUserPassword, GenerateSecretString or {{resolve:…}}")  # fmt: skip
    for template, variable, value, line in _variables(infrastructure):
        if _exposed(template, variable, value):
            return failed(f"{variable} is a secret in the open.", Location(template.path, line),
                          expected="Secrets with ValueFrom")  # fmt: skip
    return passed("No template holds a secret.", *(Location(t.path) for t in infrastructure.templates))


def _told(infrastructure: Infrastructure) -> Verdict | None:
    """Return the verdict on a parameter that takes a secret and keeps it badly, or None."""
    pointers = set(_pointers(infrastructure))
    for template in infrastructure.templates:
        for parameter in template.parameters:
            if parameter.type.startswith("AWS::") or not _names_secret(parameter.name):
                continue
            if (template.path, parameter.name) in pointers:
                continue  # ECS takes no secret there, only where one is kept
            place = Location(template.path, parameter.line)
            if parameter.given or parameter.default not in (None, ""):
                return failed(f"The value of the parameter {parameter.name} is in the repository.", place)
            if not parameter.no_echo:
                return failed(f"The parameter {parameter.name} shows a secret.", place, expected="a managed secret")
    return None


def _pointers(infrastructure: Infrastructure) -> Iterator[tuple[str, str]]:
    """Yield the parameters that tell a container where a secret is kept."""
    for (template, _), container in containers(infrastructure):
        for secret in items(template, container.get("Secrets")):
            places = secret.get("ValueFrom") if isinstance(secret, YamlMap) else None
            if (name := target(places)) is not None:
                yield template.path, name


def _names_secret(name: str) -> bool:
    return _SECRET.search(name) is not None and _POINTER.search(name) is None


def _resolved(template: Template, value: Any) -> bool:
    """Whether CloudFormation reads the secret from a store: all that is secret in the text is a dynamic reference."""
    written = text(template, value)
    if "{{resolve:secretsmanager:" in written or "{{resolve:ssm-secure:" in written:
        return all(found.startswith("{{resolve:") for found in _URL.findall(written))
    return False


def _variables(infrastructure: Infrastructure) -> Iterator[tuple[Template, str, Any, int]]:
    for (template, _), container in containers(infrastructure):
        for pair in items(template, container.get("Environment")):
            if isinstance(pair, YamlMap):
                for value in alternatives(template, pair.get("Value")):
                    yield template, text(template, pair.get("Name")), value, pair.line
    for template, function in found(infrastructure, "AWS::Lambda::Function", "AWS::Serverless::Function"):
        for variables in inner(template, function.properties.get("Environment"), "Variables"):
            for name, whole in variables.items() if isinstance(variables, YamlMap) else ():
                for value in alternatives(template, whole):
                    yield template, name, value, variables.line_of(name)


def _exposed(template: Template, name: str, value: Any) -> bool:
    if value in (None, "") or isinstance(value, YamlMap | YamlList):
        return False
    written = text(template, value)
    return _names_secret(name) or "{{resolve:secretsmanager:" in written or _URL.search(written) is not None
