"""What does a recommendation from a log of 600,000 requests take, measured in what the csv module takes to read it?

    python benchmarks/autoscale_recommend.py [requests, default 600000]

Processor time in one run, for timestamps in ISO-8601 and in epoch seconds; memory is the peak of the whole process.
"""
from __future__ import annotations

import csv
import math
import random
import resource
import sys
import tempfile
import time
from datetime import datetime, timezone
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

from azext_mltrouble.autoscale.recommendation import Goal, Service, recommend  # noqa: E402
from azext_mltrouble.autoscale.settings import Router, Settings  # noqa: E402
from azext_mltrouble.autoscale.traffic import read_request_log  # noqa: E402


def write_log(path: Path, requests: int, iso: bool) -> None:
    """Requests of 1 s on average with a daily cycle around 20 a second."""
    source = random.Random(3)
    now = 1_700_000_000.0
    with path.open("w") as file:
        file.write("timestamp,duration\n")
        for _ in range(requests):
            now += source.expovariate(20 * (1 + 0.8 * math.sin(now / 86_400 * 2 * math.pi)))
            moment = datetime.fromtimestamp(now, timezone.utc)
            stamp = moment.isoformat(timespec="milliseconds").replace("+00:00", "Z") if iso else f"{now:.3f}"
            file.write(f"{stamp},{source.lognormvariate(-0.35, 0.83):.3f}\n")


def main() -> None:
    requests = int(sys.argv[1]) if len(sys.argv) > 1 else 600_000
    with tempfile.TemporaryDirectory() as folder:
        for kind in ("ISO-8601", "epoch"):
            path = Path(folder) / "requests.csv"
            write_log(path, requests, kind == "ISO-8601")
            began = time.process_time()
            with path.open(newline="") as file:
                rows = sum(1 for _ in csv.reader(file))
            reading = time.process_time() - began
            began = time.process_time()
            with path.open(newline="") as file:
                traffic = read_request_log(file)
            read = time.process_time() - began
            recommend(traffic, Goal(), Router(), 1, Service(current=Settings()))
            whole = time.process_time() - began
            print(
                f"{kind:9s}{rows - 1:>10,} requests: csv module {reading:.3f} s, reading {read:.3f} s, "
                f"recommend {whole:.3f} s, {whole / reading:.2f} times the csv module"
            )
    print(f"peak memory {resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024:.0f} MB")


if __name__ == "__main__":
    main()
