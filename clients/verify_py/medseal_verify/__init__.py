"""An independent verifier of Medseal record proofs, written from docs/formats alone."""

from .policy import Policy, parse_policy
from .verify import verify_record_proof

__all__ = ["Policy", "parse_policy", "verify_record_proof"]
