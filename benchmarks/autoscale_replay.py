"""How much faster is the replay than the same model in simpy? Both replay the same requests, in the same run.

    python benchmarks/autoscale_replay.py [requests, default 1000000]
"""
from __future__ import annotations

import random
import sys
import time
from array import array
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
sys.path[:0] = [str(ROOT), str(ROOT / "tests" / "autoscale")]

from simpy_model import SimpyService  # noqa: E402

from azext_mltrouble.autoscale.settings import Router, Settings  # noqa: E402
from azext_mltrouble.autoscale.simulation import replay  # noqa: E402

SETTINGS = Settings(min_replicas=30, max_replicas=200, target_utilization=0.7)
ROUTER = Router(start_delay=60.3)


def traffic(count: int) -> tuple[array[float], array[float]]:
    """Requests of 1 s on average (lognormal), 25/s and 75/s in turns of ten minutes."""
    source = random.Random(1)
    arrivals, durations, now = array("d"), array("d"), 0.0
    for _ in range(count):
        now += source.expovariate(75 if int(now / 600) % 2 else 25)
        arrivals.append(now)
        durations.append(source.lognormvariate(-0.35, 0.83))
    return arrivals, durations


def main() -> None:
    count = int(sys.argv[1]) if len(sys.argv) > 1 else 1_000_000
    arrivals, durations = traffic(count)
    began = time.process_time()
    outcome = replay(arrivals, durations, SETTINGS, ROUTER, start=0.0)
    ours = time.process_time() - began
    service = SimpyService(SETTINGS, ROUTER)
    began = time.process_time()
    service.run(arrivals, durations)
    theirs = time.process_time() - began
    print(f"requests          {count:>12,}")
    print(f"refused           {len(outcome.refusals):>12,}  simpy {len(service.refused):,}")
    print(f"replica-hours     {outcome.replica_seconds / 3600:>12,.1f}  simpy {service.replica_seconds / 3600:,.1f}")
    print(f"replay            {ours:>11.2f}s")
    print(f"simpy             {theirs:>11.2f}s")
    print(f"times faster      {theirs / ours:>12.1f}")


if __name__ == "__main__":
    main()
