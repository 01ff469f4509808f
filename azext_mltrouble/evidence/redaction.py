"""Masking secrets in texts, payloads and streams, before anything is shown, written or sent on.

A secret is replaced by ``***``; what stands around it stays, and so does the number of every line. Text that is
already redacted stays as it is. The masker that azure-cli ships (``microsoft-security-utilities``) is not used: it
knows only keys with a built-in signature, which ``secrets`` finds too, and az does not promise that it stays.
"""
from __future__ import annotations

import codecs
import re
import threading
from collections.abc import Iterator
from typing import Any, BinaryIO

from .secrets import MARK, Span, find_secrets, kind_of_name, looks_random

#: Bytes searched at a time when streaming.
_WINDOW = 256 * 1024
#: The end of a window is searched again with what follows: longer than any secret with the name in front of it.
_OVERLAP = 16 * 1024
#: Bytes before a window that a search may look back at.
_LOOK_BACK = 512
#: Masking can bring to light another secret around the masked one; in practice one more round finds none.
_ROUNDS = 4
_END_OF_WORD = re.compile(rb"[\s\"'<>&;,]")
_CONTAINERS = frozenset(("keys", "secrets", "tokens", "credentials"))
_NUMBER_KINDS = frozenset(("password", "registryPassword"))


class Redactor:
    """Masks secrets and counts them in ``counts``, by kind. Can be shared by threads."""

    def __init__(self) -> None:
        self.counts: dict[str, int] = {}
        self._lock = threading.Lock()

    def text(self, s: str) -> str:
        """The text with its secrets masked."""
        return self._mask(s.encode("utf-8", "surrogatepass")).decode("utf-8", "surrogatepass")

    def payload(self, obj: Any) -> Any:
        """A deep copy of a JSON-like value (dicts, lists, strings, numbers) with its secrets masked.

        A value is masked when the name of its field says that it is a secret (``sslKey``, ``primaryKey``,
        ``DB_PASSWORD``, ...) or for its own form, as in a text.
        """
        return self._payload(obj, None, False)

    def stream(self, source: BinaryIO) -> Iterator[bytes]:
        """The bytes of ``source`` with their secrets masked, in constant memory, wherever the chunks end.

        UTF-16 with a byte order mark comes out as UTF-8. Errors of ``source.read`` pass through.
        """
        pending, looked_back, unfinished = b"", b"", False
        chunks = _as_utf8(source)
        ended = False
        while not ended:
            while len(pending) < _WINDOW and not ended:
                chunk = next(chunks, None)
                ended = chunk is None
                pending += chunk or b""
            if unfinished:
                rest = _END_OF_WORD.search(pending)
                pending, unfinished = (pending[rest.start() :], False) if rest else (b"", True)
            spans = _spans_after(looked_back, pending)
            cut = len(pending) if ended else _cut(pending, spans)
            if cut == 0 and spans:  # one secret fills the window: mask what is here of it and drop the rest
                cut = spans[0].end
                unfinished = cut == len(pending)
            if cut:
                yield self._apply(pending[:cut], [span for span in spans if span.start < cut])
            looked_back = (looked_back + pending[:cut])[-_LOOK_BACK:]
            pending = pending[cut:]

    def _mask(self, data: bytes) -> bytes:
        spans = find_secrets(data)
        return self._apply(data, spans) if spans else data

    def _apply(self, data: bytes, spans: list[Span]) -> bytes:
        """Mask these spans, then what the masked text still shows, so that a second pass finds nothing."""
        for _ in range(_ROUNDS):
            if not spans:
                break
            data = _masked(data, spans)
            with self._lock:
                for span in spans:
                    self.counts[span.kind] = self.counts.get(span.kind, 0) + 1
            spans = find_secrets(data)
        return data

    def _payload(self, obj: Any, kind: str | None, container: bool) -> Any:
        if isinstance(obj, dict):
            return self._mapping(obj, kind, container)
        if isinstance(obj, (list, tuple)):
            return [self._payload(item, kind, container) for item in obj]
        if isinstance(obj, str):
            text = obj.strip("*")
            if text and (kind or (container and looks_random(obj.encode("utf-8", "replace")))):
                return self._masked_value(kind or "serviceKey")
            return self.text(obj)
        if kind in _NUMBER_KINDS and isinstance(obj, (int, float)) and not isinstance(obj, bool):
            return self._masked_value(kind)
        return obj

    def _mapping(self, obj: dict[Any, Any], kind: str | None, container: bool) -> dict[Any, Any]:
        named = obj.get("name", obj.get("key"))
        kind_of_value = kind_of_name(named) if isinstance(named, str) else None
        masked = {}
        for name, value in obj.items():
            own = kind_of_name(name) if isinstance(name, str) else None
            if name in ("value", "secureValue"):
                own = own or kind_of_value or kind
            if isinstance(value, (dict, list, tuple)) and own in ("authorization", "token", "secret"):
                own = None  # an object that is called so: a claim set, a reference; its own fields decide
            masked[name] = self._payload(value, own, container or str(name).lower() in _CONTAINERS)
        return masked

    def _masked_value(self, kind: str) -> str:
        with self._lock:
            self.counts[kind] = self.counts.get(kind, 0) + 1
        return MARK.decode()


def _spans_after(looked_back: bytes, pending: bytes) -> list[Span]:
    """The secrets in ``pending``, searched with what went before it."""
    skip = len(looked_back)
    return [
        Span(max(span.begin - skip, 0), max(span.start - skip, 0), span.end - skip, span.kind)
        for span in find_secrets(looked_back + pending)
        if span.end > skip
    ]


def _cut(pending: bytes, spans: list[Span]) -> int:
    """How much can be passed on: up to the end of a line, the overlap held back, no secret cut in two."""
    limit = len(pending) - _OVERLAP
    cut = pending.rfind(b"\n", max(0, limit - _OVERLAP), limit) + 1 or limit
    for span in reversed(spans):
        if span.begin < cut < span.end:
            cut = span.begin
    return cut


def _masked(data: bytes, spans: list[Span]) -> bytes:
    parts = []
    at = 0
    for span in spans:
        parts.append(data[at : span.start])
        parts.append(_mark_for(data[span.start : span.end]))
        at = span.end
    parts.append(data[at:])
    return b"".join(parts)


def _mark_for(secret: bytes) -> bytes:
    """A mark for every line of the secret, so that the lines after it keep their numbers."""
    return b"\n".join(MARK if line.strip() else line for line in secret.split(b"\n"))


def _as_utf8(source: BinaryIO) -> Iterator[bytes]:
    """The chunks of a stream; UTF-16 is recognised by its byte order mark and recoded."""
    first = source.read(_WINDOW)
    if first[:2] in (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE):
        decoder = codecs.getincrementaldecoder("utf-16")(errors="replace")
        while first:
            yield decoder.decode(first).encode("utf-8", "replace")
            first = source.read(_WINDOW)
        return
    while first:
        yield first
        first = source.read(_WINDOW)
