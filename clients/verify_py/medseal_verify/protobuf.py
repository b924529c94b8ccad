"""Readers of the protobuf wire format: of the one encoding of a message, and of any that Fabric's programs read.

In its one encoding fields ascend, stand once unless repeated, are known, are not written when they hold their default,
and varints are minimal. In any spelling a message is read as Go's proto.Unmarshal reads it
(docs/formats/fabric-block.md, Reading).
"""

from typing import Any, Dict, List, NamedTuple, Optional, Tuple


class Field(NamedTuple):
    name: str
    kind: str  # bytes, string, message, map, uint32, uint64, int32, int64, bool
    repeated: bool = False
    message: Optional["Message"] = None


Message = Dict[int, Field]
_DEEPEST = 100
_DEEPEST_GROUP = 10_001  # protowire.DefaultRecursionLimit, which counts from 0
_VARINTS = ("uint32", "uint64", "int32", "int64", "bool")


class NotCanonical(ValueError):
    """Bytes that are no message, or not in the one encoding where that is asked for."""


def decode(message: Message, data: bytes, depth: int = 1) -> Dict[str, Any]:
    """The fields of a message in its one encoding."""
    if depth > _DEEPEST:
        raise NotCanonical("nested too deep")
    result = _empty(message)
    at, latest = 0, 0
    while at < len(data):
        tag, at = _varint(data, at, minimal=True)
        number, wire = tag >> 3, tag & 7
        field = message.get(number)
        if field is None:
            raise NotCanonical(f"unknown field {number}")
        if number < latest or (number == latest and not field.repeated) or wire != _wire(field):
            raise NotCanonical(f"field {number} out of place")
        latest = number
        value, at = _value(field, data, at, lambda part: decode(field.message or {}, part, depth + 1), True)
        if field.repeated:
            result[field.name].append(value)
            continue
        if field.kind != "message" and value == _default(field):
            raise NotCanonical("a default is written out")
        result[field.name] = value
    return result


def decode_any(message: Message, data: bytes) -> Dict[str, Any]:
    """The fields of a message in whatever spelling."""
    result = _empty(message)
    _merge(result, message, data, 1)
    return result


def decode_leading(message: Message, data: bytes) -> Dict[str, Any]:
    """The fields of a message in their one encoding, with fields that nobody knows allowed after them (envelopes)."""
    return decode(message, data[: _end_of_known(message, data)])


def _merge(result: Dict[str, Any], message: Message, data: bytes, depth: int) -> None:
    if depth > _DEEPEST:
        raise NotCanonical("nested too deep")
    at = 0
    while at < len(data):
        number, wire, after = _tag(data, at, 2**32)
        field = message.get(number)
        if field is None or wire != _wire(field):
            at = _past(data, at)
        else:
            at = _add(result, field, data, after, depth)


def _add(result: Dict[str, Any], field: Field, data: bytes, at: int, depth: int) -> int:
    """What stands next, added to what was read of the field: messages are merged, else the last counts."""

    def content(part: bytes) -> Any:
        merged = _empty(inner)
        if field.kind == "message" and not field.repeated and result[field.name] is not None:
            merged = result[field.name]
        _merge(merged, inner, part, depth + 1)
        return merged

    inner = _entry(field) if field.kind == "map" else field.message or {}
    value, at = _value(field, data, at, content, False)
    if field.kind == "map":
        empty = _empty(field.message) if field.message else b""
        result[field.name][value["key"]] = empty if value["value"] is None else value["value"]
    elif field.repeated:
        result[field.name].append(value)
    else:
        result[field.name] = value
    return at


def _entry(field: Field) -> Message:
    kind = "message" if field.message else "bytes"
    return {1: Field("key", "string"), 2: Field("value", kind, False, field.message)}


def _empty(message: Message) -> Dict[str, Any]:
    return {field.name: _default(field) for field in message.values()}


def _default(field: Field) -> Any:
    if field.kind == "map":
        return {}
    if field.repeated:
        return []
    if field.kind in _VARINTS:
        return 0
    return {"bytes": b"", "string": ""}.get(field.kind)


def _wire(field: Field) -> int:
    return 0 if field.kind in _VARINTS else 2


def _value(field: Field, data: bytes, at: int, content: Any, strict: bool) -> Tuple[Any, int]:
    value, at = _varint(data, at, minimal=strict)
    if field.kind in _VARINTS:
        return _integer(field.kind, value, strict), at
    if value > len(data) - at:
        raise NotCanonical("truncated")
    part = data[at : at + value]
    if field.kind == "bytes":
        return part, at + value
    if field.kind != "string":
        return content(part), at + value
    try:
        return part.decode("utf-8"), at + value
    except UnicodeDecodeError:
        raise NotCanonical("text is not UTF-8") from None


def _integer(kind: str, value: int, strict: bool) -> int:
    bits = {"bool": 1, "uint32": 32, "int32": 32}.get(kind, 64)
    if kind == "bool":
        cut = min(value, 1)
    elif kind.startswith("u"):
        cut = value % 2**bits
    else:
        cut = (value + 2 ** (bits - 1)) % 2**bits - 2 ** (bits - 1)
    if strict and cut % 2**64 != value:
        raise NotCanonical("too large")
    return cut


def _varint(data: bytes, at: int, minimal: bool = False) -> Tuple[int, int]:
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
    if value >= 2**64 or (minimal and byte == 0 and shift > 0):
        raise NotCanonical("varint too long")
    return value, at


def _end_of_known(message: Message, data: bytes) -> int:
    at = 0
    end: Optional[int] = None
    while at < len(data):
        number, wire, _ = _tag(data, at, 2**32)
        field = message.get(number)
        known = field is not None and wire == _wire(field)
        if known and end is not None:
            raise NotCanonical("field out of place")
        if not known and end is None:
            end = at
        at = _past(data, at)
    return len(data) if end is None else end


def _tag(data: bytes, at: int, limit: int) -> Tuple[int, int, int]:
    tag, at = _varint(data, at)
    if not 8 <= tag < limit:
        raise NotCanonical("field of no number")
    return tag >> 3, tag & 7, at


def _past(data: bytes, at: int) -> int:
    """Where a field ends; a group (wire type 3) holds fields until its end (4). Numbers in it have up to 31 bits."""
    opened: List[int] = []
    limit = 2**32
    while True:
        number, wire, at = _tag(data, at, limit)
        limit = 2**34
        if wire == 3:
            opened.append(number)
        elif wire != 4:
            at = _past_value(wire, data, at)
        elif not opened or opened.pop() != number:
            raise NotCanonical("end of a group that did not begin")
        if not opened:
            return at
        if len(opened) > _DEEPEST_GROUP:
            raise NotCanonical("groups nested too deep")


def _past_value(wire: int, data: bytes, at: int) -> int:
    if wire == 0:
        return _varint(data, at)[1]
    if wire == 2:
        length, at = _varint(data, at)
        at += length
    elif wire in (1, 5):
        at += {1: 8, 5: 4}[wire]
    else:
        raise NotCanonical("wire type")
    if at > len(data):
        raise NotCanonical("truncated")
    return at
