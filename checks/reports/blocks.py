"""A text of whole blocks within a limit: the least important ones are left out, never half of one."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple


class Block(NamedTuple):
    """A part of the text that is shown whole or not at all; the lower `rank`, the longer it is kept."""

    rank: int
    text: str


def within(blocks: Sequence[Block], limit: int) -> str:
    """Return the text in at most `limit` characters, ending with a newline; the block that matters most always stays.

    Raises ValueError when not even that one fits.
    """
    kept = set(range(len(blocks)))
    leave = sorted(kept, key=lambda i: (-blocks[i].rank, -i))
    while True:
        shown = [block.text for i, block in enumerate(blocks) if i in kept]
        left = len(blocks) - len(kept)
        if left:
            parts = "part is" if left == 1 else "parts are"
            shown.append(
                f"_{left} {parts} left out here to stay within the limit; the HTML and JSON reports are complete._"
            )
        text = "\n\n".join(shown) + "\n"
        if len(text) <= limit:
            return text
        if len(kept) == 1:
            raise ValueError(f"a limit of {limit} characters does not hold the score")
        kept.remove(leave.pop(0))
