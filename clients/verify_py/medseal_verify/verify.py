"""All checks of a record proof against a trust policy (docs/formats/record-proof.md, Checks)."""

from typing import Any, Callable, Dict, List, Optional

from .anchored import anchor_key, check_anchored, check_chaincode
from .block import Block, check_orderers, parse_block, validity_mark
from .channel import Channel, genesis_given, read_channel
from .checkpoint import ORIGIN, Checkpoint, open_note, parse_checkpoint
from .commitment import milliseconds_of, open_content
from .config import Config
from .merkle import check_inclusion, leaf_hash
from .policy import Log, Policy
from .proof import Proof, parse_proof
from .refusal import Refusal, require
from .transaction import (
    Transaction,
    check_creator,
    check_endorsements,
    find_transaction,
    read_transaction,
)

HEADINGS = {
    "format": "before",
    "content": "before",
    "log-signature": "who",
    "inclusion": "after",
    "channel": "after",
    "block": "after",
    "orderers": "after",
    "transaction": "after",
    "submitter": "who",
    "endorsements": "after",
    "anchored-checkpoint": "after",
    "validity-mark": "after",
    "confirmation": "after",
    "leaf-time": "after",
    "independence": "neutrality",
}
_FIFTEEN_MINUTES = 15 * 60 * 1000


class _Skip(Exception):
    """A check that cannot be made; undecides when the verdict takes it."""

    def __init__(self, undecided: bool = False) -> None:
        super().__init__()
        self.undecided = undecided


class Verification:
    """One run: each check stores what the checks after it build on."""

    def __init__(self, policy: Policy) -> None:
        self.policy = policy
        self.checks: List[Dict[str, str]] = []
        self.undecided = False
        self.proof: Proof
        self.log: Log
        self.leaf: Optional[bytes] = None
        self.checkpoint: Checkpoint
        self.channel: Channel
        self.block: Block
        self.config: Config
        self.transaction: Transaction

    def run(self, data: bytes) -> Dict[str, Any]:
        self.check("format", (), lambda: self.read_format(data))
        if not self.passed("format"):
            return self.report("undecided")
        self.check("content", (), self.check_content)
        self.check("log-signature", ("content",), self.check_log)
        self.check("inclusion", ("content", "log-signature"), self.check_inclusion)
        self.check("channel", (), self.read_channel)
        self.check("block", (), self.read_block)
        self.check("orderers", ("channel", "block"), self.check_orderers)
        self.check("transaction", ("block",), self.read_transaction)
        self.check("submitter", ("content", "orderers", "transaction"), self.check_submitter)
        self.check("endorsements", ("orderers", "transaction"), self.check_endorsements)
        self.check("anchored-checkpoint", ("log-signature", "transaction"), self.check_anchored)
        self.check("validity-mark", ("transaction",), self.check_mark)
        self.check("confirmation", ("content", "channel", "transaction"), self.check_confirmation)
        self.check("leaf-time", ("content", "transaction"), self.check_leaf_time)
        self.check("independence", ("channel",), self.check_independence)
        failed = any(check["status"] == "failed" for check in self.checks)
        return self.report("tampered" if failed else "undecided" if self.undecided else "valid")

    def passed(self, *names: str) -> bool:
        return all(any(c["name"] == name and c["status"] == "passed" for c in self.checks) for name in names)

    def check(self, name: str, builds_on: tuple, make: Callable[[], None]) -> None:
        result = {"name": name, "heading": HEADINGS[name], "status": "passed"}
        try:
            if not self.passed(*builds_on):
                raise _Skip()
            make()
        except _Skip as skip:
            result["status"] = "skipped"
            self.undecided = self.undecided or skip.undecided
        except Refusal as refusal:
            result.update(status="failed", code=refusal.code, detail=refusal.text)
        self.checks.append(result)

    def report(self, verdict: str) -> Dict[str, Any]:
        return {"verdict": verdict, "ledger": self.policy.ledger, "checks": self.checks}

    def read_format(self, data: bytes) -> None:
        self.proof = parse_proof(data)

    def check_content(self) -> None:
        self.leaf = open_content(self.proof.disclosure, self.proof.leaf)

    def log_of_leaf(self) -> Log:
        log = self.policy.logs.get(self.proof.leaf["tenant"])
        if log is None:
            raise _Skip(undecided=True)
        return log

    def check_log(self) -> None:
        self.log = self.log_of_leaf()
        self.checkpoint = parse_checkpoint(open_note(self.proof.checkpoint, self.log.keys))
        require(self.checkpoint.origin == ORIGIN + self.log.organization_id, "CHECKPOINT_ORIGIN")

    def check_inclusion(self) -> None:
        leaf = leaf_hash(self.leaf or b"")
        size, root = self.checkpoint.size, self.checkpoint.root
        check_inclusion(leaf, self.proof.leaf_index, size, self.proof.inclusion_proof, root)

    def read_channel(self) -> None:
        blocks, policy = self.proof.config_blocks, self.policy
        carried = genesis_given(blocks)
        genesis = carried or policy.genesis_block
        if genesis is None:
            raise _Skip(undecided=True)
        later = blocks[1:] if carried else blocks
        self.channel = read_channel(genesis, policy.genesis_hash, policy.channel, later)

    def read_block(self) -> None:
        self.block = parse_block(self.proof.block)
        require(self.block.number == self.proof.block_number, "ANCHOR_BLOCK")

    def check_orderers(self) -> None:
        self.config = self.channel.in_force(self.block)
        check_orderers(self.block, self.config)

    def read_transaction(self) -> None:
        index = find_transaction(self.block, self.proof.tx_id)
        if index is None:
            raise Refusal("ANCHOR_TX_ABSENT")
        self.transaction = read_transaction(self.block, index, self.policy.channel)

    def check_submitter(self) -> None:
        msp_id = check_creator(self.transaction, self.config)
        require(msp_id == self.log_of_leaf().msp_id, "ANCHOR_CREATOR", msp_id)

    def check_endorsements(self) -> None:
        check_endorsements(self.transaction, self.config, self.policy.minimum, self.policy.organizations)

    def check_anchored(self) -> None:
        check_anchored(self.transaction, self.policy, self.log.organization_id, self.checkpoint)

    def check_mark(self) -> None:
        require(validity_mark(self.block, self.transaction.index) == 0, "ANCHOR_TX_INVALID")

    def check_confirmation(self) -> None:
        confirmation, policy = self.proof.confirmation, self.policy
        if confirmation is None:
            raise _Skip(undecided=policy.confirmation_required)
        block = parse_block(confirmation.block)
        require(block.number > self.block.number, "CONFIRMATION_ORDER")
        config = self.channel.in_force(block)
        check_orderers(block, config)
        index = find_transaction(block, confirmation.tx_id)
        if index is None:
            raise Refusal("ANCHOR_TX_ABSENT")
        later = read_transaction(block, index, policy.channel)
        check_creator(later, config)
        check_endorsements(later, config, policy.minimum, policy.organizations)
        check_chaincode(later, policy)
        version = later.read_version(policy.chaincode, anchor_key(self.proof.leaf["tenant"]))
        require(version == (self.block.number, self.transaction.index), "CONFIRMATION_VERSION")

    def check_leaf_time(self) -> None:
        claimed = milliseconds_of(self.proof.leaf["at"])
        require(claimed <= self.transaction.at * 1000 + _FIFTEEN_MINUTES, "LEAF_IN_FUTURE")

    def check_independence(self) -> None:
        if self.policy.ledger == "solo":
            raise _Skip()
        require(self.channel.line[-1].config.consensus != "solo", "LEDGER_KIND")


def verify_record_proof(data: bytes, policy: Policy) -> Dict[str, Any]:
    """The verdict on a proof file and each check's result."""
    return Verification(policy).run(data)
