"""Warehouse: sales into tables.

TODO(m4.5): INSERT … ON CONFLICT by transaction_id, in one order, so that overlapping uploads
neither double nor deadlock.
TODO(m4.6): counts and sums that reconcile: records = processed + rejected, to the cent.
"""
