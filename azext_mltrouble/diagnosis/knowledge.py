"""The knowledge: one entry per cause, one signal per line that changes how others are read.

Written as YAML under ``knowledge/`` (docs/knowledge.md says how), compiled by scripts/compile-knowledge into
``knowledge.json``, which is what this module reads, and ``samples.json``, which only ``explain`` and tests need.
"""
from __future__ import annotations

import json
import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any, Literal, NamedTuple

from azext_mltrouble.diagnosis.report import Confidence, Severity
from azext_mltrouble.diagnosis.scan import stem_of

#: ``cause`` says why; ``symptom`` says what happened, and a cause nearby explains it; ``envelope`` says only where.
Kind = Literal["cause", "symptom", "envelope"]

#: A group of the pattern's own match, as the regex of a ``Near`` refers to it; ``{2,5}`` is a repetition.
GROUP = re.compile(r"\{([A-Za-z_]\w*)\}")

_HERE = Path(__file__).parent
KNOWLEDGE_FILE = _HERE / "knowledge.json"
SAMPLES_FILE = _HERE / "samples.json"


@dataclass(frozen=True)
class Near:
    """A regex that must (or must not) match in one of the lines around: so many before, so many after.

    ``{name}`` in it stands for what the group of that name found in the pattern's own line.
    """

    regex: str
    before: int
    after: int

    @classmethod
    def of(cls, data: dict[str, Any] | None) -> Near | None:
        return cls(data["regex"], data.get("before", 0), data.get("after", 0)) if data else None


@dataclass(frozen=True)
class Pattern:
    """How a cause or a signal shows in one line of a log.

    ``literal`` is in lower case and gates ``regex``. So do ``needles``, which the compiler finds: wordings of which the
    regex cannot do without one. ``where`` limits the pattern to kinds of text (empty: any kind). ``unless`` must not
    match the same line, ``near`` must and ``not_near`` must not match around it, ``in_traceback`` must match in the
    traceback that ends in this line. ``with_signals`` must, ``without_signals`` must not be seen in the same log.
    ``confidence`` overrides the entry's.
    """

    literal: str
    needles: tuple[str, ...]
    regex: str
    where: frozenset[str]
    unless: str | None
    near: Near | None
    not_near: Near | None
    in_traceback: str | None
    with_signals: tuple[str, ...]
    without_signals: tuple[str, ...]
    confidence: Confidence | None

    def fits(self, kinds: frozenset[str]) -> bool:
        """Whether it is meant for one of these kinds of text."""
        return not self.where or not self.where.isdisjoint(kinds)

    @property
    def gates(self) -> set[str]:
        """Wordings of which every line it matches has one; without digits, so that lines of one shape share them."""
        return {max(re.split(r"\d+", wording), key=len) for wording in self.needles or (self.literal,)}

    @classmethod
    def of(cls, data: dict[str, Any]) -> Pattern:
        return cls(
            literal=data["literal"],
            needles=tuple(data.get("needles", ())),
            regex=data.get("regex") or re.escape(data["literal"]),
            where=frozenset(data.get("where", ())),
            unless=data.get("unless"),
            near=Near.of(data.get("near")),
            not_near=Near.of(data.get("not_near")),
            in_traceback=data.get("in_traceback"),
            with_signals=tuple(data.get("with", ())),
            without_signals=tuple(data.get("without", ())),
            confidence=data.get("confidence"),
        )


@dataclass(frozen=True)
class Condition:
    """How a cause shows in facts. ``when`` holds if its JMESPath expression over the facts is true (not empty).

    ``show`` gives the sentence or value that proves it, ``bind`` the values of the templates, each by an expression.
    """

    when: str
    source: str
    show: str
    bind: dict[str, str]
    confidence: Confidence | None

    @classmethod
    def of(cls, data: dict[str, Any]) -> Condition:
        return cls(data["when"], data["source"], data["show"], data.get("bind", {}), data.get("confidence"))


@dataclass(frozen=True)
class Entry:
    """One cause: what it is called, what recognises it, what it wins over, what to do.

    ``high_when`` are JMESPath expressions over the facts: when one holds, the confidence is ``high``.
    ``supersedes`` names causes that do not count beside this one; a symptom or envelope needs no mention.
    ``judgement`` is what ``template_lint`` says of a vault in a template, for entries that no evidence shows.
    """

    code: str
    cause: str
    title: str
    stage: str
    generations: tuple[str, ...]
    severity: Severity
    kind: Kind
    confidence: Confidence
    patterns: tuple[Pattern, ...]
    facts: tuple[Condition, ...]
    judgement: str | None
    high_when: tuple[str, ...]
    supersedes: tuple[str, ...]
    summary: str
    remedy_text: str
    remedy_commands: tuple[str, ...]
    doc_url: str

    @property
    def name(self) -> str:
        """What tells it apart from all entries and signals."""
        return self.code

    @classmethod
    def of(cls, data: dict[str, Any]) -> Entry:
        return cls(
            code=data["code"],
            cause=data["cause"],
            title=data["title"],
            stage=data["stage"],
            generations=tuple(data["generations"]),
            severity=data["severity"],
            kind=data["kind"],
            confidence=data["confidence"],
            patterns=tuple(Pattern.of(pattern) for pattern in data.get("patterns", ())),
            facts=tuple(Condition.of(condition) for condition in data.get("facts", ())),
            judgement=data.get("judgement"),
            high_when=tuple(data.get("high_when", ())),
            supersedes=tuple(data.get("supersedes", ())),
            summary=data["summary"],
            remedy_text=data["remedy"]["text"],
            remedy_commands=tuple(data["remedy"].get("commands", ())),
            doc_url=data["doc"],
        )


@dataclass(frozen=True)
class Signal:
    """A line that is no finding but changes how others are read.

    ``clears`` names causes (with ``*``) whose earlier lines in the same log no longer count: that step was made again
    and succeeded. ``noise``: the line looks bad and means nothing. ``name`` is what a pattern's ``with`` refers to.
    """

    name: str
    patterns: tuple[Pattern, ...]
    clears: tuple[str, ...]
    noise: bool

    @classmethod
    def of(cls, data: dict[str, Any]) -> Signal:
        patterns = tuple(Pattern.of(pattern) for pattern in data["patterns"])
        return cls(data["signal"], patterns, tuple(data.get("clears", ())), data.get("noise", False))


class Owned(NamedTuple):
    """A pattern and the entry or signal it belongs to."""

    owner: Entry | Signal
    pattern: Pattern


#: From a stem to the gates of the patterns whose literals have it, and from a gate to the patterns.
PatternsByStem = dict[str, dict[str, list[Owned]]]


@dataclass(frozen=True)
class Knowledge:
    """All entries and signals, and where their patterns apply; noise goes first, since it hides lines from the rest."""

    entries: tuple[Entry, ...]
    signals: tuple[Signal, ...]
    noise: PatternsByStem
    telling: PatternsByStem

    @classmethod
    def of(cls, data: dict[str, Any]) -> Knowledge:
        """Raises ValueError for a literal without a stem."""
        entries = tuple(Entry.of(entry) for entry in data["entries"])
        signals = tuple(Signal.of(signal) for signal in data["signals"])
        noise = [signal for signal in signals if signal.noise]
        others = [signal for signal in signals if not signal.noise]
        return cls(entries, signals, _by_stem(noise), _by_stem([*others, *entries]))


def _by_stem(owners: Sequence[Entry | Signal]) -> PatternsByStem:
    found: PatternsByStem = {}
    for owner in owners:
        for pattern in owner.patterns:
            stem = stem_of(pattern.literal)
            if stem is None:
                raise ValueError(f"{pattern.literal!r} has no stem of diagnosis/scan.py")
            for gate in pattern.gates:
                found.setdefault(stem, {}).setdefault(gate, []).append(Owned(owner, pattern))
    return found


@lru_cache(maxsize=1)
def load() -> Knowledge:
    """The compiled knowledge of this installation."""
    return Knowledge.of(json.loads(KNOWLEDGE_FILE.read_text(encoding="utf-8")))


def load_samples() -> dict[str, dict[str, Any]]:
    """Samples, near misses and document addresses by code, for ``explain`` and for tests."""
    samples: dict[str, dict[str, Any]] = json.loads(SAMPLES_FILE.read_text(encoding="utf-8"))
    return samples
