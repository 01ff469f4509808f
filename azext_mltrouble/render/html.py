"""The report as one HTML page that needs nothing else: no script, no request, safe with hostile logs.

The page's content security policy allows its own style sheet, by its hash, and nothing besides.
"""
from __future__ import annotations

import base64
import hashlib
import re
from collections.abc import Iterable
from html import escape
from typing import Any

from .html_style import STYLE
from .text import clean, clip, one_line
from .wording import (
    Report,
    as_reports,
    check_counts,
    duration,
    headline,
    other_findings,
    place,
    redactions,
    target_facts,
    target_kind,
    target_name,
    web_address,
)

#: Style class and shape of every verdict, status and severity: colour alone says nothing to some readers.
_LOOKS = {
    "failed": ("bad", "✕"),
    "error": ("bad", "✕"),
    "degraded": ("doubtful", "!"),
    "warning": ("doubtful", "!"),
    "healthy": ("good", "✓"),
    "passed": ("good", "✓"),
    "info": ("muted", "i"),
    "skipped": ("muted", "-"),
    "unknown": ("muted", "?"),
}
#: The stages in the order in which they happen. Access cuts across them: it stands beside the line.
_LINE = ("register", "image", "deploy", "launch", "scoring", "scale")
_OPTION = re.compile(r"(?<!\S)--?[a-z][a-z0-9-]{0,30}(?!\S)")
#: Characters of a quoted log line; the reason is at one of its ends.
_QUOTE_LIMIT = 4000


def render_html(result: Report | list[Report]) -> str:
    """A whole HTML document for one report or several."""
    reports = as_reports(result)
    several = len(reports) != 1
    title = f"{len(reports)} deployments" if several else f"{target_name(reports[0])}: {headline(reports[0])}"
    body = _several(reports) if several else _report(reports[0], "report", 1)
    digest = base64.b64encode(hashlib.sha256(STYLE.encode()).digest()).decode()
    policy = f"default-src 'none'; style-src 'sha256-{digest}'; base-uri 'none'; form-action 'none'"
    return f"""<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="{policy}">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<meta name="referrer" content="no-referrer">
<title>{_text(title)}</title>
<style>{STYLE}</style>
</head>
<body>
<main>
{body}
</main>
<footer><p>Written by <code>az ml trouble diagnose</code>. Secrets were hidden before anything was written.</p></footer>
</body>
</html>
"""


def _text(value: Any) -> str:
    return escape(one_line(value))


def _join(parts: Iterable[str]) -> str:
    return "\n".join(part for part in parts if part)


def _several(reports: list[Report]) -> str:
    verdicts = [report["verdict"] for report in reports]
    counts = ", ".join(
        f"{verdicts.count(verdict)} {verdict}" for verdict in ("failed", "degraded", "unknown", "healthy")
        if verdict in verdicts
    )
    entries = _join(
        f'<li class="{_tone(report["verdict"])}">{_mark(report["verdict"])}'
        f'<a href="#report-{number}">{_text(target_name(report))}</a> {_text(headline(report))}</li>'
        for number, report in enumerate(reports, 1)
    )
    return _join(
        [
            f"<header><h1>{len(reports)} deployments</h1><p>{_text(counts)}</p></header>",
            f'<nav aria-label="Deployments"><ul class="index">{entries}</ul></nav>' if reports else "",
            *(_report(report, f"report-{number}", 2) for number, report in enumerate(reports, 1)),
        ]
    )


def _report(report: Report, anchor: str, level: int) -> str:
    return _join(
        [
            f'<article id="{anchor}" class="report">',
            _head(report, level),
            _stage_line(report),
            _root_cause(report["rootCause"], level + 1),
            _section("Next steps", level + 1, _commands(report["nextSteps"])),
            _section("Other findings" if report["rootCause"] else "Findings", level + 1, _findings(report, level + 2)),
            _section("Checks", level + 1, _checks(report, level + 2)),
            _section("Redactions", level + 1, _paragraph(redactions(report))),
            "</article>",
        ]
    )


def _head(report: Report, level: int) -> str:
    facts = "".join(
        f"<div><dt>{_text(label)}</dt><dd>{_text(value)}</dd></div>" for label, value in target_facts(report)
    )
    return (
        f'<header class="{_tone(report["verdict"])}">'
        f'<p class="target">{_text(target_kind(report))} <b>{_text(target_name(report))}</b></p>'
        f"<h{level}>{_mark(report['verdict'])}{_text(headline(report))}</h{level}>"
        f"{f'<dl>{facts}</dl>' if facts else ''}</header>"
    )


def _stage_line(report: Report) -> str:
    """The way of a deployment, whole, so that the stage that failed is seen where it stands."""
    statuses = dict.fromkeys(_LINE, "not checked")
    statuses.update((stage["stage"], stage["status"]) for stage in report["stages"])
    if report["verdict"] == "failed" and report["failedStage"]:
        statuses[report["failedStage"]] = "failed"
    steps = "".join(
        f'<li class="{_tone(status)}{"" if stage in _LINE else " aside"}">{_mark(status)}'
        f"<b>{_text(stage)}</b> <span>{_text(status)}</span></li>"
        for stage, status in statuses.items()
    )
    return f'<ol class="stages" aria-label="Stages of the deployment">{steps}</ol>'


def _root_cause(finding: dict[str, Any] | None, level: int) -> str:
    if finding is None:
        return ""
    return (
        f'<section class="cause"><div><h{level}>Root cause</h{level}>'
        f'<p class="title">{_code(finding)} {_text(finding["title"])}</p>'
        f"{_paragraph(finding['summary'])}{_proof(finding)}"
        f'<p class="fine">Confidence: {_text(finding["confidence"])}. {_documentation(finding)}</p></div>'
        f"<div><h{level}>Do this</h{level}>{_remedy(finding)}</div></section>"
    )


def _findings(report: Report, level: int) -> str:
    return _join(
        f'<section class="finding {_tone(finding["severity"])}">'
        f"<h{level}>{_mark(finding['severity'])}{_text(finding['title'])}</h{level}>"
        f'<p class="fine">{_code(finding)} {_text(finding["severity"])} at {_text(finding["stage"])}, '
        f"confidence {_text(finding['confidence'])}. {_documentation(finding)}</p>"
        f"{_paragraph(finding['summary'])}{_proof(finding)}{_remedy(finding)}</section>"
        for finding in other_findings(report)
    )


def _proof(finding: dict[str, Any]) -> str:
    return "".join(
        f"<figure><figcaption>{_text(place(evidence))}</figcaption>"
        f"<pre><samp>{escape(clip(clean(evidence['text']), _QUOTE_LIMIT))}</samp></pre></figure>"
        for evidence in finding["evidence"]
    )


def _remedy(finding: dict[str, Any]) -> str:
    return _paragraph(finding["remedy"]["text"]) + _commands(finding["remedy"]["commands"])


def _commands(commands: list[str]) -> str:
    return "".join(f'<pre class="command"><code>{_command(command)}</code></pre>' for command in commands)


def _command(command: str) -> str:
    # Browsers break a line after a hyphen, which would tear the name of an option.
    return _OPTION.sub(r'<span class="option">\g<0></span>', escape(clean(command)))


def _checks(report: Report, level: int) -> str:
    stages = (
        f"<section><h{level}>{_text(stage['stage'])}</h{level}>"
        f'<ul class="checks">{"".join(map(_check, stage["checks"]))}</ul></section>'
        for stage in report["stages"]
        if stage["checks"]
    )
    return "".join([_paragraph(check_counts(report)), *stages])


def _check(check: dict[str, Any]) -> str:
    detail = f'<span class="detail">{_text(check["detail"])}</span>' if check["detail"] else ""
    return (
        f'<li class="{_tone(check["status"])}">{_mark(check["status"])}'
        f'<span class="status">{_text(check["status"])}</span> <b>{_text(check["title"])}</b> {detail} '
        f'<span class="time">{_text(duration(check["durationMs"]))}</span></li>'
    )


def _section(title: str, level: int, content: str) -> str:
    return f"<section><h{level}>{title}</h{level}>{content}</section>" if content else ""


def _paragraph(text: Any) -> str:
    return f"<p>{_text(text)}</p>" if text else ""


def _code(finding: dict[str, Any]) -> str:
    return f'<span class="code">{_text(finding["code"])}</span>'


def _documentation(finding: dict[str, Any]) -> str:
    address = web_address(finding["docUrl"])
    return f'<a href="{escape(address)}" rel="noopener noreferrer">Documentation</a>' if address else ""


def _mark(word: str) -> str:
    return f'<span class="mark" aria-hidden="true">{_LOOKS.get(word, _LOOKS["unknown"])[1]}</span>'


def _tone(word: str) -> str:
    """The style class of a verdict, status or severity."""
    return _LOOKS.get(word, _LOOKS["unknown"])[0]
