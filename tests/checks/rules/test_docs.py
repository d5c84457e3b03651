"""Rules about documents and the API contract."""

import hashlib
import json
from fractions import Fraction
from pathlib import Path

import pytest

from checks.model import Check, State, Verdict
from checks.repository import Repository, open_repository
from checks.rules import docs, docs_contract
from checks.testing import verdict, write_tree

WORDS = "Every figure is computed from the raw rows and reconciles to the cent with what arrived in the file. "
README = f"""# Sales platform

{WORDS * 8}

How it is built: [architecture](docs/architecture.md#the-parts).

```sh
bin/setup
bin/dev
$ bin/test -k one
```
"""
RECORD = """# {title}

- Status: accepted
- Date: 2026-11-20

## Situation

{words}
## Decision

{words}
## Consequences

{words}
"""
RUNBOOK = """# {name}

## Symptoms

{words}
## Checks

```sh
curl -s localhost:8000/readyz
```

## Remedy

{words}
"""
ARCHITECTURE = """# Architecture

## The parts

{words}

```mermaid
flowchart LR
  api --> queue
  queue --> worker
  worker --> db
```
"""
OPENAPI = """\
openapi: 3.1.0
info: {title: T, version: "1"}
paths:
  /api/v1/sources:
    get: &get
      operationId: list
      summary: List
      responses: {"200": {description: ok}}
    post:
      summary: Create
      responses: {"201": {description: ok}, "422": {$ref: "#/components/responses/Invalid"}}
  /api/v1/sources/{id}:
    parameters: [{$ref: "#/components/parameters/Id"}]
    get:
      summary: Show
      responses: {"200": {description: ok}, "404": {$ref: "#/components/responses/Invalid"}}
components:
  parameters: {Id: {name: id, in: path, required: true, schema: {type: integer}}}
  schemas: {Problem: {type: object, example: {$ref: "#/nothing"}}}
  responses:
    Invalid: {description: no, content: {application/problem+json: {schema: {$ref: "#/components/schemas/Problem"}}}}
"""


def record(title: str, words: str = "") -> str:
    return RECORD.format(title=title, words=words or f"{title}: {WORDS * 2}")


def runbook(name: str) -> str:
    return RUNBOOK.format(name=name, words=f"{name}. {WORDS * 2}")


GOOD = {
    "README.md": README,
    "docs/architecture.md": ARCHITECTURE.format(words=WORDS * 9),
    "docs/adr/0000-template.md": record("NNNN"),
    "docs/adr/0001-one.md": record("One"),
    "docs/adr/0002-two.md": record("Two"),
    "docs/runbooks/a.md": runbook("A"),
    "docs/runbooks/b.md": runbook("B"),
    "docs/runbooks/c.md": runbook("C"),
    "docs/runbooks/README.md": "# Runbooks\n",
    "docs/learning-log.md": "".join(f"### 2026-11-{day:02} · m1\n\n{WORDS}\n\n" for day in range(1, 11)),
    "docs/openapi.yaml": OPENAPI,
    "src/app.py": 'router = APIRouter(prefix="/api/v1")\n@router.get("/sources/{n}")\ndef show(): ...\n',
    "bin/setup": "", "bin/dev": "", "bin/test": "",
}  # fmt: skip
RULES: list[Check] = [v for m in (docs, docs_contract) for v in vars(m).values() if isinstance(v, Check)]


def judge(rule: Check, root: Path, files: dict[str, str]) -> Verdict:
    write_tree(root, files)
    for path, text in files.items():
        if path.startswith("bin/") and text != "not executable":
            (root / path).chmod(0o755)
    return verdict(rule, root, {})


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.id)
def test_careful_documents_pass(rule: Check, tmp_path: Path) -> None:
    found = judge(rule, tmp_path, GOOD)
    assert found.state is State.PASS, found.reason


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.id)
def test_an_empty_repository_passes_nothing(rule: Check, tmp_path: Path) -> None:
    assert judge(rule, tmp_path, {"x.txt": ""}).state is State.FAIL


def readme(text: str) -> dict[str, str]:
    return GOOD | {"README.md": text}


def contract(old: str, new: str) -> dict[str, str]:
    assert old in OPENAPI
    return GOOD | {"docs/openapi.yaml": OPENAPI.replace(old, new)}


SETUP, OWN = docs.readme_says_how_to_start, docs.readme_is_the_authors_own
VALID, COVERS = docs_contract.contract_is_valid, docs_contract.contract_covers_the_routes
FAILS: list[tuple[str, Check, dict[str, str]]] = [
    ("a command that is not there", SETUP, readme(README.replace("bin/dev", "bin/start"))),
    ("a command that cannot be executed", SETUP, GOOD | {"bin/dev": "not executable"}),
    ("a target that is not there", SETUP, readme(README.replace("bin/dev", "make run"))),
    ("a script that is not there", SETUP, readme(README.replace("bin/dev", "npm run dev"))),
    ("npm test without a script", SETUP, readme(README.replace("bin/test", "npm test"))),
    ("no command at all", SETUP, readme("# App\n\nRun setup, dev and test.\n")),
    ("commands of another language", SETUP, readme("# App\n```python\nsetup, dev, test\n```\n")),
    ("a placeholder", OWN, readme(README + "\n*Replace this section at the end.*\n")),
    ("TODO", OWN, readme(README + "\nTODO: say more\n")),
    ("few words", OWN, readme("# App\n\n[architecture](docs/architecture.md)\n")),
    ("words in a comment", OWN, readme(f"# App\n<!-- {WORDS * 20}\n -->\n[a](docs/architecture.md)\n")),
    ("no architecture", OWN, readme(f"# App\n\n{WORDS * 20}\n")),
    ("a link to nothing", docs.links_lead_somewhere, readme("# A\n[x](docs/nothing.md)\n")),
    ("a heading that is not there", docs.links_lead_somewhere, readme("# A\n[x](docs/architecture.md#other)\n")),
    ("a heading of its own that is not there", docs.links_lead_somewhere, readme("# A\n[x](#b)\n")),
    ("a definition to nothing", docs.links_lead_somewhere, readme("# A\n[x]\n\n[x]: nothing.md\n")),
    ("an image that is not there", docs.links_lead_somewhere, readme("# A\n![x](a.png)\n")),
    ("no diagram", docs.explains_its_architecture, GOOD | {"docs/architecture.md": f"# A\n{WORDS * 20}\n"}),
    ("an empty diagram", docs.explains_its_architecture,
     GOOD | {"docs/architecture.md": f"# A\n{WORDS * 20}\n```mermaid\n\n\n\n\n```\n"}),
    ("no YAML", VALID, GOOD | {"docs/openapi.yaml": "openapi: ["}),
    ("no OpenAPI", VALID, GOOD | {"docs/openapi.yaml": "a: 1"}),
    ("an old version", VALID, contract("openapi: 3.1.0", "openapi: 3.0.3")),
    ("an unknown version", VALID, contract("openapi: 3.1.0", "openapi: 2.0.0")),
    ("a missing title", VALID, contract("title: T, ", "")),
    ("a reference to nothing", VALID, contract('"404": {$ref: "#/components/responses/Invalid"}', '"404": {$ref: "#/components/responses/X"}')),
    ("a parameter that is not declared", VALID, contract('    parameters: [{$ref: "#/components/parameters/Id"}]\n', "")),
    ("a parameter that is not in the path", VALID, contract("name: id", "name: ident")),
    ("an id that is used twice", VALID, contract("      summary: Create", "      operationId: list\n      summary: Create")),
    ("a schema that is none", VALID, contract("type: object", "type: thing")),
    ("a key twice", VALID, contract("      summary: Create", "      summary: Create\n      summary: Again")),
    ("a value with a tag", VALID, contract("title: T", "title: !x T")),
    ("next to nothing", VALID, GOOD | {"docs/openapi.yaml": "openapi: 3.1.0\ninfo: {title: T, version: '1'}\npaths: {}\n"}),
    ("no operation", COVERS, GOOD | {"docs/openapi.yaml": "openapi: 3.1.0\ninfo: {title: T, version: '1'}\npaths: {}\n"}),
]  # fmt: skip


@pytest.mark.parametrize(("rule", "files"), [(r, f) for _, r, f in FAILS], ids=[name for name, _, _ in FAILS])
def test_this_fails(rule: Check, files: dict[str, str], tmp_path: Path) -> None:
    found = judge(rule, tmp_path, files)
    assert found.state is State.FAIL, found.reason


PARTS: list[tuple[str, Check, dict[str, str], Fraction]] = [
    ("two of three commands", SETUP, readme("# A\n```sh\nbin/setup\nbin/test\n```\n"), Fraction(2, 3)),
    ("one record", docs.records_its_decisions, {k: v for k, v in GOOD.items() if "0002" not in k}, Fraction(1, 2)),
    ("one record twice", docs.records_its_decisions,
     GOOD | {"docs/adr/0002-two.md": GOOD["docs/adr/0001-one.md"].replace("# One", "# Two")}, Fraction(1, 2)),
    ("a record without a decision", docs.records_its_decisions, GOOD | {"docs/adr/0002-two.md": record("T").replace("## Decision", "## X")}, Fraction(1, 2)),
    ("a record without a status", docs.records_its_decisions, GOOD | {"docs/adr/0002-two.md": record("T").replace("- Status: accepted", "")}, Fraction(1, 2)),
    ("a record with all statuses", docs.records_its_decisions,
     GOOD | {"docs/adr/0002-two.md": record("T").replace("accepted", "accepted | proposed")}, Fraction(1, 2)),
    ("a record without a date", docs.records_its_decisions, GOOD | {"docs/adr/0002-two.md": record("T").replace("2026-11-20", "YYYY-MM-DD")}, Fraction(1, 2)),
    ("a record in the template's words", docs.records_its_decisions,
     GOOD | {"docs/adr/0002-two.md": GOOD["docs/adr/0000-template.md"]}, Fraction(1, 2)),
    ("a record of few words", docs.records_its_decisions, GOOD | {"docs/adr/0002-two.md": record("T", "Because so.\n\n")}, Fraction(1, 2)),
    ("two runbooks", docs.has_runbooks, {k: v for k, v in GOOD.items() if not k.endswith("c.md")}, Fraction(2, 3)),
    ("one runbook three times", docs.has_runbooks,
     GOOD | dict.fromkeys(("docs/runbooks/b.md", "docs/runbooks/c.md"), runbook("A")), Fraction(1, 3)),
    ("a runbook of a few lines", docs.has_runbooks, GOOD | {"docs/runbooks/c.md": "# C\n## A\n## B\nCall somebody.\n"}, Fraction(2, 3)),
    ("a runbook without sections", docs.has_runbooks, GOOD | {"docs/runbooks/c.md": f"# C\n{WORDS * 9}"}, Fraction(2, 3)),
    ("a runbook without a command", docs.has_runbooks,
     GOOD | {"docs/runbooks/c.md": f"# C\n## A\n{WORDS * 5}\n## B\n{WORDS}\n"}, Fraction(2, 3)),
    ("a runbook with a placeholder", docs.has_runbooks, GOOD | {"docs/runbooks/c.md": runbook("C") + "TODO\n"}, Fraction(2, 3)),
    ("a diagram without text", docs.explains_its_architecture,
     GOOD | {"docs/architecture.md": ARCHITECTURE.format(words="Short.")}, Fraction(1, 2)),
    ("five days", docs.keeps_a_learning_log, GOOD | {"docs/learning-log.md": "".join(
        f"### 2026-11-{day:02}\n{WORDS}\n" for day in range(1, 6)) + "### 2026-11-09\nshort\n### 2026-11-05\n" + WORDS}, Fraction(1, 2)),
    ("a route that is not told", COVERS, GOOD | {"src/more.py": '@app.get("/api/v1/secret")\ndef f(): ...\n'}, Fraction(4, 5)),
    ("a method that is not told", COVERS, GOOD | {"src/more.py": '@app.delete("/api/v1/sources")\ndef f(): ...\n'}, Fraction(4, 5)),
    ("an operation without a summary", COVERS, contract("      summary: Show\n", ""), Fraction(3, 4)),
    ("an operation without success", COVERS, contract('"201": {description: ok}, ', ""), Fraction(3, 4)),
    ("an operation without an error", COVERS, contract(', "422": {$ref: "#/components/responses/Invalid"}', ""), Fraction(3, 4)),
]  # fmt: skip


@pytest.mark.parametrize(("rule", "files", "credit"), [p[1:] for p in PARTS], ids=[p[0] for p in PARTS])
def test_this_earns_a_part(rule: Check, files: dict[str, str], credit: Fraction, tmp_path: Path) -> None:
    found = judge(rule, tmp_path, files)
    assert found.credit == credit, found.reason


def rails(routes: str, *, api: bool = True, served: str = "") -> dict[str, str]:
    """A Rails application with a contract of three operations; `served` is the base of its server's URL."""
    told = OPENAPI.replace("paths:", f"servers: [{{url: 'https://shop.example{served}'}}]\npaths:", 1)
    return {path: text for path, text in GOOD.items() if path != "src/app.py"} | {
        "config/routes.rb": f"Rails.application.routes.draw do\n{routes}\nend\n",
        "config/application.rb": "config.api_only = true\n" if api else "",
        "docs/openapi.yaml": told if not served else told.replace("  /api/v1/", "  /"),
    }


SOURCES = "namespace :api do\n  namespace :v1 do\n    resources :sources, only: %i[index create show]\n  end\nend\n"
RAILS_TOLD = {
    "resources": rails(SOURCES),
    "below a base": rails(SOURCES, served="/api/v1"),
    "what is mounted and what catches the rest": rails(SOURCES + "mount Web => '/jobs'\nmatch '*all', to: 'e#x', via: :all"),
    "operations": rails(SOURCES + "get 'up' => 'rails/health#show'\nroot to: 'a#b'"),
    "an optional part": rails("get '/api/v1/sources(.:format)', to: 's#index'"),
    "pages beside the API": rails(SOURCES + "get 'login', to: 'a#b'", api=False),
}  # fmt: skip
RAILS_HIDDEN = {
    "a path of its own": rails(SOURCES + "get 'cart/total', to: 'c#t'"),
    "a member": rails(SOURCES.replace("show]", "show] do\n get :x, on: :member\nend")),
    "the end of a path that is told": rails(SOURCES + "get 'sources', to: 's#i'"),
    "more than is told": rails(SOURCES.replace("show]", "show destroy]")),
    "by a concern": rails("concern(:old) { post :old }\n" + SOURCES.replace("show]", "show], concerns: :old")),
    "below a base": rails(SOURCES + "get 'api/v1/x', to: 's#i'", served="/api/v1"),
}  # fmt: skip


@pytest.mark.parametrize("files", RAILS_TOLD.values(), ids=RAILS_TOLD)
def test_the_routes_of_rails_that_are_told_pass(files: dict[str, str], tmp_path: Path) -> None:
    found = judge(COVERS, tmp_path, files)
    assert found.state is State.PASS, found.reason


@pytest.mark.parametrize("files", RAILS_HIDDEN.values(), ids=RAILS_HIDDEN)
def test_a_route_of_rails_that_is_not_told_is_named(files: dict[str, str], tmp_path: Path) -> None:
    found = judge(COVERS, tmp_path, files)
    assert found.state is State.PARTIAL
    assert {str(at).partition(":")[0] for at in found.locations} == {"config/routes.rb"}


def test_an_update_of_rails_answers_put_and_patch(tmp_path: Path) -> None:
    put = "    put:\n      summary: Write\n      responses: {'200': {description: ok}, '404': {$ref: '#/components/responses/Invalid'}}\n"
    files = rails(SOURCES.replace("show]", "show update]"))
    files["docs/openapi.yaml"] = files["docs/openapi.yaml"].replace("components:\n", put + "components:\n", 1)
    found = judge(COVERS, tmp_path, files)
    assert found.state is State.PASS, found.reason


PASSES: list[tuple[str, Check, dict[str, str]]] = [
    ("targets and scripts", SETUP, readme("# A\n```sh\nmake setup\nnpm run dev\nnpm test\n```\n")
     | {"Makefile": "setup: x\n\ty\n", "package.json": json.dumps({"scripts": {"dev": "a", "test": "b"}})}),
    ("programs that are not ours", SETUP, readme("# A\n```\nA=1\npip install -e .\nuvicorn app:app\npytest\n```\n")),
    ("links of all kinds", docs.links_lead_somewhere, readme(
        "# A b\n## A b\n[a](#a-b) [b](#a-b-1) [c](docs/) [d](/docs/adr/0001-one.md) [e](https://x.y) [f](../../actions)"
        " [g](<docs/architecture.md>) [h](src/app.py#L3) [i](mailto:a@b) `[j](nothing.md)` [k](#own)\n<a id=\"own\"></a>\n"
        "```\n[l](nothing.md)\n```\n")),
    ("a section about the status", docs.records_its_decisions,
     GOOD | {"docs/adr/0002-two.md": record("T").replace("- Status: accepted", "") + "## Status\n\nAccepted, and in use.\n"}),
    ("an image", docs.explains_its_architecture,
     GOOD | {"docs/architecture.md": f"# A\n![parts](parts.svg)\n{WORDS * 9}\n", "docs/parts.svg": ""}),
    ("a contract in JSON", VALID, GOOD | {"docs/openapi.yaml": "", "openapi.json": json.dumps({
        "openapi": "3.1.0", "info": {"title": "T", "version": "1"},
        "paths": {f"/{n}": {"get": {"responses": {"200": {"description": "x"}}}} for n in range(3)}})}),
    ("the token of another process", COVERS, GOOD | {"src/urls.py": 'p = [path("api/token/", view), path("admin/", x)]\n'}),
]  # fmt: skip


@pytest.mark.parametrize(("rule", "files"), [(r, f) for _, r, f in PASSES], ids=[name for name, _, _ in PASSES])
def test_this_passes(rule: Check, files: dict[str, str], tmp_path: Path) -> None:
    files = {path: text for path, text in files.items() if text or not path.endswith(".yaml")}
    found = judge(rule, tmp_path, files)
    assert found.state is State.PASS, found.reason


def scaffolded(root: Path, files: dict[str, str], *made: str) -> Repository:
    """A repository whose lock file says that `made` came from the template as they are in `files`."""
    listed = {path: {"sha256": hashlib.sha256(files[path].encode()).hexdigest(), "owner": "seed"} for path in made}
    lock = {"project": "project2", "template_version": "1", "files": listed}
    write_tree(root, files | {".scaffold/lock.json": json.dumps(lock)})
    return open_repository(root)


def test_the_readme_of_the_template_earns_nothing(tmp_path: Path) -> None:
    scaffolded(tmp_path, GOOD, "README.md")
    found = verdict(OWN, tmp_path, {})
    assert found.reason == "The README is the template's, word for word."


def test_a_line_less_is_not_a_readme_of_ones_own(tmp_path: Path) -> None:
    scaffolded(tmp_path, GOOD, "README.md")
    verdict(OWN, tmp_path, {}, git=True)  # the first commit holds the template's README
    write_tree(tmp_path, {"README.md": README.replace("# Sales platform", "# My platform")})
    found = verdict(OWN, tmp_path, {})
    assert (found.state, found.actual) == (State.FAIL, "0 words")


def test_the_records_of_the_template_do_not_count_even_when_edited(tmp_path: Path) -> None:
    scaffolded(tmp_path, GOOD, "docs/adr/0001-one.md", "docs/adr/0002-two.md")
    write_tree(tmp_path, {"docs/adr/0002-two.md": record("Edited")})
    assert verdict(docs.records_its_decisions, tmp_path, {}).credit == 0
