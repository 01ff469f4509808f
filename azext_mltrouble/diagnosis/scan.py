"""Find the few lines of a log that may matter, at the speed of a byte search.

A healthy build log has hundreds of megabytes and says nothing. So the bytes are first searched for *stems*: pieces of
words of which every literal of the knowledge contains at least one (a test holds this). Only lines with a stem are
decoded, and they are compared only with the literals that contain it.

A stem begins with a letter that is rare in logs: the regex engine runs through the bytes for that single letter at
about the speed of ``bytes.find``, and all stems of one letter cost one pass.
"""
from __future__ import annotations

import codecs
import re
from bisect import bisect_right
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import groupby
from typing import Protocol

#: Lower case, grouped by their first letter. None is the beginning of another one.
STEMS = (
    *("bad cert", "bad gateway", "bad re", "bad_alloc", "bad_header", "bad_network", "badarg", "badreq", "balancer"),
    *("be empty", "be unique", "been retired", "before repl", "behind a v", "being deleted", "being term", "ble to"),
    *("ble_to", "bleimage", "blem with the ssl", "blocked by", "booting", "bort", "broken", "bscription nam"),
    *("by peer", "by policy", "bypolicy"),
    *("d after", "d cluster", "d compute", "d instance t", "d newer im", "d to specify", "d too large"),
    *("d under devel", "d vm size", "d, use", "dapiversion", "dcompute", "de: 4", "de: 5", "deadline", "deep"),
    *("denied", "dentitynotset", "dictionary", "died", "different py", "ding>", "disabled", "disk", "distutils inst"),
    *("dn't", "dnsinuse", "docker desk", "docker in the cur", "docker.sock", "doesn't", "don't have acc"),
    *("don't have en", "double free", "double req", "dpattern", "dpkg was", "dsts", "due to", "dumped", "dy an endp"),
    *("dy contains", "dy in use", "dy taken", "dytoolarge"),
    *("error",),
    *("f capac", "f signed", "f when", "f-signed", "fail", "fault (", "fcapac", "fcpu", "fiable", "ficient"),
    *("find rust", "firewall", "firming the ssl", "flict", "footprint", "forbid", "found", "fully", "fused"),
    *("g issuer", "gacy common", "gal instr", "gal opt", "gnized arg", "gnized param", "gnment", "gsegv"),
    *("gumentnull",),
    *("hable", "handling sig", "hannelnot", "has crash", "has different", "has inc", "has req", "hashes for"),
    *("healthy", "hed your"),
    *("hedul", "helm chart", "hemeral", "her an account", "her operation", "her prov", "heroperation", "high demand"),
    *("higher prior", "horiz", "hould either", "http+docker", "http/1.1 2", "http/1.1 4", "http/1.1 5"),
    *("k (most", "k confirm", "k full", "k space", "k-off", "k-protected", "kerfile", "kill", "king longer", "known"),
    *("koff", "ks like a", "kubernetesunacc"),
    *("m err!", "m proxy after", "make sure docker", "make sure the lib", "managedident", "many pe", "many pods"),
    *("many req", "manyreq", "maximum supp", "me-out", "med out", "med_out", "medout", "memory", "mentation f"),
    *("meout", "met dep", "ming to", "minimum supp", "mismatch", "missing", "modelmanag", "mpatib", "mpossib"),
    *("mputenotacc", "multiple .", "multiple py", "multiple u", "multiple v", "must "),
    *("no ", "no-record", "nodename nor", "non-s", "non-z", "none of the", "not ", "not_resol", "notcreated"),
    *("nothing p", "notready", "notregister", "notsupp"),
    *("quest entity", "quire-hash", "quired", "quires", "quota"),
    *("v1 legacy", "v1_legacy", "v1legacy", "vailab", "valid", "vate or in", "vate this env", "ved for", "ved name"),
    *("verconstr", "versionw", "violat", "vironmentfile"),
    *("xceed", "xcept", "xclusive", "xdomain", "xhaust", "xist", "xit", "xpect", "xperimental", "xpire", "xternally"),
)


def _any_of(words: Iterable[str]) -> str:
    """A regex for these words (none of which begins another) that decides letter by letter, as a trie does."""
    choices = []
    for letter, group in groupby(sorted(words), key=lambda word: word[:1]):
        rests = [word[1:] for word in group]
        choices.append(re.escape(letter) + (_any_of(rests) if len(rests) > 1 else re.escape(rests[0])))
    return choices[0] if len(choices) == 1 else f"(?:{'|'.join(choices)})"


_PASSES = tuple(
    re.compile(_any_of(stems).encode()) for _, stems in groupby(sorted(STEMS), key=lambda stem: stem[0])
)

_CHUNK = 1 << 20
#: How much text before and after a line is kept at hand: enough for the longest traceback that is worth reading.
_CONTEXT = 1 << 16

#: Where a line stands in its block: (start, end).
Span = tuple[int, int]


class Readable(Protocol):
    """Anything bytes can be read from."""

    def read(self, size: int = -1, /) -> bytes: ...


@dataclass(frozen=True)
class Block:
    """A stretch of a log and its lines with a stem, by stem; ``data`` holds more around them to look at for context.

    ``first`` is where the stretch begins in ``data``, ``number`` the 1-based number of that line in the file.
    """

    data: bytes
    first: int
    number: int
    spans: dict[str, list[Span]]

    def raw(self, span: Span) -> bytes:
        return self.data[span[0] : span[1]]

    def bytes_before(self, span: Span, count: int) -> bytes:
        """Up to ``count`` bytes before this line."""
        return self.data[max(0, span[0] - count) : span[0]]

    def before(self, span: Span, count: int) -> list[bytes]:
        """Up to ``count`` physical lines before this one, in their order."""
        return self.bytes_before(span, _CONTEXT)[:-1].rsplit(b"\n", count)[-count:] if span[0] else []

    def after(self, span: Span, count: int) -> list[bytes]:
        """Up to ``count`` physical lines after this one."""
        return self.data[span[1] + 1 : span[1] + 1 + _CONTEXT].split(b"\n", count)[:count]


class LineNumbers:
    """Numbers of a block's lines, each counted on from the nearest line before it that was asked for already."""

    def __init__(self, block: Block) -> None:
        self._data = block.data
        self._places, self._numbers = [block.first], [block.number]

    def of(self, span: Span) -> int:
        nearest = bisect_right(self._places, span[0]) - 1
        place, number = self._places[nearest], self._numbers[nearest]
        if place < span[0]:
            number += self._data.count(b"\n", place, span[0])
            self._places.insert(nearest + 1, span[0])
            self._numbers.insert(nearest + 1, number)
        return number


def stem_of(literal: str) -> str | None:
    """The longest stem in a literal: that by which the lines to compare with it are found."""
    return max((stem for stem in STEMS if stem in literal), key=len, default=None)


def blocks(stream: Readable) -> Iterator[Block]:
    """Read a stream once, from start to end, in bounded memory; yield the stretches that have a stem."""
    source = _as_utf8(stream)
    data, done, number, ended = b"", 0, 1, False
    while not ended:
        chunk = source.read(_CHUNK)
        ended = not chunk
        data += chunk
        limit = len(data) if ended else _last_line_end(data, done)
        lowered = data[done:limit].lower()
        spans = _spans_by_stem(lowered, done)
        if spans:
            yield Block(data, done, number, spans)
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


def _spans_by_stem(lowered: bytes, offset: int) -> dict[str, list[Span]]:
    """The lines of ``lowered``, which stands at ``offset`` in its block, by the stems they contain."""
    places: dict[bytes, list[int]] = {}
    for letter in _PASSES:
        for found in letter.finditer(lowered):
            places.setdefault(found[0], []).append(found.start())
    return {stem.decode(): _lines_around(lowered, where, offset) for stem, where in places.items()}


def _lines_around(lowered: bytes, places: list[int], offset: int) -> list[Span]:
    spans = []
    end = -1
    for place in places:
        if place >= end:
            start = lowered.rfind(b"\n", 0, place) + 1
            end = lowered.find(b"\n", place)
            end = len(lowered) if end < 0 else end
            spans.append((offset + start, offset + end))
    return spans


def _as_utf8(stream: Readable) -> Readable:
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


class _Chained:
    """A head that was read already, then the rest of the stream."""

    def __init__(self, head: bytes, rest: Readable) -> None:
        self._head = head
        self._rest = rest

    def read(self, size: int = -1) -> bytes:
        head, self._head = self._head, b""
        return head or self._rest.read(size)


class _Recoded:
    """A UTF-16 stream read as UTF-8."""

    def __init__(self, source: Readable, encoding: str) -> None:
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
