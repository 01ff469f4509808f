"""A service with too many requests for one answer is read as counts per minute."""
from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest

from azext_mltrouble.operations import autoscale_insights


def test_many_requests_are_read_as_counts(monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[str] = []

    def query_insights(_session: Any, _component: str, query: str, _days: int) -> list[list[Any]]:
        asked.append(query)
        if "summarize" in query:
            return [[f"2026-01-05T10:{minute:02}:00Z", 60, 60 * 250.0] for minute in range(30)]
        return [["2026-01-05T10:00:00.5Z", 250.0]] * 10

    monkeypatch.setattr(autoscale_insights, "_MOST_ROWS", 10)
    monkeypatch.setattr("azext_mltrouble.cloud.monitor.query_insights", query_insights)
    opened: Any = SimpleNamespace(session=None)
    traffic = autoscale_insights._traffic(opened, "/components/ai", 'my"svc', 7)
    assert traffic.counted
    assert len(traffic.arrivals) == 1800
    assert traffic.mean_request_time == pytest.approx(0.25, rel=0.1)
    assert 'tostring(customDimensions["Service Name"]) == "my\\"svc"' in asked[1]
