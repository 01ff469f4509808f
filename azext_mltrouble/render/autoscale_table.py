"""``-o table`` of ``az ml trouble autoscale``: at most 100 columns wide."""
from __future__ import annotations

from collections import OrderedDict
from dataclasses import replace
from typing import Any

from azext_mltrouble.autoscale.timeline import Timeline

from .autoscale_sketch import COLUMNS, sketch
from .command_line import fit_command
from .table import WIDTH, Row, two_columns
from .text import one_line, wrap

#: A header takes two columns more than its text, and two are between the columns.
_VALUE_WIDTH = WIDTH - len("Recommended") - 4
_LABEL = 15  # of a row of the sketch


def recommend_table(result: dict[str, Any]) -> list[Row]:
    """Rows for ``recommend``: the numbers, why requests are refused, what to do, and the picture."""
    best, guide, traffic = result["recommendation"], result["guide"], result["traffic"]
    terms = (
        f"{guide['targetRps']:,.6g} a second x {guide['reqTime']:,.6g} s / {guide['targetUtilization']} % / "
        f"{guide['maxReqPerContainer']} = {guide['replicas']} replicas"
    )
    sections = [
        ("Traffic", _prose(_traffic(traffic))),
        ("Guide", _prose(terms) + _prose(_settings(guide))),
        ("Current", _prose(_settings(result["current"])) if result["current"] else []),
        ("Predicted", _prose(_prediction(best))),
        ("Goals", [line for row in result["tradeoffs"] for line in _prose(f"{row['goal']:.2%}: {_settings(row)}")]),
        ("If instead", _items(f"{row['assumption']}: {row['predictedErrorShare']:.3%} refused"
                              for row in result["sensitivity"])),
        ("Why 503", _items(result["reasons"])),
        ("Warning", _items(result["warnings"])),
        ("Assumed", _items(result["assumptions"])),
        ("Apply", [line for command in result["commands"] for line in fit_command(command, _VALUE_WIDTH) or []]),
        *_picture(result["timelines"]),
    ]
    return two_columns("Recommended", _range(best), sections, _VALUE_WIDTH)


def backtest_table(result: dict[str, Any]) -> list[Row]:
    """Rows for ``backtest``: one per policy."""
    return [
        OrderedDict(
            [
                ("Policy", row["policy"]),
                ("Replicas", f"{row['minReplicas']}..{row['maxReplicas']}"),
                ("Target", f"{row['targetUtilization']}%"),
                ("Refused", f"{row['errorShare']:.4%}"),
                ("Kept", "yes" if row["goalKept"] else "NO"),
                ("P95Wait", f"{row['p95WaitMs']:.0f} ms"),
                ("Mean", f"{row['meanReplicas']:.1f}"),
                ("Hours", f"{row['replicaHours']:.1f}"),
            ]
        )
        for row in result["policies"]
    ]


def apply_table(result: dict[str, Any]) -> list[Row]:
    """Rows for ``apply``: before, after, and what was not changed."""
    operation = result["operation"]
    unchanged = ", ".join(f"{key} {value}" for key, value in result["unchanged"].items() if value is not None)
    sections = [
        ("Before", _prose(_applied(result["before"]))),
        ("After", _prose(_applied(result["after"]))),
        ("Unchanged", _prose(unchanged)),
        ("Operation", _prose(f"{operation['state']} {operation['id']}") if operation else []),
    ]
    return two_columns("Changed", "yes" if result["changed"] else "no, it is so already", sections, _VALUE_WIDTH)


def _traffic(traffic: dict[str, Any]) -> str:
    text = (
        f"{traffic['meanRps']:,.6g} requests a second, {traffic['peakRps']:,.6g} at the peak, of "
        f"{traffic['meanRequestTime']:,.4g} s: {traffic['offeredErlangs']:,.4g} in work on average"
    )
    if traffic["requests"] is None:
        return text
    seen = f"{traffic['requests']:,} requests in {traffic['hours']:,.4g} h"
    return f"{seen}; {text}, {traffic['peakConcurrency']} at most"


def _range(row: dict[str, Any]) -> str:
    return f"{row['minReplicas']} to {row['maxReplicas']} replicas at {row['targetUtilization']} % utilization"


def _settings(row: dict[str, Any]) -> str:
    return f"{_range(row)}: {_prediction(row)}"


def _prediction(row: dict[str, Any]) -> str:
    return (
        f"{row['predictedErrorShare']:.3%} refused, 95 % wait at most {row['p95WaitMs']:.0f} ms, "
        f"{row['meanReplicas']:,.1f} replicas on average"
    )


def _applied(values: dict[str, Any]) -> str:
    return f"{values['minReplicas']} to {values['maxReplicas']} replicas at {values['targetUtilization']} % utilization"


def _picture(timelines: list[dict[str, Any]]) -> list[tuple[str, list[str]]]:
    if not timelines:
        return []
    drawn = sketch([_narrow(Timeline(**line)) for line in timelines])
    rows = [(line[:_LABEL].strip(), line[_LABEL:].strip()) for line in drawn.splitlines()]
    return [(label or "Time", [value]) for label, value in rows]


def _narrow(line: Timeline) -> Timeline:
    """The timeline in as many slices as the sketch has columns, of which its own are a multiple."""
    size = max(1, len(line.load) // COLUMNS)
    starts = range(0, len(line.load), size)
    return replace(
        line,
        step=line.step * size,
        load=tuple(sum(line.load[i : i + size]) / size for i in starts),
        capacity=tuple(sum(line.capacity[i : i + size]) / size for i in starts),
        refused=tuple(sum(line.refused[i : i + size]) for i in starts),
    )


def _items(items: Any) -> list[str]:
    return [line for item in items for line in _prose(item)]


def _prose(text: Any) -> list[str]:
    return wrap(one_line(text), _VALUE_WIDTH)
