"""Every fault on every request: one source less, never the others, and never a traceback or a hang."""
from __future__ import annotations

import pytest

from tests.azuresim.client import SimulatedAzure
from tests.azuresim.faults import NAMES
from tests.e2e.trouble import WIDTH, Trouble, unread

#: What one read may take, so that a fault that hangs does not take a minute.
SECONDS = "6"
#: The reads without which there is nothing to tell: then az's own error says why.
INDISPENSABLE = ("arm.workspace", "ml.discovery", "mms.service")
#: Reads that each add one piece of evidence, one of each kind of service; the rest is in tests/evidence.
SOURCES = ("mms.service_logs", "arm.container_group", "arm.vault", "blob.read")


@pytest.mark.parametrize("route", SOURCES)
@pytest.mark.parametrize("fault", NAMES)
def test_one_source_less_leaves_the_others(azure: SimulatedAzure, trouble: Trouble, route: str, fault: str) -> None:
    workspace = azure.scenario("crash-in-init")
    workspace.faults({"route": route, "fault": fault})
    report = trouble.report("-n", "mysvc", *workspace.arguments, AZURE_MLTROUBLE_TIMEOUT=SECONDS)
    assert report["verdict"] == "failed"
    assert report["failedStage"] == "launch"
    statuses = {check["status"] for stage in report["stages"] for check in stage["checks"]}
    assert statuses & {"passed", "failed"}, "what could be read is still told"


@pytest.mark.parametrize("fault", NAMES)
def test_all_but_the_service_itself_unreadable(azure: SimulatedAzure, trouble: Trouble, fault: str) -> None:
    workspace = azure.scenario("crash-in-init")
    routes = ("mms.service_logs", "mms.operation", "mms.image*", "mms.model*", "env.*", "blob.*")
    vaults = ("arm.vault", "arm.registry", "arm.container*", "arm.deployment*", "arm.activity_log", "arm.role*")
    workspace.faults(*({"route": route, "fault": fault} for route in (*routes, *vaults)))
    result = trouble.run(
        "diagnose", "-n", "mysvc", *workspace.arguments, "-o", "table", AZURE_MLTROUBLE_TIMEOUT=SECONDS
    )
    assert result.code == 0, result.stderr
    assert max(map(len, result.stdout.splitlines())) <= WIDTH
    assert "launch" in result.stdout


@pytest.mark.parametrize("route", INDISPENSABLE)
@pytest.mark.parametrize("fault", NAMES)
def test_what_cannot_be_done_without_is_azs_error(
    azure: SimulatedAzure, trouble: Trouble, route: str, fault: str
) -> None:
    workspace = azure.scenario("crash-in-init")
    workspace.faults({"route": route, "fault": fault})
    result = trouble.run("diagnose", "-n", "mysvc", *workspace.arguments, AZURE_MLTROUBLE_TIMEOUT=SECONDS)
    if result.code == 0:  # another way led to the evidence, or the fault does not strike this kind of request
        assert result.json["verdict"] in ("failed", "unknown")
    else:
        assert result.code in (1, 3)
        assert "ERROR: " in result.stderr
        assert result.stdout == ""


@pytest.mark.parametrize("fault", NAMES)
def test_no_login_server_is_azs_error(azure: SimulatedAzure, trouble: Trouble, fault: str) -> None:
    workspace = azure.scenario("crash-in-init")
    azure.faults_everywhere({"route": "identity.token", "fault": fault})
    try:
        result = trouble.run("diagnose", "-n", "mysvc", *workspace.arguments, AZURE_MLTROUBLE_TIMEOUT=SECONDS)
    finally:
        azure.faults_everywhere()
    assert result.code in (0, 1)
    if result.code:
        assert "ERROR: " in result.stderr
        assert result.stdout == ""


def test_a_fault_that_passes_is_tried_again(azure: SimulatedAzure, trouble: Trouble) -> None:
    workspace = azure.scenario("crash-in-init")
    workspace.faults({"route": "*", "fault": "error-503", "times": 1}, {"route": "arm.*", "fault": "reset", "times": 1})
    report = trouble.report("-n", "mysvc", *workspace.arguments)
    assert report["rootCause"] is not None
    assert unread(report) == []
