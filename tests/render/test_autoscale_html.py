"""The page of a recommendation: well-formed, self-contained, and safe with a hostile service name."""
from __future__ import annotations

import re
from html.parser import HTMLParser
from typing import Any

from azext_mltrouble.render.autoscale_html import chart, render_autoscale_html

ROW = {
    "minReplicas": 5, "maxReplicas": 9, "targetUtilization": 90, "predictedErrorShare": 0.0004, "p95WaitMs": 12.0,
    "meanReplicas": 5.5, "replicaHours": 11.0,
}  # fmt: skip
RESULT: dict[str, Any] = {
    "current": None,
    "guide": ROW,
    "recommendation": ROW,
    "tradeoffs": [{"goal": 0.001, **ROW}],
    "reasons": ["The maximum of 3 is reached."],
    "warnings": ["<script>alert(1)</script>"],
    "assumptions": [],
    "commands": ["az ml trouble autoscale apply -n 'a&b'"],
}
LINE = {
    "title": "current", "start": 1_700_000_000.0, "step": 60.0, "load": (1.0, 4.0, 2.0), "capacity": (2.0, 2.0, 4.0),
    "refused": (0, 7, 0),
}  # fmt: skip
VOID = {"meta", "line", "polyline", "polygon", "rect"}


class _Nesting(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.open: list[str] = []
        self.seen: set[str] = set()

    def handle_starttag(self, tag: str, attrs: Any) -> None:
        self.seen.add(tag)
        if tag not in VOID:
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_startendtag(self, tag: str, attrs: Any) -> None:
        self.seen.add(tag)


def test_the_page_is_well_formed_and_loads_nothing() -> None:
    page = render_autoscale_html("Autoscaling of <svc>", RESULT, [LINE])
    nesting = _Nesting()
    nesting.feed(page)
    assert nesting.open == []
    assert "svg" in nesting.seen
    assert not nesting.seen & {"script", "link", "img", "iframe", "object"}
    assert not re.search(r"(?:src|href|url)\s*[=(]", page)
    assert "default-src 'none'" in page
    assert "&lt;svc&gt;" in page


def test_the_chart_shows_load_capacity_and_refused_requests_to_scale() -> None:
    svg = chart(LINE, 4.0, 7)
    assert "7 requests refused" in svg
    assert svg.count('class="refused"') == 1
    heights = [float(pair.split(",")[1]) for pair in re.search(r'class="load" points="([^"]+)"', svg)[1].split()]
    assert min(heights) == 14  # the highest load reaches the top of the scale
    assert max(heights) == 164


def test_without_timelines_the_page_has_figures_only() -> None:
    page = render_autoscale_html("svc", RESULT, [])
    assert "<svg" not in page
    assert "5 to 9 replicas" in page
