"""The report as SARIF 2.1.0 (OASIS standard), for code scanning and pipelines.

Findings are results, their causes are rules, and checks that could not run are notifications of the invocation.
"""
from __future__ import annotations

import json
from typing import Any
from urllib.parse import quote

from .text import clean, clip, one_line
from .wording import Report, all_findings, as_reports, checks, target_name, web_address

_SCHEMA = "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json"
_LEVELS = {"error": "error", "warning": "warning", "info": "note"}
_QUOTE_LIMIT = 4000


def render_sarif(result: Report | list[Report]) -> str:
    """A SARIF log with one run for one report or several."""
    reports = as_reports(result)
    findings = [(report, finding) for report in reports for finding in all_findings(report)]
    rules: dict[str, dict[str, Any]] = {}
    for _, finding in findings:
        rules.setdefault(one_line(finding["code"]), _rule(finding))
    indexes = {code: index for index, code in enumerate(rules)}
    run = {
        "tool": {"driver": {"name": "mltrouble", "rules": list(rules.values())}},
        "invocations": [
            {
                "executionSuccessful": True,
                "toolExecutionNotifications": [note for report in reports for note in _notifications(report)],
            }
        ],
        "results": [_result(report, finding, indexes) for report, finding in findings],
    }
    return json.dumps({"$schema": _SCHEMA, "version": "2.1.0", "runs": [run]}, indent=2) + "\n"


def _rule(finding: dict[str, Any]) -> dict[str, Any]:
    rule = {
        "id": one_line(finding["code"]),
        "name": one_line(finding["cause"]),
        "shortDescription": {"text": one_line(finding["title"])},
        "help": {"text": _remedy(finding)},
        "defaultConfiguration": {"level": _level(finding)},
        "properties": {"tags": [one_line(finding["stage"])]},
    }
    address = web_address(finding["docUrl"])
    return {**rule, "helpUri": address} if address else rule


def _level(finding: dict[str, Any]) -> str:
    return _LEVELS.get(finding["severity"], "warning")


def _remedy(finding: dict[str, Any]) -> str:
    remedy = finding["remedy"]
    return "\n".join([one_line(remedy["text"]), *map(clean, remedy["commands"])])


def _result(report: Report, finding: dict[str, Any], indexes: dict[str, int]) -> dict[str, Any]:
    code = one_line(finding["code"])
    locations: list[dict[str, Any]] = []
    for evidence in finding["evidence"]:
        location = _location(report, evidence)
        if location not in locations:  # The standard wants them unique.
            locations.append(location)
    return {
        "ruleId": code,
        "ruleIndex": indexes[code],
        "level": _level(finding),
        "message": {"text": _escape_links(f"{one_line(finding['summary'])}\n{_remedy(finding)}")},
        "locations": locations[:1] or [{"logicalLocations": _logical(report)}],
        "relatedLocations": locations[1:],
        "properties": {
            "stage": one_line(finding["stage"]),
            "confidence": one_line(finding["confidence"]),
            "rootCause": finding == report["rootCause"],
        },
    }


def _escape_links(text: str) -> str:
    # SARIF 2.1.0, 3.11.6: square brackets in plain text make links unless they are escaped.
    return text.replace("\\", "\\\\").replace("[", "\\[").replace("]", "\\]")


def _location(report: Report, evidence: dict[str, Any]) -> dict[str, Any]:
    snippet = {"text": clip(clean(evidence["text"]), _QUOTE_LIMIT)}
    return {
        "physicalLocation": {
            "artifactLocation": {"uri": quote(one_line(evidence["source"]), safe="/")},
            # A fact without a line stands for its whole source; code scanning needs a line nevertheless.
            "region": {"startLine": evidence["line"] or 1, "snippet": snippet},
        },
        "logicalLocations": _logical(report),
    }


def _logical(report: Report) -> list[dict[str, Any]]:
    return [{"name": target_name(report), "kind": "resource"}]


def _notifications(report: Report) -> list[dict[str, Any]]:
    return [
        _notification(f"{target_name(report)}, {one_line(stage)}", check)
        for stage, check in checks(report)
        if check["status"] == "unknown"
    ]


def _notification(where: str, check: dict[str, Any]) -> dict[str, Any]:
    text = f"{where}: {one_line(check['title'])} is unknown: {one_line(check['detail'])}"
    return {
        "descriptor": {"id": one_line(check["id"])},
        "level": "warning",
        "message": {"text": _escape_links(text)},
    }
