"""Proves that a project's grade means something: `check --verify FOLDER`, for those who write projects.

Both ends of the scale are anchored (the reference solution earns everything, the untouched starter its baseline), and
each seeded fault is caught by the check that it names.
"""
