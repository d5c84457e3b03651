"""Milestone 3: the category tree, products by role, and lists that agree with a known data set."""

from collections.abc import Callable
from concurrent.futures import Future
from decimal import Decimal
from functools import partial
from typing import Any

import httpx2
import p1_catalogue
import pytest
from p1_accounts import Account
from p1_answers import API, Json, is_problem, names, statuses
from p1_catalogue import Catalogue, words
from p1_second import SecondWeb
from p1_shop import Shop, tag

from checks.acceptance import expect, moments, parallel

ABSENT_ID = 987_654_321


@pytest.fixture(scope="module")
def catalogue(app: Any, shop: Shop, second_web: SecondWeb) -> Catalogue:
    """The data set, made through the API."""
    return p1_catalogue.make(app, shop, second_web.client)


# Categories ---------------------------------------------------------------------------------------------------------

# Name, sort order and parent, in the order in which they are made: three levels deep, siblings mixed.
TREE = (
    ("Zoo", 2, None), ("books", 1, None), ("Art", 2, None), ("Guides", 0, "books"), ("atlases", 0, "books"),
    ("Birds", 5, "Guides"), ("alps", 5, "Guides"), ("Bats", 5, "Guides"), ("Comics", 3, "books"),
    ("Oil", 0, "Art"), ("ink", 0, "Art"), ("Water", 0, "Oil"),
)  # fmt: skip


def tree(web: httpx2.Client) -> list[Json]:
    """Read the tree."""
    answer = web.get(f"{API}/categories")
    expect(answer.status_code, 200, "The category tree can be read.")
    items: list[Json] = answer.json()["items"]
    return items


def ids(nodes: list[Json]) -> set[int]:
    """Give the ids in a tree."""
    return {node["id"] for node in nodes} | {id_ for node in nodes for id_ in ids(node["children"])}


def below(nodes: list[Json], id_: int) -> Json:
    """Give the node with an id; an empty one where it is missing."""
    for node in nodes:
        found = node if node["id"] == id_ else below(node["children"], id_)
        if found:
            return found
    return {}


def shape(nodes: list[Json]) -> list[Any]:
    """Give names and order of a tree, without what the mark adds to the names."""
    return [[node["name"].split()[0], shape(node["children"])] for node in nodes]


@pytest.mark.parametrize("case", ["tree", "inactive", "moves", "moves-at-once", "delete", "slugs", "roles"])
def test_category_tree(case: str, web: httpx2.Client, shop: Shop, request: pytest.FixtureRequest) -> None:
    """The category tree is kept by admins and read by everyone.

    Categories are made in mixed order, moved, hidden and deleted, two at the same moment. A tree with a circle in it
    loses everything that hangs below.
    """
    admin = shop.admin
    root = admin.post("categories", {"name": f"Root {tag()}"})
    expect(root.status_code, 201, "An admin makes a category.")
    top = root.json()["id"]
    change = lambda id_, body: admin.patch(f"categories/{id_}", body)  # noqa: E731

    def new(name: str, parent: int | None = top, **fields: Any) -> Json:
        made = admin.post("categories", {"name": f"{name} {tag()}", "parent_id": parent, **fields})
        expect(made.status_code, 201, "An admin makes a category.")
        body: Json = made.json()
        return body

    if case == "tree":
        made: dict[str, Json] = {}
        for name, order, parent in TREE:
            made[name] = new(name, made[parent]["id"] if parent else top, sort_order=order)
        found = shape(below(tree(web), top).get("children", []))
        expect(found, _ordered(None), "The tree has siblings by sort_order, then name in lower case, then id.")
    elif case == "inactive":
        middle = new("Middle")
        leaf = new("Leaf", middle["id"])
        expect(ids(tree(web)) >= {middle["id"], leaf["id"]}, True, "Active categories are in the tree.")
        expect(change(middle["id"], {"active": False}).status_code, 200, "A category is made inactive.")
        expect(ids(tree(web)) & {middle["id"], leaf["id"]}, set(), "It is gone, with everything below it.")
        expect(change(middle["id"], {"active": True}).status_code, 200, "It is made active again.")
        expect(ids(tree(web)) >= {middle["id"], leaf["id"]}, True, "Both are back.")
    elif case == "moves":
        first, second = new("First"), new("Second")
        leaf = new("Leaf", first["id"])
        moved = change(leaf["id"], {"parent_id": second["id"], "sort_order": 7})
        expect((moved.status_code, moved.json().get("parent_id"), moved.json().get("sort_order"), moved.json()["slug"]),
               (200, second["id"], 7, leaf["slug"]), "A category is moved; its slug stays.")  # fmt: skip
        expect(ids(below(tree(web), second["id"]).get("children", [])), {leaf["id"]}, "It hangs where it was moved to.")
        for parent in (second["id"], leaf["id"], ABSENT_ID):
            names(change(second["id"], {"parent_id": parent}), 422, ["parent_id"],
                  "A parent that is the category itself, lies below it, or isn't there, is a 422.")  # fmt: skip
        expect(change(leaf["id"], {"parent_id": None}).json().get("parent_id"), None, "A category is moved to the top.")
    elif case == "moves-at-once":
        other = admin.on(request.getfixturevalue("other_web"))
        one, two = new("One"), new("Two")
        for _ in range(5):
            answers = parallel([
                partial(admin.patch, f"categories/{one['id']}", {"parent_id": two["id"]}),
                partial(other.patch, f"categories/{two['id']}", {"parent_id": one["id"]}),
            ])  # fmt: skip
            expect(statuses(answers), {200: 1, 422: 1}, "Of two moves that would close a circle, one succeeds.")
            expect(ids(tree(web)) >= {one["id"], two["id"]}, True, "The tree still holds every category.")
            for each in (one, two):
                expect(change(each["id"], {"parent_id": top}).status_code, 200, "A category is moved back.")
    elif case == "delete":
        parent, child = new("Parent"), None
        child = new("Child", parent["id"])
        product = shop.product(category_id=child["id"])
        is_problem(admin.delete(f"categories/{parent['id']}"), 409, "A category with children can't be deleted.")
        is_problem(admin.delete(f"categories/{child['id']}"), 409, "A category with products can't be deleted.")
        expect(ids(tree(web)) >= {parent["id"], child["id"]}, True, "Both are still there.")
        expect(shop.vendor.delete(f"products/{product['id']}").status_code, 204, "The product is deleted.")
        expect(admin.delete(f"categories/{child['id']}").status_code, 204, "An empty category is deleted.")
        expect(child["id"] in ids(tree(web)), False, "It is gone.")
        is_problem(admin.delete(f"categories/{child['id']}"), 404, "A category that isn't there is a 404.")
    elif case == "slugs":
        mark = tag()
        made = new_named(admin, f"  Café & Crème -- Brûlée! {mark} ")
        expect((made.status_code, made.json().get("slug"), made.json().get("name")),
               (201, f"cafe-creme-brulee-{mark}", f"Café & Crème -- Brûlée! {mark}"),
               "Without a slug it is made from the name.")  # fmt: skip
        is_problem(
            admin.post("categories", {"name": "Other", "slug": made.json()["slug"]}), 409, "A taken slug is a 409."
        )
        is_problem(change(top, {"slug": made.json()["slug"]}), 409, "A taken slug is a 409.")
        names(new_named(admin, "!!!"), 422, ["slug"], "A name of which nothing is left needs a slug.")
        names(admin.post("categories", {"slug": "No Slug", "sort_order": -1, "colour": "red"}), 422,
              ["name", "slug", "sort_order", "colour"], "Wrong, missing and unknown fields are a 422.")  # fmt: skip
    else:
        for who in (shop.stranger, shop.vendor):
            for answer in (who.post("categories", {"name": "Mine"}), who.patch(f"categories/{top}", {"name": "Mine"}),
                           who.delete(f"categories/{top}")):  # fmt: skip
                is_problem(answer, 403, f"A {who.role} doesn't write categories.")
        expect(below(tree(web), top).get("name"), root.json()["name"], "The category is what it was.")


def new_named(admin: Account, name: str) -> httpx2.Response:
    """Ask for a category by its name alone."""
    return admin.post("categories", {"name": name})


def _ordered(parent: str | None) -> list[Any]:
    children = [(order, name.lower(), n, name) for n, (name, order, above) in enumerate(TREE) if above == parent]
    return [[name, _ordered(name)] for *_, name in sorted(children)]


# Products -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("case", ["vendor", "defaults", "change", "foreign", "admin", "customer", "delete", "hidden"])
def test_product_crud(case: str, app: Any, web: httpx2.Client, shop: Shop) -> None:
    """Products are created, changed and deleted by role.

    A vendor keeps the own products, an admin everybody's, a customer none; and what isn't active is nowhere to be seen.
    """
    category, mark = shop.category, tag()
    body = {"name": f"Guide {mark}", "sku": f"FG-{mark}", "price": "19.9", "compare_price": "24",
            "category_id": category["id"], "stock_quantity": 40, "low_stock_threshold": 3,
            "tags": ["Outdoor", "birds", "outdoor"], "description": " Birds. ", "featured": True,
            "images": ["https://images.example.com/fg-1.jpg"]}  # fmt: skip
    made = shop.vendor.post("products", body)
    expect(made.status_code, 201, "A vendor makes a product.")
    product = made.json()
    path = f"products/{product['id']}"
    if case == "vendor":
        wanted = {**body, "id": product["id"], "slug": f"guide-{mark}", "price": "19.90", "compare_price": "24.00",
                  "currency": "EUR", "tags": ["birds", "outdoor"], "description": "Birds.", "active": True,
                  "category": {name: category[name] for name in ("id", "name", "slug")},
                  "vendor": {"id": shop.vendor.id, "name": "Vera Vendor"}, "average_rating": "0.00",
                  "reviews_count": 0, "created_at": product["created_at"], "updated_at": product["updated_at"]}  # fmt: skip
        del wanted["category_id"], wanted["low_stock_threshold"]
        expect(product, wanted, "The product is what was sent, in the contract's form.")
        location = made.headers.get("location", "")
        assert location.endswith(f"{API}/{path}"), f"Location should be the product's path, not {location!r}."
        expect(web.get(f"{API}/{path}").json(), product, "Everybody reads the same.")
        rows = app.sql("select delta, reason, stock_quantity from stock_movements where product_id = %(id)s",
                       id=product["id"])  # fmt: skip
        expect(rows, [(40, "initial", 40)], "The first stock is the first entry of the ledger.")
    elif case == "defaults":
        least = shop.vendor.post("products", {"name": f"Ä {mark}", "sku": f"x{mark}", "price": "5",
                                              "category_id": category["id"]})  # fmt: skip
        expect(least.status_code, 201, "Name, sku, price and category are enough.")
        found = {name: least.json()[name] for name in ("slug", "description", "compare_price", "stock_quantity",
                                                       "tags", "active", "featured", "images")}  # fmt: skip
        expect(found, {"slug": f"a-{mark}", "description": "", "compare_price": None, "stock_quantity": 0, "tags": [],
                       "active": True, "featured": False, "images": []}, "What is left out takes its default.")  # fmt: skip
        rows = app.sql("select count(*) from stock_movements where product_id = %(id)s", id=least.json()["id"])
        expect(rows, [(0,)], "No stock, no entry in the ledger.")
    elif case == "change":
        changed = shop.vendor.patch(path, {"price": "17.90", "name": "Renamed", "tags": ["B", "a"]})
        expect(changed.status_code, 200, "A vendor changes an own product.")
        found = web.get(f"{API}/{path}").json()
        wanted = {**product, "price": "17.90", "name": "Renamed", "tags": ["a", "b"], "updated_at": found["updated_at"]}
        expect((changed.json(), found), (wanted, wanted), "What was sent is changed; the rest, the slug too, stays.")
        assert found["updated_at"] > product["updated_at"], "updated_at should move."
        expect(shop.vendor.patch(path, {"compare_price": None}).json()["compare_price"], None, "null takes it away.")
    elif case == "foreign":
        is_problem(shop.rival.patch(path, {"price": "0.01"}), 403, "Another vendor's product is a 403.")
        is_problem(shop.rival.delete(path), 403, "Another vendor's product is a 403.")
        expect(web.get(f"{API}/{path}").json(), product, "It is what it was.")
        is_problem(shop.rival.patch(f"products/{ABSENT_ID}", {"price": "1.00"}), 404, "An unknown product is a 404.")
    elif case == "admin":
        expect(shop.admin.patch(path, {"price": "18.00"}).json().get("price"), "18.00", "An admin changes any product.")
        theirs = shop.admin.post("products", {**body, "name": f"For {mark}", "sku": f"A-{mark}",
                                              "vendor_id": shop.rival.id})  # fmt: skip
        expect((theirs.status_code, theirs.json().get("vendor")), (201, {"id": shop.rival.id, "name": "Rolf Rival"}),
               "An admin makes a product for a vendor.")  # fmt: skip
        again = {**body, "name": f"No {mark}", "sku": f"B-{mark}", "vendor_id": shop.stranger.id}
        names(shop.admin.post("products", again), 422, ["vendor_id"], "Somebody who sells nothing can't be the vendor.")
        expect(shop.admin.delete(f"products/{theirs.json()['id']}").status_code, 204, "An admin deletes any product.")
    elif case == "customer":
        for answer in (shop.stranger.post("products", {**body, "sku": f"C-{mark}"}), shop.stranger.delete(path),
                       shop.stranger.patch(path, {"price": "0.01"})):  # fmt: skip
            is_problem(answer, 403, "A customer doesn't write products.")
        expect(web.get(f"{API}/{path}").json(), product, "The product is what it was.")
    elif case == "delete":
        expect(shop.vendor.delete(path).status_code, 204, "A vendor deletes an own product.")
        is_problem(web.get(f"{API}/{path}"), 404, "A deleted product is a 404.")
        expect(_found(web, mark), [], "A deleted product is in no list.")
        is_problem(shop.vendor.delete(path), 404, "Deleting it again is a 404.")
    else:
        expect(_found(web, mark), [product["id"]], "The product is in the list.")
        hidden = shop.vendor.patch(path, {"active": False})
        expect(hidden.status_code, 200, "A product is made inactive.")
        is_problem(web.get(f"{API}/{path}"), 404, "An inactive product is a 404.")
        is_problem(shop.vendor.get(path), 404, "An inactive product is a 404 for its vendor, too.")
        expect(_found(web, mark), [], "An inactive product is in no list.")
        expect(shop.vendor.patch(path, {"active": True}).status_code, 200, "It can be made active again.")
        expect(_found(web, mark), [product["id"]], "It is back in the list.")


def _found(web: httpx2.Client, text: str) -> list[int]:
    answer = web.get(f"{API}/products", params={"search": text})
    expect(answer.status_code, 200, "Products can be searched.")
    return [item["id"] for item in answer.json()["items"]]


WRONG: dict[str, tuple[Json, list[str]]] = {
    "price-number": ({"price": 19.9}, ["price"]),
    "price-negative": ({"price": "-1"}, ["price"]),
    "price-exponent": ({"price": "1e3"}, ["price"]),
    "price-precise": ({"price": "19.905"}, ["price"]),
    "price-zero": ({"price": "0.00"}, ["price"]),
    "price-too-large": ({"price": "100000.00"}, ["price"]),
    "compare-price": ({"price": "10.00", "compare_price": "10.00"}, ["compare_price"]),
    "category": ({"category_id": ABSENT_ID}, ["category_id"]),
    "sku-blank": ({"sku": "A B"}, ["sku"]),
    "stock-negative": ({"stock_quantity": -1}, ["stock_quantity"]),
    "vendor": ({"vendor_id": 1}, ["vendor_id"]),
    "all-at-once": (
        {"name": " ", "sku": "", "price": "abc", "category_id": ABSENT_ID, "stock_quantity": "5", "active": "yes",
         "views_count": 7},
        ["name", "sku", "price", "category_id", "stock_quantity", "active", "views_count"],
    ),
}  # fmt: skip


@pytest.mark.parametrize("case", [*WRONG, "missing", "patch-stock", "sku-taken", "sku-at-once"])
def test_product_validation(case: str, app: Any, shop: Shop, request: pytest.FixtureRequest) -> None:
    """Invalid products are refused field by field.

    Each body is a good one but for what is wrong with it. A form that names one fault a time makes people send it seven
    times; money as a float is wrong by a cent sooner or later.
    """
    mark = tag()
    good = {"name": f"Good {mark}", "sku": f"G-{mark}", "price": "10.00", "category_id": shop.category["id"]}
    if case in WRONG:
        change, fields = WRONG[case]
        if "vendor_id" in change:
            change = {"vendor_id": shop.vendor.id}
        names(shop.vendor.post("products", good | change), 422, fields, f"A product with {change} is a 422.")
        rows = app.sql("select count(*) from products where sku = %(sku)s", sku=good["sku"])
        expect(rows, [(0,)], "Nothing is stored.")
        if case.startswith("price"):
            edge = {"price-zero": "0.01", "price-too-large": "99999.99"}.get(case, "19.9")
            expect(shop.vendor.post("products", good | {"price": edge}).status_code, 201, f"The price {edge} is taken.")
        else:
            expect(shop.vendor.post("products", good).status_code, 201, "Without the fault it is taken.")
    elif case == "missing":
        names(
            shop.vendor.post("products", {}), 422, ["name", "sku", "price", "category_id"], "Missing fields are a 422."
        )
        expect(shop.vendor.post("products", good).status_code, 201, "With them it is taken.")
    elif case == "patch-stock":
        product = shop.product(stock_quantity=7)
        names(shop.vendor.patch(f"products/{product['id']}", {"stock_quantity": 70, "price": "1.999"}), 422,
              ["stock_quantity", "price"], "The stock isn't changed by a PATCH.")  # fmt: skip
        names(shop.vendor.patch(f"products/{product['id']}", {"compare_price": "9.99"}), 422, ["compare_price"],
              "A compare_price has to be above the price that is there.")  # fmt: skip
        expect(shop.stock(product), 7, "The stock is what it was.")
    elif case == "sku-taken":
        expect(shop.vendor.post("products", good).status_code, 201, "A good product is taken.")
        again = good | {"name": f"Again {mark}", "sku": good["sku"].lower()}
        names(shop.rival.post("products", again), 409, ["sku"], "A sku that is taken in another case is a 409.")
        other = shop.product()
        names(shop.vendor.patch(f"products/{other['id']}", {"sku": good["sku"]}), 409, ["sku"], "So it is in a PATCH.")
        names(shop.vendor.post("products", good | {"sku": f"S-{mark}", "slug": f"good-{mark}"}), 409, ["slug"],
              "A slug that is taken is a 409.")  # fmt: skip
    else:
        other = shop.vendor.on(request.getfixturevalue("other_web"))
        with moments.slow_inserts(app, "products"):
            answers = parallel([
                partial((shop.vendor, other)[n % 2].post, "products", good | {"name": f"Good {mark} {n}"})
                for n in range(10)
            ])  # fmt: skip
        expect(statuses(answers), {201: 1, 409: 9}, "Of ten creations with one sku at once, exactly one succeeds.")


# Lists --------------------------------------------------------------------------------------------------------------

Filter = tuple[Callable[[Catalogue], Json], Callable[[Catalogue], Callable[[Json], bool]]]


def _price(low: str = "0", high: str = "99999.99") -> Callable[[Json], bool]:
    return lambda p: Decimal(low) <= Decimal(p["price"]) <= Decimal(high)


def _tags(*tags: str) -> Callable[[Json], bool]:
    return lambda p: set(tags) <= set(p["tags"])


def _in(c: Catalogue, *categories: str) -> Callable[[Json], bool]:
    wanted = c.inside(*categories)
    return lambda p: p["category"]["id"] in wanted


def _search(text: str) -> Filter:
    return (lambda c: {"search": text}, lambda c: words(text))


FILTERS: dict[str, Filter] = {
    "category-with-descendants": (
        lambda c: {"category": f"root-{c.mark}"}, lambda c: _in(c, "root", "a", "a1", "b")),
    "category-in-the-middle": (lambda c: {"category": f"a-{c.mark}"}, lambda c: _in(c, "a", "a1")),
    "category-leaf": (lambda c: {"category": f"a1-{c.mark}"}, lambda c: _in(c, "a1")),
    "min-price": (lambda c: {"min_price": "10.00"}, lambda c: _price("10.00")),
    "min-price-above": (lambda c: {"min_price": "10.01"}, lambda c: _price("10.01")),
    "max-price": (lambda c: {"max_price": "10"}, lambda c: _price(high="10.00")),
    "both-prices": (lambda c: {"min_price": "9.99", "max_price": "99.00"}, lambda c: _price("9.99", "99.00")),
    "one-price": (lambda c: {"min_price": "19.9", "max_price": "19.90"}, lambda c: _price("19.90", "19.90")),
    "tag": (lambda c: {"tags": "birds"}, lambda c: _tags("birds")),
    "tags-in-another-case": (lambda c: {"tags": "Sale,BIRDS"}, lambda c: _tags("birds", "sale")),
    "search-word": _search("alpine"),
    "search-part-in-another-case": _search("oRTh"),
    "search-sku": (lambda c: {"search": f"fg-{c.mark}"}, lambda c: words(f"fg-{c.mark}")),
    "search-words-in-several-columns": (
        lambda c: {"search": f" guide  BN-{c.mark} wool"}, lambda c: words(f"guide bn-{c.mark} wool")),
    "search-percent": _search("100%"),
    "search-underscore": _search("e_c"),
    "search-backslash": _search("k\\s"),
    "category-and-price": (
        lambda c: {"category": f"a-{c.mark}", "max_price": "10.00"},
        lambda c: lambda p: _in(c, "a", "a1")(p) and _price(high="10.00")(p)),
    "tags-and-search": (
        lambda c: {"tags": "sale", "search": "guide"}, lambda c: lambda p: _tags("sale")(p) and words("guide")(p)),
    "price-and-tags": (
        lambda c: {"min_price": "99.00", "tags": "new"}, lambda c: lambda p: _price("99.00")(p) and _tags("new")(p)),
    "category-and-search": (
        lambda c: {"category": f"b-{c.mark}", "search": "field"},
        lambda c: lambda p: _in(c, "b")(p) and words("field")(p)),
}  # fmt: skip
NOTHING: dict[str, Callable[[Catalogue], Json]] = {
    "hidden-category": lambda c: {"category": f"hidden-{c.mark}"},
    "below-a-hidden-category": lambda c: {"category": f"below-{c.mark}"},
    "unknown-category": lambda c: {"category": f"nothing-{c.mark}"},
    "all-tags-and-one-more": lambda c: {"tags": "birds,unheard-of"},
    "underscore-is-no-wildcard": lambda c: {"search": f"{c.mark[:-1]}_"},
    "percent-is-no-wildcard": lambda c: {"search": "alp%ine"},
    "an-apostrophe-ends-no-text": lambda c: {"search": "alpine' or '1'='1"},
}


@pytest.fixture(scope="module")
def filtered(catalogue: Catalogue) -> dict[str, Future[list[int]]]:
    """What each filter lists."""
    questions = {name: question for name, (question, _) in FILTERS.items()} | NOTHING
    return catalogue.ask_all({name: (question(catalogue), 100) for name, question in questions.items()})


@pytest.mark.parametrize("case", [*FILTERS, *NOTHING])
def test_filters(case: str, catalogue: Catalogue, filtered: dict[str, Future[list[int]]]) -> None:
    """Filters and search agree with a known data set.

    Each filter alone and in pairs, at both edges, with `%`, `_` and the backslash in the search. A search for "100%"
    that finds everything is the most common bug of its kind.
    """
    everything = catalogue.expected(lambda p: True)
    if case in NOTHING:
        leaf = catalogue.expected(_in(catalogue, "a1"))
        expect(filtered["category-leaf"].result(), leaf, "A category's products are listed.")
        expect(filtered[case].result(), [], f"{NOTHING[case](catalogue)} matches nothing.")
        return
    query, condition = (part(catalogue) for part in FILTERS[case])
    wanted = catalogue.expected(condition)
    assert 0 < len(wanted) < len(everything), "The filter matches some of the data set."
    expect(filtered[case].result(), wanted, f"{query} lists exactly the products that match, newest first.")


SORTS = [f"{sign}{name}" for name in p1_catalogue.SORTS for sign in ("", "-")]
WRONG_PARAMETERS: dict[str, Json] = {
    "per_page": {"per_page": 101},
    "page": {"page": 0},
    "sort": {"sort": "views"},
    "min_price": {"min_price": "abc"},
    "max_price": {"min_price": "10.00", "max_price": "9.99"},
}


@pytest.fixture(scope="module")
def sorted_lists(catalogue: Catalogue) -> dict[str, Future[list[int]]]:
    """What each sort lists: some products on pages of 7, and more on pages of 100."""
    some, more = ({"category": f"{name}-{catalogue.mark}"} for name in ("a", "root"))
    short = {f"{sort} 7": ({**some, "sort": sort}, 7) for sort in SORTS}
    long = {f"{sort} 100": ({**more, "sort": sort}, 100) for sort in SORTS}
    return catalogue.ask_all(short | long)


@pytest.mark.parametrize("case", [*SORTS, "default", "past-the-end", "wrong-parameters"])
def test_sort_and_pages(case: str, catalogue: Catalogue, sorted_lists: dict[str, Future[list[int]]]) -> None:
    """Sorting and paging agree with a known data set.

    Many ties, pages of 7 and of 100. Without a complete order a database may show one product on two pages, and another
    on none.
    """
    web, scope = catalogue.web, {"category": f"a-{catalogue.mark}"}
    inside = _in(catalogue, "a", "a1")
    if case in SORTS:
        wanted = catalogue.expected(inside, case)
        expect(sorted_lists[f"{case} 7"].result(), wanted, f"sort={case} on pages of 7 is in exact order.")
        wanted = catalogue.expected(_in(catalogue, "root", "a", "a1", "b"), case)
        expect(sorted_lists[f"{case} 100"].result(), wanted, f"sort={case} on pages of 100 is in exact order.")
        return
    wanted = catalogue.expected(inside)
    first = web.get(f"{API}/products", params=scope)
    expect(first.status_code, 200, "A page of products is answered 200.")
    body = first.json()
    if case == "default":
        expect(
            (body["page"], body["per_page"], body["total"]),
            (1, 20, len(wanted)),
            "The first page of 20 is the default.",
        )
        expect([item["id"] for item in body["items"]], wanted[:20], "The newest come first.")
        item = next(item for item in body["items"])
        expect(item, web.get(f"{API}/products/{item['id']}").json(), "A list shows a product as it is shown alone.")
    elif case == "past-the-end":
        past = web.get(f"{API}/products", params={**scope, "page": 1_000_000})
        expect((past.status_code, past.json().get("items"), past.json().get("total")), (200, [], len(wanted)),
               "A page past the end is empty.")  # fmt: skip
    else:
        for field, query in WRONG_PARAMETERS.items():
            names(web.get(f"{API}/products", params=query), 422, [field], f"{query} is a 422.")
        both = {"per_page": "x", "sort": "", "max_price": "-1"}
        names(web.get(f"{API}/products", params=both), 422, list(both), "All wrong parameters are named at once.")


@pytest.mark.parametrize("case", ["list", "filtered"])
def test_constant_queries(case: str, app: Any, catalogue: Catalogue, limits: Any) -> None:
    """A page takes the same number of queries, however long it is.

    Statements to PostgreSQL are counted for pages of 10 and of 100 that nobody has asked for before. A query for each
    row is the usual reason why a page takes a second.
    """
    few, many = (_fewest(app, catalogue, size, case) for size in (10, 100))
    assert many, "A page that nobody has asked for before should need the database."
    expect(len(many), len(few), f"A page of 100 takes as many statements as one of 10 does; they are {many}.")
    assert len(many) <= limits.page_statements, (
        f"A page should take at most {limits.page_statements} statements; it took {len(many)}."
    )


def _fewest(app: Any, catalogue: Catalogue, size: int, case: str) -> list[str]:
    """Ask for pages that differ a little from each other, and give the statements of the one that took the fewest.

    Who answers has to get to know its tables first, and others work meanwhile: both make more of them, never fewer.
    """
    found: list[list[str]] = []
    for number in range(5):
        query: Json = {"category": f"root-{catalogue.mark}", "per_page": size, "max_price": f"99999.{90 + number}"}
        if case == "filtered":
            query |= {"search": "e", "sort": "name"}
        with app.statements() as seen:
            answer = catalogue.web.get(f"{API}/products", params=query)
            if seen or answer.status_code != 200:
                found.append([statement.split()[0].upper() for statement in seen])
        expect(answer.status_code, 200, "A page of products is answered 200.")
        wanted = min(size, answer.json()["total"])
        expect(len(answer.json()["items"]), wanted, "The page is as long as it was asked for.")
    return min(found, key=len) if found else []
