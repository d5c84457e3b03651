"""Figures over the warehouse: which days are meant, what is counted, and the SQL that counts it.

The definitions of order, revenue, new and returning are at the top of docs/openapi.yaml. No web framework in here: the
API, the reports and the nightly metrics call the same functions and so can't disagree.
"""
