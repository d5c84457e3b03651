"""What the commands print: text for people, JSON for programs. Notes and warnings go to stderr."""

from __future__ import annotations

import json
import os
import shlex
from collections.abc import Sequence
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

import click

from scaffolder.projects import Project

if TYPE_CHECKING:
    from scaffolder.create import Created
    from scaffolder.doctor import Finding
    from scaffolder.publish import Published
    from scaffolder.update import Updated


def projects(found: Sequence[Project], *, as_json: bool) -> None:
    """The answer of `scaffold list`."""
    if as_json:
        _json([_describe(project) for project in found])
        return
    rows = [("PROJECT", "WEEKS", "MILESTONES", "STATUS", "TITLE AND STACK")]
    for project in found:
        weeks = "–".join(str(week) for week in sorted({project.weeks[0], project.weeks[-1]}))
        status = "ready" if project.status == "ready" else "not built yet"
        rows.append((project.id, weeks, str(len(project.milestones)), status, project.title))
        rows.append(("", "", "", "", project.stack_title))
    _table(rows)
    click.echo("\nStart one with: scaffold new PROJECT")


def _describe(project: Project) -> dict[str, Any]:
    return {
        "id": project.id,
        "folder": project.folder.name,
        "title": project.title,
        "summary": project.summary,
        "status": project.status,
        "weeks": project.weeks,
        "stack": project.stack,
        "stack_title": project.stack_title,
        "milestones": [{"id": item.id, "week": item.week, "title": item.title} for item in project.milestones],
    }


def created(project: Project, made: Created) -> None:
    """The answer of `scaffold new`: what was made, and the next three commands."""
    files = len(made.lock.files)
    click.echo(f"{project.title}: {files} files in {made.folder}")
    if made.committed:
        click.echo(f"First commit on branch main, from template {project.id}@{made.lock.template_version}.")
    if made.identity:
        who = f"{made.identity.get('GIT_AUTHOR_NAME', '')} {made.identity.get('GIT_AUTHOR_EMAIL', '')}".strip()
        click.echo(
            f"note: git does not know your name and e-mail yet; the commit says {who or 'scaffold'}. Set them with\n"
            "      git config --global user.name NAME; git config --global user.email ADDRESS",
            err=True,
        )
    if made.outer:
        click.echo(
            f"note: it lies inside the repository {made.outer}, which will show it as untracked.\n"
            "      Move it elsewhere, or list it in that repository's .gitignore.",
            err=True,
        )
    folder = os.path.relpath(made.folder)
    steps = [] if folder == "." else [f"cd {shlex.quote(folder)}"]
    click.echo("\nNext:\n" + "\n".join(f"  {step}" for step in [*steps, "bin/setup", "bin/test", "bin/dev"][:3]))


def progress(what: str) -> None:
    """A step of `scaffold publish` that changed something, as it happens."""
    click.echo(f"made {what}", err=True)


def published(result: Published) -> None:
    """The answer of `scaffold publish`."""
    click.echo(f"{result.url}: {len(result.made)} made, {result.kept} there already")
    for note in result.notes:
        click.echo(f"note: {note}", err=True)


def updated(result: Updated, *, dry_run: bool) -> None:
    """The answer of `scaffold update`; after a dry run stdout holds the diff alone."""
    from scaffolder.update import edits_give_way  # its caller has imported it already

    if result.nothing_to_do:
        click.echo(f"Nothing to do: the repository has {result.project}@{result.new_version} already.")
        return
    if dry_run:
        click.echo(result.diff)
    verb = "Would update" if dry_run else "Updated"
    click.echo(f"{verb} {result.project} from template {result.old_version} to {result.new_version}:", err=dry_run)
    for line in result.changed:
        click.echo(f"  {line.replace(chr(9), '  ')}", err=dry_run)
    if result.rebuilt_base:
        click.echo(
            "note: the template's last commit is not in this history; the snapshot in .scaffold/ was used.", err=True
        )
    for path in result.replaced:
        click.echo(f"note: {edits_give_way(path)}", err=True)
    for path in result.conflicts:
        click.echo(f"conflict: {path} will need your decision.", err=True)


def findings(found: Sequence[Finding], *, as_json: bool) -> None:
    """The answer of `scaffold doctor`."""
    if as_json:
        _json([{**asdict(finding), "found": finding.path is not None, "usable": finding.usable} for finding in found])
        return
    if not found:
        click.echo("No tools are named yet: the project is not built.")
        return
    rows = [("TOOL", "NEEDED", "FOUND", "")]
    for item in found:
        needed = "required" if item.required else "optional"
        state = (item.version or "yes") if item.path else "not found"
        if item.path and not item.usable:
            state += f", needs {item.oldest}"
        rows.append((item.tool, needed, state, item.purpose if item.usable else f"{item.purpose}: {item.hint}"))
    _table(rows)


def _table(rows: Sequence[tuple[str, ...]]) -> None:
    widths = [max(len(row[column]) for row in rows) for column in range(len(rows[0]))]
    for number, row in enumerate(rows):
        line = "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip()
        click.echo(click.style(line, bold=True) if number == 0 else line)


def _json(values: object) -> None:
    click.echo(json.dumps(values, indent=2, ensure_ascii=False))
