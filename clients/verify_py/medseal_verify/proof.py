"""The record proof as a file (docs/formats/record-proof.md)."""

from typing import Any, List, NamedTuple, Optional

from .encoding import from_base64, from_hex, is_hash
from .merkle import LARGEST
from .refusal import Refusal, require

FORMAT = "medseal/record-proof/v1"
_NEEDED = {
    "format",
    "disclosure",
    "leaf",
    "leafIndex",
    "inclusionProof",
    "checkpoint",
    "anchor",
    "configBlocks",
}


class Confirmation(NamedTuple):
    tx_id: str
    block: bytes


class Proof(NamedTuple):
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


def parse_proof(value: Any) -> Proof:
    """The proof in a JSON value, once its shape is right."""
    stated = value.get("format") if isinstance(value, dict) else None
    require(stated == FORMAT, "PROOF_UNKNOWN_FORMAT")
    require(set(value) in (_NEEDED, _NEEDED | {"confirmation"}), "PROOF_MALFORMED", "members")
    require(isinstance(value["checkpoint"], str), "PROOF_MALFORMED", "checkpoint")
    path = value["inclusionProof"]
    require(isinstance(path, list) and len(path) <= 53 and all(map(is_hash, path)), "PROOF_MALFORMED", "inclusionProof")
    blocks = value["configBlocks"]
    require(isinstance(blocks, list) and len(blocks) <= 64, "PROOF_MALFORMED", "configBlocks")
    anchor = _members(value["anchor"], {"txId", "blockNumber", "block"})
    later = value.get("confirmation")
    if "confirmation" in value:
        later = _members(later, {"txId", "block"})
    return Proof(
        disclosure=value["disclosure"],
        leaf=value["leaf"],
        leaf_index=_index(value["leafIndex"]),
        inclusion_proof=[from_hex(text) for text in path],
        checkpoint=value["checkpoint"],
        tx_id=_tx_id(anchor["txId"]),
        block_number=_index(anchor["blockNumber"]),
        block=_bytes(anchor["block"]),
        config_blocks=[_bytes(text) for text in value["configBlocks"]],
        confirmation=later and Confirmation(_tx_id(later["txId"]), _bytes(later["block"])),
    )


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
