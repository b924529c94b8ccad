"""Names and times in certificates (docs/formats/fabric-block.md, Certificates)."""

import re
from datetime import date
from typing import List, NamedTuple, Optional, Tuple

from . import der
from .der import Element, Reader

_UNIT, _COMMON = bytes.fromhex("55040b"), bytes.fromhex("550403")
_UTF8, _TELETEX, _WIDE = 0x0C, 0x14, 0x1E
_CHARACTERS = {
    0x12: re.compile(rb"[0-9 ]*\Z"),
    0x13: re.compile(rb"[A-Za-z0-9'()+,\-./ :=?*&]*\Z"),
    0x16: re.compile(rb"[\x00-\x7f]*\Z"),
}
_TIMES = {
    der.UTC_TIME: re.compile(rb"(\d\d)(\d\d)(\d\d)(\d\d)(\d\d)(\d\d)?(?:Z|([+-])(\d\d)(\d\d))\Z"),
    der.GENERALIZED_TIME: re.compile(rb"(\d{4})(\d\d)(\d\d)(\d\d)(\d\d)(\d\d)(?:Z|([+-])(\d\d)(\d\d))\Z"),
}


class Name(NamedTuple):
    whole: bytes
    units: Tuple[str, ...]
    common: str


def name_of(element: Element) -> Name:
    attributes: List[Tuple[bytes, str]] = []
    relatives = Reader(element.content)
    while relatives:
        for attribute in relatives.inner(der.SET).sequences():
            kind = der.identifier(attribute.next(der.IDENTIFIER))
            attributes.append((kind, _text(attribute.any())))
    units = tuple(text for kind, text in attributes if kind == _UNIT)
    common = [text for kind, text in attributes if kind == _COMMON]
    return Name(element.whole, units, common[-1] if common else "")


def _text(element: Element) -> str:
    tag, content = element.tag, element.content
    if tag == _UTF8:
        return content.decode("utf-8")
    if tag == _TELETEX:
        return content.decode("latin-1")
    if tag == _WIDE:
        return _wide_text(content)
    if tag not in _CHARACTERS or _CHARACTERS[tag].match(content) is None:
        raise ValueError("text of another kind")
    return content.decode("ascii")


def _wide_text(content: bytes) -> str:
    """Characters of two bytes; a zero at the end is left out."""
    if len(content) % 2:
        raise ValueError("half a character")
    points = [int.from_bytes(content[at : at + 2], "big") for at in range(0, len(content), 2)]
    if any(0xD800 <= point <= 0xDFFF or 0xFDD0 <= point <= 0xFDEF or point >= 0xFFFE for point in points):
        raise ValueError("no character")
    if points and points[-1] == 0:
        points.pop()
    return "".join(map(chr, points))


def time_of(reader: Reader) -> int:
    """The next element, a time in seconds since 1970."""
    element = reader.any()
    pattern = _TIMES.get(element.tag)
    match = pattern.match(element.content) if pattern is not None else None
    if match is None:
        raise ValueError("time")
    year, month, day, hour, minute = map(int, match.groups()[:5])
    if len(match[1]) == 2:
        year += 1900 if year >= 50 else 2000
    second = int(match[6] or b"0")
    if hour > 23 or minute > 59 or second > 59:
        raise ValueError("time of day")
    return (_days(year, month, day) * 24 + hour) * 3600 + minute * 60 + second - _offset(match)


def _days(year: int, month: int, day: int) -> int:
    """Since 1970. The calendar repeats every 400 years, and the library begins with the year 1."""
    return (date(year + 400, month, day) - date(2370, 1, 1)).days if year < 9000 else (
        date(year - 400, month, day) - date(1570, 1, 1)
    ).days


def _offset(match: "re.Match[bytes]") -> int:
    sign: Optional[bytes] = match[7]
    if sign is None:
        return 0
    hours, minutes = int(match[8]), int(match[9])
    if hours > 24 or minutes > 59 or hours == minutes == 0:
        raise ValueError("zone")
    return (hours * 60 + minutes) * (-60 if sign == b"-" else 60)


def optional_time(reader: Reader) -> None:
    if reader.tag() in _TIMES:
        time_of(reader)
