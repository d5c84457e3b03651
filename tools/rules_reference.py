"""Writes docs/rules/: one page for each check, from its docstring, and an index.

`--check` writes nothing and exits with 1 when a page is missing, stale or left over; CI runs it.
"""

from __future__ import annotations

import sys
import textwrap
from itertools import groupby
from pathlib import Path

from checks.catalogue import checks
from checks.model import Check

FOLDER = Path(__file__).resolve().parent.parent / "docs" / "rules"
MARK = "<!-- Generated from the check's docstring by `make docs`. -->"


def page(rule: Check) -> str:
    """Return the Markdown page of one check."""
    scored = "Advisory: it is reported and never scored." if rule.advisory else f"Effort of the repair: {rule.effort}."
    evidence = ", ".join(f"`{need.__name__}`" for need in rule.needs)
    wrap = [textwrap.fill(part, 116, break_on_hyphens=False) for part in rule.explanation.split("\n\n")]
    return "\n".join(
        [
            f"# {rule.id}",
            "",
            MARK,
            "",
            f"**{rule.title}.**",
            "",
            "\n\n".join(wrap),
            "",
            "## Repair",
            "",
            textwrap.fill(rule.repair, 116, break_on_hyphens=False),
            "",
            f"{scored} Judged from {evidence}.",
            "",
        ]
    )


def index(rules: list[Check]) -> str:
    """Return the index page, by family."""
    lines = ["# Checks", "", MARK, "", f"{len(rules)} checks. `check --explain ID` prints the same texts.", ""]
    for family, members in groupby(rules, key=lambda rule: rule.family):
        lines += [f"## {family}", "", "| check | what is true when it passes | effort |", "| --- | --- | --- |"]
        for rule in members:
            effort = "advisory" if rule.advisory else rule.effort.value
            lines.append(f"| [{rule.id}]({rule.id}.md) | {rule.title.replace('|', '&#124;')} | {effort} |")
        lines.append("")
    return "\n".join(lines)


def pages() -> dict[str, str]:
    """Return every page by file name."""
    rules = list(checks().values())
    return {"README.md": index(rules), **{f"{rule.id}.md": page(rule) for rule in rules}}


def main() -> int:
    """Write the pages, or with `--check` compare them; return the exit code."""
    wanted = pages()
    present = {p.name: p.read_text(encoding="utf-8") for p in FOLDER.glob("*.md")}
    if "--check" in sys.argv[1:]:
        stale = sorted(n for n in wanted.keys() | present.keys() if wanted.get(n) != present.get(n))
        if stale:
            print(f"docs/rules is stale ({', '.join(stale[:5])}{' …' if len(stale) > 5 else ''}): run `make docs`.")
        return 1 if stale else 0
    FOLDER.mkdir(parents=True, exist_ok=True)
    for name in present.keys() - wanted.keys():
        (FOLDER / name).unlink()
    for name, text in wanted.items():
        (FOLDER / name).write_text(text, encoding="utf-8")
    print(f"{len(wanted) - 1} checks written to docs/rules/.")
    return 0


if __name__ == "__main__":
    sys.exit(main())
