"""The cheapest settings that keep a goal, found by replaying traffic.

The search is cautious where the log cannot be sure, because the settings are for traffic that is still to come:

- half of the goal must be kept, in the worst quarter of the time, by a router that smooths its demand over 15 s (the
  smoothing inside azureml-fe is not documented);
- the minimum gets a margin for the bursts that the log does not happen to contain: the tail of the load is taken as
  exponential, its scale measured as the replicas that ten times fewer refusals cost, and the margin shrinks with the
  square root of the number of bursts that were seen;
- and at last the growth that the user expects.
"""
from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace

from azext_mltrouble.autoscale.prediction import QUARTERS, Prediction, predict, predict_within
from azext_mltrouble.autoscale.sampling import Sample
from azext_mltrouble.autoscale.settings import Router, Settings

TARGETS = (0.9, 0.7, 0.5, 0.3)
CAUTIOUS_SMOOTHING = 15.0  # s
GOAL_SHARE = 0.5
_CEILING = 1.5  # the maximum, as a multiple of what the highest load of the log asks for
_NO_BETTER = 1.1  # a target this much dearer than the best: those beyond it are dearer still


@dataclass(frozen=True)
class Choice:
    """``bare`` keeps ``goal`` on the log itself; ``settings`` adds the margin for unseen bursts and the growth.

    ``shown`` says whether the log is long enough to show the goal at all: three times as many requests as are needed
    for one refusal.
    """

    goal: float
    settings: Settings
    bare: Settings
    shown: bool


def search(
    coarse: Sample,
    fine: Sample,
    goals: Sequence[float],
    router: Router,
    concurrency: int,
    growth: float,
    *,
    finalists: int = 1,
) -> list[Choice]:
    """Settings for each of the goals (shares of refused requests): those for the first at the target utilization that
    is cheapest for it, and those for the others at the same target.

    Looked for on the ``coarse`` sample; for the first goal, the ``finalists`` cheapest targets are corrected and
    compared on the ``fine`` one. ``growth`` is a factor on the load. A stricter goal never gets fewer replicas than a
    looser one.
    """
    cautious = replace(router, smoothing=max(router.smoothing, CAUTIOUS_SMOOTHING))
    trials = _Trials(coarse, cautious, concurrency, GOAL_SHARE, QUARTERS)
    proof = _Trials(fine, cautious, concurrency, GOAL_SHARE, QUARTERS)
    costs = _costs(trials, goals[0])
    targets = sorted(costs, key=costs.__getitem__)[:finalists]
    found = {target: proof.smallest(target, goals[0], near=trials.smallest(target, goals[0])) for target in targets}
    if len(found) > 1:
        target = min(found, key=lambda each: _grown_cost(proof.settings(found[each], each), fine, router, growth))
    else:
        target = targets[0]
    first = found[target]
    margin = _margin(trials, target, goals[0], first)
    minima = {goal: trials.smallest(target, goal) for goal in goals[1:]}
    minima = {goal: max(first, m) if goal < goals[0] else min(first, m) for goal, m in minima.items()}
    minima[goals[0]] = first
    return [_choice(trials, minima[goal], target, goal, margin, growth) for goal in goals]


def cheapest_in_hindsight(part: Sample, whole: Sample, goal: float, router: Router, concurrency: int) -> Settings:
    """The cheapest settings that keep the goal on this traffic, without any caution: what no rule can know before.

    Looked for on a ``part`` of it and corrected on the ``whole``.
    """
    trials, proof = (_Trials(sample, router, concurrency, 1.0, quarters=1) for sample in (part, whole))
    costs = _costs(trials, goal)
    target = min(costs, key=costs.__getitem__)
    return proof.settings(proof.smallest(target, goal, near=trials.smallest(target, goal)), target)


def _costs(trials: _Trials, goal: float) -> dict[float, float]:
    """Target utilization → mean replicas: first targets far apart, then those beside the best."""
    costs: dict[float, float] = {}

    def cost(target: float) -> float:
        costs[target] = trials.cost(trials.smallest(target, goal), target)
        return costs[target]

    for target in TARGETS:
        best = min(costs.values(), default=math.inf)
        if trials.least_cost(target) > best or cost(target) > _NO_BETTER * best:
            break
    centre = min(costs, key=costs.__getitem__)
    for target in (round(centre + 0.1, 1), round(centre - 0.1, 1)):
        if TARGETS[-1] <= target <= TARGETS[0] and target not in costs:
            cost(target)
    return costs


def _grown_cost(settings: Settings, sample: Sample, router: Router, growth: float) -> float:
    """Mean replicas under the load to come: ``growth`` times the demand is as a target that is as much lower."""
    grown = replace(
        settings,
        min_replicas=math.ceil(growth * settings.min_replicas - 1e-9),
        max_replicas=math.ceil(growth * settings.max_replicas - 1e-9),
        target_utilization=max(0.01, min(1.0, settings.target_utilization / growth)),
    )
    return predict(sample, grown, router).mean_replicas


def _margin(trials: _Trials, target: float, goal: float, found: int) -> float:
    """Replicas to add to the minimum that was ``found``, for the bursts that the log does not happen to contain."""
    strict, loose = min(found, trials.smallest(target, goal)), trials.smallest(target, 10 * goal)
    bursts = trials.known(loose, target).episodes / 10
    tail = max(0, strict - loose) / math.log(10)
    return max(tail / math.sqrt(max(1.0, bursts)), 0.0 if trials.shows(goal) else 1.0)


def _choice(trials: _Trials, minimum: int, target: float, goal: float, margin: float, growth: float) -> Choice:
    bare = trials.settings(minimum, target)
    grown = math.ceil(growth * (minimum + margin) - 1e-9)
    maximum = max(grown, math.ceil(growth * bare.max_replicas - 1e-9))
    settings = replace(bare, min_replicas=grown, max_replicas=maximum)
    return Choice(goal, settings, bare, trials.shows(goal))


class _Trials:
    """Settings tried on one sample. What is known of one trial narrows the next ones: another replica and a lower
    target never refuse more."""

    def __init__(
        self, sample: Sample, router: Router, concurrency: int, goal_share: float, quarters: int
    ) -> None:
        self._sample = sample
        self._router = router
        self._goal_share = goal_share
        self._quarters = quarters
        self._concurrency = concurrency
        self._enough = math.ceil(sample.peak / concurrency)
        self._kept: dict[tuple[int, float], Prediction] = {}
        self._failed: dict[tuple[int, float], float] = {}  # → the share that was exceeded

    def settings(self, minimum: int, target: float) -> Settings:
        maximum = max(minimum, math.ceil(_CEILING * self._enough / target))
        return Settings(minimum, maximum, target, self._concurrency)

    def shows(self, goal: float) -> bool:
        return goal * self._sample.requests >= 3

    def least_cost(self, target: float) -> float:
        """Mean replicas that a target costs whatever the minimum is."""
        traffic = self._sample.traffic
        return traffic.offered / traffic.span / target / self._concurrency

    def cost(self, minimum: int, target: float) -> float:
        return self.known(minimum, target).mean_replicas

    def known(self, minimum: int, target: float) -> Prediction:
        return self._kept[minimum, target]

    def smallest(self, target: float, goal: float, near: int | None = None) -> int:
        """The smallest minimum that keeps the goal at this target; ``near`` is where to look first."""
        share = self._goal_share * goal
        enough = [m for (m, t), found in self._kept.items() if t >= target and found.worst_quarter <= share]
        high = near or min(enough, default=self._enough)
        step = 1 if near or enough else max(1, high // 4)
        high = self.first_from(high, target, goal)  # the peak is too small where the router itself is slow
        low = max((m for (m, t), over in self._failed.items() if t <= target and over >= share), default=0)
        while high - low > 1:
            middle = max(low + 1, high - step)
            if self._keeps(middle, target, share):
                high, step = middle, 2 * step
            else:
                low, step = middle, max(1, (high - middle) // 2)
        return high

    def first_from(self, minimum: int, target: float, goal: float) -> int:
        """A minimum from ``minimum`` on that keeps the goal at this target: the next, or a few more."""
        step = 1
        while not self._keeps(minimum, target, self._goal_share * goal):
            minimum += step
            step = max(step, minimum // 16)
        return minimum

    def _keeps(self, minimum: int, target: float, share: float) -> bool:
        key = (minimum, target)
        if key not in self._kept and self._failed.get(key, -1.0) < share:
            settings = self.settings(minimum, target)
            prediction = predict_within(self._sample, settings, self._router, share, self._quarters)
            if prediction is None:
                self._failed[key] = share
            else:
                self._kept[key] = prediction
        return key in self._kept and self._kept[key].worst_quarter <= share
