"""Load, capacity and refused requests over time as one HTML page: no script, no request, light and dark."""
from __future__ import annotations

import base64
import hashlib
from collections.abc import Sequence
from datetime import datetime, timezone
from html import escape
from typing import Any

from .text import one_line

_WIDTH, _HEIGHT = 960, 190
_LEFT, _RIGHT, _TOP, _BOTTOM = 56, 12, 14, 26
_TICKS_OF_TIME = 6

STYLE = """
:root {
  color-scheme: light dark;
  --page: #f4f6f8; --card: #ffffff; --ink: #18212b; --soft: #51606f; --line: #d5dce3;
  --load: #5b8fc7; --capacity: #14603a; --refused: #b3221d; --command: #101a26; --command-ink: #e9f1f8;
}
@media (prefers-color-scheme: dark) {
  :root {
    --page: #0e1319; --card: #171e27; --ink: #e4eaf0; --soft: #a3b1bf; --line: #2d3946;
    --load: #4677ab; --capacity: #74d39a; --refused: #ff948c; --command: #05090e; --command-ink: #e2edf6;
  }
}
* { box-sizing: border-box; }
body {
  margin: 0; background: var(--page); color: var(--ink); overflow-wrap: anywhere;
  font: 1rem/1.55 system-ui, -apple-system, "Segoe UI", Roboto, "Helvetica Neue", sans-serif;
}
main { max-width: 76rem; margin: 0 auto; padding: 1.5rem clamp(.75rem, 3vw, 2rem); display: grid; gap: 1.5rem; }
main > * { min-width: 0; }
h1, h2 { margin: 0; line-height: 1.25; font-weight: 650; }
h1 { font-size: clamp(1.6rem, 4.5vw, 2.25rem); letter-spacing: -.015em; }
h2 { font-size: 1.2rem; }
p { margin: .5rem 0 0; }
.fine, figcaption span { color: var(--soft); font-size: .875rem; }
figure, .card {
  margin: 0; padding: 1rem; background: var(--card); border: 1px solid var(--line); border-radius: .75rem;
}
figcaption { display: flex; flex-wrap: wrap; gap: .1rem 1rem; align-items: baseline; font-weight: 650; }
svg { display: block; width: 100%; height: auto; margin-top: .5rem; }
svg text { fill: var(--soft); font-size: 12px; }
.grid { stroke: var(--line); stroke-width: 1; }
.load { fill: var(--load); fill-opacity: .55; }
.capacity { fill: none; stroke: var(--capacity); stroke-width: 2; stroke-dasharray: 7 3; }
.refused { fill: var(--refused); }
.key { display: flex; flex-wrap: wrap; gap: .25rem 1.5rem; list-style: none; margin: .5rem 0 0; padding: 0; }
.key svg { display: inline-block; width: 28px; height: 12px; margin: 0 .5ch 0 0; }
.scroll { overflow-x: auto; }
table { border-collapse: collapse; width: 100%; font-variant-numeric: tabular-nums; }
th, td { padding: .35rem .75rem; text-align: end; border-bottom: 1px solid var(--line); white-space: nowrap; }
th:first-child, td:first-child { text-align: start; }
th { color: var(--soft); font-size: .875rem; font-weight: 600; }
ul.notes { margin: .5rem 0 0; padding-inline-start: 1.2rem; }
pre {
  margin: .5rem 0 0; padding: .75rem 1rem; border-radius: .5rem; overflow-x: auto; white-space: pre-wrap;
  background: var(--command); color: var(--command-ink);
  font: .875rem/1.5 ui-monospace, "Cascadia Code", "SF Mono", Menlo, Consolas, monospace;
}
@media print { figure, .card { break-inside: avoid; } }
"""


def render_autoscale_html(title: str, recommendation: dict[str, Any], timelines: Sequence[dict[str, Any]]) -> str:
    """A whole HTML document.

    ``recommendation`` is what ``autoscale recommend`` returns. Each of ``timelines`` has ``title``, ``start`` (epoch
    seconds), ``step`` (s) and, per step, ``load`` and ``capacity`` (requests in work) and ``refused`` (requests); they
    share one scale, so that they can be compared. Without timelines the page has no charts.
    """
    digest = base64.b64encode(hashlib.sha256(STYLE.encode()).digest()).decode()
    policy = f"default-src 'none'; style-src 'sha256-{digest}'; base-uri 'none'; form-action 'none'"
    parts = [
        f"<header><h1>{_text(title)}</h1>{_summary(recommendation['recommendation'])}</header>",
        _charts(timelines),
        _table(recommendation),
        _notes("Why requests are refused now", recommendation["reasons"]),
        _notes("Warnings", recommendation["warnings"]),
        _commands(recommendation["commands"]),
        _notes("Assumptions", recommendation["assumptions"]),
    ]
    body = "\n".join(part for part in parts if part)
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
</body>
</html>
"""


def chart(timeline: dict[str, Any], top: float, most_refused: int) -> str:
    """One timeline as SVG: load as an area, capacity as a dashed line, refused requests as bars from above.

    ``top`` is the height of the scale in requests in work, ``most_refused`` the number that fills half the height.
    """
    load, capacity, refused = timeline["load"], timeline["capacity"], timeline["refused"]
    width = (_WIDTH - _LEFT - _RIGHT) / len(load)
    base = _HEIGHT - _BOTTOM
    scale = (base - _TOP) / top

    def steps(values: Sequence[float]) -> str:
        points = []
        for index, value in enumerate(values):
            height = base - value * scale
            points.append(f"{_LEFT + index * width:.1f},{height:.1f} {_LEFT + (index + 1) * width:.1f},{height:.1f}")
        return " ".join(points)

    bars = "".join(
        f'<rect class="refused" x="{_LEFT + index * width:.1f}" y="{_TOP}" width="{max(width, 1.5):.1f}" '
        f'height="{max(3.0, count / most_refused * (base - _TOP) / 2):.1f}"/>'
        for index, count in enumerate(refused)
        if count
    )
    total = sum(refused)
    label = f"{timeline['title']}: load up to {max(load):.1f}, capacity {min(capacity):.1f} to {max(capacity):.1f} "
    return (
        f'<svg viewBox="0 0 {_WIDTH} {_HEIGHT}" role="img" '
        f'aria-label="{_text(label)}requests in work, {total:,} requests refused">'
        f"{_axes(timeline, top)}"
        f'<polygon class="load" points="{_LEFT},{base} {steps(load)} {_WIDTH - _RIGHT:.1f},{base}"/>'
        f'<polyline class="capacity" points="{steps(capacity)}"/>{bars}</svg>'
    )


def _axes(timeline: dict[str, Any], top: float) -> str:
    base = _HEIGHT - _BOTTOM
    parts = []
    for share in (0.0, 0.5, 1.0):
        y = base - share * (base - _TOP)
        parts.append(f'<line class="grid" x1="{_LEFT}" x2="{_WIDTH - _RIGHT}" y1="{y:.1f}" y2="{y:.1f}"/>')
        parts.append(f'<text x="{_LEFT - 6}" y="{y + 4:.1f}" text-anchor="end">{top * share:,.4g}</text>')
    span = timeline["step"] * len(timeline["load"])
    for tick in range(_TICKS_OF_TIME + 1):
        moment = datetime.fromtimestamp(timeline["start"] + span * tick / _TICKS_OF_TIME, timezone.utc)
        x = _LEFT + (_WIDTH - _LEFT - _RIGHT) * tick / _TICKS_OF_TIME
        anchor = "start" if tick == 0 else "end" if tick == _TICKS_OF_TIME else "middle"
        text = moment.strftime("%m-%d %H:%M") if span > 2 * 86_400 else moment.strftime("%H:%M")
        parts.append(f'<text x="{x:.1f}" y="{_HEIGHT - 8}" text-anchor="{anchor}">{text}</text>')
    return "".join(parts)


def _charts(timelines: Sequence[dict[str, Any]]) -> str:
    if not timelines:
        return ""
    top = max(max(*line["load"], *line["capacity"]) for line in timelines) or 1.0
    most_refused = max(max(line["refused"]) for line in timelines) or 1
    key = (
        '<ul class="key" aria-label="Key">'
        '<li><svg viewBox="0 0 28 12" aria-hidden="true"><rect class="load" width="28" height="12"/></svg>'
        "load: requests in work if none were refused</li>"
        '<li><svg viewBox="0 0 28 12" aria-hidden="true"><polyline class="capacity" points="0,6 28,6"/></svg>'
        "capacity of the ready replicas</li>"
        '<li><svg viewBox="0 0 28 12" aria-hidden="true"><rect class="refused" x="8" width="12" height="12"/></svg>'
        "refused requests (503), hanging from above</li></ul>"
    )
    figures = "".join(
        f"<figure><figcaption>{_text(line['title'])}<span>{sum(line['refused']):,} requests refused</span></figcaption>"
        f"{chart(line, top, most_refused)}</figure>"
        for line in timelines
    )
    return f"<section><h2>Load and capacity over time (UTC)</h2>{key}</section>{figures}"


def _summary(best: dict[str, Any]) -> str:
    return (
        f"<p>Recommended: <b>{best['minReplicas']} to {best['maxReplicas']} replicas at "
        f"{best['targetUtilization']} % utilization</b>. Predicted: {best['predictedErrorShare']:.3%} of the requests "
        f"refused, {best['meanReplicas']:,.1f} replicas on average.</p>"
    )


def _table(recommendation: dict[str, Any]) -> str:
    rows = [("Current", recommendation["current"]), ("Guide", recommendation["guide"])]
    rows.append(("Recommended", recommendation["recommendation"]))
    rows += [(f"Goal {other['goal']:.2%}", other) for other in recommendation["tradeoffs"]]
    cells = "".join(
        f"<tr><td>{_text(name)}</td><td>{row['minReplicas']}</td><td>{row['maxReplicas']}</td>"
        f"<td>{row['targetUtilization']} %</td><td>{row['predictedErrorShare']:.4%}</td>"
        f"<td>{row['p95WaitMs']:,.0f}</td><td>{row['meanReplicas']:,.1f}</td><td>{row['replicaHours']:,.1f}</td></tr>"
        for name, row in rows
        if row
    )
    head = "".join(
        f'<th scope="col">{name}</th>'
        for name in ("", "Minimum", "Maximum", "Target", "Refused", "P95 wait, ms", "Mean replicas", "Replica-hours")
    )
    return (
        '<section class="card"><h2>What each setting would have done</h2><div class="scroll" tabindex="0">'
        f"<table><thead><tr>{head}</tr></thead><tbody>{cells}</tbody></table></div></section>"
    )


def _notes(title: str, notes: Sequence[str]) -> str:
    if not notes:
        return ""
    items = "".join(f"<li>{_text(note)}</li>" for note in notes)
    return f'<section class="card"><h2>{title}</h2><ul class="notes">{items}</ul></section>'


def _commands(commands: Sequence[str]) -> str:
    if not commands:
        return ""
    lines = "\n".join(_text(command) for command in commands)
    return f'<section class="card"><h2>Apply it</h2><pre><code>{lines}</code></pre></section>'


def _text(value: Any) -> str:
    return escape(one_line(value))
