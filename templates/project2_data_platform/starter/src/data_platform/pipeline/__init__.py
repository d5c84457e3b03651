"""The way of the data: raw → validated → warehouse → metrics.

Pure functions over rows: no web framework, no Celery, no open connection they did not get as an argument. So each step
is tested with a list of rows, and the worker only calls them in order.
"""
