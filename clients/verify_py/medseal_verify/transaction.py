"""Endorsed transactions (docs/formats/fabric-block.md, A transaction)."""

from typing import Any, Dict, List, NamedTuple, Optional, Set, Tuple

from .block import Block, channel_header_of, read, seconds_of
from .certificates import member_of, signature_verifies
from .config import Config
from .encoding import sha256
from .messages import (
    ACTION_PAYLOAD,
    CHAINCODE_ACTION,
    CHAINCODE_HEADER_EXTENSION,
    CHANNEL_HEADER,
    ENVELOPE,
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
    index: int
    at: float
    creator: bytes
    signed: bytes
    signature: bytes
    response_payload: bytes
    endorsements: List[Dict[str, Any]]
    chaincode: str
    version: str
    sets: List[Tuple[str, Dict[str, Any]]]

    def write(self, namespace: str, key: str) -> Optional[bytes]:
        hits = [write for write in self._all("writes", namespace) if write["key"] == key]
        return None if len(hits) != 1 or hits[0]["is_delete"] else hits[0]["value"]

    def read_version(self, namespace: str, key: str) -> Optional[Tuple[int, int]]:
        hits = [hit["version"] for hit in self._all("reads", namespace) if hit["key"] == key]
        if len(hits) != 1 or hits[0] is None:
            return None
        return hits[0]["block_num"], hits[0]["tx_num"]

    def _all(self, kind: str, namespace: str) -> List[Dict[str, Any]]:
        return [entry for name, keys in self.sets if name == namespace for entry in keys[kind]]


def find_transaction(block: Block, tx_id: str) -> Optional[int]:
    """The position of the first transaction with an id."""
    for index, envelope in enumerate(block.envelopes):
        try:
            header = channel_header_of(envelope, "TX_MALFORMED")
        except Refusal:
            continue
        if header["type"] == ENDORSER_TYPE and header["tx_id"] == tx_id:
            return index
    return None


def read_transaction(block: Block, index: int, channel: str) -> Transaction:
    """A transaction whose parts belong together."""
    envelope = read(ENVELOPE, block.envelopes[index], "TX_MALFORMED")
    payload = read(PAYLOAD, envelope["payload"], "TX_MALFORMED")
    require(payload["header"] is not None, "TX_MALFORMED", "no header")
    headers = payload["header"]
    header = read(CHANNEL_HEADER, headers["channel_header"], "TX_MALFORMED")
    require(header["type"] == ENDORSER_TYPE, "TX_MALFORMED", "type")
    require(header["channel_id"] == channel, "CHANNEL_MISMATCH", header["channel_id"])
    signer = read(SIGNATURE_HEADER, headers["signature_header"], "TX_MALFORMED")
    require(sha256(signer["nonce"], signer["creator"]).hex() == header["tx_id"], "TX_ID")
    actions = read(TRANSACTION, payload["data"], "TX_MALFORMED")["actions"]
    require(len(actions) == 1, "TX_MALFORMED", "one action")
    require(actions[0]["header"] == headers["signature_header"], "TX_HEADER_MISMATCH", "signature header")
    proposal, endorsed = _action(actions[0]["payload"])
    response = read(RESPONSE_PAYLOAD, endorsed["proposal_response_payload"], "TX_MALFORMED")
    expected = sha256(headers["channel_header"], headers["signature_header"], proposal)
    require(response["proposal_hash"] == expected, "TX_PROPOSAL_HASH")
    result = _result(response["extension"], header["extension"])
    return Transaction(
        index=index,
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


def _action(data: bytes) -> Tuple[bytes, Dict[str, Any]]:
    payload = read(ACTION_PAYLOAD, data, "TX_MALFORMED")
    require(payload["action"] is not None, "TX_MALFORMED", "no endorsed action")
    return payload["chaincode_proposal_payload"], payload["action"]


def _result(data: bytes, invoked: bytes) -> Dict[str, Any]:
    result = read(CHAINCODE_ACTION, data, "TX_MALFORMED")
    extension = read(CHAINCODE_HEADER_EXTENSION, invoked, "TX_MALFORMED")
    named, response = extension["chaincode_id"], result["response"]
    require(result["chaincode_id"] is not None and named is not None, "TX_MALFORMED", "no chaincode")
    require(named["name"] == result["chaincode_id"]["name"], "TX_HEADER_MISMATCH", "chaincode")
    require(response is not None and 200 <= response["status"] < 400, "TX_RESPONSE")
    return result


def _sets(results: bytes) -> List[Tuple[str, Dict[str, Any]]]:
    namespaces = read(TX_RWSET, results, "TX_MALFORMED")["ns_rwset"]
    return [(entry["namespace"], read(KV_RWSET, entry["rwset"], "TX_MALFORMED")) for entry in namespaces]


def check_creator(transaction: Transaction, config: Config) -> str:
    member = member_of(transaction.creator, config.applications, transaction.at)
    verifies = signature_verifies(member.key, transaction.signed, transaction.signature)
    require(verifies, "TX_CREATOR_SIGNATURE")
    return member.msp_id


def check_endorsements(
    transaction: Transaction, config: Config, minimum: Optional[int], organizations: Optional[List[str]]
) -> Set[str]:
    """The organisations that endorsed a transaction and count, once they are enough."""
    endorsers = set()
    for endorsement in transaction.endorsements:
        member = member_of(endorsement["endorser"], config.applications, transaction.at)
        require(member.role == "peer", "ENDORSER_ROLE", member.role)
        message = transaction.response_payload + endorsement["endorser"]
        verifies = signature_verifies(member.key, message, endorsement["signature"])
        require(verifies, "ENDORSEMENT_SIGNATURE", member.msp_id)
        endorsers.add(member.msp_id)
    counting = set(config.applications if organizations is None else organizations)
    needed = len(counting) // 2 + 1 if minimum is None else minimum
    require(len(endorsers & counting) >= needed, "ENDORSEMENT_POLICY", f"{len(endorsers & counting)} of {needed}")
    return endorsers & counting
