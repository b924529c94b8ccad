"""What an anchor writes, and how a later transaction confirms it (docs/formats/chaincode.md, bundle.md)."""

from .checkpoint import Checkpoint
from .policy import Policy
from .refusal import Refusal, require
from .strict_json import parse_strict_json
from .transaction import Transaction


def composite_key(*parts: str) -> str:
    return "\x00" + "".join(part + "\x00" for part in parts)


def anchor_key(organization_id: str) -> str:
    return composite_key("anchor", organization_id)


def checkpoint_key(organization_id: str, size: int) -> str:
    return composite_key("checkpoint", organization_id, f"{size:016d}")


def check_chaincode(transaction: Transaction, policy: Policy) -> None:
    require(transaction.chaincode == policy.chaincode, "ANCHOR_CHAINCODE", transaction.chaincode)
    require(transaction.version in policy.versions, "ANCHOR_CHAINCODE", transaction.version)


def check_anchored(transaction: Transaction, policy: Policy, organization_id: str, checkpoint: Checkpoint) -> None:
    """That a transaction wrote exactly this checkpoint."""
    check_chaincode(transaction, policy)
    value = transaction.written(checkpoint_key(organization_id, checkpoint.size))
    if value is None:
        raise Refusal("ANCHOR_WRITE_ABSENT")
    state = parse_strict_json(value)
    members = {"organizationId", "origin", "treeSize", "rootHash", "note"}
    require(isinstance(state, dict) and set(state) == members, "ANCHOR_MISMATCH", "members")
    expected = (organization_id, checkpoint.origin, checkpoint.size, checkpoint.root.hex())
    found = (state["organizationId"], state["origin"], state["treeSize"], state["rootHash"])
    require(found == expected and not isinstance(state["treeSize"], bool), "ANCHOR_MISMATCH")
