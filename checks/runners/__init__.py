"""How a stack installs, tests and boots a repository."""
