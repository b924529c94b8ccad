"""Entries that somebody kept, held against what their owner filed (docs/formats/case.md, Exhibits)."""

from typing import Any, Callable, Dict, List, Tuple

from .case_facts import Facts, facts_of
from .case_items import Judged, Log, claim, fault, is_exhibit, is_item, leaf_text
from .case_state import State, party_ids


def exhibit_claims(
    opening: Dict[str, Any],
    state: State,
    filings: Dict[str, Dict[str, Any]],
    anchors: List[Log],
    is_meant: Callable[[Facts], bool],
) -> List[Dict[str, Any]]:
    """A claim for each exhibit: the opening's, then those of the filings in the order of the parties."""
    opener = [] if opening["openedFor"] == "patient" else [state["opener"]]
    given: List[Tuple[Any, List[str]]] = [(exhibit, opener) for exhibit in opening["exhibits"]]
    for party in party_ids(state):
        given += [(exhibit, [party]) for exhibit in filings.get(party, {}).get("exhibits", [])]
    return [_judge(exhibit, by, state, filings, anchors, is_meant) for exhibit, by in given]


def _judge(
    exhibit: Any,
    by: List[str],
    state: State,
    filings: Dict[str, Dict[str, Any]],
    anchors: List[Log],
    is_meant: Callable[[Facts], bool],
) -> Dict[str, Any]:
    if not is_exhibit(exhibit):
        return claim("exhibit", None, Judged("altered", by, "CASE_ITEM_MALFORMED"))
    leaf = exhibit["leaf"]
    tenant = leaf.get("tenant") if isinstance(leaf, dict) else None
    if tenant not in party_ids(state):
        return claim("exhibit", None, Judged("altered", by, "CASE_OTHER_LEAF"))
    log = next(
        (each for each in anchors if (each.organization_id, each.tree_size) == (tenant, exhibit["treeSize"])),
        None,
    )
    code = "CASE_NOT_IN_LOG" if log is None else fault(exhibit, log, "access")
    facts = facts_of(exhibit["content"])
    if code is None and (facts.observer != tenant or not is_meant(facts)):
        code = "CASE_OTHER_ENTRY"
    judged = _held_against(leaf, tenant, filings) if code is None else Judged("altered", by, code)
    return claim("exhibit", tenant, judged)


def _held_against(leaf: Dict[str, Any], owner: str, filings: Dict[str, Dict[str, Any]]) -> Judged:
    filed = filings[owner]["access"] if owner in filings else None
    if filed is None:
        return Judged("missing", [owner], "CASE_ENTRY_WITHHELD")
    same = is_item(filed) and leaf_text(filed["leaf"]) == leaf_text(leaf)
    return Judged("match", [], None) if same else Judged("altered", [owner], "CASE_ENTRY_DIFFERS")
