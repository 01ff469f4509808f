"""The part of ``scripts/demo`` that shows: ``python -m scripts.demonstration AZ EXTENSION_DIR``."""
from __future__ import annotations

import subprocess
import sys
import tempfile
from pathlib import Path

from tests.azuresim.az import AzHarness
from tests.azuresim.client import SimulatedAzure


def main(az: Path, extensions: Path) -> int:
    """Starts the simulated Azure, logs in, diagnoses; returns the exit code of the last az."""
    with tempfile.TemporaryDirectory(prefix="mltrouble-demo-") as folder:
        simulator = SimulatedAzure(Path(folder) / "azure", "--scenario", "crash-in-init")
        try:
            harness = AzHarness(simulator, Path(folder), az, extensions)
            workspace = simulator.scenario("crash-in-init", "demo")
            print("$ az login", file=sys.stderr)
            harness.login()
            harness.must("configure", "--defaults", f"group={workspace.resource_group}", f"workspace={workspace.name}")
            show(harness, "ml", "trouble", "diagnose", "-n", "mysvc", "-o", "table")
            return show(harness, "ml", "trouble", "diagnose", "-n", "mysvc")
        finally:
            simulator.stop()


def show(harness: AzHarness, *arguments: str) -> int:
    """Runs az in this terminal, below the line that a person would type; returns its exit code."""
    print(f"\n$ az {' '.join(arguments)}", flush=True)
    return subprocess.run([str(harness.az), *arguments], env=harness.environment, cwd=harness.folder).returncode


if __name__ == "__main__":
    try:
        sys.exit(main(Path(sys.argv[1]), Path(sys.argv[2])))
    except KeyboardInterrupt:
        sys.exit(130)
