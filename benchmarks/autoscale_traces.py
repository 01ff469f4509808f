"""Traffic to judge recommendations on: real traces from a folder, and synthetic ones with a fixed seed.

Synthetic traffic is a Poisson process whose rate changes, thinned from its peak rate, so that every shape is one
function of time. The rules of the search were set before those in ``HELD_OUT`` were judged; the sizes of its samples
were chosen while looking at all of them.
"""
from __future__ import annotations

import csv
import math
import random
from array import array
from bisect import bisect_right
from collections.abc import Callable, Iterator
from datetime import datetime, timezone
from pathlib import Path

from azext_mltrouble.autoscale.traffic import Traffic, spread_counts

HOUR, DAY = 3600.0, 86_400.0
Rate = Callable[[float], float]


def real_traces(folder: Path) -> Iterator[tuple[str, Traffic]]:
    """The three public traces: language model requests, a web server, a load balancer."""
    yield "azure-conv", _language_model(folder / "AzureLLMInferenceTrace_conv.csv")
    nasa = _counts(folder / "nasa_http_per_minute_PasanBhanu.csv", "minute", "count")
    first_four_days = [pair for pair in nasa if pair[0] < nasa[0][0] + 4 * DAY]
    yield "nasa x3, 4 days, 3.5 s", spread_counts([(t, 3 * n) for t, n in first_four_days], 3.5)
    yield "nasa, 62 days, 1 s", spread_counts(nasa, 1.0)
    elb = _counts(folder / "nab_elb_request_count_8c0756.csv", "timestamp", "value")
    yield "aws-elb x20, 1 s", spread_counts([(t, 20 * n) for t, n in elb], 1.0)
    yield "aws-elb, 30 s", spread_counts(elb, 30.0)


def synthetic_traces(names: dict[str, Callable[[random.Random], Traffic]]) -> Iterator[tuple[str, Traffic]]:
    for name, make in names.items():
        yield name, make(random.Random(name))


def _language_model(path: Path) -> Traffic:
    arrivals, durations = array("d"), array("d")
    with path.open(newline="") as file:
        for row in csv.DictReader(file):
            moment = datetime.fromisoformat(row["TIMESTAMP"][:26]).replace(tzinfo=timezone.utc)
            arrivals.append(moment.timestamp())
            durations.append(0.05 + 1e-4 * int(row["ContextTokens"]) + 0.02 * int(row["GeneratedTokens"]))
    return Traffic(arrivals, durations, arrivals[0], arrivals[-1])


def _counts(path: Path, stamp: str, count: str) -> list[tuple[float, float]]:
    with path.open(newline="") as file:
        return sorted(
            {
                datetime.fromisoformat(row[stamp]).replace(tzinfo=timezone.utc).timestamp(): float(row[count])
                for row in csv.DictReader(file)
            }.items()
        )


def thinned(source: random.Random, rate: Rate, peak: float, span: float, mean: float, cv: float = 1.0) -> Traffic:
    """Requests at ``rate(time)`` a second, at most ``peak``, with lognormal durations of ``mean`` s and ``cv``."""
    sigma = math.sqrt(math.log(1 + cv * cv))
    arrivals, durations, now = array("d"), array("d"), 0.0
    while True:
        now += source.expovariate(peak)
        if now >= span:
            return Traffic(arrivals, durations, 0.0, span)
        if source.random() * peak < rate(now):
            arrivals.append(now)
            durations.append(source.lognormvariate(math.log(mean) - sigma * sigma / 2, sigma))


def flat(rps: float, mean: float, hours: float, cv: float = 1.0) -> Callable[[random.Random], Traffic]:
    return lambda source: thinned(source, lambda _: rps, rps, hours * HOUR, mean, cv)


def diurnal(rps: float, mean: float, days: float, depth: float = 0.8) -> Callable[[random.Random], Traffic]:
    """A daily cycle from (1 - depth) to (1 + depth) times the mean rate."""
    return lambda source: thinned(
        source,
        lambda t: rps * (1 - depth * math.cos(2 * math.pi * t / DAY)),
        rps * (1 + depth),
        days * DAY,
        mean,
    )


def bursty(
    low: float, high: float, calm: float, burst: float, mean: float, hours: float
) -> Callable[[random.Random], Traffic]:
    """Two rates in turn, each kept for an exponential time of mean ``calm`` or ``burst`` seconds."""

    def make(source: random.Random) -> Traffic:
        span = hours * HOUR
        changes, now = [], 0.0
        while now < span:
            changes.append(now)
            now += source.expovariate(1 / (calm if len(changes) % 2 else burst))
        return thinned(source, lambda t: high if _count_until(changes, t) % 2 == 0 else low, high, span, mean)

    return make


def flash(
    rps: float, factor: float, every: float, ramp: float, decay: float, mean: float, hours: float
) -> Callable[[random.Random], Traffic]:
    """Crowds on a flat rate: about every ``every`` s it rises to ``factor`` times in ``ramp`` s, then decays."""

    def make(source: random.Random) -> Traffic:
        span = hours * HOUR
        crowds, now = [], source.uniform(0.2, 0.8) * every
        while now < span:
            crowds.append(now)
            now += every * source.uniform(0.6, 1.4)

        def rate(t: float) -> float:
            index = _count_until(crowds, t) - 1
            if index < 0:
                return rps
            age = t - crowds[index]
            return rps * (1 + (factor - 1) * (age / ramp if age < ramp else math.exp(-(age - ramp) / decay)))

        return thinned(source, rate, rps * factor, span, mean)

    return make


def batches(per_hour: float, size: float, mean: float, hours: float) -> Callable[[random.Random], Traffic]:
    """Batches of geometric size that arrive within a fifth of a second."""

    def make(source: random.Random) -> Traffic:
        moments, now = [], 0.0
        while now < hours * HOUR:
            now += source.expovariate(per_hour / HOUR)
            moments += [now + source.uniform(0, 0.2) for _ in range(1 + int(source.expovariate(1 / size)))]
        arrivals = array("d", sorted(moments))
        sigma = math.sqrt(math.log(2))
        durations = array("d", (source.lognormvariate(math.log(mean) - sigma**2 / 2, sigma) for _ in arrivals))
        return Traffic(arrivals, durations, 0.0, hours * HOUR)

    return make


def office(rps: float, mean: float, days: int) -> Callable[[random.Random], Traffic]:
    """Working hours of a step up at 8 and down at 18, almost nothing at night."""
    return lambda source: thinned(
        source, lambda t: rps if 8 <= (t % DAY) / HOUR < 18 else rps / 20, rps, days * DAY, mean
    )


def _count_until(moments: list[float], time: float) -> int:
    return bisect_right(moments, time)


TUNING: dict[str, Callable[[random.Random], Traffic]] = {
    "flat 20 erl, 1 s, 4 h": flat(20, 1, 4),
    "flat 3 erl, 0.1 s, 4 h": flat(30, 0.1, 4),
    "flat 5 erl, 600 s, 10 d": flat(5 / 600, 600, 240),
    "diurnal 10 erl, 1 s, 4 d": diurnal(2, 5, 4),
    "diurnal 4 erl, 1 h, 20 d": diurnal(4 / 3600, 3600, 20),
    "bursty 2/16, 1 s, 6 h": bursty(2, 16, 300, 60, 1, 6),
    "bursty 1/10 long, 2 s, 24 h": bursty(1, 10, 1800, 900, 2, 24),
    "flash x6, 1 s, 24 h": flash(3, 6, 5400, 30, 300, 1, 24),
    "batches of 6, 2 s, 8 h": batches(600, 6, 2, 8),
}
HELD_OUT: dict[str, Callable[[random.Random], Traffic]] = {
    "flat 60 erl, 4 s, 2 h": flat(15, 4, 2),
    "flat 0.5 erl, 1 s, 24 h": flat(0.5, 1, 24),
    "flat 8 erl, 2 s, heavy tail, 6 h": flat(4, 2, 6, cv=3),
    "diurnal 30 erl, 0.2 s, 2 d": diurnal(10, 3, 2, 0.6),
    "diurnal 2 erl, 120 s, 14 d": diurnal(2 / 120, 120, 14, 0.9),
    "bursty 5/40, 0.5 s, 8 h": bursty(5, 40, 600, 30, 0.5, 8),
    "bursty 0.2/2, 20 s, 48 h": bursty(0.2, 2, 1200, 300, 20, 48),
    "flash x10, 0.5 s, 48 h": flash(2, 10, 14400, 60, 600, 0.5, 48),
    "flash x4 slow, 10 s, 48 h": flash(0.5, 4, 10000, 600, 1200, 10, 48),
    "batches of 15, 1 s, 12 h": batches(200, 15, 1, 12),
    "office 12 erl, 3 s, 6 d": office(4, 3, 6),
}
