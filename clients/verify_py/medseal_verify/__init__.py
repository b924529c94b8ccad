"""An independent verifier of Medseal evidence bundles, written from docs/formats alone."""

from .policy import Policy, parse_policy
from .verify import verify_bundle

__all__ = ["Policy", "parse_policy", "verify_bundle"]
