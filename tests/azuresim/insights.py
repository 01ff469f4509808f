"""Application Insights of the workspace: answers the two Kusto queries that a traffic reader asks.

No interpreter: the pipe is taken apart, and any other query is refused as Kusto refuses one that it cannot parse.
"""
from __future__ import annotations

import json
import re
from datetime import datetime, timedelta, timezone
from typing import Any

from .replies import Refused, Reply, arm_error, ok
from .routing import Call

_SERVICE = re.compile(r'where tostring\(customDimensions\["Service Name"\]\) == "((?:[^"\\]|\\.)*)"')
_ROWS = re.compile(r"project timestamp, duration\|take (\d+)")
_MINUTES = "summarize count(), sum(duration) by bin(timestamp, 1m)"


def query(call: Call) -> Reply:
    """The table ``PrimaryResult``. Requests come evenly, ``perHour`` over the last ``hours``."""
    try:
        asked = json.loads(call.body)
        source, where, *rest = (part.strip() for part in asked["query"].split("|"))
        days = float(re.fullmatch(r"P(\d+)D", asked["timespan"])[1])  # type: ignore[index]
    except (ValueError, KeyError, TypeError) as error:
        raise Refused(arm_error(400, "BadArgumentError", f"The request had some invalid properties: {error}")) from None
    service, rows = _SERVICE.fullmatch(where), _ROWS.fullmatch("|".join(rest))
    if source != "requests" or service is None or (rows is None and rest != [_MINUTES]):
        raise Refused(arm_error(400, "BadArgumentError", "A syntax error has been identified in the query."))
    reported = call.found.insights.get(service[1])
    found = _requests(reported, days) if reported else []
    if rows:
        columns, table = ("timestamp", "duration"), found[:int(rows[1])]
    else:
        columns, table = ("timestamp", "count_", "sum_duration"), _per_minute(found)
    return ok({"tables": [{"name": "PrimaryResult", "columns": [{"name": name, "type": "dynamic"} for name in columns],
                           "rows": table}]})


def _requests(reported: dict[str, float], days: float) -> list[list[Any]]:
    hours = min(reported["hours"], days * 24)
    count, now = int(reported["perHour"] * hours), datetime.now(timezone.utc)
    step = timedelta(hours=hours / max(count, 1))
    return [[_moment(now - step * index), reported["milliseconds"]] for index in range(count)]


def _per_minute(found: list[list[Any]]) -> list[list[Any]]:
    minutes: dict[str, list[Any]] = {}
    for moment, duration in found:
        row = minutes.setdefault(f"{moment[:16]}:00Z", [f"{moment[:16]}:00Z", 0, 0.0])
        row[1] += 1
        row[2] += duration
    return list(minutes.values())


def _moment(time: datetime) -> str:
    return time.isoformat(timespec="microseconds").replace("+00:00", "Z")
