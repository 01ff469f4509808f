"""``service list``, ``show``, ``log`` and ``wait``."""
from __future__ import annotations

import threading
from pathlib import Path

import pytest

from tests.azuresim.client import SimulatedAzure, Workspace
from tests.e2e.following import Following
from tests.e2e.trouble import Trouble, check_report, said

MAIN_LOG = Path("tests/azuresim/scenarios/logs/module-not-found.log").read_text().splitlines()
INIT_LOG = Path("tests/azuresim/scenarios/logs/init-succeeded.log").read_text().splitlines()


@pytest.fixture(scope="module")
def several(azure: SimulatedAzure) -> Workspace:
    return azure.scenario("several-services")


def test_services_are_listed(several: Workspace, trouble: Trouble) -> None:
    services = trouble.run("service", "list", *several.arguments).json
    names = [service["name"] for service in services]
    assert "mysvc" in names
    assert len(names) > 1
    assert names == sorted(names)
    table = trouble.table("service", "list", *several.arguments)
    assert all(name in table for name in names)


@pytest.mark.parametrize(
    ("scenario", "successor"),
    [("healthy-aci", "managed online endpoint"), ("healthy-aks", "Kubernetes online endpoint")],
)
def test_a_service_is_shown_with_where_it_can_move(
    azure: SimulatedAzure, trouble: Trouble, scenario: str, successor: str
) -> None:
    workspace = azure.scenario(scenario)
    service = trouble.run("service", "show", "-n", "mysvc", *workspace.arguments).json
    assert (service["name"], service["state"]) == ("mysvc", "Healthy")
    assert successor in service["migration"]["text"]
    assert "2026-06-30" in service["migration"]["text"]
    table = said(trouble.table("service", "show", "-n", "mysvc", *workspace.arguments))
    assert successor in table
    assert service["migration"]["docUrl"] in table


def test_keys_of_certificates_are_not_shown(azure: SimulatedAzure, trouble: Trouble) -> None:
    workspace = azure.scenario("tls-key")
    assert trouble.run("service", "show", "-n", "mysvc", *workspace.arguments).json["sslKey"] == "***"
    assert trouble.run("service", "list", *workspace.arguments).json[0]["sslKey"] == "***"


@pytest.mark.parametrize(
    "command", [("show",), ("log",), ("log", "--follow"), ("wait",), ("score", "--data", "[]")], ids=str
)
def test_an_unknown_service_is_not_found(crashing: Workspace, trouble: Trouble, command: tuple[str, ...]) -> None:
    message = trouble.refused("service", command[0], "-n", "mysvcc", *command[1:], *crashing.arguments, code=3)
    assert "Did you mean 'mysvc'?" in message


# -- logs --------------------------------------------------------------------------------------------------------------


def test_the_containers_log(crashing: Workspace, trouble: Trouble) -> None:
    log = trouble.run("service", "log", "-n", "mysvc", *crashing.arguments).json
    assert log == {"source": "container log of mysvc", "name": "mysvc", "lines": MAIN_LOG}
    assert trouble.table("service", "log", "-n", "mysvc", *crashing.arguments).startswith("Container log of mysvc")


def test_the_init_containers_log_and_the_last_lines(crashing: Workspace, trouble: Trouble) -> None:
    options = ("-n", "mysvc", *crashing.arguments, "--query", "lines", "-o", "tsv")
    assert trouble.run("service", "log", "--init", *options).stdout.splitlines() == INIT_LOG
    assert trouble.run("service", "log", "--lines", "2", *options).stdout.splitlines() == MAIN_LOG[-2:]
    trouble.refused("service", "log", "-n", "mysvc", "--lines", "0", *crashing.arguments)


def test_a_container_that_is_not_there_says_so(azure: SimulatedAzure, trouble: Trouble) -> None:
    workspace = azure.scenario("crash-in-init", faults=[{"route": "mms.service_logs", "fault": "not-found"}])
    message = trouble.refused("service", "log", "-n", "mysvc", "--init", *workspace.arguments, code=3)
    assert "no such container" in message


def test_a_log_is_followed_until_ctrl_c(azure: SimulatedAzure, trouble: Trouble) -> None:
    log = "".join(f"line {number}\n" for number in range(30))
    workspace = azure.scenario("healthy-aci", services={"mysvc": {"logs": {"main": log}}})
    options = ("-n", "mysvc", "--lines", "2", "--follow", *workspace.arguments)
    with Following(trouble.az, "service", "log", *options) as following:
        following.wait_for("line 29")
        workspace.faults({"route": "mms.service_logs", "fault": "error-503", "times": 3})
        workspace.change(logs={"mysvc": {"main": "key=\x1b[2Jnothing\nAccountKey=PLANTED" + "a1" * 30 + "==\n"}})
        following.wait_for("AccountKey")
        workspace.change(logs={"mysvc": {"main": "the end\n"}})
        following.wait_for("the end")
        following.interrupt()
        code, stderr = following.end()
    assert following.lines == ["line 28", "line 29", "key=nothing", "AccountKey=***", "the end"]
    assert code == 0
    assert "Traceback" not in stderr


# -- waiting -----------------------------------------------------------------------------------------------------------


def test_waiting_for_a_healthy_service_ends_at_once(azure: SimulatedAzure, trouble: Trouble) -> None:
    workspace = azure.scenario("healthy-aks")
    waited = trouble.run("service", "wait", "-n", "mysvc", *workspace.arguments).json
    assert (waited["name"], waited["state"], waited["diagnosis"]) == ("mysvc", "Healthy", None)
    assert "Healthy after" in trouble.table("service", "wait", "-n", "mysvc", *workspace.arguments)


def test_waiting_ends_when_the_service_becomes_healthy(azure: SimulatedAzure, trouble: Trouble) -> None:
    workspace = azure.scenario("transitioning")
    later = threading.Timer(5, workspace.change, kwargs={"services": {"mysvc": {"state": "Healthy"}}})
    later.start()
    result = trouble.run("service", "wait", "-n", "mysvc", "--interval", "1", *workspace.arguments)
    later.join()
    assert result.code == 0
    assert result.json["state"] == "Healthy"
    looks = [one for one in workspace.requests() if one["route"] == "mms.service"]
    assert len(looks) > 1


@pytest.mark.parametrize(
    ("scenario", "cause"), [("crash-in-init", "missing_python_module"), ("unschedulable", "aks_insufficient_resources")]
)
def test_a_failure_is_diagnosed_on_the_spot(
    azure: SimulatedAzure, trouble: Trouble, scenario: str, cause: str
) -> None:
    workspace = azure.scenario(scenario)
    options = ("service", "wait", "-n", "mysvc", *workspace.arguments)
    result = trouble.run(*options)
    assert result.code == 10
    check_report(result.json["diagnosis"])
    assert result.json["diagnosis"]["rootCause"]["cause"] == cause
    relaxed = trouble.run(*options, "--fail-on", "never", "-o", "table")
    assert relaxed.code == 0
    assert result.json["diagnosis"]["rootCause"]["code"] in relaxed.stdout


def test_waiting_has_an_end(azure: SimulatedAzure, trouble: Trouble) -> None:
    workspace = azure.scenario("transitioning")
    options = ("-n", "mysvc", "--interval", "1", "--timeout", "2", *workspace.arguments)
    message = trouble.refused("service", "wait", *options)
    assert "Transitioning" in message
    assert "--timeout 4" in message
    trouble.refused("service", "wait", "-n", "mysvc", "--interval", "0", *workspace.arguments)
