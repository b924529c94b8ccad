"""Certificates, revocation lists and the members of an organisation (docs/formats/fabric-block.md, Identities)."""

import re
from functools import lru_cache
from typing import Any, Dict, List, NamedTuple, Optional, Tuple, Union

from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509.oid import ExtensionOID, NameOID

from .encoding import from_base64
from .keys import MEMBER_HASHES, Algorithm, Hash, Key, algorithm_of, authority_signed, elements, key_of, member_signed
from .messages import FABRIC_MSP_CONFIG, MSP_CONFIG, SERIALIZED_IDENTITY
from .protobuf import NotCanonical, decode_any
from .refusal import Refusal, require

_PEM = re.compile(rb"-----BEGIN ([A-Z0-9 ]+)-----\r?\n([A-Za-z0-9+/=\r\n]+)-----END \1-----(?:\r?\n)*\Z")
_KNOWN_CRITICAL = (ExtensionOID.BASIC_CONSTRAINTS, ExtensionOID.KEY_USAGE, ExtensionOID.EXTENDED_KEY_USAGE)
ROLES = ("client", "peer", "admin", "orderer")
_LINKS = 5
_VERSION = 0xA0  # the tag of a certificate's version


class Certified(NamedTuple):
    """A certificate, and what the library does not say of it."""

    parsed: x509.Certificate
    key: Key
    algorithm: Algorithm


class RevocationList(NamedTuple):
    parsed: x509.CertificateRevocationList
    algorithm: Algorithm


class Msp(NamedTuple):
    id: str
    roots: Tuple[Certified, ...]
    intermediates: Tuple[Certified, ...]
    revocation_lists: Tuple[RevocationList, ...]
    units: Dict[str, Tuple[str, Optional[Certified]]]
    member_kinds: Tuple[str, ...]
    hash: Optional[Hash]


class Member(NamedTuple):
    msp_id: str
    role: str
    key: Key
    hash: Optional[Hash]

    def signed(self, message: bytes, signature: bytes) -> bool:
        return member_signed(self.key, self.hash, message, signature)


def _pem(data: bytes, label: bytes) -> bytes:
    match = _PEM.match(data)
    if match is None or match[1] != label:
        raise ValueError("not one PEM block")
    return from_base64(re.sub(rb"[\r\n]", b"", match[2]).decode("ascii"))


@lru_cache(maxsize=512)
def certificate_of(pem: bytes) -> Certified:
    """A certificate; every part that is used later is read here, so that a bad one fails here."""
    try:
        der = _pem(pem, b"CERTIFICATE")
        certificate = x509.load_der_x509_certificate(der)
        if certificate.public_bytes(Encoding.DER) != der:
            raise ValueError("trailing bytes")
        _ = (certificate.subject, certificate.issuer, certificate.not_valid_after_utc)
        if any(part.critical and part.oid not in _KNOWN_CRITICAL for part in certificate.extensions):
            raise ValueError("unknown critical extension")
        signed, stated, _ = elements(elements(der)[0].content)
        parts = elements(signed.content)
        _, inner, _, _, _, key = parts[1:7] if parts[0].tag == _VERSION else parts[:6]
        return Certified(certificate, key_of(key.whole), algorithm_of(inner.whole, stated.whole))
    except Exception as error:  # the library names no closed set of errors
        raise Refusal("CERTIFICATE_MALFORMED", str(error)) from None


def parse_msp(data: bytes, member_kinds: Tuple[str, ...]) -> Msp:
    """The MSP of an organisation as the configuration states it, and the kinds of keys that its members may have.

    One that cannot be judged has no members, and stops nobody else.
    """
    outer = decode_any(MSP_CONFIG, data)
    name = decode_any({1: FABRIC_MSP_CONFIG[1]}, outer["config"])["name"]
    try:
        require(outer["type"] == 0, "CONFIG_MALFORMED", "only Fabric MSPs can be judged")
        return _fabric_msp(outer["config"], member_kinds)
    except (Refusal, NotCanonical):
        return Msp(name, (), (), (), {}, member_kinds, None)


def _fabric_msp(data: bytes, member_kinds: Tuple[str, ...]) -> Msp:
    config = decode_any(FABRIC_MSP_CONFIG, data)
    roots = _readable(config["root_certs"])
    require(len(roots) > 0, "CONFIG_MALFORMED", "MSP without root")
    intermediates = _readable(config["intermediate_certs"])
    lists = tuple(map(_list_of, config["revocation_list"]))
    node_ous = config["node_ous"]
    require(node_ous is not None and node_ous["enable"] == 1, "CONFIG_MALFORMED", "an MSP without NodeOUs")
    require(len(config["organizational_unit_identifiers"]) == 0, "CONFIG_MALFORMED", "unit identifiers")
    units = {role: _unit_of(node_ous[role]) for role in ROLES if node_ous[role] is not None}
    crypto = config["crypto_config"]
    hash_ = MEMBER_HASHES.get("" if crypto is None else crypto["signature_hash_family"])
    return Msp(config["name"], roots, intermediates, lists, units, member_kinds, hash_)


def _readable(certificates: List[bytes]) -> Tuple[Certified, ...]:
    """An authority of a kind that this verifier does not know vouches for nobody."""
    read = []
    for pem in certificates:
        try:
            read.append(certificate_of(pem))
        except Refusal:
            continue
    return tuple(read)


def _unit_of(identifier: dict) -> Tuple[str, Optional[Certified]]:
    require(identifier["organizational_unit_identifier"] != "", "CONFIG_MALFORMED", "an empty unit")
    issuer = certificate_of(identifier["certificate"]) if identifier["certificate"] else None
    return identifier["organizational_unit_identifier"], issuer


def _list_of(pem: bytes) -> RevocationList:
    try:
        der = _pem(pem, b"X509 CRL")
        revocations = x509.load_der_x509_crl(der)
        if revocations.next_update_utc is None:
            raise ValueError("no next update")
        _ = [entry.serial_number for entry in revocations]
        signed, stated, _ = elements(elements(der)[0].content)
        parts = elements(signed.content, 2)
        algorithm = algorithm_of(parts[1 if parts[0].tag == 2 else 0].whole, stated.whole)
        if algorithm.kind == "none":
            raise ValueError("signed in a way that is not judged")
        return RevocationList(revocations, algorithm)
    except Exception as error:  # the library names no closed set of errors
        raise Refusal("CERTIFICATE_MALFORMED", f"revocation list: {error}") from None


class NotEndedBy(NamedTuple):
    """A time by which a certificate's validity must not have ended; when it began is not asked."""

    seconds: float


Time = Union[float, NotEndedBy, None]


def member_of(serialized: bytes, msps: Dict[str, Msp], at: Time) -> Member:
    """Who a serialized identity is, at a time in seconds since 1970."""
    identity = _identity(serialized)
    msp = msps.get(identity["mspid"])
    if msp is None:
        raise Refusal("IDENTITY_UNKNOWN_MSP", identity["mspid"])
    return certified_member(certificate_of(identity["id_bytes"]), msp, at)


def msp_id_of(serialized: bytes) -> str:
    """The organisation that a serialized identity claims."""
    return _identity(serialized)["mspid"]


def _identity(serialized: bytes) -> Dict[str, Any]:
    try:
        return decode_any(SERIALIZED_IDENTITY, serialized)
    except NotCanonical as error:
        raise Refusal("IDENTITY_MALFORMED", str(error)) from None


def certified_member(certificate: Certified, msp: Msp, at: Time) -> Member:
    require(not _is_authority(certificate), "IDENTITY_UNTRUSTED", "an authority is no member")
    require(certificate.key.kind in msp.member_kinds, "IDENTITY_UNTRUSTED", f"{certificate.key.kind} is no member's")
    path = _path(certificate, msp, 0)
    if path is None:
        raise Refusal("IDENTITY_UNTRUSTED", msp.id)
    require(not any(map(_is_revoked, path, path[1:], [msp] * len(path))), "IDENTITY_REVOKED", msp.id)
    role = _role(certificate, path[1], msp)
    for link in path:
        require(_is_valid(link, at), "IDENTITY_EXPIRED", msp.id)
    return Member(msp.id, role, certificate.key, msp.hash)


def _is_valid(certificate: Certified, at: Time) -> bool:
    link = certificate.parsed
    if at is None:
        return True
    if isinstance(at, NotEndedBy):
        return at.seconds <= link.not_valid_after_utc.timestamp()
    return link.not_valid_before_utc.timestamp() <= at <= link.not_valid_after_utc.timestamp()


def _path(certificate: Certified, msp: Msp, links: int) -> Optional[List[Certified]]:
    if certificate in msp.roots and links > 0:
        return [certificate]
    if links == _LINKS:
        return None
    for authority in msp.roots + msp.intermediates:
        if authority.parsed.subject != certificate.parsed.issuer or not _is_authority(authority):
            continue
        if not _issued(certificate, authority):
            continue
        rest = _path(authority, msp, links + 1)
        if rest is not None:
            return [certificate, *rest]
    return None


def _issued(certificate: Certified, authority: Certified) -> bool:
    signed, signature = certificate.parsed.tbs_certificate_bytes, certificate.parsed.signature
    return authority_signed(authority.key, certificate.algorithm, signed, signature)


def _is_authority(certificate: Certified) -> bool:
    ca, may_sign = False, True
    for part in certificate.parsed.extensions:
        if isinstance(part.value, x509.BasicConstraints):
            ca = part.value.ca
        if isinstance(part.value, x509.KeyUsage):
            may_sign = part.value.key_cert_sign
    return ca and may_sign


def _is_revoked(certificate: Certified, authority: Certified, msp: Msp) -> bool:
    """Only a list that the certificate's issuer signed revokes it."""
    return any(
        listing.parsed.issuer == certificate.parsed.issuer
        and _signed_list(authority, listing)
        and listing.parsed.get_revoked_certificate_by_serial_number(certificate.parsed.serial_number) is not None
        for listing in msp.revocation_lists
    )


def _signed_list(authority: Certified, listing: RevocationList) -> bool:
    signed, signature = listing.parsed.tbs_certlist_bytes, listing.parsed.signature
    return authority_signed(authority.key, listing.algorithm, signed, signature)


def _role(certificate: Certified, issuer: Certified, msp: Msp) -> str:
    units = certificate.parsed.subject.get_attributes_for_oid(NameOID.ORGANIZATIONAL_UNIT_NAME)
    stated = {unit.value for unit in units}
    roles = [
        role
        for role, (name, authority) in msp.units.items()
        if name in stated and authority in (None, issuer)
    ]
    require(len(roles) == 1, "IDENTITY_ROLE", msp.id)
    return roles[0]
