"""pytest fixtures: one simulated Azure and one login for a whole test session (one of each per xdist worker)."""
from __future__ import annotations

from collections.abc import Iterator

import pytest

from .az import AzHarness
from .client import SimulatedAzure


@pytest.fixture(scope="session")
def azure(tmp_path_factory: pytest.TempPathFactory) -> Iterator[SimulatedAzure]:
    """A running simulated Azure with every scenario; take a workspace of one's own with ``azure.scenario(...)``."""
    simulator = SimulatedAzure(tmp_path_factory.mktemp("azuresim"))
    yield simulator
    simulator.stop()


@pytest.fixture(scope="session")
def az(azure: SimulatedAzure, tmp_path_factory: pytest.TempPathFactory) -> AzHarness:
    """The real az, logged in to the simulated Azure."""
    return AzHarness(azure, tmp_path_factory.mktemp("az")).login()
