"""Load, capacity and refused requests over time: what the pictures show."""
from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from azext_mltrouble.autoscale.settings import Router, Settings
from azext_mltrouble.autoscale.simulation import replay
from azext_mltrouble.autoscale.traffic import Traffic


@dataclass(frozen=True)
class Timeline:
    """Values per slice of time, each ``step`` seconds from ``start`` (epoch seconds).

    ``load`` is the mean number of requests that would be in work if none were refused, ``capacity`` the mean number
    that the ready replicas can work on, and ``refused`` the number of refused requests.
    """

    title: str
    start: float
    step: float
    load: tuple[float, ...]
    capacity: tuple[float, ...]
    refused: tuple[int, ...]


def timelines(traffic: Traffic, named: dict[str, Settings], router: Router, slices: int) -> list[Timeline]:
    """The traffic replayed with each of the settings, in ``slices`` slices. Titles are the names."""
    step = traffic.span / slices
    load = tuple(_load(traffic, step, slices))
    found = []
    for title, settings in named.items():
        outcome = replay(traffic.arrivals, traffic.durations, settings, router, start=traffic.start, end=traffic.end)
        refused = [0] * slices
        for time in outcome.refusals:
            refused[min(slices - 1, int((time - traffic.start) / step))] += 1
        ready = _ready(outcome.pool, traffic.start, step, slices)
        capacity = tuple(replicas * settings.concurrency for replicas in ready)
        found.append(Timeline(title, traffic.start, step, load, capacity, tuple(refused)))
    return found


def _load(traffic: Traffic, step: float, slices: int) -> list[float]:
    work = [0.0] * slices
    for arrival, duration in zip(traffic.arrivals, traffic.durations):
        begin = (arrival - traffic.start) / step
        end = begin + duration / step
        index = min(slices - 1, int(begin))
        while end > index + 1 and index < slices - 1:
            work[index] += index + 1 - begin
            index += 1
            begin = index
        work[index] += min(end, slices) - begin
    return [max(0.0, value) for value in work]


def _ready(pool: Sequence[tuple[float, int]], start: float, step: float, slices: int) -> list[float]:
    """Mean replicas ready in each slice, from the changes of the pool."""
    means = [0.0] * slices
    ends = [time for time, _ in pool[1:]] + [start + step * slices]
    for (begin, replicas), end in zip(pool, ends):
        first, last = (begin - start) / step, min(float(slices), (end - start) / step)
        index = int(first)
        while first < last and index < slices:
            until = min(last, index + 1.0)
            means[index] += replicas * (until - first)
            first, index = until, index + 1
    return means
