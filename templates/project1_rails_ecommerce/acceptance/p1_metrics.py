"""Prometheus text, as far as a scenario reads it."""

import re

_SAMPLE = re.compile(r"^([A-Za-z_:][\w:]*)(?:\{(.*)\})? (\S+)(?: \d+)?$")
_LABEL = re.compile(r'(\w+)="((?:[^"\\]|\\.)*)"')

Labels = dict[str, str]


def samples(text: str, name: str) -> list[tuple[Labels, float]]:
    """Give labels and value of each sample with this name."""
    found = (_SAMPLE.match(line) for line in text.splitlines())
    return [(dict(_LABEL.findall(s[2] or "")), float(s[3])) for s in found if s is not None and s[1] == name]


def total(text: str, name: str, **labels: str) -> float:
    """Add up the samples with this name and these labels; 0 when there is none."""
    return sum(value for have, value in samples(text, name) if labels.items() <= have.items())
