"""Hex and base64 in their one spelling, and SHA-256."""

import base64
import hashlib
import re

_HEX = re.compile(r"(?:[0-9a-f]{2})*\Z")
_HEX32 = re.compile(r"[0-9a-f]{64}\Z")
_BASE64 = re.compile(r"(?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?\Z")


def sha256(*parts: bytes) -> bytes:
    digest = hashlib.sha256()
    for part in parts:
        digest.update(part)
    return digest.digest()


def is_hash(value: object) -> bool:
    """Whether a JSON value is 32 bytes in lower-case hex."""
    return isinstance(value, str) and _HEX32.match(value) is not None


def from_hex(text: str) -> bytes:
    if _HEX.match(text) is None:
        raise ValueError("not lower-case hex")
    return bytes.fromhex(text)


def from_base64(text: object) -> bytes:
    """Bytes of standard base64 with padding; ValueError for any other spelling of them."""
    if not isinstance(text, str) or _BASE64.match(text) is None:
        raise ValueError("not base64")
    data = base64.b64decode(text)
    if base64.b64encode(data).decode("ascii") != text:
        raise ValueError("not the one spelling of these bytes")
    return data
