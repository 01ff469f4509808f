"""Seeded traffic for the tests of recommendations."""
from __future__ import annotations

import math
import random
from array import array
from collections.abc import Callable

import pytest

from azext_mltrouble.autoscale.traffic import Traffic

MakeTraffic = Callable[..., Traffic]


def _make(rate: Callable[[float], float], peak: float, span: float, mean: float, seed: int = 1) -> Traffic:
    source = random.Random(seed)
    arrivals, durations, now = array("d"), array("d"), 0.0
    while True:
        now += source.expovariate(peak)
        if now >= span:
            return Traffic(arrivals, durations, 0.0, span)
        if source.random() * peak < rate(now):
            arrivals.append(now)
            durations.append(source.expovariate(1 / mean))


@pytest.fixture
def make_traffic() -> MakeTraffic:
    """(rate at a time, its peak, span in s, mean duration in s, seed) → traffic of a Poisson process."""
    return _make


@pytest.fixture
def steady() -> Traffic:
    """Two hours of 5 requests a second of 2 s: 10 erlangs."""
    return _make(lambda _: 5.0, 5.0, 7200.0, 2.0)


@pytest.fixture
def daily() -> Traffic:
    """Two days with a cycle between 0.4 and 3.6 requests a second of 3 s."""
    return _make(lambda t: 2 - 1.6 * math.cos(2 * math.pi * t / 86_400), 3.6, 172_800.0, 3.0)
