"""Consents and checkpoints on the ledger that a finding rests on (docs/formats/case.md, case-references)."""

from typing import Any, Callable, Dict, List, NamedTuple, Optional, Set, Tuple

from .anchored import checkpoint_key, composite_key
from .case_archive import Archive, Place, has_exactly
from .case_items import Log, is_exhibit, is_item, leaf_text
from .refusal import Refusal, require
from .transaction import Transaction


class ConsentVersion(NamedTuple):
    id: str
    version: int
    commitment: str
    status: str
    organization_id: str
    at: int  # milliseconds since 1970


class Ledger(NamedTuple):
    consents: List[ConsentVersion]
    anchors: List[Log]


Write = Callable[[Place, str], Optional[Tuple[Transaction, Any]]]


def read_references(archive: Archive, before: int, written: Write) -> Ledger:
    """What the archive refers to on the ledger, each of it named by a document and from before the finding."""
    digests, checkpoints = _named(archive)
    ledger = Ledger([], [])
    for name, place in archive.references.items():
        require(place.block_number <= before, "CASE_UNCOVERED", f"{name} came after what was examined")
        kind, owner, number = name.split("/")
        if kind == "consent":
            ledger.consents.append(_consent(owner, int(number), written(place, composite_key("consent", owner))))
        else:
            require((owner, int(number)) in checkpoints, "CASE_UNCOVERED", name)
            found = written(place, checkpoint_key(owner, int(number)))
            ledger.anchors.append(_checkpoint(owner, int(number), found))
    meant = {each.id for each in ledger.consents if (each.organization_id, each.commitment) in digests}
    require(all(each.id in meant for each in ledger.consents), "CASE_UNCOVERED", "a consent that nobody names")
    return ledger


def _named(archive: Archive) -> Tuple[Set[Tuple[str, str]], Set[Tuple[str, int]]]:
    """Organisation and digest of the consents that are filed; organisation and size of the exhibits' checkpoints."""
    filings = [filing.content for filing in archive.filings.values()]
    items = [item for filing in filings for item in filing["consents"] if is_item(item)]
    leaves = [item["leaf"] for item in items if leaf_text(item["leaf"]) is not None]
    shown = [
        exhibit
        for document in (archive.opening.content, *filings)
        for exhibit in document["exhibits"]
        if is_exhibit(exhibit) and leaf_text(exhibit["leaf"]) is not None
    ]
    digests = {(leaf["tenant"], leaf["digest"]) for leaf in leaves}
    return digests, {(exhibit["leaf"]["tenant"], int(exhibit["treeSize"])) for exhibit in shown}


def _consent(identifier: str, version: int, found: Optional[Tuple[Transaction, Any]]) -> ConsentVersion:
    if found is None:
        raise Refusal("CASE_REFERENCE_WRITE", "no consent written")
    transaction, state = found
    members = {"id", "version", "commitment", "status", "organizationId"}
    _must(has_exactly(state, members) and state["id"] == identifier and _is(state["version"], version))
    texts = [state[name] for name in ("commitment", "status", "organizationId")]
    _must(all(isinstance(text, str) for text in texts))
    return ConsentVersion(identifier, version, *texts, round(transaction.at * 1000))


def _checkpoint(owner: str, size: int, found: Optional[Tuple[Transaction, Any]]) -> Log:
    state: Dict[str, Any] = {} if found is None else found[1]
    _must(has_exactly(state, {"organizationId", "origin", "treeSize", "rootHash", "note"}))
    _must(state["organizationId"] == owner and _is(state["treeSize"], size))
    _must(isinstance(state["rootHash"], str))
    return Log(owner, size, state["rootHash"])


def _is(value: Any, number: int) -> bool:
    return isinstance(value, float) and value == number


def _must(condition: bool) -> None:
    require(condition, "CASE_REFERENCE_WRITE", "not what the transaction wrote")
