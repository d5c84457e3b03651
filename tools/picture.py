"""Draw the README's picture: the terminal report of a scorecard document, as an SVG that loads no font or file.

python tools/picture.py scorecard.json docs/images/scorecard.svg
"""

from __future__ import annotations

import argparse
import io
import re
from pathlib import Path

from rich.console import Console
from rich.terminal_theme import TerminalTheme
from rich.text import Text

from checks.reports.document import loads
from checks.reports.terminal import render_terminal
from checks.reports.text import clean

_THEME = TerminalTheme(
    (16, 23, 29),
    (231, 237, 241),
    [
        (42, 56, 67),
        (255, 143, 133),
        (95, 208, 161),
        (240, 181, 90),
        (134, 185, 245),
        (207, 157, 240),
        (124, 195, 238),
        (231, 237, 241),
    ],
    [
        (101, 117, 130),
        (255, 143, 133),
        (95, 208, 161),
        (240, 181, 90),
        (134, 185, 245),
        (207, 157, 240),
        (124, 195, 238),
        (255, 255, 255),
    ],
)

# The frame around the text; every font is the reader's own.
_FORMAT = """\
<svg class="report" viewBox="0 0 {width} {height}" xmlns="http://www.w3.org/2000/svg" role="img" aria-label="{alt}">
<title>{alt}</title>
<style>
.{unique_id}-matrix {{
  font: {char_height}px ui-monospace, "Cascadia Code", Menlo, Consolas, "DejaVu Sans Mono", monospace;
  line-height: {line_height}px; font-variant-east-asian: full-width;
}}
{styles}
</style>
<defs>
<clipPath id="{unique_id}-clip-terminal">
<rect x="0" y="0" width="{terminal_width}" height="{terminal_height}"/>
</clipPath>
{lines}
</defs>
<rect width="{width}" height="{height}" rx="10" fill="#10171d"/>
<g transform="translate({terminal_x}, 16)" clip-path="url(#{unique_id}-clip-terminal)">
{backgrounds}
<g class="{unique_id}-matrix">
{matrix}
</g>
</g>
</svg>
"""


def draw(document: str | bytes, *, width: int = 100) -> str:
    """Return the picture of a scorecard document; raises ScorecardFormatError when it is not one."""
    card = loads(document)
    console = Console(
        record=True,
        file=io.StringIO(),
        width=width,
        color_system="standard",
        force_terminal=True,
        highlight=False,
        markup=False,
        emoji=False,
        legacy_windows=False,
        _environ={},
    )
    console.print(Text.from_ansi(render_terminal(card, width=width, color=True, verbose=False)))
    alt = f"The terminal report of {clean(card.subject.name, 60)}"
    name = re.sub(r"[^A-Za-z0-9 -]", "", alt)
    svg = console.export_svg(
        title="check", theme=_THEME, code_format=_FORMAT.replace("{alt}", name), unique_id="report"
    )
    return "\n".join(line.rstrip() for line in svg.splitlines()) + "\n"


def main() -> None:
    """Read the document and write the picture."""
    parser = argparse.ArgumentParser(description="Draw the terminal report of a scorecard document as an SVG.")
    parser.add_argument("document", type=Path)
    parser.add_argument("picture", type=Path)
    arguments = parser.parse_args()
    arguments.picture.parent.mkdir(parents=True, exist_ok=True)
    arguments.picture.write_text(draw(arguments.document.read_bytes()), "utf-8")


if __name__ == "__main__":
    main()
