"""Text that is safe to show: without what could control a terminal, and cut to a width.

Logs are hostile input. Everything a renderer draws goes through ``clean`` or ``one_line`` first.
"""
from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable
from typing import Any

#: Terminal escape sequences (ECMA-48): control sequences, control strings such as window titles, two-byte escapes.
#: Each alternative begins at its own introducer and stops at the next one, so that matching is linear.
_ESCAPE_SEQUENCE = re.compile(
    "(?:\x1b\\[|\x9b)[0-?]*[ -/]*[@-~]"
    "|(?:\x1b[\\]PX^_]|[\x90\x98\x9d-\x9f])[^\x07\x1b\x80-\x9f\n]*(?:\x07|\x1b\\\\|\x9c)"
    "|\x1b[ -/]*[0-~]?"
)
_LINE_BREAK = re.compile("\r\n|[\r\x0b\x0c\x1c-\x1e\x85\u2028\u2029]")
#: Control characters, invisible and direction-changing characters, lone surrogates, noncharacters. What is left is
#: also all that XML 1.0 allows in a document.
_INVISIBLE = re.compile(
    "[\x00-\x08\x0e-\x1f\x7f-\x9f\xad\u061c\u180e\u200b\u200e\u200f\u202a-\u202e\u2060-\u206f"
    "\ufeff\ufff9-\ufffb\ud800-\udfff\ufffe\uffff\U000e0000-\U000e0fff]"
)
_ELLIPSIS = " ... "


def clean(text: Any) -> str:
    """``text`` with its lines and tabs, without escape sequences and invisible characters."""
    without_escapes = _ESCAPE_SEQUENCE.sub("", str(text))
    return _INVISIBLE.sub("", _LINE_BREAK.sub("\n", without_escapes))


def one_line(text: Any) -> str:
    """``text`` cleaned, as one line with single spaces."""
    return " ".join(clean(text).split())


def clip(text: str, limit: int) -> str:
    """``text`` in at most ``limit`` characters: its beginning, and its end, where a log line often has the reason."""
    if len(text) <= limit:
        return text
    head = (limit - len(_ELLIPSIS)) * 2 // 3
    tail = limit - len(_ELLIPSIS) - head
    return text[:head].rstrip() + _ELLIPSIS + text[-tail:].lstrip()


def display_width(text: str) -> int:
    """An upper bound of the terminal columns that ``text`` takes; never less than its number of characters."""
    if text.isascii():
        return len(text)
    return sum(2 if _is_wide(char) else 1 for char in text)


def _is_wide(char: str) -> bool:
    # Emoji newer than this Python's Unicode tables are unassigned there, yet drawn two columns wide.
    return ord(char) >= 0x1F000 or unicodedata.east_asian_width(char) in "WF"


def wrap(text: str, width: int) -> list[str]:
    """The words of ``text`` in lines of at most ``width`` (at least 2) terminal columns; longer words are cut."""
    return wrap_words(text.split(), width)


def wrap_words(words: Iterable[str], width: int) -> list[str]:
    """As ``wrap``, for parts of a text that are to stay together."""
    lines: list[str] = []
    line = ""
    for word in words:
        candidate = f"{line} {word}" if line else word
        if display_width(candidate) <= width:
            line = candidate
            continue
        if line:
            lines.append(line)
        *full, line = _pieces(word, width)
        lines.extend(full)
    if line:
        lines.append(line)
    return lines


def _pieces(word: str, width: int) -> list[str]:
    pieces, piece, used = [], "", 0
    for char in word:
        columns = display_width(char)
        if used + columns > width:
            pieces.append(piece)
            piece, used = "", 0
        piece += char
        used += columns
    return [*pieces, piece]
