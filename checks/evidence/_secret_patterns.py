"""What secrets look like in bytes, and what only looks like one.

The forms are those that the issuers document (AWS, GitHub, GitLab, Slack, Stripe, Google, npm, PyPI, SendGrid, Azure).
Precision comes first: a match must be random enough and must not read like a placeholder.
"""

from __future__ import annotations

import math
import re
from collections import Counter
from collections.abc import Iterator
from typing import NamedTuple

# Each form with the literals without which it cannot be there: searching for those first is many times faster.
# A "value" begins with one of its literals, in upper or lower case.
_FORMS: tuple[tuple[str, tuple[bytes, ...], bytes], ...] = (
    ("aws_key", (b"AKIA", b"ASIA"), rb"A[KS]IA[0-9A-Z]{16}(?![0-9A-Za-z])"),
    (
        "private_key",
        (b"PRIVATE KEY",),
        rb"-----BEGIN (?:[A-Z]{2,9} )?PRIVATE KEY(?: BLOCK)?-----(?:\s|\\n){1,4}[A-Za-z0-9+/=:,\s\\-]{64}",
    ),
    ("github", (b"gh", b"github_pat_"), rb"gh[pousr]_[A-Za-z0-9]{36}|github_pat_[A-Za-z0-9_]{60,}"),
    ("gitlab", (b"glpat-",), rb"glpat-[A-Za-z0-9_-]{20}"),
    ("slack", (b"xox",), rb"xox[abeprs]-[A-Za-z0-9-]{20,}"),
    ("slack", (b"hooks.slack.com",), rb"hooks\.slack\.com/services/T[A-Z0-9]{6,}/B[A-Z0-9]{6,}/[A-Za-z0-9]{20,}"),
    ("stripe", (b"k_live_",), rb"[rs]k_live_[A-Za-z0-9]{20,}"),
    ("google", (b"AIza",), rb"AIza[A-Za-z0-9_-]{35}"),
    ("npm", (b"npm_",), rb"npm_[A-Za-z0-9]{36}"),
    ("pypi", (b"pypi-AgE",), rb"pypi-AgEIcHlwaS[A-Za-z0-9_-]{50,}"),
    ("sendgrid", (b"SG.",), rb"SG\.[A-Za-z0-9_-]{22}\.[A-Za-z0-9_-]{43}"),
    ("azure", (b"AccountKey=",), rb"AccountKey=[A-Za-z0-9+/]{86}=="),
    ("jwt", (b"eyJ",), rb"eyJ[A-Za-z0-9_-]{15,}\.eyJ[A-Za-z0-9_-]{15,}\.[A-Za-z0-9_-]{40,}"),
    (
        "url",
        (b"://",),
        rb"://(?P<user>[^\s:/@\"'<>`$({]{0,64}):(?P<url>[^\s:/@\"'<>`]{3,100})@(?P<host>[A-Za-z0-9.-]{3,200})",
    ),
    (
        "value",
        (b"secret", b"password", b"token", b"api_key", b"apikey"),
        (
            rb"(?:secret|password|token|api_?key)(?P<name>[A-Za-z_]{0,24})[\"']?[ \t]{0,8}[:=][ \t]{0,8}[\"']?"
            rb"(?P<value>[A-Za-z0-9+/_=.!@#$%^&*()~-]{20,120})(?=[\"'\s]|\Z)"
        ),
    ),
)
_NAMES = {
    "aws_key": "an AWS access key id", "private_key": "a private key", "github": "a GitHub token",
    "gitlab": "a GitLab token", "slack": "a Slack token", "stripe": "a Stripe live key",
    "google": "a Google API key", "npm": "an npm token", "pypi": "a PyPI token", "sendgrid": "a SendGrid key",
    "azure": "an Azure storage key", "jwt": "a signed JSON Web Token", "url": "a password in a connection URL",
    "value": "a secret written into a setting",
}  # fmt: skip
_PLACEHOLDER = re.compile(
    rb"example|change[-_]?me|changeit|placeholder|dummy|sample|your[-_]|xxxx|todo|replace|insert|fake|not[-_]?a|"
    rb"insecure|password|secret|1234567|abcdef|\*\*\*|\.\.\.|development|for[-_]?test|test[-_]|[-_]test|only|localhost",
    re.IGNORECASE,
)
_SHORT = frozenset({b"pass", b"pwd", b"postgres", b"root", b"admin", b"user", b"guest", b"test", b"redis", b"mysql",
                    b"app", b"dev", b"token"})  # fmt: skip
_WORD = frozenset(b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_")
_LEAST = {"private_key": 0.0, "value": 4.0, "jwt": 3.5, "aws_key": 2.8}  # bits a character


class Match(NamedTuple):
    """A likely secret: what it is, where it starts in the bytes, and enough of it to recognise, never the whole."""

    kind: str
    name: str
    offset: int
    shown: str


def scan(data: bytes) -> Iterator[Match]:
    """Yield the likely secrets in `data`."""
    folded = data.lower()
    for kind, hints, pattern in _FORMS:
        where = folded if kind == "value" else data
        if any(hint in where for hint in hints):
            found = _settings(data, folded, hints, pattern) if kind == "value" else re.finditer(pattern, data)
            for match in found:
                group = kind if kind in ("url", "value") else 0
                if _likely(kind, match, match.group(group), match.start(group), data):
                    yield Match(kind, _NAMES[kind], match.start(group), redact(kind, match.group(group), match))


def _settings(data: bytes, folded: bytes, hints: tuple[bytes, ...], form: bytes) -> Iterator[re.Match[bytes]]:
    """Yield what `finditer` would: an expression that ignores case tries every character, so it is told where."""
    pattern = re.compile(form, re.IGNORECASE)
    end = 0
    for start in sorted(start for hint in hints for start in _places(folded, hint)):
        match = pattern.match(data, start) if start >= end else None
        if match is not None:
            end = match.end()
            yield match


def _places(data: bytes, hint: bytes) -> Iterator[int]:
    at = data.find(hint)
    while at >= 0:
        yield at
        at = data.find(hint, at + 1)


def _likely(kind: str, match: re.Match[bytes], secret: bytes, start: int, data: bytes) -> bool:
    """Whether a match is random enough and reads like no placeholder."""
    if kind == "url":
        return _real_password(match)
    if kind == "value":
        return _random_value(secret, match.group("name")) and entropy(secret) >= _LEAST[kind]
    if start and data[start - 1] in _WORD:
        return False
    if kind != "private_key" and _PLACEHOLDER.search(secret):
        return False
    return entropy(secret) >= _LEAST.get(kind, 3.0)


def redact(kind: str, secret: bytes, match: re.Match[bytes]) -> str:
    """Return a text that tells which secret it is without giving it away: at most four characters of a long one."""
    if kind == "private_key":
        return "-----BEGIN … PRIVATE KEY-----"
    if kind == "url":
        return f"…:…@{match.group('host').decode(errors='replace')}"
    return f"{secret[:4].decode(errors='replace')}… ({len(secret)} characters)"


def entropy(data: bytes) -> float:
    """Return Shannon's entropy in bits a character."""
    size = len(data)
    return -sum(n / size * math.log2(n / size) for n in Counter(data).values()) if size else 0.0


def _real_password(match: re.Match[bytes]) -> bool:
    """Whether a URL carries a password of another machine: no variable, no placeholder, no name of a container."""
    password, host, user = match.group("url"), match.group("host").lower().rstrip(b"."), match.group("user")
    if password.startswith((b"$", b"{", b"%", b"<", b"[")) or b"${" in password or b"{{" in password:
        return False
    if password == user or password.lower() in _SHORT or _PLACEHOLDER.search(password):
        return False
    if b"." not in host or host.startswith(b"127.") or host == b"0.0.0.0":
        return False
    return not re.search(rb"(?:\A|\.)(?:example(?:\.\w+)?|test|invalid|local|localhost|internal)\Z|^host\.", host)


def _random_value(value: bytes, name: bytes) -> bool:
    """Whether the value of a setting looks drawn at random: letters and digits mixed, no path, name or call."""
    if _PLACEHOLDER.search(value) or name.lower().endswith(
        (b"file", b"path", b"url", b"name", b"id", b"_arn", b"hash")
    ):
        return False
    if value.startswith((b"/", b"./", b"arn:", b"http", b"sha256", b"$")) or value.count(b"/") > 3:
        return False
    if b"(" in value or re.search(rb"[a-z]\.[a-z]", value) or re.fullmatch(rb"[0-9a-f]{20,39}|[a-z_]+|[A-Z_]+", value):
        return False
    digits = sum(48 <= c <= 57 for c in value)
    return digits >= 3 and digits < len(value) - 3
