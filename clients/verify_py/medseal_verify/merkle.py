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


def is_consistent(old_size: int, old_root: bytes, new_size: int, new_root: bytes, proof: List[bytes]) -> bool:
    """RFC 9162, 2.1.4.2."""
    if not 0 <= old_size <= new_size <= LARGEST:
        return False
    if old_size == 0:
        return not proof and old_root == sha256()
    if old_size == new_size:
        return not proof and old_root == new_root
    return _walks(old_size, old_root, new_size, new_root, proof)


def _walks(old_size: int, old_root: bytes, new_size: int, new_root: bytes, proof: List[bytes]) -> bool:
    steps = list(proof)
    if old_size & (old_size - 1) == 0:
        steps.insert(0, old_root)
    if not proof or not steps:
        return False
    old, new = old_size - 1, new_size - 1
    while old % 2 == 1:
        old, new = old // 2, new // 2
    first = second = steps[0]
    for step in steps[1:]:
        if new == 0:
            return False
        if old % 2 == 1 or old == new:
            first, second = node_hash(step, first), node_hash(step, second)
            while old % 2 == 0 and old != 0:
                old, new = old // 2, new // 2
        else:
            second = node_hash(second, step)
        old, new = old // 2, new // 2
    return new == 0 and first == old_root and second == new_root
