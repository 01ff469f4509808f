"""What settings would have done on (a sample of) the traffic."""
from __future__ import annotations

import math
from dataclasses import dataclass

from azext_mltrouble.autoscale.sampling import Sample, Stretch
from azext_mltrouble.autoscale.settings import Router, Settings
from azext_mltrouble.autoscale.simulation import replay

QUARTERS = 4


@dataclass(frozen=True)
class Prediction:
    """Shares of all requests, seconds and replicas.

    ``worst_quarter`` is the share if every quarter of the time had as many refusals as the worst one, and ``episodes``
    the number of times that refusals began after two minutes without any.
    """

    error_share: float
    worst_quarter: float
    p95_wait: float
    mean_replicas: float
    episodes: float


def predict(sample: Sample, settings: Settings, router: Router) -> Prediction:
    """Replay the sample."""
    prediction = predict_within(sample, settings, router, math.inf)
    assert prediction is not None
    return prediction


def predict_within(
    sample: Sample, settings: Settings, router: Router, limit: float, quarters: int = QUARTERS
) -> Prediction | None:
    """Replay the sample, or None as soon as ``worst_quarter`` cannot stay within ``limit``.

    With one quarter that is the share of all requests.
    """
    allowed = limit * sample.requests / quarters
    refused = [0.0] * quarters
    replica_seconds = episodes = 0.0
    waits: list[tuple[float, float]] = []
    for stretch in sample.stretches:
        # Refusals of the warm-up do not count, so the replay itself may stop only well above what is allowed.
        slack = allowed * (quarters if sample.whole else 1) / stretch.weight + (0 if sample.whole else 50)
        outcome = replay(
            stretch.arrivals,
            stretch.durations,
            settings,
            router,
            start=stretch.begin,
            end=stretch.end,
            initial_replicas=_initial_replicas(stretch, settings),
            refusal_limit=slack,
        )
        if not outcome.complete:
            return None
        last = -math.inf
        for time in outcome.refusals:
            if time >= stretch.start:
                quarter = int((time - sample.traffic.start) / sample.traffic.span * quarters)
                refused[min(quarters - 1, quarter)] += stretch.weight
                episodes += stretch.weight * (time - last > 120)
            last = time
        if max(refused) > allowed:
            return None
        replica_seconds += outcome.mean_replicas * (stretch.end - stretch.start) * stretch.weight
        waits.append((outcome.wait_quantile(0.95), stretch.weight * stretch.requests))
    span = sum((stretch.end - stretch.start) * stretch.weight for stretch in sample.stretches)
    return Prediction(
        error_share=sum(refused) / sample.requests,
        worst_quarter=max(refused) * quarters / sample.requests,
        p95_wait=_weighted_quantile(waits, 0.95),
        mean_replicas=replica_seconds / span,
        episodes=episodes,
    )


def _initial_replicas(stretch: Stretch, settings: Settings) -> int:
    """The pool at the beginning: the minimum where the traffic begins, what the load had asked for elsewhere."""
    if stretch.load_before is None:
        return settings.min_replicas
    wanted = math.ceil(stretch.load_before / (settings.target_utilization * settings.concurrency))
    return max(settings.min_replicas, min(settings.max_replicas, wanted))


def _weighted_quantile(values: list[tuple[float, float]], quantile: float) -> float:
    rest = quantile * sum(weight for _, weight in values)
    for value, weight in sorted(values):
        rest -= weight
        if rest <= 1e-9:
            return value
    return 0.0
