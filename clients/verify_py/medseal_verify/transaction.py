"""Endorsed transactions (docs/formats/fabric-block.md, A transaction)."""

from typing import Any, Dict, List, NamedTuple, Optional, Set, Tuple

from .block import Block, read_any, read_envelope, seconds_of
from .config import Config
from .encoding import sha256
from .members import Member, NotEndedBy, member_of, msp_id_of
from .messages import (
    ACTION_PAYLOAD,
    CHAINCODE_ACTION,
    CHAINCODE_EVENT,
    CHAINCODE_HEADER_EXTENSION,
    CHANNEL_HEADER,
    KV_RWSET,
    PAYLOAD,
    RESPONSE_PAYLOAD,
    SIGNATURE_HEADER,
    TRANSACTION,
    TX_RWSET,
)
from .refusal import Refusal, require

ENDORSER_TYPE = 3


class Transaction(NamedTuple):
    channel: str
    tx_id: str
    nonce: bytes
    headers: Tuple[bytes, bytes]
    proposer: bytes
    proposal: bytes
    proposal_hash: bytes
    invoked: str
    status: int
    at: float
    creator: bytes
    signed: bytes
    signature: bytes
    response_payload: bytes
    endorsements: List[Dict[str, Any]]
    chaincode: str
    version: str
    sets: List[Tuple[str, Dict[str, Any]]]

    @property
    def has_right_id(self) -> bool:
        """Whether its id is the hash of nonce and creator."""
        return len(self.nonce) > 0 and sha256(self.nonce, self.creator).hex() == self.tx_id

    def written(self, key: str) -> Optional[bytes]:
        """What it wrote, once, under a key of its own chaincode."""
        write = self._only("writes", key)
        return None if write is None or write["is_delete"] else write["value"]

    def read_at(self, key: str) -> Optional[Tuple[int, int]]:
        """The version at which it read, once, a key of its own chaincode."""
        entry = self._only("reads", key)
        version = entry and entry["version"]
        return version and (version["block_num"], version["tx_num"])

    def _only(self, kind: str, key: str) -> Optional[Dict[str, Any]]:
        own = [entry for name, keys in self.sets if name == self.chaincode for entry in keys[kind]]
        found = [entry for entry in own if entry["key"] == key]
        return found[0] if len(found) == 1 else None


def find_transaction(block: Block, tx_id: str) -> Tuple[int, Transaction]:
    """The first transaction with an id and its position; what cannot be read is passed over."""
    found: List[Tuple[int, Transaction]] = []
    unreadable: List[Refusal] = []
    for index, envelope in enumerate(block.envelopes):
        try:
            transaction = parse_transaction(envelope)
            if transaction.tx_id == tx_id:
                found.append((index, transaction))
        except Refusal as refusal:
            unreadable.append(refusal)
    if found:
        return next((entry for entry in found if entry[1].has_right_id), found[0])
    raise unreadable[0] if unreadable else Refusal("ANCHOR_TX_ABSENT")


def block_time(block: Block) -> Optional[NotEndedBy]:
    """The earliest time of a transaction that is marked valid: orderers must not have ended by it."""
    marks = block.metadata[2] if len(block.metadata) > 2 else b""
    times = []
    for mark, envelope in zip(marks, block.envelopes):
        try:
            times += [parse_transaction(envelope).at] if mark == 0 else []
        except Refusal:
            continue
    return NotEndedBy(min(times)) if times else None


def parse_transaction(data: bytes) -> Transaction:
    """An endorsed transaction taken apart, in whatever spelling its client and its endorsers signed."""
    envelope = read_envelope(data, "TX_MALFORMED")
    payload = read_any(PAYLOAD, envelope["payload"], "TX_MALFORMED")
    require(payload["header"] is not None, "TX_MALFORMED", "no header")
    outer = payload["header"]
    header = read_any(CHANNEL_HEADER, outer["channel_header"], "TX_MALFORMED")
    require(header["type"] == ENDORSER_TYPE, "TX_MALFORMED", "type")
    signer = read_any(SIGNATURE_HEADER, outer["signature_header"], "TX_MALFORMED")
    named = read_any(CHAINCODE_HEADER_EXTENSION, header["extension"], "TX_MALFORMED")["chaincode_id"]
    actions = read_any(TRANSACTION, payload["data"], "TX_MALFORMED")["actions"]
    require(named is not None and len(actions) == 1, "TX_MALFORMED", "no chaincode or not one action")
    proposal, endorsed = _action(actions[0]["payload"])
    response = read_any(RESPONSE_PAYLOAD, endorsed["proposal_response_payload"], "TX_MALFORMED")
    result = read_any(CHAINCODE_ACTION, response["extension"], "TX_MALFORMED")
    require(result["chaincode_id"] is not None and result["response"] is not None, "TX_MALFORMED", "result")
    if result["events"]:
        read_any(CHAINCODE_EVENT, result["events"], "TX_MALFORMED")
    return Transaction(
        channel=header["channel_id"],
        tx_id=header["tx_id"],
        nonce=signer["nonce"],
        headers=(outer["channel_header"], actions[0]["header"]),
        proposer=read_any(SIGNATURE_HEADER, actions[0]["header"], "TX_MALFORMED")["creator"],
        proposal=proposal,
        proposal_hash=response["proposal_hash"],
        invoked=named["name"],
        status=result["response"]["status"],
        at=seconds_of(header, "TX_MALFORMED"),
        creator=signer["creator"],
        signed=envelope["payload"],
        signature=envelope["signature"],
        response_payload=endorsed["proposal_response_payload"],
        endorsements=endorsed["endorsements"],
        chaincode=result["chaincode_id"]["name"],
        version=result["chaincode_id"]["version"],
        sets=_sets(result["results"]),
    )


def check_binding(transaction: Transaction, channel: str) -> None:
    """That the parts of a transaction belong together."""
    require(transaction.channel == channel, "CHANNEL_MISMATCH", transaction.channel)
    require(transaction.has_right_id, "TX_ID")
    require(transaction.invoked == transaction.chaincode, "TX_HEADER_MISMATCH", "chaincode")
    expected = sha256(*transaction.headers, transaction.proposal)
    require(transaction.proposal_hash == expected, "TX_PROPOSAL_HASH")
    require(200 <= transaction.status < 400, "TX_RESPONSE")


def _action(data: bytes) -> Tuple[bytes, Dict[str, Any]]:
    payload = read_any(ACTION_PAYLOAD, data, "TX_MALFORMED")
    require(payload["action"] is not None, "TX_MALFORMED", "no endorsed action")
    return payload["chaincode_proposal_payload"], payload["action"]


def _sets(results: bytes) -> List[Tuple[str, Dict[str, Any]]]:
    namespaces = read_any(TX_RWSET, results, "TX_MALFORMED")["ns_rwset"]
    return [(entry["namespace"], read_any(KV_RWSET, entry["rwset"], "TX_MALFORMED")) for entry in namespaces]


def _not_ended(transaction: Transaction) -> NotEndedBy:
    """A client chooses the time within 15 minutes; Fabric asks whether a certificate has ended, not whether it began."""
    return NotEndedBy(transaction.at - 900)


def check_creator(transaction: Transaction, config: Config) -> str:
    """The client's organisation, which must be that of the endorsed proposal."""
    member = member_of(transaction.creator, config.applications, _not_ended(transaction))
    verifies = member.signed(transaction.signed, transaction.signature)
    require(verifies, "TX_CREATOR_SIGNATURE")
    require(msp_id_of(transaction.proposer) == member.msp_id, "TX_HEADER_MISMATCH", "proposed by another")
    return member.msp_id


def check_endorsements(
    transaction: Transaction, config: Config, minimum: Optional[int], organizations: Optional[List[str]]
) -> Set[str]:
    """The organisations that endorsed a transaction and count, once they are enough.

    An endorsement that does not hold counts for nothing; the first fault is told where they are too few.
    """
    held: Dict[bytes, str] = {}
    fault = None
    for endorsement in transaction.endorsements:
        if endorsement["endorser"] in held:
            continue
        try:
            held[endorsement["endorser"]] = _endorsed_by(endorsement, transaction, config)
        except Refusal as refusal:
            fault = fault or refusal
    counting = set(config.applications if organizations is None else organizations)
    needed = len(counting) // 2 + 1 if minimum is None else minimum
    endorsers = set(held.values()) & counting
    if needed < 1 or len(endorsers) < needed:
        raise fault or Refusal("ENDORSEMENT_POLICY", f"{len(endorsers)} of {needed}")
    return endorsers


def _endorsed_by(endorsement: Dict[str, Any], transaction: Transaction, config: Config) -> str:
    member = _endorser(endorsement["endorser"], config, _not_ended(transaction))
    require("peer" in member.roles, "ENDORSER_ROLE", ",".join(member.roles))
    message = transaction.response_payload + endorsement["endorser"]
    require(member.signed(message, endorsement["signature"]), "ENDORSEMENT_SIGNATURE", member.msp_id)
    return member.msp_id


def _endorser(serialized: bytes, config: Config, at: NotEndedBy) -> Member:
    try:
        return member_of(serialized, config.applications, at)
    except Refusal as refusal:
        if refusal.code == "IDENTITY_UNKNOWN_MSP":
            raise Refusal("ENDORSEMENT_POLICY", "endorsed from outside the channel") from None
        raise
