"""The judge of project 2's cleaning: its rows, files, tokens and pages, held to examples that were worked out by hand."""

import csv
import io
import json
import sys
import zipfile
from decimal import Decimal
from pathlib import Path

import pytest

ACCEPTANCE = Path(__file__).parents[2] / "templates" / "project2_data_platform" / "acceptance"
sys.path.insert(0, str(ACCEPTANCE))
import p2_defects as defects  # noqa: E402
import p2_files as files  # noqa: E402
import p2_pages as pages  # noqa: E402
import p2_rules as rules  # noqa: E402
import p2_tokens  # noqa: E402

# Two pieces at 10.00, 1.00 off and 0.50 tax: 19.50.
ROW = {**files.sales(1, "T")[0], "quantity": "2", "unit_price": "10.00", "discount": "1.00", "tax": "0.50"}


def test_an_empty_total_is_computed() -> None:
    found = rules.judged(ROW, {}, {})
    assert found.raw["total"] == ""
    assert found.sale is not None
    assert found.sale["total"] == Decimal("19.50")


def test_repaired_values_count_for_the_total() -> None:
    found = rules.judged(ROW, {"unit_price": ("$1,234.50", Decimal("1234.50"))}, {}, "right")
    assert (found.raw["unit_price"], found.raw["total"], found.reasons) == ("$1,234.50", "2468.50", [])


def test_a_cent_too_much_does_not_add_up() -> None:
    found = rules.judged(ROW, {}, {}, "wrong")
    assert (found.raw["total"], found.sale, found.reasons) == ("19.51", None, [("total", "does-not-add-up")])


def test_without_its_columns_a_total_is_not_held_to_them() -> None:
    refused = {"payment_method": ("cheque", "unknown-value"), "quantity": ("three", "not-a-number")}
    found = rules.judged(ROW, {}, refused, "wrong")
    assert found.reasons == [("quantity", "not-a-number"), ("payment_method", "unknown-value")]


@pytest.mark.parametrize("total", ["", "right", "wrong"])
def test_a_total_below_nothing_is_out_of_range_however_it_is_told(total: str) -> None:
    found = rules.judged(ROW, {"discount": ("500.00", Decimal("500.00"))}, {}, total)
    assert found.reasons == [("total", "out-of-range")]


def test_a_mixture_has_sales_and_rejects_of_every_kind() -> None:
    rows = rules.mixture(2_000, "T")
    codes = {code for row in rows for _, code in row.reasons}
    assert codes == {code for entries in rules.REFUSALS.values() for _, code in entries} | {"does-not-add-up"}
    assert all((row.sale is None) == bool(row.reasons) for row in rows)
    assert sum(row.sale is not None for row in rows) > 200


@pytest.mark.parametrize(("kind", "rejects"), [("csv", 40), ("json", 40), ("xlsx", 38)])
def test_the_file_of_known_defects_has_as_many_as_its_format_can_hold(kind: str, rejects: int) -> None:
    file = defects.defective(kind)
    assert (file.rows, len(file.rejects), len(file.sales)) == (61 + rejects, rejects, 61)
    assert all(sale["total"] == rules.total_of(sale) for sale in file.sales.values())
    assert set(file.groups.values()) == set(defects.GROUPS) - ({defects.MALFORMED} if kind == "xlsx" else set())


def test_the_rows_of_one_id_keep_their_order() -> None:
    file = defects.defective("csv")
    reasons = [file.rejects[n]["reasons"] for n, group in sorted(file.groups.items()) if group == "duplicates"]
    assert reasons == [[("unit_price", "missing")], [("transaction_id", "duplicate")], [("tax", "not-a-number")]]


def test_a_csv_has_the_row_where_the_defect_is_expected() -> None:
    file = defects.defective("csv")
    header, *lines = csv.reader(io.StringIO(file.content.decode(), newline=""))
    for number, reject in file.rejects.items():
        raw = reject["raw"]
        assert (
            dict(zip(header, lines[number - 1], strict=True)) if isinstance(raw, dict) else lines[number - 1]
        ) == raw


def test_clean_sales_add_up() -> None:
    rows = files.sales(500, "T", year=2021)
    assert all(Decimal(row["total"]) == rules.total_of(rules.stored(row)) >= 0 for row in rows)
    assert {row["date"][:4] for row in rows} == {"2021"}
    assert len({row["transaction_id"] for row in rows}) == 500


def test_a_big_file_comes_to_its_total() -> None:
    file = files.big_file(1_000, "T", 2015)
    rows = list(csv.DictReader(io.StringIO(file.content.decode())))
    assert (len(rows), sum(Decimal(row["total"]) for row in rows)) == (1_000, file.total)
    assert min(row["date"] for row in rows) >= "2015-01-02"
    assert max(row["date"] for row in rows) < "2015-12-31"


def test_json_keeps_the_digits_of_a_decimal() -> None:
    content = files.json_file([{"price": Decimal("9.990000000000000001"), "name": 'a "b"', "none": None}], "data.rows")
    found = json.loads(content, parse_float=Decimal)
    assert found["data"]["rows"] == [{"price": Decimal("9.990000000000000001"), "name": 'a "b"', "none": None}]


def test_a_sheet_has_text_numbers_and_gaps() -> None:
    content = files.xlsx_file([["a & b", 2, None, Decimal("0.10")]], ["w", "x", "y", "z"], before={"Notes": [["no"]]})
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        sheet = archive.read("xl/worksheets/sheet2.xml").decode()
        texts = archive.read("xl/sharedStrings.xml").decode()
    assert '<row r="2"><c r="A2" t="s"><v>5</v></c><c r="B2"><v>2</v></c><c r="D2"><v>0.10</v></c></row>' in sheet
    assert '<t xml:space="preserve">a &amp; b</t>' in texts


def test_a_claim_that_is_changed_to_nothing_is_left_out() -> None:
    assert set(p2_tokens.claims("1", role=None)) == {"sub", "iat", "exp", "jti"}


def test_a_form_is_sent_as_a_browser_would() -> None:
    page = pages.read(
        '<p>Hello <a href="/x/">there</a></p><script>no</script><form action="/go" method="post">'
        '<input type="hidden" name="csrf" value="t"><input name="user"><input type="checkbox" name="active" checked>'
        '<input type="checkbox" name="staff"><textarea name="note">\na < b</textarea>'
        '<select name="kind"><option value="1">One</option><option value="2" selected>Two</option></select></form>'
    )
    form = page.form_with("user", "note")
    assert form is not None
    assert (form.action, form.method) == ("/go", "post")
    assert form.filled({"user": "ada"}, without=("active",)) == {
        "csrf": ["t"], "user": "ada", "note": ["a < b"], "kind": ["2"]
    }  # fmt: skip
    assert (page.links, page.text) == ([("/x/", "there")], "Hello there One Two")
