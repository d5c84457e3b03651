from __future__ import annotations

from collections.abc import Iterator
from html.parser import HTMLParser
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest

from checks.model import Scorecard
from checks.reports.html import render
from tests.checks.reports import samples
from tests.support.tools import require_tool

_VOID = {"meta", "link", "input", "br"}


class _Page(HTMLParser):
    """Elements, text and balance of a page."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.elements: list[tuple[str, dict[str, str | None]]] = []
        self.open: list[str] = []
        self.text = ""
        self.feed(text)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append((tag, dict(attrs)))
        if tag not in _VOID:
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        self.text += data


def test_the_page_shows_the_whole_scorecard() -> None:
    page = _Page(render(samples.scorecard()))
    for part in (
        "ada-sales-platform", "61.0 of 100 points", "15 of 17 checks measured, 2 not yet known", "provisional",
        "measured on the author's own machine", "What to do next", "Use Decimal from the first parse on", "+14",
        "3 of 8 complete", "2 of 6 met", "1,306 of 1,489 lines", "44–109, 120–124", "no test reaches this file",
        "excluded by the repository: 60–61", "2 of 9 files are covered completely", "without network",
        "sha256:9a0b7c6d5e4f", "history, not scored", "repair acceptance.m3.ingest first",
    ):  # fmt: skip
        assert part in " ".join(page.text.split()), part
    for finding in samples.scorecard().findings:
        assert finding.id in page.text


@pytest.mark.parametrize("card", [samples.scorecard(), samples.empty(), samples.perfect(), samples.hostile()])
def test_the_markup_is_balanced_ids_are_unique_and_nothing_is_loaded(card: Scorecard) -> None:
    page = _Page(render(card))
    assert page.open == []
    ids = [a["id"] for _, a in page.elements if "id" in a]
    assert len(ids) == len(set(ids))
    names = {tag for tag, _ in page.elements}
    assert not names & {"script", "img", "iframe", "object", "form", "base"}
    for tag, attributes in page.elements:
        assert not any(name.startswith("on") for name in attributes)
        if tag == "a":
            assert (attributes["href"] or "").startswith("#")
            assert (attributes["href"] or "")[1:] in ids
        if tag == "link":
            assert attributes["href"] == "data:,"


def test_a_copy_of_the_reference_is_marked_before_its_score() -> None:
    text = " ".join(_Page(render(samples.copied())).text.split())
    assert text.index("Largely the reference solution: 93.3 %") < text.index("100.0 %", text.index("Skip to"))
    assert "argely" not in render(samples.scorecard())


def test_whose_code_it_is_can_be_read_without_seeing_the_bar() -> None:
    text = " ".join(_Page(render(samples.scorecard())).text.split())
    for part in ("the untouched starter12,34133.7 %", "the reference solution’s3100.8 %", "rfm.py:3121259040"):
        assert part in text
    assert "Whose code" not in render(samples.empty())


def test_hostile_text_is_only_text() -> None:
    hostile, realistic = _Page(render(samples.hostile())), _Page(render(samples.scorecard()))
    assert {tag for tag, _ in hostile.elements} == {tag for tag, _ in realistic.elements}
    assert "<script>alert(1)</script>" in hostile.text
    assert "{{ 7 * 7 }}" in hostile.text
    for bad in ("\x1b", "\x00", "\u202e", "\u200b"):
        assert bad not in hostile.text


def test_headings_do_not_skip_a_level() -> None:
    levels = [int(tag[1]) for tag, _ in _Page(render(samples.scorecard())).elements if tag in ("h1", "h2", "h3", "h4")]
    assert levels.count(1) == 1
    assert levels[0] == 1
    assert all(after <= before + 1 for before, after in pairwise(levels))


def test_a_very_large_project_makes_a_page_of_bearable_size() -> None:
    text = render(samples.large())
    assert len(text) < 1_000_000
    assert "19,750 more such files are only in the JSON report" in text


def test_steps_beyond_the_first_twelve_are_counted() -> None:
    steps = samples.scorecard().next_steps
    assert "6 more are under findings" in render(samples.scorecard(next_steps=steps * 3))


@pytest.fixture(scope="module")
def browser() -> Iterator[Any]:
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        flags = ["--headless", "--no-sandbox", "--disable-gpu", "--disable-background-networking"]
        installed = require_tool("chromium")
        started = playwright.chromium.launch(executable_path=installed, args=flags)
        yield started
        started.close()


# Every text that can be seen, its colour, the opaque colour behind it and its size; read where the browser painted it.
_CONTRASTS = """() => {
  const rgb = text => text.match(/[\\d.]+/g).map(Number);
  const light = ([r, g, b]) => [r, g, b].map(v => v / 255)
    .map(v => v <= 0.04045 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4)
    .reduce((sum, v, i) => sum + v * [0.2126, 0.7152, 0.0722][i], 0);
  const behind = element => {
    for (let e = element; e; e = e.parentElement) {
      const c = rgb(getComputedStyle(e).backgroundColor);
      if (c.length < 4 || c[3] === 1) return c;
    }
    return [255, 255, 255];
  };
  const found = [];
  const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  while (walker.nextNode()) {
    const element = walker.currentNode.parentElement;
    if (!walker.currentNode.data.trim() || !element.checkVisibility()) continue;
    const a = light(rgb(getComputedStyle(element).color)), b = light(behind(element));
    found.push([(Math.max(a, b) + 0.05) / (Math.min(a, b) + 0.05), walker.currentNode.data.trim().slice(0, 40)]);
  }
  return found;
}"""


@pytest.mark.slow
@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [1280, 390])
@pytest.mark.parametrize("name", ["realistic", "hostile", "empty", "perfect", "copied"])
def test_the_page_holds_in_a_browser(browser: Any, tmp_path: Path, name: str, width: int, scheme: str) -> None:
    cards = {
        "realistic": samples.scorecard,
        "hostile": samples.hostile,
        "empty": samples.empty,
        "perfect": samples.perfect,
        "copied": samples.copied,
    }
    path = tmp_path / "report.html"
    path.write_text(render(cards[name]()), "utf-8")
    messages: list[str] = []
    requests: list[str] = []
    page = browser.new_page(viewport={"width": width, "height": 900}, color_scheme=scheme, reduced_motion="reduce")
    page.on("console", lambda message: messages.append(message.text))
    page.on("pageerror", lambda error: messages.append(str(error)))
    page.on("request", lambda request: requests.append(request.url))
    page.goto(path.as_uri())
    assert messages == []
    assert requests == [path.as_uri()]
    page.evaluate("document.querySelectorAll('details').forEach(d => d.open = true)")
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    assert page.locator("h1").count() == 1
    assert page.locator("header, nav, main").count() == 3
    for table in page.locator("table").all():
        assert table.locator("caption").inner_text().strip()
        assert table.locator("th:not([scope])").count() == 0
    contrasts = page.evaluate(_CONTRASTS)
    assert len(contrasts) > 10
    assert min(contrasts)[0] >= 4.5, min(contrasts)
    page.close()


@pytest.mark.slow
def test_the_filter_works_without_a_script_and_by_keyboard(browser: Any, tmp_path: Path) -> None:
    path = tmp_path / "report.html"
    path.write_text(render(samples.scorecard()), "utf-8")
    context = browser.new_context(java_script_enabled=False)
    page = context.new_page()
    page.goto(path.as_uri())
    assert page.locator("details:visible").count() == 9
    page.locator("#kind-all").focus()
    page.keyboard.press("ArrowRight")
    page.keyboard.press("ArrowRight")
    assert page.locator("#kind-unknown").is_checked()
    assert page.locator(".finding:visible h4").all_inner_texts() == [
        "Production deploys pass through an environment", "The image builds",
    ]  # fmt: skip
    assert page.locator("details:visible").count() == 1
    context.close()


@pytest.mark.slow
def test_the_first_tab_stop_skips_to_the_score_and_is_seen(browser: Any, tmp_path: Path) -> None:
    path = tmp_path / "report.html"
    path.write_text(render(samples.scorecard()), "utf-8")
    page = browser.new_page(viewport={"width": 1280, "height": 900})
    page.goto(path.as_uri())
    page.keyboard.press("Tab")
    box = page.evaluate(
        "(() => { const b = document.activeElement.getBoundingClientRect(); return [b.top, b.left]; })()"
    )
    assert page.evaluate("document.activeElement.className") == "skip"
    assert min(box) >= 0
    assert page.evaluate("getComputedStyle(document.activeElement).outlineStyle") == "solid"
    page.keyboard.press("Enter")
    assert page.evaluate("document.activeElement.id") == "main"
    page.close()


@pytest.mark.slow
def test_closed_parts_are_printed_too(browser: Any, tmp_path: Path) -> None:
    path = tmp_path / "report.html"
    path.write_text(render(samples.scorecard()), "utf-8")
    page = browser.new_page()
    page.goto(path.as_uri())
    finding = page.get_by_text("4 of 4 processes answered in 3.1 s")
    hidden = "e => e.checkVisibility({contentVisibilityAuto: true}) && e.getBoundingClientRect().height > 0"
    assert not finding.evaluate(hidden)
    page.emulate_media(media="print")
    assert finding.evaluate(hidden)
    page.close()
