"""The evidence bundle as a file (docs/formats/bundle.md)."""

import zlib
from typing import Any, List, NamedTuple, Optional

from .encoding import from_base64, from_hex, is_hash, sha256
from .merkle import LARGEST
from .notary import NotaryPart
from .release import ConsentPart
from .refusal import Refusal, require
from .strict_json import canonical

FORMAT = "medseal/bundle/v1"
LARGEST_BLOCKS = 4 * 1024 * 1024
_NEEDED = {
    "format",
    "disclosure",
    "leaf",
    "leafIndex",
    "inclusionProof",
    "checkpoint",
    "anchor",
    "blocks",
    "digest",
}


class Confirmation(NamedTuple):
    tx_id: str
    block: bytes


class Bundle(NamedTuple):
    disclosure: Any
    leaf: Any
    leaf_index: int
    inclusion_proof: List[bytes]
    checkpoint: str
    tx_id: str
    block_number: int
    block: bytes
    config_blocks: List[bytes]
    confirmation: Optional[Confirmation]
    notary: Optional[NotaryPart]
    has_release: bool
    release: Any
    consent: Optional[ConsentPart]


def parse_bundle(value: Any) -> Bundle:
    """The bundle in a JSON value, once its shape is right."""
    stated = value.get("format") if isinstance(value, dict) else None
    require(stated == FORMAT, "PROOF_UNKNOWN_FORMAT")
    require(_NEEDED <= set(value) <= _NEEDED | {"confirmation", "notary", "release", "consent"}, "PROOF_MALFORMED", "members")
    require(isinstance(value["checkpoint"], str), "PROOF_MALFORMED", "checkpoint")
    anchor = _members(value["anchor"], {"txId", "blockNumber"})
    blocks = unpack(_bytes(value["blocks"]))
    later = None
    if "confirmation" in value:
        tx_id = _tx_id(_members(value["confirmation"], {"txId"})["txId"])
        require(len(blocks) > 0, "PROOF_MALFORMED", "blocks")
        later = Confirmation(tx_id, blocks.pop())
    require(1 <= len(blocks) <= 65, "PROOF_MALFORMED", "blocks")
    return Bundle(
        disclosure=value["disclosure"],
        leaf=value["leaf"],
        leaf_index=_index(value["leafIndex"]),
        inclusion_proof=_hashes(value["inclusionProof"], 53),
        checkpoint=value["checkpoint"],
        tx_id=_tx_id(anchor["txId"]),
        block_number=_index(anchor["blockNumber"]),
        block=blocks[-1],
        config_blocks=blocks[:-1],
        confirmation=later,
        notary=_notary(value["notary"]) if "notary" in value else None,
        has_release="release" in value,
        release=value.get("release"),
        consent=_consent(value["consent"]) if "consent" in value else None,
    )


def check_digest(value: Any) -> None:
    """The digest over all other members."""
    rest = {name: part for name, part in value.items() if name != "digest"}
    digest = sha256(FORMAT.encode("ascii"), b"\n", canonical(rest))
    require(value["digest"] == digest.hex(), "BUNDLE_DIGEST")


def unpack(packed: bytes) -> List[bytes]:
    """Blocks, each after its length, in one stream of raw DEFLATE with nothing after it."""
    stream = zlib.decompressobj(-zlib.MAX_WBITS)
    try:
        data = stream.decompress(packed, LARGEST_BLOCKS + 1)
    except zlib.error as error:
        raise Refusal("PROOF_MALFORMED", str(error)) from None
    require(len(data) <= LARGEST_BLOCKS, "PROOF_TOO_LARGE", "the blocks")
    require(stream.eof and stream.unused_data == b"", "PROOF_MALFORMED", "not one stream")
    blocks: List[bytes] = []
    at = 0
    while at < len(data):
        end = at + 4 + int.from_bytes(data[at : at + 4], "big")
        require(at + 4 <= len(data) and end <= len(data), "PROOF_MALFORMED", "length of a block")
        blocks.append(data[at + 4 : end])
        at = end
    return blocks


def _notary(value: Any) -> NotaryPart:
    part = _members(value, {"proof", "inclusionProof"})
    return NotaryPart(part["proof"], _hashes(part["inclusionProof"], 53))


def _consent(value: Any) -> ConsentPart:
    part = _members(value, {"content", "salt", "leaf", "leafIndex", "inclusionProof"})
    require(is_hash(part["salt"]), "PROOF_MALFORMED", "salt")
    index = _index(part["leafIndex"])
    return ConsentPart(part["content"], from_hex(part["salt"]), part["leaf"], index, _hashes(part["inclusionProof"], 53))


def _hashes(value: Any, most: int) -> List[bytes]:
    fits = isinstance(value, list) and len(value) <= most and all(map(is_hash, value))
    require(fits, "PROOF_MALFORMED", "hashes")
    return [from_hex(text) for text in value]


def _members(value: Any, names: set) -> dict:
    require(isinstance(value, dict) and set(value) == names, "PROOF_MALFORMED", "members")
    return value


def _index(value: Any) -> int:
    fits = isinstance(value, float) and 0 <= value <= LARGEST and value == int(value)
    require(fits, "PROOF_MALFORMED", "index")
    return int(value)


def _tx_id(value: Any) -> str:
    require(is_hash(value), "PROOF_MALFORMED", "transaction id")
    return value


def _bytes(value: Any) -> bytes:
    try:
        return from_base64(value)
    except ValueError as error:
        raise Refusal("PROOF_MALFORMED", str(error)) from None
