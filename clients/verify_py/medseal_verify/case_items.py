"""What a party filed of its log, judged against the ledger (docs/formats/case.md, Claims)."""

from typing import Any, Dict, List, NamedTuple, Optional

from .case_archive import has_exactly, is_integer
from .case_state import State
from .commitment import leaf_bytes
from .encoding import from_hex, is_hash, sha256
from .merkle import check_inclusion, leaf_hash
from .refusal import Refusal
from .strict_json import canonical

_MEMBERS = {"content", "salt", "leaf", "leafIndex", "inclusionProof"}
_DOMAINS = {kind: f"medseal/{kind}/v1\n".encode("ascii") for kind in ("access", "decision", "consent")}
_MOST = 53


class Judged(NamedTuple):
    finding: str
    by: List[str]
    code: Optional[str]
    content: Optional[Dict[str, Any]] = None  # where the item holds
    leaf: Optional[Dict[str, Any]] = None


class Log(NamedTuple):
    """A log as the ledger anchored it."""

    organization_id: str
    tree_size: int
    root_hash: str


class Side(NamedTuple):
    organization_id: str
    state: State
    filing: Optional[Dict[str, Any]]

    @property
    def filed(self) -> Optional[Dict[str, Any]]:
        """The filing as the ledger has it."""
        return _of(self.state["filings"], self.organization_id)

    @property
    def party(self) -> Optional[Dict[str, Any]]:
        return _of(self.state["parties"], self.organization_id)

    @property
    def is_withheld(self) -> bool:
        """Whether the ledger has a filing of which no document is there."""
        return self.filing is None and self.filed is not None

    def part(self, name: str) -> Any:
        return None if self.filing is None else self.filing[name]


def _of(rows: List[Dict[str, Any]], organization_id: str) -> Optional[Dict[str, Any]]:
    return next((row for row in rows if row["organizationId"] == organization_id), None)


def judge_item(side: Side, value: Any, kind: str) -> Judged:
    by = [side.organization_id]
    if side.filing is None:
        return withheld(by) if side.is_withheld else Judged("missing", by, "CASE_NOT_FILED")
    if value is None:
        return Judged("missing", by, "CASE_ITEM_ABSENT")
    if not is_item(value):
        return Judged("altered", by, "CASE_ITEM_MALFORMED")
    filed = side.filed
    if filed is None:
        return Judged("altered", by, "CASE_NOT_IN_LOG")
    log = Log(side.organization_id, int(filed["treeSize"]), filed["rootHash"])
    code = fault(value, log, kind)
    if code is not None:
        return Judged("altered", by, code)
    party = side.party
    if value["leafIndex"] >= (0 if party is None else party["treeSize"]):
        return Judged("late", by, "CASE_LOGGED_AFTER_OPENING", value["content"], value["leaf"])
    return in_time(side)._replace(content=value["content"], leaf=value["leaf"])


def withheld(by: List[str]) -> Judged:
    return Judged("withheld", by, "CASE_FILING_WITHHELD")


def in_time(side: Side) -> Judged:
    """Late where the party filed after the deadline."""
    filed = side.filed
    if filed is not None and filed["filedAt"] > side.state["deadlineAt"]:
        return Judged("late", [side.organization_id], "CASE_FILED_LATE")
    return Judged("match", [], None)


def is_item(value: Any) -> bool:
    """Whether a JSON value has the form of an item."""
    if not has_exactly(value, _MEMBERS) or not isinstance(value["content"], dict):
        return False
    proof = value["inclusionProof"]
    fits = isinstance(proof, list) and len(proof) <= _MOST and all(map(is_hash, proof))
    return fits and is_hash(value["salt"]) and is_integer(value["leafIndex"])


def is_exhibit(value: Any) -> bool:
    """Whether a JSON value is an item with the size of the checkpoint that it leads to."""
    if not isinstance(value, dict) or not is_integer(value.get("treeSize")) or value["treeSize"] < 1:
        return False
    return is_item({name: part for name, part in value.items() if name != "treeSize"})


def leaf_text(leaf: Any) -> Optional[bytes]:
    """The canonical text of a leaf; None for what has not the form of one."""
    try:
        return leaf_bytes(leaf)
    except Refusal:
        return None


def fault(item: Dict[str, Any], log: Log, kind: str) -> Optional[str]:
    """What is wrong with an item that is to stand in a log; None where nothing is."""
    leaf = item["leaf"]
    data = leaf_text(leaf)
    if data is None:
        return "CASE_ITEM_MALFORMED"
    if leaf["kind"] != kind or leaf["tenant"] != log.organization_id:
        return "CASE_OTHER_LEAF"
    if sha256(_DOMAINS[kind], from_hex(item["salt"]), canonical(item["content"])).hex() != leaf["digest"]:
        return "CASE_CONTENT"
    try:
        root = from_hex(log.root_hash)
    except ValueError:
        return "CASE_ITEM_MALFORMED"
    proof = [from_hex(text) for text in item["inclusionProof"]]
    try:
        check_inclusion(leaf_hash(data), int(item["leafIndex"]), log.tree_size, proof, root)
    except Refusal:
        return "CASE_NOT_IN_LOG"
    return None


def weakest(*records: Judged) -> Judged:
    """What several records allow at most."""
    for finding in ("withheld", "missing", "altered", "late"):
        found = [each for each in records if each.finding == finding]
        if found:
            return Judged(finding, [party for each in found for party in each.by], found[0].code)
    return Judged("match", [], None)


def claim(name: str, party: Optional[str], judged: Judged) -> Dict[str, Any]:
    """The claim as a finding lists it."""
    by = sorted(set(judged.by))
    return {"claim": name, "party": party, "finding": judged.finding, "by": by, "code": judged.code}
