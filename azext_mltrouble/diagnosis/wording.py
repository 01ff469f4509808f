"""Find a pattern's wording in one line."""
from __future__ import annotations

import re
from functools import lru_cache
from typing import NamedTuple

from azext_mltrouble.diagnosis.knowledge import Pattern
from azext_mltrouble.diagnosis.scan import Span
from azext_mltrouble.diagnosis.text import without_prefix

#: How many characters of a line around its wording are looked at, so that one endless line cannot hold anything up.
REACH = 2048
_COUNTS_AND_ESCAPES = re.compile(r"\{\d*,?\d*\}|\\x[0-9a-fA-F]{2}|\\u[0-9a-fA-F]{4}")


class Wording(NamedTuple):
    """What the pattern's regex found, in the part of the line that it was looked for in."""

    excerpt: str
    found: re.Match[str]


@lru_cache(maxsize=8192)
def compiled(regex: str) -> re.Pattern[str]:
    """Regexes are compiled when a log first shows their literal, and never if it does not."""
    return re.compile(regex, re.IGNORECASE)


class Line(NamedTuple):
    """A logical line: the physical line it is in, which of that line's texts it is, and its text.

    ``plain`` is the text without what log shippers put before it, ``lowered`` the whole text in lower case.
    """

    span: Span
    position: int
    text: str
    plain: str
    lowered: str

    @classmethod
    def of(cls, span: Span, position: int, text: str) -> Line:
        return cls(span, position, text, without_prefix(text[: 2 * REACH]), text.lower())


def find_wording(line: Line, pattern: Pattern) -> Wording | None:
    """The pattern's wording in a line; only its literal and its regex decide."""
    if pattern.literal not in line.lowered:
        return None
    excerpt = line.plain if len(line.text) <= REACH else _around_wording(line, pattern)
    found = compiled(pattern.regex).search(excerpt)
    return Wording(excerpt, found) if found else None


def _around_wording(line: Line, pattern: Pattern) -> str:
    places = [place for place in map(line.lowered.find, pattern.needles) if place >= 0]
    column = min(places, default=line.lowered.find(pattern.literal))
    return without_prefix(line.text[max(0, column - REACH) : column + REACH])


@lru_cache(maxsize=8192)
def asks_for_digits(pattern: Pattern) -> bool:
    """Whether a pattern may tell lines apart that differ in nothing but their digits."""
    regexes = (_COUNTS_AND_ESCAPES.sub("", regex) for regex in (pattern.regex, pattern.unless or ""))
    return any(letter.isdigit() for regex in regexes for letter in regex)
