"""Whether the workspace may use its vault, by policy or by role, and who wrote the vault."""
from __future__ import annotations

from typing import Any

import pytest

from azext_mltrouble.diagnosis.vault_access import (
    PERMISSIONS,
    identity_of,
    lacking_permissions,
    policy_for,
    policy_missing,
    role_missing,
    role_names,
    wanted_policies,
)
from azext_mltrouble.diagnosis.vault_history import proof_of, was_rewritten
from azext_mltrouble.diagnosis.vault_ways_out import ways_out

ME = "9f8e7d6c"
MINE = "/subscriptions/s/resourceGroups/g/providers/Microsoft.ManagedIdentity/userAssignedIdentities/Mine"
ALL = {"keys": ["all"], "secrets": ["ALL"], "certificates": ["all"]}
NOT_PURGED = {kind: [name for name in names if "rot" not in name] for kind, names in PERMISSIONS.items()}


def vault(*policies: dict[str, Any], **properties: Any) -> dict[str, Any]:
    return {"name": "kv", "location": "westeurope",
            "properties": {"tenantId": "t", "accessPolicies": list(policies), **properties}}  # fmt: skip


def policy(identity: str = ME, **more: Any) -> dict[str, Any]:
    return {"tenantId": "t", "objectId": identity, "permissions": ALL, **more}


def role(name: str) -> dict[str, Any]:
    return {"properties": {"roleDefinitionId": f"/providers/Microsoft.Authorization/roleDefinitions/{name}"}}


@pytest.mark.parametrize(
    ("workspace", "expected"),
    [
        ({"identity": {"principalId": ME}}, ME),
        (
            {
                "identity": {"principalId": "own", "userAssignedIdentities": {MINE: {"principalId": ME}}},
                "properties": {"primaryUserAssignedIdentity": MINE.lower()},
            },
            ME,
        ),
        ({"identity": {"principalId": "own", "userAssignedIdentities": {MINE: {"principalId": ME}}}}, "own"),
        (
            {
                "identity": {"userAssignedIdentities": {MINE: None}},
                "properties": {"primaryUserAssignedIdentity": MINE},
            },
            None,
        ),
        ({"identity": {"principalId": 5}}, None),
        ({}, None),
        (None, None),
    ],
)  # fmt: skip
def test_the_identity_that_the_workspace_acts_as(workspace: Any, expected: str | None) -> None:
    assert identity_of(workspace) == expected


def test_a_policy_counts_for_its_own_identity() -> None:
    assert not policy_missing(vault(policy(ME.upper())), ME)
    assert policy_missing(vault(policy("other")), ME)
    assert policy_missing(vault(policy(applicationId="a")), ME)
    assert not policy_missing(vault(enableRbacAuthorization=True), ME)
    assert not policy_missing(vault(), None)
    assert not policy_missing(None, ME)


def test_what_a_policy_lacks() -> None:
    assert lacking_permissions(vault(policy()), ME) == []
    assert lacking_permissions(vault(policy(permissions=NOT_PURGED)), ME) == []
    lower = {kind: [name.lower() for name in names] for kind, names in NOT_PURGED.items()}
    assert lacking_permissions(vault(policy(permissions=lower)), ME) == []
    some = {**ALL, "secrets": ["get", "list"]}
    assert lacking_permissions(vault(policy(permissions=some)), ME)[:2] == ["secrets/set", "secrets/delete"]
    assert lacking_permissions(vault(policy("other")), ME) == []


def test_the_policy_that_is_needed_never_purges() -> None:
    needed = policy_for(ME, vault())
    assert (needed["tenantId"], needed["objectId"]) == ("t", ME)
    assert "purge" not in str(needed)
    assert not policy_missing(vault(needed), ME)
    assert lacking_permissions(vault(needed), ME) == []


def test_the_policies_for_a_template_are_all_that_there_are() -> None:
    other = policy("other")
    assert wanted_policies(vault(other, policy()), ME) == [other, policy()]
    assert wanted_policies(vault(other), ME) == [other, policy_for(ME, vault())]
    assert wanted_policies(vault(other, policy(permissions={})), ME) == [other, policy_for(ME, vault())]
    assert wanted_policies(None, None) == []


@pytest.mark.parametrize(
    ("roles", "missing"),
    [
        ([], True),
        (["b24988ac-6180-42a0-ab88-20f7382dd24c"], True),
        (["00482A5A-887f-4fb3-b363-3b7fe8e74483"], False),
        (["b86a8fe4-44ce-4948-aee5-eccb2c155cd7"], False),
        (["11111111-2222-4333-8444-555555555555"], False),
    ],
    ids=["none", "contributor", "administrator", "secrets-officer", "one-of-their-own"],
)
def test_roles(roles: list[str], missing: bool) -> None:
    by_roles = vault(enableRbacAuthorization=True)
    assert role_missing(by_roles, [role(one) for one in roles]) is missing
    assert not role_missing(vault(), [])
    assert not role_missing(by_roles, None)


def test_roles_have_names() -> None:
    assert role_names([role("b24988ac-6180-42a0-ab88-20f7382dd24c"), role("own"), {}]) == ["Contributor", "own"]
    assert role_names(None) is None


def deployment(name: str, time: str, correlation: str, **more: Any) -> dict[str, Any]:
    return {"name": name, "properties": {"timestamp": time, "correlationId": correlation, **more.pop("properties", {})},
            **more}  # fmt: skip


def event(time: str, correlation: str, operation: str = "vaults/write", status: str = "Succeeded") -> dict[str, Any]:
    return {"eventTimestamp": time, "correlationId": correlation, "caller": "someone",
            "operationName": {"value": f"Microsoft.KeyVault/{operation}"}, "status": {"value": status}}  # fmt: skip


WIPING = [{"type": "Microsoft.KeyVault/vaults", "name": "kv", "properties": {"accessPolicies": []}}]
KEEPING = [{"type": "Microsoft.KeyVault/vaults", "name": "kv",
            "properties": {"enableRbacAuthorization": True}}]  # fmt: skip


class TestProof:
    def test_joined_by_correlation_id_in_any_case(self) -> None:
        history = {
            "deployments": [deployment("infra", "2026-11-20", "ABC", vaultResources=WIPING)],
            "activity": [event("2026-11-20", "abc", status="Started"), event("2026-11-20", "abc")],
        }
        proof = proof_of(history, vault(), True)
        assert proof["status"] == "proven"
        (write,) = proof["writes"]
        assert (write["deployment"], write["caller"], write["confirmed"]) == ("infra", "someone", True)

    def test_without_the_log_it_is_likely(self) -> None:
        history = {"deployments": [deployment("infra", "2026-11-20", "abc", vaultResources=WIPING)]}
        proof = proof_of(history, vault(), True)
        assert proof["status"] == "likely"
        assert "does not confirm" in proof["summary"]

    def test_a_template_that_keeps_policies_proves_nothing(self) -> None:
        history = {
            "deployments": [deployment("infra", "2026-11-20", "abc", vaultResources=KEEPING)],
            "activity": [event("2026-11-20", "abc")],
        }
        assert proof_of(history, vault(), True)["status"] == "cannotBeProven"

    def test_another_vault_of_the_template_proves_nothing(self) -> None:
        other = [{**WIPING[0], "name": "other"}]
        history = {"deployments": [deployment("infra", "2026-11-20", "abc", vaultResources=[*other, *KEEPING])],
                   "activity": [event("2026-11-20", "abc")]}  # fmt: skip
        assert proof_of(history, vault(), True)["status"] == "cannotBeProven"

    def test_nested_deployments_share_the_event(self) -> None:
        history = {
            "deployments": [
                deployment("outer", "2026-11-20", "abc", templateUnread="HTTP 403"),
                deployment("inner", "2026-11-20", "abc", vaultResources=WIPING),
            ],
            "activity": [event("2026-11-20", "abc")],
        }
        proof = proof_of(history, vault(), True)
        assert (proof["status"], [one["confirmed"] for one in proof["writes"]]) == ("proven", [True, True])
        assert "'inner'" in proof["summary"]
        assert any("'outer'" in limit for limit in proof["limits"])

    def test_the_deployment_that_made_the_workspace_is_not_to_blame(self) -> None:
        made = deployment("infra", "2026-11-02T08:16:00.12Z", "abc", vaultResources=WIPING)
        made["properties"]["duration"] = "PT1M2.5S"
        for activity in ([], [event("2026-11-02T08:15:01Z", "abc")]):
            history = {"deployments": [made], "activity": activity}
            assert proof_of(history, vault(), True, "2026-11-02T08:15:30Z")["status"] == "cannotBeProven"
            assert proof_of(history, vault(), True, "2026-11-02T08:14:30Z")["status"] in ("likely", "proven")
        earlier = {"activity": [event("2026-11-01", "x")]}
        assert proof_of(earlier, vault(), True, "2026-11-02")["status"] == "cannotBeProven"

    def test_a_repair_and_a_failed_write_take_nothing_away(self) -> None:
        failed = event("2026-11-21", "b", status="Failed")
        repair, look = event("2026-11-20", "a", "vaults/accessPolicies/write"), event("2026-11-22", "c", "vaults/read")
        history = {"activity": [repair, failed, look]}
        proof = proof_of(history, vault(), True)
        assert proof["status"] == "cannotBeProven"
        assert [one["policies"] for one in proof["writes"]] == ["added"]

    def test_what_could_not_be_read_is_a_limit(self) -> None:
        proof = proof_of({"unread": ["HTTP 403: no right"]}, vault(), True)
        assert "HTTP 403: no right" in proof["limits"]

    @pytest.mark.parametrize(
        "history", [None, [], {"deployments": "x", "activity": [None, "x", {}]}, {"deployments": [{}]}], ids=str
    )
    def test_odd_histories(self, history: Any) -> None:
        assert proof_of(history, None, True)["status"] in ("cannotBeProven", "likely")
        assert was_rewritten(history) is False

    def test_nothing_to_prove(self) -> None:
        assert proof_of(None, vault(), False)["status"] == "notNeeded"


def test_ways_out_have_this_vaults_values() -> None:
    history = {"deployments": [deployment("infra", "2026-11-20", "abc", vaultResources=WIPING)]}
    found = ways_out(vault(policy("other")), ME, proof_of(history, vault(), True), "my rg")
    assert len(found) == 3
    assert "'infra'" in found[0]["text"]
    assert [one["objectId"] for one in found[1]["template"]["accessPolicies"]] == ["other", ME]
    assert "'my rg'" in found[2]["commands"][0]
    assert ways_out(vault(enableRbacAuthorization=True), ME, proof_of(None, None, False), "rg") == []
