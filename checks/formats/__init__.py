"""Parsers of what other tools write: coverage data and test reports, each into one type."""
