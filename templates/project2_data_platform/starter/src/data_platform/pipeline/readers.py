"""Raw: files into rows.

TODO(m3.4): one generator a type (CSV, JSON, XLSX) that yields batches of rows with their numbers.
TODO(m3.5): an error of its own with a code and a reason, for a file that can't be read.
TODO(m3.6): never hold a whole file: pandas' chunksize, openpyxl's read_only.
"""
