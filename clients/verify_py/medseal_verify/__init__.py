"""An independent verifier of Medseal evidence, written from docs/formats alone."""

from .case import verify_case
from .fork import verify_fork
from .policy import Policy, parse_policy
from .verify import verify_bundle

__all__ = ["Policy", "parse_policy", "verify_bundle", "verify_case", "verify_fork"]
