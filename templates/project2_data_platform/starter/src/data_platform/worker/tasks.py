"""Celery's tasks: each takes an id, loads its row, calls the pipeline, and writes down how it went.

TODO(m3.3): the import: pending → processing → validating → completed or failed, with progress and counts.
"""
