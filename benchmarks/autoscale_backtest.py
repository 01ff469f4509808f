"""Recommendations made on the first half of each trace, judged on the second half: the goal of 0.1 % and the cost.

    python benchmarks/autoscale_backtest.py [folder with the real traces]

The recommendations are made once, for the router as documented, and judged on four routers.
"""
from __future__ import annotations

import math
import sys
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
sys.path[:0] = [str(ROOT), str(ROOT / "benchmarks")]

from autoscale_traces import HELD_OUT, TUNING, real_traces, synthetic_traces  # noqa: E402

from azext_mltrouble.autoscale.backtest import policies_for  # noqa: E402
from azext_mltrouble.autoscale.recommendation import Goal  # noqa: E402
from azext_mltrouble.autoscale.settings import Router  # noqa: E402
from azext_mltrouble.autoscale.simulation import replay  # noqa: E402

GOAL = Goal()
ROUTERS = {
    "documented": Router(),
    "smoothed 15 s": Router(smoothing=15.0),
    "start 180 s": Router(start_delay=180.0),
    "no queue": Router(queue_wait=0.0),
}


def main() -> None:
    groups = {"tuning": synthetic_traces(TUNING), "held out": synthetic_traces(HELD_OUT)}
    if len(sys.argv) > 1:
        groups = {"real": real_traces(Path(sys.argv[1])), **groups}
    for group, traces in groups.items():
        print(f"\n{group}")
        results: dict[tuple[str, str], list[tuple[float, float]]] = {}
        for name, traffic in traces:
            train, judge = traffic.split(0.5)
            began = time.process_time()
            for policy in policies_for(train, judge, GOAL, Router(), 1):
                cells = []
                for router_name, router in ROUTERS.items():
                    settings = policy.settings
                    outcome = replay(
                        judge.arrivals, judge.durations, settings, router, start=judge.start, end=judge.end
                    )
                    ratio = outcome.replica_seconds / judge.offered
                    results.setdefault((policy.name, router_name), []).append((outcome.refused_share, ratio))
                    cells.append(f"{outcome.refused_share:9.4%}")
                ratio = results[policy.name, "documented"][-1][1]
                print(
                    f"{name:34s}{policy.name:12s}{settings.min_replicas:4d}..{settings.max_replicas:<4d}"
                    f"{settings.target_utilization:5.0%}{ratio:8.2f} {' '.join(cells)}"
                )
            print(f"{'':34s}{time.process_time() - began:.1f} s", flush=True)
        for (policy_name, router_name), cells_of in results.items():
            kept = sum(share <= GOAL.max_errors for share, _ in cells_of)
            ratios = [ratio for _, ratio in cells_of]
            geometric = math.exp(sum(map(math.log, ratios)) / len(ratios))
            print(
                f"{policy_name:12s} {router_name:14s} kept {kept:2d} of {len(cells_of):2d}  "
                f"mean refused {sum(share for share, _ in cells_of) / len(cells_of):8.4%}  "
                f"replica-hours per erlang-hour {sum(ratios) / len(ratios):6.2f} (geometric {geometric:5.2f})"
            )


if __name__ == "__main__":
    main()
