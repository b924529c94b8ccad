"""The first block of PEM in a text, as Go's pem.Decode finds it (docs/formats/fabric-block.md, Certificates)."""

import base64
import re
from typing import NamedTuple, Optional, Tuple

_BEGIN = b"-----BEGIN "
_END = b"\n-----END "
_DASHES = b"-----"
_BASE64 = re.compile(rb"[A-Za-z0-9+/]*={0,2}\Z")
_WHITE = re.compile(rb"[ \t\r\n]")


class Block(NamedTuple):
    label: bytes
    content: bytes


def first_block(text: bytes) -> Optional[Block]:
    """Text before and after it, headers, white space in lines and any label are taken; None where there is no block."""
    start = 0
    while True:
        end = text.find(_END, start)
        if end < 0:
            return None
        # Where to go on when this block is none.
        trailer = end + len(_END)
        begin = text.rfind(_BEGIN, start, end)
        if begin < 0 or (begin > start and text[begin - 1 : begin] != b"\n"):
            start = trailer
            continue
        label, at = _line(text, begin + len(_BEGIN))
        if not label.endswith(_DASHES):
            start = trailer
            continue
        label = label[: -len(_DASHES)]
        at, has_headers = _after_headers(text, at)
        if at is None or at > trailer:
            return None
        content = None if has_headers and end < at else _content(text, label, at, end)
        if content is not None:
            return Block(label, content)
        start = trailer


def _after_headers(text: bytes, at: int) -> Tuple[Optional[int], bool]:
    """The first line without a colon; None where the text ends before."""
    has_headers = False
    while at < len(text):
        line, after = _line(text, at)
        if b":" not in line:
            return at, has_headers
        at, has_headers = after, True
    return None, has_headers


def _content(text: bytes, label: bytes, at: int, end: int) -> Optional[bytes]:
    """The bytes up to the line that ends the block, which bears the label and nothing else."""
    last, _ = _line(text, end + len(_END))
    if last != label + _DASHES:
        return None
    dense = _WHITE.sub(b"", text[at:end]) if end > at else b""
    if len(dense) % 4 or _BASE64.match(dense) is None:
        return None
    return base64.b64decode(dense)


def _line(text: bytes, at: int) -> Tuple[bytes, int]:
    """A line without the spaces and tabs at its end, and where the next one begins."""
    end = text.find(b"\n", at)
    if end < 0:
        return text[at:].rstrip(b" \t"), len(text)
    stop = end - 1 if end > at and text[end - 1 : end] == b"\r" else end
    return text[at:stop].rstrip(b" \t"), end + 1
