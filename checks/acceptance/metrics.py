"""Prometheus' text format, as far as a scenario reads it."""

from __future__ import annotations

import re

_SAMPLE = re.compile(r"^([A-Za-z_:][\w:]*)(?:\{(.*)\})? (\S+)(?: \d+)?$")
_LABEL = re.compile(r'(\w+)="((?:[^"\\]|\\.)*)"')

Labels = dict[str, str]


def samples(text: str, name: str) -> list[tuple[Labels, float]]:
    """Return labels and value of each sample with this name."""
    found = (_SAMPLE.match(line) for line in text.splitlines())
    return [(dict(_LABEL.findall(s[2] or "")), float(s[3])) for s in found if s is not None and s[1] == name]


def total(text: str, name: str, **labels: str) -> float:
    """Return the sum of the samples with this name and these labels; 0 when there is none."""
    return sum(value for have, value in samples(text, name) if labels.items() <= have.items())
