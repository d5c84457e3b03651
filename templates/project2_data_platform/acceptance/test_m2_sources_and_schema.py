"""Milestone 2: data sources over HTTP, the admin site, and the tables that two migration tools make."""

import json
import re
from collections import Counter
from collections.abc import Callable, Sequence
from functools import partial
from typing import Any

import httpx2
import p2_pages
import p2_recorded
import p2_schema
import pytest
from p2_files import tag
from p2_invalid_sources import BAD_CHANGES, GOOD_SETTINGS, INVALID, URL, Wrong
from p2_migrations import Migrations
from p2_platform import FRESH, Ingestion, Json
from p2_recorded import Recorded
from p2_tables import OPERATIONAL, TABLES, WAREHOUSE

from checks.acceptance import expect, moments, parallel

SOURCES = "/api/v1/data-sources"


def named(**fields: Any) -> Json:
    """Give the body of a good data source with a name of its own."""
    return {"name": f"Source {tag()}{tag()}", "type": "csv", **fields}


def created(api: httpx2.Client, **fields: Any) -> Json:
    """Create a data source."""
    response = api.post(SOURCES, json=named(**fields))
    expect(response.status_code, 201, "A good data source is created.")
    body: Json = response.json()
    return body


def refused(response: httpx2.Response, *fields: str) -> None:
    """Hold an answer to a 422 that names exactly these fields."""
    expect(response.status_code, 422, f"What is not valid is answered 422 (here {', '.join(fields)}).")
    errors = response.json().get("errors") or []
    expect(Counter(e["field"] for e in errors), Counter(fields), "Each wrong field is named, once, and no other.")
    assert all(e["message"].strip() for e in errors), "Each error should say what is wrong with its field."


@pytest.fixture(scope="module")
def recorded(app: Any, ingestion: Ingestion) -> Recorded:
    """An import with one good row and one reject."""
    return p2_recorded.record(app, ingestion)


# Create, read, change, delete ---------------------------------------------------------------------------------------


def _lifecycle(api: httpx2.Client) -> None:
    body = named(processing={"delimiter": ";", "timezone": "Europe/Berlin"}, sync_frequency="daily")
    response = api.post(SOURCES, json=body | {"name": f"  {body['name']} "})
    expect(response.status_code, 201, "A data source is created.")
    made = response.json()
    wanted = {**body, "connection": {}, "active": True, "last_sync_at": None, "next_sync_at": None}
    expect({name: made.get(name) for name in wanted}, wanted, "It has what was sent, and defaults for the rest.")
    expect(response.headers.get("location"), f"{SOURCES}/{made['id']}", "Location is the path of what was made.")
    one = response.headers["location"]
    expect(api.get(one).json(), made, "It is read back as it was answered.")
    changed = api.patch(one, json={"active": False, "processing": {"delimiter": "|"}})
    expect(changed.status_code, 200, "It can be changed.")
    wanted = {**made, "active": False, "processing": {"delimiter": "|"}, "updated_at": changed.json()["updated_at"]}
    expect(changed.json(), wanted, "PATCH changes what was sent, settings as a whole, and nothing else.")
    expect(api.get(one).json(), wanted, "The change is stored.")
    expect(api.delete(one).status_code, 204, "It can be deleted.")
    answers = [api.get(one), api.patch(one, json={"active": True}), api.delete(one)]
    expect([a.status_code for a in answers], [404, 404, 404], "What was deleted is not found any more.")


def _listing(api: httpx2.Client) -> None:
    prefix = tag()
    for number in (3, 1, 2):
        created(api, name=f"{prefix} {number}", type="api", connection=URL, active=False)
    others = [created(api, type="api", connection=URL), created(api, active=False)]
    pages = [
        api.get(SOURCES, params={"type": "api", "active": "false", "per_page": 2, "page": page}) for page in (1, 2, 3)
    ]
    expect([page.status_code for page in pages], [200, 200, 200], "Each page can be read, one past the end, too.")
    bodies = [page.json() for page in pages]
    total = bodies[0]["total"]
    every = [item for body in bodies for item in body["items"]]
    assert {item["type"] for item in every} == {"api"}, "`type` should leave only sources of that type."
    assert not any(item["active"] for item in every), "`active=false` should leave only inactive sources."
    expect([body["total"] for body in bodies], [total] * 3, "`total` counts the items of all pages, on each page.")
    expect([body["page"] for body in bodies], [1, 2, 3], "`page` says which page it is.")
    expect([len(body["items"]) for body in bodies][:2], [2, min(2, total - 2)], "A page has `per_page` items.")
    names = [i["name"] for i in _everything(api, type="api", active="false") if i["name"].startswith(prefix)]
    expect(names, [f"{prefix} {number}" for number in (1, 2, 3)], "Sources are listed by name, each once.")
    assert total >= 3, "`total` should count the three sources that were made."
    expect(api.get(SOURCES, params={"per_page": 100}).status_code, 200, "`per_page=100` is allowed.")
    for query in ("per_page=101", "per_page=0", "page=0", "type=pdf", "active=maybe"):
        refused(api.get(f"{SOURCES}?{query}"), query.partition("=")[0])
    absent = {o["id"] for o in others} & {i["id"] for i in _everything(api, type="api", active="false")}
    expect(absent, set(), "Sources that don't fit the filters are left out.")


def _everything(api: httpx2.Client, **filters: str) -> list[Json]:
    found: list[Json] = []
    for page in range(1, 100):
        items = api.get(SOURCES, params={**filters, "per_page": 100, "page": page}).json()["items"]
        found += items
        if len(items) < 100:
            break
    return found


def _a_name_is_taken_once(api: httpx2.Client, app: Any) -> None:
    first, second = created(api), created(api)
    answers = {
        "POST": api.post(SOURCES, json=named(name=first["name"], type="json")),
        "PATCH": api.patch(f"{SOURCES}/{second['id']}", json={"name": first["name"]}),
    }
    for method, answer in answers.items():
        expect(answer.status_code, 409, f"{method} with a name that is taken is answered 409.")
    expect(api.get(f"{SOURCES}/{second['id']}").json(), second, "A refused change changes nothing.")
    own = api.patch(f"{SOURCES}/{first['id']}", json={"name": first["name"]})
    expect(own.status_code, 200, "A source may keep its own name.")
    body = named()
    with moments.slow_inserts(app, "data_sources"):
        at_once = parallel([partial(api.post, SOURCES, json=body)] * 10)
    codes = Counter(str(a) if isinstance(a, Exception) else a.status_code for a in at_once)
    expect(codes, Counter({409: 9, 201: 1}), "Of ten creations of one name at once exactly one succeeds.")
    rows = app.sql("select count(*) from data_sources where name = %(name)s", name=body["name"])
    expect(rows, [(1,)], "One row has the name.")


def _with_imports(api: httpx2.Client, request: pytest.FixtureRequest) -> None:
    recorded: Recorded = request.getfixturevalue("recorded")
    without = created(api)
    expect(api.delete(f"{SOURCES}/{without['id']}").status_code, 204, "A source without imports can be deleted.")
    one = f"{SOURCES}/{recorded.source['id']}"
    expect(api.delete(one).status_code, 409, "A source that something was imported from can't be deleted: 409.")
    expect(api.get(one).status_code, 200, "It is still there.")


CRUD: dict[str, Callable[[httpx2.Client, Any, pytest.FixtureRequest], None]] = {
    "lifecycle": lambda api, _app, _request: _lifecycle(api),
    "listing": lambda api, _app, _request: _listing(api),
    "one-name": lambda api, app, _request: _a_name_is_taken_once(api, app),
    "with-imports": lambda api, _app, request: _with_imports(api, request),
}


@pytest.mark.usefixtures("migrations_in_background")
@pytest.mark.parametrize("case", list(CRUD))
def test_source_crud(case: str, api: httpx2.Client, app: Any, request: pytest.FixtureRequest) -> None:
    """Data sources can be created, read, changed and deleted.

    Sources are made, listed, changed and deleted over HTTP, ten of one name at the same moment. Looking whether a name
    is free and taking it are two steps, and another request fits between.
    """
    CRUD[case](api, app, request)


# Validation ---------------------------------------------------------------------------------------------------------


def _are_refused(api: httpx2.Client, wrong: Sequence[Wrong]) -> None:
    for fields, named_fields in wrong:
        kind = fields.get("type") if fields.get("type") in GOOD_SETTINGS else "csv"
        created(api, type=kind, **GOOD_SETTINGS[str(kind)])
        refused(api.post(SOURCES, json=named() | fields), *named_fields)


def _wrong_json_is_refused(api: httpx2.Client) -> None:
    good = json.dumps(named())
    headers = {"Content-Type": "application/json"}
    expect(api.post(SOURCES, content=good, headers=headers).status_code, 201, "Good JSON is accepted.")
    for text in (good[:-1], "[]", '"csv"'):
        answer = api.post(SOURCES, content=text, headers=headers)
        expect(answer.status_code, 422, "A body that is no JSON object is answered 422.")
        assert answer.json().get("errors"), "The problem should say in `errors` what is wrong with the body."


def _changes_are_refused(api: httpx2.Client, changes: Sequence[tuple[str, *Wrong]]) -> None:
    for kind, change, fields in changes:
        one = f"{SOURCES}/{created(api, type=kind, **GOOD_SETTINGS[kind])['id']}"
        expect(api.patch(one, json=GOOD_SETTINGS[kind]).status_code, 200, "A good change is accepted.")
        before = api.get(one).json()
        refused(api.patch(one, json=change), *fields)
        expect(api.get(one).json(), before, "A refused change changes nothing.")


@pytest.mark.usefixtures("big_in_background")
@pytest.mark.parametrize("case", [*INVALID, "wrong-json", *BAD_CHANGES])
def test_source_validation(case: str, api: httpx2.Client) -> None:
    """Invalid data sources are refused field by field.

    Each wrong source or change is sent after a good one. Whoever sends it must learn which fields are wrong, all at
    once; and nobody may store a source that the pipeline could not read, or a password.
    """
    if case in INVALID:
        _are_refused(api, INVALID[case])
    elif case in BAD_CHANGES:
        _changes_are_refused(api, BAD_CHANGES[case])
    else:
        _wrong_json_is_refused(api)


# The admin site -----------------------------------------------------------------------------------------------------


def _list_of(admin: httpx2.Client, word: str) -> str:
    """Give the path of the list whose model's name holds a word."""
    index = p2_pages.read(admin.get("/admin/").text)
    lists = {path for path in index.paths() if re.fullmatch(rf"/admin/\w+/\w*{word}\w*/", path)}
    assert lists, f"The admin site should list a model whose name has `{word}` in it; it links {sorted(index.paths())}."
    return min(lists, key=len)


def _row_leads_to(admin: httpx2.Client, path: str, identity: int) -> httpx2.Response:
    """Open the page of one row from its list."""
    listed = admin.get(path)
    expect(listed.status_code, 200, f"{path} can be opened.")
    links = [link for link in p2_pages.read(listed.text).paths() if re.search(rf"(^|/){identity}/", link)]
    assert links, f"{path} should link the row with the id {identity}."
    row = admin.get(listed.url.join(links[0]), follow_redirects=True)
    expect(row.status_code, 200, f"The page of the row with the id {identity} can be opened.")
    return row


def _sources_are_listed(admin: httpx2.Client, api: httpx2.Client) -> None:
    made = created(api, name=f"  ! {tag()}")  # first in the order of names, should the list have several pages
    path = _list_of(admin, "source")
    assert made["name"] in p2_pages.read(admin.get(path).text).text, f"{path} should list the source that the API made."
    assert made["name"] in _row_leads_to(admin, path, made["id"]).text, "The source's page should show its name."
    api.delete(f"{SOURCES}/{made['id']}")
    assert made["name"] not in admin.get(path).text, f"{path} should not list a source that was deleted."


def _imports_are_listed(admin: httpx2.Client, recorded: Recorded, app: Any) -> None:
    keys = p2_schema.unique_keys(app.sql, "imports")
    assert {"job_id"} in keys, f"imports.job_id should be unique; unique are {keys}."
    path = _list_of(admin, "import")
    shown = p2_pages.read(admin.get(path).text).text
    assert recorded.file_name in shown, f"{path} should list the import of {recorded.file_name}."
    page = _row_leads_to(admin, path, recorded.import_id)
    assert recorded.file_name in page.text, "The page of an import should show its file name."


def _rejects_are_listed(admin: httpx2.Client, recorded: Recorded, app: Any) -> None:
    keys = p2_schema.unique_keys(app.sql, "rejects")
    assert {"import_id", "row_number"} in keys, f"rejects should be unique by import and row number; unique are {keys}."
    path = _list_of(admin, "reject")
    rows = app.sql("select id from rejects where import_id = %(import_id)s", import_id=recorded.import_id)
    expect(len(rows), 1, "The import has one reject.")
    page = _row_leads_to(admin, path, rows[0][0])
    assert recorded.transaction in page.text, "The page of a reject should show its raw row."
    fields = {name for form in p2_pages.read(page.text).forms for name in form.names}
    expect(
        fields & {"raw", "reasons", "row_number"}, set(), "Rejects are read-only: their page offers no field for them."
    )


def _strangers_are_kept_out(admin: httpx2.Client, client: Any, app: Any) -> None:
    stranger = client(app.url("admin"), limits=FRESH)
    for word in ("source", "import", "reject"):
        path = _list_of(admin, word)
        expect(admin.get(path).status_code, 200, f"The operator may open {path}.")
        answer = stranger.get(path)
        expect(answer.status_code, 302, f"A stranger who opens {path} is sent away.")
        assert "/login/" in answer.headers["location"], f"{path} should send a stranger to the login."


@pytest.mark.parametrize("case", ["sources", "imports", "rejects", "strangers"])
def test_visible_in_admin(
    case: str, admin: httpx2.Client, api: httpx2.Client, app: Any, client: Any, request: pytest.FixtureRequest
) -> None:
    """Data sources, imports and rejects show in the admin site.

    The grader logs in by the form, follows the links and looks for what the API made. Whoever answers for the data
    looks there first, and must see the same rows as the API does.
    """
    if case == "sources":
        _sources_are_listed(admin, api)
    elif case == "strangers":
        _strangers_are_kept_out(admin, client, app)
    elif case == "imports":
        _imports_are_listed(admin, request.getfixturevalue("recorded"), app)
    else:
        _rejects_are_listed(admin, request.getfixturevalue("recorded"), app)


# Migrations ---------------------------------------------------------------------------------------------------------


def _succeeded(ended: Any, what: str) -> None:
    if isinstance(ended, Exception):
        raise ended
    assert ended.exit == 0, f"{what} should end with exit code 0; it ended with {ended.exit}: {ended.last_lines(4)}"


@pytest.mark.late
@pytest.mark.parametrize("case", ["django-down", "alembic-down", "up-again", "release-again"])
def test_migrations_up_and_down(case: str, migrations: Migrations) -> None:
    """Every migration runs up and down on an empty database.

    What the release made of an empty database is released once more, taken down to zero by both tools and released
    again, and the tables are compared. What can't be taken back is found out on the night when it must be.
    """
    up, down = migrations.tables["up"], migrations.tables["down"]
    if case == "django-down":
        expect(OPERATIONAL - up, set(), "`release` makes the tables of m2.1.")
        _succeeded(migrations.commands["django"], "`python manage.py migrate sources zero`")
        expect(OPERATIONAL & down, set(), "After `migrate sources zero` its tables are gone.")
        return
    expect(WAREHOUSE - up, set(), "`release` makes the tables of the warehouse.")
    if case == "alembic-down":
        _succeeded(migrations.commands["alembic"], "`alembic downgrade base`")
        left = {table for table in down if table.startswith("warehouse.")}
        expect(left, set(), "After `alembic downgrade base` the warehouse has no table.")
    elif case == "up-again":
        _succeeded(migrations.commands["django"], "`python manage.py migrate sources zero`")
        _succeeded(migrations.commands["alembic"], "`alembic downgrade base`")
        expect(down & (OPERATIONAL | WAREHOUSE), set(), "The tables are gone in between.")
        _succeeded(migrations.commands["up_again"], "`release` after both went down")
        _is_the_same(migrations, "up", "up again", "Up again, the tables are the same as before.")
    else:
        _succeeded(migrations.commands["again"], "`release` a second time")
        _is_the_same(migrations, "up", "again", "A second `release` changes no table.")


def _is_the_same(migrations: Migrations, before: str, after: str, what: str) -> None:
    """Compare the tables that the milestone names; others may come and go while the application runs."""
    for kind in migrations.schemas[before]:
        old, new = (
            {row for row in migrations.schemas[step][kind] if f"{row[0]}.{row[1]}" in OPERATIONAL | WAREHOUSE}
            for step in (before, after)
        )
        changes = {"gone": sorted(old - new)[:5], "new": sorted(new - old)[:5]}
        expect(changes, {"gone": [], "new": []}, f"{what} ({kind})")


# The warehouse ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("table", list(TABLES))
def test_warehouse_tables(table: str, app: Any) -> None:
    """The warehouse has its tables with exact numeric types.

    The tables that `release` made are read from PostgreSQL's own catalogue. Schemas outlive code, and money in a float
    is wrong for as long as they live.
    """
    key, wanted = TABLES[table]
    have = p2_schema.columns(app.sql, "warehouse", table)
    assert have, f"There should be a table warehouse.{table}."
    types = {name: have[name][0] if name in have else None for name in wanted}
    expect(types, wanted, f"warehouse.{table} has the columns and types that m2.3 names.")
    nullable = [name for name in wanted if not have[name][1]]
    expect(nullable, [], f"Every column of warehouse.{table} is not null.")
    expect(p2_schema.primary_key(app.sql, f"warehouse.{table}"), key, f"The primary key of warehouse.{table}.")
