"""Faults of Azure under the reading commands: an error that says how to go on, in time, or the answer."""
from __future__ import annotations

import pytest

from tests.azuresim.client import SimulatedAzure
from tests.azuresim.faults import NAMES
from tests.e2e.trouble import Trouble

#: What one read may take, so that a fault that hangs does not take a minute.
SECONDS = "5"
COMMANDS = {
    "mms.models": ("model", "list"),
    "mms.images": ("image", "show", "-n", "mysvc"),
    "mms.service_logs": ("service", "log", "-n", "mysvc"),
    "blob.read": ("image", "log", "-n", "mysvc"),
}


@pytest.mark.parametrize("route", COMMANDS)
@pytest.mark.parametrize("fault", NAMES)
def test_a_fault_ends_in_an_error_in_time(azure: SimulatedAzure, trouble: Trouble, route: str, fault: str) -> None:
    workspace = azure.scenario("image-versions")
    workspace.faults({"route": route, "fault": fault})
    options = (*COMMANDS[route], *workspace.arguments)
    if route == "blob.read" and fault in ("wrong-content-type", "broken-json", "empty"):  # a log is any text
        assert trouble.run(*options, AZURE_MLTROUBLE_TIMEOUT=SECONDS).code == 0
        return
    trouble.refused(*options, code=3 if fault == "not-found" else 1, AZURE_MLTROUBLE_TIMEOUT=SECONDS)


@pytest.mark.parametrize("route", COMMANDS)
def test_a_fault_that_passes_is_not_noticed(azure: SimulatedAzure, trouble: Trouble, route: str) -> None:
    workspace = azure.scenario("image-versions")
    workspace.faults({"route": route, "fault": "error-503", "times": 1})
    assert trouble.run(*COMMANDS[route], *workspace.arguments).code == 0
