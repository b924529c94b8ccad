"""All checks of the archive of a case against a trust policy (docs/formats/case.md, Verification)."""

from typing import Any, Dict, List, NamedTuple, Optional

from .block import Block, check_data, check_orderers, parse_block, validity_mark
from .case_archive import Archive, Place, parse_archive
from .case_examine import examine
from .case_references import Ledger, read_references
from .case_state import State, case_key, check_state, check_steps, examined_place, party_ids
from .channel import Channel, channel_of
from .checks import Checklist, Skip
from .policy import Policy
from .refusal import Refusal, require
from .strict_json import canonical, parse_strict_json
from .transaction import (
    Transaction,
    block_time,
    check_binding,
    check_creator,
    check_endorsements,
    find_transaction,
)

HEADINGS = {
    "case-format": "before",
    "case-channel": "after",
    "case-blocks": "after",
    "case-transactions": "after",
    "case-steps": "after",
    "case-submitters": "who",
    "case-effect": "after",
    "case-references": "after",
    "case-independence": "neutrality",
    "case-documents": "before",
    "case-finding": "before",
}
_FINAL = ("closed", "withdrawn")


class Found(NamedTuple):
    transaction: Transaction
    version: "tuple[int, int]"
    submitter: str


class Step(NamedTuple):
    state: State
    transaction: Transaction
    version: "tuple[int, int]"
    submitter: str


class CaseVerification(Checklist):
    """One run: each check stores what the checks after it build on."""

    def __init__(self, policy: Policy) -> None:
        super().__init__(HEADINGS)
        self.policy = policy
        self.archive: Archive
        self.channel: Channel
        self.blocks: Dict[int, Block] = {}
        self.steps: List[Step] = []
        self.state: State
        self.ledger: Ledger

    def run(self, value: Any) -> Dict[str, Any]:
        self.check("case-format", (), lambda: self.read_format(value))
        if not self.passed("case-format"):
            unknown = self.checks[0].get("code") == "CASE_UNKNOWN_FORMAT"
            return self.report("undecided" if unknown else "tampered")
        self.check("case-channel", (), self.read_channel)
        self.check("case-blocks", ("case-channel",), self.read_blocks)
        self.check("case-transactions", ("case-blocks",), self.read_steps)
        self.check("case-steps", ("case-transactions",), self.check_steps)
        self.check("case-submitters", ("case-transactions",), self.check_submitters)
        self.check("case-effect", ("case-transactions",), self.check_effect)
        self.check("case-references", ("case-transactions",), self.read_references)
        self.check("case-independence", ("case-channel",), self.check_independence)
        self.check("case-documents", ("case-steps",), self.check_documents)
        self.check("case-finding", ("case-documents", "case-references"), self.check_finding)
        if self.failed() or self.undecided:
            return self.report("tampered" if self.failed() else "undecided")
        return {**self.report("valid"), "case": self.summary()}

    def report(self, verdict: str) -> Dict[str, Any]:
        return {"verdict": verdict, "ledger": self.policy.ledger, "checks": self.checks}

    def summary(self) -> Dict[str, Any]:
        """What the ledger says of the case and what was found; nothing of what anybody said."""
        state, finding = self.state, self.archive.finding
        return {
            "caseId": state["id"],
            **{name: state[name] for name in ("state", "opener", "openedAt", "deadlineAt")},
            "parties": party_ids(state),
            "withheld": self.withheld(),
            "claims": None if finding is None else finding.content["claims"],
        }

    def read_format(self, value: Any) -> None:
        self.archive = parse_archive(value)

    def read_channel(self) -> None:
        self.channel = channel_of(self.archive.config_blocks, self.policy)

    def read_blocks(self) -> None:
        places = [*self.archive.steps, *self.archive.references.values()]
        needed = list(dict.fromkeys(place.block_number for place in places))
        require(set(self.archive.blocks) <= set(needed), "CASE_UNCOVERED", "a block that nothing is in")
        for number in needed:
            require(number in self.archive.blocks, "CASE_MEMBER_ABSENT", f"block {number}")
            block = parse_block(self.archive.blocks[number])
            require(block.number == number, "ANCHOR_BLOCK", str(number))
            check_data(block)
            in_force = self.channel.in_force(block)
            check_orderers(block, in_force.config, block_time(block), in_force.number)
            self.blocks[number] = block

    def read_steps(self) -> None:
        self.steps = [self.read_step(place) for place in self.archive.steps]

    def read_step(self, place: Place) -> Step:
        written = self.written(place, case_key(self.archive.case_id))
        if written is None:
            raise Refusal("CASE_STEP_WRITE", "no state of this case")
        found, value = written
        state = check_state(value)
        require(state["id"] == self.archive.case_id, "CASE_STEP_WRITE", "another case")
        return Step(state, found.transaction, found.version, found.submitter)

    def written(self, place: Place, key: str) -> "Optional[tuple[Found, Any]]":
        """What a transaction that holds wrote, once, under a key; None where it did not."""
        policy, block = self.policy, self.blocks[place.block_number]
        index, transaction = find_transaction(block, place.tx_id)
        check_binding(transaction, policy.channel)
        ours = transaction.chaincode == policy.chaincode and transaction.version in policy.versions
        require(ours, "CASE_CHAINCODE", f"{transaction.chaincode} {transaction.version}")
        require(validity_mark(block, index) == 0, "CASE_STEP_INVALID", place.tx_id)
        config = self.channel.in_force(block).config
        submitter = check_creator(transaction, config)
        check_endorsements(transaction, config, policy.minimum, policy.organizations)
        value = transaction.written(key)
        found = Found(transaction, (block.number, index), submitter)
        return None if value is None else (found, parse_strict_json(value))

    def read_references(self) -> None:
        place = examined_place([step.state for step in self.steps])
        before = -1 if place is None else self.steps[place].version[0]

        def written(place: Place, key: str) -> "Optional[tuple[Transaction, Any]]":
            write = self.written(place, key)
            return None if write is None else (write[0].transaction, write[1])

        self.ledger = read_references(self.archive, before, written)

    def check_steps(self) -> None:
        self.state = check_steps([step.state for step in self.steps])

    def check_submitters(self) -> None:
        parties = party_ids(self.steps[0].state) if self.steps else []
        if any(party not in self.policy.logs for party in parties):
            raise Skip(undecided=True)
        msp_ids = [self.policy.logs[party].msp_id for party in parties]
        befores: List[Optional[State]] = [None, *(step.state for step in self.steps)]
        for step, before in zip(self.steps, befores):
            actor = _actor(step.state, before)
            if actor == "regulator":
                holds = step.submitter not in msp_ids
            else:
                log = self.policy.logs.get(actor[len("party ") :])
                holds = actor == "anybody" or (log is not None and log.msp_id == step.submitter)
            require(holds, "CASE_SUBMITTER", step.submitter)

    def check_effect(self) -> None:
        pairs = list(zip(self.steps, self.steps[1:]))
        for before, step in pairs:
            read = step.transaction.read_at(case_key(step.state["id"]))
            require(read == before.version, "CASE_STEP_READ")
        if not self.steps or self.steps[-1].state["state"] not in _FINAL:
            raise Skip(undecided=self.policy.confirmation_required)

    def check_independence(self) -> None:
        if self.policy.ledger == "solo":
            raise Skip()
        require(self.channel.line[0].config.consensus != "solo", "LEDGER_KIND")

    def check_documents(self) -> None:
        state = self.state
        committed = {
            "opening": state["commitment"],
            **{f"filing/{filing['organizationId']}": filing["commitment"] for filing in state["filings"]},
            **{name: state[name]["commitment"] for name in ("finding", "decision") if state[name] is not None},
        }
        documents = self.archive.documents
        withheld = {f"filing/{party}" for party in self.withheld()}
        for name, document in documents:
            require(name in committed, "CASE_UNCOVERED", name)
            require(name not in withheld, "CASE_WITHHELD_PRESENT", name)
            require(document.commitment == committed[name], "CASE_COMMITMENT", name)
            require(document.content["caseId"] == state["id"], "CASE_OTHER_CASE", name)
        if len(documents) < len(committed) - len(withheld):
            raise Skip(undecided=True)

    def withheld(self) -> List[str]:
        """Whose filings the finding on the ledger calls withheld."""
        finding = self.state["finding"]
        return [] if finding is None else finding["withheld"]

    def check_finding(self) -> None:
        finding = self.archive.finding
        place = examined_place([step.state for step in self.steps])
        if finding is None or place is None:
            raise Skip()
        filings = {party: filing.content for party, filing in self.archive.filings.items()}
        again = examine(self.archive.opening.content, self.steps[place].state, filings, self.ledger)
        require(canonical(again) == canonical(finding.content), "CASE_FINDING", "another finding")


def _actor(state: State, before: Optional[State]) -> str:
    """Whose a step is: `party …`, `regulator` or `anybody`."""
    if before is not None:
        filed = {filing["organizationId"] for filing in before["filings"]}
        new = [filing for filing in state["filings"] if filing["organizationId"] not in filed]
        if new:
            return f"party {new[0]['organizationId']}"
    if before is None or state["state"] == "withdrawn":
        return f"party {state['opener']}"
    return "anybody" if state["state"] == "overdue" else "regulator"


def verify_case(value: Any, policy: Policy) -> Dict[str, Any]:
    """The verdict on the archive of a case, a JSON value, and each check's result."""
    return CaseVerification(policy).run(value)
