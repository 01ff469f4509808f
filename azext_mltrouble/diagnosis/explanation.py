"""What a finding means, told without any evidence: from the knowledge alone."""
from __future__ import annotations

from typing import Any

from azext_mltrouble.diagnosis.knowledge import Entry, load, load_samples
from azext_mltrouble.diagnosis.template import fill_command, fill_text

#: What people call each kind of text.
_TEXTS = {
    "build_log": "image build log",
    "container_log": "container log",
    "deploy_error": "deployment error",
    "http_error": "HTTP answer",
    "state": "state or event",
    "cli_error": "command error",
    "template": "ARM template",
}
_ANY_TEXT = "any text"


def explain(code: str) -> dict[str, Any]:
    """One entry in full.

    ``recognisedBy`` has ``{in, text}`` for a wording to look for in these kinds of text, and ``{in, condition}`` for a
    JMESPath condition on what Azure says. ``sample`` and ``nearMiss`` have ``where`` and ``text``; they are null where
    the proof is no text. Placeholders of templates stand in capitals. Raises KeyError for an unknown code.
    """
    entry = next((one for one in load().entries if one.code == code), None)
    if entry is None:
        raise KeyError(code)
    examples = load_samples()[code]
    return {
        **_in_short(entry),
        "generations": list(entry.generations),
        "meaning": fill_text(entry.summary, {}),
        "recognisedBy": _recognised_by(entry),
        "sample": _first_text(examples["samples"]),
        "nearMiss": _first_text(examples["near_misses"]),
        "remedy": {
            "text": fill_text(entry.remedy_text, {}),
            "commands": [fill_command(command, {}) for command in entry.remedy_commands],
        },
        "docUrl": entry.doc_url,
        "documents": list(examples["documents"]),
    }


def list_codes() -> list[dict[str, Any]]:
    """Every entry in short, by code."""
    return [_in_short(entry) for entry in sorted(load().entries, key=lambda entry: entry.code)]


def _in_short(entry: Entry) -> dict[str, Any]:
    return {
        "code": entry.code,
        "cause": entry.cause,
        "title": entry.title,
        "stage": entry.stage,
        "severity": entry.severity,
    }


def _recognised_by(entry: Entry) -> list[dict[str, str]]:
    texts = dict.fromkeys(pattern.literal.strip() for pattern in entry.patterns)
    by_text = [{"in": _places(entry, text), "text": text} for text in texts]
    by_fact = [{"in": condition.source, "condition": condition.when} for condition in entry.facts]
    by_judgement = [{"in": _TEXTS["template"], "condition": entry.judgement}] if entry.judgement else []
    return by_text + by_fact + by_judgement


def _places(entry: Entry, text: str) -> str:
    """The kinds of text in which a wording counts, over all patterns that look for it."""
    patterns = [pattern for pattern in entry.patterns if pattern.literal.strip() == text]
    if not all(pattern.where for pattern in patterns):
        return _ANY_TEXT
    wheres = frozenset().union(*(pattern.where for pattern in patterns))
    return ", ".join(name for where, name in _TEXTS.items() if where in wheres)


def _first_text(examples: list[dict[str, Any]]) -> dict[str, str | None] | None:
    return next(
        ({"where": one.get("where"), "text": one["text"]} for one in examples if "text" in one),
        None,
    )
