"""How many replicas: the guide's number, what there is now, and what would keep the goal, as one dict."""
from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any, Literal

from azext_mltrouble.autoscale import queueing
from azext_mltrouble.autoscale.prediction import Prediction, predict
from azext_mltrouble.autoscale.sampling import Sample, sample
from azext_mltrouble.autoscale.search import Choice, search
from azext_mltrouble.autoscale.settings import Router, Settings, require
from azext_mltrouble.autoscale.traffic import Figures, Traffic

TRADEOFF_GOALS = (0.01, 0.001, 0.0001)
_SPREAD_OF_FIGURES = 1.25  # the maximum over what the peak of bare figures asks for
_LONG_REQUEST_STEPS = 20  # a request time is at least this many decisions of the autoscaler, when replayed faster
_COARSEST_REFRESH = 5.0
_SLOW_START = 180.0


@dataclass(frozen=True)
class Effort:
    """How much to replay: requests in the ``coarse`` and the ``fine`` sample (or these shares of a long log), and how
    many target utilizations are compared on the fine one."""

    coarse: int
    coarse_share: float
    fine: int
    fine_share: float
    finalists: int


#: A log is long to read, and what is done with it should not take longer than that.
EFFORT_FOR_LOGS = Effort(10_000, 1 / 60, 25_000, 1 / 24, finalists=1)
#: Counts are read in no time, and often stand for weeks.
EFFORT_FOR_COUNTS = Effort(30_000, 1 / 60, 100_000, 1 / 24, finalists=4)


@dataclass(frozen=True)
class Goal:
    """What to keep: the share of refused requests, for traffic grown by ``growth``; and the guide's target."""

    max_errors: float = 0.001
    growth: float = 1.2
    target_utilization: float = 0.7

    def __post_init__(self) -> None:
        require("The goal for errors", self.max_errors, low=1e-6, high=0.2, how="Give a share, such as 0.001.")
        require("The growth", self.growth, low=0.5, high=100, how="Give a factor, such as 1.2 for 20 percent more.")
        require("The target utilization", self.target_utilization, low=0.01, high=1, how="Give 1 to 100 percent.")


@dataclass(frozen=True)
class Service:
    """What is known of the deployed service; None where it is not known.

    ``node_replicas`` is how many replicas the nodes can hold, ``workers`` how many requests one container really works
    on at a time, and ``timeout`` the scoring time-out in seconds.
    """

    name: str = "NAME"
    endpoint: str = "ENDPOINT"
    kind: Literal["aks", "kubernetes", "managed"] = "aks"
    current: Settings | None = None
    node_replicas: int | None = None
    workers: int | None = None
    timeout: float | None = None
    resource_group: str | None = None
    workspace: str | None = None


def recommend(
    traffic: Traffic | Figures, goal: Goal, router: Router, concurrency: int = 1, service: Service | None = None
) -> dict[str, Any]:
    """The recommendation for a service in front of which ``traffic`` arrives, in the documented shape.

    Waits are in milliseconds, shares are fractions, and ``targetUtilization`` is a percentage, as on the service.
    """
    require("The concurrency", concurrency, low=1, high=10_000, how="Give 1 request per replica or more.")
    service = service or Service()
    if isinstance(traffic, Figures):
        return _from_figures(traffic, goal, router, concurrency, service)
    return _from_traffic(traffic, goal, router, concurrency, service)


def guide(rps: float, request_time: float, target_utilization: float, concurrency: int) -> dict[str, Any]:
    """The formula of the troubleshooting guide, with its terms under the guide's own names; the target in percent."""
    return {
        "targetRps": round(rps, 6),
        "reqTime": round(request_time, 6),
        "maxReqPerContainer": concurrency,
        "targetUtilization": round(target_utilization * 100, 2),
        "concurrentRequests": round(rps * request_time / target_utilization, 6),
        "replicas": queueing.guide_replicas(rps, request_time, target_utilization, concurrency),
        "formula": "ceil(targetRps * reqTime / (targetUtilization / 100) / maxReqPerContainer)",
    }


def samples(traffic: Traffic, router: Router) -> tuple[Sample, Sample, Router]:
    """A coarse and a fine sample, and the router at the pace at which it is enough to replay such requests."""
    pace = max(router.refresh, min(_COARSEST_REFRESH, traffic.mean_request_time / _LONG_REQUEST_STEPS))
    requests, effort = len(traffic.arrivals), _effort(traffic)
    fine = sample(traffic, max(effort.fine, effort.fine_share * requests), pace)
    coarse = sample(traffic, max(effort.coarse, effort.coarse_share * requests), pace)
    return coarse, fine, replace(router, refresh=pace)


def recommended_settings(traffic: Traffic, goal: Goal, router: Router, concurrency: int = 1) -> Settings:
    """Only the settings: what a back-test needs."""
    coarse, fine, paced = samples(traffic, router)
    goals = [goal.max_errors, 10 * goal.max_errors]
    return _search(traffic, coarse, fine, goals, paced, concurrency=concurrency, goal=goal)[0].settings


def _effort(traffic: Traffic) -> Effort:
    return EFFORT_FOR_COUNTS if traffic.counted else EFFORT_FOR_LOGS


def _search(
    traffic: Traffic, coarse: Sample, fine: Sample, goals: list[float], router: Router, *, concurrency: int, goal: Goal
) -> list[Choice]:
    return search(coarse, fine, goals, router, concurrency, goal.growth, finalists=_effort(traffic).finalists)


def _from_traffic(
    traffic: Traffic, goal: Goal, router: Router, concurrency: int, service: Service
) -> dict[str, Any]:
    coarse, fine, paced = samples(traffic, router)
    goals = [goal.max_errors, *(other for other in TRADEOFF_GOALS if other != goal.max_errors)]
    choices = _search(traffic, coarse, fine, goals, paced, concurrency=concurrency, goal=goal)
    best = choices[0].settings
    peak_rps, request_time = traffic.peak_rps(), traffic.mean_request_time
    formula = guide(peak_rps, request_time, goal.target_utilization, concurrency)
    as_guide = Settings(
        formula["replicas"], max(10, formula["replicas"]), goal.target_utilization, concurrency
    )
    hours = traffic.span / 3600
    current = service.current
    now = predict(coarse, current, paced) if current else None
    assumptions = list(traffic.assumptions) + _router_assumptions(router, goal)
    if not fine.whole:
        assumptions.append(
            f"Replayed were {sum(len(part.arrivals) for part in fine.stretches):,} requests: the busiest stretches and "
            "one out of each group of similar others, which counts for its group."
        )
    return {
        "traffic": {
            "requests": len(traffic.arrivals),
            "hours": round(hours, 3),
            "meanRps": round(len(traffic.arrivals) / traffic.span, 4),
            "peakRps": round(peak_rps, 4),
            "meanRequestTime": round(request_time, 4),
            "offeredErlangs": round(traffic.offered / traffic.span, 4),
            "peakConcurrency": coarse.peak,
        },
        "guide": {**formula, **_described(as_guide, predict(coarse, as_guide, paced), hours)},
        "current": _described(current, now, hours) if current and now else None,
        "recommendation": _described(best, predict(fine, best, paced), hours),
        "sensitivity": _sensitivity(coarse, best, paced),
        "tradeoffs": [_tradeoff(choice, coarse, paced, hours) for choice in sorted(choices, key=lambda c: -c.goal)],
        "reasons": _reasons(coarse, current, now, best, paced, goal) if current and now else [],
        "warnings": _warnings(best, request_time, router, service, concurrency)
        + _traffic_warnings(traffic, coarse.peak, choices[0]),
        "assumptions": assumptions,
        "commands": commands(service, best),
    }


def _from_figures(
    figures: Figures, goal: Goal, router: Router, concurrency: int, service: Service
) -> dict[str, Any]:
    peak = figures.peak_rps or figures.rps
    load = peak * figures.request_time
    formula = guide(figures.rps, figures.request_time, goal.target_utilization, concurrency)

    def settings_for(max_errors: float) -> Settings:
        grown = load * goal.growth
        servers = queueing.servers_needed(grown, figures.request_time, router.queue_wait, max_errors)
        minimum = math.ceil(servers / concurrency)
        maximum = math.ceil(max(servers, grown / goal.target_utilization) * _SPREAD_OF_FIGURES / concurrency)
        return Settings(minimum, max(minimum, maximum), 0.9, concurrency)

    def described(settings: Settings) -> dict[str, Any]:
        servers = settings.min_replicas * concurrency
        refused = refused_by(settings.min_replicas, load)
        wait = queueing.served_wait(servers, load, figures.request_time, router.queue_wait)
        wanted = figures.rps * figures.request_time / settings.target_utilization / concurrency
        mean = min(float(settings.max_replicas), max(float(settings.min_replicas), wanted))
        return _described(settings, Prediction(refused, refused, wait, mean, 0), 1.0)

    def refused_by(replicas: int, offered: float) -> float:
        return queueing.refused_share(replicas * concurrency, offered, figures.request_time, router.queue_wait)

    best = settings_for(goal.max_errors)
    as_guide = Settings(formula["replicas"], max(10, formula["replicas"]), goal.target_utilization, concurrency)
    goals = sorted({goal.max_errors, *TRADEOFF_GOALS}, reverse=True)
    assumptions = [
        "The minimum alone carries the peak: Poisson arrivals, M/M/n with the queue wait as patience. "
        "Replica-hours are for one hour.",
        *_router_assumptions(router, goal),
    ]
    if figures.peak_rps is None:
        assumptions.append(f"No peak rate was given: {figures.rps:g} requests a second are taken for the peak.")
    return {
        "traffic": {
            "requests": None,
            "hours": None,
            "meanRps": figures.rps,
            "peakRps": peak,
            "meanRequestTime": figures.request_time,
            "offeredErlangs": round(figures.rps * figures.request_time, 4),
            "peakConcurrency": None,
        },
        "guide": {**formula, **described(as_guide)},
        "current": described(replace(service.current, concurrency=concurrency)) if service.current else None,
        "recommendation": described(best),
        "sensitivity": [],
        "tradeoffs": [
            {"goal": max_errors, "shown": True, **described(settings_for(max_errors))} for max_errors in goals
        ],
        "reasons": _figure_reasons(figures, service.current, concurrency, goal, refused_by) if service.current else [],
        "warnings": _warnings(best, figures.request_time, router, service, concurrency),
        "assumptions": assumptions,
        "commands": commands(service, best),
    }


def commands(service: Service, settings: Settings) -> list[str]:
    """What to type to apply the settings."""
    target = round(settings.target_utilization * 100)
    if service.kind == "aks":
        where = f" -g {service.resource_group} -w {service.workspace}" if service.workspace else ""
        return [
            f"az ml trouble autoscale apply -n {service.name} --min-replicas {settings.min_replicas} "
            f"--max-replicas {settings.max_replicas} --target-utilization {target}{where}"
        ]
    update = f"az ml online-deployment update -e {service.endpoint} -n {service.name} --set"
    if service.kind == "managed":
        return [f"{update} instance_count={settings.min_replicas}"]
    return [
        f"{update} scale_settings.type=target_utilization scale_settings.min_instances={settings.min_replicas} "
        f"scale_settings.max_instances={settings.max_replicas} scale_settings.target_utilization_percentage={target}"
    ]


def _described(settings: Settings, prediction: Prediction, hours: float) -> dict[str, Any]:
    return {
        "minReplicas": settings.min_replicas,
        "maxReplicas": settings.max_replicas,
        "targetUtilization": round(settings.target_utilization * 100),
        "predictedErrorShare": round(prediction.error_share, 7),
        "p95WaitMs": round(prediction.p95_wait * 1000, 1),
        "meanReplicas": round(prediction.mean_replicas, 2),
        "replicaHours": round(prediction.mean_replicas * hours, 2),
    }


def _sensitivity(coarse: Sample, best: Settings, router: Router) -> list[dict[str, Any]]:
    """What the recommended settings do where the router is not as assumed."""
    others = {
        "no queue": replace(router, queue_wait=0.0),
        f"replicas start in {3 * router.start_delay:g} s": replace(router, start_delay=3 * router.start_delay),
        "demand averaged over 15 s": replace(router, smoothing=15.0),
    }
    return [
        {"assumption": name, "predictedErrorShare": round(predict(coarse, best, other).error_share, 7)}
        for name, other in others.items()
    ]


def _tradeoff(choice: Choice, coarse: Sample, router: Router, hours: float) -> dict[str, Any]:
    prediction = predict(coarse, choice.settings, router)
    return {"goal": choice.goal, "shown": choice.shown, **_described(choice.settings, prediction, hours)}


def _router_assumptions(router: Router, goal: Goal) -> list[str]:
    queue = f"a request waits up to {router.queue_wait * 1000:g} ms" if router.queue_wait else "no request waits"
    smoothing = f"demand averaged over {router.smoothing:g} s" if router.smoothing else "demand as it is"
    return [
        f"Router: {queue}; {smoothing}, read every {router.refresh:g} s; a replica serves {router.start_delay:g} s "
        f"after it was asked for; the pool shrinks after {router.scale_down_after:g} s.",
        f"The traffic to come is taken to be {goal.growth:g} times this one.",
    ]


def _reasons(
    replayed: Sample, current: Settings, now: Prediction, best: Settings, router: Router, goal: Goal
) -> list[str]:
    """Why requests are refused now, in the guide's terms: each setting is changed alone, and the change measured."""
    if now.error_share <= goal.max_errors:
        return []
    levers = [
        (
            f"The maximum of {current.max_replicas} is reached",
            replace(current, max_replicas=max(current.max_replicas, best.max_replicas)),
        ),
        (
            f"The minimum of {current.min_replicas} is too low for the peaks",
            replace(
                current,
                min_replicas=max(current.min_replicas, min(best.min_replicas, current.max_replicas)),
            ),
        ),
        (
            f"At a utilisation level of {current.target_utilization:.0%} replicas are added too late",
            replace(current, target_utilization=min(0.3, current.target_utilization)),
        ),
    ]
    found = []
    for text, changed in levers:
        cured = 1 - predict(replayed, changed, router).error_share / now.error_share if changed != current else 0.0
        if cured >= 0.05:
            found.append((cured, f"{text}: changing this alone avoids {cured:.0%} of the refused requests."))
    if not found:
        return ["No setting alone avoids the refused requests: the minimum and the maximum must be raised together."]
    return [text for _, text in sorted(found, reverse=True)]


def _figure_reasons(
    figures: Figures, current: Settings, concurrency: int, goal: Goal, refused_by: Callable[[int, float], float]
) -> list[str]:
    """Why requests are refused now, in the guide's terms, as far as bare figures can tell.

    ``refused_by`` gives the share that so many replicas refuse under a load (erlangs).
    """
    mean, peak = (rps * figures.request_time for rps in (figures.rps, figures.peak_rps or figures.rps))
    found = []
    if refused_by(current.max_replicas, peak) > goal.max_errors:
        found.append(
            f"The maximum of {current.max_replicas} is reached: at the peak it refuses "
            f"{refused_by(current.max_replicas, peak):.2%}."
        )
    wanted = math.ceil(mean / current.target_utilization / concurrency - 1e-9)
    steady = max(current.min_replicas, min(current.max_replicas, wanted))
    if steady < current.max_replicas and refused_by(steady, mean) > goal.max_errors:
        found.append(
            f"At a utilisation level of {current.target_utilization:.0%} the mean load is given {steady} replicas, "
            f"which refuse {refused_by(steady, mean):.2%} of it."
        )
    if steady < current.max_replicas and refused_by(steady, peak) > max(goal.max_errors, refused_by(steady, mean)):
        found.append(
            f"The minimum of {current.min_replicas} is too low for the peaks: until more replicas have started, "
            f"{refused_by(steady, peak):.2%} of them is refused."
        )
    return found


def _warnings(
    best: Settings, request_time: float, router: Router, service: Service, concurrency: int
) -> list[str]:
    found = []
    current = service.current
    if current and current.max_replicas < best.min_replicas:
        found.append(
            f"The maximum now ({current.max_replicas}) is below the recommended minimum ({best.min_replicas}): "
            "both must be changed in one update, or it is refused."
        )
    if service.node_replicas is not None and service.node_replicas < best.max_replicas:
        short = "not even the minimum" if service.node_replicas < best.min_replicas else "not the maximum"
        found.append(
            f"The nodes can hold {service.node_replicas} replicas: {short} ({best.min_replicas} to "
            f"{best.max_replicas}). The autoscaler does not add nodes; replicas beyond stay pending."
        )
    if service.workers is not None and concurrency > service.workers:
        found.append(
            f"The concurrency of {concurrency} is above the {service.workers} worker(s) of a container: the surplus "
            "waits inside the container, which costs time and adds no capacity. Set WORKER_COUNT as high."
        )
    if service.timeout is not None and request_time > service.timeout:
        found.append(
            f"Requests take {request_time:g} s on average, the time-out is {service.timeout:g} s: no number of "
            "replicas cures that (504 or 408). Raise the time-out or make the model faster."
        )
    if service.kind == "managed":
        found.append(
            "A managed endpoint adds instances in minutes, not seconds, and refuses with 429: only the instances that "
            "are there when a peak comes help. Use a schedule for known peaks."
        )
    elif router.start_delay >= _SLOW_START:
        found.append(
            f"Replicas take {router.start_delay:g} s to start: the minimum must carry every rise that is faster. "
            "A smaller image or a model that loads faster saves replicas."
        )
    return found


def _traffic_warnings(traffic: Traffic, peak: int, choice: Choice) -> list[str]:
    found = []
    needed = _rarely_exceeded(traffic.peak_rps() * traffic.mean_request_time)
    if peak > 2 * needed:
        found.append(
            f"Bursts: {peak} requests were in work at once, {needed} would be expected from the busiest minute. "
            "Bursts inside a second are over before a replica starts; only the minimum, a longer queue wait, or "
            "clients that retry with back-off help."
        )
    if not choice.shown:
        found.append(
            f"{len(traffic.arrivals):,} requests cannot show a goal of {choice.goal:.2%}: the recommendation keeps a "
            "margin, but a longer log would make it surer."
        )
    return found


def _rarely_exceeded(load: float) -> int:
    """Requests in work at once that Poisson arrivals of this load (erlangs) rarely exceed: four deviations."""
    return math.ceil(load + 4 * math.sqrt(load) + 1)
