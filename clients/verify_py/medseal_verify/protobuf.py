"""A strict reader of the protobuf wire format: what it reads has exactly one encoding.

Fields ascend, stand once unless repeated, are known, are not written when they hold their default, and varints
are minimal (docs/formats/fabric-block.md, Reading).
"""

from typing import Any, Dict, NamedTuple, Optional, Tuple


class Field(NamedTuple):
    name: str
    kind: str  # bytes, string, message, map, uint32, uint64, int32, int64, bool
    repeated: bool = False
    message: Optional["Message"] = None


Message = Dict[int, Field]
_DEEPEST = 100
_VARINTS = ("uint32", "uint64", "int32", "int64", "bool")


class NotCanonical(ValueError):
    """Bytes that are not the one encoding of a message."""


def decode(message: Message, data: bytes, explicit: bool = False, depth: int = 1) -> Dict[str, Any]:
    """The fields of a message. With explicit, defaults may be written out (entries of maps)."""
    if depth > _DEEPEST:
        raise NotCanonical("nested too deep")
    result = {field.name: _default(field) for field in message.values()}
    at, latest = 0, 0
    while at < len(data):
        tag, at = _varint(data, at)
        number, wire = tag >> 3, tag & 7
        field = message.get(number)
        if field is None:
            raise NotCanonical(f"unknown field {number}")
        if number < latest or (number == latest and not _many(field)):
            raise NotCanonical(f"field {number} out of place")
        latest = number
        value, at = _value(field, wire, data, at, depth)
        _store(result, field, value, explicit)
    return result


def _many(field: Field) -> bool:
    return field.repeated or field.kind == "map"


def _default(field: Field) -> Any:
    if field.kind == "map":
        return {}
    if field.repeated:
        return []
    if field.kind in _VARINTS:
        return 0
    return {"bytes": b"", "string": ""}.get(field.kind)


def _store(result: Dict[str, Any], field: Field, value: Any, explicit: bool) -> None:
    if field.kind == "map":
        if value["key"] in result[field.name]:
            raise NotCanonical("a key of a map stands twice")
        result[field.name][value["key"]] = value["value"]
    elif field.repeated:
        result[field.name].append(value)
    elif field.kind != "message" and not explicit and value == _default(field):
        raise NotCanonical("a default is written out")
    else:
        result[field.name] = value


def _value(field: Field, wire: int, data: bytes, at: int, depth: int) -> Tuple[Any, int]:
    if field.kind in _VARINTS:
        if wire != 0:
            raise NotCanonical("wire type")
        value, at = _varint(data, at)
        return _integer(field.kind, value), at
    if wire != 2:
        raise NotCanonical("wire type")
    length, at = _varint(data, at)
    if length > len(data) - at:
        raise NotCanonical("truncated")
    part = data[at : at + length]
    return _content(field, part, depth + 1), at + length


def _content(field: Field, part: bytes, depth: int) -> Any:
    if field.kind == "bytes":
        return part
    if field.kind == "string":
        try:
            return part.decode("utf-8")
        except UnicodeDecodeError:
            raise NotCanonical("text is not UTF-8") from None
    if field.kind == "map":
        value_field = Field("value", "message", False, field.message) if field.message else Field("value", "bytes")
        entry = decode({1: Field("key", "string"), 2: value_field}, part, True, depth)
        if entry["value"] is None:
            entry["value"] = decode(field.message or {}, b"")
        return entry
    return decode(field.message or {}, part, False, depth)


def _integer(kind: str, value: int) -> int:
    if kind == "bool" and value > 1:
        raise NotCanonical("no truth value")
    if kind == "uint32" and value >= 2**32:
        raise NotCanonical("too large")
    if kind in ("int32", "int64"):
        value = value - 2**64 if value >= 2**63 else value
        if kind == "int32" and not -(2**31) <= value < 2**31:
            raise NotCanonical("too large")
    return value


def _varint(data: bytes, at: int) -> Tuple[int, int]:
    value = shift = 0
    while True:
        if at >= len(data) or shift > 63:
            raise NotCanonical("truncated or overlong varint")
        byte = data[at]
        at += 1
        value |= (byte & 127) << shift
        if byte < 128:
            break
        shift += 7
    if (byte == 0 and shift > 0) or value >= 2**64:
        raise NotCanonical("varint not minimal")
    return value, at


def decode_leading(message: Message, data: bytes) -> Dict[str, Any]:
    """The fields of a message in their one encoding, with fields that nobody knows allowed after them (envelopes)."""
    return decode(message, data[: _end_of_known(message, data)])


def _end_of_known(message: Message, data: bytes) -> int:
    at = depth = 0
    end: Optional[int] = None
    while at < len(data):
        start = at
        tag, at = _loose_varint(data, at)
        known = depth == 0 and tag & 7 == 2 and tag >> 3 in message
        if known and end is not None:
            raise NotCanonical("field out of place")
        if not known and end is None:
            end = start
        if not 8 <= tag < 2**32:
            raise NotCanonical("field of no number")
        at = _after(tag & 7, data, at)
        depth += {3: 1, 4: -1}.get(tag & 7, 0)
        if at > len(data) or depth < 0:
            raise NotCanonical("truncated")
    if depth != 0:
        raise NotCanonical("group without end")
    return len(data) if end is None else end


def _after(wire: int, data: bytes, at: int) -> int:
    """Where a value ends; what lies in a group (wire types 3 and 4) follows as fields of its own."""
    if wire == 0:
        return _loose_varint(data, at)[1]
    if wire == 2:
        length, at = _loose_varint(data, at)
        return at + length
    fixed = {1: 8, 3: 0, 4: 0, 5: 4}
    if wire not in fixed:
        raise NotCanonical("wire type")
    return at + fixed[wire]


def _loose_varint(data: bytes, at: int) -> Tuple[int, int]:
    value = 0
    for place in range(10):
        if at + place >= len(data):
            break
        byte = data[at + place]
        value |= (byte & 127) << (7 * place)
        if byte < 128:
            return value, at + place + 1
    raise NotCanonical("truncated or overlong varint")
