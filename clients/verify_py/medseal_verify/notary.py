"""The notary outside the alliance (docs/formats/notary-proof.md)."""

import re
from typing import Any, Callable, Dict, List, NamedTuple, Tuple, TypeVar

from .block import Block
from .encoding import from_base64, from_hex, sha256
from .keccak import keccak256
from .merkle import LARGEST, check_inclusion, leaf_hash
from .refusal import Refusal, require
from .rlp import bytes_of, decode, integer_of, items_of, open_trie

FORMAT = "medseal/notary-proof/v1"
_TOPIC = keccak256(b"Notarized(bytes32,uint64,bytes32,bytes32,uint64,uint32)")
_HEX = re.compile(r"[0-9a-f]*\Z")
_LAST_SECOND = 253_402_300_799
_MEMBERS = {
    "format",
    "channelId",
    "height",
    "blockHash",
    "historyRoot",
    "chainId",
    "contract",
    "header",
    "transactionIndex",
    "logIndex",
    "receiptProof",
}
Result = TypeVar("Result")


class Notary(NamedTuple):
    """The member `notary` of a policy."""

    chain_id: int
    contract: bytes
    headers: Dict[int, bytes]


class NotaryPart(NamedTuple):
    """The member `notary` of a bundle."""

    proof: Any
    inclusion_proof: List[bytes]


class _Proof(NamedTuple):
    channel_id: bytes
    height: int
    block_hash: bytes
    history_root: bytes
    chain_id: int
    contract: bytes
    header: bytes
    transaction_index: int
    log_index: int
    nodes: List[bytes]


class _Header(NamedTuple):
    hash: bytes
    number: int
    receipts_root: bytes


def parse_notary(value: Any) -> Notary:
    try:
        _must(isinstance(value, dict) and set(value) == {"chainId", "contract", "trustedHeaders"})
        entries = value["trustedHeaders"]
        _must(isinstance(entries, list))
        _must(all(isinstance(entry, dict) and set(entry) == {"number", "hash"} for entry in entries))
        headers = {_whole(entry["number"]): _hex(entry["hash"], 32) for entry in entries}
        _must(len(headers) == len(entries))
        return Notary(_whole(value["chainId"]), _hex(value["contract"], 20), headers)
    except ValueError:
        raise Refusal("POLICY_INVALID", "notary") from None


def check_notary(part: NotaryPart, block: Block, policy: Any) -> bool:
    """Whether a trusted header holds the record; False where it can be checked online only."""
    proof = _read("NOTARY_MALFORMED", lambda: _parse(part.proof))
    header = _read("NOTARY_HEADER", lambda: _parse_header(proof.header))
    domain = b"medseal/notary-channel/v1\n"
    channel_id = sha256(domain, bytes.fromhex(policy.genesis_hash), policy.channel.encode("utf-8"))
    require(proof.channel_id == channel_id, "NOTARY_CHANNEL")
    _check_history(proof, block, part.inclusion_proof)
    trust = policy.notary or Notary(proof.chain_id, proof.contract, {})
    require(proof.chain_id == trust.chain_id, "NOTARY_CHAIN")
    require(proof.contract == trust.contract, "NOTARY_CONTRACT")
    logs = _read("NOTARY_RECEIPT", lambda: _logs_in(proof, header))
    _check_event(logs, proof)
    trusted = trust.headers.get(header.number)
    require(trusted in (None, header.hash), "NOTARY_HEADER_UNTRUSTED")
    return trusted is not None


def _check_history(proof: _Proof, block: Block, path: List[bytes]) -> None:
    """The block is in the tree over the hashes of all blocks up to the notarized one."""
    require(block.number <= proof.height < LARGEST, "NOTARY_BLOCK")
    require(block.number < proof.height or block.hash == proof.block_hash, "NOTARY_BLOCK")
    leaf = leaf_hash(b"medseal/history-leaf/v1\n" + block.hash)
    try:
        check_inclusion(leaf, block.number, proof.height + 1, path, proof.history_root)
    except Refusal as refusal:
        raise Refusal(refusal.code.replace("INCLUSION", "NOTARY_HISTORY")) from None


def _parse(value: Any) -> _Proof:
    stated = value.get("format") if isinstance(value, dict) else None
    require(stated == FORMAT, "NOTARY_UNKNOWN_FORMAT")
    _must(set(value) == _MEMBERS)
    nodes = value["receiptProof"]
    _must(isinstance(nodes, list) and 1 <= len(nodes) <= 16)
    return _Proof(
        channel_id=_hex(value["channelId"], 32),
        height=_whole(value["height"]),
        block_hash=_hex(value["blockHash"], 32),
        history_root=_hex(value["historyRoot"], 32),
        chain_id=_whole(value["chainId"]),
        contract=_hex(value["contract"], 20),
        header=_bytes(value["header"], 4_096),
        transaction_index=_whole(value["transactionIndex"]),
        log_index=_whole(value["logIndex"]),
        nodes=[_bytes(node, 32_768) for node in nodes],
    )


def _parse_header(data: bytes) -> _Header:
    fields = items_of(decode(data))
    _must(len(fields) >= 15)
    _must(integer_of(fields[11]) <= _LAST_SECOND)
    bytes_of(fields[0], 32)
    return _Header(keccak256(data), integer_of(fields[8]), bytes_of(fields[5], 32))


def _logs_in(proof: _Proof, header: _Header) -> List[Tuple[bytes, List[bytes], bytes]]:
    receipt = open_trie(header.receipts_root, proof.transaction_index, proof.nodes)
    typed = len(receipt) > 0 and receipt[0] < 0x80
    fields = items_of(decode(receipt[1:] if typed else receipt))
    _must(len(fields) == 4)
    status = bytes_of(fields[0])
    logs = []
    for entry in items_of(fields[3]):
        address, topics, data, *rest = items_of(entry) + [None] * max(0, 3 - len(items_of(entry)))
        _must(rest == [])
        logs.append((bytes_of(address, 20), [bytes_of(topic, 32) for topic in items_of(topics)], bytes_of(data)))
    require(status == b"\x01", "NOTARY_RECEIPT_FAILED")
    return logs


def _check_event(logs: List[Tuple[bytes, List[bytes], bytes]], proof: _Proof) -> None:
    require(proof.log_index < len(logs), "NOTARY_EVENT_ABSENT")
    address, topics, data = logs[proof.log_index]
    require(address == proof.contract, "NOTARY_EVENT_CONTRACT")
    require(topics[:1] == [_TOPIC], "NOTARY_EVENT_ABSENT")
    expected = [proof.channel_id, proof.height.to_bytes(32, "big")]
    same = topics[1:] == expected and len(data) == 128 and data[:64] == proof.block_hash + proof.history_root
    require(same, "NOTARY_EVENT_MISMATCH")


def _read(code: str, work: Callable[[], Result]) -> Result:
    try:
        return work()
    except ValueError as error:
        raise Refusal(code, str(error)) from None


def _hex(value: Any, length: int) -> bytes:
    _must(isinstance(value, str) and len(value) == 2 * length and _HEX.match(value) is not None)
    return from_hex(value)


def _whole(value: Any) -> int:
    _must(isinstance(value, float) and 0 <= value <= LARGEST and value == int(value))
    _must(str(value)[0] != "-")
    return int(value)


def _bytes(value: Any, longest: int) -> bytes:
    _must(isinstance(value, str) and len(value) <= 4 * ((longest + 2) // 3))
    return from_base64(value)


def _must(condition: bool) -> None:
    if not condition:
        raise ValueError("not a notary proof")
