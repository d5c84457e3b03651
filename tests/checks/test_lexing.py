"""What is a token of the comparison, and what is not."""

from __future__ import annotations

import io
import keyword
import tokenize
from pathlib import Path

import pytest

from checks import lexing
from checks.lexing import line, stream
from tests.support.disguise import reformatted, renamed, undocumented

SOURCES = sorted((Path(lexing.__file__).parent / "evidence").glob("*.py"))
CODE = '''"""A module."""

from x import (a,
               b)


def f(first: int, second="one" "two") -> int:  # note
    """Document it."""
    if not (first and
            second[0x1F]):
        return first + 1_000
    return call(first, (second), key=[1, 2,])
'''
DISGUISED = """# a comment
import b; import a

def g(x: float, y = 'three'):
    if not (x and y[0x1f]):
        return x + 1000
    return h(x, y, z=[
        1,
        2
    ])
"""


def test_names_strings_format_comments_and_imports_make_no_difference() -> None:
    assert stream(CODE.replace(" -> int", ""), ".py") == stream(DISGUISED, ".py")


@pytest.mark.parametrize(
    "other",
    ["a = b - c", "a += b + c", "a = b + 1", "a = b + None", "a = b(c)", "a = b[c]", "a = lambda b: c", "a = b + c + d",
     "a = (b, c)", 'a = b + "c"'],
)  # fmt: skip
def test_another_operator_keyword_number_or_shape_is_another_stream(other: str) -> None:
    assert stream(other, ".py") != stream("a = b + c", ".py")


@pytest.mark.parametrize("path", SOURCES, ids=lambda p: p.name)
def test_keywords_and_names_are_those_of_pythons_own_tokenizer(path: Path) -> None:
    text = path.read_text(encoding="utf-8")
    found = [t for t in lexing._python().findall(text) if t.isidentifier()]
    assert found == _names(text)


def _names(text: str) -> list[str]:
    """Names outside imports and outside f-strings, by `tokenize`."""
    names: list[str] = []
    depth, importing, fresh = 0, False, True
    for token in tokenize.generate_tokens(io.StringIO(text).readline):
        kind = tokenize.tok_name[token.type]
        if kind.startswith("FSTRING"):
            depth += {"FSTRING_START": 1, "FSTRING_END": -1}.get(kind, 0)
        elif kind == "NEWLINE":
            importing, fresh = False, True
        elif kind not in ("NL", "COMMENT", "INDENT", "DEDENT"):
            importing = importing or (fresh and token.string in ("import", "from"))
            fresh = False
            if kind == "NAME" and not importing and not depth:
                names.append(token.string)
    return names


@pytest.mark.parametrize("path", SOURCES[1:9], ids=lambda p: p.name)
def test_real_code_is_the_same_after_renaming_and_nearly_so_after_reformatting(path: Path) -> None:
    files = {"a.py": path.read_text(encoding="utf-8")}
    before = stream(files["a.py"], ".py")
    assert stream(renamed(files)["a.py"], ".py") == before
    for width in (60, 160):
        assert stream(reformatted(files, width=width)["a.py"], ".py") == before
    assert abs(len(stream(undocumented(files)["a.py"], ".py")) - len(before)) < len(before) / 50


def test_a_string_in_an_f_string_hides_nothing_of_what_follows() -> None:
    hidden = "x = f\"{'''\"'''}\"\ndef f(): return 1\n"
    assert len(stream(hidden, ".py")) == len(stream("x = f''\ndef f(): return 1\n", ".py"))


def test_docstrings_are_no_tokens_wherever_they_stand() -> None:
    plain = "class A:\n    def f(self):\n        return 1\n"
    documented = '"""M."""\n\n\nclass A:  # c\n\n    r"""C."""\n\n    def f(self):\n        \'\'\'F "" f.\n\n        \'\'\'\n        return 1\n'
    assert stream(documented, ".py") == stream(plain, ".py")


@pytest.mark.parametrize("keyword_", keyword.kwlist)
def test_every_keyword_stands_for_itself(keyword_: str) -> None:
    assert stream(f"x {keyword_} ", ".py") != stream("x y ", ".py") or keyword_ in ("import", "from")


def test_the_line_of_a_token_is_found() -> None:
    count = len(stream(CODE, ".py")) // lexing.WIDTH
    assert line(CODE, ".py", 0) == 7
    assert line(CODE, ".py", count - 1) == 12
    with pytest.raises(IndexError):
        line(CODE, ".py", count)
    assert line("// c\nlet a = 1;\n", ".js", 0) == 2


HOSTILE = [
    '\\"""\n',
    "'''",
    '"' + '\\"' * 9,
    "f\"{'\"'}",
    'f"{',
    "{'a'",
    ",#\n",
    "import (",
    "from a ",
    ":\n",
    "\\\n",
    "(",
    "é",
    "\0",
]


@pytest.mark.parametrize("piece", [*HOSTILE, *(f"'{piece}" for piece in HOSTILE)], ids=repr)
def test_a_quarter_of_a_megabyte_of_anything_is_read_once(piece: str) -> None:
    stream(piece * ((1 << 18) // len(piece)), ".py")
    stream('"' + piece * ((1 << 18) // len(piece)), ".py")


@pytest.mark.parametrize(
    ("suffix", "one", "other"),
    [
        (".rb", "require 'a'\ndef sum(a, b)\n  @c ||= a[:k] + \"#{b}\" # c\nend\n", "def add x, y\n  @z ||= x[:n] + 'b'\nend\n"),
        (".js", "// c\nimport a from 'b'\nconst f = (a, b) => { return a.x + `y${b}` };", "const g = (x, y) => {\n  return x.k + 'z'\n}\n"),
        (".ts", "let a: number = f<string>(1_000)", "let b: string = g<number>( 1000 );"),
        (".tsx", "const a = <p>one</p>;", "const b = <q>two three</q>"),
    ],
)  # fmt: skip
def test_other_languages_are_seen_through_by_their_parsers(suffix: str, one: str, other: str) -> None:
    pytest.importorskip("tree_sitter")
    assert stream(one, suffix)
    assert stream(one.replace("require 'a'\n", ""), suffix) == stream(other, suffix)


def test_an_unknown_language_is_refused() -> None:
    with pytest.raises(ValueError, match=r"no grammar for \.cob"):
        stream("", ".cob")
