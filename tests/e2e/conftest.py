"""Fixtures of the end-to-end tests: the real az with the extension, in front of the simulated Azure."""
from __future__ import annotations

from pathlib import Path

import pytest

from tests.azuresim.az import AzHarness
from tests.azuresim.client import SimulatedAzure, Workspace
from tests.e2e.trouble import Trouble


@pytest.fixture(scope="session")
def extended_az(az: AzHarness) -> AzHarness:
    """az, logged in, with the extension as ``az extension add`` has installed it."""
    if not (az.extensions / "mltrouble").is_dir():
        pytest.fail("The extension is not installed in MLTROUBLE_EXTENSION_DIR: run scripts/test tests/e2e")
    return az


@pytest.fixture(scope="session")
def trouble(extended_az: AzHarness) -> Trouble:
    """``az ml trouble``."""
    return Trouble(extended_az)


@pytest.fixture
def stranger(extended_az: AzHarness, azure: SimulatedAzure, tmp_path: Path) -> Trouble:
    """``az ml trouble`` of somebody who has not logged in."""
    return Trouble(AzHarness(azure, tmp_path / "stranger", extended_az.az, extended_az.extensions))


@pytest.fixture(scope="session")
def crashing(azure: SimulatedAzure) -> Workspace:
    """A workspace whose service ``mysvc`` crashes in init(); tests only read it."""
    return azure.scenario("crash-in-init")
