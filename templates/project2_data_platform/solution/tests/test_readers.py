"""Files into raw rows: CSV, JSON and XLSX, good ones and broken ones."""

import io
import json
import zipfile
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from typing import Any

import pytest

from data_platform.pipeline import json_reader, xlsx_reader
from data_platform.pipeline.readers import read_batches
from data_platform.pipeline.rows import LONGEST_RECORD, RawRow, UnreadableFileError
from tests.files import COLUMNS, csv_file, json_file, sale, xlsx_file, xlsx_of


def read(content: bytes, kind: str, **processing: Any) -> list[RawRow]:
    return [row for batch in read_batches(io.BytesIO(content), len(content), kind, processing) for row in batch.rows]


def cells(row: RawRow) -> dict[str, Any]:
    assert row.cells is not None
    return dict(zip(COLUMNS, row.cells, strict=True))


def fault(content: bytes, kind: str, **processing: Any) -> tuple[str, str]:
    with pytest.raises(UnreadableFileError) as raised:
        read(content, kind, **processing)
    return raised.value.code, str(raised.value)


# CSV


def test_csv_rows_are_numbered_from_the_first_record() -> None:
    rows = read(csv_file([sale(1), sale(2)]), "csv")
    assert [row.number for row in rows] == [1, 2]
    assert [cells(row) for row in rows] == [sale(1), sale(2)]
    assert json.loads(rows[1].raw()) == sale(2)


def test_lines_with_nothing_in_them_are_not_counted() -> None:
    header, first, second = csv_file([sale(1), sale(2)]).splitlines(keepends=True)
    content = b"\r\n  \n" + header + b"\n" + first + b",,,,\n \t \n" + second + b"\n\n"
    assert [(row.number, cells(row)["transaction_id"]) for row in read(content, "csv")] == [(1, "T-1"), (2, "T-2")]


@pytest.mark.parametrize("delimiter", [";", "\t", "|", "§"])
def test_the_delimiter_of_the_source_is_honoured(delimiter: str) -> None:
    (row,) = read(csv_file([sale(1, product_name="a, b")], delimiter=delimiter), "csv", delimiter=delimiter)
    assert cells(row)["product_name"] == "a, b"


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "latin-1", "cp1252"])
def test_the_encoding_of_the_source_is_honoured(encoding: str) -> None:
    content = csv_file([sale(1, product_name="Vögel")]).decode().encode(encoding)
    (row,) = read(content, "csv", encoding=encoding)
    assert cells(row)["product_name"] == "Vögel"


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig"])
def test_a_byte_order_mark_is_no_part_of_the_first_name(encoding: str) -> None:
    (row,) = read(b"\xef\xbb\xbf" + csv_file([sale(1)]), "csv", encoding=encoding)
    assert cells(row) == sale(1)
    assert json.loads(row.raw()) == sale(1)


def test_quoted_line_breaks_quotes_and_delimiters_are_read() -> None:
    name = 'two\nlines, "quoted"\r\nand more'
    rows = read(csv_file([sale(1, product_name=name), sale(2)]), "csv")
    assert [cells(row)["product_name"] for row in rows] == [name, "Field guide"]


@pytest.mark.parametrize("ending", [b"\n", b"\r\n", b"\r"])
def test_any_line_ending_will_do(ending: bytes) -> None:
    content = csv_file([sale(1), sale(2)]).replace(b"\r\n", ending)
    assert [cells(row) for row in read(content, "csv")] == [sale(1), sale(2)]


@pytest.mark.parametrize(("line", "raw"), [("a,b", ["a", "b"]), (",".join("x" * 14), list("x" * 14))])
def test_a_row_with_too_few_or_too_many_cells_has_no_columns(line: str, raw: list[str]) -> None:
    rows = read(csv_file([sale(1)]) + line.encode() + b"\n" + csv_file([sale(3)]).splitlines()[1], "csv")
    assert [row.number for row in rows] == [1, 2, 3]
    assert rows[1].cells is None
    assert json.loads(rows[1].raw()) == raw


def test_a_cell_as_long_as_a_line_may_be_is_read() -> None:
    (row,) = read(csv_file([sale(1, product_name="x" * 200_000)]), "csv")
    assert len(cells(row)["product_name"]) == 200_000


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        (b"", ("empty-file", "The file has no rows.")),
        (b"\xef\xbb\xbf", ("empty-file", "The file has no rows.")),
        (b"\n \n", ("empty-file", "The file has no rows.")),
        (csv_file([]), ("empty-file", "The file has no rows.")),
        (
            csv_file([sale(1)]) + b"T-2,\xff\n",
            ("unreadable-file", "Line 3 is not utf-8 text."),
        ),
        (
            csv_file([sale(1)]) + b'T-2,"never closed\n',
            ("unreadable-file", "The file is not valid CSV at line 3: unexpected end of data."),
        ),
        (
            csv_file([sale(1)]) + b'T-2,"a"b\n',
            ("unreadable-file", "The file is not valid CSV at line 3: ',' expected after '\"'."),
        ),
    ],
)
def test_a_csv_file_that_can_not_be_read_says_why(content: bytes, expected: tuple[str, str]) -> None:
    code, message = fault(content, "csv")
    assert code == expected[0]
    assert message.startswith(expected[1])


def test_a_column_that_is_missing_from_a_csv_is_named() -> None:
    columns = [name for name in COLUMNS if name != "unit_price"]
    assert fault(csv_file([sale(1)], columns), "csv") == ("missing-columns", "The file has no column unit_price.")


def test_a_line_without_end_is_refused_before_it_fills_the_memory() -> None:
    start = csv_file([sale(1)])
    assert fault(start + b"x" * (LONGEST_RECORD + 1), "csv") == (
        "unreadable-file",
        f"Line 3 is longer than {LONGEST_RECORD} bytes.",
    )
    assert len(read(start + b"x" * LONGEST_RECORD, "csv")) == 2


def test_what_was_read_is_a_share_of_the_file() -> None:
    content = csv_file([sale(number) for number in range(4001)])
    shares = [batch.read for batch in read_batches(io.BytesIO(content), len(content), "csv", {})]
    assert len(shares) == 3
    assert 0.4 < shares[0] < 0.6
    assert shares == sorted(shares)
    assert shares[2] == 1.0


# JSON


def test_json_records_are_read_with_numbers_as_decimals() -> None:
    content = b'[{"Transaction ID": "T-1", "quantity": 3, "unit_price": 0.10, "total": null, "x": 1.5, "tax": true}]'
    (row,) = read(content, "json")
    assert row.number == 1
    found = cells(row)
    assert (found["transaction_id"], found["total"], found["tax"]) == ("T-1", None, True)
    assert (found["quantity"], found["unit_price"]) == (Decimal(3), Decimal("0.10"))
    assert isinstance(found["quantity"], Decimal)
    assert found["date"] is None
    assert json.loads(row.raw()) == {
        "Transaction ID": "T-1",
        "quantity": 3,
        "unit_price": 0.1,
        "total": None,
        "x": 1.5,
        "tax": True,
    }


@pytest.mark.parametrize(
    "record", [None, 7, "T-1", ["T-1"], {"quantity": [1]}, {"date": {}}, {"tax": 1, "Tax": 2}, True]
)
def test_a_record_that_is_no_object_of_plain_values_has_no_columns(record: Any) -> None:
    rows = read(json_file([record, sale(2)]), "json")
    assert [row.number for row in rows] == [1, 2]
    assert rows[0].cells is None
    assert json.loads(rows[0].raw()) == record
    assert cells(rows[1]) == sale(2)


def test_a_list_in_a_column_that_nobody_needs_does_no_harm() -> None:
    (row,) = read(json_file([sale(1, tags=["a"])]), "json")
    assert cells(row) == sale(1)


def test_records_may_be_deep_in_the_document() -> None:
    document = {"meta": {"page": [1, {"a": "]"}]}, "data": {"count": 2, "items": [sale(1), sale(2)], "z": 1}, "end": []}
    rows = read(json.dumps(document).encode(), "json", records_path="data.items")
    assert [cells(row) for row in rows] == [sale(1), sale(2)]


def test_json_honours_the_encoding_and_a_byte_order_mark() -> None:
    text = json.dumps([sale(1, product_name="Vögel")], ensure_ascii=False)
    assert cells(read(text.encode("latin-1"), "json", encoding="latin-1")[0])["product_name"] == "Vögel"
    assert cells(read(text.encode("utf-8-sig"), "json")[0])["product_name"] == "Vögel"


@pytest.mark.parametrize("size", [1, 2, 7, 100])
def test_it_does_not_matter_where_the_buffer_ends(monkeypatch: pytest.MonkeyPatch, size: int) -> None:
    monkeypatch.setattr(json_reader, "_CHARACTERS", size)
    content = json.dumps({"rows": [sale(1, quantity=12345), sale(2), "x", 17]}, indent=1).encode()
    rows = read(content, "json", records_path="rows")
    assert cells(rows[0]) == {**sale(1), "quantity": Decimal(12345)}
    assert [json.loads(row.raw()) for row in rows[1:]] == [sale(2), "x", 17]


@pytest.mark.parametrize(
    ("content", "path", "code", "message"),
    [
        ("", "", "empty-file", "The file is empty."),
        ("  \n", "", "empty-file", "The file is empty."),
        ("[]", "", "empty-file", "The file has no rows."),
        ("[ ]", "", "empty-file", "The file has no rows."),
        ('{"a": []}', "a", "empty-file", "The file has no rows."),
        ('{"a": 1}', "", "unreadable-file", "The file has no list at line 1, where one was expected."),
        ("[1]", "a", "unreadable-file", "The file has no object at line 1, where one was expected."),
        ('{"a": 1}', "a", "unreadable-file", "The file has no list at line 1, where one was expected."),
        ('{"a": {"c": []}}', "a.b", "unreadable-file", "The file has no b, where the records should be."),
        ("{}", "a", "unreadable-file", "The file has no a, where the records should be."),
        ('{"a": [1], "a": [2]}', "a", "unreadable-file", "The document has a twice."),
        ("hello", "", "unreadable-file", "The file has no list at line 1, where one was expected."),
        (
            '[{"a": 1},\n{"a": ',
            "",
            "unreadable-file",
            "The file is not valid JSON at line 2: expecting value.",
        ),
        ("[1\n", "", "unreadable-file", "The file is not valid JSON at line 2: a comma was expected."),
        ("[1 2]", "", "unreadable-file", "The file is not valid JSON at line 1: a comma was expected."),
        ("[1 2\n]\n\n", "", "unreadable-file", "The file is not valid JSON at line 1: a comma was expected."),
        (
            '[{"a":\n1,\n tru}\n]\n',
            "",
            "unreadable-file",
            "The file is not valid JSON at line 3: expecting property name enclosed in double quotes.",
        ),
        ("[1,]", "", "unreadable-file", "The file is not valid JSON at line 1: expecting value."),
        ("[1]\n[2]", "", "unreadable-file", "The file is not valid JSON at line 2: the document should end."),
        ('{"a": [1]', "a", "unreadable-file", "The file is not valid JSON at line 1: a comma was expected."),
        ('{"a": [1], 5: 2}', "a", "unreadable-file", "The file is not valid JSON at line 1: a name was expected."),
        ('{"a" [1]}', "a", "unreadable-file", "The file is not valid JSON at line 1: a colon was expected."),
        ("[NaN]", "", "unreadable-file", "The file is not valid JSON at line 1: NaN is no JSON number."),
        ("[-Infinity]", "", "unreadable-file", "The file is not valid JSON at line 1: -Infinity is no JSON number."),
    ],
)
def test_a_json_file_that_can_not_be_read_says_why(content: str, path: str, code: str, message: str) -> None:
    options = {"records_path": path} if path else {}
    assert fault(content.encode(), "json", **options) == (code, message)


def test_json_in_another_encoding_says_about_where() -> None:
    assert fault(b'[{"a": 1},\n{"a": "\xff"}]', "json") == (
        "unreadable-file",
        "The file is not utf-8 text after line 1.",
    )


def test_json_that_is_nested_too_deeply_is_told() -> None:
    deep = b"[" * 100_000
    assert fault(b"[" + deep, "json")[1].startswith("The file is nested too deeply at line 1")
    assert fault(b'{"skipped": ' + deep, "json", records_path="a")[1].startswith("The file is nested too deeply")


def test_a_record_that_is_too_deep_to_be_kept_is_told() -> None:
    nested: Any = 1
    for _ in range(2000):
        nested = [nested]
    row = json_reader.record_row(7, nested)
    with pytest.raises(UnreadableFileError, match=r"^Record 7 is nested too deeply\.$"):
        row.raw()


def test_a_value_without_end_is_refused_before_it_fills_the_memory() -> None:
    content = b'[{"a": "' + b"x" * (3 * LONGEST_RECORD) + b'"}]'
    assert fault(content, "json") == (
        "unreadable-file",
        f"The file is not valid JSON at line 1: a value is broken or longer than {LONGEST_RECORD} characters.",
    )
    assert len(read(b'[{"a": "' + b"x" * (LONGEST_RECORD // 2) + b'"}]', "json")) == 1


# XLSX


def test_a_sheet_is_read_like_a_csv() -> None:
    rows = read(xlsx_of([sale(1), sale(2)]), "xlsx")
    assert [row.number for row in rows] == [1, 2]
    assert cells(rows[0]) == {**sale(1), "discount": None, "tax": None}
    assert json.loads(rows[1].raw()) == {**sale(2), "discount": None, "tax": None}


def test_numbers_of_a_sheet_have_the_15_digits_that_it_shows() -> None:
    values = sale(1, quantity=3, unit_price=0.1 + 0.2, total=19.9, customer_id=42, tax=True)
    (row,) = read(xlsx_of([values]), "xlsx")
    found = cells(row)
    assert (found["quantity"], found["unit_price"], found["total"]) == (Decimal(3), Decimal("0.3"), Decimal("19.9"))
    assert (found["customer_id"], found["tax"]) == (Decimal(42), True)
    raw = json.loads(row.raw())
    assert (raw["quantity"], raw["total"], raw["customer_id"], raw["tax"]) == (3, 19.9, 42, True)


def test_dates_of_a_sheet_become_text() -> None:
    rows = read(
        xlsx_of([sale(1, date=datetime(2026, 3, 1, 10, 30)), sale(2, date=date(2026, 3, 2))]),
        "xlsx",
    )
    assert [cells(row)["date"] for row in rows] == ["2026-03-01T10:30:00", "2026-03-02T00:00:00"]
    assert json.loads(rows[0].raw())["date"] == "2026-03-01T10:30:00"


def test_times_and_durations_of_a_sheet_are_text_too() -> None:
    values = sale(1, category=time(10, 30), region=timedelta(hours=26))
    (row,) = read(xlsx_of([values]), "xlsx")
    assert (cells(row)["category"], cells(row)["region"]) == ("10:30:00", "1 day, 2:00:00")
    assert json.loads(row.raw())["region"] == "1 day, 2:00:00"


def test_the_sheet_of_the_source_is_read_or_else_the_first() -> None:
    content = xlsx_file([COLUMNS, list(sale(1).values())], title="March", before=["Cover"])
    assert len(read(content, "xlsx", sheet="March")) == 1
    assert fault(content, "xlsx") == ("empty-file", "The file has no rows.")
    assert fault(content, "xlsx", sheet="April") == (
        "unreadable-file",
        "The file has no sheet April; its sheets are: Cover, March.",
    )


def test_empty_rows_of_a_sheet_are_not_counted_and_its_edge_is_free() -> None:
    empty: list[Any] = [None] * 20
    first = [*sale(1).values(), None, "  "]
    short = [*list(sale(2).values())[:3]]
    content = xlsx_file([empty, [*COLUMNS, None], empty, first, ["  "], short])
    rows = read(content, "xlsx")
    assert [row.number for row in rows] == [1, 2]
    assert cells(rows[0]) == {**sale(1), "discount": None, "tax": None}
    assert cells(rows[1])["product_name"] is None


def test_a_cell_beside_the_header_makes_the_row_malformed() -> None:
    values = [*sale(1).values(), "beside", datetime(2026, 3, 1)]
    (row,) = read(xlsx_file([COLUMNS, values]), "xlsx")
    assert row.cells is None
    assert json.loads(row.raw()) == [value or None for value in sale(1).values()] + [
        "beside",
        "2026-03-01T00:00:00",
    ]


def test_a_column_that_is_missing_from_a_sheet_is_named() -> None:
    columns = [name for name in COLUMNS if name != "unit_price"]
    assert fault(xlsx_of([sale(1)], columns), "xlsx") == ("missing-columns", "The file has no column unit_price.")


def zipped(**entries: bytes) -> bytes:
    content = io.BytesIO()
    with zipfile.ZipFile(content, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in entries.items():
            archive.writestr(name, data)
    return content.getvalue()


@pytest.mark.parametrize(
    "content",
    [
        b"PK\x03\x04 and then nothing",
        xlsx_of([sale(1)])[:-200],
        zipped(readme=b"hello"),
        zipped(**{"xl/workbook.xml": b"<workbook>"}),
    ],
    ids=["signature only", "cut", "another zip", "broken workbook"],
)
def test_a_damaged_workbook_is_told_without_the_name_of_a_library(content: bytes) -> None:
    assert fault(content, "xlsx") == ("unreadable-file", "The file is damaged or is no XLSX workbook.")


def test_a_sheet_that_breaks_in_the_middle_is_told() -> None:
    good = zipfile.ZipFile(io.BytesIO(xlsx_of([sale(number) for number in range(50)])))
    content = io.BytesIO()
    with zipfile.ZipFile(content, "w") as archive:
        for name in good.namelist():
            data = good.read(name)
            archive.writestr(name, data[: len(data) // 2] if name.endswith("sheet1.xml") else data)
    assert fault(content.getvalue(), "xlsx") == ("unreadable-file", "The file is damaged or is no XLSX workbook.")


@pytest.mark.parametrize("limit", ["_MOST_UNPACKED_BYTES", "_MOST_HELD_BYTES"])
def test_a_zip_bomb_is_not_unpacked(monkeypatch: pytest.MonkeyPatch, limit: str) -> None:
    content = xlsx_of([sale(1)])
    monkeypatch.setattr(xlsx_reader, limit, 10)
    assert fault(content, "xlsx") == (
        "unreadable-file",
        "The file unpacks to more than can be read; send it as CSV.",
    )


def test_a_sheet_without_end_is_given_up(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(xlsx_reader, "_MOST_ROWS", 3)
    assert len(read(xlsx_of([sale(1)]), "xlsx")) == 1
    assert fault(xlsx_of([sale(1), sale(2)]), "xlsx") == ("unreadable-file", "The sheet has more than 3 rows.")
