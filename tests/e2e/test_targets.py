"""Names, logins and workspaces that do not fit, and names in both generations."""
from __future__ import annotations

import pytest

from tests.azuresim.client import SimulatedAzure, Workspace
from tests.azuresim.scenario import SECOND_SUBSCRIPTION
from tests.e2e.trouble import Trouble


@pytest.mark.parametrize("command", ["diagnose", "collect"])
def test_an_unknown_service_is_not_found_and_near_names_are_shown(
    crashing: Workspace, trouble: Trouble, command: str
) -> None:
    message = trouble.refused(command, "-n", "mysvcc", *crashing.arguments, code=3)
    assert "mysvcc" in message
    assert "mysvc" in message.replace("mysvcc", "")


def test_an_unknown_workspace_is_not_found(crashing: Workspace, trouble: Trouble) -> None:
    arguments = ("-n", "mysvc", "-g", crashing.resource_group, "-w", "elsewhere")
    assert "elsewhere" in trouble.refused("diagnose", *arguments, code=3)


def test_an_unknown_resource_group_is_not_found(crashing: Workspace, trouble: Trouble) -> None:
    arguments = ("-n", "mysvc", "-g", "elsewhere", "-w", crashing.name)
    assert "elsewhere" in trouble.refused("diagnose", *arguments, code=3)


def test_another_subscription_has_no_such_workspace(crashing: Workspace, trouble: Trouble) -> None:
    trouble.refused("diagnose", "-n", "mysvc", *crashing.arguments, "--subscription", SECOND_SUBSCRIPTION, code=3)


def test_an_unknown_subscription_is_azs_error(crashing: Workspace, trouble: Trouble) -> None:
    result = trouble.run("diagnose", "-n", "mysvc", *crashing.arguments, "--subscription", "no-such-subscription")
    assert result.code == 1
    assert "no-such-subscription" in result.stderr


@pytest.mark.parametrize(
    "command", [("diagnose", "-n", "mysvc"), ("diagnose", "--all"), ("collect", "-n", "mysvc")], ids=str
)
def test_without_a_login_az_asks_for_one(crashing: Workspace, stranger: Trouble, command: tuple[str, ...]) -> None:
    result = stranger.run(*command, *crashing.arguments)
    assert result.code == 1
    assert "az login" in result.stderr
    assert result.stdout == ""


def test_a_token_that_azure_no_longer_takes_asks_for_a_login(azure: SimulatedAzure, trouble: Trouble) -> None:
    workspace = azure.scenario("crash-in-init")
    workspace.faults({"fault": "expired-token"})
    assert "az login" in trouble.refused("diagnose", "-n", "mysvc", *workspace.arguments)


def test_a_name_in_both_generations_asks_which(azure: SimulatedAzure, trouble: Trouble) -> None:
    workspace = azure.scenario("crash-in-init", online_endpoints={"mysvc": {}})
    assert "--generation" in trouble.refused("diagnose", "-n", "mysvc", *workspace.arguments)
    report = trouble.report("-n", "mysvc", *workspace.arguments, "--generation", "v1")
    assert report["target"]["generation"] == "v1"
