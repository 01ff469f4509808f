"""The report as Markdown (GitHub flavour, which Azure DevOps reads too), for pull requests and issues.

Text from a report is escaped: it makes no markup, mentions no one and refers to nothing.
"""
from __future__ import annotations

import re
from typing import Any

from .text import clean, clip, one_line
from .wording import (
    Report,
    all_findings,
    as_reports,
    checks,
    duration,
    headline,
    place,
    redactions,
    target_facts,
    target_kind,
    target_name,
    web_address,
)

_SPECIAL = re.compile(r"([\\`*_{}\[\]()#+\-.!|~:$])")
#: What GitHub turns into mentions and references even where it is escaped; an empty comment parts it unseen.
_REFERENCE = re.compile(r"@(?=\w)|(?<=#)(?=\d)|(?<=GH\\-)(?=\d)", re.IGNORECASE)
_COMMENT = "<!-- -->"
_QUOTE_LIMIT = 2000


def render_markdown(result: Report | list[Report]) -> str:
    """A Markdown document for one report or several."""
    reports = as_reports(result)
    if not reports:
        return "No deployments.\n"
    return "\n\n".join(block for report in reports for block in _report(report) if block) + "\n"


def _report(report: Report) -> list[str]:
    facts = "".join(f" · {_escape(label)} {_escape(value)}" for label, value in target_facts(report))
    return [
        f"## {_escape(target_kind(report))} {_escape(target_name(report))}: {_escape(headline(report))}",
        f"**{_escape(report['verdict'])}**{facts}",
        _stages(report["stages"]),
        *(block for finding in all_findings(report) for block in _finding(finding, finding == report["rootCause"])),
        _titled("### Next steps", _commands(report["nextSteps"])),
        _titled("### Checks", _checks(report)),
        _escape(redactions(report)),
    ]


def _stages(stages: list[dict[str, Any]]) -> str:
    if not stages:
        return ""
    names = " | ".join(_escape(stage["stage"]) for stage in stages)
    statuses = " | ".join(_strong_if_failed(stage["status"]) for stage in stages)
    return f"| {names} |\n|{' --- |' * len(stages)}\n| {statuses} |"


def _strong_if_failed(status: str) -> str:
    return f"**{_escape(status)}**" if status == "failed" else _escape(status)


def _finding(finding: dict[str, Any], is_root_cause: bool) -> list[str]:
    address = web_address(finding["docUrl"])
    label = "Root cause" if is_root_cause else str(finding["severity"]).capitalize()
    return [
        f"### {_escape(label)}: {_escape(finding['code'])} {_escape(finding['title'])}",
        _escape(finding["summary"]),
        *(
            f"{_escape(place(evidence))}\n\n{fenced(clip(clean(evidence['text']), _QUOTE_LIMIT), 'text')}"
            for evidence in finding["evidence"]
        ),
        _titled("**Fix**", "\n\n".join(filter(None, [_escape(finding["remedy"]["text"]), _remedy_commands(finding)]))),
        f"Confidence: {_escape(finding['confidence'])}" + (f" · [Documentation](<{address}>)" if address else ""),
    ]


def _remedy_commands(finding: dict[str, Any]) -> str:
    return _commands(finding["remedy"]["commands"])


def _commands(commands: list[str]) -> str:
    return fenced("\n".join(map(clean, commands)), "bash") if commands else ""


def _checks(report: Report) -> str:
    rows = [
        " | ".join(
            (
                _escape(stage),
                _strong_if_failed(check["status"]),
                _escape(check["title"]),
                _escape(check["detail"]),
                duration(check["durationMs"]),
            )
        )
        for stage, check in checks(report)
    ]
    table = ["Stage | Status | Check | Detail | Time", "--- | --- | --- | --- | ---:", *rows]
    return "\n".join(f"| {row} |" for row in table) if rows else ""


def _titled(title: str, content: str) -> str:
    return f"{title}\n\n{content}" if content else ""


def _escape(value: Any) -> str:
    """One line of text that means only itself."""
    text = one_line(value).replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
    return _REFERENCE.sub(lambda found: found.group() + _COMMENT, _SPECIAL.sub(r"\\\1", text))


def fenced(text: str, language: str) -> str:
    """A code block whose fence is longer than any run of backticks in it, so that nothing gets out."""
    longest = max((len(run) for run in re.findall("`+", text)), default=0)
    fence = "`" * max(3, longest + 1)
    return f"{fence}{language}\n{text}\n{fence}"
