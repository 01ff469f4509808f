"""The text of logs for people: without secrets, and without what could control a terminal."""
from __future__ import annotations

import codecs
from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING

from azext_mltrouble.render.text import clean

if TYPE_CHECKING:
    from azext_mltrouble.evidence.redaction import Redactor

#: Characters of one line; a longer one goes on as the next.
_LONGEST_LINE = 1024 * 1024
#: Lines that the search for secrets looks back at while a log grows: longer than a private key.
_LOOK_BACK = 200


def safe_lines(chunks: Iterable[bytes], redactor: Redactor) -> Iterator[str]:
    """The lines of a text (UTF-8), in constant memory wherever the chunks end. Errors of ``chunks`` pass through."""
    from azext_mltrouble.evidence.spool import ChunkReader

    reader = ChunkReader(line.encode("utf-8") for line in _clean_pieces(chunks))
    decode = codecs.getincrementaldecoder("utf-8")("replace").decode
    redacted = (decode(piece) for piece in redactor.stream(reader))  # type: ignore[arg-type]
    for line in _pieces(redacted):
        yield line[:-1] if line.endswith("\n") else line


def _clean_pieces(chunks: Iterable[bytes]) -> Iterator[str]:
    """Cleaned before the search for secrets, so that no escape sequence can hide one."""
    decode = codecs.getincrementaldecoder("utf-8")("replace").decode
    for piece in _pieces(decode(chunk) for chunk in chunks):
        yield clean(piece)


def _pieces(texts: Iterable[str]) -> Iterator[str]:
    """Lines with their ends; what is too long for one comes in several."""
    pending = ""
    for text in texts:
        *lines, pending = (pending + text).split("\n")
        yield from (f"{line}\n" for line in lines)
        if len(pending) > _LONGEST_LINE:
            yield pending
            pending = ""
    if pending:
        yield pending


class GrowingText:
    """A log that is read again and again: what came newly, as safe lines."""

    def __init__(self, redactor: Redactor) -> None:
        self._redactor = redactor
        self._before: list[str] = []
        self._unfinished = ""
        self._ended_early = False

    def more(self, text: str) -> list[str]:
        """The lines that ``text`` completes; a line without an end is given when nothing more has come to it."""
        if not text:
            self._ended_early = self._ended_early or bool(self._unfinished)
            return self.rest()
        if self._ended_early and text.startswith("\n"):
            text = text[1:]
        self._ended_early = False
        whole, end, self._unfinished = (self._unfinished + text).rpartition("\n")
        return self._redacted(clean(whole + end).split("\n")[:-1]) if end else []

    def rest(self) -> list[str]:
        """The line that has no end yet, if there is one."""
        unfinished, self._unfinished = self._unfinished, ""
        return self._redacted(clean(unfinished).split("\n")) if unfinished else []

    def _redacted(self, lines: list[str]) -> list[str]:
        """The lines with their secrets masked, those too that began in an earlier line."""
        seen = self._before + lines
        self._before = seen[-_LOOK_BACK:]
        return self._redactor.text("\n".join(seen)).split("\n")[-len(lines) :]


def added_since(old: str, new: str) -> tuple[str, bool]:
    """What ``new`` has beyond ``old``, both the last lines of one log, and whether the two meet at all."""
    if new.startswith(old):
        return new[len(old) :], True
    whole, end, unfinished = old.rpartition("\n")
    seen = (whole + end).splitlines(keepends=True)
    lines = new.splitlines(keepends=True)
    shared = _overlap(seen, lines)
    if not shared:
        return new, False
    added = "".join(lines[shared:])
    return (added[len(unfinished) :] if added.startswith(unfinished) else added), True


def _overlap(old: list[str], new: list[str]) -> int:
    """The most lines that are the end of ``old`` and the beginning of ``new`` (Knuth, Morris and Pratt's table)."""
    table = [0] * len(new)
    for position in range(1, len(new)):
        length = table[position - 1]
        while length and new[position] != new[length]:
            length = table[length - 1]
        table[position] = length + (new[position] == new[length])
    length = 0
    for line in old:
        while length and (length == len(new) or line != new[length]):
            length = table[length - 1]
        length += bool(new) and line == new[length]
    return length
