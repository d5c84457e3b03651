"""What spreadsheets do with text."""

_RUN_AS_FORMULA = ("=", "+", "-", "@", "\t", "\r")


def harmless(cell: str) -> str:
    """Put an apostrophe before text that a spreadsheet would run as a formula; give other text as it is."""
    return f"'{cell}" if cell.startswith(_RUN_AS_FORMULA) else cell
