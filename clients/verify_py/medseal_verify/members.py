"""The members of an organisation and their roles (docs/formats/fabric-block.md, Identities)."""

from typing import Any, Dict, List, NamedTuple, Optional, Tuple, Union

from .certificates import Certificate, RevocationList, certificate_of, list_of, revokes
from .chains import Authorities, Chain, distinct, only_chain
from .keys import MEMBER_HASHES, Hash, Key, member_signed
from .messages import FABRIC_MSP_CONFIG, MSP_CONFIG, SERIALIZED_IDENTITY
from .protobuf import NotCanonical, decode_any
from .refusal import Refusal, require

ROLES = ("client", "peer", "admin", "orderer")


class Unit(NamedTuple):
    """An organisational unit, and the chain that stands behind it, if one has to."""

    name: str
    above: Optional[Chain]


class Msp(NamedTuple):
    id: str
    authorities: Authorities
    internal: Tuple[Certificate, ...]
    admins: Tuple[Certificate, ...]
    revocation_lists: Tuple[RevocationList, ...]
    role_units: Dict[str, Unit]  # empty without NodeOUs
    member_units: Tuple[Unit, ...]
    member_kinds: Tuple[str, ...]
    hash: Optional[Hash]


class Member(NamedTuple):
    msp_id: str
    roles: Tuple[str, ...]
    key: Key
    hash: Optional[Hash]

    def signed(self, message: bytes, signature: bytes) -> bool:
        return member_signed(self.key, self.hash, message, signature)


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
        return Msp(name, Authorities((), ()), (), (), (), {}, (), member_kinds, None)


def _fabric_msp(data: bytes, member_kinds: Tuple[str, ...]) -> Msp:
    config = decode_any(FABRIC_MSP_CONFIG, data)
    authorities = Authorities(
        distinct(_readable(config["root_certs"])), distinct(_readable(config["intermediate_certs"]))
    )
    crypto = config["crypto_config"]
    return Msp(
        config["name"],
        authorities,
        _internal(authorities),
        tuple(_readable(config["admins"])),
        tuple(map(list_of, config["revocation_list"])),
        _role_units(config["node_ous"], authorities),
        tuple(
            Unit(unit["organizational_unit_identifier"], only_chain(certificate_of(unit["certificate"]), authorities))
            for unit in config["organizational_unit_identifiers"]
        ),
        member_kinds,
        MEMBER_HASHES.get("" if crypto is None else crypto["signature_hash_family"]),
    )


def _readable(certificates: List[bytes]) -> List[Certificate]:
    """An authority of a kind that this verifier does not know vouches for nobody."""
    read = []
    for pem in certificates:
        try:
            read.append(certificate_of(pem))
        except Refusal:
            continue
    return read


def _internal(authorities: Authorities) -> Tuple[Certificate, ...]:
    """Authorities that issued one of the intermediates."""
    found: List[Certificate] = []
    for intermediate in authorities.intermediates:
        try:
            found += only_chain(intermediate, authorities)[1:]
        except Refusal:
            continue
    return tuple(found)


def _role_units(node_ous: Optional[Dict[str, Any]], authorities: Authorities) -> Dict[str, Unit]:
    if node_ous is None or node_ous["enable"] != 1:
        return {}
    return {role: _unit_of(node_ous[role], authorities) for role in ROLES if node_ous[role] is not None}


def _unit_of(identifier: Dict[str, Any], authorities: Authorities) -> Unit:
    pem = identifier["certificate"]
    above = only_chain(certificate_of(pem), authorities) if pem else None
    return Unit(identifier["organizational_unit_identifier"], above)


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


def certified_member(certificate: Certificate, msp: Msp, at: Time) -> Member:
    require(not certificate.extensions.ca, "IDENTITY_UNTRUSTED", "an authority is no member")
    require(certificate.key.kind in msp.member_kinds, "IDENTITY_UNTRUSTED", f"{certificate.key.kind} is no member's")
    chain = only_chain(certificate, msp.authorities)
    issues_authorities = len(chain) < 2 or any(each.identity == chain[1].identity for each in msp.internal)
    require(not issues_authorities, "IDENTITY_UNTRUSTED", "issued by an authority that issues authorities")
    revoked = any(revokes(listing, certificate, chain[1]) for listing in msp.revocation_lists)
    require(not revoked, "IDENTITY_REVOKED", msp.id)
    named = all(listing.key_id is not None for listing in msp.revocation_lists)
    require(named and chain[1].extensions.key_id is not None, "IDENTITY_UNTRUSTED", "no key identifier")
    roles = _roles(chain, msp)
    for link in chain:
        require(_is_valid(link, at), "IDENTITY_EXPIRED", msp.id)
    return Member(msp.id, roles, certificate.key, msp.hash)


def _is_valid(link: Certificate, at: Time) -> bool:
    if at is None:
        return True
    if isinstance(at, NotEndedBy):
        return at.seconds <= link.ends
    return link.begins <= at <= link.ends


def _roles(chain: Chain, msp: Msp) -> Tuple[str, ...]:
    stated = chain[0].subject.units
    if msp.member_units:
        has_one = any(unit.name in stated and _is_behind(unit, chain) for unit in msp.member_units)
        require(has_one, "IDENTITY_ROLE", "no unit of its organisation")
    is_admin = any(admin.identity == chain[0].identity for admin in msp.admins)
    if not msp.role_units:
        return ("admin",) if is_admin else ()
    # Of two roles with one unit's name the later one says who stands behind it.
    by_name = {unit.name: unit for unit in msp.role_units.values()}
    held = [by_name[name] for name in stated if name in by_name]
    fits = len(held) == 1 and (held[0].above is None or _is_behind(held[0], chain))
    require(fits, "IDENTITY_ROLE", msp.id)
    return tuple(
        role
        for role in ROLES
        if (role in msp.role_units and msp.role_units[role].name == held[0].name) or (role == "admin" and is_admin)
    )


def _is_behind(unit: Unit, chain: Chain) -> bool:
    return unit.above is not None and [link.identity for link in unit.above] == [link.identity for link in chain[1:]]
