"""Choose what to act on first among everything that was recognised."""
from __future__ import annotations

from dataclasses import dataclass
from fnmatch import fnmatchcase

from azext_mltrouble.diagnosis.knowledge import Entry
from azext_mltrouble.diagnosis.report import Confidence, EvidenceLine

_KINDS = ("cause", "symptom", "envelope")
_SEVERITIES = ("error", "warning", "info")


@dataclass(frozen=True)
class Candidate:
    """A cause that something in the evidence points to, not yet weighed against the others.

    ``order`` places its first proof: (rank of the text it stands in, number of the text, line, line within the line,
    how sure that proof is, column).
    """

    entry: Entry
    confidence: Confidence
    order: tuple[int, ...]
    evidence: tuple[EvidenceLine, ...]
    values: dict[str, str]


def weigh(candidates: list[Candidate]) -> list[Candidate]:
    """The candidates that stand, the one to act on first in front.

    A cause wins over a symptom and that over an envelope, whatever their order; among equals a severe one goes before
    a mild one, a sufficient proof before a weak one, and then the earliest before what followed from it. What another
    candidate supersedes is left out, and so is every envelope beside a cause.
    """
    standing = [one for one in candidates if not any(_supersedes(other, one) for other in candidates)]
    standing.sort(key=_priority)
    if standing and standing[0].entry.kind != "envelope":
        standing = [one for one in standing if one.entry.kind != "envelope"]
    return standing


def _supersedes(winner: Candidate, other: Candidate) -> bool:
    if winner.entry.cause == other.entry.cause:
        return winner is not other and _priority(winner) < _priority(other)
    return any(fnmatchcase(other.entry.cause, pattern) for pattern in winner.entry.supersedes)


def _priority(one: Candidate) -> tuple[int | tuple[int, ...], ...]:
    return (
        _SEVERITIES.index(one.entry.severity),
        _KINDS.index(one.entry.kind),
        one.confidence == "low",
        one.order,
    )
