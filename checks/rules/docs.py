"""Rules about what a reader finds: a README that works, decisions, runbooks, links that lead somewhere."""

from __future__ import annotations

import re
from fractions import Fraction
from urllib.parse import unquote

from checks.evidence.dockerfiles import commands_of
from checks.evidence.documents import Documents, Link, Markdown
from checks.evidence.scaffold import Scaffold
from checks.model import Location, Verdict, check, failed, partial, passed
from checks.rules._runbooks import stub

OWN_RECORDS = 2
RUNBOOKS = 3
README_WORDS = 120  # half a page of one's own: what it is, what was decided, what it reaches
_SHELLS = frozenset({"", "sh", "bash", "shell", "zsh", "console"})
_SET_UP = re.compile(r"set-?up|install|bootstrap|sync|build|\bup\b|\bci\b", re.IGNORECASE)
_RUN = re.compile(r"\bdev\b|start|serve|\bup\b|\brun\b|runserver|foreman|honcho|uvicorn|overmind", re.IGNORECASE)
_TEST = re.compile(r"test|rspec|jest|spec\b", re.IGNORECASE)
_RECORD = re.compile(r"(?:^|/)(?:docs?/)?(?:adrs?|decisions|architecture-decisions)/(\d{3,4})[-_.][^/]+\.md\Z")
_RUNBOOK = re.compile(r"(?:^|/)runbooks?/(?!readme|template|0000)[^/]+\.md\Z", re.IGNORECASE)
_PARTS = {
    "context": re.compile(r"context|situation|problem|background", re.IGNORECASE),
    "decision": re.compile(r"decision|decided", re.IGNORECASE),
    "consequences": re.compile(r"consequence|result|trade-?off", re.IGNORECASE),
}
_STATUS = re.compile(r"\W*(?:accepted|replaced|superseded|deprecated|rejected)\b", re.IGNORECASE)
_DATE = re.compile(r"(?<!\d)20\d\d-(?:0[1-9]|1[0-2])-(?:0[1-9]|[12]\d|3[01])(?!\d)")
_DIAGRAM = re.compile(r"-->|->|→|──|==>|\+--|▶|►")
_SCHEME = re.compile(r"[a-zA-Z][a-zA-Z0-9+.-]*:|//")


@check("docs.readme-sets-up", effort="small")
def readme_says_how_to_start(documents: Documents) -> Verdict:
    """The README gives the commands that set up, run and test the project, and they exist.

    It is the first thing a colleague or a hiring engineer tries. A command that is missing, or that names a renamed
    script, ends their interest within a minute.

    Put three commands into code blocks of the README: set up (`bin/setup`), run (`bin/dev`), test (`bin/test`).
    """
    readme = documents.readme
    if readme is None:
        return failed("There is no README.md in the root.", expected="README.md")
    kinds = {"set up": _SET_UP, "run": _RUN, "test": _TEST}
    shown: set[str] = set()
    for code in readme.codes:
        if code.language not in _SHELLS:
            continue
        text = "\n".join(line.strip().removeprefix("$ ") for line in code.text.split("\n"))
        for command in commands_of(text):
            if why := _missing(command.words, documents):
                return failed(
                    f"The README tells to run `{command.text[:60]}`, but {why}.",
                    Location(readme.path, code.line + command.line),
                )
            shown |= {kind for kind, pattern in kinds.items() if pattern.search(" ".join(command.words[:4]))}
    lacking = [kind for kind in kinds if kind not in shown]
    if lacking:
        credit = Fraction(len(shown), len(kinds))
        return partial(credit, f"The README has no command to {', '.join(lacking)}.", Location(readme.path, 1))
    return passed("The README sets up, runs and tests by commands that exist.", Location(readme.path, 1))


def _missing(words: tuple[str, ...], documents: Documents) -> str | None:
    """Return why a command cannot be run in this repository, or None when it can as far as its files tell."""
    if not words:
        return None
    program = words[0].removeprefix("./")
    if program.startswith(("bin/", "script/", "scripts/")):
        if program not in documents.paths:
            return f"there is no {program}"
        return None if program in documents.executables else f"{program} is not executable"
    target = next((w for w in words[1:] if not w.startswith("-") and "=" not in w), None)
    if program == "make" and target is not None and target not in documents.targets:
        return f"the Makefile has no target {target}"
    if program in ("npm", "yarn", "pnpm"):
        script = (
            words[2] if words[1:2] == ("run",) and len(words) > 2 else target if target in ("test", "start") else None
        )
        if script is not None and script not in documents.scripts:
            return f"package.json has no script {script}"
    return None


@check("docs.readme-own-words", effort="medium")
def readme_is_the_authors_own(documents: Documents, scaffold: Scaffold) -> Verdict:
    """The README is about this project, in its author's words.

    A reader of a portfolio wants to know what it does, how it is built and what you decided, and recognises a template
    in seconds. Whoever reads it will ask about what it says.

    Replace the template's placeholders: what it does, a link to the architecture, decisions and their cost, figures.
    """
    readme = documents.readme
    if readme is None:
        return failed("There is no README.md in the root.", expected="README.md")
    if scaffold.state(readme.path) == "pristine":
        return failed("The README is the template's, word for word.", Location(readme.path, 1))
    if readme.placeholders:
        places = (Location(readme.path, line) for line in readme.placeholders[:5])
        return failed("The README still has a placeholder.", *places)
    words = readme.own_words(scaffold.readme)
    if words < README_WORDS:
        return failed(
            "The README says little about this project in words of your own.",
            Location(readme.path, 1),
            expected=f"at least {README_WORDS} words beyond the template",
            actual=f"{words} words",
        )
    architecture = any("architecture" in link.target.lower() for s in readme.sections for link in s.links)
    if not architecture and not any(
        re.search("architect|how it|design", s.title, re.IGNORECASE) for s in readme.sections
    ):
        return failed("The README neither tells nor links how the project is built.", Location(readme.path, 1))
    return passed("The README is about this project.", Location(readme.path, 1), actual=f"{words} words of its own")


@check("docs.links", effort="small")
def links_lead_somewhere(documents: Documents) -> Verdict:
    """Every link within the repository leads to a file and a heading that exist.

    A dead link is a document that nobody maintains: at three in the morning it is the runbook that isn't there.

    Correct the path (relative to the document) or the part after `#` (the heading in lower case, hyphens for blanks).
    """
    known = {file.path: file for file in documents.files}
    count = 0
    dead: list[tuple[Location, str]] = []
    for file in documents.files:
        for section in file.sections:
            for link in section.links:
                verdict = _leads(file, link, documents, known)
                count += verdict is not None
                if verdict is False:
                    dead.append((Location(file.path, link.line), link.target))
    if dead:
        more = f" and {len(dead) - 1} more" if len(dead) > 1 else ""
        return failed(f"A link leads nowhere: {dead[0][1][:80]}{more}.", *(place for place, _ in dead[:20]))
    if not documents.files:
        return failed("There is no document in this repository.")
    return passed("Every link within the repository leads somewhere.", actual=f"{count} links")


def _leads(file: Markdown, link: Link, documents: Documents, known: dict[str, Markdown]) -> bool | None:
    """Return whether a link resolves; None when it leaves the repository and cannot be judged here."""
    if _SCHEME.match(link.target) or "{" in link.target:
        return None
    target, _, anchor = unquote(link.target).partition("#")
    parts = [] if target.startswith("/") else file.path.split("/")[:-1]
    for part in target.split("?")[0].split("/") if target else file.path.split("/")[-1:]:
        if part == "..":
            if not parts:
                return None  # above the root: a page of the forge, such as ../../actions
            parts.pop()
        elif part not in ("", "."):
            parts.append(part)
    path = "/".join(parts)
    if path and path not in documents.paths and path not in documents.folders:
        return False
    if anchor and path in known and not anchor.startswith("L"):
        return anchor in known[path].anchors or anchor.lower() in known[path].anchors
    return True


@check("docs.adrs", effort="medium")
def records_its_decisions(documents: Documents, scaffold: Scaffold) -> Verdict:
    """Decisions are recorded: what was decided, why, and what it costs.

    Six months later nobody remembers why, and the decision is made again, differently. In an interview these pages are
    the questions you can answer best. The template's own records don't count.

    Copy `docs/adr/0000-template.md`, give it the next number, and fill in status, date, situation, decision and
    consequences; two records of your own are asked for.
    """
    records = [f for f in documents.files if (m := _RECORD.search(f.path)) and int(m[1]) > 0]
    template = next((f for f in documents.files if (m := _RECORD.search(f.path)) and int(m[1]) == 0), None)
    own = [f for f in records if scaffold.state(f.path) is None]
    good: dict[tuple[tuple[int, int], ...], Markdown] = {}
    problem: tuple[Markdown, str] | None = None
    for record in own:
        why = _incomplete(record, template)
        if why is None:
            good.setdefault(tuple(p for s in record.sections for p in s.prose), record)
        else:
            problem = problem or (record, why)
    places = tuple(Location(f.path, 1) for f in own)
    if len(good) >= OWN_RECORDS:
        return passed("Decisions are recorded.", *places, actual=f"{len(good)} records of your own")
    reason = "There are too few decision records beyond the template's."
    if problem is not None:
        reason, places = f"A decision record {problem[1]}.", (Location(problem[0].path, 1),)
    return partial(
        Fraction(len(good), OWN_RECORDS),
        reason,
        *places,
        expected=f"{OWN_RECORDS} records of your own",
        actual=f"{len(good)}",
    )


def _incomplete(record: Markdown, template: Markdown | None) -> str | None:
    for name, pattern in _PARTS.items():
        words = record.body(pattern)
        if words is None:
            return f"has no section about its {name}"
        if words < 10:
            return f"says next to nothing about its {name}"
    fields = dict(reversed(record.fields))
    status = fields.get("status", "")
    if not _STATUS.match(status) or "|" in status:
        # A section "## Status" with a word below it is as good as a line "Status: accepted".
        return "has no status such as accepted" if record.body(re.compile(r"status", re.IGNORECASE)) is None else None
    if not _DATE.search(fields.get("date", "")):
        return "has no date (YYYY-MM-DD)"
    return None if record.own_words(template) >= 60 else "is hardly more than the template"


@check("docs.runbooks", effort="medium")
def has_runbooks(documents: Documents) -> Verdict:
    """Runbooks tell whoever is on call what to look at first.

    At three in the morning nobody reads source code. A runbook is of use when it says how the trouble shows, which
    commands narrow it down, and what ends it.

    Write `docs/runbooks/<trouble>.md` with sections for symptoms, checks and remedy, and the commands in code blocks.
    """
    books = [f for f in documents.files if _RUNBOOK.search(f.path)]
    stubs = [(f, why) for f in books if (why := stub(f)) is not None]
    usable = {tuple(p for s in f.sections for p in s.prose) for f in books} - {
        tuple(p for s in f.sections for p in s.prose) for f, _ in stubs
    }
    if stubs:
        return partial(
            Fraction(len(usable), len(usable) + len(stubs)),
            f"A runbook {stubs[0][1]}.",
            *(Location(f.path, 1) for f, _ in stubs),
        )
    if len(usable) < RUNBOOKS:
        return partial(
            Fraction(len(usable), RUNBOOKS),
            "There are too few runbooks.",
            expected=f"{RUNBOOKS} different ones",
            actual=str(len(usable)),
        )
    return passed("Runbooks tell what to do.", *(Location(f.path, 1) for f in books), actual=f"{len(books)} runbooks")


@check("docs.architecture", effort="medium")
def explains_its_architecture(documents: Documents) -> Verdict:
    """The architecture is explained in a picture and a page of text.

    A reader needs the parts and the ways between them before any file makes sense. Drawing it also shows you what is
    too entangled to be drawn.

    Write `docs/architecture.md`: a diagram (Mermaid in a code block) and what each part is responsible for.
    """
    found = next((f for f in documents.files if re.search(r"(?:^|/)architecture\.md\Z", f.path, re.IGNORECASE)), None)
    if found is None:
        return failed("There is no docs/architecture.md.", expected="docs/architecture.md")
    pictures = [c for c in found.codes if len(c.text.split("\n")) >= 4 and len(_DIAGRAM.findall(c.text)) >= 3]
    images = [link for s in found.sections for link in s.links if re.search(r"\.(?:svg|png|jpe?g|webp)\Z", link.target)]
    if not pictures and not images:
        return failed(
            "The architecture has no diagram.", Location(found.path, 1), expected="a Mermaid block or an image"
        )
    if found.words < 150:
        return partial(
            Fraction(1, 2),
            "The architecture is hardly explained.",
            Location(found.path, 1),
            expected="at least 150 words",
            actual=f"{found.words} words",
        )
    return passed("The architecture is drawn and explained.", Location(found.path, 1))


@check("docs.learning-log", effort="small", advisory=True)
def keeps_a_learning_log(documents: Documents) -> Verdict:
    """A learning log has an entry for most working days.

    Five lines a day, written while you still know what was hard, are what interviews are answered from. It is for you,
    so it is told and never scored.

    Add `### YYYY-MM-DD` to `docs/learning-log.md` at the end of the day: done, learned, stuck, tomorrow.
    """
    found = next(
        (f for f in documents.files if re.search(r"(?:^|/)learning[-_]?log\.md\Z", f.path, re.IGNORECASE)), None
    )
    if found is None:
        return failed("There is no docs/learning-log.md.")
    days = {m[0] for s in found.sections if (m := _DATE.search(s.title)) and s.words >= 15}
    return partial(
        Fraction(min(len(days), 10), 10),
        f"{len(days)} days are written down in the learning log.",
        Location(found.path, 1),
        expected="10 days",
        actual=f"{len(days)} days",
    )
