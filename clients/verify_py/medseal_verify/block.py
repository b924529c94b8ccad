"""Blocks and the signatures of their orderers (docs/formats/fabric-block.md, A block)."""

from typing import Any, Callable, Dict, List, NamedTuple, Set, Tuple

from .certificates import certificate_of
from .config import Config
from .encoding import sha256
from .members import Member, Time, certified_member, member_of
from .messages import (
    BLOCK,
    CHANNEL_HEADER,
    ENVELOPE,
    IDENTIFIER_HEADER,
    METADATA,
    ORDERER_BLOCK_METADATA,
    PAYLOAD,
    SIGNATURE_HEADER,
)
from .protobuf import Message, NotCanonical, decode, decode_any, decode_leading
from .refusal import Refusal, require

LARGEST = 32 * 1024 * 1024


class Block(NamedTuple):
    number: int
    previous_hash: bytes
    data_hash: bytes
    envelopes: List[bytes]
    metadata: List[bytes]
    header: bytes

    @property
    def hash(self) -> bytes:
        return sha256(self.header)


def read(message: Message, data: bytes, code: str) -> Dict[str, Any]:
    """A message in its one encoding, else a refusal with the code."""
    try:
        return decode(message, data)
    except NotCanonical as error:
        raise Refusal(code, str(error)) from None


def read_any(message: Message, data: bytes, code: str) -> Dict[str, Any]:
    """A message in whatever spelling, else a refusal with the code."""
    try:
        return decode_any(message, data)
    except NotCanonical as error:
        raise Refusal(code, str(error)) from None


def read_envelope(data: bytes, code: str) -> Dict[str, Any]:
    """Payload and signature of an envelope, which fields that nobody knows may follow."""
    try:
        return decode_leading(ENVELOPE, data)
    except NotCanonical as error:
        raise Refusal(code, str(error)) from None


def header_bytes(number: int, previous_hash: bytes, data_hash: bytes) -> bytes:
    """DER SEQUENCE { INTEGER, OCTET STRING, OCTET STRING }."""
    integer = number.to_bytes(number.bit_length() // 8 + 1, "big")
    return _der(0x30, _der(2, integer) + _der(4, previous_hash) + _der(4, data_hash))


def _der(tag: int, content: bytes) -> bytes:
    size = len(content)
    if size < 128:
        return bytes((tag, size)) + content
    length = size.to_bytes((size.bit_length() + 7) // 8, "big")
    return bytes((tag, 128 | len(length))) + length + content


def parse_block(data: bytes) -> Block:
    """A block taken apart; nothing in it is believed yet."""
    require(len(data) <= LARGEST, "BLOCK_TOO_LARGE")
    message = read(BLOCK, data, "BLOCK_MALFORMED")
    header, body, metadata = message["header"], message["data"], message["metadata"]
    require(header is not None and body is not None, "BLOCK_MALFORMED", "part missing")
    number, previous_hash, data_hash = header["number"], header["previous_hash"], header["data_hash"]
    require(number < 2**53, "BLOCK_MALFORMED", "number")
    require(len(previous_hash) == (32 if number > 0 else 0), "BLOCK_MALFORMED", "previous hash")
    require(len(data_hash) == 32, "BLOCK_MALFORMED", "data hash")
    beside = [] if metadata is None else metadata["metadata"]
    require(len(beside) <= 5, "BLOCK_MALFORMED", "metadata")
    bytes_of_header = header_bytes(number, previous_hash, data_hash)
    return Block(number, previous_hash, data_hash, body["data"], beside, bytes_of_header)


def check_data(block: Block) -> None:
    """That the envelopes are those the header commits to, and well formed."""
    require(len(block.envelopes) > 0, "BLOCK_MALFORMED", "no envelope")
    require(sha256(*block.envelopes) == block.data_hash, "BLOCK_DATA_HASH")
    for envelope in block.envelopes:
        fields = read_envelope(envelope, "BLOCK_ENVELOPE_MALFORMED")
        signed = fields["signature"] != b"" or block.number == 0  # nobody signs the genesis block's envelope
        require(fields["payload"] != b"" and signed, "BLOCK_ENVELOPE_MALFORMED", "empty part")


def channel_header_of(envelope: bytes, code: str) -> Dict[str, Any]:
    payload = read_any(PAYLOAD, read(ENVELOPE, envelope, code)["payload"], code)
    require(payload["header"] is not None, code, "no header")
    return read_any(CHANNEL_HEADER, payload["header"]["channel_header"], code)


def seconds_of(channel_header: Dict[str, Any], code: str) -> float:
    timestamp = channel_header["timestamp"]
    require(timestamp is not None, code, "no time")
    milliseconds = timestamp["seconds"] * 1000 + timestamp["nanos"] // 1_000_000
    require(0 <= milliseconds < 253_402_300_800_000, code, "time")
    return milliseconds / 1000


def last_config_of(block: Block) -> int:
    """The number of the configuration in force, from what the orderers signed."""
    value = _metadata(block)["value"]
    stated = read_any(ORDERER_BLOCK_METADATA, value, "BLOCK_SIGNATURES_MALFORMED")
    require(stated["last_config"] is not None, "BLOCK_SIGNATURES_MALFORMED", "no last configuration")
    return stated["last_config"]["index"]


def _metadata(block: Block) -> Dict[str, Any]:
    return read_any(METADATA, block.metadata[0] if block.metadata else b"", "BLOCK_SIGNATURES_MALFORMED")


def check_orderers(block: Block, config: Config, at: Time, last_config: int) -> None:
    """That enough orderers signed a block, and under which configuration."""
    metadata = _metadata(block)
    _check_signers(block, metadata, config, at)
    require(last_config_of(block) == last_config, "BLOCK_LAST_CONFIG", str(last_config))


def _check_signers(block: Block, metadata: Dict[str, Any], config: Config, at: Time) -> None:
    """That enough orderers signed. A signature that does not hold counts for nothing; the first fault is told else."""
    name_of = _numbered if config.is_bft else _single
    held: Set[Any] = set()
    fault = None
    for entry in metadata["signatures"]:
        try:
            name, header, member = name_of(entry, config, at)
            if name in held:
                continue
            _check_signature(block, metadata["value"] + header, member(), entry["signature"])
            held.add(name)
        except Refusal as refusal:
            fault = fault or refusal
    needed = bft_quorum(len(config.consenters)) if config.is_bft else 1
    if len(held) < needed:
        raise fault or Refusal("ORDERER_QUORUM", f"{len(held)} of {needed}")


Named = Tuple[Any, bytes, Callable[[], Member]]


def _single(entry: Dict[str, Any], config: Config, at: Time) -> Named:
    """Without BFT an orderer's whole identity stands beside its signature."""
    code = "BLOCK_SIGNATURES_MALFORMED"
    require(entry["identifier_header"] == b"", code, "identifier under one orderer")
    creator = read_any(SIGNATURE_HEADER, entry["signature_header"], code)["creator"]
    return creator, entry["signature_header"], lambda: member_of(creator, config.orderers, at)


def _numbered(entry: Dict[str, Any], config: Config, at: Time) -> Named:
    """Under BFT it is the consenter of that number in the configuration."""
    code = "BLOCK_SIGNATURES_MALFORMED"
    numbered = entry["signature_header"] == b"" and entry["identifier_header"] != b""
    require(numbered, code, "not signed by number")
    number = read_any(IDENTIFIER_HEADER, entry["identifier_header"], code)["identifier"]
    consenter = config.consenters.get(number)
    if consenter is None:
        raise Refusal("ORDERER_UNKNOWN", str(number))
    return number, entry["identifier_header"], lambda: _consenter(*consenter, config, at)


def _consenter(msp_id: str, identity: bytes, config: Config, at: Time) -> Member:
    msp = config.orderers.get(msp_id)
    if msp is None:
        raise Refusal("IDENTITY_UNKNOWN_MSP", msp_id)
    return certified_member(certificate_of(identity), msp, at)


def _check_signature(block: Block, before: bytes, member: Member, signature: bytes) -> None:
    require("orderer" in member.roles, "ORDERER_ROLE", ",".join(member.roles))
    require(member.signed(before + block.header, signature), "ORDERER_SIGNATURE")


def bft_quorum(total: int) -> int:
    """⌈(n + ⌊(n − 1)/3⌋ + 1)/2⌉."""
    return (total + (total - 1) // 3 + 1 + 1) // 2


def validity_mark(block: Block, index: int) -> int:
    """What the peer that gave the block says of a transaction; nobody signs it."""
    marks = block.metadata[2] if len(block.metadata) > 2 else b""
    require(len(marks) == len(block.envelopes), "BLOCK_MALFORMED", "validity marks")
    return marks[index]
