"""Evidence: one module a kind, each with a frozen type and the function that collects it."""
