from __future__ import annotations

import re

import pytest
from markdown_it import MarkdownIt

from checks.reports.markdown import LIMIT, code, escape, prose, render, render_markdown

from . import samples

ALLOWED_HTML = re.compile(r"</?(details|summary)>")


def tokens(text: str) -> list[object]:
    parser = MarkdownIt("commonmark").enable(["table", "strikethrough"])
    flat = []
    for token in parser.parse(text):
        flat.append(token)
        flat.extend(token.children or [])
    return flat


def test_the_comment_holds_score_steps_milestones_and_findings() -> None:
    text = render(samples.scorecard())
    for part in (
        "## 61.0 % (provisional) · ada-sales-platform", "**61.0 of 100 points**", "Assurance: **self**",
        "1. **+14** Rows and sums reconcile", "| m3 Ingestion | 3 | ███████░░░ | 10.8/14 | 77.7 % |",
        "2 of 6 met.", "(expected `18,204.55`, actual `18,204.53`)", "<details><summary>m10 Ship: 1 of 5 passed",
        "no test reaches this file",
    ):  # fmt: skip
        assert part in text
    assert "(provisional)" not in render(samples.perfect())


def test_a_copy_of_the_reference_is_marked_in_the_block_that_is_never_left_out() -> None:
    assert "**Largely the reference solution: 93.3 %" in render_markdown(samples.copied(), limit=1200)
    assert "argely" not in render(samples.scorecard())


def test_whose_code_it_is_stands_in_a_table_with_the_places_of_the_reference() -> None:
    text = render(samples.scorecard())
    assert "| the reference solution’s | 310 | 0.8 % |" in text
    assert "- `src/data_platform/pipeline/rfm.py:31` 212 tokens" in text
    assert "Whose code" not in render(samples.empty())


def test_prose_keeps_its_code_spans_and_nothing_else() -> None:
    assert prose("Add `USER app`, *stop* at `*a|b*` now") == "Add `USER app`, \\*stop\\* at `*a¦b*` now"
    assert prose("An `open span @ada") == "An \\`open span @\u200bada"


def test_hostile_text_makes_no_link_image_html_or_emphasis() -> None:
    found = tokens(render(samples.hostile()))
    kinds = {token.type for token in found}  # type: ignore[attr-defined]
    assert not kinds & {"link_open", "image", "html_inline", "em_open", "s_open", "fence", "code_block"}
    html = "".join(t.content for t in found if t.type == "html_block")  # type: ignore[attr-defined]
    assert "<" not in re.sub(ALLOWED_HTML, "", html)
    headings = [t for t in found if t.type == "heading_open"]  # type: ignore[attr-defined]
    assert len(headings) == len([t for t in tokens(render(samples.scorecard())) if t.type == "heading_open"])  # type: ignore[attr-defined]


def test_nobody_is_mentioned_and_nothing_is_referenced() -> None:
    shown = "".join(
        t.content
        for t in tokens(render(samples.hostile()))
        if t.type in ("text", "html_block")  # type: ignore[attr-defined]
    )
    assert "octocat" in shown
    for automatic in (r"@\w", r"#\d", r"GH-\d", r"https?://", r"www\."):
        assert not re.search(automatic, shown)


@pytest.mark.parametrize(
    "prefix", ["# ", "- ", "1. ", "> ", "```", "    ", "| a |", "---", "<!-- ", "[x]: /u", "@all "]
)
def test_a_name_cannot_start_a_block(prefix: str) -> None:
    expected = [t.type for t in tokens(render(samples.scorecard(notes=("n",))))]  # type: ignore[attr-defined]
    card = samples.scorecard(notes=(prefix + "n",))
    kinds = {
        "heading_open",
        "fence",
        "blockquote_open",
        "ordered_list_open",
        "table_open",
        "hr",
        "html_block",
        "link_open",
    }
    found = [t.type for t in tokens(render(card))]  # type: ignore[attr-defined]
    for kind in kinds:
        assert found.count(kind) == expected.count(kind), kind


def test_a_code_span_survives_backticks_and_pipes() -> None:
    assert code("a`b``c|d") == "```a`b``c¦d```"
    assert code("`x`") == "`` `x` ``"
    assert code("") == "`  `"


def test_escaped_text_reads_as_it_was() -> None:
    raw = "a*b_c [d](e) <f> & #1 `g` ~h~ |i| $j$ \\k"
    inline = tokens(escape(raw))
    shown = "".join(t.content for t in inline if t.type in ("text", "text_special"))  # type: ignore[attr-defined]
    assert shown.replace("\u200b", "") == raw


def test_whole_blocks_are_left_out_until_the_text_fits() -> None:
    card = samples.hostile()
    full = render_markdown(card, limit=10**9)
    for limit in (60_000, 20_000, 8_000, 3_000):
        text = render_markdown(card, limit=limit)
        assert len(text) <= limit
        assert text.count("<details>") == text.count("</details>")
        if len(full) > limit:
            assert "left out here to stay within the limit" in text
    assert "_1 part is left out" in render_markdown(card, limit=len(full) - 1)


def test_github_takes_the_comment_of_a_very_large_project() -> None:
    assert len(render(samples.large(2000, 3000))) <= LIMIT < 65_536


def test_a_limit_below_the_score_is_refused() -> None:
    with pytest.raises(ValueError, match="does not hold the score"):
        render_markdown(samples.scorecard(), limit=100)


def test_an_empty_repository_has_a_comment_too() -> None:
    assert render(samples.empty()).startswith("## 0.0 % · nothing")
