"""Reports: figures computed once, then shown as CSV and as a page, the same for ever.

`compute` asks the database; `table` and `page` are pure functions of what it found.
"""
