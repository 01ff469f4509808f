"""The real az logs in to the simulated Azure, and its login can fail."""
from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.azuresim import scenario
from tests.azuresim.az import AzHarness
from tests.azuresim.client import SimulatedAzure


@pytest.fixture
def faults(azure: SimulatedAzure) -> Iterator[SimulatedAzure]:
    """The simulator; faults that hold everywhere end with the test."""
    yield azure
    azure.faults_everywhere()


def test_login(az: AzHarness) -> None:
    accounts = az.must("account", "list").json
    assert {account["id"]: account["isDefault"] for account in accounts} == {
        scenario.SUBSCRIPTION: True, scenario.SECOND_SUBSCRIPTION: False}


def test_reads(az: AzHarness, azure: SimulatedAzure) -> None:
    workspace = azure.scenario("vault-policy-wiped")
    vault = az.must("keyvault", "show", "-n", workspace.names["vault"], "-g", workspace.resource_group).json
    assert vault["properties"]["accessPolicies"] == []
    history = az.must("deployment", "group", "list", "-g", workspace.resource_group).json
    assert [entry["name"] for entry in history] == ["unrelated-network", "ml-infrastructure-2", "ml-infrastructure-1"]
    registry = az.must("resource", "show", "--ids", workspace.names["registry_id"], "--api-version", "2023-07-01").json
    assert registry["properties"]["loginServer"] == workspace.names["registry_server"]


def test_container_groups(az: AzHarness, azure: SimulatedAzure) -> None:
    workspace = azure.scenario("crash-in-init")
    name = f"mysvc-{workspace.names['suffix']}"
    group = az.must("container", "show", "-g", workspace.resource_group, "-n", name).json
    assert group["containers"][0]["instanceView"]["restartCount"] == 6
    assert [container["name"] for container in group["containers"]] == ["mysvc", "azureml-fe-aci"]


def test_the_identity_fails(az: AzHarness, faults: SimulatedAzure) -> None:
    faults.faults_everywhere({"route": "identity.token", "fault": "error-500"})
    refused = az.run("account", "get-access-token")
    assert refused.code == 1
    assert "InternalServerError" in refused.stderr


def test_the_token_has_expired(az: AzHarness, azure: SimulatedAzure) -> None:
    workspace = azure.scenario("healthy-aci", faults=[{"route": "arm.*", "fault": "expired-token"}])
    refused = az.run("keyvault", "show", "-n", workspace.names["vault"], "-g", workspace.resource_group)
    assert refused.code == 1
    assert "ExpiredAuthenticationToken" in refused.stderr
