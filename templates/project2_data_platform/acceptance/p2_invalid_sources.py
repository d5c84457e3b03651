"""Data sources that must be refused, each with the fields that must be named, beside good ones."""

from p2_platform import Json

URL = {"url": "https://partner.example/orders"}
# What is wrong, and the fields that must be named. Each is sent beside a good source that differs only in that.
INVALID: dict[str, tuple[Json, tuple[str, ...]]] = {
    "empty-name": ({"name": ""}, ("name",)),
    "blank-name": ({"name": " \t "}, ("name",)),
    "long-name": ({"name": "x" * 121}, ("name",)),
    "nul-in-name": ({"name": "a\0b"}, ("name",)),
    "unknown-type": ({"type": "pdf"}, ("type",)),
    "unknown-field": ({"colour": "red"}, ("colour",)),
    "api-without-url": ({"type": "api"}, ("connection.url",)),
    "api-with-ftp": ({"type": "api", "connection": {"url": "ftp://partner.example"}}, ("connection.url",)),
    "api-with-no-url": ({"type": "api", "connection": {"url": "orders"}}, ("connection.url",)),
    "token-env": ({"type": "api", "connection": {**URL, "token_env": "my token"}}, ("connection.token_env",)),
    "credentials": (
        {"connection": dict.fromkeys(("password", "token", "secret", "api_key"), "x")},
        ("connection.password", "connection.token", "connection.secret", "connection.api_key"),
    ),
    "long-delimiter": ({"processing": {"delimiter": ";;"}}, ("processing.delimiter",)),
    "empty-delimiter": ({"processing": {"delimiter": ""}}, ("processing.delimiter",)),
    "delimiter-for-json": ({"type": "json", "processing": {"delimiter": ";"}}, ("processing.delimiter",)),
    "unknown-zone": ({"processing": {"timezone": "Mars/Base"}}, ("processing.timezone",)),
    "zone-that-is-a-folder": ({"processing": {"timezone": "Europe"}}, ("processing.timezone",)),
    "zone-outside": ({"processing": {"timezone": "../../etc/passwd"}}, ("processing.timezone",)),
    "unknown-encoding": ({"processing": {"encoding": "utf-7"}}, ("processing.encoding",)),
    "encoding-for-xlsx": ({"type": "xlsx", "processing": {"encoding": "utf-8"}}, ("processing.encoding",)),
    "sheet-for-csv": ({"processing": {"sheet": "Sales"}}, ("processing.sheet",)),
    "path-for-csv": ({"processing": {"records_path": "data"}}, ("processing.records_path",)),
    "several": (
        {
            "processing": {"delimiter": ";;", "timezone": "Mars/Base", "sheet": "Sales"},
            "connection": {"password": "x"},
        },
        ("processing.delimiter", "processing.timezone", "processing.sheet", "connection.password"),
    ),
}
GOOD_SETTINGS: dict[str, Json] = {
    "csv": {"processing": {"delimiter": ";", "encoding": "latin-1", "timezone": "Asia/Kolkata", "note": "ours"}},
    "json": {"processing": {"encoding": "cp1252", "records_path": "data.rows", "timezone": "UTC"}},
    "xlsx": {"processing": {"sheet": "March", "timezone": "America/New_York"}},
    "api": {"connection": {**URL, "token_env": "PARTNER_TOKEN"}},
}
# Changes that don't fit: the source's type, the change, the fields that must be named.
BAD_CHANGES: tuple[tuple[str, Json, tuple[str, ...]], ...] = (
    ("csv", {"processing": {"sheet": "March"}}, ("processing.sheet",)),
    ("csv", {"processing": {"delimiter": ";;"}}, ("processing.delimiter",)),
    ("csv", {"connection": {"password": "x"}}, ("connection.password",)),
    ("csv", {"name": "x" * 121}, ("name",)),
    ("csv", {"type": "json"}, ("type",)),
    ("json", {"processing": {"delimiter": ";"}}, ("processing.delimiter",)),
    ("xlsx", {"processing": {"timezone": "Mars/Base"}}, ("processing.timezone",)),
    ("api", {"connection": {}}, ("connection.url",)),
)
