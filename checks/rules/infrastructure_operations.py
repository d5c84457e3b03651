"""Rules about running the infrastructure: who is told, what it costs, how bad deployments end, how long logs stay."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from checks.evidence._cloudformation import every, inner, is_false, is_true, items, number, target, text
from checks.evidence._yaml import YamlMap
from checks.evidence.infrastructure import Call, Infrastructure, Template
from checks.model import Location, Verdict, check, failed, not_applicable, passed
from checks.rules._stacks import COMPUTE, Found, at, databases, found, unready

_ALARM = "AWS::CloudWatch::Alarm"
_COMPOSITE = "AWS::CloudWatch::CompositeAlarm"
_DATA = ("AWS/RDS", "AWS/DocDB", "AWS/Neptune", "AWS/DynamoDB")


@check("infrastructure.alarms", effort="medium")
def alarms_tell_somebody(infrastructure: Infrastructure) -> Verdict:
    """Alarms watch the application and its database, and tell somebody.

    An alarm without an action is a red light in an empty room. A topic that nobody subscribed to is the same.

    Give each alarm `AlarmActions` with an SNS topic that has a subscription; watch the service and the database.
    """
    if (verdict := unready(infrastructure)) is not None:
        return verdict
    alarms = list(found(infrastructure, _ALARM, _COMPOSITE))
    if not alarms:
        return failed("No template has an alarm.", expected="alarms on the service and on the database")
    watched: set[str] = set()
    for item in alarms:
        template, resource = item
        used = any(r.name == resource.name for r in template.references)
        actions = items(template, resource.properties.get("AlarmActions"))
        if not actions and used:
            continue  # part of a composite alarm, or of a deployment's own watch
        if not actions:
            return failed(f"The alarm {resource.name} has no action.", at(item), expected="AlarmActions with a topic")
        if not every(template, resource.properties.get("ActionsEnabled"), lambda v: v is None or is_true(v)):
            return failed(f"The actions of {resource.name} are switched off.", at(item, "ActionsEnabled"))
        told = [a for a in actions if not _scales(template, a)]
        silent = next((t for a in told if (t := _deaf(infrastructure, template, a)) is not None), None)
        if silent is not None:
            return failed(f"{resource.name} reports to {silent}, which nobody is subscribed to.", at(item))
        if told:
            watched.update(_namespaces(template, resource.properties))
    missing = "application" if not watched - set(_DATA) else ""
    if databases(infrastructure) and not watched & set(_DATA):
        missing = "database"
    if missing:
        return failed(f"No alarm that tells somebody watches the {missing}.", *(at(a) for a in alarms[:10]))
    return passed(
        "Alarms watch the system and tell somebody.", *(at(a) for a in alarms), actual=f"{len(alarms)} alarms"
    )


def _scales(template: Template, action: Any) -> bool:
    resource = template.resource(target(action) or "")
    return resource is not None and "Scaling" in resource.type


def _deaf(infrastructure: Infrastructure, template: Template, action: Any) -> str | None:
    """Return the name of the topic when an alarm reports to a topic of the template that has no subscriber."""
    name = target(action)
    topic = template.resource(name or "")
    if topic is None or topic.type != "AWS::SNS::Topic":
        return None
    if items(template, topic.properties.get("Subscription")):
        return None
    subscriptions = found(infrastructure, "AWS::SNS::Subscription")
    return None if any(target(s.properties.get("TopicArn")) == name for _, s in subscriptions) else name


def _namespaces(template: Template, properties: YamlMap) -> Iterator[str]:
    if "AlarmRule" in properties:
        for alarm in template.resources:
            if alarm.type == _ALARM and alarm.name in _rule(template, properties["AlarmRule"]):
                yield from _namespaces(template, alarm.properties)
    values = list(inner(template, properties.get("Namespace")))
    for query in items(template, properties.get("Metrics")):
        values += inner(template, query, "MetricStat", "Metric", "Namespace")
    yield from (text(template, v) for v in values if v is not None)


def _rule(template: Template, value: Any) -> str:
    return str(value.argument) if isinstance(value, Call) else text(template, value)


@check("infrastructure.budget", effort="small")
def budget_warns(infrastructure: Infrastructure) -> Verdict:
    """A budget warns before the bill does.

    A forgotten load balancer, or a loop that writes logs, costs real money. AWS tells you at the end of the month.

    Add an `AWS::Budgets::Budget` with a limit, and a notification at 80 percent with your address as its subscriber.
    """
    if (verdict := unready(infrastructure)) is not None:
        return verdict
    budgets = list(found(infrastructure, "AWS::Budgets::Budget"))
    if not budgets:
        return failed("No template has a budget.", expected="an AWS::Budgets::Budget with a notification")
    why = ""
    for item in budgets:
        problem = _budget_problem(*item)
        if problem is None:
            return passed("A budget warns somebody.", at(item))
        why = why or f"{item[1].name} {problem}"
    return failed(f"The budget {why}.", *(at(b) for b in budgets))


def _budget_problem(template: Template, resource: Any) -> str | None:
    budget = resource.properties.get("Budget")
    if any(v is None or number(v) == 0 for v in inner(template, budget, "BudgetLimit", "Amount")):
        return "has no limit"
    if any(v not in (None, "COST") for v in inner(template, budget, "BudgetType")):
        return "does not watch costs"
    for entry in items(template, resource.properties.get("NotificationsWithSubscribers")):
        addresses = [
            a for s in inner(template, entry, "Subscribers") for one in items(template, s)
            for a in inner(template, one, "Address") if a not in (None, "")
        ]  # fmt: skip
        absolute = "ABSOLUTE_VALUE" in inner(template, entry, "Notification", "ThresholdType")
        thresholds = [number(v) for v in inner(template, entry, "Notification", "Threshold")]
        if addresses and all(t is None or absolute or t <= 100 for t in thresholds):
            return None
    return "warns nobody, or only when the money is spent"


@check("infrastructure.rollback", effort="small")
def bad_deployments_roll_back(infrastructure: Infrastructure) -> Verdict:
    """A deployment whose containers do not come up is rolled back by itself.

    Without the circuit breaker ECS starts the broken version again and again, for hours, and the deployment hangs.

    Set `DeploymentConfiguration: {DeploymentCircuitBreaker: {Enable: true, Rollback: true}}` on each ECS service.
    """
    if (verdict := unready(infrastructure)) is not None:
        return verdict
    services = list(found(infrastructure, "AWS::ECS::Service"))
    if not services:
        if any(found(infrastructure, *COMPUTE)):
            return not_applicable("No ECS service runs the application.")
        return failed("The templates describe nothing that is deployed.", expected="an ECS service")
    for item in services:
        template, resource = item
        controller = inner(template, resource.properties.get("DeploymentController"), "Type")
        if any(v not in (None, "ECS") for v in controller):
            groups = found(infrastructure, "AWS::CodeDeploy::DeploymentGroup")
            if any(
                all(map(is_true, inner(t, g.properties.get("AutoRollbackConfiguration"), "Enabled"))) for t, g in groups
            ):
                continue
            return failed(f"Deployments of {resource.name} are not made by ECS, and nothing rolls them back.", at(item))
        for key in ("Enable", "Rollback"):
            path = ("DeploymentCircuitBreaker", key)
            values = inner(template, resource.properties.get("DeploymentConfiguration"), *path)
            if not all(is_true(v) for v in values):
                return failed(f"A bad deployment of {resource.name} is not rolled back in every environment.",
                              at(item, "DeploymentConfiguration"), expected=f"{'.'.join(path)}: true",
                              actual=text(template, values[0]) or "not said")  # fmt: skip
    return passed("A bad deployment is rolled back by itself.", *(at(s, "DeploymentConfiguration") for s in services))


@check("infrastructure.log-retention", effort="small")
def logs_are_kept_for_a_time(infrastructure: Infrastructure) -> Verdict:
    """Every container logs to a group that keeps its logs for a limited time.

    Groups that CloudWatch makes by itself keep logs for ever: the bill grows, and so does the personal data in them.

    Declare an `AWS::Logs::LogGroup` with `RetentionInDays` and name it by `!Ref` in each container's `awslogs-group`.
    """
    if (verdict := unready(infrastructure)) is not None:
        return verdict
    groups = list(found(infrastructure, "AWS::Logs::LogGroup"))
    for item in groups:
        if not every(item[0], item[1].properties.get("RetentionInDays"), lambda v: v is not None):
            return failed(f"{item[1].name} keeps logs for ever.", at(item), expected="RetentionInDays")
    if not groups:
        return failed("No template has a log group, so logs are lost, or are kept for ever.",
                      expected="an AWS::Logs::LogGroup with RetentionInDays")  # fmt: skip
    for item, container in containers(infrastructure):
        problem = _log_problem(item[0], container, groups)
        if problem is not None:
            name = text(item[0], container.get("Name")) or "A container"
            return failed(f"{name} {problem}.", Location(item[0].path, container.line))
    return passed("Logs are kept for a limited time.", *(at(g) for g in groups))


def containers(infrastructure: Infrastructure) -> Iterator[tuple[Found, YamlMap]]:
    """Yield every container of every ECS task, with its task definition."""
    for item in found(infrastructure, "AWS::ECS::TaskDefinition"):
        for container in items(item[0], item[1].properties.get("ContainerDefinitions")):
            if isinstance(container, YamlMap):
                yield item, container


def _log_problem(template: Template, container: YamlMap, groups: list[Found]) -> str | None:
    names = {text(t, g.properties.get("LogGroupName")) for t, g in groups}
    for driver in inner(template, container, "LogConfiguration", "LogDriver"):
        if driver is None or is_false(driver):
            return "writes its logs nowhere"
        if driver != "awslogs":
            continue
        options = container["LogConfiguration"]
        for group in inner(template, options, "Options", "awslogs-group"):
            known = any(target(group) == g.name for t, g in groups if t is template)
            if not known and text(template, group) not in names - {""}:
                return "logs to a group that no template declares"
    return None
