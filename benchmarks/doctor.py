"""How long the doctor takes, beside az itself and beside the guide's way: ``python -m benchmarks.doctor`` (see run).

Every figure is a median over rounds in which all candidates take turns, so that a busy machine slows all alike.
"""
from __future__ import annotations

import json
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from statistics import median

from tests.azuresim.az import AzHarness
from tests.azuresim.client import SimulatedAzure, Workspace

LATENCY_MS = 60
LOG_BYTES = 1_000_000
#: What a live diagnosis may take beside az's start and its round trips.
OWN_SECONDS = 0.3
_TABLE_TIME = """
import sys, time
import azure.cli.core, azure.cli.core.commands.parameters, azure.cli.core.azclierror
from azure.cli.core.mock import DummyCli
cli = DummyCli()
sys.path.append(sys.argv[1])
started = time.perf_counter()
import azext_mltrouble
azext_mltrouble.COMMAND_LOADER_CLS(cli_ctx=cli).load_command_table([])
print(time.perf_counter() - started)
"""


def main(az: Path, extensions: Path, rounds: int) -> None:
    """Measures and prints a Markdown table."""
    with tempfile.TemporaryDirectory(prefix="mltrouble-benchmark-") as name:
        folder = Path(name)
        simulator = SimulatedAzure(folder / "azure", "--scenario", "crash-in-init", "--latency-ms", str(LATENCY_MS))
        try:
            harness = AzHarness(simulator, folder, az, extensions).login()
            workspace = simulator.scenario("crash-in-init", "benchmark")
            print_table(*measure(harness, workspace, rounds))
        finally:
            simulator.stop()


def measure(harness: AzHarness, workspace: Workspace, rounds: int) -> tuple[dict[str, float], float]:
    """Median seconds of each candidate, and of the command table alone."""
    log = harness.folder / "container.log"
    log.write_bytes(log_of(LOG_BYTES))
    candidates: dict[str, Callable[[], None]] = {
        "az account show": lambda: run_az(harness, "account", "show"),
        "diagnose --log": lambda: run_az(harness, "ml", "trouble", "diagnose", "--log", str(log)),
        "diagnose --name": lambda: run_az(
            harness, "ml", "trouble", "diagnose", "-n", "mysvc", *workspace.arguments
        ),
        "guide": lambda: run_guide(harness, workspace),
    }
    seconds: dict[str, list[float]] = {name: [] for name in candidates}
    tables = []
    for number in range(rounds + 1):
        for name, candidate in candidates.items():
            started = time.perf_counter()
            candidate()
            if number:  # the first round fills the caches of files
                seconds[name].append(time.perf_counter() - started)
        if number:
            tables.append(table_seconds(harness))
    return {name: median(values) for name, values in seconds.items()}, median(tables)


def run_az(harness: AzHarness, *arguments: str) -> None:
    """One run of az that must succeed."""
    harness.must(*arguments)


def run_guide(harness: AzHarness, workspace: Workspace) -> None:
    """One run of the guide's reads with azureml-core, which az's own extension folder holds."""
    started = harness.simulator.started
    given = {
        "arm": started["arm"], "subscription": started["subscription"], "path": str(harness.extensions / "mltrouble"),
        "group": workspace.resource_group, "workspace": workspace.name, "service": "mysvc",
    }
    subprocess.run(
        [harness.az.with_name("python"), Path(__file__).with_name("guide.py")], input=json.dumps(given).encode(),
        env=harness.environment, check=True, capture_output=True, cwd=harness.folder)


def table_seconds(harness: AzHarness) -> float:
    """Seconds that az spends on importing this extension and building its command table."""
    done = subprocess.run(
        [harness.az.with_name("python"), "-c", _TABLE_TIME, harness.extensions / "mltrouble"],
        env=harness.environment, check=True, capture_output=True, text=True)
    return float(done.stdout)


def log_of(size: int) -> bytes:
    """A container log of that many bytes whose last lines tell the cause."""
    line = b"2026-11-20T09:14:03,121 | root | INFO | 200 | request served in 12 ms | id 5f0c2e\n"
    end = b"Traceback (most recent call last):\nModuleNotFoundError: No module named 'sklearn'\n"
    return line * ((size - len(end)) // len(line)) + end


def print_table(seconds: dict[str, float], table: float) -> None:
    """The figures as ratios, with what they were made of."""
    start, log, live, guide = (seconds[name] for name in ("az account show", "diagnose --log", "diagnose --name",
                                                          "guide"))
    trips = (live - start - OWN_SECONDS) / (LATENCY_MS / 1000)
    rows = [
        ("the guide's reads with azureml-core : live `diagnose`", guide / live,
         f"{guide:.2f} s : {live:.2f} s; {LATENCY_MS} ms per request"),
        ("live `diagnose` : `az account show`", live / start,
         f"{live:.2f} s : {start:.2f} s; that is az's start, {OWN_SECONDS} s and {trips:.1f} round trips"),
        ("`diagnose --log` of 1 MB : `az account show`", log / start, f"{log:.2f} s : {start:.2f} s"),
        ("the command table : `az account show`", table / start, f"{table * 1000:.0f} ms : {start * 1000:.0f} ms"),
    ]
    print("| what | ratio | measured here |\n|---|---|---|")
    for what, ratio, detail in rows:
        print(f"| {what} | {ratio:.2f} | {detail} |")


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]), int(sys.argv[3]))
