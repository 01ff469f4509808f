"""What one log holds: the lines that patterns recognised, and the last ones that look bad."""
from __future__ import annotations

from collections import deque
from dataclasses import dataclass, field

from azext_mltrouble.diagnosis.kinds import ANYTHING, Kinds
from azext_mltrouble.diagnosis.knowledge import Entry, Pattern, Signal
from azext_mltrouble.evidence.model import Log

#: How many matches of one pattern are kept of the start of a log; of the rest only the last is.
_KEPT = 20

#: What is said where nothing is known: the last lines that look bad.
TELLING_LINES = 5


@dataclass(frozen=True)
class Match:
    """A line that a pattern recognised.

    ``place`` orders lines of one log: the physical line's number, and which of its lines it is. ``column`` is where the
    regex found its wording, ``values`` are its groups. ``worker`` is the process that wrote the line and ``time`` when
    (seconds since 1970), as far as the log tells.
    """

    pattern: Pattern
    line: int
    place: tuple[int, int]
    column: int
    text: str
    values: dict[str, str]
    worker: str | None
    time: float | None


@dataclass
class Matches:
    """What one pattern recognised in one log: its first matches and its last."""

    owner: Entry | Signal
    pattern: Pattern
    first: list[Match] = field(default_factory=list)
    last: Match | None = None

    @property
    def full(self) -> bool:
        return len(self.first) == _KEPT

    def add(self, match: Match) -> None:
        if not self.full:
            self.first.append(match)
        self.last = match

    def all(self) -> list[Match]:
        return self.first + ([self.last] if self.last and self.last not in self.first else [])


@dataclass
class LogReading:
    """Matches by pattern, the last lines that look bad but match nothing, and the kinds of text it may be."""

    log: Log
    matches: dict[int, Matches] = field(default_factory=dict)
    telling: deque[tuple[int, str]] = field(default_factory=lambda: deque(maxlen=TELLING_LINES))
    kinds: Kinds = ANYTHING

    def of_entries(self, kinds: frozenset[str]) -> dict[str, list[Match]]:
        """Matches by code, in the order of the log: of the patterns that are meant for these kinds of text."""
        return self._grouped(Entry, kinds)

    def of_signals(self, kinds: frozenset[str]) -> dict[str, list[Match]]:
        """Matches by the signal's name, likewise."""
        return self._grouped(Signal, kinds)

    def _grouped(self, owner: type, kinds: frozenset[str]) -> dict[str, list[Match]]:
        grouped: dict[str, list[Match]] = {}
        for found in self.matches.values():
            if isinstance(found.owner, owner) and found.pattern.fits(kinds):
                grouped.setdefault(found.owner.name, []).extend(found.all())
        for matches in grouped.values():
            matches.sort(key=lambda match: (match.place, match.column))
        return grouped
