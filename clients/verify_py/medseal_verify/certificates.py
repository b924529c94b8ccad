"""Certificates, revocation lists and the members of an organisation (docs/formats/fabric-block.md, Identities)."""

import re
from functools import lru_cache
from typing import Any, Dict, List, NamedTuple, Optional, Tuple, Union

from cryptography import x509
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.utils import encode_dss_signature
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509.oid import ExtensionOID, NameOID, SignatureAlgorithmOID

from .encoding import from_base64
from .messages import FABRIC_MSP_CONFIG, MSP_CONFIG, SERIALIZED_IDENTITY
from .protobuf import NotCanonical, decode_any
from .refusal import Refusal, require

_ORDER = 0xFFFFFFFF00000000FFFFFFFFFFFFFFFFBCE6FAADA7179E84F3B9CAC2FC632551
_PEM = re.compile(rb"-----BEGIN ([A-Z0-9 ]+)-----\r?\n([A-Za-z0-9+/=\r\n]+)-----END \1-----(?:\r?\n)*\Z")
_KNOWN_CRITICAL = (ExtensionOID.BASIC_CONSTRAINTS, ExtensionOID.KEY_USAGE, ExtensionOID.EXTENDED_KEY_USAGE)
ROLES = ("client", "peer", "admin", "orderer")
_LINKS = 5


class Msp(NamedTuple):
    id: str
    roots: Tuple[x509.Certificate, ...]
    intermediates: Tuple[x509.Certificate, ...]
    revocation_lists: Tuple[x509.CertificateRevocationList, ...]
    units: Dict[str, Tuple[str, Optional[x509.Certificate]]]


class Member(NamedTuple):
    msp_id: str
    role: str
    key: ec.EllipticCurvePublicKey


def _pem(data: bytes, label: bytes) -> bytes:
    match = _PEM.match(data)
    if match is None or match[1] != label:
        raise ValueError("not one PEM block")
    return from_base64(re.sub(rb"[\r\n]", b"", match[2]).decode("ascii"))


@lru_cache(maxsize=512)
def certificate_of(pem: bytes) -> x509.Certificate:
    """A certificate; every part that is used later is read here, so that a bad one fails here."""
    try:
        der = _pem(pem, b"CERTIFICATE")
        certificate = x509.load_der_x509_certificate(der)
        if certificate.public_bytes(Encoding.DER) != der:
            raise ValueError("trailing bytes")
        _ = (certificate.subject, certificate.issuer, certificate.not_valid_after_utc)
        if any(part.critical and part.oid not in _KNOWN_CRITICAL for part in certificate.extensions):
            raise ValueError("unknown critical extension")
        if certificate.signature_algorithm_oid != SignatureAlgorithmOID.ECDSA_WITH_SHA256:
            raise ValueError("not signed with ecdsa-with-SHA256")
        key_of(certificate)
        return certificate
    except Exception as error:  # the library names no closed set of errors
        raise Refusal("CERTIFICATE_MALFORMED", str(error)) from None


def key_of(certificate: x509.Certificate) -> ec.EllipticCurvePublicKey:
    try:
        key = certificate.public_key()
    except Exception as error:
        raise Refusal("CERTIFICATE_MALFORMED", str(error)) from None
    require(
        isinstance(key, ec.EllipticCurvePublicKey) and isinstance(key.curve, ec.SECP256R1),
        "CERTIFICATE_MALFORMED",
        "no P-256 key",
    )
    return key


def signature_verifies(key: ec.EllipticCurvePublicKey, message: bytes, signature: bytes) -> bool:
    """ECDSA over SHA-256 as Fabric's peers take it: s in its low half, and anything after s and after the sequence."""
    values = _leading_integers(signature)
    return values is not None and values[1] <= _ORDER // 2 and _verifies(key, message, values)


def strict_signature_verifies(key: ec.EllipticCurvePublicKey, message: bytes, signature: bytes) -> bool:
    """ECDSA over SHA-256, strict DER."""
    values = _leading_integers(signature)
    return values is not None and encode_dss_signature(*values) == signature and _verifies(key, message, values)


def _verifies(key: ec.EllipticCurvePublicKey, message: bytes, values: Tuple[int, int]) -> bool:
    if not all(0 < value < _ORDER for value in values):
        return False
    try:
        key.verify(encode_dss_signature(*values), message, ec.ECDSA(hashes.SHA256()))
        return True
    except InvalidSignature:
        return False


def _leading_integers(data: bytes) -> Optional[Tuple[int, int]]:
    """The two integers that a DER sequence begins with (Go's asn1.Unmarshal into a structure of two)."""
    sequence = _extent(data, 0, 0x30)
    if sequence is None:
        return None
    content = data[sequence[0] : sequence[1]]
    values, at = [], 0
    for _ in range(2):
        extent = _extent(content, at, 2)
        number = extent and content[extent[0] : extent[1]]
        if not extent or not number or not _is_positive_and_shortest(number):
            return None
        values.append(int.from_bytes(number, "big"))
        at = extent[1]
    return values[0], values[1]


def _is_positive_and_shortest(number: bytes) -> bool:
    return number[0] < 128 and (len(number) == 1 or number[0] > 0 or number[1] >= 128)


def _extent(data: bytes, at: int, tag: int) -> Optional[Tuple[int, int]]:
    """Where the content of a DER element of this tag starts and ends; its length is in the shortest form."""
    if at + 2 > len(data) or data[at] != tag:
        return None
    start, length = at + 2, data[at + 1]
    if length >= 128:
        count = length - 128
        start += count
        length = int.from_bytes(data[at + 2 : start], "big")
        if not 1 <= count <= 4 or start > len(data) or length < 128 or length < 256 ** (count - 1):
            return None
    return (start, start + length) if start + length <= len(data) else None


def parse_msp(data: bytes) -> Msp:
    """The MSP of an organisation as the configuration states it.

    One that cannot be judged has no members, and stops nobody else.
    """
    outer = decode_any(MSP_CONFIG, data)
    name = decode_any({1: FABRIC_MSP_CONFIG[1]}, outer["config"])["name"]
    try:
        require(outer["type"] == 0, "CONFIG_MALFORMED", "only Fabric MSPs can be judged")
        return _fabric_msp(outer["config"])
    except (Refusal, NotCanonical):
        return Msp(name, (), (), (), {})


def _fabric_msp(data: bytes) -> Msp:
    config = decode_any(FABRIC_MSP_CONFIG, data)
    roots = _readable(config["root_certs"])
    require(len(roots) > 0, "CONFIG_MALFORMED", "MSP without root")
    intermediates = _readable(config["intermediate_certs"])
    lists = tuple(map(_list_of, config["revocation_list"]))
    node_ous = config["node_ous"]
    require(node_ous is not None and node_ous["enable"] == 1, "CONFIG_MALFORMED", "an MSP without NodeOUs")
    require(len(config["organizational_unit_identifiers"]) == 0, "CONFIG_MALFORMED", "unit identifiers")
    units = {role: _unit_of(node_ous[role]) for role in ROLES if node_ous[role] is not None}
    return Msp(config["name"], roots, intermediates, lists, units)


def _readable(certificates: List[bytes]) -> Tuple[x509.Certificate, ...]:
    """An authority of a kind that this verifier does not know vouches for nobody."""
    read = []
    for pem in certificates:
        try:
            read.append(certificate_of(pem))
        except Refusal:
            continue
    return tuple(read)


def _unit_of(identifier: dict) -> Tuple[str, Optional[x509.Certificate]]:
    require(identifier["organizational_unit_identifier"] != "", "CONFIG_MALFORMED", "an empty unit")
    issuer = certificate_of(identifier["certificate"]) if identifier["certificate"] else None
    return identifier["organizational_unit_identifier"], issuer


def _list_of(pem: bytes) -> x509.CertificateRevocationList:
    try:
        revocations = x509.load_der_x509_crl(_pem(pem, b"X509 CRL"))
        if revocations.signature_algorithm_oid != SignatureAlgorithmOID.ECDSA_WITH_SHA256:
            raise ValueError("not signed with ecdsa-with-SHA256")
        if revocations.next_update_utc is None:
            raise ValueError("no next update")
        _ = [entry.serial_number for entry in revocations]
        return revocations
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


def certified_member(certificate: x509.Certificate, msp: Msp, at: Time) -> Member:
    key = key_of(certificate)
    require(not _is_authority(certificate), "IDENTITY_UNTRUSTED", "an authority is no member")
    path = _path(certificate, msp, 0)
    if path is None:
        raise Refusal("IDENTITY_UNTRUSTED", msp.id)
    require(not any(map(_is_revoked, path, path[1:], [msp] * len(path))), "IDENTITY_REVOKED", msp.id)
    role = _role(certificate, path[1], msp)
    for link in path:
        require(_is_valid(link, at), "IDENTITY_EXPIRED", msp.id)
    return Member(msp.id, role, key)


def _is_valid(link: x509.Certificate, at: Time) -> bool:
    if at is None:
        return True
    if isinstance(at, NotEndedBy):
        return at.seconds <= link.not_valid_after_utc.timestamp()
    return link.not_valid_before_utc.timestamp() <= at <= link.not_valid_after_utc.timestamp()


def _path(certificate: x509.Certificate, msp: Msp, links: int) -> Optional[List[x509.Certificate]]:
    if certificate in msp.roots and links > 0:
        return [certificate]
    if links == _LINKS:
        return None
    for authority in msp.roots + msp.intermediates:
        if authority.subject != certificate.issuer or not _is_authority(authority):
            continue
        if not _issued(certificate, authority):
            continue
        rest = _path(authority, msp, links + 1)
        if rest is not None:
            return [certificate, *rest]
    return None


def _issued(certificate: x509.Certificate, authority: x509.Certificate) -> bool:
    return strict_signature_verifies(
        key_of(authority), certificate.tbs_certificate_bytes, certificate.signature
    )


def _is_authority(certificate: x509.Certificate) -> bool:
    ca, may_sign = False, True
    for part in certificate.extensions:
        if isinstance(part.value, x509.BasicConstraints):
            ca = part.value.ca
        if isinstance(part.value, x509.KeyUsage):
            may_sign = part.value.key_cert_sign
    return ca and may_sign


def _is_revoked(certificate: x509.Certificate, authority: x509.Certificate, msp: Msp) -> bool:
    """Only a list that the certificate's issuer signed revokes it."""
    return any(
        listing.issuer == certificate.issuer
        and strict_signature_verifies(key_of(authority), listing.tbs_certlist_bytes, listing.signature)
        and listing.get_revoked_certificate_by_serial_number(certificate.serial_number) is not None
        for listing in msp.revocation_lists
    )


def _role(certificate: x509.Certificate, issuer: x509.Certificate, msp: Msp) -> str:
    stated = {unit.value for unit in certificate.subject.get_attributes_for_oid(NameOID.ORGANIZATIONAL_UNIT_NAME)}
    roles = [
        role
        for role, (name, authority) in msp.units.items()
        if name in stated and authority in (None, issuer)
    ]
    require(len(roles) == 1, "IDENTITY_ROLE", msp.id)
    return roles[0]
