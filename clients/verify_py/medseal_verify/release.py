"""The release of a record, and the patient's consent to it (docs/formats/bundle.md, Release and consent)."""

import base64
import re
from typing import Any, Callable, List, NamedTuple

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa

from .checkpoint import Checkpoint, ed25519_verifies
from .commitment import leaf_bytes, milliseconds_of
from .encoding import from_base64, is_hash, sha256
from .merkle import check_inclusion, leaf_hash
from .refusal import Refusal, require
from .strict_json import canonical, parse_strict_json

_RECEIPT = {
    "v",
    "exchangeId",
    "requestDigest",
    "source",
    "requester",
    "purpose",
    "permit",
    "decisionId",
    "decisionDigest",
    "records",
    "rules",
    "at",
    "signature",
}
_DECISION = {
    "v",
    "decisionId",
    "organizationId",
    "at",
    "permit",
    "ruleIds",
    "consents",
    "policyDigest",
    "inputDigest",
    "key",
    "signature",
}
_CONTENT = {"v", "version", "consent", "revocation", "assertion"}
_ASSERTION = {"credentialId", "publicKey", "authenticatorData", "clientDataJSON", "signature"}
_BASE64URL = re.compile(r"[A-Za-z0-9_-]*\Z")
_ES256 = bytes.fromhex("a5010203262001215820"), bytes.fromhex("225820")
_ED25519 = bytes.fromhex("a4010103272006215820")
_RS256 = bytes.fromhex("a401030339010020")
_EXPONENT = 65537


class Release(NamedTuple):
    receipt: dict
    decision: dict


class ConsentPart(NamedTuple):
    content: Any
    salt: bytes
    leaf: Any
    leaf_index: int
    inclusion_proof: List[bytes]


def check_release(value: Any, leaf: dict, key: bytes) -> Release:
    release = _members(value, {"receipt", "decision"}, "RELEASE_MALFORMED")
    receipt, decision = release["receipt"], release["decision"]
    _members(receipt, _RECEIPT, "RELEASE_MALFORMED")
    _members(decision, _DECISION, "RELEASE_MALFORMED")
    _check_signed(receipt, "medseal/exchange-receipt/v1\n", key, _base64(receipt["signature"]), "RELEASE_SIGNATURE")
    named = isinstance(receipt["records"], list) and leaf["digest"] in receipt["records"]
    about = receipt["source"] == leaf["tenant"] and receipt["permit"] is True
    require(about and named, "RELEASE_RECORD")
    digest = sha256(b"medseal/decision-receipt/v1\n", canonical(decision)).hex()
    same = decision["organizationId"] == receipt["source"] and _same(decision["decisionId"], receipt["decisionId"])
    require(receipt["decisionDigest"] == digest and same and decision["permit"] is True, "RELEASE_DECISION")
    require(_is_made_for(decision["at"], receipt["at"]), "RELEASE_DECISION", "a decision of another time")
    own = _members(decision["key"], {"publicKey", "endorsement"}, "RELEASE_MALFORMED")
    require(is_hash(own["publicKey"]), "RELEASE_MALFORMED", "key")
    endorsed = f"medseal/receipt-key/v1\n{decision['organizationId']}\n{own['publicKey']}\n".encode("utf-8")
    held = ed25519_verifies(key, endorsed, _base64url(own["endorsement"]))
    require(held, "RELEASE_DECISION_SIGNATURE", "the key is not endorsed")
    domain = "medseal/decision-receipt-signature/v1\n"
    signature = _base64url(decision["signature"])
    _check_signed(decision, domain, bytes.fromhex(own["publicKey"]), signature, "RELEASE_DECISION_SIGNATURE")
    return Release(receipt, decision)


def _is_made_for(decided: Any, released: Any) -> bool:
    """Whether a decision was made within a minute of the release."""
    try:
        return abs(milliseconds_of(decided) - milliseconds_of(released)) <= 60_000
    except Refusal:
        return False


def check_consent(part: ConsentPart, release: Release, checkpoint: Checkpoint, tenant: str) -> bool:
    """Whether the signature was judged; False for a passkey of another kind."""
    leaf = leaf_bytes(part.leaf)
    digest = sha256(b"medseal/consent/v1\n", part.salt, canonical(part.content)).hex()
    fits = part.leaf["kind"] == "consent" and part.leaf["tenant"] == tenant
    require(fits and part.leaf["digest"] == digest, "CONSENT_COMMITMENT")
    try:
        check_inclusion(leaf_hash(leaf), part.leaf_index, checkpoint.size, part.inclusion_proof, checkpoint.root)
    except Refusal as refusal:
        raise Refusal("CONSENT_INCLUSION", refusal.text) from None
    content = _members(part.content, _CONTENT, "CONSENT_MALFORMED")
    consent = content["consent"]
    require(isinstance(consent, dict) and content["revocation"] is None, "CONSENT_MALFORMED", "not a grant")
    entries = release.decision["consents"]
    named = isinstance(consent.get("id"), str) and isinstance(entries, list) and any(
        isinstance(entry, dict)
        and _same(entry.get("id"), consent.get("id"))
        and _same(entry.get("version"), content["version"])
        for entry in entries
    )
    require(named, "CONSENT_DECISION")
    _check_scope(consent, release.receipt)
    return _check_assertion(content["assertion"], consent)


def _check_scope(consent: dict, receipt: dict) -> None:
    provision = _member(consent, "provision")
    actors = [_member(_member(_member(actor, "reference"), "identifier"), "value") for actor in _list(provision, "actor")]
    purposes = [_member(entry, "code") for entry in _list(provision, "purpose")]
    custodians = [_member(_member(entry, "identifier"), "value") for entry in _list(consent, "organization")]
    known = isinstance(receipt["requester"], str) and isinstance(receipt["purpose"], str)
    fits = known and all(
        any(_same(value, wanted) for value in values)
        for values, wanted in (
            (actors, receipt["requester"]),
            (purposes, receipt["purpose"]),
            (custodians, receipt["source"]),
        )
    )
    require(fits and _member(provision, "type") == "permit", "CONSENT_SCOPE")


def _check_assertion(value: Any, consent: dict) -> bool:
    assertion = _members(value, _ASSERTION, "CONSENT_MALFORMED")
    authenticator = _base64url(assertion["authenticatorData"])
    client = _base64url(assertion["clientDataJSON"])
    challenge = sha256(b"medseal/consent-grant/v1\n", canonical(consent))
    try:
        stated = parse_strict_json(client)
    except Refusal:
        raise Refusal("CONSENT_MALFORMED", "client data") from None
    require(isinstance(stated, dict), "CONSENT_MALFORMED", "client data")
    present = len(authenticator) >= 37 and authenticator[32] & 5 == 5
    answered = stated.get("challenge") == base64.urlsafe_b64encode(challenge).decode("ascii").rstrip("=")
    require(present and stated.get("type") == "webauthn.get" and answered, "CONSENT_SIGNATURE")
    verifies = _verifier(_base64url(assertion["publicKey"]))
    if verifies is None:
        return False
    message = authenticator + sha256(client)
    require(verifies(message, _base64url(assertion["signature"])), "CONSENT_SIGNATURE")
    return True


def _verifier(cose: bytes) -> Any:
    if len(cose) == 42 and cose[:10] == _ED25519:
        return lambda message, signature: ed25519_verifies(cose[10:], message, signature)
    if cose.startswith(_RS256):
        return _rsa_verifier(cose)
    if len(cose) != 77 or (cose[:10], cose[42:45]) != _ES256:
        return None
    try:
        key = ec.EllipticCurvePublicKey.from_encoded_point(ec.SECP256R1(), b"\x04" + cose[10:42] + cose[45:])
    except ValueError:
        return lambda message, signature: False

    def verifies(message: bytes, signature: bytes) -> bool:
        try:
            key.verify(signature, message, ec.ECDSA(hashes.SHA256()))
            return True
        except (InvalidSignature, ValueError):
            return False

    return verifies


def _rsa_verifier(cose: bytes) -> Any:
    """RSASSA-PKCS1-v1_5 with SHA-256 under a modulus of 2048 to 4096 bits, in its one spelling, and exponent 65537."""
    length = int.from_bytes(cose[9:11], "big")
    modulus = cose[11 : 11 + length]
    number = int.from_bytes(modulus, "big")
    spelled = _RS256 + b"\x59" + length.to_bytes(2, "big") + modulus + bytes.fromhex("2143010001")
    sound = cose == spelled and len(modulus) == length and modulus[:1] != b"\0"
    if not (sound and 2048 <= number.bit_length() <= 4096 and number % 2 == 1):
        return lambda message, signature: False
    key = rsa.RSAPublicNumbers(_EXPONENT, number).public_key()

    def verifies(message: bytes, signature: bytes) -> bool:
        if len(signature) != length or int.from_bytes(signature, "big") >= number:
            return False
        try:
            key.verify(signature, message, padding.PKCS1v15(), hashes.SHA256())
            return True
        except (InvalidSignature, ValueError):
            return False

    return verifies


def _check_signed(document: dict, domain: str, key: bytes, signature: bytes, code: str) -> None:
    content = {name: part for name, part in document.items() if name != "signature"}
    require(ed25519_verifies(key, domain.encode("ascii") + canonical(content), signature), code)


def _members(value: Any, names: set, code: str) -> dict:
    require(isinstance(value, dict) and set(value) == names, code, "members")
    return value


def _member(value: Any, name: str) -> Any:
    return value.get(name) if isinstance(value, dict) else None


def _list(value: Any, name: str) -> List[Any]:
    found = _member(value, name)
    return found if isinstance(found, list) else []


def _same(left: Any, right: Any) -> bool:
    """Equal as ECMAScript's === has it: only values of one type, and never two objects."""
    return type(left) is type(right) and not isinstance(left, (dict, list)) and left == right


def _base64(text: Any) -> bytes:
    return _bytes(text, from_base64)


def _base64url(text: Any) -> bytes:
    def decode(given: str) -> bytes:
        if _BASE64URL.match(given) is None:
            raise ValueError("not base64url")
        return from_base64(given.replace("-", "+").replace("_", "/") + "=" * (-len(given) % 4))

    return _bytes(text, decode)


def _bytes(text: Any, decode: Callable[[str], bytes]) -> bytes:
    require(isinstance(text, str), "RELEASE_MALFORMED", "encoding")
    try:
        return decode(text)
    except ValueError as error:
        raise Refusal("RELEASE_MALFORMED", str(error)) from None
