"""What the rules about infrastructure share: which resources there are, and when nothing can be judged."""

from __future__ import annotations

from collections.abc import Iterator

from checks.evidence._cloudformation import live
from checks.evidence.infrastructure import Infrastructure, Resource, Template
from checks.model import Location, Verdict, failed, unknown

Found = tuple[Template, Resource]

COMPUTE = (
    "AWS::ECS::Service", "AWS::Lambda::Function", "AWS::Serverless::Function", "AWS::EC2::Instance",
    "AWS::AutoScaling::AutoScalingGroup", "AWS::ElasticBeanstalk::Environment", "AWS::AppRunner::Service",
    "AWS::EKS::Cluster", "AWS::Batch::JobDefinition",
)  # fmt: skip
INSTANCES = ("AWS::RDS::DBInstance", "AWS::DocDB::DBInstance", "AWS::Neptune::DBInstance")
CLUSTERS = ("AWS::RDS::DBCluster", "AWS::DocDB::DBCluster", "AWS::Neptune::DBCluster")
TABLES = ("AWS::DynamoDB::Table",)
DATABASES = INSTANCES + CLUSTERS + TABLES


def unready(infrastructure: Infrastructure) -> Verdict | None:
    """Return the verdict of every rule where there is no template to judge, or one that can't be judged whole."""
    if not infrastructure.templates:
        if infrastructure.others:
            tool, path = infrastructure.others[0]
            return unknown(f"The infrastructure is written for {tool} ({path}), which is not judged here.")
        return failed("There is no infrastructure code.", expected="a CloudFormation template, for example in infra/",
                      repair="Describe what the application runs on in a CloudFormation template.")  # fmt: skip
    for template in infrastructure.templates:
        if template.loops:
            return unknown(f"{template.path} uses Fn::ForEach, which is not unrolled here.")
        if not template.resources:
            line, text = template.problems[0]
            return failed(f"The template cannot be read: {text}.", Location(template.path, line))
    return None


def found(infrastructure: Infrastructure, *types: str) -> Iterator[Found]:
    """Yield the resources of the given types that some deployment makes, each with its template."""
    for template in infrastructure.templates:
        for resource in live(template):
            if resource.type in types:
                yield template, resource


def databases(infrastructure: Infrastructure) -> list[Found]:
    """Return what holds the data: clusters and instances that are no part of a cluster and no replica."""
    return [
        (template, resource)
        for template, resource in found(infrastructure, *DATABASES)
        if resource.type not in INSTANCES
        or (resource.type == INSTANCES[0] and not resource.properties.keys() & {"DBClusterIdentifier", _REPLICA})
    ]


_REPLICA = "SourceDBInstanceIdentifier"


def no_database() -> Verdict:
    """Return the verdict of rules about databases where no template describes one."""
    return failed("No template describes a database, so nothing is known of how the data is kept.",
                  expected="a database in a template", repair="Describe the database in the template.")  # fmt: skip


def at(item: Found, key: str | None = None) -> Location:
    """Return where a resource stands, or one of its properties."""
    template, resource = item
    return Location(template.path, resource.line if key is None else resource.properties.lines.get(key, resource.line))
