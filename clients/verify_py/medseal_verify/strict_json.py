"""JSON as docs/formats/canonical-json.md reads and writes it. Every number is a double, as in ECMAScript."""

import json
import math
import re
from typing import Any, List, Tuple

from .refusal import Refusal

DEEPEST = 128
DEEPEST_TEXT = 256
_ESCAPES = {'"': '\\"', "\\": "\\\\", "\b": "\\b", "\f": "\\f", "\n": "\\n", "\r": "\\r", "\t": "\\t"}
_TO_ESCAPE = re.compile(r'["\\\x00-\x1f]')
_SURROGATE = re.compile("[\ud800-\udfff]")


def parse_strict_json(data: bytes) -> Any:
    """The value of a JSON text in UTF-8. Refuses what is no JSON, and a member that stands twice."""
    twice: List[str] = []

    def members_of(pairs: List[Tuple[str, Any]]) -> dict:
        members = dict(pairs)
        if len(members) != len(pairs):
            twice.append("a member stands twice")
        return members

    try:
        text = data.decode("utf-8")
    except UnicodeDecodeError as error:
        raise Refusal("BYTES_INVALID", str(error)) from None
    try:
        value = json.loads(
            text, object_pairs_hook=members_of, parse_int=float, parse_float=float, parse_constant=_constant
        )
    except (RecursionError, ValueError) as error:
        raise Refusal("JSON_INVALID", str(error)) from None
    _check_depth(value)
    if twice:
        raise Refusal("JSON_DUPLICATE_KEY", twice[0])
    return value


def _check_depth(value: Any) -> None:
    level = [value]
    for _ in range(DEEPEST_TEXT + 1):
        containers = [item for item in level if isinstance(item, (list, dict))]
        level = [part for item in containers for part in (item.values() if isinstance(item, dict) else item)]
        if not level:
            return
    raise Refusal("JSON_INVALID", "nested too deep")


def _constant(name: str) -> Any:
    raise ValueError(f"{name} is no JSON")


def canonical(value: Any) -> bytes:
    """The RFC 8785 text of a value, in UTF-8."""
    return _write(value, 0).encode("utf-8")


def _write(value: Any, depth: int) -> str:
    if depth >= DEEPEST and isinstance(value, (list, dict)):
        raise Refusal("CANONICAL_INVALID", "nested too deep")
    if value is None:
        return "null"
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, (int, float)):
        return _number(float(value))
    if isinstance(value, str):
        return _string(value)
    if isinstance(value, list):
        return "[" + ",".join(_write(item, depth + 1) for item in value) + "]"
    if isinstance(value, dict):
        names = sorted(value, key=lambda name: _string(name) and name.encode("utf-16-be"))
        return "{" + ",".join(f"{_string(name)}:{_write(value[name], depth + 1)}" for name in names) + "}"
    raise Refusal("CANONICAL_INVALID", "not a JSON value")


def _string(text: str) -> str:
    if _SURROGATE.search(text):
        raise Refusal("CANONICAL_INVALID", "lone surrogate")
    return '"' + _TO_ESCAPE.sub(lambda hit: _ESCAPES.get(hit[0], f"\\u{ord(hit[0]):04x}"), text) + '"'


def _number(value: float) -> str:
    """ECMAScript Number::toString; repr gives the same shortest digits."""
    if not math.isfinite(value):
        raise Refusal("CANONICAL_INVALID", "not a finite number")
    if value == 0:
        return "0"
    sign = "-" if value < 0 else ""
    mantissa, _, power = repr(abs(value)).partition("e")
    whole, _, fraction = mantissa.partition(".")
    raw = whole + fraction
    digits = raw.lstrip("0")
    point = len(whole) + int(power or "0") - (len(raw) - len(digits))
    digits = digits.rstrip("0")
    return sign + _place(digits, point)


def _place(digits: str, point: int) -> str:
    """Writes 0.digits times ten to the point-th power."""
    if len(digits) <= point <= 21:
        return digits + "0" * (point - len(digits))
    if 0 < point <= 21:
        return digits[:point] + "." + digits[point:]
    if -6 < point <= 0:
        return "0." + "0" * -point + digits
    exponent = f"e{'+' if point > 0 else '-'}{abs(point - 1)}"
    return digits[0] + ("." + digits[1:] if len(digits) > 1 else "") + exponent
