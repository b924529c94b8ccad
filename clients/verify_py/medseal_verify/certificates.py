"""Certificates and revocation lists (docs/formats/fabric-block.md, Certificates)."""

from functools import lru_cache
from typing import FrozenSet, NamedTuple, Optional, Tuple

from . import der
from .der import Reader
from .extensions import Extensions, extensions_in
from .keys import Algorithm, Key, algorithm_of, authority_signed, key_of, list_signed
from .names import Name, name_of, optional_time, time_of
from .pem import first_block
from .refusal import Refusal

_LONGEST_KEPT = 16384


class Certificate(NamedTuple):
    serial: int
    issuer: bytes
    subject: Name
    begins: int  # seconds since 1970
    ends: int
    key_info: bytes
    key: Key
    extensions: Extensions
    signed: bytes
    algorithm: Algorithm
    signature: bytes

    @property
    def identity(self) -> Tuple[bytes, bytes]:
        """What makes two certificates one: of ECDSA signatures r counts, not the half in which s lies."""
        if self.algorithm.kind != "ecdsa":
            return self.signed, self.signature
        try:
            return self.signed, Reader(self.signature).inner().any().whole
        except ValueError:
            return self.signed, self.signature


class RevocationList(NamedTuple):
    key_id: Optional[bytes]
    serials: FrozenSet[int]
    signed: bytes
    algorithm: Algorithm
    signature: bytes


def certificate_of(pem: bytes) -> Certificate:
    """The certificate in the first block of PEM, whatever its label."""
    return _kept(pem) if len(pem) <= _LONGEST_KEPT else _read(pem)


@lru_cache(maxsize=512)
def _kept(pem: bytes) -> Certificate:
    return _read(pem)


def _read(pem: bytes) -> Certificate:
    try:
        block = first_block(pem)
        if block is None:
            raise ValueError("no PEM")
        return _certificate(block.content)
    except ValueError as error:
        raise Refusal("CERTIFICATE_MALFORMED", str(error)) from None


def _certificate(data: bytes) -> Certificate:
    outer = Reader(der.only(data).content)
    part, stated = outer.next(der.SEQUENCE), outer.next(der.SEQUENCE).content
    fields = Reader(part.content)
    version = _version(fields)
    serial = der.integer(fields.next(der.INTEGER))
    if serial < 0 or fields.next(der.SEQUENCE).content != stated:
        raise ValueError("serial number, or two algorithms")
    issuer = name_of(fields.next(der.SEQUENCE))
    validity = fields.inner()
    begins, ends = time_of(validity), time_of(validity)
    subject = name_of(fields.next(der.SEQUENCE))
    info = fields.next(der.SEQUENCE)
    return Certificate(
        serial,
        issuer.whole,
        subject,
        begins,
        ends,
        info.whole,
        key_of(info),
        extensions_in(_extensions(fields, version)),
        part.whole,
        algorithm_of(stated),
        der.bits(outer.next(der.BITS)),
    )


def _version(fields: Reader) -> int:
    """Counted from 0; where it is not written it is 0."""
    stated = fields.optional(0xA0)
    version = 0 if stated is None else der.small_integer(der.only(stated.content, der.INTEGER))
    if not 0 <= version <= 2:
        raise ValueError("version")
    return version


def _extensions(fields: Reader, version: int) -> Optional[bytes]:
    """Unique ids are there from version 2 on, extensions in version 3."""
    if version < 1:
        return None
    fields.optional(0x81)
    fields.optional(0x82)
    stated = fields.optional(0xA3) if version == 2 else None
    return None if stated is None else stated.content


def issued(certificate: Certificate, authority: Certificate) -> bool:
    """Whether the authority signed the certificate."""
    return (
        authority.extensions.ca
        and authority.extensions.may_sign
        and certificate.issuer == authority.subject.whole
        and authority_signed(authority.key, certificate.algorithm, certificate.signed, certificate.signature)
    )


def list_of(data: bytes) -> RevocationList:
    """A list in PEM or in DER."""
    try:
        block = first_block(data) if data.startswith(b"-----BEGIN X509 CRL") else None
        return _list(block.content if block is not None and block.label == b"X509 CRL" else data)
    except ValueError as error:
        raise Refusal("CERTIFICATE_MALFORMED", f"revocation list: {error}") from None


def _list(data: bytes) -> RevocationList:
    outer = Reader(der.only(data).content)
    part = outer.next(der.SEQUENCE)
    fields = Reader(part.content)
    fields.optional(der.INTEGER)
    fields.next(der.SEQUENCE)
    fields.next(der.SEQUENCE)
    time_of(fields)
    optional_time(fields)
    revoked = fields.optional(der.SEQUENCE)
    entries = [] if revoked is None else Reader(revoked.content).sequences()
    serials = frozenset(der.integer(entry.next(der.INTEGER)) for entry in entries)
    stated = fields.optional(0xA0)
    key_id = None if stated is None else _list_key(Reader(stated.content).inner())
    algorithm = algorithm_of(outer.next(der.SEQUENCE).content)
    return RevocationList(key_id, serials, part.whole, algorithm, der.bits(outer.next(der.BITS)))


def _list_key(extensions: Reader) -> Optional[bytes]:
    """The key identifier in the first extension of that kind; None where it is none."""
    while extensions:
        extension = extensions.inner()
        if der.identifier(extension.next(der.IDENTIFIER)) != bytes.fromhex("551d23"):
            continue
        extension.optional(der.BOOLEAN)
        value = extension.next(der.OCTETS).content
        try:
            stated = Reader(value).inner().optional(0x80)
        except ValueError:
            return None
        return b"" if stated is None else stated.content
    return None


def revokes(listing: RevocationList, certificate: Certificate, issuer: Certificate) -> bool:
    """Only a list of the issuer's key, signed by the issuer, revokes a certificate; names are not compared."""
    return (
        listing.key_id is not None
        and listing.key_id == issuer.extensions.key_id
        and certificate.serial in listing.serials
        and list_signed(issuer.key, listing.algorithm, listing.signed, listing.signature)
    )
