"""One thing that was looked at, and the sentence that sums up many."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Literal, TypeAlias

FindingStatus: TypeAlias = Literal["ok", "warning", "problem"]


@dataclass(frozen=True, slots=True)
class Finding:
    """What a check saw.

    "warning": trials run, but their numbers may be off or the run slower than it need be. "problem": trials cannot run
    here as asked. `remedy` is empty where nothing needs one.
    """

    check: str
    status: FindingStatus
    seen: str
    remedy: str = ""


def ok(check: str, seen: str) -> Finding:
    """Nothing to mend."""
    return Finding(check, "ok", seen)


def warning(check: str, seen: str, remedy: str) -> Finding:
    """Something that may spoil a measurement."""
    return Finding(check, "warning", seen, remedy)


def problem(check: str, seen: str, remedy: str) -> Finding:
    """Something without which nothing runs."""
    return Finding(check, "problem", seen, remedy)


def verdict(findings: Sequence[Finding]) -> str:
    """One sentence: whether trials can run here, and what may spoil them."""
    problems, warnings = _checks(findings, "problem"), _checks(findings, "warning")
    if problems:
        return f"Trials cannot run here as asked: {', '.join(problems)}."
    if warnings:
        return f"Trials can run here, but {', '.join(warnings)} may spoil their numbers."
    return f"Nothing found that would spoil a measurement, in {len(findings)} checks."


def exit_code(findings: Iterable[Finding]) -> int:
    """What the command ends with: 0 while trials can run, warnings or not.

    A device that is not here ends in 2, as it does for every other command; any other problem in 1.
    """
    problems = _checks(findings, "problem")
    if not problems:
        return 0
    return 2 if "device" in problems else 1


def _checks(findings: Iterable[Finding], status: FindingStatus) -> list[str]:
    return [finding.check for finding in findings if finding.status == status]
