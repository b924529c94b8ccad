"""What an anchor writes, and how a later transaction confirms it (docs/formats/chaincode.md, record-proof.md)."""

from .checkpoint import Checkpoint
from .policy import Policy
from .refusal import Refusal, require
from .strict_json import canonical, parse_strict_json
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
    for key in (checkpoint_key(organization_id, checkpoint.size), anchor_key(organization_id)):
        value = transaction.write(policy.chaincode, key)
        if value is None:
            raise Refusal("ANCHOR_WRITE_ABSENT", key.replace("\x00", "/"))
        _check_state(value, organization_id, checkpoint)


def _check_state(value: bytes, organization_id: str, checkpoint: Checkpoint) -> None:
    try:
        state = parse_strict_json(value)
        fits = isinstance(state, dict) and canonical(state) == value
    except Refusal as error:
        raise Refusal("ANCHOR_MISMATCH", str(error)) from None
    expected = {
        "organizationId": organization_id,
        "origin": checkpoint.origin,
        "treeSize": float(checkpoint.size),
        "rootHash": checkpoint.root.hex(),
    }
    require(fits and all(state.get(name) == part for name, part in expected.items()), "ANCHOR_MISMATCH")
