"""Fixtures of the honesty tests: every scenario once more, read by azureml-core in one process."""
from __future__ import annotations

import json
import os
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from tests.azuresim import scenario
from tests.azuresim.client import SimulatedAzure, Workspace
from tests.evidence.conftest import identity, session  # noqa: F401  # the session that the tests of evidence use, too

_READS = Path(__file__).with_name("sdk_reads.py")


@dataclass(frozen=True)
class Reading:
    """One scenario as azureml-core saw it: ``seen`` (see sdk_reads.py), and what it asked for that (``asked``)."""

    workspace: Workspace
    held: scenario.Scenario
    seen: dict[str, Any]
    asked: list[dict[str, Any]]


def sdk_folder() -> Path:
    """Where azureml-core is: ``MLTROUBLE_SDK_DIR``, or with the extension that ``az extension add`` installed."""
    own = os.environ.get("MLTROUBLE_SDK_DIR")
    extensions = os.environ.get("MLTROUBLE_EXTENSION_DIR")
    folder = Path(own) if own else Path(extensions or "") / "mltrouble"
    if not (folder / "azureml" / "core").is_dir():
        pytest.fail("azureml-core is not installed: run scripts/test tests/honesty, or set MLTROUBLE_SDK_DIR")
    return folder


def read_with_sdk(azure: SimulatedAzure, workspaces: dict[str, dict[str, Any]], home: Path) -> dict[str, Any]:
    """What sdk_reads.py prints for these workspaces; AssertionError with its traceback if it fails."""
    environment = {"PATH": os.environ["PATH"], "HOME": str(home), "REQUESTS_CA_BUNDLE": azure.started["ca"],
                   "AZUREML_LOG_DEPRECATION_WARNING_ENABLED": "False", "NO_PROXY": "127.0.0.1"}
    given = {**azure.started, "path": str(sdk_folder()), "workspaces": workspaces}
    done = subprocess.run([sys.executable, str(_READS)], input=json.dumps(given), env=environment, text=True,
                          capture_output=True, timeout=300, check=False)
    assert done.returncode == 0, done.stderr[-3000:]
    return dict(json.loads(done.stdout))


@pytest.fixture(scope="session")
def readings(azure: SimulatedAzure, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Reading]:
    """Every scenario of the simulator, read by azureml-core."""
    workspaces, held, wanted = {}, {}, {}
    for name in scenario.names_of_files():
        workspaces[name] = azure.scenario(name)
        held[name] = scenario.build(workspaces[name].name, {"extends": name})
        wanted[name] = {"names": workspaces[name].names, "services": sorted(held[name].services),
                        "images": [image["id"] for image in held[name].images],
                        "absent": [image["name"] for image in held[name].images
                                   if not held[name].services][:1],
                        "environments": sorted(held[name].environments)}
    seen = read_with_sdk(azure, wanted, tmp_path_factory.mktemp("sdk"))
    return {name: Reading(workspaces[name], held[name], seen[name], workspaces[name].requests()) for name in workspaces}
