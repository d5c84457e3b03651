"""Paragraphs and columns: nothing is wider than it may be, and nothing but the cut text is lost."""

from __future__ import annotations

import pytest

from checks.reports._layout import Block, Column, Stack, Table, Text, cells, printed


def drawn(block: Block, width: int) -> list[str]:
    return ["".join(text for text, _ in line).rstrip() for line in block.lines(width)]


def test_a_paragraph_is_wrapped_at_spaces() -> None:
    assert drawn(Text("one two  three four"), 9) == ["one two", "three", "four"]
    assert drawn(Text("  one two"), 20) == ["  one two"]
    assert drawn(Text(), 5) == [""]


def test_a_word_longer_than_a_line_is_folded_and_loses_nothing() -> None:
    assert drawn(Text("see abcdefghij now"), 4) == ["see", "abcd", "efgh", "ij", "now"]


def test_wide_characters_count_twice_and_combining_ones_not_at_all() -> None:
    assert (cells("日本"), cells("e\u0301"), cells("abc")) == (4, 1, 3)
    assert drawn(Text("日本語日本"), 5) == ["日本", "語日", "本"]


@pytest.mark.parametrize(
    ("text", "shown"), [("abcdef", "abcdef"), ("abcdefg", "abcde…"), ("日本語日", "日本…"), ("abcd efg", "abcd…")]
)
def test_a_cut_text_is_one_line_that_says_so(text: str, shown: str) -> None:
    assert drawn(Text(text, cut=True), 6) == [shown]


def test_a_style_stays_with_its_words_when_they_are_wrapped() -> None:
    lines = Text("one ", "bold").append("two three", "red").lines(8)
    assert lines == [[("one ", "bold"), ("two", "red")], [("three", "red")]]


def test_columns_are_as_wide_as_their_cells_and_share_what_is_left() -> None:
    table = Table(Column(), Column("Name", share=2), Column("Note", share=1), Column("n", right=True))
    table.add(Text("·"), Text("ada lovelace"), Text("x"), Text("7"))
    table.add(Text("·"), Text("b"), Text("yy"), Text("123"))
    assert drawn(table, 22) == [
        "   Name      Note    n",
        "──────────────────────",
        "·  ada       x       7",
        "   lovelace",
        "·  b         yy    123",
    ]


def test_blocks_are_indented_below_each_other() -> None:
    assert drawn(Stack(Text("a b"), Stack(Text("c"), indent=1), indent=2), 4) == ["  a", "  b", "   c"]


def test_a_figure_wider_than_the_page_is_cut_at_its_edge() -> None:
    table = Table(Column(right=True), Column(share=1))
    table.add(Text("9" * 80), Text("points"))
    assert max(len(line) for line in printed(table, 40, color=False).splitlines()) <= 40


def test_styles_become_escape_sequences_only_with_colour() -> None:
    block = Text("ok", "bold green").append(" plain").append("", "red")
    assert printed(block, 60, color=True) == "\n  \x1b[1;32mok\x1b[0m plain\n"
    assert printed(block, 60, color=False) == "\n  ok plain\n"


def test_a_table_without_rows_or_titles_is_nothing() -> None:
    assert drawn(Table(Column(), Column("", share=1)), 40) == []
