"""The grader's acceptance process: `python -m checks.acceptance ORDERS.json`.

While scenarios are written, `python -m checks.acceptance --repo PATH [--project project2] [--only m4] [-k WORDS]`
boots a repository, runs scenarios against it and prints how each ended.
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path


def run(orders_file: Path) -> int:
    """Run the ordered scenarios; the results are in the file that the orders name. Returns pytest's exit code."""
    import pytest

    from checks.acceptance.orders import Orders
    from checks.acceptance.plugin import Plugin
    from scaffolder.projects import find_project

    orders = Orders.read(orders_file)
    arguments = [
        *("-p", "no:cacheprovider", "-p", "no:junitxml", "-p", "no:doctest", "-c", "/dev/null"),
        # Longer tracebacks make pytest parse the scenarios' source, and two threads that do so at once break each other
        # before Python 3.11.8 (python/cpython#106905). Where a scenario tripped is in its reason.
        *("--rootdir", orders.folders[0], "--tb=line", "-q", "--no-header", "--color=no", "-W", "ignore"),
        *orders.arguments,
        *orders.folders,
    ]
    return int(pytest.main(arguments, plugins=[Plugin(orders, find_project(orders.project))]))


def develop(arguments: list[str]) -> int:
    """Boot a repository and run scenarios against it, for those who write them."""
    parser = argparse.ArgumentParser(prog="python -m checks.acceptance", description=__doc__)
    parser.add_argument("--repo", type=Path, required=True, help="the repository; it is copied, never changed")
    parser.add_argument("--project", help="a project's id, or a folder's name below templates/ (default: found out)")
    parser.add_argument("--acceptance", type=Path, help="a folder of more scenarios")
    parser.add_argument("--only", action="append", default=[], help="a milestone (m4) or a check id; repeatable")
    parser.add_argument("-k", dest="words", default="", help="pytest's expression")
    parser.add_argument("--sandbox", choices=["auto", "none", "require"], default="auto")
    options = parser.parse_args(arguments)

    from checks.acceptance.develop import rehearse

    return rehearse(options)


if __name__ == "__main__":
    if len(sys.argv) == 2 and sys.argv[1].endswith(".json"):
        sys.exit(run(Path(sys.argv[1])))
    sys.exit(develop(sys.argv[1:]))
