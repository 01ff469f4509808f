"""Compare the lines of a log with the knowledge."""
from __future__ import annotations

import re
from bisect import bisect_right
from collections import deque
from dataclasses import dataclass, field
from functools import lru_cache

from azext_mltrouble.diagnosis.knowledge import Entry, Knowledge, Near, Pattern, Signal
from azext_mltrouble.diagnosis.scan import Block, RawLine, blocks
from azext_mltrouble.diagnosis.text import logical_lines, quote, without_prefix
from azext_mltrouble.evidence.model import Log

#: A regex sees at most this much of a line around its literal, so that one endless line cannot hold it up.
_REACH = 2048
_TRACEBACK_LINES = 60
#: How many matches of one pattern are kept of the start of a log; of the rest only the last is.
_KEPT = 20

_TELLING = re.compile(r"(?i)\b(?:fatal|error|exception|traceback|failed|failure|denied|killed|panic)\b|\w(?:Error|Exception)\b")
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
    telling: deque[tuple[int, str]] = field(default_factory=lambda: deque(maxlen=5))

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


class _BlockReader:
    """Looks for every literal in all interesting lines of a block at once, then at the lines that have one."""

    def __init__(self, block: Block, reading: LogReading, knowledge: Knowledge) -> None:
        self._block = block
        self._reading = reading
        self._knowledge = knowledge
        self._lines = [
            (line, position, text)
            for line in block.lines
            for position, text in enumerate(logical_lines(block.raw(line)))
        ]
        self._seen: set[int] = set()

    def read(self) -> None:
        lowered = [text.lower() for _, _, text in self._lines]
        starts = [0]
        for text in lowered:
            starts.append(starts[-1] + len(text) + 1)
        joined = "\n".join(lowered)
        for literal, owners in self._knowledge.by_literal.items():
            place = joined.find(literal)
            while place >= 0:
                index = bisect_right(starts, place) - 1
                self._compare(index, place - starts[index], owners)
                place = joined.find(literal, starts[index + 1])
        self._note_telling_lines()

    def _compare(self, index: int, column: int, owners: list[tuple[Entry | Signal, Pattern]]) -> None:
        line, position, text = self._lines[index]
        for owner, pattern in owners:
            if pattern.where and self._reading.log.where not in pattern.where and self._reading.log.where is not None:
                continue
            excerpt = without_prefix(text[max(0, column - _REACH) : column + _REACH])
            found = compiled(pattern.regex).search(excerpt)
            if not found or not self._in_context(line, position, excerpt, found, pattern):
                continue
            self._seen.add(index)
            values = {name: value for name, value in found.groupdict().items() if value}
            place = (line.number, position, found.start())
            match = Match(pattern, line.number, place, quote(excerpt, found.start()), values)
            self._reading.matches.setdefault(id(pattern), Matches(owner)).add(match)

    def _in_context(
        self, line: RawLine, position: int, excerpt: str, found: re.Match[str], pattern: Pattern
    ) -> bool:
        if pattern.unless and compiled(pattern.unless).search(excerpt):
            return False
        if pattern.near and not self._matches_near(line, pattern.near):
            return False
        if pattern.not_near and self._matches_near(line, pattern.not_near):
            return False
        if pattern.in_traceback:
            traceback = self._traceback_before(line, position) + "\n" + excerpt[: found.end()]
            return bool(compiled(pattern.in_traceback).search(traceback))
        return True

    def _matches_near(self, line: RawLine, near: Near) -> bool:
        regex = compiled(near.regex)
        around = self._block.before(line, near.before) if near.before else []
        around += [self._block.raw(line)]
        around += self._block.after(line, near.after) if near.after else []
        return any(regex.search(without_prefix(text)) for raw in around for text in logical_lines(raw[:_REACH * 4]))

    def _traceback_before(self, line: RawLine, position: int) -> str:
        """The lines from the start of the traceback to this line, or the lines just before where the start is cut."""
        raws = self._block.before(line, _TRACEBACK_LINES)
        texts = [without_prefix(text) for raw in raws for text in logical_lines(raw)]
        texts += logical_lines(self._block.raw(line))[:position]
        for index in range(len(texts) - 1, -1, -1):
            if _TRACEBACK_START in texts[index]:
                return "\n".join(texts[index:])
        return "\n".join(text for text in texts if text.lstrip().startswith("File "))

    def _note_telling_lines(self) -> None:
        for index, (line, _, text) in enumerate(self._lines):
            if index not in self._seen and _TELLING.search(text[:_REACH]):
                self._reading.telling.append((line.number, quote(text)))

