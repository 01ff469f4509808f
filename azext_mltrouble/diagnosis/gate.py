"""Find the lines that a pattern has to be compared with, all lines of a block at once.

A pattern is tried only on lines with its *gate*: its literal, or a wording that its regex cannot do without. Logs
repeat themselves, so lines that differ in nothing but their digits share a *shape*: what the first of them told about
the patterns holds for the others too, except for patterns whose regex asks for certain digits.
"""
from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterator, Sequence
from itertools import accumulate
from typing import NamedTuple, TypeVar

from azext_mltrouble.diagnosis.context import Context
from azext_mltrouble.diagnosis.knowledge import Owned, PatternsByStem, Signal
from azext_mltrouble.diagnosis.scan import STEMS, Block, Span
from azext_mltrouble.diagnosis.wording import Line, asks_for_digits, find_wording

_NO_DIGITS = bytes.maketrans(b"123456789", b"0" * 9)
#: Shapes of longer lines are not worth their memory; those with escapes may be split in other places.
_LONGEST_SHAPE = 1000
_MOST_SHAPES = 4096
#: Of more lines of one shape in a block, these many at each end are compared: what stands around them may differ.
_MOST_ALIKE = 50
_STEMS_WITH_DIGITS = [stem for stem in STEMS if any(letter.isdigit() for letter in stem)]

#: What tells a line's shape.
Key = bytes
T = TypeVar("T")


class Spot(NamedTuple):
    """A logical line that a pattern has to be compared with."""

    span: Span
    position: int


class Gate:
    """The gates of many patterns, and what the shapes of lines that one log has shown tell about them."""

    def __init__(self, patterns: PatternsByStem) -> None:
        self._patterns = patterns
        self._shapes: dict[Key, dict[tuple[int, int], Owned]] = {}

    def open_for(
        self, block: Block, context: Context, keys: dict[Span, Key | None], kinds: frozenset[str]
    ) -> Iterator[tuple[Owned, list[Spot]]]:
        """Each pattern for these kinds of text with the lines it has to be compared with, in the order of the log."""
        owners: dict[int, Owned] = {}
        spots: dict[int, set[Spot]] = {}
        fresh, repeated = self._told_apart(keys)
        for owned, line in self._found(block, context, fresh, kinds):
            owners[id(owned.pattern)] = owned
            spots.setdefault(id(owned.pattern), set()).add(Spot(line.span, line.position))
        for key, spans in repeated.items():
            for (pattern, position), owned in self._shapes[key].items():
                owners[pattern] = owned
                spots.setdefault(pattern, set()).update(Spot(span, position) for span in _enough(spans, owned))
        for pattern, found in spots.items():
            yield owners[pattern], sorted(found)

    def _told_apart(self, keys: dict[Span, Key | None]) -> tuple[dict[Span, Key | None], dict[Key, list[Span]]]:
        """The lines of shapes that are new, each the first of its shape, and those of known shapes."""
        fresh: dict[Span, Key | None] = {}
        repeated: dict[Key, list[Span]] = {}
        for span, key in keys.items():
            if key is None:
                fresh[span] = None
            elif key in self._shapes:
                repeated.setdefault(key, []).append(span)
            elif len(self._shapes) < _MOST_SHAPES:
                fresh[span] = key
                self._shapes[key] = {}
            else:
                fresh[span] = None
        return fresh, repeated

    def _found(
        self, block: Block, context: Context, fresh: dict[Span, Key | None], kinds: frozenset[str]
    ) -> Iterator[tuple[Owned, Line]]:
        """The patterns whose wording is in a line of a new shape; noted for the next lines of that shape."""
        for stem, gates in self._patterns.items():
            spans = [span for span in block.spans.get(stem, ()) if span in fresh]
            lines = [line for span in spans for line in context.lines(span)]
            starts = [0, *accumulate(len(line.lowered) + 1 for line in lines)]
            joined = "\n".join(line.lowered for line in lines)
            for gate, owned_by_gate in gates.items() if joined else ():
                if gate not in joined:
                    continue
                owners = [owned for owned in owned_by_gate if owned.pattern.fits(kinds)]
                for number in _lines_with(joined, gate, starts):
                    line = lines[number]
                    key = fresh[line.span]
                    for owned in owners:
                        is_there = find_wording(line, owned.pattern) is not None
                        if key is not None and (is_there or asks_for_digits(owned.pattern)):
                            self._shapes[key][id(owned.pattern), line.position] = owned
                        if is_there:
                            yield owned, line


def ends(spots: list[T], most: int) -> list[T]:
    """All of them, or of more than twice as many those at the beginning and at the end."""
    return spots if len(spots) <= 2 * most else spots[:most] + spots[-most:]


def _enough(spans: list[Span], owned: Owned) -> list[Span]:
    """The lines of one shape that need to be compared: noise hides each of its lines, of others a few tell all."""
    is_noise = isinstance(owned.owner, Signal) and owned.owner.noise
    return spans if is_noise or asks_for_digits(owned.pattern) else ends(spans, _MOST_ALIKE)


def keys_of(block: Block) -> dict[Span, Key | None]:
    """The lines of a block, in their order, each with what tells its shape."""
    digits = [(stem.encode(), set(block.spans[stem])) for stem in _STEMS_WITH_DIGITS if stem in block.spans]
    keys: dict[Span, Key | None] = {}
    for span in sorted(set().union(*block.spans.values())):
        raw = block.raw(span) if span[1] - span[0] <= _LONGEST_SHAPE else b"\\"
        if b"\\" in raw:
            keys[span] = None
        elif digits:
            keys[span] = b"\n".join([raw.translate(_NO_DIGITS), *(stem for stem, spans in digits if span in spans)])
        else:
            keys[span] = raw.translate(_NO_DIGITS)
    return keys


def _lines_with(joined: str, wording: str, starts: Sequence[int]) -> Iterator[int]:
    """The numbers of the lines with this wording."""
    place = joined.find(wording)
    while place >= 0:
        number = bisect_right(starts, place) - 1
        yield number
        place = joined.find(wording, starts[number + 1])
