"""Project 1's scenarios and its project.toml speak of the same checks in the same words."""

from __future__ import annotations

from checks.acceptance import scenarios
from scaffolder.projects import find_project


def test_each_check_of_the_project_is_one_scenario_with_its_title() -> None:
    project = find_project("project1")
    declared = {
        check.id: check.title
        for milestone in project.milestones
        for check in milestone.checks
        if check.id.startswith("acceptance.")
    }
    assert {one.id: one.title for one in scenarios.read([project.acceptance])} == declared
