"""Find the few lines of a log that may matter, at the speed of a byte search.

A healthy build log has hundreds of megabytes and says nothing. So the bytes are first searched for *triggers*: word
stems of which every literal of the knowledge contains at least one (a test holds this). Only lines with a trigger are
decoded, and only those are compared with the knowledge.

Each trigger begins with one letter that is rare in logs: the regex engine then runs through the bytes for that single
letter, at about the speed of ``bytes.find``, and many stems cost one pass.
"""
from __future__ import annotations

import codecs
import io
import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import BinaryIO

#: Stems in lower case. A literal of the knowledge must contain one; docs/knowledge.md lists words that do.
TRIGGERS = tuple(
    re.compile(stem)
    for stem in (
        rb"error",
        rb"no(?:t? |n-z|n-s)",
        rb"f(?:ail|used|lict|ficient|ound|orbid|ault \(|ully)",
        rb"x(?:cept|ceed|it|ist|pect|pire|haust)",
        rb"k(?:ill|off|-off|nown| \(most| full| space)",
        rb"v(?:alid|iolat|ailab)",
        rb"h(?:oriz|ealthy|edul|able)",
        rb"b(?:le to|lem|locked|ort|roken|ooting|alancer)",
        rb"m(?:issing|ed out|eout|emory|ismatch|ust |patib|any req|anyreq|any pods|ultiple v)",
        rb"d(?:enied|eadline|isk|ied|ue to|n't|oesn't)",
        rb"q(?:uota|uire|uest entity)",
    )
)

_CHUNK = 1 << 20
#: How much text before and after a line is kept at hand: enough for the longest traceback that is worth reading.
_CONTEXT = 1 << 16


@dataclass(frozen=True)
class RawLine:
    """A physical line with a trigger: its place in the block's bytes and its 1-based number in the file."""

    start: int
    end: int
    number: int


@dataclass(frozen=True)
class Block:
    """A stretch of a log: the lines of it that have a trigger, and bytes around them to look at for context."""

    data: bytes
    lines: tuple[RawLine, ...]

    def raw(self, line: RawLine) -> bytes:
        return self.data[line.start : line.end]

    def before(self, line: RawLine, count: int) -> list[bytes]:
        """Up to ``count`` physical lines before this one, in their order."""
        stretch = self.data[max(0, line.start - _CONTEXT) : max(0, line.start - 1)]
        return stretch.split(b"\n")[-count:] if line.start else []

    def after(self, line: RawLine, count: int) -> list[bytes]:
        """Up to ``count`` physical lines after this one."""
        return self.data[line.end + 1 : line.end + 1 + _CONTEXT].split(b"\n")[:count]


def has_trigger(literal: str) -> bool:
    """Whether a line that contains this literal is ever looked at."""
    return any(trigger.search(literal.encode()) for trigger in TRIGGERS)


def blocks(stream: BinaryIO) -> Iterator[Block]:
    """Read a stream once, from start to end, in bounded memory; yield the stretches that have a trigger."""
    stream = _as_utf8(stream)
    data, done, number, ended = b"", 0, 1, False
    while not ended:
        chunk = stream.read(_CHUNK)
        ended = not chunk
        data += chunk
        limit = len(data) if ended else _last_line_end(data, done)
        lowered = data[done:limit].lower()
        lines = tuple(_lines_with_trigger(lowered, done, number))
        if lines:
            yield Block(data, lines)
        number += lowered.count(b"\n")
        keep = max(0, limit - _CONTEXT)
        data, done = data[keep:], limit - keep


def _last_line_end(data: bytes, done: int) -> int:
    """Where to stop so that some context remains ahead; a line that is longer than a chunk is cut."""
    ahead = max(done, len(data) - _CONTEXT)
    line_end = data.rfind(b"\n", done, ahead) + 1
    if line_end:
        return line_end
    return ahead if len(data) - done > _CHUNK else done


def _lines_with_trigger(lowered: bytes, offset: int, number: int) -> Iterator[RawLine]:
    """The lines of ``lowered`` with a trigger; ``offset`` is its place in the block, ``number`` its first line's."""
    spans: dict[int, int] = {}
    for trigger in TRIGGERS:
        match = trigger.search(lowered)
        while match:
            start = lowered.rfind(b"\n", 0, match.start()) + 1
            end = lowered.find(b"\n", match.end())
            end = len(lowered) if end < 0 else end
            spans[start] = end
            match = trigger.search(lowered, end)
    counted = 0
    for start in sorted(spans):
        number += lowered.count(b"\n", counted, start)
        counted = start
        yield RawLine(offset + start, offset + spans[start], number)


def _as_utf8(stream: BinaryIO) -> BinaryIO:
    """The stream itself, or for UTF-16 (by its mark, or by its zero bytes) the same lines as UTF-8."""
    head = stream.read(4096)
    encoding = _utf16_kind(head)
    joined = _Chained(head, stream)
    if encoding is None:
        return joined
    return _Recoded(joined, encoding)


def _utf16_kind(head: bytes) -> str | None:
    if head.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        return "utf-16"
    half = len(head) // 2
    if half and head[1::2].count(0) > half * 0.7:
        return "utf-16-le"
    if half and head[0::2].count(0) > half * 0.7:
        return "utf-16-be"
    return None


class _Chained(io.RawIOBase, BinaryIO):  # type: ignore[misc]
    """A head that was read already, then the rest of the stream."""

    def __init__(self, head: bytes, rest: BinaryIO) -> None:
        self._head = head
        self._rest = rest

    def read(self, size: int = -1) -> bytes:
        head, self._head = self._head, b""
        return head or self._rest.read(size)


class _Recoded(io.RawIOBase, BinaryIO):  # type: ignore[misc]
    """A UTF-16 stream read as UTF-8."""

    def __init__(self, source: BinaryIO, encoding: str) -> None:
        self._source = source
        self._decoder = codecs.getincrementaldecoder(encoding)(errors="replace")

    def read(self, size: int = -1) -> bytes:
        raw = self._source.read(size)
        while raw:
            text = self._decoder.decode(raw)
            if text:
                return text.encode("utf-8", "replace")
            raw = self._source.read(size)
        return self._decoder.decode(b"", final=True).encode("utf-8", "replace")
