"""The `check` command: grades a repository from measured evidence. See docs/decisions for the design."""
