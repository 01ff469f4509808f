"""Rows for ``-o table``: at most 100 columns wide, whatever the report holds.

az prints the rows with tabulate, which pads by the number of characters (or, where the wcwidth package happens to be
installed, by terminal columns). So only a row's last cell, which is not padded, may hold more than plain ASCII.
"""
from __future__ import annotations

from collections import OrderedDict
from collections.abc import Iterable
from typing import Any

from .command_line import fit_command
from .text import clip, one_line, wrap, wrap_words
from .wording import (
    Report,
    check_counts,
    checks,
    headline,
    other_findings,
    place,
    redactions,
    short_address,
    target_facts,
    target_kind,
    target_name,
)

Row = OrderedDict[str, str]

#: Columns of the whole table.
WIDTH = 100
_GAP = 2
#: tabulate makes a column two wider than its header.
_HEADER_PADDING = 2
#: Columns of a value.
VALUE_WIDTH = WIDTH - len("Collected") - _GAP

_PROSE_LIMIT = 500
_LOG_LINE_LIMIT = 250
_MOST_PROOFS = 3
_MOST_COMMANDS = 4
_MOST_FINDINGS = 5
_MOST_CHECKS = 8
_STATUS_WORDS = {"failed": "FAILED"}
_NOTABLE = ("failed", "warning", "unknown")
_COLLECTED_LISTS = {"Collected": "collected", "Absent": "absent", "Unread": "unavailable"}
#: The overview's columns before the last one, and the most characters of each.
_OVERVIEW_COLUMNS = {"Name": 32, "State": 14, "Verdict": 8, "Stage": 8}


def diagnose_table(result: Report | list[Report]) -> list[Row]:
    """Rows for ``az ml trouble diagnose``: a page for one report, a row per deployment for a list of them."""
    return _overview(result) if isinstance(result, list) else _page(result)


def collect_table(result: dict[str, Any]) -> list[Row]:
    """Rows for ``az ml trouble collect``: the bundle, what is in it, and what could not be read and why."""
    sources = {label: result.get(key) or [] for label, key in _COLLECTED_LISTS.items()}
    counts = [f"{len(items)} {label.lower()}" for label, items in sources.items() if items]
    sections = [
        ("Path", wrap(one_line(result.get("path") or ""), VALUE_WIDTH)),
        ("Size", prose(_size(result.get("sizeBytes")))),
        *((label, _lines(_source(item) for item in items)) for label, items in sources.items()),
        ("Redacted", prose(redactions({"redactions": result.get("redactions") or {}}))),
    ]
    return two_columns("Bundle", f"Written: {', '.join(counts)}" if counts else "Written", sections)


def _source(item: Any) -> str:
    if not isinstance(item, dict):
        return str(item)
    return ": ".join(str(item[key]) for key in ("source", "detail") if item.get(key))


def _size(size: int | None) -> str:
    if size is None:
        return ""
    for unit, bytes_in_unit in (("MiB", 1024 * 1024), ("KiB", 1024)):
        if size >= bytes_in_unit:
            return f"{size / bytes_in_unit:.1f} {unit}"
    return f"{size} bytes"


def _page(report: Report) -> list[Row]:
    return two_columns("Verdict", headline(report), report_sections(report))


def report_sections(report: Report) -> list[tuple[str, list[str]]]:
    """What a page says of a report: a label and lines for each section; empty where there is nothing to say."""
    root_cause = report["rootCause"]
    facts = [f"{label.lower()} {value}" for label, value in target_facts(report)]
    return [
        (target_kind(report), prose(", ".join([target_name(report), *facts]))),
        ("Stages", _stage_line(report["stages"])),
        *(root_cause_sections(root_cause) if root_cause else []),
        ("Also", _findings(other_findings(report))),
        ("Checks", _checks(report)),
        ("Next", command_lines(report["nextSteps"], "nextSteps", VALUE_WIDTH)),
        ("Redacted", prose(redactions(report))),
    ]


def _stage_line(stages: list[dict[str, Any]]) -> list[str]:
    parts = [one_line(f"{stage['stage']} {_STATUS_WORDS.get(stage['status'], stage['status'])}") for stage in stages]
    return wrap_words([f"{part} >" for part in parts[:-1]] + parts[-1:], VALUE_WIDTH)


def root_cause_sections(finding: dict[str, Any]) -> list[tuple[str, list[str]]]:
    """A finding as sections of a page: what it is, what proves it, and how to fix it."""
    remedy = finding["remedy"]
    proof = finding["evidence"]
    return [
        ("Cause", prose(f"{_title(finding)} (confidence: {finding['confidence']})") + prose(finding["summary"])),
        ("Proof", _at_most(_MOST_PROOFS, [_proof(evidence) for evidence in proof], "rootCause.evidence")),
        ("Fix", prose(remedy["text"]) + command_lines(remedy["commands"], "rootCause.remedy.commands", VALUE_WIDTH)),
        ("Docs", _address(finding["docUrl"])),
    ]


def _proof(evidence: dict[str, Any]) -> list[str]:
    return prose(f"{place(evidence)}:") + prose(evidence["text"], _LOG_LINE_LIMIT)


def _title(finding: dict[str, Any]) -> str:
    return f"{finding['code']} {finding['title']}"


def _address(url: str | None) -> list[str]:
    address = short_address(one_line(url or ""), VALUE_WIDTH)
    return [address] if address else []


def _findings(findings: list[dict[str, Any]]) -> list[str]:
    lines = [prose(f"{finding['severity']} at {finding['stage']}: {_title(finding)}") for finding in findings]
    return _at_most(_MOST_FINDINGS, lines, "findings")


def _checks(report: Report) -> list[str]:
    """How many checks ended how, then those that did not pass, with the reason."""
    notable = sorted(
        ((stage, check) for stage, check in checks(report) if check["status"] in _NOTABLE),
        key=lambda stage_and_check: _NOTABLE.index(stage_and_check[1]["status"]),
    )
    lines = [
        prose(": ".join(part for part in (f"{check['status']} at {stage}", check["title"], check["detail"]) if part))
        for stage, check in notable
    ]
    return prose(check_counts(report)) + _at_most(_MOST_CHECKS, lines, "stages")


def _at_most(most: int, items: list[list[str]], query: str) -> list[str]:
    shown = [line for item in items[:most] for line in item]
    left = len(items) - most
    return [*shown, f"and {left} more: -o json --query {query}"] if left > 0 else shown


def command_lines(commands: list[str], query: str, width: int) -> list[str]:
    """Commands that can be copied; ``query`` is where they stand in the result, for those that do not fit."""
    fitted = [_fitted(command, query, width) for command in commands]
    return _at_most(_MOST_COMMANDS, fitted, query)


def _fitted(command: str, query: str, width: int) -> list[str]:
    return fit_command(command, width) or wrap(f"(does not fit a table: -o tsv --query {query})", width)


def _overview(reports: list[Report]) -> list[Row]:
    narrow = [
        OrderedDict(
            (name, ascii_cell(value, limit))
            for (name, limit), value in zip(
                _OVERVIEW_COLUMNS.items(),
                (target_name(report), report["target"]["state"], report["verdict"], report["failedStage"]),
            )
        )
        for report in reports
    ]
    taken = sum(_column_width(name, [row[name] for row in narrow]) + _GAP for name in _OVERVIEW_COLUMNS)
    for row, report in zip(narrow, reports):
        row["Cause and first step"] = "\n".join(_first_step(report, WIDTH - taken))
    return narrow


def _first_step(report: Report, width: int) -> list[str]:
    """The cause, then on lines of its own, so that it can be copied, the command to begin with."""
    root_cause = report["rootCause"]
    if root_cause is None:
        commands, lines = report["nextSteps"], []
    else:
        commands, lines = root_cause["remedy"]["commands"], wrap(clip(one_line(_title(root_cause)), 120), width)
        if not commands:
            lines += wrap(clip(one_line(root_cause["remedy"]["text"]), 120), width)
    if commands:
        lines += fit_command(commands[0], width) or wrap("(the command does not fit a table: -o json)", width)
    return lines


def _column_width(name: str, cells: list[str]) -> int:
    return max(len(name) + _HEADER_PADDING, *map(len, cells)) if cells else 0


def ascii_cell(text: str | None, limit: int) -> str:
    """A cell that is not a row's last: at most ``limit`` characters of plain ASCII."""
    return clip(one_line(text or "").encode("ascii", "replace").decode("ascii"), limit)


def prose(text: Any, limit: int = _PROSE_LIMIT) -> list[str]:
    """A text of at most ``limit`` characters in lines that fit a value."""
    return wrap(clip(one_line(text), limit), VALUE_WIDTH)


def _lines(items: Iterable[str]) -> list[str]:
    return [line for item in items for line in prose(item)]


def two_columns(
    label: str, answer: str, sections: list[tuple[str, list[str]]], width: int = VALUE_WIDTH
) -> list[Row]:
    """A row per section that has something to say; the answer stands in the header, where it is seen first.

    ``width`` is what the values take at most, in columns.
    """
    header = wrap(answer, width - _HEADER_PADDING)[0]
    return [OrderedDict([(label, name), (header, "\n".join(lines))]) for name, lines in sections if lines]
