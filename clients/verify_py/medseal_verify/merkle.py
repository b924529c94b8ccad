"""RFC 9162 Merkle trees (docs/formats/log.md)."""

from typing import List

from .encoding import sha256
from .refusal import require

LARGEST = 2**53 - 1


def leaf_hash(data: bytes) -> bytes:
    return sha256(b"\x00", data)


def node_hash(left: bytes, right: bytes) -> bytes:
    return sha256(b"\x01", left, right)


def check_inclusion(leaf: bytes, index: int, size: int, proof: List[bytes], root: bytes) -> None:
    """RFC 9162, 2.1.3.2."""
    require(0 <= index < size <= LARGEST, "INCLUSION_INDEX", f"{index} of {size}")
    at, last, result, used = index, size - 1, leaf, 0
    while last > 0:
        if at % 2 == 1 or at < last:
            require(used < len(proof), "INCLUSION_LENGTH", "too short")
            sibling = proof[used]
            used += 1
            result = node_hash(sibling, result) if at % 2 == 1 else node_hash(result, sibling)
        at, last = at // 2, last // 2
    require(used == len(proof), "INCLUSION_LENGTH", "too long")
    require(result == root, "INCLUSION_ROOT")
