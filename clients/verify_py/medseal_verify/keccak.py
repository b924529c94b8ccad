"""Keccak-256 as Ethereum has it (padding 01, not the 06 of SHA-3)."""

from typing import List

_MASK = 2**64 - 1
_RATE = 136


def _constants() -> List[int]:
    register, found = 1, []
    for _ in range(24):
        value = 0
        for bit in range(7):
            if register & 1:
                value |= 1 << (2**bit - 1)
            register = (register << 1) ^ (0x171 if register & 0x80 else 0)
        found.append(value)
    return found


_ROUNDS = _constants()


def _rotate(lane: int, by: int) -> int:
    return ((lane << by) | (lane >> (64 - by))) & _MASK if by else lane


def _permute(a: List[int]) -> None:
    """Keccak-f[1600] on 25 lanes, lane (x, y) at x + 5y."""
    for constant in _ROUNDS:
        c = [a[x] ^ a[x + 5] ^ a[x + 10] ^ a[x + 15] ^ a[x + 20] for x in range(5)]
        d = [c[(x - 1) % 5] ^ _rotate(c[(x + 1) % 5], 1) for x in range(5)]
        for at in range(25):
            a[at] ^= d[at % 5]
        x, y, lane = 1, 0, a[1]
        for turn in range(24):
            x, y = y, (2 * x + 3 * y) % 5
            a[x + 5 * y], lane = _rotate(lane, (turn + 1) * (turn + 2) // 2 % 64), a[x + 5 * y]
        for row in range(0, 25, 5):
            line = a[row : row + 5]
            for x in range(5):
                a[row + x] = line[x] ^ (~line[(x + 1) % 5] & _MASK & line[(x + 2) % 5])
        a[0] ^= constant


def keccak256(data: bytes) -> bytes:
    padded = bytearray(data + b"\x01" + bytes(-(len(data) + 1) % _RATE))
    padded[-1] |= 0x80
    state = [0] * 25
    for start in range(0, len(padded), _RATE):
        for lane in range(_RATE // 8):
            at = start + 8 * lane
            state[lane] ^= int.from_bytes(padded[at : at + 8], "little")
        _permute(state)
    return b"".join(lane.to_bytes(8, "little") for lane in state[:4])
