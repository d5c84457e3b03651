"""A report as CSV."""

import csv
from io import StringIO

from data_platform.reporting.document import Document
from data_platform.spreadsheets import harmless

COLUMNS = (
    "date",
    "revenue",
    "orders",
    "units",
    "average_order_value",
    "unique_customers",
    "new_customers",
    "returning_customers",
)


def as_csv(document: Document) -> str:
    """Give one line a day, below the names of the columns."""
    text = StringIO()
    writer = csv.writer(text)
    writer.writerow(COLUMNS)
    for day in document.figures.daily:
        fields = day.model_dump(mode="json")
        writer.writerow([harmless(str(fields[column])) for column in COLUMNS])
    return text.getvalue()
