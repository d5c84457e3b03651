"""The checks, one module a family: pure functions from evidence to a verdict."""
