"""The scan finds every line with a stem, wherever chunks end, and numbers it as the file does."""
from __future__ import annotations

import io
import tracemalloc

import pytest

from azext_mltrouble.diagnosis import scan
from azext_mltrouble.diagnosis.scan import STEMS, LineNumbers, blocks, stem_of


def lines_found(data: bytes) -> set[tuple[int, bytes]]:
    found = set()
    for block in blocks(io.BytesIO(data)):
        numbers = LineNumbers(block)
        for spans in block.spans.values():
            found.update((numbers.of(span), block.raw(span)) for span in spans)
    return found


def test_no_stem_begins_another() -> None:
    assert [(one, other) for one in STEMS for other in STEMS if one != other and other.startswith(one)] == []


def test_stems_begin_with_a_rare_letter() -> None:
    """Each other letter would stop the search so often that every log is read more slowly."""
    assert [stem for stem in STEMS if stem[0] not in "bdfghkmqvx" and not stem.startswith(("error", "no"))] == []


@pytest.mark.parametrize("chunk", [7, 64, 1000, 1 << 20])
@pytest.mark.parametrize("context", [0, 5, 300])
def test_every_line_with_a_stem_is_found_once_whatever_the_chunks(
    monkeypatch: pytest.MonkeyPatch, chunk: int, context: int
) -> None:
    texts = [b"an ERROR here" if number % 7 == 3 else b"fine" for number in range(1, 200)]
    monkeypatch.setattr(scan, "_CHUNK", max(chunk, 20))
    monkeypatch.setattr(scan, "_CONTEXT", context)
    expected = {(number, text) for number, text in enumerate(texts, start=1) if b"ERROR" in text}
    assert lines_found(b"\n".join(texts)) == expected


def test_context_reaches_across_chunks(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(scan, "_CHUNK", 64)
    monkeypatch.setattr(scan, "_CONTEXT", 200)
    texts = [f"line {number:03}".encode() for number in range(60)]
    texts[30] = b"error 030"
    (block,) = blocks(io.BytesIO(b"\n".join(texts)))
    (span,) = block.spans["error"]
    assert block.before(span, 3) == texts[27:30]
    assert block.after(span, 3) == texts[31:34]


@pytest.mark.parametrize("encoding", ["utf-16", "utf-16-le", "utf-16-be"])
def test_utf16_is_read_with_and_without_its_mark(encoding: str) -> None:
    data = "fine\r\nan error here\r\n".encode(encoding)
    assert {number for number, _ in lines_found(data)} == {2}


def test_a_line_without_end_is_read_in_bounded_memory() -> None:
    class Endless:
        left = 40

        def read(self, size: int = -1, /) -> bytes:
            self.left -= 1
            return b"x" * (1 << 20) if self.left > 0 else b""

    tracemalloc.start()
    assert list(blocks(Endless())) == []
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert peak < 16 << 20


def test_stem_of_prefers_the_longest() -> None:
    assert stem_of("toomanyrequests") == "manyreq"
    assert stem_of("nothing of the kind, not an error") == "error"
    assert stem_of("all is well") is None
