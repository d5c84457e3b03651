from __future__ import annotations

import re
import runpy
import sys
from pathlib import Path

import pytest
from defusedxml import ElementTree

from checks.reports import render

from . import samples

TOOL = Path(__file__).parents[3] / "tools/picture.py"


@pytest.mark.parametrize("card", [samples.scorecard(), samples.hostile()], ids=["realistic", "hostile"])
def test_the_picture_is_an_svg_that_loads_nothing(
    card: object, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    document, picture = tmp_path / "scorecard.json", tmp_path / "images/scorecard.svg"
    document.write_text(render("json", card), "utf-8")  # type: ignore[arg-type]
    monkeypatch.setattr(sys, "argv", ["picture.py", str(document), str(picture)])
    runpy.run_path(str(TOOL), run_name="__main__")
    root = ElementTree.fromstring(picture.read_text("utf-8"))
    assert {e.tag.rpartition("}")[2] for e in root.iter()} == {
        "svg", "title", "style", "defs", "clipPath", "rect", "g", "text",
    }  # fmt: skip
    assert not re.search(r"url\((?!#)|@import|@font-face", picture.read_text("utf-8"))
    assert "61.0" in "".join(root.itertext())
    assert (root.get("aria-label") or "").startswith("The terminal report of ada-sales-platform")
