"""Data sources, as Django sees them: it owns the table."""
