"""When a runbook is more than a stub: shared by the rules about documents and about alerts."""

from __future__ import annotations

from checks.evidence.documents import Markdown


def stub(document: Markdown) -> str | None:
    """Return why a runbook is not more than a stub, or None when somebody can work by it."""
    if sum(1 for s in document.sections if s.level) < 3:
        return "has no sections for symptoms, checks and remedy"
    if document.words < 60:
        return "is only a few lines long"
    if document.placeholders:
        return "still has a placeholder"
    return None if any(c.text.strip() for c in document.codes) else "names no command to run"
