"""Kinds of keys in certificates, and the signatures made with them (docs/formats/fabric-block.md, Keys)."""

from typing import Any, Callable, Dict, List, NamedTuple, Optional, Tuple, Union

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa
from cryptography.hazmat.primitives.asymmetric.utils import encode_dss_signature

from .checkpoint import ed25519_verifies, is_sound_ed25519_key

Hash = Union[hashes.SHA256, hashes.SHA384, hashes.SHA512, hashes.SHA3_256]


class Curve(NamedTuple):
    make: Callable[[], ec.EllipticCurve]
    length: int  # of a coordinate
    order: int


class Key(NamedTuple):
    kind: str  # ecdsa, ed25519, rsa
    public: Any  # of the library; the bytes of an Ed25519 key
    curve: Optional[Curve] = None


class Algorithm(NamedTuple):
    kind: str  # of the key that it takes
    hash: Optional[Hash] = None
    is_pss: bool = False


_P224 = Curve(ec.SECP224R1, 28, 0xFFFFFFFFFFFFFFFFFFFFFFFFFFFF16A2E0B8F03E13DD29455C5C2A3D)
_P256 = Curve(ec.SECP256R1, 32, 0xFFFFFFFF00000000FFFFFFFFFFFFFFFFBCE6FAADA7179E84F3B9CAC2FC632551)
_P384 = Curve(
    ec.SECP384R1,
    48,
    0xFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFC7634D81F4372DDF581A0DB248B0A77AECEC196ACCC52973,
)
_P521 = Curve(
    ec.SECP521R1,
    66,
    2**521 - 0x5AE79787C40D069948033FEB708F65A2FC44A36477663B851449048E16EC79BF7,
)
# AlgorithmIdentifiers of keys, by their DER.
_CURVES: Dict[str, Curve] = {
    "301006072a8648ce3d020106052b81040021": _P224,
    "301306072a8648ce3d020106082a8648ce3d030107": _P256,
    "301006072a8648ce3d020106052b81040022": _P384,
    "301006072a8648ce3d020106052b81040023": _P521,
}
_ED25519 = "300506032b6570"
_RSA = "300d06092a864886f70d0101010500"
_PSS = (
    "304106092a864886f70d01010a3034a00f300d060960864801650304020{0}0500"
    "a11c301a06092a864886f70d010108300d060960864801650304020{0}0500a2030201{1:02x}"
)
# AlgorithmIdentifiers of signatures in certificates and lists, by their DER.
_ALGORITHMS: Dict[str, Algorithm] = {
    _ED25519: Algorithm("ed25519"),
    # SHA-1 with RSA: old roots signed themselves with it, which is not judged.
    "300d06092a864886f70d0101050500": Algorithm("none"),
}
for _at, _hash in enumerate((hashes.SHA256(), hashes.SHA384(), hashes.SHA512())):
    _ALGORITHMS[f"300a06082a8648ce3d04030{_at + 2}"] = Algorithm("ecdsa", _hash)
    for _pkcs1 in ("300d06092a864886f70d01010{}0500", "300b06092a864886f70d01010{}"):
        _ALGORITHMS[_pkcs1.format("bcd"[_at])] = Algorithm("rsa", _hash)
    _ALGORITHMS[_PSS.format(_at + 1, _hash.digest_size)] = Algorithm("rsa", _hash, True)
# What an MSP calls the hash of its members' signatures. Under another name none holds.
MEMBER_HASHES: Dict[str, Hash] = {"": hashes.SHA256(), "SHA2": hashes.SHA256(), "SHA3": hashes.SHA3_256()}


class Element(NamedTuple):
    tag: int
    content: bytes
    whole: bytes


def elements(data: bytes, count: Optional[int] = None) -> List[Element]:
    """The DER elements that the bytes are, or the first ones of them; ValueError for others."""
    found: List[Element] = []
    at = 0
    while at < len(data) and (count is None or len(found) < count):
        start, end = _extent(data, at)
        found.append(Element(data[at], data[start:end], data[at:end]))
        at = end
    return found


def _extent(data: bytes, at: int) -> Tuple[int, int]:
    """Where the content of an element starts and ends; its length is in the shortest form."""
    if at + 2 > len(data) or data[at] & 0x1F == 0x1F:
        raise ValueError("no element")
    start, length = at + 2, data[at + 1]
    if length >= 128:
        count = length - 128
        start += count
        length = int.from_bytes(data[at + 2 : start], "big")
        if not 1 <= count <= 4 or start > len(data) or length < 128 or length < 256 ** (count - 1):
            raise ValueError("length")
    if start + length > len(data):
        raise ValueError("cut")
    return start, start + length


def key_of(info: bytes) -> Key:
    """The key in a SubjectPublicKeyInfo; ValueError for a kind that is not judged, and for a key that is not sound."""
    algorithm, bits = elements(elements(info)[0].content)
    name, octets = algorithm.whole.hex(), _octets(bits)
    if name == _ED25519 and is_sound_ed25519_key(octets):
        return Key("ed25519", octets)
    if name == _RSA:
        return _rsa_key(octets)
    curve = _CURVES.get(name)
    if curve is None or len(octets) != 1 + 2 * curve.length or octets[0] != 4:
        raise ValueError("no key of a kind that is judged")
    return Key("ecdsa", ec.EllipticCurvePublicKey.from_encoded_point(curve.make(), octets), curve)


def _octets(bits: Element) -> bytes:
    if bits.tag != 3 or bits.content[:1] != b"\0":
        raise ValueError("unused bits")
    return bits.content[1:]


def _rsa_key(octets: bytes) -> Key:
    (sequence,) = elements(octets)
    modulus, exponent = elements(sequence.content)
    if (sequence.tag, modulus.tag, exponent.tag) != (0x30, 2, 2) or exponent.content != b"\1\0\1":
        raise ValueError("RSA key")
    number = int.from_bytes(modulus.content, "big")
    if not _is_positive_and_shortest(modulus.content) or not 2048 <= number.bit_length() <= 4096 or number % 2 == 0:
        raise ValueError("RSA modulus")
    return Key("rsa", rsa.RSAPublicNumbers(65537, number).public_key())


def algorithm_of(signed: bytes, stated: bytes) -> Algorithm:
    """The algorithm of a certificate's or a list's signature, which is said twice."""
    algorithm = _ALGORITHMS.get(stated.hex())
    if signed != stated or algorithm is None:
        raise ValueError("algorithm")
    return algorithm


def member_signed(key: Key, hash_: Optional[Hash], message: bytes, signature: bytes) -> bool:
    """As Fabric's peers judge it: ECDSA with s in its low half, and anything after s and after the sequence."""
    if key.kind == "ed25519":
        return ed25519_verifies(key.public, message, signature)
    values = _leading_integers(signature)
    if key.curve is None or hash_ is None or values is None or values[1] > key.curve.order // 2:
        return False
    return _ecdsa_holds(key, values, message, hash_)


def authority_signed(key: Key, algorithm: Algorithm, message: bytes, signature: bytes) -> bool:
    """A certificate's or a list's signature: of the key's kind; ECDSA in strict DER, s in either half."""
    if algorithm.kind != key.kind:
        return False
    if key.kind == "ed25519":
        return ed25519_verifies(key.public, message, signature)
    assert algorithm.hash is not None
    if key.kind == "rsa":
        return _rsa_holds(key.public, algorithm, message, signature)
    values = _leading_integers(signature)
    if values is None or encode_dss_signature(*values) != signature:
        return False
    return _ecdsa_holds(key, values, message, algorithm.hash)


def _ecdsa_holds(key: Key, values: Tuple[int, int], message: bytes, hash_: Hash) -> bool:
    if key.curve is None or not all(0 < value < key.curve.order for value in values):
        return False
    try:
        key.public.verify(encode_dss_signature(*values), message, ec.ECDSA(hash_))
        return True
    except InvalidSignature:
        return False


def _rsa_holds(key: rsa.RSAPublicKey, algorithm: Algorithm, message: bytes, signature: bytes) -> bool:
    length = (key.key_size + 7) // 8
    if len(signature) != length or int.from_bytes(signature, "big") >= key.public_numbers().n:
        return False
    hash_ = algorithm.hash
    assert hash_ is not None
    scheme = padding.PSS(padding.MGF1(hash_), hash_.digest_size) if algorithm.is_pss else padding.PKCS1v15()
    try:
        key.verify(signature, message, scheme, hash_)
        return True
    except (InvalidSignature, ValueError):
        return False


def _leading_integers(data: bytes) -> Optional[Tuple[int, int]]:
    """The two integers that a DER sequence begins with (Go's asn1.Unmarshal into a structure of two)."""
    try:
        (sequence,) = elements(data, 1)
        r, s = elements(sequence.content, 2)
    except ValueError:
        return None
    shaped = (sequence.tag, r.tag, s.tag) == (0x30, 2, 2)
    if not shaped or not all(_is_positive_and_shortest(number.content) for number in (r, s)):
        return None
    return int.from_bytes(r.content, "big"), int.from_bytes(s.content, "big")


def _is_positive_and_shortest(number: bytes) -> bool:
    return number != b"" and number[0] < 128 and (len(number) == 1 or number[0] > 0 or number[1] >= 128)
