"""What an access entry says, as far as two sides can be compared (docs/formats/case.md, Facts)."""

import re
from typing import Any, Callable, List, NamedTuple, Optional, Tuple

_SERVER = re.compile(r"https://[^/]+/fhir/R4/")


class Facts(NamedTuple):
    event_id: Optional[str]
    observer: Optional[str]
    request_id: Optional[str]
    decision_id: Optional[str]
    person: Optional[Tuple[str, str]]
    purpose: Optional[str]
    outcome: Optional[str]
    organizations: List[str]
    instances: List[str]


def facts_of(content: Any) -> Facts:
    """Reads an AuditEvent; what is not there is None."""
    event = _at(content, "auditEvent")
    entities, agents = _list(_at(event, "entity")), _list(_at(event, "agent"))
    first = agents[0] if agents else None
    employer = _text(_at(first, "who", "identifier", "assigner", "identifier", "value"))
    number = _text(_at(first, "who", "identifier", "value"))
    others = [agent for agent in agents if _at(agent, "requestor") is False]
    references = [_at(entity, "what", "reference") for entity in entities if _at(entity, "role", "code") == "4"]
    return Facts(
        event_id=_text(_at(event, "id")),
        observer=_text(_at(event, "source", "observer", "identifier", "value")),
        request_id=_identified(entities, lambda entity: _at(entity, "type", "code") == "XrequestId"),
        decision_id=_identified(entities, lambda entity: _at(entity, "role", "code") == "13"),
        person=None if employer is None or number is None else (employer, number),
        purpose=_text(_at(event, "purposeOfEvent", 0, "coding", 0, "code")),
        outcome=_text(_at(event, "outcome")),
        organizations=_texts([_at(agent, "who", "identifier", "value") for agent in others]),
        instances=[_SERVER.sub("", reference, count=1) if _SERVER.match(reference) else reference
                   for reference in _texts(references)],
    )


def _identified(entities: List[Any], is_meant: Callable[[Any], bool]) -> Optional[str]:
    """The identifier of the first entity that is meant."""
    found = next((entity for entity in entities if is_meant(entity)), None)
    return _text(_at(found, "what", "identifier", "value"))


def _at(value: Any, *path: Any) -> Any:
    for name in path:
        if isinstance(name, int):
            items = _list(value)
            value = items[name] if name < len(items) else None
        else:
            value = value.get(name) if isinstance(value, dict) else None
    return value


def _list(value: Any) -> List[Any]:
    return value if isinstance(value, list) else []


def _text(value: Any) -> Optional[str]:
    return value if isinstance(value, str) else None


def _texts(values: List[Any]) -> List[str]:
    return [value for value in values if isinstance(value, str)]
