"""Kinds of keys in certificates, and the signatures made with them (docs/formats/fabric-block.md, Keys)."""

from typing import Any, Callable, Dict, NamedTuple, Optional, Tuple, Union

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa
from cryptography.hazmat.primitives.asymmetric.utils import encode_dss_signature

from . import der
from .checkpoint import ed25519_verifies, is_sound_ed25519_key
from .der import Element, Reader

Hash = Union[hashes.SHA1, hashes.SHA256, hashes.SHA384, hashes.SHA512, hashes.SHA3_256]


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
# Object identifiers by their DER: of curves, keys and signatures.
_CURVES: Dict[str, Curve] = {
    "2b81040021": _P224,
    "2a8648ce3d030107": _P256,
    "2b81040022": _P384,
    "2b81040023": _P521,
}
_ECDSA, _ED25519, _RSA, _PSS = "2a8648ce3d0201", "2b6570", "2a864886f70d010101", "2a864886f70d01010a"
_MGF1 = "2a864886f70d010108"
_NULL = b"\5\0"
_NONE = Algorithm("none")
_ALGORITHMS: Dict[str, Algorithm] = {
    _ED25519: Algorithm("ed25519"),
    "2a864886f70d010105": Algorithm("rsa", hashes.SHA1()),
    "2b0e03021d": Algorithm("rsa", hashes.SHA1()),
    "2a8648ce3d0401": Algorithm("ecdsa", hashes.SHA1()),
}
# Hashes of PSS, by their identifiers' DER and the length of the salt.
_PSS_HASHES: Dict[Tuple[str, int], Hash] = {}
for _at, _hash in enumerate((hashes.SHA256(), hashes.SHA384(), hashes.SHA512())):
    _ALGORITHMS[f"2a8648ce3d04030{_at + 2}"] = Algorithm("ecdsa", _hash)
    _ALGORITHMS["2a864886f70d01010" + "bcd"[_at]] = Algorithm("rsa", _hash)
    _PSS_HASHES[f"60864801650304020{_at + 1}", _hash.digest_size] = _hash
# What an MSP calls the hash of its members' signatures. Under another name none holds.
MEMBER_HASHES: Dict[str, Hash] = {"": hashes.SHA256(), "SHA2": hashes.SHA256(), "SHA3": hashes.SHA3_256()}


def _identifier(content: bytes) -> Tuple[str, bytes]:
    """An AlgorithmIdentifier's object identifier and parameters; what follows them is passed over."""
    reader = Reader(content)
    name = der.identifier(reader.next(der.IDENTIFIER)).hex()
    return name, reader.any().whole if reader else b""


def key_of(info: Element) -> Key:
    """The key in a SubjectPublicKeyInfo; ValueError for a kind that is not judged, and for a key that is not sound."""
    reader = Reader(info.content)
    name, parameters = _identifier(reader.next(der.SEQUENCE).content)
    octets = der.bits(reader.next(der.BITS))
    if name == _ED25519 and parameters == b"" and is_sound_ed25519_key(octets):
        return Key("ed25519", octets)
    if name == _RSA and parameters == _NULL:
        return _rsa_key(octets)
    if name != _ECDSA:
        raise ValueError("no key of a kind that is judged")
    curve = _CURVES.get(der.identifier(Reader(parameters).next(der.IDENTIFIER)).hex())
    if curve is None or len(octets) != 1 + 2 * curve.length or octets[0] != 4:
        raise ValueError("no key of a kind that is judged")
    return Key("ecdsa", ec.EllipticCurvePublicKey.from_encoded_point(curve.make(), octets), curve)


def _rsa_key(octets: bytes) -> Key:
    reader = Reader(octets).inner()
    number, exponent = der.integer(reader.next(der.INTEGER)), der.integer(reader.next(der.INTEGER))
    if exponent != 65537 or number < 0 or not 2048 <= number.bit_length() <= 4096 or number % 2 == 0:
        raise ValueError("RSA key")
    return Key("rsa", rsa.RSAPublicNumbers(65537, number).public_key())


def algorithm_of(content: bytes) -> Algorithm:
    """The algorithm of a certificate's or a list's signature; "none" for one that is not known."""
    name, parameters = _identifier(content)
    if name == _PSS:
        try:
            return _pss(Reader(parameters).inner())
        except ValueError:
            return _NONE
    return _NONE if name == _ED25519 and parameters else _ALGORITHMS.get(name, _NONE)


def _pss(reader: Reader) -> Algorithm:
    hash_, mask = [_identifier(der.only(reader.next(tag).content).content) for tag in (0xA0, 0xA1)]
    salt = der.integer(der.only(reader.next(0xA2).content, der.INTEGER))
    trailer = reader.optional(0xA3)
    masked = _identifier(Reader(mask[1]).next(der.SEQUENCE).content)
    plain = hash_[1] in (b"", _NULL) and masked[1] in (b"", _NULL)
    if mask[0] != _MGF1 or masked[0] != hash_[0] or not plain:
        return _NONE
    if trailer is not None and der.integer(der.only(trailer.content, der.INTEGER)) != 1:
        return _NONE
    found = _PSS_HASHES.get((hash_[0], salt))
    return _NONE if found is None else Algorithm("rsa", found, True)


def member_signed(key: Key, hash_: Optional[Hash], message: bytes, signature: bytes) -> bool:
    """As Fabric's peers judge it: ECDSA with s in its low half, and anything after s and after the sequence."""
    if key.kind == "ed25519":
        return ed25519_verifies(key.public, message, signature)
    values = _leading_integers(signature)
    if key.curve is None or hash_ is None or values is None or values[1] > key.curve.order // 2:
        return False
    return _ecdsa_holds(key, values, message, hash_)


def authority_signed(key: Key, algorithm: Algorithm, message: bytes, signature: bytes) -> bool:
    """A certificate's signature: of the key's kind, not with SHA-1; ECDSA in strict DER, s in either half."""
    if isinstance(algorithm.hash, hashes.SHA1):
        return False
    if key.kind == "ecdsa":
        values = _leading_integers(signature)
        if values is None or encode_dss_signature(*values) != signature:
            return False
    return list_signed(key, algorithm, message, signature)


def list_signed(key: Key, algorithm: Algorithm, message: bytes, signature: bytes) -> bool:
    """A list's signature: with SHA-1, too; what follows the numbers of ECDSA is passed over."""
    if algorithm.kind != key.kind:
        return False
    if key.kind == "ed25519":
        return ed25519_verifies(key.public, message, signature)
    assert algorithm.hash is not None
    if key.kind == "rsa":
        return _rsa_holds(key.public, algorithm, message, signature)
    values = _leading_integers(signature)
    return values is not None and _ecdsa_holds(key, values, message, algorithm.hash)


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
        reader = Reader(data).inner()
        r, s = der.integer(reader.next(der.INTEGER)), der.integer(reader.next(der.INTEGER))
    except ValueError:
        return None
    return (r, s) if r >= 0 and s >= 0 else None
