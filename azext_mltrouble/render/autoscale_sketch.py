"""A picture in plain text, for the table output: one column of block characters per slice of time."""
from __future__ import annotations

from datetime import datetime, timezone

from azext_mltrouble.autoscale.timeline import Timeline

COLUMNS = 80
_BLOCKS = "·▁▂▃▄▅▆▇█"  # no blank: a table cuts leading ones off


def sketch(timelines: list[Timeline]) -> str:
    """Load, then capacity and refused requests for each of the settings; at most 100 columns wide."""
    first = timelines[0]
    top = max(max(line.load + line.capacity) for line in timelines) or 1.0
    end = first.start + first.step * len(first.load)
    rows = [_row("load", first.load, top), *_refused_rows(timelines, top)]
    rows.append(f"{'':15}{_moment(first.start)} to {_moment(end)}, UTC; full height: {top:,.0f} requests in work")
    return "\n".join(rows)


def _refused_rows(timelines: list[Timeline], top: float) -> list[str]:
    rows = []
    worst = max(max(line.refused) for line in timelines) or 1
    for line in timelines:
        rows.append(_row(line.title, line.capacity, top))
        refused = sum(line.refused)
        marks = "".join("·" if not count else "▒" if count < worst / 2 else "█" for count in line.refused)
        rows.append(f"{'  refused':15}{marks if refused else '(none)'}")
    return rows


def _row(title: str, values: tuple[float, ...], top: float) -> str:
    bars = "".join(_BLOCKS[max(value > 0, round(value / top * (len(_BLOCKS) - 1)))] for value in values)
    return f"{title[:14]:15}{bars}".rstrip()


def _moment(time: float) -> str:
    return datetime.fromtimestamp(time, timezone.utc).strftime("%Y-%m-%d %H:%M")
