"""The diagnosis: evidence in, report out. Pure: the same evidence always gives the same report."""
from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from fnmatch import fnmatchcase
from typing import Any

from azext_mltrouble.diagnosis import knowledge as knowledge_module
from azext_mltrouble.diagnosis.clearing import is_cleared
from azext_mltrouble.diagnosis.conditions import candidates_of_facts, holds
from azext_mltrouble.diagnosis.knowledge import Entry, Knowledge, Signal
from azext_mltrouble.diagnosis.matches import LogReading, Match
from azext_mltrouble.diagnosis.matching import read
from azext_mltrouble.diagnosis.remedies import commands_for
from azext_mltrouble.diagnosis.report import CONFIDENCES, Confidence, EvidenceLine, Finding, Report, Verdict
from azext_mltrouble.diagnosis.root import Candidate, weigh
from azext_mltrouble.diagnosis.stages import failed_stage, stages_of
from azext_mltrouble.diagnosis.states import derived, slots_of
from azext_mltrouble.diagnosis.steps import next_steps
from azext_mltrouble.diagnosis.template import fill_command, fill_text
from azext_mltrouble.diagnosis.versions import with_versions
from azext_mltrouble.evidence.model import Evidence, Target
from azext_mltrouble.evidence.redaction import Redactor

#: The order in which texts tell of a failure: the build comes before the container, and the last word is the least.
_TEXT_ORDER = ("build_log", "container_log", "deploy_error", "state", "http_error", "cli_error")
_QUOTED_LINES = 3
_LOWERED: dict[Confidence, Confidence] = {"high": "medium", "medium": "low", "low": "low"}
_NOTHING_KNOWN = "MLT0000"


def diagnose(evidence: Evidence, knowledge: Knowledge | None = None) -> Report:
    """What the evidence means.

    ``knowledge`` is this installation's unless given. Raises OSError as opening a log does.
    """
    knowledge = knowledge or knowledge_module.load()
    redactor = Redactor()
    readings = [read(log, knowledge) for log in evidence.logs]
    facts = {**evidence.facts, "state": derived(evidence.facts, readings)} if evidence.facts else {}
    candidates = candidates_of_facts(knowledge, facts)
    candidates += [with_versions(one, readings) for one in _candidates_of_logs(knowledge, readings, facts)]
    slots = slots_of(evidence)
    findings = [finding_of(one, slots, redactor, evidence.target.generation) for one in weigh(candidates)]
    root = next((one for one in findings if one.severity != "info"), None)
    if root is None:
        findings += _telling_lines(readings, redactor)
    stages = stages_of(evidence, tuple(findings))
    ended_well = any(_ended_well(reading, knowledge) for reading in readings)
    verdict = _verdict(evidence, root, findings, ended_well)
    return Report(
        target=_target(evidence.target),
        verdict=verdict,
        failed_stage=failed_stage(root, stages),
        root_cause=root,
        findings=tuple(findings),
        stages=stages,
        next_steps=next_steps(evidence, verdict, root, _settled(knowledge, root)),
        redactions=_total(evidence.redactions, redactor.counts),
    )


def _candidates_of_logs(
    knowledge: Knowledge, readings: list[LogReading], facts: dict[str, Any]
) -> list[Candidate]:
    """What the logs point to; where that is no cause, what they point to if they are of another kind than they seem."""
    found = [
        candidate
        for number, reading in enumerate(readings)
        for candidate in _candidates_of_log(knowledge, reading, reading.kinds.first, number, facts)
    ]
    if any(one.entry.severity != "info" for one in found):
        return found
    return found + [
        replace(candidate, confidence=_LOWERED[candidate.confidence])
        for number, reading in enumerate(readings)
        for candidate in _candidates_of_log(knowledge, reading, frozenset().union(*reading.kinds), number, facts)
        if candidate.entry.kind == "cause" and candidate.entry.severity != "info"
    ]


def _candidates_of_log(
    knowledge: Knowledge, reading: LogReading, kinds: frozenset[str], number: int, facts: dict[str, Any]
) -> Iterable[Candidate]:
    signals = reading.of_signals(kinds)
    seen = [signal for signal in knowledge.signals if signal.name in signals]
    matches = reading.of_entries(kinds)
    for entry in knowledge.entries:
        if entry.code not in matches:
            continue
        clearing = [signals[signal.name] for signal in seen if _clears(signal, entry)]
        standing = [
            match
            for match in matches[entry.code]
            if _signals_allow(match, signals) and not any(is_cleared(match, one, signals) for one in clearing)
        ]
        if standing:
            yield _candidate(entry, standing, reading, number, facts)


def _clears(signal: Signal, entry: Entry) -> bool:
    return any(fnmatchcase(entry.cause, cause) for cause in signal.clears)


def _signals_allow(match: Match, signals: dict[str, list[Match]]) -> bool:
    pattern = match.pattern
    return all(name in signals for name in pattern.with_signals) and not any(
        name in signals for name in pattern.without_signals
    )


def _candidate(
    entry: Entry, matches: list[Match], reading: LogReading, number: int, facts: dict[str, Any]
) -> Candidate:
    first = matches[0]
    source = reading.log.source
    lines = {match.line: EvidenceLine(source, match.line, match.text) for match in reversed(_most_telling(matches))}
    confidence = min((match.pattern.confidence or entry.confidence for match in matches), key=CONFIDENCES.index)
    if facts and any(holds(expression, facts) for expression in entry.high_when):
        confidence = "high"
    where = reading.log.where
    rank = _TEXT_ORDER.index(where) if where in _TEXT_ORDER else len(_TEXT_ORDER)
    evidence = tuple(lines[line] for line in sorted(lines))
    sure = CONFIDENCES.index(first.pattern.confidence or entry.confidence)
    return Candidate(entry, confidence, (rank, number, *first.place, sure, first.column), evidence, first.values)


def _most_telling(matches: list[Match]) -> list[Match]:
    """The matches to quote: of each pattern its first, and only then what says the same again."""
    firsts = list({id(match.pattern): match for match in reversed(matches)}.values())[::-1]
    again = [match for match in matches if match not in firsts]
    return (sorted(firsts, key=lambda match: match.place) + again)[:_QUOTED_LINES]


def finding_of(
    one: Candidate, slots: dict[str, str], redactor: Redactor, generation: str | None = None
) -> Finding:
    """A candidate in words: its entry's templates filled with its values, then with ``slots``; redacted.

    Commands that cannot work on the target's ``generation`` are left out.
    """
    entry = one.entry
    values = {**slots, **{name: redactor.text(value) for name, value in one.values.items()}}
    return Finding(
        code=entry.code,
        cause=entry.cause,
        title=entry.title,
        severity=entry.severity,
        stage=entry.stage,
        confidence=one.confidence,
        summary=fill_text(entry.summary, values),
        evidence=tuple(EvidenceLine(line.source, line.line, redactor.text(line.text)) for line in one.evidence),
        remedy_text=fill_text(entry.remedy_text, values),
        remedy_commands=tuple(
            fill_command(command, values) for command in commands_for(generation, entry.remedy_commands)
        ),
        doc_url=entry.doc_url,
    )


def _telling_lines(readings: list[LogReading], redactor: Redactor) -> list[Finding]:
    """What is said where lines look bad and none is known: those lines, and that no cause is claimed."""
    lines = tuple(
        EvidenceLine(reading.log.source, line, redactor.text(text))
        for reading in readings
        for line, text in reading.telling
    )
    if not lines:
        return []
    return [
        Finding(
            code=_NOTHING_KNOWN,
            cause="not_recognised",
            title="No known cause in this text",
            severity="info",
            stage="launch",
            confidence="low",
            summary="The text has lines that look like a failure, but none that is known to say why.",
            evidence=lines,
            remedy_text="Read the lines quoted here, or diagnose the deployment itself, which collects more evidence.",
            remedy_commands=(),
            doc_url="https://learn.microsoft.com/azure/machine-learning/how-to-troubleshoot-online-endpoints",
        )
    ]


def _ended_well(reading: LogReading, knowledge: Knowledge) -> bool:
    """Whether the log itself says that a step came to a good end: that no failure is known is no sign of health."""
    seen = reading.of_signals(frozenset().union(*reading.kinds))
    return any(signal.name in seen for signal in knowledge.signals if signal.clears)


def _verdict(evidence: Evidence, root: Finding | None, findings: list[Finding], ended_well: bool) -> Verdict:
    if root:
        return "failed" if root.severity == "error" else "degraded"
    state = (evidence.target.state or "").lower()
    if state in ("healthy", "succeeded"):
        return "healthy"
    is_deployment = evidence.target.kind in ("service", "endpoint")  # without a state: built, but never deployed
    if is_deployment or any(one.code == _NOTHING_KNOWN for one in findings):
        return "unknown"
    unread = any(one.status == "unavailable" for one in evidence.observations)
    looked_well = ended_well or evidence.target.kind == "vault"  # a vault has no log: what was read is all there is
    return "healthy" if looked_well and not unread else "unknown"


def _settled(knowledge: Knowledge, root: Finding | None) -> bool:
    entry = next((one for one in knowledge.entries if root and one.code == root.code), None)
    return entry is not None and entry.kind == "cause" and root is not None and root.confidence == "high"


def _target(target: Target) -> dict[str, Any]:
    return {
        "name": target.name,
        "kind": target.kind,
        "generation": target.generation,
        "compute": target.compute,
        "workspace": target.workspace,
        "resourceGroup": target.resource_group,
        "state": target.state,
    }


def _total(*counts: dict[str, int]) -> dict[str, int]:
    total: dict[str, int] = {}
    for one in counts:
        for kind, count in one.items():
            total[kind] = total.get(kind, 0) + count
    return total
