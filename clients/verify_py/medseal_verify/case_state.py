"""A case as the ledger holds it (docs/formats/chaincode.md, Disputes; case.md)."""

from typing import Any, Dict, List, Optional

from .anchored import composite_key
from .case_archive import has_exactly, is_integer
from .refusal import Refusal, require
from .strict_json import canonical

_TEXTS = {"id", "state", "opener", "openedAt", "deadlineAt", "changedAt", "commitment"}
_MEMBERS = _TEXTS | {"step", "parties", "filings", "finding", "decision"}
_FRAME = ("opener", "parties", "openedAt", "deadlineAt", "commitment")
_MOST = 2

State = Dict[str, Any]


def case_key(case_id: str) -> str:
    return composite_key("dispute", case_id)


def check_state(value: Any) -> State:
    """The value, once it has the form of a case's state."""
    _must(has_exactly(value, _MEMBERS))
    _must(all(isinstance(value[name], str) for name in _TEXTS) and is_integer(value["step"]))
    _check_rows(value["parties"], {"organizationId", "messageKey"}, {"treeSize"})
    _check_rows(value["filings"], {"organizationId", "commitment", "filedAt", "rootHash"}, {"treeSize"})
    if value["finding"] is not None:
        _check_finding(value["finding"])
    if value["decision"] is not None:
        _check_rows([value["decision"]], {"commitment", "at"}, set())
    return value


def _check_finding(finding: Any) -> None:
    _must(has_exactly(finding, {"commitment", "at", "step", "withheld"}))
    _check_rows([{name: finding[name] for name in ("commitment", "at", "step")}], {"commitment", "at"}, {"step"})
    withheld = finding["withheld"]
    _must(isinstance(withheld, list) and len(withheld) <= _MOST)
    _must(all(isinstance(name, str) for name in withheld))


def _check_rows(rows: Any, texts: set, sizes: set) -> None:
    _must(isinstance(rows, list) and len(rows) <= _MOST)
    for row in rows:
        _must(has_exactly(row, texts | sizes))
        _must(all(isinstance(row[name], str) for name in texts))
        _must(all(is_integer(row[name]) for name in sizes))


def _must(condition: bool) -> None:
    require(condition, "CASE_STEP_WRITE", "not the state of a case")


def party_ids(state: State) -> List[str]:
    return [party["organizationId"] for party in state["parties"]]


def check_steps(states: List[State]) -> State:
    """The last of the states, each of which adds to the one before."""
    if not states:
        raise Refusal("CASE_MEMBER_ABSENT", "no step")
    for place, state in enumerate(states):
        require(state["step"] == place + 1, "CASE_STEP_ORDER", f"step {place + 1} is not there")
        before = states[place - 1] if place > 0 else None
        require(before is None or _keeps(state, before), "CASE_STEP_CHANGED", f"step {place + 1}")
        if state["finding"] is not None and (before is None or before["finding"] is None):
            _check_examined(state, before)
    return states[-1]


def examined_place(states: List[State]) -> Optional[int]:
    """Place, from 0, of the step that the finding followed."""
    found = next((place for place, state in enumerate(states) if state["finding"] is not None), 0)
    return found - 1 if found > 0 else None


def _check_examined(state: State, before: Optional[State]) -> None:
    """A new finding is on the step before it and calls withheld only what was filed, once the deadline has passed."""
    finding = state["finding"]
    if before is None or finding["step"] != before["step"]:
        raise Refusal("CASE_STEP_EXAMINED", "on another step")
    withheld = finding["withheld"]
    filed = [filing["organizationId"] for filing in before["filings"]]
    require([name for name in filed if name in withheld] == withheld, "CASE_WITHHELD_PARTY", "never filed")
    require(not withheld or finding["at"] > state["deadlineAt"], "CASE_WITHHELD_EARLY", finding["at"])


def _keeps(state: State, before: State) -> bool:
    frame = all(canonical(state[name]) == canonical(before[name]) for name in _FRAME)
    filed = [canonical(filing) for filing in state["filings"]]
    filings = all(canonical(filing) in filed for filing in before["filings"])
    acts = all(
        before[name] is None or canonical(before[name]) == canonical(state[name])
        for name in ("finding", "decision")
    )
    return frame and filings and acts
