"""Compare the lines of a log with the knowledge."""
from __future__ import annotations

import re

from azext_mltrouble.diagnosis.context import Context, time_of
from azext_mltrouble.diagnosis.gate import Gate, Key, Spot, ends, keys_of
from azext_mltrouble.diagnosis.kinds import kinds_of
from azext_mltrouble.diagnosis.knowledge import GROUP, Knowledge, Near, Owned, Pattern, Signal
from azext_mltrouble.diagnosis.matches import TELLING_LINES, LogReading, Match, Matches
from azext_mltrouble.diagnosis.scan import Block, Span, blocks
from azext_mltrouble.diagnosis.text import quote, without_prefix
from azext_mltrouble.diagnosis.wording import REACH, Line, Wording, asks_for_digits, compiled, find_wording
from azext_mltrouble.evidence.model import Log

_TELLING_STEMS = ("error", "xcept", "fail", "denied", "kill", "k (most")
#: What stands around a line is costly to look at: of more such lines in a block, these many at each end are compared.
_MOST_CONTEXTS = 500
_TELLING = re.compile(r"(?i)\b(?:error|exception|traceback|failed|failure|denied|killed)\b|\w(?:error|exception)\b")


def read(log: Log, knowledge: Knowledge) -> LogReading:
    """Read a log once, in bounded memory. Raises OSError as opening or reading the log does."""
    reading = LogReading(log)
    noise, telling = Gate(knowledge.noise), Gate(knowledge.telling)
    with log.open() as stream:
        for number, block in enumerate(blocks(stream)):
            if number == 0:
                reading.kinds = kinds_of(log.where, block.data)
            reader = _BlockReader(block, reading)
            reader.compare(noise)
            reader.compare(telling)
            reader.note_telling_lines()
    return reading


class _BlockReader:
    """Compares the lines of one block with the patterns whose gates they open."""

    def __init__(self, block: Block, reading: LogReading) -> None:
        self._block = block
        self._reading = reading
        self._context = Context(block)
        self._keys = keys_of(block)
        self._noise: set[Spot] = set()
        self._accounted: set[Span | Key] = set()
        self._kinds = reading.kinds.first | reading.kinds.second

    def compare(self, gate: Gate) -> None:
        """Compare the lines of the block with the patterns of a gate; noise goes first, since it hides its lines."""
        for owned, spots in gate.open_for(self._block, self._context, self._keys, self._kinds):
            self._compare_spots(spots, owned)

    def _compare_spots(self, spots: list[Spot], owned: Owned) -> None:
        """Compare the lines; once enough matches are kept only the last: a log may be nothing but failures."""
        matches = self._reading.matches.setdefault(id(owned.pattern), Matches(*owned))
        is_noise = isinstance(owned.owner, Signal) and owned.owner.noise
        if is_noise and matches.full and _gate_settles(owned.pattern):
            self._noise.update(spots)
            self._accounted.update(self._keys[spot.span] or spot.span for spot in spots)
            return
        if _has_context(owned.pattern):
            spots = ends(spots, _MOST_CONTEXTS)
        for number, spot in enumerate(spots, start=1):
            if matches.full and number < len(spots) and not is_noise:
                self._account_for(spot, owned.pattern)
            else:
                self._compare(spot, owned, matches)

    def _compare(self, spot: Spot, owned: Owned, matches: Matches) -> None:
        pattern = owned.pattern
        is_noise = isinstance(owned.owner, Signal) and owned.owner.noise
        if spot in self._noise and not is_noise:
            return
        line = Line.of(*spot, self._context.texts(spot.span)[spot.position])
        wording = find_wording(line, pattern)
        if not wording or not self._is_in_context(line, wording, pattern):
            return
        self._account_for(spot, pattern)
        if is_noise:
            self._noise.add(spot)
            if matches.full:
                return
        matches.add(self._match(line, wording, pattern))

    def _account_for(self, spot: Spot, pattern: Pattern) -> None:
        """This line, and those of its shape, are no longer unexplained."""
        if pattern.fits(self._reading.kinds.first):
            self._accounted.add(self._keys[spot.span] or spot.span)

    def _match(self, line: Line, wording: Wording, pattern: Pattern) -> Match:
        number = self._context.number(line.span)
        column = wording.found.start()
        return Match(
            pattern=pattern,
            line=number,
            place=(number, line.position),
            column=column,
            text=quote(wording.excerpt, column),
            values={name: value for name, value in wording.found.groupdict().items() if value},
            worker=self._context.worker(line),
            time=time_of(line),
        )

    def _is_in_context(self, line: Line, wording: Wording, pattern: Pattern) -> bool:
        if pattern.unless and compiled(pattern.unless).search(wording.excerpt):
            return False
        if pattern.near and not self._matches_near(line, pattern.near, wording.found):
            return False
        if pattern.not_near and self._matches_near(line, pattern.not_near, wording.found):
            return False
        if pattern.in_traceback:
            traceback = self._context.traceback_before(line) + "\n" + wording.excerpt[: wording.found.end()]
            return bool(compiled(pattern.in_traceback).search(traceback))
        return True

    def _matches_near(self, line: Line, near: Near, found: re.Match[str]) -> bool:
        regex = _filled(near.regex, found)
        around = self._context.around(line, near.before, near.after)
        return any(regex.search(without_prefix(text[: 2 * REACH])) for text in around)

    def note_telling_lines(self) -> None:
        """The last lines of the block that look bad and match nothing, looked for from its end, one of each shape."""
        spans = sorted({span for stem in _TELLING_STEMS for span in self._block.spans.get(stem, ())})
        telling: list[tuple[Span, str]] = []
        for span in reversed(spans):
            shape = self._keys[span] or span
            if shape in self._accounted:
                continue
            self._accounted.add(shape)
            bad = [text for text in self._context.texts(span) if _TELLING.search(text[:REACH])]
            telling += [(span, quote(without_prefix(text))) for text in reversed(bad[-TELLING_LINES:])]
            if len(telling) >= TELLING_LINES:
                break
        self._reading.telling.extend(
            (self._context.number(span), text) for span, text in reversed(telling[:TELLING_LINES])
        )


def _gate_settles(pattern: Pattern) -> bool:
    """Whether every line that the gate lets through is a match."""
    return not (_has_context(pattern) or pattern.unless or asks_for_digits(pattern))


def _has_context(pattern: Pattern) -> bool:
    return bool(pattern.near or pattern.not_near or pattern.in_traceback)


def _filled(regex: str, found: re.Match[str]) -> re.Pattern[str]:
    """The regex with the values of the match's groups in place of their names in braces."""
    if not GROUP.search(regex):
        return compiled(regex)
    values = found.groupdict()
    return re.compile(GROUP.sub(lambda slot: re.escape((values[slot[1]] or "")[:REACH]), regex), re.IGNORECASE)
