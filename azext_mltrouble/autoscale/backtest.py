"""Settings judged on traffic they were not made from: the first part of a log trains, the rest judges."""
from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

from azext_mltrouble.autoscale import queueing
from azext_mltrouble.autoscale.errors import AutoscaleInputError
from azext_mltrouble.autoscale.recommendation import Goal, recommended_settings, samples
from azext_mltrouble.autoscale.sampling import sample
from azext_mltrouble.autoscale.search import cheapest_in_hindsight
from azext_mltrouble.autoscale.settings import Router, Settings
from azext_mltrouble.autoscale.simulation import Outcome, replay
from azext_mltrouble.autoscale.traffic import Traffic

DEFAULTS = Settings()


@dataclass(frozen=True)
class Policy:
    """``name`` is what the output calls it, ``settings`` what it came to."""

    name: str
    settings: Settings


def backtest(
    traffic: Traffic,
    goal: Goal,
    router: Router,
    concurrency: int,
    train_share: float,
    *,
    given: Settings | None = None,
    current: Settings | None = None,
) -> dict[str, Any]:
    """Replay the judge part with ``given`` settings, or with every policy, made from the train part, and ``current``.

    The pool starts at its minimum, cold, and the cheapest settings that would have kept the goal are looked for on the
    judge part itself: no rule can know them, so they are the measure. ``costRatio`` is replica-hours per offered
    erlang-hour.
    """
    train, judge = traffic.split(train_share)
    for name, part in (("train", train), ("judge", judge)):
        if len(part.arrivals) < 2:
            raise AutoscaleInputError(
                f"The {name} part has fewer than two requests.",
                "Nothing can be learned from it or judged on it.",
                "Choose another train share, or a longer log.",
            )
    policies = [Policy("given", given)] if given else policies_for(train, judge, goal, router, concurrency)
    if current:
        policies.insert(0, Policy("current", current))
    return {
        "train": _part(train),
        "judge": _part(judge),
        "goal": goal.max_errors,
        "policies": [_judged(policy, judge, goal, router) for policy in policies],
        "assumptions": [
            *traffic.assumptions,
            f"Queue wait {router.queue_wait * 1000:g} ms, start delay {router.start_delay:g} s, smoothing "
            f"{router.smoothing:g} s, refresh {router.refresh:g} s, scale-down after {router.scale_down_after:g} s.",
            "The pool starts at its minimum.",
        ],
    }


def policies_for(train: Traffic, judge: Traffic, goal: Goal, router: Router, concurrency: int) -> list[Policy]:
    """The defaults, the guide, the recommendation, and the cheapest settings in hindsight."""
    _, fine, paced = samples(judge, router)
    whole = sample(judge, math.inf, router.refresh)
    return [
        Policy("defaults", DEFAULTS),
        Policy("guideAtMean", _guided(train, len(train.arrivals) / train.span, goal, concurrency)),
        Policy("guideAtPeak", _guided(train, train.peak_rps(), goal, concurrency)),
        Policy("recommended", recommended_settings(train, goal, router, concurrency)),
        Policy("cheapest", cheapest_in_hindsight(fine, whole, goal.max_errors, paced, concurrency)),
    ]


def _guided(train: Traffic, rps: float, goal: Goal, concurrency: int) -> Settings:
    minimum = queueing.guide_replicas(rps, train.mean_request_time, goal.target_utilization, concurrency)
    return Settings(minimum, max(DEFAULTS.max_replicas, minimum), goal.target_utilization, concurrency)


def _judged(policy: Policy, judge: Traffic, goal: Goal, router: Router) -> dict[str, Any]:
    settings = policy.settings
    outcome = replay(judge.arrivals, judge.durations, settings, router, start=judge.start, end=judge.end)
    return {
        "policy": policy.name,
        "minReplicas": settings.min_replicas,
        "maxReplicas": settings.max_replicas,
        "targetUtilization": round(settings.target_utilization * 100),
        "errorShare": round(outcome.refused_share, 7),
        "refused": len(outcome.refusals),
        "goalKept": outcome.refused_share <= goal.max_errors,
        **_cost(outcome, judge),
    }


def _cost(outcome: Outcome, judge: Traffic) -> dict[str, float]:
    return {
        "p95WaitMs": round(outcome.wait_quantile(0.95) * 1000, 1),
        "meanReplicas": round(outcome.mean_replicas, 2),
        "replicaHours": round(outcome.replica_seconds / 3600, 2),
        "costRatio": round(outcome.replica_seconds / judge.offered, 3) if judge.offered else 0.0,
    }


def _part(part: Traffic) -> dict[str, Any]:
    return {
        "requests": len(part.arrivals),
        "hours": round(part.span / 3600, 3),
        "offeredErlangs": round(part.offered / part.span, 4),
    }
