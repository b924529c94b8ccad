"""The archive of a case as a file, and its documents (docs/formats/case.md)."""

import re
from typing import Any, Callable, Dict, List, NamedTuple, Optional, Tuple

from .encoding import from_base64, from_hex, is_hash, sha256
from .refusal import Refusal, require
from .strict_json import canonical

FORMAT = "medseal/case/v1"
_ID = re.compile(r"[0-9a-f]{32}\Z")
_NAME = re.compile(
    r"(?:opening|finding|decision|filing/[a-z][a-z0-9-]{0,62}|(?:step|block|config)/[0-9]{1,15}"
    r"|consent/[0-9a-f]{32}/[1-9][0-9]{0,14}|anchor/[a-z][a-z0-9-]{0,62}/[1-9][0-9]{0,14})\Z"
)
_MOST = 1024
_LISTS = {"consents": 100, "exhibits": 4}
_NUMBER = re.compile(r"(?:0|[1-9][0-9]*)\Z")
_DOCUMENTS = {
    "medseal/case-opening/v1": {"format", "caseId", "subject", "openedFor", "grounds", "exhibits"},
    "medseal/case-filing/v1": {
        "format",
        "caseId",
        "organizationId",
        "access",
        "decision",
        "receipt",
        "consents",
        "exhibits",
        "statement",
    },
    "medseal/case-finding/v1": {"format", "caseId", "step", "claims"},
    "medseal/case-decision/v1": {"format", "caseId", "outcome", "reasons"},
}


class Document(NamedTuple):
    content: Dict[str, Any]
    salt: bytes

    @property
    def commitment(self) -> str:
        return sha256(b"medseal/statement/v1\n", self.salt, canonical(self.content)).hex()


class Place(NamedTuple):
    tx_id: str
    block_number: int


class Archive(NamedTuple):
    case_id: str
    opening: Document
    filings: Dict[str, Document]
    finding: Optional[Document]
    decision: Optional[Document]
    steps: List[Place]
    references: Dict[str, Place]
    blocks: Dict[int, bytes]
    config_blocks: List[bytes]

    @property
    def documents(self) -> List[Tuple[str, Document]]:
        """Every document that is there, by its name."""
        filed = [(f"filing/{party}", document) for party, document in self.filings.items()]
        last = [("finding", self.finding), ("decision", self.decision)]
        ends = [(name, document) for name, document in last if document is not None]
        return [("opening", self.opening), *filed, *ends]


def is_integer(value: Any) -> bool:
    """Whether a JSON value is a whole number below 2^53 in size."""
    return isinstance(value, float) and abs(value) < 2**53 and value == int(value)


def has_exactly(value: Any, members: set) -> bool:
    return isinstance(value, dict) and set(value) == members


def parse_archive(value: Any) -> Archive:
    """The parts of an archive, once every member is listed by its digest and in its form."""
    stated = value.get("format") if isinstance(value, dict) else None
    require(stated == FORMAT, "CASE_UNKNOWN_FORMAT")
    _must(has_exactly(value, {"format", "caseId", "index", "members"}), "members")
    case_id, index, members = value["caseId"], value["index"], value["members"]
    _must(isinstance(case_id, str) and _ID.match(case_id) is not None, "caseId")
    _must(isinstance(members, dict) and isinstance(index, list) and len(index) <= _MOST, "index")
    _check_index([_line(entry) for entry in index], members)
    filings = {name: _document(part, "medseal/case-filing/v1") for name, part in _named(members, "filing/")}
    blocks = {_number(name): _block(part) for name, part in _named(members, "block/")}
    require("opening" in members, "CASE_MEMBER_ABSENT", "opening")
    return Archive(
        case_id=case_id,
        opening=_opening(members["opening"]),
        filings=filings,
        finding=_optional(members, "finding", "medseal/case-finding/v1"),
        decision=_optional(members, "decision", "medseal/case-decision/v1"),
        steps=_numbered(members, "step/", 1, _place),
        references={
            f"{start}{name}": _place(part)
            for start in ("anchor/", "consent/")
            for name, part in _named(members, start)
        },
        blocks=blocks,
        config_blocks=_numbered(members, "config/", 0, _block),
    )


def _must(condition: bool, text: str) -> None:
    require(condition, "CASE_MALFORMED", text)


def _line(entry: Any) -> Tuple[str, str]:
    _must(has_exactly(entry, {"name", "sha256"}), "line of the index")
    name = entry["name"]
    _must(isinstance(name, str) and _NAME.match(name) is not None, "name of a member")
    _must(is_hash(entry["sha256"]), "digest of a member")
    return name, entry["sha256"]


def _check_index(lines: List[Tuple[str, str]], members: Dict[str, Any]) -> None:
    names = [name for name, _ in lines]
    _must(all(one < other for one, other in zip(names, names[1:])), "order of the index")
    require(set(members) <= set(names), "CASE_UNCOVERED", "not in the index")
    for name, digest in lines:
        require(name in members, "CASE_MEMBER_ABSENT", name)
        found = sha256(b"medseal/case-member/v1\n", name.encode("ascii"), b"\n", canonical(members[name]))
        require(found.hex() == digest, "CASE_DIGEST", name)


def _named(members: Dict[str, Any], start: str) -> List[Tuple[str, Any]]:
    return [(name[len(start) :], members[name]) for name in sorted(members) if name.startswith(start)]


def _numbered(members: Dict[str, Any], start: str, first: int, read: Callable[[Any], Any]) -> List[Any]:
    """Members with numbers from the first on, none left out."""
    names = [f"{start}{first + place}" for place in range(len(_named(members, start)))]
    for name in names:
        require(name in members, "CASE_MEMBER_ABSENT", name)
    return [read(members[name]) for name in names]


def _number(text: str) -> int:
    _must(_NUMBER.match(text) is not None, "number of a block")
    return int(text)


def _block(value: Any) -> bytes:
    try:
        return from_base64(value)
    except ValueError:
        raise Refusal("CASE_MALFORMED", "block") from None


def _place(value: Any) -> Place:
    _must(has_exactly(value, {"txId", "blockNumber"}), "step")
    _must(is_hash(value["txId"]) and is_integer(value["blockNumber"]), "step")
    return Place(value["txId"], int(value["blockNumber"]))


def _optional(members: Dict[str, Any], name: str, form: str) -> Optional[Document]:
    return _document(members[name], form) if name in members else None


def _document(value: Any, form: str) -> Document:
    _must(has_exactly(value, {"content", "salt"}), "document")
    _must(is_hash(value["salt"]), "salt")
    content = value["content"]
    _must(has_exactly(content, _DOCUMENTS[form]) and content["format"] == form, "content of a document")
    for name, most in _LISTS.items():
        part = content.get(name, [])
        _must(isinstance(part, list) and len(part) <= most, name)
    return Document(content, from_hex(value["salt"]))


def _opening(value: Any) -> Document:
    document = _document(value, "medseal/case-opening/v1")
    subject = document.content["subject"]
    members = {
        "exchange": {"kind", "requestId", "source", "requester"},
        "access": {"kind", "accessId", "custodian"},
    }
    kind = subject.get("kind") if isinstance(subject, dict) else None
    known = isinstance(kind, str) and kind in members and set(subject) == members[kind]
    _must(known and all(isinstance(text, str) for text in subject.values()), "subject")
    return document
