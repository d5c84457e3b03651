"""Documents and contracts as evidence: what is read of them, and what hostile ones do."""

import socket
import threading
from pathlib import Path

import pytest

from checks.evidence import contracts, documents
from checks.testing import repository


def test_a_document_is_read_into_sections() -> None:
    text = (
        "before\n# One `two`\nthree four\n\n1. step\n```sh\n# no heading\nls\n```\n## Sub\nStatus: accepted\n~~~\nopen"
    )
    file = documents.parse("a.md", text)
    assert [(s.level, s.title, s.line) for s in file.sections] == [(0, "", 1), (1, "One `two`", 2), (2, "Sub", 10)]
    assert (file.title, file.sections[1].steps, file.fields) == ("One `two`", 1, (("status", "accepted"),))
    assert [(c.language, c.text, c.line) for c in file.codes] == [("sh", "# no heading\nls", 6), ("", "open", 12)]
    assert file.words == sum(s.words for s in file.sections) == 6


def test_words_of_a_template_are_not_ones_own() -> None:
    template = documents.parse("a.md", "# T\nwhat the template says\n")
    own = documents.parse("a.md", "# T\nwhat the template says\nand my words\n")
    assert (own.own_words(template), own.own_words(None)) == (3, 7)


def test_a_section_holds_its_subsections() -> None:
    import re

    file = documents.parse("a.md", "# A\n## B\none two\n### C\nthree\n## D\nfour\n")
    assert file.body(re.compile("B")) == 3
    assert file.body(re.compile("X")) is None


def test_comments_are_no_text() -> None:
    file = documents.parse("a.md", "one <!-- TODO\nTODO --> two <!-- a --> three\n")
    assert (file.words, file.placeholders) == (3, ())


def test_hostile_documents_are_read_in_time(tmp_path: Path) -> None:
    files = {
        "a.md": "[" * 200_000 + "](" * 50_000,
        "b.md": b"\xff\xfe\x00# x",
        "c.md": b"# " * (1 << 20),
        "d.md": "`" * 100_000 + "\n" + "<!--" * 50_000,
        "e.md": "#" * 200_000 + "\n" + "# a" + " " * 100_000 + "b\n",
    }
    found = documents.collect(repository(tmp_path, files))
    assert len(found.files) == 5
    assert found.document("c.md") == documents.Markdown("c.md", ())
    assert found.document("x.md") is None


@pytest.mark.parametrize("content", ["{", "[]", '{"scripts": []}', "[" * 5000])
def test_a_package_json_that_is_none_has_no_scripts(content: str, tmp_path: Path) -> None:
    assert documents.collect(repository(tmp_path, {"package.json": content})).scripts == frozenset()


def test_targets_are_read_from_the_makefile(tmp_path: Path) -> None:
    found = documents.collect(repository(tmp_path, {"Makefile": "A := 1\nsetup: x y\n\tz\n.PHONY: setup\ntest:\n"}))
    assert found.targets >= {"setup", "test"}
    assert "A" not in found.targets


def parse(text: str) -> contracts.Contract:
    return contracts.parse("openapi.yaml", text)


HEAD = "openapi: 3.1.0\ninfo: {title: T, version: '1'}\n"


def test_a_schema_that_names_a_server_is_not_fetched() -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        server.settimeout(0.3)
        asked: list[object] = []

        def wait() -> None:
            try:
                asked.append(server.accept())
            except TimeoutError:
                return

        thread = threading.Thread(target=wait)
        thread.start()
        port = server.getsockname()[1]
        found = parse(
            HEAD
            + f"components: {{schemas: {{A: {{$schema: 'http://127.0.0.1:{port}/a', $ref: 'http://127.0.0.1:{port}/b'}}}}}}\n"
        )
        thread.join()
    assert asked == []
    assert found.problems == ()


def test_references_that_run_in_circles_end() -> None:
    found = parse(
        HEAD
        + "paths:\n  /a:\n    get:\n      parameters: [{$ref: '#/components/parameters/A'}, {$ref: '#/paths/~1a/get/parameters/0'}]\n"
        "      responses: {'200': {$ref: '#/components/responses/A'}}\n"
        "components:\n  parameters: {A: {$ref: '#/components/parameters/A'}}\n  responses: {A: {$ref: '#/components/responses/A'}}\n"
    )
    assert [o.path for o in found.operations] == ["/a"]


def test_paths_that_are_no_mappings_have_no_operations() -> None:
    found = parse(HEAD + "paths: {/a: text, /b: {get: text, post: {responses: text}}}\n")
    assert [(o.path, o.responses) for o in found.operations] == [("/b", ())]
    assert found.problems


def test_problems_know_their_lines() -> None:
    found = parse(HEAD + "servers:\n  - url: /\n  - {}\npaths: {}\n")
    assert [p.line for p in found.problems] == [5]


def test_a_flood_of_problems_is_cut() -> None:
    text = HEAD + "servers:\n" + "  - {}\n" * 500 + "paths: {}\n"
    assert len(parse(text).problems) == contracts.MAX_PROBLEMS


def test_contracts_of_tests_are_left_out_and_the_nearest_comes_first(tmp_path: Path) -> None:
    files = {
        "docs/openapi.yaml": HEAD + "paths: {}\n",
        "openapi.yml": b"#" * (2 << 20),
        "tests/openapi.yaml": "",
        "other.yaml": "",
    }
    found = contracts.collect(repository(tmp_path, files))
    assert [f.path for f in found.files] == ["openapi.yml", "docs/openapi.yaml"]
    assert found.files[0].problems
