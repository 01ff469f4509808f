"""A part of the traffic that stands for all of it, so that many settings can be tried in a moment.

Refusals happen in the busiest stretches of a log, its cost in all of them. So the busiest stretches are taken as they
are, and of the others one out of each group of similar load, weighted by the size of its group (stratified sampling).
"""
from __future__ import annotations

import math
from bisect import bisect_left
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

from azext_mltrouble.autoscale.traffic import Traffic

LONGEST_STRETCH = 900.0  # s, unless requests are longer
SHORTEST_STRETCH = 60.0  # s
LONGEST_WARM_UP = 240.0  # s: a start delay and a scale-down time, twice; unless requests are longer
_DECISION = 0.3  # the time of a decision of the autoscaler, in that of a request
_SLICES = 15  # a stretch is ranked by its busiest slice
_FEWEST_GROUPS = 4


@dataclass(frozen=True)
class Stretch:
    """Requests to replay from ``begin``; what happens from ``start`` to ``end`` counts ``weight`` times.

    ``load_before`` is the load (erlangs) of the warm-up before ``start``, or None where the traffic itself begins.
    """

    arrivals: Sequence[float]
    durations: Sequence[float]
    begin: float
    start: float
    end: float
    weight: float
    load_before: float | None

    @property
    def requests(self) -> int:
        """Requests that count."""
        return len(self.arrivals) - bisect_left(self.arrivals, self.start)


@dataclass(frozen=True)
class Sample:
    """Stretches of ``traffic``, in the order of time."""

    traffic: Traffic
    stretches: tuple[Stretch, ...]

    @property
    def whole(self) -> bool:
        return len(self.stretches) == 1 and self.stretches[0].load_before is None

    @cached_property
    def requests(self) -> float:
        """Requests that the sample stands for."""
        return math.fsum(stretch.weight * stretch.requests for stretch in self.stretches)

    @cached_property
    def peak(self) -> int:
        """The most requests in work at the same time, if none had to wait."""
        return max(_peak(stretch.arrivals, stretch.durations) for stretch in self.stretches)


def sample(traffic: Traffic, effort: float, refresh: float) -> Sample:
    """The traffic, or a part of it that takes about as long to replay as ``effort`` requests.

    ``refresh`` (s) is the time between two decisions of the autoscaler, which take time as well.
    """
    requests = len(traffic.arrivals)
    mean_duration = traffic.offered / requests
    share = effort / (requests + _DECISION * traffic.span / refresh)
    short_enough = min(LONGEST_STRETCH, traffic.span * share / (3 * _FEWEST_GROUPS))
    stretches = int(traffic.span / max(SHORTEST_STRETCH, 10 * mean_duration, short_enough))
    if share >= 1 or stretches <= 2 * _FEWEST_GROUPS:
        everything = Stretch(
            traffic.arrivals, traffic.durations, traffic.start, traffic.start, traffic.end, 1.0, load_before=None
        )
        return Sample(traffic, (everything,))
    length = traffic.span / stretches
    edges = [bisect_left(traffic.arrivals, traffic.start + i * length) for i in range(stretches)]
    edges.append(requests)
    warm_up = max(min(LONGEST_WARM_UP, length), 4 * mean_duration)
    costs = [edges[i + 1] - edges[i] + _DECISION * length / refresh for i in range(stretches)]
    chosen = _choose(_by_load(traffic, edges, length), costs, effort / (1 + warm_up / length))
    return Sample(
        traffic, tuple(_stretch(traffic, edges, length, warm_up, index, chosen[index]) for index in sorted(chosen))
    )


def _by_load(traffic: Traffic, edges: list[int], length: float) -> list[int]:
    """The stretches, the one with the busiest slice first."""
    peaks = []
    for index in range(len(edges) - 1):
        first, busiest = edges[index], 0.0
        for part in range(1, _SLICES + 1):
            end = traffic.start + (index + part / _SLICES) * length
            last = bisect_left(traffic.arrivals, end, first, edges[index + 1])
            busiest = max(busiest, sum(traffic.durations[first:last]))
            first = last
        peaks.append(busiest)
    return sorted(range(len(peaks)), key=peaks.__getitem__, reverse=True)


def _choose(ranked: list[int], costs: list[float], effort: float) -> dict[int, float]:
    """Stretch → weight: half the effort for the busiest, half for one of each group of the others."""
    chosen: dict[int, float] = {}
    spent = 0.0
    for index in ranked:
        if spent >= effort / 2:
            break
        chosen[index] = 1.0
        spent += costs[index]
    rest = ranked[len(chosen) :]
    if not rest:
        return chosen
    mean_cost = sum(costs[index] for index in rest) / len(rest)
    groups = min(len(rest), max(_FEWEST_GROUPS, int(effort / 2 / mean_cost)))
    for group in range(groups):
        members = rest[len(rest) * group // groups : len(rest) * (group + 1) // groups]
        chosen[members[len(members) // 2]] = float(len(members))
    return chosen


def _stretch(
    traffic: Traffic, edges: list[int], length: float, warm_up: float, index: int, weight: float
) -> Stretch:
    start = traffic.start + index * length
    begin = max(traffic.start, start - warm_up)
    first, last = bisect_left(traffic.arrivals, begin), edges[index + 1]
    warm_work = sum(traffic.durations[first : edges[index]])
    load_before = warm_work / (start - begin) if start > begin else None
    return Stretch(
        traffic.arrivals[first:last], traffic.durations[first:last], begin, start, start + length, weight, load_before
    )


def _peak(arrivals: Sequence[float], durations: Sequence[float]) -> int:
    departures = sorted(map(sum, zip(arrivals, durations)))
    gone = peak = 0
    for present, arrival in enumerate(arrivals, 1):
        while departures[gone] <= arrival and gone < present - 1:
            gone += 1
        peak = max(peak, present - gone)
    return peak
