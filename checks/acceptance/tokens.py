"""JSON Web Tokens made by the grader: right ones as the control, wrong ones to be refused. Standard library only."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
from collections.abc import Mapping
from typing import Any

_HASHES = {"HS256": hashlib.sha256, "HS512": hashlib.sha512}


def encode(part: bytes) -> str:
    """Give base64url without padding."""
    return base64.urlsafe_b64encode(part).rstrip(b"=").decode()


def decode(part: str) -> bytes:
    """Read base64url without padding. Raises ValueError."""
    return base64.b64decode(part + "=" * (-len(part) % 4), altchars=b"-_", validate=True)


def read(token: str) -> tuple[dict[str, Any], dict[str, Any]]:
    """Give header and claims of a token, unverified. Raises ValueError if it is none."""
    header, claims, _ = token.split(".")
    return json.loads(decode(header)), json.loads(decode(claims))


def sign(payload: Mapping[str, Any], key: str, algorithm: str = "HS256") -> str:
    """Give a signed token, or with the algorithm `none` one with an empty signature."""
    head = encode(json.dumps({"alg": algorithm, "typ": "JWT"}).encode())
    body = f"{head}.{encode(json.dumps(payload).encode())}"
    return f"{body}." if algorithm == "none" else f"{body}.{signature(body, key, algorithm)}"


def signature(body: str, key: str, algorithm: str = "HS256") -> str:
    """Give the signature over `header.claims`."""
    return encode(hmac.digest(key.encode(), body.encode(), _HASHES[algorithm]))


def with_payload_changed(token: str) -> str:
    """Change one character of the payload so that all claims stay as they were but `jti`."""
    header, payload, signed = token.split(".")
    claimed = json.loads(decode(payload))
    for position, character in enumerate(payload):
        for other in "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789":
            changed = payload[:position] + other + payload[position + 1 :]
            if other != character and _differing(changed, claimed) == {"jti"}:
                return f"{header}.{changed}.{signed}"
    raise AssertionError("no character of the payload can be changed")


def with_claims_changed(token: str, **changes: Any) -> str:
    """Put other values into the claims and leave the signature as it was."""
    header, payload, signed = token.split(".")
    return f"{header}.{encode(json.dumps(json.loads(decode(payload)) | changes).encode())}.{signed}"


def with_signature_changed(token: str) -> str:
    """Change the first character of the signature: the last one holds bits that a decoder may ignore."""
    body, _, signature = token.rpartition(".")
    return f"{body}.{'B' if signature[0] == 'A' else 'A'}{signature[1:]}"


def _differing(payload: str, claimed: Mapping[str, Any]) -> set[str]:
    try:
        found = json.loads(decode(payload))
    except ValueError:
        return set()
    if not isinstance(found, dict) or found.keys() != claimed.keys():
        return set()
    return {name for name, value in claimed.items() if found[name] != value}
