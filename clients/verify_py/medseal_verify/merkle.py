"""RFC 9162 Merkle trees (docs/formats/log.md)."""

from typing import List, Optional, Tuple

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


def growth_roots(old: int, new: int, path: List[bytes]) -> Optional[Tuple[bytes, bytes]]:
    """The two roots that a growth path leads to (fork-proof.md; RFC 9162, 2.1.4.2); None where it leads to none."""
    if not 1 <= old < new <= LARGEST or not path:
        return None
    at, last = old - 1, new - 1
    while at % 2 == 1:
        at, last = at // 2, last // 2
    first = second = path[0]
    for sibling in path[1:]:
        if last == 0:
            return None
        if at % 2 == 1 or at == last:
            first, second = node_hash(sibling, first), node_hash(sibling, second)
            while at % 2 == 0 and at != 0:
                at, last = at // 2, last // 2
        else:
            second = node_hash(second, sibling)
        at, last = at // 2, last // 2
    return (first, second) if last == 0 else None
