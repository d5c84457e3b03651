"""Files to send in m3: good ones in many spellings, wrong ones, and ones that can't be read."""

from collections.abc import Iterator
from dataclasses import dataclass

from p2_files import COLUMNS, MEDIA_TYPES, csv_file, json_file, sales, tag, xlsx_file
from p2_platform import Json


@dataclass(frozen=True)
class File:
    """A file of good sales, the source that it is for, and the sales."""

    type: str
    content: bytes
    rows: list[dict[str, str]]
    processing: Json | None = None
    extra: int = 0  # records that are read, but not good


def same_rows() -> dict[str, File]:
    """Give a file of the same 500 rows in each format."""
    rows = sales(500, f"M3-{tag()}")
    return {
        "csv": File("csv", csv_file(rows), rows),
        "json": File("json", json_file(rows), rows),
        "xlsx": File("xlsx", xlsx_file(rows), rows),
    }


def dialects() -> dict[str, File]:
    """Give smaller files in the ways in which real senders write them."""

    def renamed(name: str) -> list[dict[str, str]]:
        return [{**row, "product_name": name} for row in sales(40, f"M3-{tag()}")]

    accents, breaks = renamed("Café crème ½ Straße"), renamed('Two\nlines, "quoted"; twice\r\nover')
    plain, order = renamed("Plain"), tuple(reversed(COLUMNS))
    spelled = [f" {name.replace('_', ' ').title()} " if n % 2 else name.upper().replace("_", "-")
               for n, name in enumerate(COLUMNS)]  # fmt: skip
    blank = csv_file(plain).replace(b"\r\n", b"\r\n\r\n", 12) + b"\r\n\r\n"
    other = {"Notes": [["this", "is", "not", "it"], ["nor", "this"]]}
    return {
        "semicolons": File("csv", csv_file(breaks, delimiter=";"), breaks, {"delimiter": ";"}),
        "latin-1": File("csv", csv_file(accents, encoding="latin-1"), accents, {"encoding": "latin-1"}),
        "byte-order-mark": File("csv", csv_file(accents, encoding="utf-8-sig"), accents),
        "quoted-line-breaks": File("csv", csv_file(breaks), breaks),
        "column-order": File("csv", csv_file(plain, columns=order), plain),
        "header-spelling": File("csv", csv_file(plain, header=spelled), plain),
        "unknown-columns": File(
            "csv", csv_file([{**r, "x": "1", "y": "="} for r in plain], (*COLUMNS, "x", "y")), plain
        ),
        "blank-lines": File("csv", blank, plain),
        "wrong-cell-counts": File("csv", csv_file([*plain, ["one", "two"], [*COLUMNS, "more"]]), plain, extra=2),
        "records-path": File("json", json_file(plain, "data.rows"), plain, {"records_path": "data.rows"}),
        "named-sheet": File("xlsx", xlsx_file(plain, sheet="March", before=other), plain, {"sheet": "March"}),
        "sheet-with-gaps": File("xlsx", xlsx_file([*plain[:9], [], [None], *plain[9:]]), plain),
    }


FORMATS = ("csv", "json", "xlsx")
DIALECTS = tuple(dialects())


PNG = b"\x89PNG\r\n\x1a\n" + bytes(range(256)) * 4
# The source's type, the file's name, its media type, its content (None: a good file of the source's type).
WRONG: dict[str, tuple[str, str, str, bytes | None]] = {
    "png": ("csv", "logo.png", "image/png", PNG),
    "png-named-csv": ("csv", "logo.csv", "image/png", PNG),
    "json-for-csv": ("csv", "sales.json", "application/json", b"[]"),
    "json-media-type": ("csv", "sales.csv", "application/json", None),
    "text-named-txt": ("csv", "sales.txt", "text/csv", None),
    "unnamed-type": ("csv", "sales.xlsx", "application/octet-stream", None),
    "csv-for-json": ("json", "sales.csv", "text/csv", None),
    "xlsx-that-is-no-zip": ("xlsx", "sales.xlsx", MEDIA_TYPES["xlsx"], b"transaction_id,date\r\n1,2026-01-01\r\n"),
}


def in_pieces(content: bytes, boundary: str) -> Iterator[bytes]:
    """Give a form with one file piece by piece, so that nobody knows its length before its end."""
    yield (
        f'--{boundary}\r\nContent-Disposition: form-data; name="file"; filename="sales.csv"\r\n'
        "Content-Type: text/csv\r\n\r\n"
    ).encode()
    for start in range(0, len(content), 1 << 18):
        yield content[start : start + (1 << 18)]
    yield f"\r\n--{boundary}--\r\n".encode()


def _latin_name(rows: list[dict[str, str]], number: int) -> bytes:
    """Give a CSV in UTF-8 with one product name in Latin-1. It has no other defect, so replacing the byte would hide it."""
    marked = [dict(row) for row in rows]
    marked[number]["product_name"] = "Caf@"
    return csv_file(marked).replace(b"Caf@", b"Caf\xe9")


def malformed_files() -> dict[str, tuple[str, File]]:
    """Give files that can't be read as a whole, with the code of the reason. None has a sale of another."""
    without = tuple(name for name in COLUMNS if name != "unit_price")
    names = ("csv", "sheet", "twice", "byte", "late", "json", "workbook")
    rows = {name: sales(60, f"M3-{tag()}") for name in names}
    rows["last"] = sales(6_000, f"M3-{tag()}")
    late = csv_file(rows["late"]) + b'M3-late,"\xff\xfe'
    document, workbook = json_file(rows["json"]), xlsx_file(rows["workbook"])
    return {
        "empty": ("empty-file", File("csv", b"", [])),
        "header-only": ("empty-file", File("csv", csv_file([]), [])),
        "empty-list": ("empty-file", File("json", b"[]", [])),
        "sheet-header-only": ("empty-file", File("xlsx", xlsx_file([]), [])),
        "missing-column": ("missing-columns", File("csv", csv_file(rows["csv"], without), rows["csv"])),
        "sheet-missing-column": ("missing-columns", File("xlsx", xlsx_file(rows["sheet"], without), rows["sheet"])),
        "column-named-twice": (
            "unreadable-file",
            File("csv", csv_file(rows["twice"], (*COLUMNS, "tax")), rows["twice"]),
        ),
        "not-utf-8": ("unreadable-file", File("csv", late, rows["late"])),
        "one-byte-not-utf-8": ("unreadable-file", File("csv", _latin_name(rows["byte"], 30), rows["byte"])),
        "last-row-not-utf-8": ("unreadable-file", File("csv", _latin_name(rows["last"], -1), rows["last"])),
        "cut-json": ("unreadable-file", File("json", document[: len(document) * 2 // 3], rows["json"])),
        "damaged-xlsx": ("unreadable-file", File("xlsx", workbook[: len(workbook) // 2], rows["workbook"])),
        "json-that-is-no-list": ("unreadable-file", File("json", b'"sales"', [])),
    }


MALFORMED = tuple(malformed_files())
