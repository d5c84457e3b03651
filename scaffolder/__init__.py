"""The `scaffold` command, and the projects that it and the grader share."""

__version__ = "0.1.0"
