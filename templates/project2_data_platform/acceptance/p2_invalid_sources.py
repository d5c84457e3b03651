"""Data sources and changes that must be refused, each with the fields that must be named, beside good ones."""

from p2_platform import Json

URL = {"url": "https://partner.example/orders"}
Wrong = tuple[Json, tuple[str, ...]]


def _setting(key: str, value: object, kind: str = "csv") -> Wrong:
    return {"type": kind, "processing": {key: value}}, (f"processing.{key}",)


def _connection(connection: Json, *keys: str) -> Wrong:
    return {"type": "api", "connection": connection}, tuple(f"connection.{key}" for key in keys)


# What is wrong, and the fields that must be named. Each is sent after a good source of its type.
INVALID: dict[str, tuple[Wrong, ...]] = {
    "name": tuple(({"name": name}, ("name",)) for name in ("", " \t ", "x" * 121, "a\0b")),
    "type-and-fields": (({"type": "pdf"}, ("type",)), ({"colour": "red"}, ("colour",))),
    "api-without-url": (_connection({}, "url"), ({"type": "api"}, ("connection.url",))),
    "api-with-another-url": (
        _connection({"url": "ftp://partner.example"}, "url"),
        _connection({"url": "orders"}, "url"),
    ),
    "token-env": (_connection({**URL, "token_env": "my token"}, "token_env"),),
    "credentials": (
        _connection({**URL, "password": "x", "secret": "x"}, "password", "secret"),
        ({"connection": {"token": "x", "api_key": "x"}}, ("connection.token", "connection.api_key")),
    ),
    "delimiter": (_setting("delimiter", ";;"), _setting("delimiter", "")),
    "delimiter-of-another-type": (_setting("delimiter", ";", "json"), _setting("delimiter", ";", "xlsx")),
    "timezone": (_setting("timezone", "Mars/Base"), _setting("timezone", "Mars/Base", "xlsx")),
    "timezone-that-is-a-path": (_setting("timezone", "Europe"), _setting("timezone", "../../etc/passwd")),
    "encoding": (_setting("encoding", "utf-7"), _setting("encoding", "utf-8", "xlsx")),
    "sheet-of-another-type": (_setting("sheet", "Sales"), _setting("sheet", "Sales", "json")),
    "path-of-another-type": (_setting("records_path", "data"), _setting("records_path", "data", "xlsx")),
    "several": (
        (
            {
                "processing": {"delimiter": ";;", "timezone": "Mars/Base", "sheet": "Sales"},
                "connection": {"password": "x"},
            },
            ("processing.delimiter", "processing.timezone", "processing.sheet", "connection.password"),
        ),
    ),
}
GOOD_SETTINGS: dict[str, Json] = {
    "csv": {"processing": {"delimiter": ";", "encoding": "latin-1", "timezone": "Asia/Kolkata", "note": "ours"}},
    "json": {"processing": {"encoding": "cp1252", "records_path": "data.rows", "timezone": "UTC"}},
    "xlsx": {"processing": {"sheet": "March", "timezone": "America/New_York"}},
    "api": {"connection": {**URL, "token_env": "PARTNER_TOKEN"}},
}
# Changes that don't fit, by the type that the source has.
BAD_CHANGES: dict[str, tuple[tuple[str, *Wrong], ...]] = {
    "change-of-name-or-type": (("csv", {"name": "x" * 121}, ("name",)), ("csv", {"type": "json"}, ("type",))),
    "change-of-delimiter": (
        ("csv", {"processing": {"delimiter": ";;"}}, ("processing.delimiter",)),
        ("json", {"processing": {"delimiter": ";"}}, ("processing.delimiter",)),
    ),
    "change-of-sheet": (("csv", {"processing": {"sheet": "March"}}, ("processing.sheet",)),),
    "change-of-timezone": (("xlsx", {"processing": {"timezone": "Mars/Base"}}, ("processing.timezone",)),),
    "change-of-connection": (
        ("csv", {"connection": {"password": "x"}}, ("connection.password",)),
        ("api", {"connection": {}}, ("connection.url",)),
    ),
}
