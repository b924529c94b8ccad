"""Proofs that a log shows two histories (docs/formats/fork-proof.md)."""

from typing import Any, Dict, List, Optional, Tuple

from .checkpoint import Checkpoint, open_note, parse_checkpoint, split_note
from .encoding import from_hex, is_hash
from .merkle import growth_roots
from .policy import Log, Policy
from .refusal import Refusal, require

FORMAT = "medseal/fork-proof/v1"
_MOST = 54


def verify_fork(value: Any, policy: Policy) -> Dict[str, Any]:
    """Whether two checkpoints of one log cannot both be true."""
    try:
        first, second, path = _parse(value)
        log = _log_of(first, policy)
        older, newer = _opened(first, log), _opened(second, log)
        require(older.origin == newer.origin, "CHECKPOINT_ORIGIN", "two logs")
        kind = _kind(older, newer, path)
    except Refusal as refusal:
        undecided = refusal.code in ("FORK_LOG_UNKNOWN", "PROOF_UNKNOWN_FORMAT")
        return {"verdict": "undecided" if undecided else "no-proof", "code": refusal.code, "message": str(refusal)}
    return {
        "verdict": "fork",
        "kind": kind,
        "origin": older.origin,
        "organizationId": log.organization_id,
        "sizes": [older.size, newer.size],
    }


def _parse(value: Any) -> Tuple[str, str, Optional[List[bytes]]]:
    require(isinstance(value, dict) and value.get("format") == FORMAT, "PROOF_UNKNOWN_FORMAT")
    needed = {"format", "first", "second"}
    require(needed <= set(value) <= needed | {"path"}, "PROOF_MALFORMED", "members")
    notes = value["first"], value["second"]
    require(all(isinstance(note, str) for note in notes), "PROOF_MALFORMED", "notes")
    if "path" not in value:
        return (*notes, None)
    path = value["path"]
    fits = isinstance(path, list) and len(path) <= _MOST and all(map(is_hash, path))
    require(fits, "PROOF_MALFORMED", "path")
    return (*notes, [from_hex(text) for text in path])


def _log_of(note: str, policy: Policy) -> Log:
    origin = parse_checkpoint(split_note(note)[0]).origin
    for log in policy.logs.values():
        if any(key.name == origin for key in log.keys):
            return log
    raise Refusal("FORK_LOG_UNKNOWN", origin)


def _opened(note: str, log: Log) -> Checkpoint:
    """A checkpoint that a key of its own name signed."""
    text = open_note(note, log.keys)
    checkpoint = parse_checkpoint(text)
    known = {(key.name, key.id) for key in log.keys}
    named = any((line.name, line.id) in known and line.name == checkpoint.origin for line in split_note(note)[1])
    require(named, "CHECKPOINT_ORIGIN", "signed under another name")
    return checkpoint


def _kind(older: Checkpoint, newer: Checkpoint, path: Optional[List[bytes]]) -> str:
    if older.size == newer.size:
        require(path is None, "PROOF_MALFORMED", "path")
        require(older.root != newer.root, "FORK_NOT_PROVED", "one root")
        return "same-size"
    roots = growth_roots(older.size, newer.size, path or [])
    require(roots is not None and roots[1] == newer.root, "FORK_NOT_PROVED", "not a path of the second tree")
    require(roots[0] != older.root, "FORK_NOT_PROVED", "the log only grew")
    return "growth"
