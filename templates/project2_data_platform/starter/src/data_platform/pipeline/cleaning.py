"""Validated: rows into sales, or into rejects.

TODO(m4.1): a Sale with Decimal amounts; a float must not get in.
TODO(m4.2): repairs that need no guess (white space, case, thousands separators), each with a test.
TODO(m4.3): a Reject with row number, raw row and every reason, not just the first.
"""
