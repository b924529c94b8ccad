"""The trust policy of the verifier (docs/formats/bundle.md)."""

import re
from typing import Any, Dict, List, NamedTuple, Optional

from .checkpoint import VerifierKey, parse_verifier_key
from .encoding import from_base64, is_hash
from .notary import Notary, parse_notary
from .refusal import Refusal
from .strict_json import parse_strict_json
from .witnesses import Witnesses, parse_witnesses


_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9.-]{0,127}\Z")


class Log(NamedTuple):
    organization_id: str
    msp_id: str
    keys: List[VerifierKey]
    message_key: Optional[bytes]


class Policy(NamedTuple):
    ledger: str
    channel: str
    chaincode: str
    versions: List[str]
    genesis_hash: str
    genesis_block: Optional[bytes]
    minimum: Optional[int]
    organizations: Optional[List[str]]
    confirmation_required: bool
    logs: Dict[str, Log]
    witnesses: Optional[Witnesses]
    notary: Optional[Notary]

    def several(self, organizations: int) -> int:
        """How many organisations a confirmation takes: never one alone."""
        counted = organizations if self.organizations is None else len(self.organizations)
        return max(2, counted // 2 + 1 if self.minimum is None else self.minimum)


def parse_policy(data: bytes) -> Policy:
    try:
        return _parse(parse_strict_json(data))
    except ValueError as error:
        raise Refusal("POLICY_INVALID", str(error)) from None


def _must(condition: bool, text: str) -> None:
    if not condition:
        raise ValueError(text)


def _members(value: Any, needed: List[str], allowed: List[str]) -> Dict[str, Any]:
    _must(isinstance(value, dict), "not an object")
    _must(set(needed) <= set(value) <= set(needed) | set(allowed), "members")
    return value


def _texts(value: Any, least: int) -> List[str]:
    _must(isinstance(value, list) and len(value) >= least, "not a list")
    _must(all(isinstance(item, str) for item in value), "not texts")
    return value


def _text(value: Any) -> str:
    _must(isinstance(value, str) and _NAME.match(value) is not None, "not a name")
    return value


def _parse(value: Any) -> Policy:
    needed = ["format", "ledger", "channel", "chaincode", "genesisHash", "logs"]
    policy = _members(value, needed, ["genesisBlock", "endorsement", "confirmation", "witnesses", "notary"])
    _must(policy["format"] == "medseal/trust-policy/v1", "format")
    _must(policy["ledger"] in ("fabric", "solo"), "ledger")
    chaincode = _members(policy["chaincode"], ["name", "versions"], [])
    endorsement = _members(policy.get("endorsement", {}), [], ["minimum", "organizations"])
    confirmation = policy.get("confirmation", "required" if policy["ledger"] == "fabric" else "optional")
    _must(confirmation in ("required", "optional"), "confirmation")
    _must(is_hash(policy["genesisHash"]), "genesisHash")
    organizations = None
    if "organizations" in endorsement:
        organizations = [_text(item) for item in _texts(endorsement["organizations"], 1)]
        _must(len(set(organizations)) == len(organizations), "an organisation stands twice")
    return Policy(
        ledger=policy["ledger"],
        channel=_text(policy["channel"]),
        chaincode=_text(chaincode["name"]),
        versions=[_text(item) for item in _texts(chaincode["versions"], 1)],
        genesis_hash=policy["genesisHash"],
        genesis_block=from_base64(policy["genesisBlock"]) if "genesisBlock" in policy else None,
        minimum=_count(endorsement["minimum"]) if "minimum" in endorsement else None,
        organizations=organizations,
        confirmation_required=confirmation == "required",
        logs=_logs(policy["logs"]),
        witnesses=parse_witnesses(policy["witnesses"]) if "witnesses" in policy else None,
        notary=parse_notary(policy["notary"]) if "notary" in policy else None,
    )


def _count(value: Any) -> int:
    _must(isinstance(value, float) and value >= 1 and value == int(value) and value < 2**53, "count")
    return int(value)


def _logs(value: Any) -> Dict[str, Log]:
    _must(isinstance(value, list) and len(value) > 0, "logs")
    logs = [_log(entry) for entry in value]
    by_id = {log.organization_id: log for log in logs}
    _must(len(by_id) == len(logs), "an organisation stands twice")
    return by_id


def _log(value: Any) -> Log:
    entry = _members(value, ["organizationId", "mspId", "verifierKeys"], ["messageKey"])
    organization_id = _text(entry["organizationId"])
    keys = [parse_verifier_key(text) for text in _texts(entry["verifierKeys"], 1)]
    _must("messageKey" not in entry or is_hash(entry["messageKey"]), "messageKey")
    key = bytes.fromhex(entry["messageKey"]) if "messageKey" in entry else None
    return Log(organization_id, _text(entry["mspId"]), keys, key)
