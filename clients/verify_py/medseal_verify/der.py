"""DER as far as it is read of certificates: one element after the other (docs/formats/fabric-block.md, Certificates)."""

from typing import List, NamedTuple, Optional, Tuple

BOOLEAN, INTEGER, BITS, OCTETS, IDENTIFIER, SEQUENCE, SET = 1, 2, 3, 4, 6, 0x30, 0x31
UTC_TIME, GENERALIZED_TIME = 0x17, 0x18


class Element(NamedTuple):
    tag: int
    content: bytes
    whole: bytes


class Reader:
    """Gives the elements of a content in turn; what follows the last one asked for is never looked at. ValueError."""

    def __init__(self, data: bytes) -> None:
        self._data = data
        self._at = 0

    def __bool__(self) -> bool:
        return self._at < len(self._data)

    def tag(self) -> Optional[int]:
        return self._data[self._at] if self else None

    def any(self) -> Element:
        start, end = _extent(self._data, self._at)
        element = Element(self._data[self._at], self._data[start:end], self._data[self._at : end])
        self._at = end
        return element

    def next(self, tag: int) -> Element:
        if self.tag() != tag:
            raise ValueError(f"no element of tag {tag}")
        return self.any()

    def optional(self, tag: int) -> Optional[Element]:
        return self.any() if self.tag() == tag else None

    def inner(self, tag: int = SEQUENCE) -> "Reader":
        return Reader(self.next(tag).content)

    def sequences(self) -> "List[Reader]":
        found = []
        while self:
            found.append(self.inner())
        return found


def only(data: bytes, tag: int = SEQUENCE) -> Element:
    """The one element that the bytes are."""
    reader = Reader(data)
    element = reader.next(tag)
    if reader:
        raise ValueError("bytes after it")
    return element


def _extent(data: bytes, at: int) -> Tuple[int, int]:
    """Where the content of an element starts and ends; its length is in the shortest form."""
    if at + 2 > len(data) or data[at] & 0x1F == 0x1F:
        raise ValueError("no element")
    start, length = at + 2, data[at + 1]
    if length >= 128:
        count = length - 128
        start += count
        length = int.from_bytes(data[at + 2 : start], "big")
        if not 1 <= count <= 4 or start > len(data) or length < 128 or length < 256 ** (count - 1):
            raise ValueError("length")
    if start + length > len(data):
        raise ValueError("cut")
    return start, start + length


def truth(element: Element) -> bool:
    if element.content not in (b"\0", b"\xff"):
        raise ValueError("truth value")
    return element.content == b"\xff"


def integer(element: Element) -> int:
    """A number in its shortest form."""
    content = element.content
    if not content or (len(content) > 1 and (content[0], content[1] >> 7) in ((0, 0), (255, 1))):
        raise ValueError("integer")
    return int.from_bytes(content, "big", signed=True)


def small_integer(element: Element) -> int:
    """A number of 64 bits at most."""
    if len(element.content) > 8:
        raise ValueError("number")
    return integer(element)


def identifier(element: Element, limited: bool = True) -> bytes:
    """An object identifier by its content: arcs without a leading zero digit, and below 2³¹ where they are limited."""
    content = element.content
    arcs = []
    start = 0
    for at, byte in enumerate(content):
        if byte < 128:
            arcs.append(content[start : at + 1])
            start = at + 1
    if not content or start < len(content) or any(arc[0] == 128 for arc in arcs):
        raise ValueError("identifier")
    if limited and any(len(arc) > 5 or (len(arc) == 5 and arc[0] >= 0x88) for arc in arcs):
        raise ValueError("an arc of 2^31 or more")
    return content


def bits(element: Element) -> bytes:
    """The bits of a bit string, shifted to the right by the number of those that are not used, which are zero."""
    content = element.content
    unused = content[0] if content else 8
    value = int.from_bytes(content[1:], "big")
    if unused > 7 or (len(content) == 1 and unused > 0) or value & ((1 << unused) - 1):
        raise ValueError("bits")
    return (value >> unused).to_bytes(len(content) - 1, "big")
