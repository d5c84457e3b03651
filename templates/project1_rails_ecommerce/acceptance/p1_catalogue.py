"""A data set of products in a tree of categories, and what each question about it must be answered."""

import math
import random
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from decimal import Decimal
from functools import cached_property
from typing import Any

import httpx2
from p1_answers import API, Json
from p1_shop import Shop, tag

from checks.acceptance import expect

PRODUCTS = 120
WORDS = ("Birds", "alpine", "Field", "guide", "NORTH", "lens", "Óptic", "pocket")
ODD = ("100% wool", "snake_case", "back\\slash", "plain")
TAGS = ("birds", "outdoor", "sale", "new")
PRICES = ("0.01", "9.99", "10.00", "10.01", "19.90", "99.00", "100.00", "99999.99")
RATINGS = ("0.00", "3.33", "4.50", "5.00")

Key = Callable[[Json], tuple[Any, ...]]
SORTS: dict[str, Key] = {
    "created_at": lambda p: (p["created_at"],),
    "price": lambda p: (Decimal(p["price"]),),
    "name": lambda p: (p["name"].lower().encode(),),
    "average_rating": lambda p: (Decimal(p["average_rating"]),),
}


def words(text: str) -> Callable[[Json], bool]:
    """Say whether each word occurs in name, description or sku, ignoring case."""

    def matches(product: Json) -> bool:
        texts = [product[name].lower() for name in ("name", "description", "sku")]
        return all(any(word.lower() in one for one in texts) for word in text.split())

    return matches


@dataclass
class Catalogue:
    """The products as they were made, by id, and the categories by a short name."""

    web: httpx2.Client
    other: httpx2.Client
    mark: str
    categories: dict[str, Json]
    products: dict[int, Json]

    def inside(self, *names: str) -> set[int]:
        """Give the ids of these categories."""
        return {self.categories[name]["id"] for name in names}

    @cached_property
    def active(self) -> list[Json]:
        """The products that can be seen."""
        return [product for product in self.products.values() if product["active"]]

    def expected(self, condition: Callable[[Json], bool], sort: str = "-created_at") -> list[int]:
        """Give the ids of the active products that meet a condition, sorted; ties by id."""
        found = sorted((p for p in self.active if condition(p)), key=lambda p: p["id"])
        found.sort(key=SORTS[sort.lstrip("-")], reverse=sort.startswith("-"))  # stable, also when reversed
        return [product["id"] for product in found]

    def ask_all(self, questions: dict[str, tuple[Json, int]]) -> dict[str, Future[list[int]]]:
        """Read the pages of many questions, each with its size of page, some at a time, at two processes."""
        with ThreadPoolExecutor(2) as pool:
            return {
                name: pool.submit(self.listed, query, size, (self.web, self.other)[number % 2])
                for number, (name, (query, size)) in enumerate(questions.items())
            }

    def listed(self, query: Json, per_page: int = 100, client: httpx2.Client | None = None) -> list[int]:
        """Read all pages of a question and give the ids of this data set's products in them, as they came."""
        found: list[int] = []
        total, page = 1, 1
        while page <= max(1, math.ceil(total / per_page)):
            answer = (client or self.web).get(f"{API}/products", params={**query, "per_page": per_page, "page": page})
            expect(answer.status_code, 200, "A page of products is answered 200.")
            body = answer.json()
            if page > 1:
                expect(body["total"], total, "`total` is the same on every page.")
            total = body["total"]
            size = min(per_page, total - (page - 1) * per_page)
            shown = (body["page"], body["per_page"], len(body["items"]))
            expect(shown, (page, per_page, max(size, 0)), "A page says which it is, and is full but the last.")
            found += [item["id"] for item in body["items"]]
            page += 1
        expect(len(found), len(set(found)), "No product comes twice over all pages.")
        return [id_ for id_ in found if id_ in self.products]


def make(app: Any, shop: Shop, other: httpx2.Client) -> Catalogue:
    """Make the data set through the API; its ratings and times of creation are put into the table."""
    mark = tag()
    parents = {"root": None, "a": "root", "a1": "a", "b": "root", "hidden": "b", "below": "hidden"}
    categories: dict[str, Json] = {}
    for name, parent in parents.items():
        fields = {"parent_id": categories[parent]["id"]} if parent else {}
        categories[name] = shop.new_category(name=f"{name} {mark}", slug=f"{name}-{mark}", **fields)
    hidden = shop.admin.patch(f"categories/{categories['hidden']['id']}", {"active": False})
    expect(hidden.status_code, 200, "A category is made inactive.")
    chance = random.Random(20_260_301)
    made = shop.products([_fields(chance, mark, categories, number) for number in range(PRODUCTS)])
    ids = sorted(product["id"] for product in made)
    app.sql(
        "update products set average_rating = (%(ratings)s::numeric[])[1 + id %% 4],"
        " created_at = timestamp '2026-01-01' + (id %% 20) * interval '1 hour' where id = any(%(ids)s)",
        ratings=list(RATINGS), ids=ids,
    )  # fmt: skip
    # One more through the API: whoever has cached lists by now has to drop them.
    made += shop.products([_fields(chance, mark, categories, PRODUCTS)])
    return Catalogue(shop.client, other, mark, categories, {p["id"]: p | _shown(app, p) for p in made})


def _fields(chance: random.Random, mark: str, categories: dict[str, Json], number: int) -> Json:
    name = " ".join(chance.sample(WORDS, 2))
    return {
        "name": chance.choice((name, name.lower(), name.upper())),
        "slug": f"{mark}-{number}",
        "sku": f"{chance.choice(('FG', 'bn'))}-{mark}.{number}",
        "description": f"{chance.choice(WORDS)}, {chance.choice(ODD)}",
        "price": chance.choice(PRICES),
        "category_id": categories[chance.choice(("root", "a", "a", "a1", "b", "below"))]["id"],
        "tags": chance.sample(TAGS, chance.randint(0, 3)),
        "active": number % 12 != 5,
        "stock_quantity": chance.randint(0, 50),
    }


def _shown(app: Any, product: Json) -> Json:
    """Give what was put into the table: it counts for the order of the list."""
    rows = app.sql("select created_at, average_rating from products where id = %(id)s", id=product["id"])
    (created, rating) = rows[0]
    return {"created_at": created, "average_rating": str(rating)}
