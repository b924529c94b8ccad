"""Checks in their order, each on what the ones before it found."""

from typing import Any, Callable, Dict, List, Tuple

from .refusal import Refusal


class Skip(Exception):
    """A check that cannot be made; undecides when the verdict takes it."""

    def __init__(self, undecided: bool = False) -> None:
        super().__init__()
        self.undecided = undecided


class Checklist:
    def __init__(self, headings: Dict[str, str]) -> None:
        self._headings = headings
        self.checks: List[Dict[str, Any]] = []
        self.undecided = False

    def passed(self, *names: str) -> bool:
        return all(any(c["name"] == name and c["status"] == "passed" for c in self.checks) for name in names)

    def failed(self) -> bool:
        return any(check["status"] == "failed" for check in self.checks)

    def check(self, name: str, builds_on: Tuple[str, ...], make: Callable[[], None]) -> None:
        result = {"name": name, "heading": self._headings[name], "status": "passed"}
        try:
            if not self.passed(*builds_on):
                raise Skip()
            make()
        except Skip as skip:
            result["status"] = "skipped"
            self.undecided = self.undecided or skip.undecided
        except Refusal as refusal:
            result.update(status="failed", code=refusal.code, detail=refusal.text)
        self.checks.append(result)
