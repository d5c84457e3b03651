"""Rules about the infrastructure as code: that it is there and valid, who reaches it, and how the data is kept."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from checks.evidence._cloudformation import (
    alternatives,
    every,
    in_production,
    inner,
    is_false,
    is_true,
    items,
    number,
    target,
    text,
)
from checks.evidence._yaml import YamlMap
from checks.evidence.infrastructure import PSEUDO, Infrastructure, Reference, Resource, Template
from checks.model import Location, Verdict, check, failed, not_applicable, passed
from checks.rules._stacks import COMPUTE, INSTANCES, TABLES, Found, at, databases, found, no_database, unready

RETENTION_DAYS = 7  # a fault that is noticed after the weekend must still be repairable
_OPEN_PORTS = (80, 443)
_GROUP = "AWS::EC2::SecurityGroup"


@check("infrastructure.as-code", effort="large")
def describes_its_infrastructure(infrastructure: Infrastructure) -> Verdict:
    """What the application runs on is written down as code.

    What was clicked together cannot be reviewed, repeated or restored. From a template a second environment, or the
    first one after a disaster, takes minutes.

    Describe the network, the service and the database in a CloudFormation template below `infra/`.
    """
    if (verdict := unready(infrastructure)) is not None:
        return verdict
    places = tuple(Location(t.path) for t in infrastructure.templates)
    if not any(found(infrastructure, *COMPUTE)):
        return failed("The templates describe nothing that runs the application.", *places,
                      expected="an ECS service, a function or an instance")  # fmt: skip
    return passed("What the application runs on is described.", *places,
                  actual=f"{sum(len(t.resources) for t in infrastructure.templates)} resources")  # fmt: skip


@check("infrastructure.template-valid", effort="small")
def templates_are_valid(infrastructure: Infrastructure) -> Verdict:
    """Every template can be deployed: names resolve, and nothing is declared in vain.

    CloudFormation finds a wrong name in the middle of a deployment and rolls all of it back. A parameter that nothing
    uses is a setting that does nothing.

    Correct the name in `!Ref`, `!GetAtt`, `!Sub` or `DependsOn`, or delete the parameter; `cfn-lint` finds the same.
    """
    if (verdict := unready(infrastructure)) is not None and infrastructure.templates == ():
        return verdict
    problems: list[tuple[Location, str]] = []
    for template in infrastructure.templates:
        problems += [(Location(template.path, line), text) for line, text in template.problems]
        problems += [(Location(template.path, line), text) for line, text in _unresolved(template)]
    if problems:
        return failed(f"CloudFormation would refuse the template, or it is not what it seems: {problems[0][1]}.",
                      *(place for place, _ in problems[:20]), actual=f"{len(problems)} problems")  # fmt: skip
    if verdict is not None:
        return verdict
    return passed("Every name in the templates resolves.", *(Location(t.path) for t in infrastructure.templates))


def _unresolved(template: Template) -> Iterator[tuple[int, str]]:
    if template.loops:
        return
    parameters = {p.name for p in template.parameters}
    resources = {r.name for r in template.resources}
    generated = tuple(r.name for r in template.resources if template.serverless and "::Serverless::" in r.type)
    known = {
        "ref": parameters | resources | PSEUDO,
        "attribute": resources,
        "depends": resources,
        "condition": set(template.conditions),
        "map": set(template.mappings),
    }
    for name in sorted(parameters & resources):
        yield template.resource(name).line, f"{name} is both a parameter and a resource"  # type: ignore[union-attr]
    for reference in template.references:
        if reference.name not in known[reference.kind] and not _generated(reference, generated):
            yield reference.line, f"there is no {reference.name}, which is used as a {_KINDS[reference.kind]}"
    used = {r.name for r in template.references if r.kind == "ref"}
    for parameter in template.parameters:
        if parameter.name not in used:
            yield parameter.line, f"nothing uses the parameter {parameter.name}"


_KINDS = {"ref": "value", "attribute": "resource", "depends": "resource", "condition": "condition", "map": "mapping"}


def _generated(reference: Reference, names: tuple[str, ...]) -> bool:
    """Whether the name is that of a resource which the serverless transform makes, such as a function's role."""
    return bool(names) and reference.name.startswith((*names, "ServerlessRestApi"))


@check("infrastructure.database-private", effort="medium")
def database_is_private(infrastructure: Infrastructure) -> Verdict:
    """The database cannot be reached from the internet.

    Databases that answer the world are found within hours and attacked without end. Without `PubliclyAccessible` it
    depends on the subnets; what is private should be said.

    Set `PubliclyAccessible: false`, give it a `DBSubnetGroupName`, and allow only the application's security group.
    """
    if (verdict := unready(infrastructure)) is not None:
        return verdict
    stores = [*databases(infrastructure)]
    if not stores:
        return no_database()
    open_groups = {(t.path, r.name) for t, r in _groups(infrastructure) if any(_worldwide(infrastructure, t, r))}
    for item in [*stores, *found(infrastructure, *INSTANCES), *found(infrastructure, *_CACHES)]:
        template, resource = item
        value = resource.properties.get("PubliclyAccessible")
        if resource.type == INSTANCES[0] and not every(template, value, is_false):
            return failed(f"{resource.name} may be reached from the internet.", at(item, "PubliclyAccessible"),
                          expected="PubliclyAccessible: false", actual=text(template, value) or "not said")  # fmt: skip
        if value is not None and not every(template, value, is_false):
            return failed(f"{resource.name} may be reached from the internet.", at(item, "PubliclyAccessible"))
        if item in stores and resource.type not in TABLES and "DBSubnetGroupName" not in resource.properties:
            return failed(f"{resource.name} is in the default network, whose subnets are public.", at(item),
                          expected="a DBSubnetGroupName")  # fmt: skip
        for key in ("VPCSecurityGroups", "VpcSecurityGroupIds", "SecurityGroupIds"):
            groups = {target(v) for v in items(template, resource.properties.get(key))}
            if any((template.path, name) in open_groups for name in groups):
                return failed(f"The security group of {resource.name} lets the internet in.", at(item, key))
    return passed("No database can be reached from the internet.", *(at(s, "PubliclyAccessible") for s in stores))


_CACHES = ("AWS::ElastiCache::ReplicationGroup", "AWS::ElastiCache::CacheCluster", "AWS::ElastiCache::ServerlessCache")


@check("infrastructure.encryption", effort="small")
def data_is_encrypted(infrastructure: Infrastructure) -> Verdict:
    """Databases and caches encrypt what they store, and caches what they send.

    Disks and backups leave your hands; encryption costs nothing here and cannot be switched on later without a copy.

    Set `StorageEncrypted: true` on databases, `TransitEncryptionEnabled` and `AtRestEncryptionEnabled` on caches.
    """
    if (verdict := unready(infrastructure)) is not None:
        return verdict
    stores = databases(infrastructure)
    if not stores:
        return no_database()
    caches = list(found(infrastructure, *_CACHES))
    for item in [*stores, *caches]:
        template, resource = item
        for key in _ENCRYPTION.get(resource.type, ("StorageEncrypted",)):
            value = resource.properties.get(key)
            if not every(template, value, is_true):
                return failed(f"{resource.name} is not encrypted in every deployment.", at(item, key),
                              expected=f"{key}: true", actual=text(template, value) or "not said")  # fmt: skip
        if "preferred" in alternatives(template, resource.properties.get("TransitEncryptionMode")):
            return failed(f"{resource.name} also takes connections in the clear.", at(item, "TransitEncryptionMode"),
                          expected="required", actual="preferred")  # fmt: skip
    return passed("Databases and caches are encrypted.", *(at(i) for i in [*stores, *caches]))


# DynamoDB and serverless caches are always encrypted; a cache cluster of its own cannot encrypt at rest at all.
_ENCRYPTION: dict[str, tuple[str, ...]] = {
    _CACHES[0]: ("TransitEncryptionEnabled", "AtRestEncryptionEnabled"),
    _CACHES[1]: ("TransitEncryptionEnabled", "AtRestEncryptionEnabled"),
    _CACHES[2]: (),
    **dict.fromkeys(TABLES, ()),
}


@check("infrastructure.no-open-ports", effort="small")
def opens_only_web_ports(infrastructure: Infrastructure) -> Verdict:
    """Nothing but HTTP and HTTPS is open to the whole internet.

    Every open port is scanned within minutes. SSH, PostgreSQL and Redis are for the inside; even a wide range such as
    `0.0.0.0/1` is half of the internet.

    Allow other ports only from a security group (`SourceSecurityGroupId`) or a private range.
    """
    if (verdict := unready(infrastructure)) is not None:
        return verdict
    groups = list(_groups(infrastructure))
    if not groups:
        if any(found(infrastructure, "AWS::ECS::Service", "AWS::EC2::Instance", *(s for s in INSTANCES))):
            return failed("No template describes a security group, so what is open is written nowhere.",
                          expected="a security group for the service and one for the database")  # fmt: skip
        return not_applicable("Nothing in the templates is in a network of its own.")
    for template, resource in groups:
        for rule in _worldwide(infrastructure, template, resource):
            if not _web(template, rule):
                said = (v for k in ("FromPort", "ToPort") for v in alternatives(template, rule.get(k)))
                ports = "-".join(dict.fromkeys(text(template, v) or "all" for v in said))
                place = Location(template.path, rule.line)
                return failed(f"{resource.name} opens port {ports} to the internet.", place,
                              expected="ports 80 and 443 only", actual=ports)  # fmt: skip
    return passed("Only web ports are open to the internet.", *(at(g) for g in groups))


def _groups(infrastructure: Infrastructure) -> Iterator[Found]:
    return found(infrastructure, _GROUP, "AWS::EC2::SecurityGroupIngress")


def _worldwide(infrastructure: Infrastructure, template: Template, resource: Resource) -> Iterator[YamlMap]:
    """Yield the inbound rules of a group (its own, and those written apart) that hold for the whole internet."""
    rules: list[Any] = [resource.properties]
    if resource.type == _GROUP:
        rules = list(items(template, resource.properties.get("SecurityGroupIngress")))
        for other, apart in found(infrastructure, "AWS::EC2::SecurityGroupIngress"):
            if other is template and target(apart.properties.get("GroupId")) == resource.name:
                rules.append(apart.properties)
    for rule in rules:
        if isinstance(rule, YamlMap) and any(_everybody(value) for value in _sources(template, rule)):
            yield rule


def _sources(template: Template, rule: YamlMap) -> Iterator[str]:
    for key in ("CidrIp", "CidrIpv6"):
        yield from (text(template, v) for v in alternatives(template, rule.get(key)))
    listed = template.resource(target(rule.get("SourcePrefixListId")) or "")
    if listed is not None:
        for entry in items(template, listed.properties.get("Entries")):
            yield from (text(template, v) for v in inner(template, entry, "Cidr"))


def _everybody(source: str) -> bool:
    """Whether an address range is larger than any private one (10.0.0.0/8, fc00::/7)."""
    address, slash, bits = source.rpartition("/")
    size = number(bits)
    if not slash or size is None:
        return False
    return size < (8 if ":" not in address else 4)


def _web(template: Template, rule: YamlMap) -> bool:
    protocols = {text(template, v) for v in alternatives(template, rule.get("IpProtocol"))}
    ports = [number(v) for k in ("FromPort", "ToPort") for v in alternatives(template, rule.get(k))]
    return protocols <= {"tcp", "udp", "6", "17"} and len(set(ports)) == 1 and ports[0] in _OPEN_PORTS


@check("infrastructure.backups", effort="small")
def data_is_backed_up(infrastructure: Infrastructure) -> Verdict:
    """Every database has backups of at least a week and survives the deletion of its stack.

    Faults in data are often noticed days later. One wrong click, or a replaced stack, must not be the end of the data.
    Where parameter files tell environments apart, production is judged.

    Set `BackupRetentionPeriod: 7` or more, and `DeletionProtection: true` or `DeletionPolicy: Snapshot`.
    """
    if (verdict := unready(infrastructure)) is not None:
        return verdict
    stores = databases(infrastructure)
    if not stores:
        return no_database()
    for item in stores:
        template, resource = in_production(item[0]), item[1]
        if resource.type in TABLES:
            kept = inner(template, resource.properties.get("PointInTimeRecoverySpecification"), _RECOVERY)
            if not all(is_true(v) for v in kept):
                return failed(f"{resource.name} has no backups.", at(item), expected=f"{_RECOVERY}: true")
        else:
            days = resource.properties.get("BackupRetentionPeriod")
            if not every(template, days, lambda v: (number(v) or 0) >= RETENTION_DAYS):
                actual = " or ".join(text(template, v) or "1 (not said)" for v in alternatives(template, days))
                return failed(f"Backups of {resource.name} are kept too short.", at(item, "BackupRetentionPeriod"),
                              expected=f"at least {RETENTION_DAYS} days", actual=actual)  # fmt: skip
        if not _survives(template, resource):
            return failed(f"The data of {resource.name} is lost with its stack.", at(item),
                          expected="DeletionProtection: true, or DeletionPolicy: Snapshot or Retain")  # fmt: skip
    return passed("Every database has backups and outlives its stack.", *(at(s) for s in stores))


_RECOVERY = "PointInTimeRecoveryEnabled"
_KEEPING = ("Snapshot", "Retain", "RetainExceptOnCreate")


def _survives(template: Template, resource: Resource) -> bool:
    """Whether the data outlives the stack. Without a DeletionPolicy RDS takes a snapshot, all others delete.

    https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/aws-attribute-deletionpolicy.html
    """
    key = "DeletionProtectionEnabled" if resource.type in TABLES else "DeletionProtection"
    if every(template, resource.properties.get(key), is_true):
        return True
    if resource.deletion_policy is None:
        return resource.type.startswith("AWS::RDS::")
    return every(template, resource.deletion_policy, lambda v: v in _KEEPING)
