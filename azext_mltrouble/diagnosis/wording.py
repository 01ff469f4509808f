"""Find a pattern's wording in one line."""
from __future__ import annotations

import re
from functools import lru_cache
from typing import NamedTuple

from azext_mltrouble.diagnosis.knowledge import Pattern
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


def find_wording(text: str, lowered: str, pattern: Pattern) -> Wording | None:
    """The wording in a line, which is given in lower case too; only the literal and the regex decide."""
    column = lowered.find(pattern.literal)
    if column < 0:
        return None
    if len(text) > REACH:
        places = [place for place in map(lowered.find, pattern.needles) if place >= 0]
        column = min(places, default=column)
        text = text[max(0, column - REACH) : column + REACH]
    excerpt = without_prefix(text)
    found = compiled(pattern.regex).search(excerpt)
    return Wording(excerpt, found) if found else None


@lru_cache(maxsize=8192)
def asks_for_digits(regex: str | None) -> bool:
    """Whether a regex names a digit, so that it may tell lines apart that differ in nothing but their digits."""
    return regex is not None and any(letter.isdigit() for letter in _COUNTS_AND_ESCAPES.sub("", regex))
