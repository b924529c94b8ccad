"""The finding that follows from what both sides filed and the ledger (docs/formats/case.md, Claims)."""

from typing import Any, Callable, Dict, List

from .case_consents import consent_claim
from .case_exhibits import exhibit_claims
from .case_facts import Facts, facts_of
from .case_items import Judged, Side, claim, in_time, judge_item, weakest, withheld
from .case_references import Ledger
from .case_state import State, party_ids
from .checkpoint import ed25519_verifies
from .encoding import from_base64, from_hex, sha256
from .refusal import Refusal, require
from .strict_json import canonical

_NOTHING = object()

Claims = List[Dict[str, Any]]


def examine(
    opening: Dict[str, Any], state: State, filings: Dict[str, Dict[str, Any]], ledger: Ledger
) -> Dict[str, Any]:
    """The content of the finding."""
    subject = opening["subject"]
    organizations = (
        [subject["custodian"]] if subject["kind"] == "access" else [subject["source"], subject["requester"]]
    )
    require(sorted(organizations) == party_ids(state), "CASE_SUBJECT", "other parties")
    sides = [Side(name, state, filings.get(name)) for name in organizations]
    is_meant = _about(subject)
    claims = _access(sides[0], is_meant) if len(sides) == 1 else _exchange(*sides, is_meant, ledger)
    claims += exhibit_claims(opening, state, filings, ledger.anchors, is_meant)
    named = {"format": "medseal/case-finding/v1", "caseId": state["id"], "step": state["step"]}
    return {**named, "claims": claims}


def _about(subject: Dict[str, Any]) -> Callable[[Facts], bool]:
    """Whether an entry is about the access in dispute."""
    if subject["kind"] == "access":
        return lambda facts: facts.event_id == subject["accessId"]
    both = sorted((subject["source"], subject["requester"]))
    return lambda facts: facts.request_id == subject["requestId"] and sorted(facts.organizations) == both


def _entry(side: Side, is_meant: Callable[[Facts], bool]) -> Judged:
    """The access entry that a party filed, which must be the one in dispute."""
    judged = judge_item(side, side.part("access"), "access")
    facts = facts_of(judged.content)
    if judged.content is None or (is_meant(facts) and facts.observer == side.organization_id):
        return judged
    return Judged("altered", [side.organization_id], "CASE_OTHER_ENTRY")


def _decision(side: Side, entry: Judged) -> Judged:
    judged = judge_item(side, side.part("decision"), "decision")
    if judged.content is None or entry.content is None:
        return judged
    named = facts_of(entry.content).decision_id
    if judged.content.get("decisionId", _NOTHING) == (_NOTHING if named is None else named):
        return judged
    return Judged("altered", [side.organization_id], "CASE_OTHER_DECISION")


def _access(side: Side, is_meant: Callable[[Facts], bool]) -> Claims:
    entry = _entry(side, is_meant)
    claims = [claim("entry", side.organization_id, entry)]
    if entry.content is not None and facts_of(entry.content).decision_id is None:
        return claims
    return [*claims, claim("decision", side.organization_id, _decision(side, entry))]


def _exchange(source: Side, requester: Side, is_meant: Callable[[Facts], bool], ledger: Ledger) -> Claims:
    given, received = _entry(source, is_meant), _entry(requester, is_meant)
    decision = _decision(source, given)
    one, other = facts_of(given.content), facts_of(received.content)
    comparable = given.content is not None and received.content is not None

    def compared(name: str, same: bool) -> Dict[str, Any]:
        contradicted = Judged("altered", [], "CASE_CONTRADICTION")
        return claim(name, None, contradicted if comparable and not same else weakest(given, received))

    consent = consent_claim(source, requester.organization_id, given, decision, ledger.consents)
    return [
        claim("entry", source.organization_id, given),
        claim("entry", requester.organization_id, received),
        claim("decision", source.organization_id, decision),
        *([] if consent is None else [claim("consent", source.organization_id, consent)]),
        compared("request", True),
        compared("person", one.person is not None and one.person == other.person),
        compared("purpose", one.purpose is not None and one.purpose == other.purpose),
        compared("outcome", one.outcome is not None and one.outcome == other.outcome),
        compared("records", set(other.instances) <= set(one.instances)),
        claim("receipt", None, _receipt(source, requester, given, decision)),
    ]


def _receipt(source: Side, requester: Side, given: Judged, decision: Judged) -> Judged:
    sides = (source, requester)
    undelivered = [side.organization_id for side in sides if side.is_withheld]
    if undelivered:
        return withheld(undelivered)
    absent = [side.organization_id for side in sides if side.part("receipt") is None]
    if absent:
        return Judged("missing", absent, "CASE_ITEM_ABSENT")
    own, other = source.part("receipt"), requester.part("receipt")
    key = "" if source.party is None else source.party["messageKey"]
    forged = [side.organization_id for side in sides if not _is_signed(side.part("receipt"), key)]
    if forged:
        return Judged("altered", forged, "CASE_RECEIPT_SIGNATURE")
    by = [source.organization_id]
    if canonical(own) != canonical(other):
        return Judged("altered", by, "CASE_TWO_RECEIPTS")
    if given.content is not None and not _fits_entry(own, facts_of(given.content), source, requester):
        return Judged("altered", by, "CASE_RECEIPT_CONTENT")
    if decision.content is not None and not _fits_decision(own, decision.content):
        return Judged("altered", by, "CASE_RECEIPT_DECISION")
    return weakest(in_time(source), in_time(requester))


def _is_signed(receipt: Any, key: str) -> bool:
    if not isinstance(receipt, dict) or not isinstance(receipt.get("signature"), str):
        return False
    content = {name: part for name, part in receipt.items() if name != "signature"}
    try:
        message = b"medseal/exchange-receipt/v1\n" + canonical(content)
        public_key = from_hex(key)
        return len(public_key) == 32 and ed25519_verifies(public_key, message, from_base64(receipt["signature"]))
    except (Refusal, ValueError):
        return False


def _fits_entry(receipt: Dict[str, Any], facts: Facts, source: Side, requester: Side) -> bool:
    records = receipt.get("records")
    stated = [receipt.get(name, _NOTHING) for name in ("source", "requester", "purpose", "decisionId")]
    found = [source.organization_id, requester.organization_id, facts.purpose, facts.decision_id]
    same = stated == [_NOTHING if part is None else part for part in found]
    outcome = receipt.get("permit") is (facts.outcome == "0")
    return same and outcome and isinstance(records, list) and len(records) == len(facts.instances)


def _fits_decision(receipt: Dict[str, Any], decision: Dict[str, Any]) -> bool:
    if receipt.get("permit") is not True:
        return "decisionDigest" not in receipt
    digest = sha256(b"medseal/decision-receipt/v1\n", canonical(decision)).hex()
    return receipt.get("decisionDigest") == digest
