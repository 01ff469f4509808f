"""Compare the lines of a log with the knowledge."""
from __future__ import annotations

import re
from bisect import bisect_right
from collections import deque
from dataclasses import dataclass, field
from functools import lru_cache
from itertools import accumulate

from azext_mltrouble.diagnosis.knowledge import Entry, Knowledge, Near, Owned, Pattern, Signal
from azext_mltrouble.diagnosis.scan import Block, LineNumbers, Span, blocks
from azext_mltrouble.diagnosis.text import logical_lines, quote, without_prefix
from azext_mltrouble.evidence.model import Log

#: A regex sees at most this much of a line around its literal, so that one endless line cannot hold it up.
_REACH = 2048
_TRACEBACK_LINES = 60
#: How many matches of one pattern are kept of the start of a log; of the rest only the last is.
_KEPT = 20

#: What is said where nothing is known: the last lines that look bad.
_TELLING_LINES = 5
_TELLING_STEMS = ("error", "xcept", "fail", "denied", "kill", "k (most")
_TELLING = re.compile(r"(?i)\b(?:error|exception|traceback|failed|failure|denied|killed)\b|\w(?:error|exception)\b")
_TRACEBACK_START = "Traceback (most recent call last)"


@dataclass(frozen=True)
class Match:
    """A line that a pattern recognised. ``place`` orders matches in one log; ``values`` are the regex's groups."""

    pattern: Pattern
    line: int
    place: tuple[int, int, int]
    text: str
    values: dict[str, str]


@dataclass
class Matches:
    """What one pattern recognised in one log: its first matches and its last."""

    owner: Entry | Signal
    first: list[Match] = field(default_factory=list)
    last: Match | None = None

    def add(self, match: Match) -> None:
        if len(self.first) < _KEPT:
            self.first.append(match)
        self.last = match

    def all(self) -> list[Match]:
        return self.first + ([self.last] if self.last and self.last not in self.first else [])


@dataclass
class LogReading:
    """What one log holds: matches by pattern, and its last lines that look bad but match nothing."""

    log: Log
    matches: dict[int, Matches] = field(default_factory=dict)
    telling: deque[tuple[int, str]] = field(default_factory=lambda: deque(maxlen=_TELLING_LINES))

    def of_entries(self) -> dict[str, list[Match]]:
        """Matches by code, in the order of the log."""
        return self._grouped(Entry)

    def of_signals(self) -> dict[str, list[Match]]:
        """Matches by the signal's name, in the order of the log."""
        return self._grouped(Signal)

    def _grouped(self, kind: type) -> dict[str, list[Match]]:
        grouped: dict[str, list[Match]] = {}
        for found in self.matches.values():
            if isinstance(found.owner, kind):
                name = found.owner.code if isinstance(found.owner, Entry) else found.owner.name
                grouped.setdefault(name, []).extend(found.all())
        for matches in grouped.values():
            matches.sort(key=lambda match: match.place)
        return grouped


@lru_cache(maxsize=4096)
def compiled(regex: str) -> re.Pattern[str]:
    """Patterns are compiled when a log first shows their literal, and never if it does not."""
    return re.compile(regex, re.IGNORECASE)


def read(log: Log, knowledge: Knowledge) -> LogReading:
    """Read a log once, in bounded memory. Raises OSError as opening or reading the log does."""
    reading = LogReading(log)
    with log.open() as stream:
        for block in blocks(stream):
            _BlockReader(block, reading, knowledge).read()
    return reading


@dataclass(frozen=True)
class _Line:
    """A logical line: the physical line it is in, and which of that line's texts it is."""

    span: Span
    position: int
    text: str


class _BlockReader:
    """Compares the lines of a block that have a stem with the literals that have it, all lines at once."""

    def __init__(self, block: Block, reading: LogReading, knowledge: Knowledge) -> None:
        self._block = block
        self._reading = reading
        self._knowledge = knowledge
        self._numbers = LineNumbers(block)
        self._matched: set[Span] = set()

    def read(self) -> None:
        for stem, spans in self._block.spans.items():
            literals = self._knowledge.by_stem.get(stem)
            if literals:
                self._read_lines(spans, literals)
        self._note_telling_lines()

    def _read_lines(self, spans: list[Span], literals: dict[str, list[Owned]]) -> None:
        lines = [_Line(span, position, text) for span in spans for position, text in enumerate(self._texts(span))]
        lowered = [line.text.lower() for line in lines]
        starts = [0, *accumulate(len(text) + 1 for text in lowered)]
        joined = "\n".join(lowered)
        for literal, owners in literals.items():
            place = joined.find(literal)
            while place >= 0:
                index = bisect_right(starts, place) - 1
                self._compare(lines[index], place - starts[index], owners)
                place = joined.find(literal, starts[index + 1])

    def _texts(self, span: Span) -> list[str]:
        return logical_lines(self._block.raw(span))

    def _compare(self, line: _Line, column: int, owners: list[Owned]) -> None:
        where = self._reading.log.where
        excerpt = without_prefix(line.text[max(0, column - _REACH) : column + _REACH])
        for owner, pattern in owners:
            if pattern.where and where is not None and where not in pattern.where:
                continue
            found = compiled(pattern.regex).search(excerpt)
            if found and self._in_context(line, excerpt, found, pattern):
                self._matched.add(line.span)
                matches = self._reading.matches.setdefault(id(pattern), Matches(owner))
                matches.add(self._match(line, excerpt, found, pattern))

    def _match(self, line: _Line, excerpt: str, found: re.Match[str], pattern: Pattern) -> Match:
        number = self._numbers.of(line.span)
        values = {name: value for name, value in found.groupdict().items() if value}
        place = (number, line.position, found.start())
        return Match(pattern, number, place, quote(excerpt, found.start()), values)

    def _in_context(self, line: _Line, excerpt: str, found: re.Match[str], pattern: Pattern) -> bool:
        if pattern.unless and compiled(pattern.unless).search(excerpt):
            return False
        if pattern.near and not self._matches_near(line.span, pattern.near):
            return False
        if pattern.not_near and self._matches_near(line.span, pattern.not_near):
            return False
        if pattern.in_traceback:
            traceback = self._traceback_before(line) + "\n" + excerpt[: found.end()]
            return bool(compiled(pattern.in_traceback).search(traceback))
        return True

    def _matches_near(self, span: Span, near: Near) -> bool:
        regex = compiled(near.regex)
        around = self._block.before(span, near.before) if near.before else []
        around += [self._block.raw(span)]
        around += self._block.after(span, near.after) if near.after else []
        return any(regex.search(without_prefix(text)) for raw in around for text in logical_lines(raw[: 4 * _REACH]))

    def _traceback_before(self, line: _Line) -> str:
        """The lines from the start of the traceback to this line, or the lines just before where the start is cut."""
        raws = self._block.before(line.span, _TRACEBACK_LINES)
        texts = [without_prefix(text) for raw in raws for text in logical_lines(raw)]
        texts += self._texts(line.span)[: line.position]
        for index in range(len(texts) - 1, -1, -1):
            if _TRACEBACK_START in texts[index]:
                return "\n".join(texts[index:])
        return "\n".join(text for text in texts if text.lstrip().startswith("File "))

    def _note_telling_lines(self) -> None:
        """The last lines of the block that look bad and match nothing, looked for from its end."""
        spans = sorted({span for stem in _TELLING_STEMS for span in self._block.spans.get(stem, ())} - self._matched)
        telling: list[tuple[Span, str]] = []
        for span in reversed(spans):
            text = self._texts(span)[0]
            if _TELLING.search(text[:_REACH]):
                telling.append((span, quote(without_prefix(text))))
            if len(telling) == _TELLING_LINES:
                break
        self._reading.telling.extend((self._numbers.of(span), text) for span, text in reversed(telling))
