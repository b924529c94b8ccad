"""Signed checkpoints (docs/formats/checkpoint.md)."""

import re
from typing import Iterable, List, NamedTuple, Tuple

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

from .encoding import from_base64, sha256
from .merkle import LARGEST
from .refusal import Refusal, require

_FIELD = 2**255 - 19
_ORDER = 2**252 + 27742317777372353535851937790883648493
# The y coordinates of the points whose order divides eight.
_SMALL_Y = frozenset(
    (
        0,
        1,
        _FIELD - 1,
        2707385501144840649318225287225658788936804267575313519463743609750303402022,
        _FIELD - 2707385501144840649318225287225658788936804267575313519463743609750303402022,
    )
)
_NAME = re.compile(r"[^\s+\x00-\x1f\x7f-\x9f\ud800-\udfff\ufeff]{1,256}\Z")
_SIZE = re.compile(r"(?:0|[1-9][0-9]{0,15})\Z")
_CONTROL = re.compile("[\x00-\x09\x0b-\x1f\x7f\ud800-\udfff]")
ORIGIN = "medseal.org/log/"


class VerifierKey(NamedTuple):
    name: str
    id: bytes
    public_key: bytes


class Checkpoint(NamedTuple):
    origin: str
    size: int
    root: bytes


def parse_verifier_key(text: object, kind: int = 1) -> VerifierKey:
    """A key as text; kind 1 signs checkpoints, 4 cosigns them."""
    parts = text.split("+", 2) if isinstance(text, str) else []
    require(len(parts) == 3 and _NAME.match(parts[0]) is not None, "VERIFIER_KEY_INVALID")
    name, identifier, key = parts
    try:
        data = from_base64(key)
    except ValueError:
        raise Refusal("VERIFIER_KEY_INVALID", "base64") from None
    require(len(data) == 33 and data[0] == kind, "VERIFIER_KEY_INVALID", "no such key")
    digest = sha256(name.encode("utf-8"), b"\n", data)[:4]
    require(digest.hex() == identifier, "VERIFIER_KEY_INVALID", "key id")
    return VerifierKey(name, digest, data[1:])


def is_sound_ed25519_key(public_key: bytes) -> bool:
    """Whether a key is in its one encoding and not of small order; it may be no point, and then nothing verifies."""
    y = int.from_bytes(public_key, "little") & (2**255 - 1)
    return len(public_key) == 32 and y < _FIELD and y not in _SMALL_Y


def _is_strict_key(public_key: bytes) -> bool:
    y = int.from_bytes(public_key, "little") & (2**255 - 1)
    return is_sound_ed25519_key(public_key) and _is_on_curve(y)


def _is_on_curve(y: int) -> bool:
    d = -121665 * pow(121666, -1, _FIELD) % _FIELD
    square = (y * y - 1) * pow(d * y * y + 1, -1, _FIELD) % _FIELD
    return square == 0 or pow(square, (_FIELD - 1) // 2, _FIELD) == 1


def ed25519_verifies(public_key: bytes, message: bytes, signature: bytes) -> bool:
    if len(signature) != 64 or int.from_bytes(signature[32:], "little") >= _ORDER:
        return False
    if not _is_strict_key(public_key):
        return False
    try:
        Ed25519PublicKey.from_public_bytes(public_key).verify(signature, message)
        return True
    except (InvalidSignature, ValueError):
        return False


class Line(NamedTuple):
    name: str
    id: bytes
    signature: bytes


def split_note(note: str) -> Tuple[str, List[Line]]:
    """The text of a note and its signature lines, none of them checked."""
    require(len(note) <= 16_384 and _CONTROL.search(note) is None, "NOTE_INVALID", "length or characters")
    at = note.rfind("\n\n")
    require(at > 0 and note.endswith("\n"), "NOTE_INVALID", "no signatures")
    text, tail = note[: at + 1], note[at + 2 :]
    lines = tail[:-1].split("\n") if tail else []
    require(1 <= len(lines) <= 16, "NOTE_INVALID", "number of signatures")
    return text, [_line(line) for line in lines]


def open_note(note: str, keys: Iterable[VerifierKey]) -> str:
    """The text of a note that a known key signed."""
    text, lines = split_note(note)
    known = {(key.name, key.id): key for key in keys}
    signed = set()
    for line in lines:
        key = known.get((line.name, line.id))
        if key is None:
            continue
        require(key not in signed, "NOTE_INVALID", "one key signs twice")
        require(ed25519_verifies(key.public_key, text.encode("utf-8"), line.signature), "NOTE_SIGNATURE_INVALID")
        signed.add(key)
    require(len(signed) > 0, "NOTE_NOT_SIGNED")
    return text


def _line(line: str) -> Line:
    parts = line.split(" ")
    require(len(parts) == 3 and parts[0] == "\u2014" and bool(_NAME.match(parts[1])), "NOTE_INVALID", "line")
    try:
        data = from_base64(parts[2])
    except ValueError:
        raise Refusal("NOTE_INVALID", "base64 of a signature") from None
    require(len(data) > 4, "NOTE_INVALID", "no signature")
    return Line(parts[1], data[:4], data[4:])


def parse_checkpoint(text: str) -> Checkpoint:
    lines: List[str] = text.split("\n")
    require(len(lines) == 4 and lines[3] == "", "CHECKPOINT_INVALID", "lines")
    require(_NAME.match(lines[0]) is not None, "CHECKPOINT_INVALID", "origin")
    origin, size, root = lines[:3]
    require(_SIZE.match(size) is not None and int(size) <= LARGEST, "CHECKPOINT_INVALID", "size")
    try:
        data = from_base64(root)
    except ValueError:
        raise Refusal("CHECKPOINT_INVALID", "root") from None
    require(len(data) == 32, "CHECKPOINT_INVALID", "root")
    return Checkpoint(origin, int(size), data)
