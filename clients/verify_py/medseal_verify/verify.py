"""All checks of a bundle against a trust policy (docs/formats/bundle.md, Checks)."""

from typing import Any, Dict, Optional

from .anchored import anchor_key, check_anchored, check_chaincode
from .block import Block, check_data, check_orderers, parse_block, validity_mark
from .channel import Channel, channel_of
from .checkpoint import ORIGIN, Checkpoint, open_note, parse_checkpoint
from .checks import Checklist, Skip
from .commitment import milliseconds_of, open_content
from .config import Config
from .merkle import check_inclusion, leaf_hash
from .notary import check_notary
from .policy import Log, Policy
from .bundle import Bundle, check_digest, parse_bundle
from .refusal import Refusal, require
from .release import Release, check_consent, check_release
from .transaction import (
    Transaction,
    block_time,
    check_binding,
    check_creator,
    check_endorsements,
    find_transaction,
)
from .witnesses import quorum_cosigned

HEADINGS = {
    "format": "before",
    "digest": "before",
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
    "release": "who",
    "consent": "before",
    "witnesses": "neutrality",
    "notary": "neutrality",
}
_FIFTEEN_MINUTES = 15 * 60 * 1000


class Verification(Checklist):
    """One run: each check stores what the checks after it build on."""

    def __init__(self, policy: Policy) -> None:
        super().__init__(HEADINGS)
        self.policy = policy
        self.bundle: Bundle
        self.log: Log
        self.leaf: Optional[bytes] = None
        self.checkpoint: Checkpoint
        self.channel: Channel
        self.block: Block
        self.config: Config
        self.index: int
        self.transaction: Transaction
        self.release: Release

    def run(self, value: Any) -> Dict[str, Any]:
        self.check("format", (), lambda: self.read_format(value))
        if not self.passed("format"):
            unknown = self.checks[0].get("code") == "PROOF_UNKNOWN_FORMAT"
            return self.report("undecided" if unknown else "tampered")
        self.check("digest", (), lambda: check_digest(value))
        self.check("content", (), self.check_content)
        self.check("log-signature", ("content",), self.check_log)
        self.check("inclusion", ("content", "log-signature"), self.check_inclusion)
        self.check("channel", (), self.read_channel)
        self.check("block", (), self.read_block)
        self.check("orderers", ("channel", "block"), self.check_orderers)
        self.check("transaction", ("channel", "block"), self.read_transaction)
        self.check("submitter", ("content", "transaction"), self.check_submitter)
        self.check("endorsements", ("transaction",), self.check_endorsements)
        self.check("anchored-checkpoint", ("log-signature", "transaction"), self.check_anchored)
        self.check("validity-mark", ("transaction",), self.check_mark)
        self.check("confirmation", ("content", "channel", "transaction"), self.check_confirmation)
        self.check("leaf-time", ("content", "transaction"), self.check_leaf_time)
        self.check("independence", ("channel",), self.check_independence)
        self.check("witnesses", ("log-signature",), self.check_witnesses)
        self.check("release", ("content",), self.check_release)
        self.check("consent", ("release", "log-signature"), self.check_consent)
        self.check("notary", ("block",), self.check_notary)
        self.undecided |= self.policy.witnesses is not None and not self.passed("witnesses")
        if self.failed() or self.undecided:
            return self.report("tampered" if self.failed() else "undecided")
        missing = self.policy.notary is not None and not self.passed("notary")
        return self.report("unnotarized" if missing else "valid")

    def report(self, verdict: str) -> Dict[str, Any]:
        return {"verdict": verdict, "ledger": self.policy.ledger, "checks": self.checks}

    def read_format(self, value: Any) -> None:
        self.bundle = parse_bundle(value)

    def check_content(self) -> None:
        self.leaf = open_content(self.bundle.disclosure, self.bundle.leaf)

    def log_of_leaf(self) -> Log:
        log = self.policy.logs.get(self.bundle.leaf["tenant"])
        if log is None:
            raise Skip(undecided=True)
        return log

    def check_log(self) -> None:
        self.log = self.log_of_leaf()
        self.checkpoint = parse_checkpoint(open_note(self.bundle.checkpoint, self.log.keys))
        require(self.checkpoint.origin == ORIGIN + self.log.organization_id, "CHECKPOINT_ORIGIN")

    def check_inclusion(self) -> None:
        leaf = leaf_hash(self.leaf or b"")
        size, root = self.checkpoint.size, self.checkpoint.root
        check_inclusion(leaf, self.bundle.leaf_index, size, self.bundle.inclusion_proof, root)

    def read_channel(self) -> None:
        self.channel = channel_of(self.bundle.config_blocks, self.policy)

    def read_block(self) -> None:
        block = parse_block(self.bundle.block)
        require(block.number == self.bundle.block_number, "ANCHOR_BLOCK")
        check_data(block)
        self.block = block

    def check_orderers(self) -> None:
        number, config = self.channel.in_force(self.block)
        check_orderers(self.block, config, block_time(self.block), number)

    def read_transaction(self) -> None:
        self.index, self.transaction = find_transaction(self.block, self.bundle.tx_id)
        check_binding(self.transaction, self.policy.channel)
        self.config = self.channel.in_force(self.block).config

    def check_submitter(self) -> None:
        msp_id = check_creator(self.transaction, self.config)
        require(msp_id == self.log_of_leaf().msp_id, "ANCHOR_CREATOR", msp_id)

    def check_endorsements(self) -> None:
        check_endorsements(self.transaction, self.config, self.policy.minimum, self.policy.organizations)

    def check_anchored(self) -> None:
        check_anchored(self.transaction, self.policy, self.log.organization_id, self.checkpoint)

    def check_mark(self) -> None:
        require(validity_mark(self.block, self.index) == 0, "ANCHOR_TX_INVALID")

    def check_confirmation(self) -> None:
        confirmation, policy = self.bundle.confirmation, self.policy
        if confirmation is None:
            raise Skip(undecided=policy.confirmation_required)
        block = parse_block(confirmation.block)
        check_data(block)
        number, config = self.channel.in_force(block)
        check_orderers(block, config, block_time(block), number)
        require(block.number > self.block.number, "CONFIRMATION_ORDER")
        _, later = find_transaction(block, confirmation.tx_id)
        check_binding(later, policy.channel)
        check_chaincode(later, policy)
        check_creator(later, config)
        several = policy.several(len(config.applications)) if policy.ledger == "fabric" else policy.minimum
        check_endorsements(later, config, several, policy.organizations)
        version = later.read_at(anchor_key(self.log_of_leaf().organization_id))
        require(version == (self.block.number, self.index), "CONFIRMATION_VERSION")

    def check_leaf_time(self) -> None:
        claimed = milliseconds_of(self.bundle.leaf["at"])
        require(claimed <= self.transaction.at * 1000 + _FIFTEEN_MINUTES, "LEAF_IN_FUTURE")

    def check_independence(self) -> None:
        if self.policy.ledger == "solo":
            raise Skip()
        require(self.channel.line[0].config.consensus != "solo", "LEDGER_KIND")

    def check_release(self) -> None:
        log = self.policy.logs.get(self.bundle.leaf["tenant"])
        if not self.bundle.has_release or log is None or log.message_key is None:
            raise Skip()
        self.release = check_release(self.bundle.release, self.bundle.leaf, log.message_key)

    def check_consent(self) -> None:
        part = self.bundle.consent
        if part is None or not check_consent(part, self.release, self.checkpoint, self.bundle.leaf["tenant"]):
            raise Skip()

    def check_notary(self) -> None:
        part = self.bundle.notary
        if part is None or not check_notary(part, self.block, self.policy) or self.policy.notary is None:
            raise Skip()

    def check_witnesses(self) -> None:
        witnesses = self.policy.witnesses
        if witnesses is None:
            raise Skip()
        if not quorum_cosigned(self.bundle.checkpoint, witnesses, self.log.keys):
            raise Skip(undecided=True)


def verify_bundle(value: Any, policy: Policy) -> Dict[str, Any]:
    """The verdict on a bundle, a JSON value, and each check's result."""
    return Verification(policy).run(value)
