"""`python -I -m checks`: the command without anything of the current folder or the environment on Python's path."""

from checks.cli import main

main()
