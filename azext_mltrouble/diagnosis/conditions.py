"""Conditions on facts: causes that the payloads of Azure show, alone or together."""
from __future__ import annotations

from typing import Any

from azext_mltrouble.diagnosis.knowledge import Condition, Entry, Knowledge
from azext_mltrouble.diagnosis.report import EvidenceLine
from azext_mltrouble.diagnosis.root import Candidate
from azext_mltrouble.diagnosis.text import quote

#: Facts are weighed after the texts: a state tells that something failed, the log tells why.
FACTS_RANK = 9


def holds(expression: str, facts: dict[str, Any]) -> bool:
    """Whether a JMESPath expression is true (neither null, false nor empty) for these facts."""
    value = _value(expression, facts)
    return bool(value) or (value == 0 and value is not False and value is not None and not isinstance(value, str))


def candidates_of_facts(knowledge: Knowledge, facts: dict[str, Any]) -> list[Candidate]:
    """A candidate for every entry with a condition that holds."""
    if not facts:
        return []
    found = []
    for number, entry in enumerate(knowledge.entries):
        met = [condition for condition in entry.facts if holds(condition.when, facts)]
        if met:
            found.append(_candidate(entry, met, facts, number))
    return found


def _candidate(entry: Entry, met: list[Condition], facts: dict[str, Any], number: int) -> Candidate:
    evidence = tuple(EvidenceLine(one.source, None, quote(as_text(_value(one.show, facts)))) for one in met)
    values = {name: as_text(_value(expression, facts)) for one in met for name, expression in one.bind.items()}
    confidence = met[0].confidence or entry.confidence
    if any(holds(expression, facts) for expression in entry.high_when):
        confidence = "high"
    return Candidate(entry, confidence, (FACTS_RANK, 0, number), evidence, values)


def as_text(value: Any) -> str:
    """A fact as it is quoted."""
    if value is None:
        return ""
    if isinstance(value, list):
        return ", ".join(as_text(one) for one in value)
    return str(value)


def _value(expression: str, facts: dict[str, Any]) -> Any:
    import jmespath  # not before there are facts: reading a log needs nothing but Python

    try:
        return jmespath.search(expression, facts)
    except jmespath.exceptions.JMESPathTypeError:
        return None  # a payload of another shape than documented proves nothing
