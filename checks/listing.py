"""What `check --list` and `check --explain` print."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from checks.delivery import Refused

if TYPE_CHECKING:
    from checks.model import Check


def scenario_checks(name: str | None) -> dict[str, Check]:
    """Return the checks of acceptance scenarios, as their docstrings explain them: of one project, or of all."""
    from checks.acceptance.scenarios import read
    from checks.rules.acceptance import scenario_check
    from scaffolder.projects import find_project, load_projects

    found: dict[str, Check] = {}
    for project in [find_project(name)] if name else load_projects():
        docs = {m.id: m.docs for m in project.milestones}
        for scenario in read([project.acceptance]):
            milestone = scenario.id.split(".")[1]
            made = scenario_check(scenario.id, scenario.title, docs.get(milestone, ""), scenario.explanation)
            found.setdefault(scenario.id, made)
    return found


def listed(project: str | None, *, as_json: bool) -> str:
    """Return the list of all checks; the acceptance scenarios of `project` are among them."""
    scenarios = scenario_checks(project) if project else {}
    from checks.catalogue import checks

    rules = [rule for _, rule in sorted({**checks(), **scenarios}.items())]
    if as_json:
        fields = [{"id": c.id, "title": c.title, "effort": c.effort.value, "advisory": c.advisory} for c in rules]
        return json.dumps(fields, indent=2, ensure_ascii=False)
    width = max(len(c.id) for c in rules)
    lines = [f"{c.id:<{width}}  {c.effort.value:<6}  {c.title}{' (advisory)' if c.advisory else ''}" for c in rules]
    more = "" if scenarios else " `--project project2` adds the acceptance scenarios of a project."
    return "\n".join([*lines, f"{len(lines)} checks. `check --explain ID` tells more.{more}"])


def explained(id_: str, project: str | None) -> str:
    """Return what a check wants, why, and how to repair it; raises Refused for an unknown id, with a suggestion."""
    import difflib
    import textwrap

    from checks.catalogue import checks

    known = {**checks(), **scenario_checks(project)}
    rule = known.get(id_)
    if rule is None:
        near = difflib.get_close_matches(id_, list(known), n=1)
        hint = f" Did you mean {near[0]}?" if near else ""
        raise Refused(f"there is no check {id_!r}.{hint} `check --list` shows them all.")
    body = "\n\n".join(textwrap.fill(part, 88) for part in rule.explanation.split("\n\n"))
    notes = "advisory: reported, never scored" if rule.advisory else f"effort: {rule.effort.value}"
    return f"{rule.id}\n{rule.title}\n\n{body}\n\nRepair: {textwrap.fill(rule.repair, 88)}\n\n({notes})"
