"""Closed forms: the share of requests refused by a pool of servers, and how many servers keep a goal.

All arrivals are Poisson with rate ``load / request_time``; a *server* is one request in work at a time, so a pool has
``replicas * concurrency`` servers.

Sources: Erlang (1917) for the loss formula; Baccelli and Hebuterne (1981) and Zeltyn and Mandelbaum (2005) for
patience that is the same for everyone; Fredericks (1980) for peakedness.
"""
from __future__ import annotations

import math

from azext_mltrouble.autoscale.errors import AutoscaleInputError

_LARGEST_EXPONENT = 700.0  # math.exp overflows just above 709


def erlang_b(servers: int, load: float) -> float:
    """Share of requests refused when nobody can wait (M/G/n/n), whatever the distribution of request times.

    ``load`` is in erlangs.
    """
    return 1.0 / _inverse_erlang_b(servers, load)


def refused_share(servers: int, load: float, request_time: float, patience: float) -> float:
    """Share of requests refused by M/M/n when each waits at most ``patience`` seconds: azureml-fe's 503.

    ``request_time`` is the mean, in seconds. With no patience this is Erlang B; in overload it tends to
    ``1 - servers / load``.
    """
    return _PatientPool(servers, load, request_time, patience).refused


def served_wait(servers: int, load: float, request_time: float, patience: float, quantile: float = 0.95) -> float:
    """The ``quantile`` of the wait, in seconds, of the requests that are served by M/M/n with patience."""
    return _PatientPool(servers, load, request_time, patience).served_wait(quantile)


def pending_refused_share(servers: int, load: float, pending_limit: int | None = None) -> float:
    """Share of requests refused by M/M/n/K: a managed endpoint's 429.

    ``pending_limit`` is K, the most requests in the system; a managed endpoint refuses above twice its servers (Azure
    Machine Learning, "Troubleshooting online endpoints", code 429), which is the value when None.
    """
    limit = 2 * servers if pending_limit is None else pending_limit
    waiting = limit - servers
    decay = math.log(servers / load) if load else math.inf
    if decay * waiting > _LARGEST_EXPONENT:
        return 0.0
    # Relative to the probability that the system is full: the waiting states form a geometric series below it.
    series = float(waiting) if decay == 0 else math.expm1(decay * waiting) / math.expm1(decay)
    return 1.0 / (series + _inverse_erlang_b(servers, load) * math.exp(decay * waiting))


def servers_needed(
    load: float,
    request_time: float,
    patience: float,
    max_refused: float,
    *,
    peakedness: float = 1.0,
    max_utilization: float = 0.95,
) -> int:
    """The fewest servers that refuse at most ``max_refused`` and stay at or below ``max_utilization`` busy.

    ``peakedness`` is the variance of the number of requests in work over its mean: 1 for Poisson arrivals, more for
    bursts. Hayward's approximation shrinks the load by it and stretches the answer by it.
    """
    shrunk = load / peakedness
    servers = max(1, math.ceil(load / max_utilization / peakedness - 1e-9))
    inverse = _inverse_erlang_b(servers - 1, shrunk)
    while _PatientPool(servers, shrunk, request_time, patience, inverse).refused > max_refused:
        inverse = 1.0 + inverse * servers / shrunk
        servers += 1
    return max(1, math.ceil(servers * peakedness - 1e-9))


def guide_replicas(rps: float, request_time: float, target_utilization: float, concurrency: int) -> int:
    """Replicas by the formula of Azure Machine Learning's troubleshooting guide (HTTP status code 503).

    ``rps`` requests a second of ``request_time`` seconds, ``target_utilization`` as a fraction, ``concurrency``
    requests per container.
    """
    concurrent_requests = rps * request_time / target_utilization
    return max(1, math.ceil(round(concurrent_requests / concurrency, 9)))


class _PatientPool:
    """The virtual wait of M/M/n with patience, in units of the probability of ``servers - 1`` requests in work."""

    def __init__(
        self, servers: int, load: float, request_time: float, patience: float, inverse: float | None = None
    ) -> None:
        if servers < 1 or not (load >= 0 and request_time > 0 and patience >= 0):
            raise AutoscaleInputError(
                "A pool cannot be computed from these figures.",
                "It takes at least one server, a load and a patience that are not negative and a request time above 0.",
                "Check the request rate, the request time and the queue wait.",
            )
        self._arrival_rate = load / request_time
        self._drain_rate = (servers - load) / request_time
        self._patience = patience
        self._at_once = inverse if inverse is not None else _inverse_erlang_b(servers - 1, load)
        self._occupancy = load / servers

    @property
    def refused(self) -> float:
        exponent = self._drain_rate * self._patience
        if exponent > _LARGEST_EXPONENT:
            return 0.0
        waits = self._arrival_rate * _expm1_over(self._drain_rate, self._patience)
        return self._occupancy / (self._occupancy + self._at_once * math.exp(exponent) + waits)

    def served_wait(self, quantile: float) -> float:
        waited = self._arrival_rate * _expm1_over(-self._drain_rate, self._patience)
        if waited == math.inf:
            return self._patience
        above = quantile * (self._at_once + waited) - self._at_once
        if not above > 0:  # also when almost nobody waits and the terms are infinite
            return 0.0
        depth = above / self._arrival_rate
        if self._drain_rate == 0:
            return min(self._patience, depth)
        return min(self._patience, -math.log1p(-min(self._drain_rate * depth, 1 - 1e-16)) / self._drain_rate)


def _inverse_erlang_b(servers: int, load: float) -> float:
    """1 / Erlang B. Grows to infinity, which is a refused share of zero, where the direct recursion would underflow."""
    if load == 0:
        return 1.0 if servers == 0 else math.inf
    inverse = 1.0
    for server in range(1, servers + 1):
        inverse = 1.0 + inverse * server / load
    return inverse


def _expm1_over(rate: float, time: float) -> float:
    """(e^(rate time) - 1) / rate, which is ``time`` at rate 0."""
    exponent = rate * time
    if exponent > _LARGEST_EXPONENT:
        return math.inf
    return time if rate == 0 else math.expm1(exponent) / rate
