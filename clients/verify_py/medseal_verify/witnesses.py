"""Cosignatures of witnesses (docs/formats/cosignature.md)."""

from typing import Any, Iterable, NamedTuple, Set

from .checkpoint import VerifierKey, ed25519_verifies, parse_verifier_key, split_note
from .merkle import LARGEST
from .refusal import require

_KIND = 4


class Witnesses(NamedTuple):
    quorum: int
    keys: "tuple[VerifierKey, ...]"


def parse_witnesses(value: Any) -> Witnesses:
    """The member `witnesses` of a policy."""
    fits = isinstance(value, dict) and set(value) == {"quorum", "verifierKeys"}
    require(fits and isinstance(value["verifierKeys"], list), "POLICY_INVALID", "witnesses")
    require(len(value["verifierKeys"]) <= 256, "POLICY_INVALID", "number of witness keys")
    keys = tuple(parse_verifier_key(text, _KIND) for text in value["verifierKeys"])
    quorum = value["quorum"]
    whole = isinstance(quorum, float) and quorum.is_integer()
    require(whole and 1 <= quorum <= len({key.name for key in keys}), "POLICY_INVALID", "witness quorum")
    return Witnesses(int(quorum), keys)


def quorum_cosigned(note: str, witnesses: Witnesses, own: Iterable[VerifierKey]) -> bool:
    """Whether enough witnesses cosigned a note; keys of the log itself do not count."""
    own_keys = {key.public_key for key in own}
    known = {(key.name, key.id): key for key in witnesses.keys if key.public_key not in own_keys}
    text, lines = split_note(note)
    seen: Set[VerifierKey] = set()
    for line in lines:
        key = known.get((line.name, line.id))
        if key is None:
            continue
        require(key not in seen, "COSIGNATURE_INVALID", "one key cosigns twice")
        seen.add(key)
        _check(text, key, line.signature)
    return len({key.name for key in seen}) >= witnesses.quorum


def _check(text: str, key: VerifierKey, data: bytes) -> None:
    require(len(data) == 72, "COSIGNATURE_INVALID", "length")
    time = int.from_bytes(data[:8], "big")
    require(1 <= time <= LARGEST, "COSIGNATURE_TIME")
    message = f"cosignature/v1\ntime {time}\n{text}".encode("utf-8")
    require(ed25519_verifies(key.public_key, message, data[8:]), "COSIGNATURE_INVALID")
