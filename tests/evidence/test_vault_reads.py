"""The reads about a key vault, with every fault on every request."""
from __future__ import annotations

from collections.abc import Callable

import pytest
from azure.cli.core.azclierror import AzCLIError

from azext_mltrouble.cloud.session import Session
from azext_mltrouble.evidence.model import Evidence
from azext_mltrouble.evidence.vault_reads import collect_vault
from tests.azuresim.client import SimulatedAzure, Workspace
from tests.azuresim.faults import NAMES
from tests.evidence.conftest import scope_of

Sessions = Callable[..., Session]
BY_ROLES = {"properties": {"accessPolicies": [], "enableRbacAuthorization": True}}


def read(session: Session, workspace: Workspace) -> Evidence:
    return collect_vault(session, scope_of(workspace), lambda message: None)


def statuses(evidence: Evidence) -> dict[str, str]:
    return {one.source: one.status for one in evidence.observations}


def test_a_vault_with_policies(azure: SimulatedAzure, session: Sessions) -> None:
    workspace = azure.scenario("vault-policy-wiped")
    evidence = read(session(), workspace)
    assert set(statuses(evidence)) == {"workspace", "key-vault", "key-vault-history"}
    assert set(statuses(evidence).values()) == {"collected"}
    assert (evidence.target.kind, evidence.target.name) == ("vault", workspace.names["vault"])
    assert evidence.facts["vaultHistory"]["unread"] == []


def test_a_vault_by_roles(azure: SimulatedAzure, session: Sessions) -> None:
    evidence = read(session(), azure.scenario("vault-rbac"))
    assert statuses(evidence) == {
        "workspace": "collected", "key-vault": "collected", "key-vault-roles": "collected",
        "key-vault-history": "absent",
    }  # fmt: skip
    assert len(evidence.facts["vaultRoles"]) == 2


def test_a_deleted_vault(azure: SimulatedAzure, session: Sessions) -> None:
    evidence = read(session(), azure.scenario("healthy-aci", vault=None, deleted_vault={}))
    assert "vault" not in evidence.facts
    assert evidence.facts["deletedVault"]["properties"]["location"] == "westeurope"
    assert statuses(evidence)["key-vault"] == "collected"


def test_a_workspace_without_a_vault(azure: SimulatedAzure, session: Sessions) -> None:
    evidence = read(session(), azure.scenario("healthy-aci", workspace={"properties": {"keyVault": None}}))
    assert (evidence.target.name, statuses(evidence)["key-vault"]) == (None, "absent")


@pytest.mark.parametrize("fault", NAMES)
@pytest.mark.parametrize(
    ("route", "source"),
    [
        ("arm.vault", "key-vault"),
        ("arm.deployments", "key-vault-history"),
        ("arm.activity_log", "key-vault-history"),
        ("arm.role_assignments", "key-vault-roles"),
    ],
)
def test_one_source_less_leaves_the_others(
    azure: SimulatedAzure, session: Sessions, route: str, source: str, fault: str
) -> None:
    roles = [{"role": "00482a5a-887f-4fb3-b363-3b7fe8e74483"}]
    by_roles = {"vault": BY_ROLES, "role_assignments": roles} if source == "key-vault-roles" else {}
    workspace = azure.scenario("vault-policy-wiped", **by_roles)
    workspace.faults({"route": route, "fault": fault})
    evidence = read(session(timeout=4), workspace)
    found = next(one for one in evidence.observations if one.source == source)
    assert (found.status, bool(found.detail)) == ("unavailable", True)
    assert statuses(evidence)["workspace"] == "collected"


@pytest.mark.parametrize("fault", ["not-found", "forbidden", "reset"])
def test_without_the_workspace_there_is_nothing_to_read(azure: SimulatedAzure, session: Sessions, fault: str) -> None:
    workspace = azure.scenario("healthy-aci")
    workspace.faults({"route": "arm.workspace", "fault": fault})
    with pytest.raises(AzCLIError):
        read(session(timeout=4), workspace)
