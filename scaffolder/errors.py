"""Everything that can go wrong in `scaffold`, as one tree of errors.

Each error says in one sentence what is wrong and, in a second one, how to repair it. The command line prints
both and exits with `exit_code`; library callers can catch `ScaffoldError` for all of them.
"""


class ScaffoldError(Exception):
    """Base of all errors of this package.

    Args:
        message: what is wrong, one sentence, naming the file, key or value concerned.
        repair: what the reader can do about it, one sentence; empty if the message already says so.
    """

    exit_code = 2

    def __init__(self, message: str, repair: str = "") -> None:
        super().__init__(message)
        self.message = message
        self.repair = repair

    def __str__(self) -> str:
        return f"{self.message} {self.repair}".rstrip()


class UnknownProject(ScaffoldError):
    """No project has this id or folder name."""


class PlannedProject(ScaffoldError):
    """The project is announced in its project.toml, but has no starter yet."""


class NoSolution(ScaffoldError):
    """The reference solution is asked for where there is none."""


class InvalidProject(ScaffoldError):
    """A project.toml, or the templates folder itself, is not as it has to be."""


class InvalidAnswer(ScaffoldError):
    """An answer to a question of the template, or the name of one, is not acceptable."""


class DestinationRefused(ScaffoldError):
    """The folder to write to is not empty, or cannot be written."""


class RenderFailed(ScaffoldError):
    """The template itself is broken: its author has to repair it."""


class BrokenLock(ScaffoldError):
    """`.scaffold/lock.json` or `.scaffold/base.tar.gz` is missing, damaged, or of a newer version."""


class GitError(ScaffoldError):
    """Git is missing, or refused what it was asked to do."""


class UpdateRefused(ScaffoldError):
    """The repository is not in a state that can be updated."""


class UpdateConflict(ScaffoldError):
    """The update was merged, but some files need a person's decision."""

    exit_code = 1
