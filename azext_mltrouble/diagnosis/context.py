"""The lines of a block and what stands around them."""
from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import datetime, timezone

from azext_mltrouble.diagnosis.scan import Block, LineNumbers, Span
from azext_mltrouble.diagnosis.text import logical_lines
from azext_mltrouble.diagnosis.wording import REACH, Line

#: How far back the start of a traceback is looked for.
_TRACEBACK_BYTES = 8192
_TRACEBACK_LINES = 60
_TRACEBACK_START = "Traceback (most recent call last)"

#: How gunicorn and the inference server name the process that writes a line.
_WORKER = re.compile(r"\[(\d{1,7})\] (?:\[(?:DEBUG|INFO|WARNING|ERROR|CRITICAL)\]|azmlinfsrv|gunicorn)")
_TIME = re.compile(r"(\d{4}-\d\d-\d\d)[T ](\d\d:\d\d:\d\d)(?:[.,](\d{1,6}))?")
_TIME_WITHIN = 48


class Context:
    """The lines of one block, split once: a message of many lines is asked for by each of them."""

    def __init__(self, block: Block) -> None:
        self._block = block
        self._numbers = LineNumbers(block)
        self._split: dict[Span, list[str]] = {}

    def texts(self, span: Span) -> list[str]:
        """The logical lines of a physical one."""
        if span not in self._split:
            self._split[span] = logical_lines(self._block.raw(span))
        return self._split[span]

    def lines(self, span: Span) -> list[Line]:
        return [Line.of(span, position, text) for position, text in enumerate(self.texts(span))]

    def number(self, span: Span) -> int:
        """The physical line's number in the file, from 1."""
        return self._numbers.of(span)

    def around(self, line: Line, before: int, after: int) -> Iterator[str]:
        """This line and so many before and after it, those of the same message first.

        A physical line before or after counts as one; of the lines in it the nearest are given, at most as many as
        were asked for.
        """
        texts = self.texts(line.span)
        first, end = line.position - before, line.position + after + 1
        yield from texts[max(0, first) : end]
        if first < 0:
            for raw in self._block.before(line.span, -first):
                yield from logical_lines(raw[-4 * REACH :])[first:]
        if end > len(texts):
            wanted = end - len(texts)
            for raw in self._block.after(line.span, wanted):
                yield from logical_lines(raw[: 4 * REACH])[:wanted]

    def traceback_before(self, line: Line) -> str:
        """What stands from the start of the traceback to this line, or the frames just before it if that is cut off."""
        text = self._text_before(line)
        start = text.rfind(_TRACEBACK_START)
        if start >= 0:
            return text[start:]
        return "\n".join(one for one in text.split("\n") if 'File "' in one)

    def worker(self, line: Line) -> str | None:
        """The process that wrote this line, which names itself there or at the head of what it wrote."""
        own = _WORKER.search(line.text[:REACH])
        if own:
            return own[1]
        named = _WORKER.findall(self._text_before(line))
        return named[-1] if named else None

    def _text_before(self, line: Line) -> str:
        before = self._block.bytes_before(line.span, _TRACEBACK_BYTES).decode("utf-8", "replace")
        same = self.texts(line.span)[max(0, line.position - _TRACEBACK_LINES) : line.position]
        return before + "\n".join(same)


def time_of(line: Line) -> float | None:
    """When the line was written, in seconds since 1970 if the log's clock is UTC; None where it does not say."""
    found = _TIME.search(line.text[:_TIME_WITHIN])
    if not found:
        return None
    fraction = (found[3] or "").ljust(6, "0")
    try:
        moment = datetime.fromisoformat(f"{found[1]}T{found[2]}.{fraction}")
    except ValueError:  # digits that are no date
        return None
    return moment.replace(tzinfo=timezone.utc).timestamp()
