"""Compare the lines of a log with the knowledge."""
from __future__ import annotations

import re
from functools import lru_cache

from azext_mltrouble.diagnosis.context import Context, Line, time_of
from azext_mltrouble.diagnosis.gate import NO_DIGITS, Gate, Spot
from azext_mltrouble.diagnosis.kinds import kinds_of
from azext_mltrouble.diagnosis.knowledge import GROUP, Entry, Knowledge, Near, Owned, Pattern, Signal
from azext_mltrouble.diagnosis.matches import TELLING_LINES, LogReading, Match, Matches
from azext_mltrouble.diagnosis.scan import Block, Span, blocks
from azext_mltrouble.diagnosis.text import quote, without_prefix
from azext_mltrouble.diagnosis.wording import REACH, Wording, asks_for_digits, compiled, find_wording
from azext_mltrouble.evidence.model import Log

_TELLING_STEMS = ("error", "xcept", "fail", "denied", "kill", "k (most")
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
        self._noise: set[tuple[Span, int]] = set()
        self._accounted: set[Span] = set()
        self._kinds = reading.kinds.first | reading.kinds.second
        self._judged: dict[tuple[int, int, int, int], bool] = {}

    def compare(self, gate: Gate) -> None:
        """Compare the lines of the block with the patterns of a gate; noise goes first, since it hides its lines."""
        for owned, spots in gate.open_for(self._block, self._context):
            if owned.pattern.fits(self._kinds):
                self._compare_spots(spots, owned)

    def _compare_spots(self, spots: list[Spot], owned: Owned) -> None:
        """Compare every line, or once enough matches are kept only the last: a log may be nothing but failures."""
        matches = self._reading.matches.setdefault(id(owned.pattern), Matches(*owned))
        for number, spot in enumerate(spots, start=1):
            if matches.full and number < len(spots) and isinstance(owned.owner, Entry):
                self._account_for(spot, owned.pattern)
                continue
            self._compare(spot, owned, matches)

    def _compare(self, spot: Spot, owned: Owned, matches: Matches) -> None:
        pattern = owned.pattern
        is_noise = isinstance(owned.owner, Signal) and owned.owner.noise
        if (spot.span, spot.position) in self._noise and not is_noise:
            return
        line = Line(spot.span, spot.position, self._context.texts(spot.span)[spot.position])
        wording = find_wording(line.text, line.text.lower(), pattern)
        if not wording or not self._is_in_context(line, wording, pattern, spot):
            return
        self._account_for(spot, pattern)
        if is_noise:
            self._noise.add((spot.span, spot.position))
        matches.add(self._match(line, wording, pattern))

    def _account_for(self, spot: Spot, pattern: Pattern) -> None:
        if pattern.fits(self._reading.kinds.first):
            self._accounted.add(spot.span)

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

    def _is_in_context(self, line: Line, wording: Wording, pattern: Pattern, spot: Spot) -> bool:
        """Whether the conditions hold; for lines of one shape among lines of the same shapes it is settled once."""
        if pattern.unless and compiled(pattern.unless).search(wording.excerpt):
            return False
        if not (pattern.near or pattern.not_near or pattern.in_traceback):
            return True
        if spot.shape is None or _context_asks_for_digits(pattern):
            return self._judge_context(line, wording, pattern)
        before, after = _reach_of_context(pattern)
        around = self._context.surroundings(line, before, after, traceback=bool(pattern.in_traceback))
        key = (id(pattern), id(spot.shape), line.position, hash(around.translate(NO_DIGITS)))
        if key not in self._judged:
            self._judged[key] = self._judge_context(line, wording, pattern)
        return self._judged[key]

    def _judge_context(self, line: Line, wording: Wording, pattern: Pattern) -> bool:
        found = wording.found
        if pattern.near and not self._matches_near(line, pattern.near, found):
            return False
        if pattern.not_near and self._matches_near(line, pattern.not_near, found):
            return False
        if pattern.in_traceback:
            traceback = self._context.traceback_before(line) + "\n" + wording.excerpt[: found.end()]
            return bool(compiled(pattern.in_traceback).search(traceback))
        return True

    def _matches_near(self, line: Line, near: Near, found: re.Match[str]) -> bool:
        regex = _filled(near.regex, found)
        around = self._context.around(line, near.before, near.after)
        return any(regex.search(without_prefix(text[: 2 * REACH])) for text in around)

    def note_telling_lines(self) -> None:
        """The last lines of the block that look bad and match nothing, looked for from its end."""
        spans = sorted({span for stem in _TELLING_STEMS for span in self._block.spans.get(stem, ())} - self._accounted)
        telling: list[tuple[Span, str]] = []
        for span in reversed(spans):
            bad = [text for text in self._context.texts(span) if _TELLING.search(text[:REACH])]
            telling += [(span, quote(without_prefix(text))) for text in reversed(bad[-TELLING_LINES:])]
            if len(telling) >= TELLING_LINES:
                break
        self._reading.telling.extend(
            (self._context.number(span), text) for span, text in reversed(telling[:TELLING_LINES])
        )


@lru_cache(maxsize=4096)
def _context_asks_for_digits(pattern: Pattern) -> bool:
    regexes = [near.regex for near in (pattern.near, pattern.not_near) if near] + [pattern.in_traceback or ""]
    return any(asks_for_digits(regex) or GROUP.search(regex) for regex in regexes)


def _reach_of_context(pattern: Pattern) -> tuple[int, int]:
    nears = [near for near in (pattern.near, pattern.not_near) if near]
    return max((near.before for near in nears), default=0), max((near.after for near in nears), default=0)


def _filled(regex: str, found: re.Match[str]) -> re.Pattern[str]:
    """The regex with the values of the match's groups in place of their names in braces."""
    if not GROUP.search(regex):
        return compiled(regex)
    values = found.groupdict()
    return re.compile(GROUP.sub(lambda slot: re.escape((values[slot[1]] or "")[:REACH]), regex), re.IGNORECASE)
