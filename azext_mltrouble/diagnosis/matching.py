"""Compare the lines of a log with the knowledge."""
from __future__ import annotations

import re
from bisect import bisect_right
from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import lru_cache
from itertools import accumulate
from typing import NamedTuple

from azext_mltrouble.diagnosis.knowledge import Entry, Knowledge, Near, Owned, Pattern, Signal
from azext_mltrouble.diagnosis.scan import Block, LineNumbers, Span, blocks
from azext_mltrouble.diagnosis.text import logical_lines, quote, without_prefix
from azext_mltrouble.evidence.model import Log

#: A regex sees at most this much of a line around its literal, so that one endless line cannot hold it up.
_REACH = 2048
#: How far back the start of a traceback is looked for.
_TRACEBACK_BYTES = 8192
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


class _Line(NamedTuple):
    """A logical line: the physical line it is in, and which of that line's texts it is."""

    span: Span
    position: int
    text: str
    lowered: str


class _BlockReader:
    """Compares the lines of a block that have a stem with the literals that have it, all lines at once."""

    def __init__(self, block: Block, reading: LogReading, knowledge: Knowledge) -> None:
        self._block = block
        self._reading = reading
        self._knowledge = knowledge
        self._numbers = LineNumbers(block)
        self._split: dict[Span, list[str]] = {}
        self._noise: set[tuple[Span, int]] = set()
        self._accounted: set[Span] = set()

    def read(self) -> None:
        for patterns in (self._knowledge.noise, self._knowledge.telling):
            for stem, literals in patterns.items():
                spans = self._block.spans.get(stem)
                if spans:
                    self._read_lines(spans, literals)
        self._note_telling_lines()

    def _read_lines(self, spans: list[Span], literals: dict[str, list[Owned]]) -> None:
        lines = [
            _Line(span, position, text, text.lower())
            for span in spans
            for position, text in enumerate(self._texts(span))
        ]
        starts = [0, *accumulate(len(line.lowered) + 1 for line in lines)]
        joined = "\n".join(line.lowered for line in lines)
        for literal, owners in literals.items():
            found = []
            place = joined.find(literal)
            while place >= 0:
                index = bisect_right(starts, place) - 1
                found.append((lines[index], place - starts[index]))
                place = joined.find(literal, starts[index + 1])
            for owned in owners if found else ():
                needles = owned.pattern.needles
                if not needles:
                    self._compare_lines(found, owned)
                elif any(needle in joined for needle in needles):
                    likely = [one for one in found if any(needle in one[0].lowered for needle in needles)]
                    self._compare_lines(likely, owned)

    def _texts(self, span: Span) -> list[str]:
        """The logical lines of a physical one, split once: a message of many lines is asked for by each of them."""
        if span not in self._split:
            self._split[span] = logical_lines(self._block.raw(span))
        return self._split[span]

    def _compare_lines(self, lines: list[tuple[_Line, int]], owned: Owned) -> None:
        """Compare every line, or once enough matches are kept only the last: a log may be nothing but failures."""
        where = self._reading.log.where
        if not lines or (owned.pattern.where and where is not None and where not in owned.pattern.where):
            return
        kept = self._reading.matches.get(id(owned.pattern))
        for line, column in lines[:-1]:
            if kept and kept.full and isinstance(owned.owner, Entry):
                self._accounted.add(line.span)
            else:
                self._compare(line, column, owned)
                kept = self._reading.matches.get(id(owned.pattern))
        self._compare(*lines[-1], owned)

    def _compare(self, line: _Line, column: int, owned: Owned) -> None:
        owner, pattern = owned
        is_noise = isinstance(owner, Signal) and owner.noise
        if (line.span, line.position) in self._noise and not is_noise:
            return
        excerpt = without_prefix(line.text[max(0, column - _REACH) : column + _REACH])
        found = compiled(pattern.regex).search(excerpt)
        if not found or not self._in_context(line, excerpt, found, pattern):
            return
        self._accounted.add(line.span)
        if is_noise:
            self._noise.add((line.span, line.position))
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
        if pattern.near and not self._matches_near(line, pattern.near):
            return False
        if pattern.not_near and self._matches_near(line, pattern.not_near):
            return False
        if pattern.in_traceback:
            traceback = self._traceback_before(line) + "\n" + excerpt[: found.end()]
            return bool(compiled(pattern.in_traceback).search(traceback))
        return True

    def _matches_near(self, line: _Line, near: Near) -> bool:
        regex = compiled(near.regex)
        return any(regex.search(without_prefix(text[: 2 * _REACH])) for text in self._around(line, near))

    def _around(self, line: _Line, near: Near) -> Iterator[str]:
        """This line and those near it, of the same message first; what stands before and after is only then split."""
        texts = self._texts(line.span)
        first, end = line.position - near.before, line.position + near.after + 1
        yield from texts[max(0, first) : end]
        if first < 0:
            for raw in self._block.before(line.span, -first):
                yield from logical_lines(raw[-4 * _REACH :])
        if end > len(texts):
            for raw in self._block.after(line.span, end - len(texts)):
                yield from logical_lines(raw[: 4 * _REACH])

    def _traceback_before(self, line: _Line) -> str:
        """What stands from the start of the traceback to this line, or the frames just before it if that is cut off."""
        before = self._block.bytes_before(line.span, _TRACEBACK_BYTES).decode("utf-8", "replace")
        same = self._texts(line.span)[max(0, line.position - _TRACEBACK_LINES) : line.position]
        text = before + "\n".join(same)
        start = text.rfind(_TRACEBACK_START)
        if start >= 0:
            return text[start:]
        return "\n".join(one for one in text.split("\n") if 'File "' in one)

    def _note_telling_lines(self) -> None:
        """The last lines of the block that look bad and match nothing, looked for from its end."""
        spans = sorted({span for stem in _TELLING_STEMS for span in self._block.spans.get(stem, ())} - self._accounted)
        telling: list[tuple[Span, str]] = []
        for span in reversed(spans):
            text = self._texts(span)[0]
            if _TELLING.search(text[:_REACH]):
                telling.append((span, quote(without_prefix(text))))
            if len(telling) == _TELLING_LINES:
                break
        self._reading.telling.extend((self._numbers.of(span), text) for span, text in reversed(telling))
