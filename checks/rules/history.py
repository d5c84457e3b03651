"""Rules about how the work was done, as its history tells it. All are advice: a history is easily written anew."""

from __future__ import annotations

import re
from collections import Counter
from fractions import Fraction

from checks.evidence.history import LARGE_BYTES, Commit, History, TrackedFiles
from checks.model import Location, Verdict, check, failed, partial, passed, unknown

DAYS = 5  # a project is planned for two weeks
COMMIT_LINES = 500  # more than that nobody reviews with care
CLEAR_SHARE = Fraction(4, 5)

_EMPTY_WORDS = frozenset(
    {"wip", "fix", "fixes", "fixed", "update", "updates", "updated", "change", "changes", "stuff", "commit", "test",
     "tests", "misc", "cleanup", "clean", "up", "work", "progress", "more", "final", "done", "code", "bug", "bugs",
     "a", "the", "some", "my", "it", "initial", "save", "minor", "small", "add", "files", "file", "and", "again"}
)  # fmt: skip
_PREFIX = re.compile(r"\A\w+(?:\([^)]*\))?!?:\s*")
_PULL_REQUEST = re.compile(r"\(#\d+\)\Z")


def _missing(history: History) -> Verdict | None:
    """Return the verdict of rules about commits where people made none."""
    if not history.git:
        return failed("This is no git repository.", repair="git init && git add -A && git commit")
    if not history.commits:
        return failed("There is no commit yet.", repair="git add -A && git commit -m 'Start the project'")
    if not history.own:
        if history.limits is not None:
            return unknown(f"Nobody's work is in what could be read: {history.limits}.")
        return failed("There is no commit beyond the template's and those of programs.",
                      repair="Commit each step of your work, with a message that says why.")  # fmt: skip
    return None


def _read(history: History, text: str) -> str:
    return f"{text} ({history.limits})." if history.limits else f"{text}."


@check("history.several-days", effort="medium", advisory=True)
def works_over_days(history: History) -> Verdict:
    """The work was done over days, not handed in at once.

    A history that grew shows how you think. One large commit could be anybody's work, and reviewers treat it so.

    Commit at the end of every step, and push each day.
    """
    if (verdict := _missing(history)) is not None:
        return verdict
    days = {c.day for c in history.own if c.lines}
    share = min(Fraction(len(days), DAYS), Fraction(1))
    return partial(share, _read(history, "Commits that change something were made on several days" if share == 1
                                else "The work was done on few days"),
                   expected=f"at least {DAYS} days", actual=f"{len(days)} days")  # fmt: skip


@check("history.small-commits", effort="medium", advisory=True)
def commits_are_small(history: History) -> Verdict:
    """Commits are small enough to be read.

    A small commit can be reviewed, understood a year later, and taken back alone. Lock files and the template's own
    commits are left out.

    Commit one thought at a time; `git add -p` chooses what belongs to it.
    """
    if (verdict := _missing(history)) is not None:
        return verdict
    large = sorted((c for c in history.own if c.lines > COMMIT_LINES and not c.merge), key=lambda c: -c.lines)
    if large:
        first = large[0]
        return failed(_read(history, f"Commit {first.id} changes {first.lines} lines"),
                      expected=f"at most {COMMIT_LINES} lines", actual=f"{len(large)} larger commits")  # fmt: skip
    return passed(_read(history, "Every commit is small enough to be read"), actual=f"{len(history.own)} commits")


@check("history.merges-or-branches", effort="small", advisory=True)
def works_on_branches(history: History) -> Verdict:
    """Work is done on branches and merged.

    Teams work by pull requests: a place for review and for the tests before main changes. Alone it is a good habit, and
    the grade of each pull request tells what it gained.

    Start a branch for each task (`git switch -c m2-sources`), push it, and merge its pull request.
    """
    if (verdict := _missing(history)) is not None:
        return verdict
    joined = [c for c in history.own if c.merge or _PULL_REQUEST.search(c.subject)]
    if joined:
        return passed(_read(history, "Work on branches was merged"), actual=f"{len(joined)} merges")
    return failed(_read(history, "Nothing was ever merged: all work was done on one branch"), expected="a merge")


@check("history.meaningful-messages", effort="small", advisory=True)
def messages_say_something(history: History) -> Verdict:
    """Commit messages say what was changed.

    `git log` and `git blame` are read when something is broken, by somebody in a hurry. "fix" tells them nothing.

    Write what the commit does in the imperative: `Reject rows whose currency is unknown`.
    """
    if (verdict := _missing(history)) is not None:
        return verdict
    commits = [c for c in history.own if not c.merge]
    repeated = Counter(c.subject.lower() for c in commits)
    vague = [c for c in commits if not _says_something(c) or repeated[c.subject.lower()] > 2]
    share = 1 - Fraction(len(vague), len(commits)) if commits else Fraction(1)
    if share < CLEAR_SHARE:
        return failed(_read(history, f"Messages such as “{vague[0].subject[:60]}” say nothing"),
                      expected=f"at least {CLEAR_SHARE} of the messages",
                      actual=f"{len(commits) - len(vague)} of {len(commits)}")  # fmt: skip
    return passed(_read(history, "Messages say what was changed"), actual=f"{len(commits)} messages")


def _says_something(commit: Commit) -> bool:
    words = re.findall(r"[^\W\d_]{2,}", _PREFIX.sub("", commit.subject).lower())
    return len(words) >= 2 and len(set(words) - _EMPTY_WORDS) >= 2


@check("history.authors", effort="small", advisory=True)
def authors_are_known(history: History) -> Verdict:
    """It is known who did the work.

    A portfolio is one person's, or says who did what. Commits under a machine's name count for nobody on GitHub.

    Set your name and the address that GitHub knows: `git config user.name`, `git config user.email`.
    """
    if (verdict := _missing(history)) is not None:
        return verdict
    names = {c.email or c.author: c.author for c in reversed(history.own)}
    counts = Counter(c.email or c.author for c in history.own)
    nameless = [e for e in counts if re.search(r"@(?:localhost|[\w-]+\.local|example\.\w+|[^.]*)\Z|\A\Z", e)]
    told = ", ".join(f"{names[email][:40]}: {number}" for email, number in counts.most_common(5))
    if nameless:
        return failed(_read(history, f"{names[nameless[0]][:40]} has no address that a forge could know"),
                      expected="an address of your own", actual=told)  # fmt: skip
    return passed(_read(history, "It is known who did the work"), actual=told)


@check("history.no-large-files", effort="medium", advisory=True)
def tracks_no_large_files(tracked: TrackedFiles) -> Verdict:
    """No large file is tracked.

    Git keeps every version for ever, and everybody who clones gets all of them. Data belongs into a store of its own.

    Remove it from git (`git rm --cached FILE`), add it to `.gitignore`, and tell in the README where it comes from.
    """
    if not tracked.git:
        return failed("This is no git repository.", repair="git init && git add -A && git commit")
    if tracked.large:
        path, size = max(tracked.large, key=lambda item: item[1])
        places = (Location(path) for path, _ in tracked.large[:20])
        return failed(f"{path} is large.", *places, expected=f"at most {LARGE_BYTES >> 20} MiB",
                      actual=f"{size / (1 << 20):.1f} MiB")  # fmt: skip
    return passed("No large file is tracked.")


@check("history.no-generated-files", effort="small", advisory=True)
def tracks_no_generated_files(tracked: TrackedFiles) -> Verdict:
    """Nothing is tracked that a program makes again.

    Installed packages, compiled files and reports change with every run: they hide the real changes, and conflict.

    Remove them from git (`git rm -r --cached FOLDER`) and add them to `.gitignore`.
    """
    if not tracked.git:
        return failed("This is no git repository.", repair="git init && git add -A && git commit")
    if tracked.generated:
        return failed(f"{tracked.generated[0]} is tracked.", *(Location(path) for path in tracked.generated[:20]),
                      actual=f"{len(tracked.generated)} files")  # fmt: skip
    return passed("Nothing is tracked that a program makes again.")
