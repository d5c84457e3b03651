"""People who want a token: with right and wrong names and passwords, active and not."""

from collections.abc import Callable
from dataclasses import dataclass, field
from functools import partial
from typing import Any

import httpx2
import p2_pages
from p2_files import tag
from p2_platform import Account, submit

from checks.acceptance import parallel


@dataclass
class Logins:
    """Answers to attempts to get a token. The person was made in the admin site, and made inactive there later."""

    person: Account
    made_in_admin: bool = False
    person_active: Any = None
    person_inactive: Any = None
    operator: list[Any] = field(default_factory=list)
    wrong_name: Any = None
    wrong_password: Any = None


def attempt(
    admin: httpx2.Client, ask: Callable[[Account], Any], operator: Account, token_answer: httpx2.Response
) -> Logins:
    """Make a person in the admin site, and ask for tokens with right and wrong names and passwords."""
    found = Logins(Account.new("person"))
    page = _person_added(admin, found.person)
    found.operator = [token_answer, ask(operator)]
    # At the same moment, so that the seconds that they take can be compared.
    wrong = [Account(f"nobody-{tag()}", operator.password), Account(operator.username, f"{operator.password}x")]
    found.wrong_name, found.wrong_password = parallel([partial(ask, account) for account in wrong])
    if page is not None:
        found.made_in_admin = True
        found.person_active = ask(found.person)
        form = p2_pages.read(page.text).form_with("username", "is_active")
        if form is not None:
            submit(admin, page, form, {}, without=("is_active",))
            found.person_inactive = ask(found.person)
    return found


def _person_added(admin: httpx2.Client, person: Account) -> httpx2.Response | None:
    """Fill in the admin site's form for a new user, wherever it is, and give the page that follows."""
    for path in dict.fromkeys(p2_pages.read(admin.get("/admin/").text).paths()):
        if not path.endswith("/add/"):
            continue
        page = admin.get(path)
        form = p2_pages.read(page.text).form_with("username", "password1", "password2")
        if form is not None:
            values = {"username": person.username, "password1": person.password, "password2": person.password}
            after = submit(admin, page, form, values)
            return after if person.username in after.text else None
    return None
