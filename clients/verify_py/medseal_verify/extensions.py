"""Extensions of certificates (docs/formats/fabric-block.md, Certificates)."""

import re
from typing import Callable, Dict, NamedTuple, Optional, Set, Tuple

from . import der
from .der import Element, Reader


class Extensions(NamedTuple):
    ca: bool = False
    max_path: Optional[int] = None
    may_sign: bool = True
    key_id: Optional[bytes] = None
    names: Optional[bytes] = None
    has_name_constraints: bool = False
    explicit_policy: Optional[int] = None
    maps_any_policy: bool = False
    usages: Tuple[bytes, ...] = ()
    has_unknown_critical: bool = False


# What a value says, and whether it is understood.
_Said = Tuple[Dict[str, object], bool]
_EMAIL, _DNS, _URI, _IP = 0x81, 0x82, 0x86, 0x87
_ANY_POLICY = bytes.fromhex("551d2000")
_SCHEME = rb"[A-Za-z][A-Za-z0-9+.-]*:"
_HOST = rb"[A-Za-z0-9_-]+(?:\.[A-Za-z0-9_-]+)*(?::[0-9]+)?"
_SEGMENT = rb"[A-Za-z0-9._~!$&'()*+,;=@-]*"
_PATH = rb"[A-Za-z0-9._~!$&'()*+,;=:@/-]*"
_PLAIN_URI = re.compile(
    rb"(?:%b(?:(?!/)%b)?|(?:%b)?(?://(?:%b)?(?:/%b)?|/(?!/)%b)|%b(?:/%b)?)\Z"
    % (_SCHEME, _PATH, _SCHEME, _HOST, _PATH, _PATH, _SEGMENT, _PATH)
)
_ATOM = rb"[A-Za-z0-9!#$%&'*+\-/=?^_`{|}~]+"
_MAILBOX = re.compile(rb"%b(?:\.%b)*@" % (_ATOM, _ATOM))
_DOMAIN = re.compile(rb"(?:\.?[!-\-/-~]+(?:\.[!-\-/-~]+)*)?\Z")
_ADDRESS = re.compile(rb"[0-9.]+\Z")


def extensions_in(content: Optional[bytes]) -> Extensions:
    """The extensions in what [3] begins with, each of which stands once."""
    found: Dict[str, object] = {}
    seen: Set[bytes] = set()
    unknown = False
    for extension in Reader(content).inner().sequences() if content is not None else []:
        name = der.identifier(extension.next(der.IDENTIFIER))
        marked = extension.optional(der.BOOLEAN)
        critical = marked is not None and der.truth(marked)
        value = extension.next(der.OCTETS).content
        if name in seen:
            raise ValueError("an extension stands twice")
        seen.add(name)
        if critical and name in _NEVER_CRITICAL:
            raise ValueError("an extension that must not be critical")
        read = _READERS.get(name)
        said, understood = read(value) if read is not None else ({}, False)
        found.update(said)
        unknown = unknown or (critical and not understood)
    return Extensions(has_unknown_critical=unknown, **found)  # type: ignore[arg-type]


def _subject_key(value: bytes) -> _Said:
    return {"key_id": Reader(value).next(der.OCTETS).content}, True


def _key_usage(value: bytes) -> _Said:
    element = Reader(value).next(der.BITS)
    der.bits(element)
    first, second = (element.content[1:] + b"\0\0")[:2]
    return {"may_sign": bool(first & 4) or (first == 0 and second < 128)}, True


def _subject_names(value: bytes) -> _Said:
    names = Reader(value).inner()
    known = 0
    while names:
        name = names.any()
        if name.tag not in (_EMAIL, _DNS, _URI, _IP):
            continue
        if name.tag in (_EMAIL, _DNS):
            sound = name.content.isascii()
        elif name.tag == _URI:
            sound = _PLAIN_URI.match(name.content) is not None
        else:
            sound = len(name.content) in (4, 16)
        if not sound:
            raise ValueError("alternative name")
        known += 1
    return {"names": value}, known > 0


def _basic_constraints(value: bytes) -> _Said:
    reader = Reader(value).inner()
    stated = reader.optional(der.BOOLEAN)
    length = reader.optional(der.INTEGER)
    limit = None if length is None else der.small_integer(length)
    if limit is not None and limit < 0:
        raise ValueError("length of paths")
    return {"ca": stated is not None and der.truth(stated), "max_path": limit}, True


def _name_constraints(value: bytes) -> _Said:
    reader = Reader(der.only(value).content)
    trees = [reader.optional(0xA0), reader.optional(0xA1)]
    if reader or not any(tree is not None and tree.content for tree in trees):
        raise ValueError("name constraints")
    listed = [tree for part in trees if part is not None for tree in Reader(part.content).sequences()]
    known = [_is_known_constraint(tree.any()) for tree in listed]
    return {"has_name_constraints": True}, all(known)


def _is_known_constraint(name: Element) -> bool:
    content = name.content
    if name.tag == _EMAIL:
        sound = _DOMAIN.match(_MAILBOX.sub(b"", content, 1) if _MAILBOX.match(content) else content) is not None
    elif name.tag == _DNS:
        sound = _DOMAIN.match(content) is not None
    elif name.tag == _URI:
        sound = _DOMAIN.match(content) is not None and not _ADDRESS.match(content) and b":" not in content
    elif name.tag == _IP:
        mask = content[len(content) // 2 :]
        ones = "".join(f"{byte:08b}" for byte in mask)
        sound = len(content) in (8, 32) and "01" not in ones
    else:
        return False
    if not sound:
        raise ValueError("name constraint")
    return True


def _distribution_points(value: bytes) -> _Said:
    for point in Reader(value).inner().sequences():
        name = point.optional(0xA0)
        if name is None:
            continue
        full = Reader(name.content).inner(0xA0)
        while full.tag() == _URI:
            full.any()
    return {}, True


def _policies(value: bytes) -> _Said:
    names = [
        der.identifier(policy.next(der.IDENTIFIER), limited=False) for policy in Reader(value).inner().sequences()
    ]
    if len(set(names)) < len(names):
        raise ValueError("a policy stands twice")
    return {}, True


def _policy_mappings(value: bytes) -> _Said:
    mapped = []
    for mapping in Reader(value).inner().sequences():
        mapped += [mapping.next(der.IDENTIFIER).content, mapping.next(der.IDENTIFIER).content]
    return {"maps_any_policy": _ANY_POLICY in mapped}, True


def _authority_key(value: bytes) -> _Said:
    Reader(value).inner().optional(0x80)
    return {}, True


def _policy_constraints(value: bytes) -> _Said:
    reader = Reader(value).inner()
    explicit, mapping = reader.optional(0x80), reader.optional(0x81)
    if mapping is not None:
        der.small_integer(mapping)
    skipped = -1 if explicit is None else der.small_integer(explicit)
    return {"explicit_policy": skipped if skipped >= 0 else None}, True


def _extended_usage(value: bytes) -> _Said:
    reader = Reader(value).inner()
    usages = []
    while reader:
        usages.append(der.identifier(reader.next(der.IDENTIFIER)))
    return {"usages": tuple(usages)}, True


def _inhibit_any_policy(value: bytes) -> _Said:
    der.small_integer(Reader(value).next(der.INTEGER))
    return {}, True


def _authority_access(value: bytes) -> _Said:
    for access in Reader(value).inner().sequences():
        der.identifier(access.next(der.IDENTIFIER))
        access.optional(_URI)
    return {}, True


_NEVER_CRITICAL = frozenset(bytes.fromhex(name) for name in ("551d0e", "551d23", "2b06010505070101"))
_READERS: Dict[bytes, Callable[[bytes], _Said]] = {
    bytes.fromhex(name): read
    for name, read in {
        "551d0e": _subject_key,
        "551d0f": _key_usage,
        "551d11": _subject_names,
        "551d13": _basic_constraints,
        "551d1e": _name_constraints,
        "551d1f": _distribution_points,
        "551d20": _policies,
        "551d21": _policy_mappings,
        "551d23": _authority_key,
        "551d24": _policy_constraints,
        "551d25": _extended_usage,
        "551d36": _inhibit_any_policy,
        "2b06010505070101": _authority_access,
    }.items()
}
