"""``keyvault check`` and ``restore`` in every state that a workspace's key vault can be in."""
from __future__ import annotations

import re
from datetime import datetime, timedelta, timezone
from typing import Any

import pytest

from tests.azuresim.client import SimulatedAzure, Workspace
from tests.e2e.trouble import Trouble, check_report, said, unread

ADMINISTRATOR = "00482a5a-887f-4fb3-b363-3b7fe8e74483"
READER = "acdd72a7-3385-48ef-bd42-f606fba81ae7"
OTHER = "00000000-0000-4000-8000-0000000000f1"
TENANT = "00000000-0000-4000-8000-00000000000a"
ANOTHER_POLICY = {"tenantId": TENANT, "objectId": OTHER, "permissions": {"secrets": ["get"]}}
BY_ROLES = {"properties": {"accessPolicies": [], "enableRbacAuthorization": True}}


def ago(days: int) -> str:
    then = datetime.now(timezone.utc) - timedelta(days=days)
    return then.isoformat(timespec="milliseconds").replace("+00:00", "Z")


def checked(trouble: Trouble, workspace: Workspace, *arguments: str) -> dict[str, Any]:
    """The result of ``check``: a report in the documented shape and what comes with it."""
    result = trouble.run("keyvault", "check", *workspace.arguments, *arguments)
    assert result.code == 0, result.stderr
    answer = dict(result.json)
    more = {name: answer.pop(name) for name in ("keyVault", "history", "accessPolicies", "waysOut")}
    check_report(answer)
    trouble.table("keyvault", "check", *workspace.arguments)
    return {**answer, **more}


def writes_in(workspace: Workspace) -> list[dict[str, Any]]:
    return [one for one in workspace.requests() if one["method"] not in ("GET", "POST")]


def principals(policies: list[dict[str, Any]]) -> list[str]:
    return [one["objectId"] for one in policies]


@pytest.fixture
def wiped(azure: SimulatedAzure) -> Workspace:
    return azure.scenario("vault-policy-wiped", vault={"properties": {"accessPolicies": [ANOTHER_POLICY]}})


def test_a_wiped_policy_is_proven(azure: SimulatedAzure, trouble: Trouble) -> None:
    workspace = azure.scenario("vault-policy-wiped")
    answer = checked(trouble, workspace)
    assert (answer["verdict"], answer["failedStage"]) == ("failed", "access")
    assert answer["rootCause"]["code"] == "MLT7300"
    assert unread(answer) == []
    history = answer["history"]
    assert history["status"] == "proven"
    assert "ml-infrastructure-2" in history["summary"]
    assert "sample.user@example.com" in history["summary"]
    assert [(one["deployment"], one["policies"], one["confirmed"]) for one in history["writes"]] == [
        ("ml-infrastructure-2", "wiped", True),
        ("ml-infrastructure-1", "wiped", True),
    ]
    assert writes_in(workspace) == []

    identity, vault = workspace.names["principal_id"], workspace.names["vault"]
    assert principals(answer["accessPolicies"]) == [identity]
    once, stated, conditional = answer["waysOut"]
    assert "ml-infrastructure-2" in once["text"]
    assert stated["template"]["accessPolicies"] == answer["accessPolicies"]
    assert vault in stated["commands"][0]
    assert conditional["template"]["resources"][0]["name"] == vault
    assert workspace.resource_group in conditional["commands"][0]

    table = said(trouble.table("keyvault", "check", *workspace.arguments))
    for words in ("MLT7300", "Proven.", "ml-infrastructure-2", "2. Let the template state the policies"):
        assert words in table
    failing = trouble.run("keyvault", "check", *workspace.arguments, "--fail-on", "error", "-o", "none")
    assert failing.code == 10


def test_the_printed_policies_keep_those_of_others(trouble: Trouble, wiped: Workspace) -> None:
    policies = checked(trouble, wiped)["accessPolicies"]
    assert policies[0] == ANOTHER_POLICY
    assert principals(policies) == [OTHER, wiped.names["principal_id"]]
    assert "purge" not in str(policies)


def test_a_healthy_vault(azure: SimulatedAzure, trouble: Trouble) -> None:
    answer = checked(trouble, azure.scenario("healthy-aci"))
    assert (answer["verdict"], answer["findings"]) == ("healthy", [])
    assert answer["keyVault"]["mode"] == "accessPolicies"
    assert answer["history"]["status"] == "notNeeded"


def test_a_policy_that_grants_too_little(azure: SimulatedAzure, trouble: Trouble) -> None:
    workspace = azure.scenario("healthy-aci")
    own = {**ANOTHER_POLICY, "objectId": workspace.names["principal_id"].upper()}
    workspace = azure.scenario("healthy-aci", workspace.name, vault={"properties": {"accessPolicies": [own]}})
    answer = checked(trouble, workspace)
    assert (answer["verdict"], answer["rootCause"]["code"]) == ("degraded", "MLT7302")
    assert "secrets/set" in answer["rootCause"]["summary"]
    restored = trouble.run("keyvault", "restore", *workspace.arguments, "--yes").json
    assert restored["changed"]
    assert checked(trouble, workspace)["verdict"] == "healthy"


def test_a_user_assigned_identity(azure: SimulatedAzure, trouble: Trouble) -> None:
    mine = "/subscriptions/s/resourcegroups/rg/providers/Microsoft.ManagedIdentity/userAssignedIdentities/mine"
    workspace = azure.scenario(
        "healthy-aci",
        workspace={
            "identity": {
                "type": "SystemAssigned,UserAssigned",
                "userAssignedIdentities": {mine: {"principalId": OTHER, "clientId": READER}},
            },
            "properties": {"primaryUserAssignedIdentity": mine.replace("/mine", "/Mine")},
        },
    )
    answer = checked(trouble, workspace)  # the policy that there is belongs to the system-assigned identity
    assert answer["rootCause"]["code"] == "MLT7300"
    assert answer["keyVault"]["identity"] == {"principalId": OTHER, "type": "UserAssigned", "resourceId": mine}
    restored = trouble.run("keyvault", "restore", *workspace.arguments, "--yes").json
    assert restored["principalId"] == OTHER
    assert principals(restored["after"]) == [workspace.names["principal_id"], OTHER]


def test_a_vault_by_roles(azure: SimulatedAzure, trouble: Trouble) -> None:
    answer = checked(trouble, azure.scenario("vault-rbac"))
    assert (answer["verdict"], answer["keyVault"]["mode"]) == ("healthy", "roles")
    assert (answer["accessPolicies"], answer["waysOut"]) == ([], [])

    roles = [{"role": READER}, {"role": ADMINISTRATOR, "scope": "${vault_id}/secrets/one"}]
    workspace = azure.scenario("healthy-aci", vault=BY_ROLES, role_assignments=roles)
    answer = checked(trouble, workspace)
    assert (answer["verdict"], answer["rootCause"]["code"]) == ("failed", "MLT7310")
    (command,) = answer["rootCause"]["remedy"]["commands"]
    assert command.endswith(f"--scope {workspace.names['vault_id']}")
    assert workspace.names["principal_id"] in command


def test_roles_that_may_not_be_read_are_unknown(azure: SimulatedAzure, trouble: Trouble) -> None:
    workspace = azure.scenario("vault-rbac")
    workspace.faults({"route": "arm.role_assignments", "fault": "forbidden"})
    answer = checked(trouble, workspace)
    assert (answer["verdict"], unread(answer)) == ("unknown", ["key-vault-roles"])


def test_a_deleted_vault(azure: SimulatedAzure, trouble: Trouble) -> None:
    workspace = azure.scenario("healthy-aci", vault=None, deleted_vault={})
    answer = checked(trouble, workspace)
    assert (answer["verdict"], answer["rootCause"]["code"]) == ("failed", "MLT7320")
    vault = workspace.names["vault"]
    assert answer["rootCause"]["remedy"]["commands"][0] == f"az keyvault recover -n {vault} -l westeurope"
    assert answer["keyVault"]["deleted"]["properties"]["scheduledPurgeDate"].startswith("2027")
    assert "recover" in trouble.refused("keyvault", "restore", *workspace.arguments, "--yes", code=3)


def test_a_vault_that_is_gone_for_good_is_not_healthy(azure: SimulatedAzure, trouble: Trouble) -> None:
    answer = checked(trouble, azure.scenario("healthy-aci", vault=None))
    assert (answer["verdict"], unread(answer)[0]) == ("unknown", "key-vault")


@pytest.mark.parametrize(
    ("properties", "code"),
    [
        ({"networkAcls": {"bypass": "None", "defaultAction": "Deny"}}, "MLT7330"),
        ({"networkAcls": {"bypass": "AzureServices", "defaultAction": "Deny"}}, None),
        ({"publicNetworkAccess": "Disabled", "networkAcls": {"bypass": "None", "defaultAction": "Allow"}}, "MLT7330"),
        ({"publicNetworkAccess": "Disabled"}, None),
    ],
    ids=["closed", "trusted-services-pass", "not-public", "not-public-but-trusted"],
)
def test_network_rules(azure: SimulatedAzure, trouble: Trouble, properties: dict[str, Any], code: str | None) -> None:
    answer = checked(trouble, azure.scenario("healthy-aci", vault={"properties": properties}))
    root = answer["rootCause"]
    assert (answer["verdict"], root and root["code"]) == ("degraded" if code else "healthy", code)


def test_a_reader_gets_no_proof_but_the_reason(azure: SimulatedAzure, trouble: Trouble) -> None:
    workspace = azure.scenario("vault-policy-wiped")
    workspace.faults(
        {"route": "arm.deployment_template", "fault": "forbidden"},
        {"route": "arm.vault_policies", "fault": "forbidden"},
    )
    history = checked(trouble, workspace)["history"]
    assert history["status"] == "likely"
    assert any("exportTemplate" in limit for limit in history["limits"])
    refused = trouble.refused("keyvault", "restore", *workspace.arguments, "--yes")
    assert "could not be changed" in refused
    assert "Key Vault Contributor" in refused
    assert "Microsoft.KeyVault/vaults/accessPolicies/write" in refused


def test_without_any_history_nothing_is_proven(azure: SimulatedAzure, trouble: Trouble) -> None:
    workspace = azure.scenario("vault-policy-wiped")
    workspace.faults(*({"route": route, "fault": "forbidden"} for route in ("arm.deployments", "arm.activity_log")))
    answer = checked(trouble, workspace)
    assert answer["rootCause"]["code"] == "MLT7300"
    assert unread(answer) == ["key-vault-history"]
    assert answer["history"]["status"] == "cannotBeProven"
    limits = " ".join(answer["history"]["limits"])
    assert "Microsoft.Resources/deployments/read" in limits
    assert "Microsoft.Insights/eventtypes/values/read" in limits
    assert "Cannot be proven." in trouble.table("keyvault", "check", *workspace.arguments)


def test_a_deployment_that_was_overwritten(azure: SimulatedAzure, trouble: Trouble) -> None:
    workspace = azure.scenario(
        "vault-policy-wiped", deployments={"ml-infrastructure-1": None, "ml-infrastructure-2": None}
    )
    history = checked(trouble, workspace)["history"]
    assert history["status"] == "likely"
    assert [one["deployment"] for one in history["writes"]] == [None, None]
    assert any("overwritten" in limit for limit in history["limits"])


def test_a_redeploy_before_the_activity_log_begins(azure: SimulatedAzure, trouble: Trouble) -> None:
    workspace = azure.scenario(
        "vault-policy-wiped",
        deployments={"ml-infrastructure-1": None, "ml-infrastructure-2": {"timestamp": ago(120)}},
        workspace={"systemData": {"createdAt": ago(300)}},
        activity=[{"eventTimestamp": ago(120), "correlationId": "5ab51f3e-57a3-4f0c-9b1c-3df1c4c6f002"}],
    )
    history = checked(trouble, workspace)["history"]
    assert history["status"] == "likely"
    assert [(one["deployment"], one["caller"]) for one in history["writes"]] == [("ml-infrastructure-2", None)]
    limits = " ".join(history["limits"])
    assert "90 days" in limits
    assert "older than that" in limits


def test_a_deployment_is_judged_with_the_parameters_it_had(azure: SimulatedAzure, trouble: Trouble) -> None:
    vault = {
        "type": "Microsoft.KeyVault/vaults",
        "apiVersion": "2023-07-01",
        "name": "[parameters('name')]",
        "properties": {"accessPolicies": "[parameters('policies')]"},
    }
    given = {"name": {"type": "String", "value": "${vault}"}, "policies": {"type": "Array", "value": []}}
    one = {"parameters": given, "resources": [vault]}
    workspace = azure.scenario("vault-policy-wiped", deployments={"ml-infrastructure-2": one})
    assert checked(trouble, workspace)["history"]["writes"][0]["policies"] == "wiped"


def test_restore_adds_the_policy_and_only_that(trouble: Trouble, wiped: Workspace) -> None:
    answer = trouble.run("keyvault", "restore", *wiped.arguments, "--yes").json
    assert answer["changed"] is True
    assert answer["before"] == [ANOTHER_POLICY]
    assert answer["after"][0] == ANOTHER_POLICY
    assert principals(answer["after"]) == [OTHER, wiped.names["principal_id"]]
    (write,) = writes_in(wiped)
    assert write["path"].endswith("/accessPolicies/add")
    assert checked(trouble, wiped)["verdict"] == "healthy"

    again = trouble.run("keyvault", "restore", *wiped.arguments, "--yes").json
    assert (again["changed"], again["before"]) == (False, again["after"])
    assert len(writes_in(wiped)) == 1
    table = trouble.table("keyvault", "restore", *wiped.arguments, "--yes")
    assert "Nothing to do" in table
    assert OTHER in table


def test_restore_asks_first(trouble: Trouble, wiped: Workspace) -> None:
    assert "--yes" in trouble.refused("keyvault", "restore", *wiped.arguments)
    assert writes_in(wiped) == []


def test_restore_leaves_a_vault_by_roles_alone(azure: SimulatedAzure, trouble: Trouble) -> None:
    workspace = azure.scenario("healthy-aci", vault=BY_ROLES)
    refused = trouble.refused("keyvault", "restore", *workspace.arguments, "--yes")
    assert "az role assignment create" in refused
    assert workspace.names["principal_id"] in refused
    assert writes_in(workspace) == []


def test_restore_that_azure_does_not_keep_is_an_error(trouble: Trouble, wiped: Workspace) -> None:
    wiped.faults({"route": "arm.vault_policies", "fault": "wrong-content-type"})  # a page that says 200
    result = trouble.run("keyvault", "restore", *wiped.arguments, "--yes")
    assert result.code in (0, 1)
    if result.code:
        assert "does not show it" in result.stderr


@pytest.mark.parametrize("verb", ["check", "restore"])
def test_what_is_missing_is_azs_error(azure: SimulatedAzure, trouble: Trouble, stranger: Trouble, verb: str) -> None:
    workspace = azure.scenario("healthy-aci")
    assert "--workspace-name" in trouble.refused("keyvault", verb, "-g", workspace.resource_group)
    assert "az resource list" in trouble.refused("keyvault", verb, "-g", workspace.resource_group, "-w", "no", code=3)
    assert "az login" in stranger.refused("keyvault", verb, *workspace.arguments)
    workspace.faults({"route": "arm.workspace", "fault": "forbidden"})
    assert "Reader" in trouble.refused("keyvault", verb, *workspace.arguments)


def test_diagnose_sees_the_same(azure: SimulatedAzure, trouble: Trouble) -> None:
    workspace = azure.scenario("healthy-aci", vault={"properties": {"accessPolicies": []}})
    report = trouble.report("-n", "mysvc", *workspace.arguments)
    assert (report["verdict"], report["rootCause"]["code"]) == ("degraded", "MLT7301")
    workspace = azure.scenario("healthy-aci", vault=BY_ROLES)
    assert trouble.report("-n", "mysvc", *workspace.arguments)["rootCause"]["code"] == "MLT7311"
    workspace = azure.scenario("healthy-aci", vault=None, deleted_vault={})
    assert trouble.report("-n", "mysvc", *workspace.arguments)["rootCause"]["code"] == "MLT7320"


def test_azs_own_commands_agree(trouble: Trouble, wiped: Workspace) -> None:
    """The shapes that the real client sends and expects, on the vault that ``restore`` has changed."""
    az, vault = trouble.az, wiped.names["vault"]
    trouble.run("keyvault", "restore", *wiped.arguments, "--yes")
    shown = az.must("keyvault", "show", "-n", vault, "-g", wiped.resource_group).json["properties"]["accessPolicies"]
    own = next(one for one in shown if one["objectId"] == wiped.names["principal_id"])
    assert "set" in own["permissions"]["secrets"]
    third = "00000000-0000-4000-8000-0000000000f2"
    az.must("keyvault", "set-policy", "-n", vault, "-g", wiped.resource_group, "--object-id", third,
            "--secret-permissions", "get", "list")  # fmt: skip
    answer = checked(trouble, wiped)
    assert principals(answer["keyVault"]["policies"]) == [OTHER, wiped.names["principal_id"], third]
    roles = az.must("rest", "--url", f"{wiped.names['vault_id']}/providers/Microsoft.Authorization/roleAssignments"
                    f"?api-version=2022-04-01&$filter=principalId eq '{OTHER}'").json  # fmt: skip
    assert roles["value"] == []


def test_every_command_printed_is_one_of_az(trouble: Trouble, wiped: Workspace) -> None:
    answer = checked(trouble, wiped)
    commands = [*answer["rootCause"]["remedy"]["commands"], *(c for way in answer["waysOut"] for c in way["commands"])]
    assert commands
    for command in commands:
        words = re.split(r" -", command)[0].split()[1:]
        assert trouble.az.run(*words, "--help").code == 0, command
