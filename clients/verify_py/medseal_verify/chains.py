"""The one chain of a certificate to a root of its organisation (docs/formats/fabric-block.md, Certificates)."""

import re
from typing import List, NamedTuple, Optional, Tuple

from .certificates import Certificate, issued
from .refusal import Refusal

Chain = Tuple[Certificate, ...]
_MOST_CHECKS = 100
_USES = {bytes.fromhex("551d2500"), bytes.fromhex("2b06010505070301")}
_LABEL = re.compile(r"[A-Za-z0-9_:][A-Za-z0-9_:-]*\Z")


class Authorities(NamedTuple):
    roots: Tuple[Certificate, ...]
    intermediates: Tuple[Certificate, ...]


def distinct(certificates: List[Certificate]) -> Tuple[Certificate, ...]:
    return tuple({certificate.identity: certificate for certificate in certificates}.values())


class _Walk:
    def __init__(self, authorities: Authorities, at: int) -> None:
        self._authorities = authorities
        self._at = at
        self._checks = 0

    def stands(self, certificate: Certificate) -> bool:
        within = certificate.begins <= self._at <= certificate.ends
        return within and not certificate.extensions.has_unknown_critical

    def chains(self, chain: Chain) -> List[Chain]:
        """All that go on from one; whoever bears the issuer's name is tried."""
        found: List[Chain] = []
        for is_root, candidates in ((True, self._authorities.roots), (False, self._authorities.intermediates)):
            for candidate in candidates:
                if candidate.subject.whole != chain[-1].issuer:
                    continue
                self._checks += 1
                if self._checks > _MOST_CHECKS:
                    return found
                if self._may_follow(candidate, chain):
                    longer = (*chain, candidate)
                    found += [longer] if is_root else self.chains(longer)
        return found

    def _may_follow(self, candidate: Certificate, chain: Chain) -> bool:
        limit = candidate.extensions.max_path
        return (
            not any(_is_same_holder(link, candidate) for link in chain)
            and issued(chain[-1], candidate)
            and self.stands(candidate)
            and (limit is None or len(chain) - 1 <= limit)
        )


def only_chain(certificate: Certificate, authorities: Authorities) -> Chain:
    """The certificate, its issuer, … up to a root, at the second after its validity began."""
    walk = _Walk(authorities, certificate.begins + 1)
    if not walk.stands(certificate):
        raise Refusal("IDENTITY_UNTRUSTED", "never valid, or an unknown critical extension")
    is_root = any(root.identity == certificate.identity for root in authorities.roots)
    chains = [(certificate,)] if is_root else walk.chains((certificate,))
    chains = [chain for chain in chains if all(map(_is_for_servers, chain))]
    if len(chains) != 1:
        raise Refusal("IDENTITY_UNTRUSTED", f"{len(chains)} paths")
    _require_judged(chains[0])
    return chains[0]


def _is_same_holder(one: Certificate, other: Certificate) -> bool:
    return (one.subject.whole, one.key_info, one.extensions.names) == (
        other.subject.whole,
        other.key_info,
        other.extensions.names,
    )


def _is_for_servers(certificate: Certificate) -> bool:
    usages = certificate.extensions.usages
    return not usages or any(usage in _USES for usage in usages)


def _require_judged(chain: Chain) -> None:
    """Policies, and alternative names under name constraints, are not judged."""
    for at, link in enumerate(chain[:-1]):
        explicit: Optional[int] = link.extensions.explicit_policy
        if (explicit is not None and explicit <= at) or (at > 0 and link.extensions.maps_any_policy):
            raise Refusal("IDENTITY_UNTRUSTED", "policies are not judged")
    places = [at for at, link in enumerate(chain) if at > 0 and link.extensions.has_name_constraints]
    if not places:
        return
    if any(link.extensions.names is not None for link in chain[: places[-1]]):
        raise Refusal("IDENTITY_UNTRUSTED", "name constraints are not judged")
    if _is_host_name(chain[0].subject.common):
        raise Refusal("IDENTITY_UNTRUSTED", "a host's name under name constraints")


def _is_host_name(name: str) -> bool:
    labels = (name[:-1] if name.endswith(".") else name).split(".")
    return all((at == 0 and label == "*") or _LABEL.match(label) is not None for at, label in enumerate(labels))
