"""Azure's own clients on the simulated vault: they send the requests that ours are, and understand the answers."""
from __future__ import annotations

from collections.abc import Callable
from types import SimpleNamespace
from typing import Any

import pytest
from azure.mgmt.keyvault import KeyVaultManagementClient

from azext_mltrouble.cloud import keyvault
from azext_mltrouble.cloud.session import Session
from azext_mltrouble.diagnosis.vault_access import policy_for
from tests.azuresim.client import SimulatedAzure, Workspace
from tests.evidence.conftest import Identity

AUDIENCE = "https://management.core.windows.net/.default"
#: The api-version that our requests have.
VERSION = "2023-07-01"


class Credential:
    """Tokens as the clients of Azure ask for them."""

    def __init__(self, identity: Identity) -> None:
        self._identity = identity

    def get_token(self, *scopes: str, **options: Any) -> SimpleNamespace:
        return self._identity.get_token(*scopes)

    def get_token_info(self, *scopes: str, **_: Any) -> SimpleNamespace:
        return SimpleNamespace(refresh_on=None, token_type="Bearer", **vars(self._identity.get_token(*scopes)))


@pytest.fixture
def client(azure: SimulatedAzure, identity: Identity, session: Callable[..., Session]) -> KeyVaultManagementClient:
    names = azure.scenario("healthy-aci").names
    return KeyVaultManagementClient(
        Credential(identity),  # type: ignore[arg-type]
        names["subscription"],
        base_url=azure.started["arm"],
        api_version=VERSION,
        credential_scopes=[AUDIENCE],
        connection_verify=azure.started["ca"],
    )


def asked(workspace: Workspace, seen: int) -> list[tuple[str, str, str]]:
    return [
        (one["method"], one["path"].lower().rstrip("/"), one["query"]["api-version"])
        for one in workspace.requests()[seen:]
    ]


def test_the_vault_and_its_policies(
    azure: SimulatedAzure, client: KeyVaultManagementClient, session: Callable[..., Session]
) -> None:
    workspace = azure.scenario("vault-policy-wiped")
    group, name, principal = (workspace.names[key] for key in ("resource_group", "vault", "principal_id"))
    ours = session()
    vault = keyvault.vault(ours, workspace.names["vault_id"])
    keyvault.add_access_policy(ours, workspace.names["vault_id"], policy_for(principal, vault))
    sent = asked(workspace, 0)

    shown = client.vaults.get(group, name)
    policies = shown.properties.access_policies
    assert [one.object_id for one in policies] == [principal]
    assert sorted(policies[0].permissions.secrets) == ["backup", "delete", "get", "list", "recover", "restore", "set"]
    again = client.vaults.update_access_policy(
        group, name, "add", {"properties": {"accessPolicies": [policies[0].as_dict()]}}
    )
    assert [one.object_id for one in again.properties.access_policies] == [principal]
    assert asked(workspace, len(sent)) == sent


def test_a_deleted_vault(
    azure: SimulatedAzure, client: KeyVaultManagementClient, session: Callable[..., Session]
) -> None:
    workspace = azure.scenario("healthy-aci", vault=None, deleted_vault={})
    names = workspace.names
    found = keyvault.deleted_vault(session(), names["vault_id"], names["location"])
    sent = asked(workspace, 0)
    deleted = client.vaults.get_deleted(names["vault"], names["location"])
    assert deleted.properties.vault_id == found["properties"]["vaultId"]
    assert deleted.properties.scheduled_purge_date.year == 2027
    assert asked(workspace, len(sent)) == sent
