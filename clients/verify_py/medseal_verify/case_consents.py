"""Whether the ledger held a consent that fits an exchange (docs/formats/case.md, Consent)."""

from typing import Any, Dict, List, Optional, Tuple

from .case_archive import is_integer
from .case_facts import facts_of
from .case_items import Judged, Side, judge_item, weakest
from .case_references import ConsentVersion
from .commitment import milliseconds_of
from .refusal import Refusal

_PENDING = 600_000


def consent_claim(
    source: Side, requester: str, given: Judged, decision: Judged, versions: List[ConsentVersion]
) -> Optional[Judged]:
    """What came of the consents that a decision names; None where it denies and so claims none."""
    if decision.content is not None and decision.content.get("permit") is not True:
        return None
    if given.leaf is None or decision.content is None:
        return weakest(given, decision)
    named = decision.content.get("consents")
    if not isinstance(named, list) or not named:
        return Judged("missing", [source.organization_id], "CASE_CONSENT_NONE")
    own = [version for version in versions if version.organization_id == source.organization_id]
    return weakest(*(_judge(source, requester, given, name, place, own) for place, name in enumerate(named)))


def _judge(
    source: Side, requester: str, given: Judged, name: Any, place: int, own: List[ConsentVersion]
) -> Judged:
    filed = source.part("consents") or []
    judged = judge_item(source, filed[place] if place < len(filed) else None, "consent")
    if judged.content is None:
        return judged
    at = given.leaf["at"]
    purpose = facts_of(given.content).purpose
    fault: Optional[Tuple[str, str]] = None
    if not _is_named(judged.content, name):
        fault = "altered", "CASE_OTHER_CONSENT"
    elif not _is_for(_member(judged.content, "consent"), source.organization_id, requester, purpose, at):
        fault = "missing", "CASE_CONSENT_SCOPE"
    else:
        fault = _on_ledger(judged.leaf["digest"], name["version"], at, own)
        ends = _member(judged.content, "consent", "provision", "period", "end")
        if fault is None and at[:19] > ends[:19]:
            fault = "late", "CASE_CONSENT_EXPIRED"
    return judged if fault is None else Judged(fault[0], [source.organization_id], fault[1])


def _is_named(content: Dict[str, Any], name: Any) -> bool:
    identifier, version = _member(name, "id"), _member(name, "version")
    fits = isinstance(identifier, str) and is_integer(version)
    same = fits and _member(content, "consent", "id") == identifier
    stated = content.get("version")
    return same and is_integer(stated) and stated == version and content.get("revocation", False) is None


def _is_for(consent: Any, source: str, requester: str, purpose: Optional[str], at: str) -> bool:
    provision = _member(consent, "provision")
    start, end = (_member(provision, "period", name) for name in ("start", "end"))
    organizations = [_member(each, "identifier", "value") for each in _list(_member(consent, "organization"))]
    actors = [_member(each, "reference", "identifier", "value") for each in _list(_member(provision, "actor"))]
    purposes = [_member(each, "code") for each in _list(_member(provision, "purpose"))]
    named = source in organizations and requester in actors and purpose is not None and purpose in purposes
    permits = _member(provision, "type") == "permit"
    return permits and named and _is_instant(start) and _is_instant(end) and start[:19] <= at[:19]


def _on_ledger(digest: str, version: float, at: str, own: List[ConsentVersion]) -> Optional[Tuple[str, str]]:
    recorded = [each for each in own if each.commitment == digest]
    if not recorded:
        return "missing", "CASE_CONSENT_NOT_ON_LEDGER"
    if any(each.version != version or each.status != "active" for each in recorded):
        return "altered", "CASE_CONSENT_STATE"
    ids = {each.id for each in recorded}
    moment = milliseconds_of(at)
    if any(each.id in ids and each.version > version and each.at < moment for each in own):
        return "late", "CASE_CONSENT_REVOKED"
    if all(each.at > moment + _PENDING for each in recorded):
        return "late", "CASE_CONSENT_AFTER_ACCESS"
    return None


def _is_instant(value: Any) -> bool:
    try:
        milliseconds_of(value)
        return True
    except Refusal:
        return False


def _member(value: Any, *names: str) -> Any:
    for name in names:
        value = value.get(name) if isinstance(value, dict) else None
    return value


def _list(value: Any) -> List[Any]:
    return value if isinstance(value, list) else []
