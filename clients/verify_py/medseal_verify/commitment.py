"""Record commitments and leaves (docs/formats/record-commitment.md, leaf.md)."""

import re
from calendar import monthrange
from datetime import date
from typing import Any

from .encoding import from_hex, is_hash, sha256
from .refusal import require
from .strict_json import canonical

_NAME = re.compile(r"_?[A-Za-z][A-Za-z0-9]{0,63}\Z")
_TENANT = re.compile(r"[a-z0-9]([a-z0-9-]{0,62}[a-z0-9])?\Z")
_TIME = re.compile(r"(\d{4})-(\d\d)-(\d\d)T(\d\d):(\d\d):(\d\d)\.(\d{3})Z\Z", re.ASCII)
KINDS = ("record", "consent", "decision", "access", "administration")


def element_digest(salt: bytes, name: str, value: Any) -> bytes:
    return sha256(b"medseal/element/v1\n", salt, canonical({name: value}))


def disclosure_digest(disclosure: Any) -> bytes:
    """The digest of the record that a disclosure shows in whole or in part."""
    require(isinstance(disclosure, dict) and set(disclosure) == {"elements"}, "DISCLOSURE_INVALID")
    elements = disclosure["elements"]
    require(isinstance(elements, list) and 1 <= len(elements) <= 512, "DISCLOSURE_INVALID", "elements")
    pairs = [[element["name"], _digest_of(element).hex()] for element in map(_checked, elements)]
    names = [name for name, _ in pairs]
    require(all(a < b for a, b in zip(names, names[1:])), "DISCLOSURE_INVALID", "order of the names")
    return sha256(b"medseal/record/v1\n", canonical(pairs))


def _checked(element: Any) -> dict:
    require(isinstance(element, dict), "DISCLOSURE_INVALID", "element")
    require(set(element) in ({"name", "value", "salt"}, {"name", "digest"}), "DISCLOSURE_INVALID", "members")
    name = element["name"]
    require(isinstance(name, str) and _NAME.match(name) is not None, "DISCLOSURE_INVALID", "name")
    require(is_hash(element.get("digest", element.get("salt"))), "DISCLOSURE_INVALID", "not 32 bytes in hex")
    return element


def _digest_of(element: dict) -> bytes:
    if "digest" in element:
        return from_hex(element["digest"])
    return element_digest(from_hex(element["salt"]), element["name"], element["value"])


def leaf_bytes(leaf: Any) -> bytes:
    """The bytes of a leaf, once its form is right."""
    require(isinstance(leaf, dict) and set(leaf) == {"v", "kind", "tenant", "digest", "at"}, "LEAF_INVALID")
    version = leaf["v"]
    require(not isinstance(version, bool) and version == 1, "LEAF_INVALID", "version")
    require(isinstance(leaf["kind"], str) and leaf["kind"] in KINDS, "LEAF_INVALID", "kind")
    tenant = leaf["tenant"]
    require(isinstance(tenant, str) and _TENANT.match(tenant) is not None, "LEAF_INVALID", "tenant")
    require(is_hash(leaf["digest"]), "LEAF_INVALID", "digest")
    milliseconds_of(leaf["at"])
    text = canonical(leaf)
    require(len(text) <= 512, "LEAF_INVALID", "too long")
    return text


def milliseconds_of(at: Any) -> int:
    """A time such as 2026-06-01T08:00:00.000Z, as milliseconds since 1970."""
    parts = _TIME.match(at) if isinstance(at, str) else None
    require(parts is not None, "LEAF_INVALID", "time")
    *fields, milliseconds = (int(part) for part in parts.groups())
    year, month, day, hour, minute, second = fields
    # The calendar repeats after 400 years; the library's begins with year 1 and ends with 9999.
    cycle = 400 if year < 400 else 0
    exists = 1 <= month <= 12 and 1 <= day <= monthrange(year + cycle, month)[1]
    require(exists and hour < 24 and minute < 60 and second < 60, "LEAF_INVALID", "no such time")
    days = date(year + cycle, month, day).toordinal() - date(1970 + cycle, 1, 1).toordinal()
    return (days * 86_400 + hour * 3600 + minute * 60 + second) * 1000 + milliseconds


def open_content(disclosure: Any, leaf: Any) -> bytes:
    """Leaf bytes of a record whose disclosure fits its leaf."""
    data = leaf_bytes(leaf)
    require(leaf["kind"] == "record", "LEAF_KIND", leaf["kind"])
    digest = disclosure_digest(disclosure)
    require(leaf["digest"] == digest.hex(), "LEAF_DIGEST")
    return data
