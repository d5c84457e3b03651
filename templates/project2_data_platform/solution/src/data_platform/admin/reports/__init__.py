"""Reports, as Django sees them: it owns the table and lists them."""
