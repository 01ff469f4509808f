"""Find the lines that a pattern has to be compared with, all lines of a block at once.

A pattern is tried only on lines with its *gate*: its literal, or a wording that its regex cannot do without. Logs
repeat themselves, so lines that differ in nothing but their digits share a *shape*: what the first of them told about
the patterns holds for the others too, except for patterns whose regex asks for certain digits.
"""
from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterable, Iterator, Sequence
from itertools import accumulate
from typing import NamedTuple

from azext_mltrouble.diagnosis.context import Context, Line
from azext_mltrouble.diagnosis.knowledge import Owned, PatternsByStem
from azext_mltrouble.diagnosis.scan import STEMS, Block, Span
from azext_mltrouble.diagnosis.wording import asks_for_digits, find_wording

#: Makes bytes equal that differ in nothing but their digits.
NO_DIGITS = bytes.maketrans(b"123456789", b"0" * 9)
#: Shapes of longer lines are not worth their memory; those with escapes may be split in other places.
_LONGEST_SHAPE = 1000
_MOST_SHAPES = 4096
_STEMS_WITH_DIGITS = [stem for stem in STEMS if any(letter.isdigit() for letter in stem)]


#: The patterns that lines of one shape have to be compared with, by the number of the logical line.
Shape = dict[tuple[int, int], Owned]


class Spot(NamedTuple):
    """A logical line that a pattern has to be compared with, and its shape if others may have it too."""

    span: Span
    position: int
    shape: Shape | None


class Gate:
    """The gates of many patterns, and the shapes of the lines that one log has shown."""

    def __init__(self, patterns: PatternsByStem) -> None:
        self._patterns = patterns
        self._shapes: dict[bytes, Shape] = {}

    def open_for(self, block: Block, context: Context) -> Iterator[tuple[Owned, list[Spot]]]:
        """Each pattern with the lines it has to be compared with, in the order of the log."""
        fresh: dict[Span, Shape | None] = {}
        spots: dict[int, dict[tuple[Span, int], Shape | None]] = {}
        owners: dict[int, Owned] = {}
        repeated: list[tuple[Span, Shape]] = []
        for span, key in _keys(block, self._patterns):
            shape = self._shapes.get(key) if key else None
            if shape is None:
                fresh[span] = self._new_shape(key)
            else:
                repeated.append((span, shape))
        for owned, line in self._found(block, context, fresh):
            owners[id(owned.pattern)] = owned
            spots.setdefault(id(owned.pattern), {})[line.span, line.position] = fresh[line.span]
        for span, shape in repeated:
            for (pattern, position), owned in shape.items():
                owners[pattern] = owned
                spots.setdefault(pattern, {})[span, position] = shape
        for pattern, found in spots.items():
            yield owners[pattern], [Spot(*place, found[place]) for place in sorted(found)]

    def _new_shape(self, key: bytes | None) -> Shape | None:
        if key is None or len(self._shapes) >= _MOST_SHAPES:
            return None
        return self._shapes.setdefault(key, {})

    def _found(
        self, block: Block, context: Context, fresh: dict[Span, Shape | None]
    ) -> Iterator[tuple[Owned, Line]]:
        """The patterns whose wording is in a line of a new shape; the shape notes them for the next such line."""
        for stem, gates in self._patterns.items():
            spans = [span for span in block.spans.get(stem, ()) if span in fresh]
            lines = [
                Line(span, position, text) for span in spans for position, text in enumerate(context.texts(span))
            ]
            lowered = [line.text.lower() for line in lines]
            starts = [0, *accumulate(len(text) + 1 for text in lowered)]
            joined = "\n".join(lowered)
            for gate, owners in gates.items() if joined else ():
                for number in _lines_with(joined, gate, starts):
                    line = lines[number]
                    shape = fresh[line.span]
                    for owned in owners:
                        is_there = find_wording(line.text, lowered[number], owned.pattern)
                        if shape is not None and (is_there or asks_for_digits(owned.pattern.regex)):
                            shape[id(owned.pattern), line.position] = owned
                        if is_there:
                            yield owned, line


def _keys(block: Block, patterns: Iterable[str]) -> Iterator[tuple[Span, bytes | None]]:
    """Every line that has one of these patterns' stems, with the key of its shape."""
    digits = [(stem.encode(), set(block.spans[stem])) for stem in _STEMS_WITH_DIGITS if stem in block.spans]
    for span in sorted(set().union(*(block.spans.get(stem, ()) for stem in patterns))):
        raw = block.raw(span) if span[1] - span[0] <= _LONGEST_SHAPE else b"\\"
        if b"\\" in raw:
            yield span, None
        else:
            yield span, b"\n".join([raw.translate(NO_DIGITS), *(stem for stem, spans in digits if span in spans)])


def _lines_with(joined: str, wording: str, starts: Sequence[int]) -> Iterator[int]:
    """The numbers of the lines with this wording."""
    place = joined.find(wording)
    while place >= 0:
        number = bisect_right(starts, place) - 1
        yield number
        place = joined.find(wording, starts[number + 1])
