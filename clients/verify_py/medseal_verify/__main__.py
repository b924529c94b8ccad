"""medseal-verify FILE --policy TRUST.json [--json], for a bundle, a case archive or a fork proof.

Exit 0 valid (a fork: proved), 1 tampered (a fork: not proved), 2 cannot decide, 3 valid without the outside notary.
"""

import argparse
import json
import os
import sys
from typing import Any, Dict, List, Optional

from .case import verify_case
from .case_archive import FORMAT as CASE
from .fork import FORMAT as FORK
from .fork import verify_fork
from .policy import parse_policy
from .refusal import Refusal
from .strict_json import parse_strict_json
from .verify import verify_bundle

LARGEST = 64 * 1024 * 1024
EXIT = {"valid": 0, "tampered": 1, "undecided": 2, "unnotarized": 3, "fork": 0, "no-proof": 1}
VERIFIERS = {CASE: verify_case, FORK: verify_fork}
SIGNS = {"passed": "\u2713", "failed": "\u2717", "skipped": "\u25cb"}


def main(arguments: Optional[List[str]] = None) -> int:
    parser = argparse.ArgumentParser(prog="medseal_verify", description=__doc__)
    parser.add_argument("file", metavar="FILE")
    parser.add_argument("--policy", metavar="TRUST.json", required=True)
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args(arguments)
    report = judge(options.file, options.policy)
    print(json.dumps(report, ensure_ascii=False, indent=2) if options.json else _text(report))
    return EXIT[report["verdict"]]


def judge(path: str, policy_path: str) -> Dict[str, Any]:
    """The report on one file; what could not even be read is not judged."""
    try:
        policy = parse_policy(_read(policy_path, "POLICY_INVALID"))
        value = parse_strict_json(_read(path, "PROOF_TOO_LARGE"))
        stated = value.get("format") if isinstance(value, dict) else None
        verify = VERIFIERS.get(stated, verify_bundle) if isinstance(stated, str) else verify_bundle
        return verify(value, policy)
    except Refusal as refusal:
        return {"verdict": "undecided", "code": refusal.code, "message": str(refusal)}
    except OSError as error:
        return {"verdict": "undecided", "code": "UNREADABLE", "message": str(error)}


def _read(path: str, too_large: str) -> bytes:
    if os.stat(path).st_size > LARGEST:
        raise Refusal(too_large)
    with open(path, "rb") as file:
        return file.read(LARGEST + 1)


def _text(report: Dict[str, Any]) -> str:
    lines = [
        f"{SIGNS[check['status']]} {check['name']}" + (f" [{check['code']}]" if "code" in check else "")
        for check in report.get("checks", [])
    ]
    lines.extend(
        f"{claim['claim']} {claim['party'] or ''}: {claim['finding']} {', '.join(claim['by'])} {claim['code'] or ''}"
        for claim in (report.get("case", {}).get("claims") or [])
    )
    lines.extend(str(report[name]) for name in ("organizationId", "code", "message") if name in report)
    lines.append(report["verdict"].upper())
    return "\n".join(lines)


if __name__ == "__main__":
    sys.exit(main())
