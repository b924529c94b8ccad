"""Ethereum's RLP in its shortest form, and paths of its tries (docs/formats/notary-proof.md)."""

from typing import Any, List, Tuple

from .keccak import keccak256
from .merkle import LARGEST

_DEEPEST = 8


def decode(data: bytes) -> Any:
    """Bytes, or a list of items; ValueError for any other encoding than the shortest."""
    item, end = _item(data, 0, _DEEPEST)
    _must(end == len(data))
    return item


def items_of(item: Any) -> List[Any]:
    _must(isinstance(item, list))
    return item


def bytes_of(item: Any, length: int = -1) -> bytes:
    _must(isinstance(item, bytes) and length in (-1, len(item)))
    return item


def integer_of(item: Any) -> int:
    data = bytes_of(item)
    _must(not data.startswith(b"\x00"))
    return _integer(data)


def encode_integer(value: int) -> bytes:
    data = value.to_bytes((value.bit_length() + 7) // 8, "big")
    return data if len(data) == 1 and data[0] < 0x80 else bytes([0x80 + len(data)]) + data


def open_trie(root: bytes, index: int, nodes: List[bytes]) -> bytes:
    """The value at a place, proved by the nodes from the root down, all of them used."""
    path = _nibbles(encode_integer(index))
    expected = root
    for depth, node in enumerate(nodes):
        _must(keccak256(node) == expected)
        items = items_of(decode(node))
        if len(items) == 17:
            _must(len(path) > 0)
            expected, path = bytes_of(items[path[0]], 32), path[1:]
            continue
        _must(len(items) == 2)
        leaf, part = _compact(bytes_of(items[0]))
        _must(path[: len(part)] == part)
        path = path[len(part) :]
        if leaf:
            _must(path == [] and depth == len(nodes) - 1)
            return bytes_of(items[1])
        expected = bytes_of(items[1], 32)
    raise ValueError("the path ends before the value")


def _compact(data: bytes) -> Tuple[bool, List[int]]:
    flag, *part = _nibbles(data) or [99]
    _must(flag <= 3)
    if flag % 2 == 0:
        _must(part[:1] == [0])
        part = part[1:]
    _must(flag >= 2 or len(part) > 0)
    return flag >= 2, part


def _nibbles(data: bytes) -> List[int]:
    return [half for byte in data for half in (byte >> 4, byte & 15)]


def _item(data: bytes, at: int, depth: int) -> Tuple[Any, int]:
    _must(depth > 0)
    is_list, start, end = _header(data, at)
    _must(end <= len(data))
    if not is_list:
        return data[start:end], end
    items = []
    while start < end:
        item, start = _item(data, start, depth - 1)
        _must(start <= end)
        items.append(item)
    return items, end


def _header(data: bytes, at: int) -> Tuple[bool, int, int]:
    _must(at < len(data))
    prefix = data[at]
    if prefix < 0x80:
        return False, at, at + 1
    is_list = prefix >= 0xC0
    offset = prefix - (0xC0 if is_list else 0x80)
    if offset <= 55:
        _must(is_list or offset != 1 or (at + 1 < len(data) and data[at + 1] >= 0x80))
        return is_list, at + 1, at + 1 + offset
    start = at + 1 + offset - 55
    size = data[at + 1 : start]
    _must(len(size) == offset - 55 and size[0] != 0)
    length = _integer(size)
    _must(length > 55)
    return is_list, start, start + length


def _integer(data: bytes) -> int:
    value = int.from_bytes(data, "big")
    _must(len(data) <= 7 and value <= LARGEST)
    return value


def _must(condition: bool) -> None:
    if not condition:
        raise ValueError("not RLP, or not this path")
