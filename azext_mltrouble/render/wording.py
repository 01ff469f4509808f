"""The words and selections that every format shares, so that they all say the same thing."""
from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

from .text import display_width, one_line

Report = dict[str, Any]

#: Check statuses, the ones that matter most first.
STATUSES = ("failed", "warning", "unknown", "passed", "skipped")
#: The characters of RFC 3986, as far as they mean nothing to HTML and Markdown.
_WEB_ADDRESS = re.compile(r"https?://[A-Za-z0-9.-]+(?::[0-9]+)?(?:[/?#][A-Za-z0-9\-._~:/?#@!$&+,;=%]*)?")
_KINDS = {
    "service": "Service",
    "endpoint": "Endpoint",
    "log": "Log",
    "bundle": "Bundle",
    "vault": "Key vault",
    "template": "Template",
}


def as_reports(result: Report | list[Report]) -> list[Report]:
    """One report or several, as a list."""
    return result if isinstance(result, list) else [result]


def target_name(report: Report) -> str:
    """What was diagnosed, in one line; its kind where it has no name."""
    target = report["target"]
    return one_line(target["name"] or target_kind(report).lower())


def headline(report: Report) -> str:
    """The verdict as a person would say it."""
    verdict, stage = report["verdict"], one_line(report["failedStage"] or "")
    if verdict == "healthy":
        return "Healthy"
    if verdict == "unknown":
        return f"No known cause found at {stage}" if stage else "No known cause found"
    word = "Degraded" if verdict == "degraded" else "Failed"
    return f"{word} at {stage}" if stage else word


def target_kind(report: Report) -> str:
    """The kind of the target as a label."""
    return _KINDS.get(report["target"]["kind"], "Target")


def target_facts(report: Report) -> list[tuple[str, str]]:
    """What is known about the target besides its name: (label, value)."""
    target = report["target"]
    facts = [
        ("State", target["state"]),
        ("Generation", target["generation"]),
        ("Compute", target["compute"]),
        ("Workspace", target["workspace"]),
        ("Resource group", target["resourceGroup"]),
    ]
    return [(label, one_line(value)) for label, value in facts if value]


def other_findings(report: Report) -> list[dict[str, Any]]:
    """The findings besides the root cause."""
    return [finding for finding in report["findings"] if finding != report["rootCause"]]


def all_findings(report: Report) -> list[dict[str, Any]]:
    """The root cause, if there is one, then the other findings."""
    root_cause = report["rootCause"]
    return [root_cause, *other_findings(report)] if root_cause else other_findings(report)


def checks(report: Report) -> Iterator[tuple[str, dict[str, Any]]]:
    """Every check with its stage, in the order of the stages."""
    for stage in report["stages"]:
        for check in stage["checks"]:
            yield stage["stage"], check


def check_counts(report: Report) -> str:
    """``1 failed, 2 unknown, 9 passed``; empty without checks."""
    statuses = [check["status"] for _, check in checks(report)]
    counts = ((statuses.count(status), status) for status in STATUSES)
    return ", ".join(f"{count} {status}" for count, status in counts if count)


def place(evidence: dict[str, Any]) -> str:
    """Where a quoted line stands."""
    source, line = one_line(evidence["source"]), evidence["line"]
    return source if line is None else f"{source}, line {line}"


def duration(milliseconds: int) -> str:
    """A duration for people; empty when it was not measured."""
    if not milliseconds:
        return ""
    return f"{milliseconds} ms" if milliseconds < 1000 else f"{milliseconds / 1000:.1f} s"


def redactions(report: Report) -> str:
    """``3 secrets hidden (2 sas, 1 jwt)``; empty when there were none."""
    counts = {one_line(kind): count for kind, count in sorted(report["redactions"].items()) if count}
    total = sum(counts.values())
    if not total:
        return ""
    kinds = ", ".join(f"{count} {kind}" for kind, count in counts.items())
    return f"{total} {'secret' if total == 1 else 'secrets'} hidden ({kinds})"


def web_address(url: Any) -> str | None:
    """``url`` if it is one that may become a link: an absolute http or https address without spaces or quotes."""
    return url if isinstance(url, str) and _WEB_ADDRESS.fullmatch(url) else None


def short_address(url: str, width: int) -> str:
    """``url`` if it fits ``width`` columns, else without its fragment, else nothing: a broken address leads nowhere."""
    page = url.partition("#")[0]
    return next((address for address in (url, page) if display_width(address) <= width), "")
