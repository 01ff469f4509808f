"""Collecting from the simulated Azure: what is read, what a fault leaves of it, and names that fit nothing."""
from __future__ import annotations

import io
import json
import threading
from collections.abc import Callable
from typing import Any

import pytest
from azure.cli.core.azclierror import (
    ArgumentUsageError,
    AzCLIError,
    AzureConnectionError,
    ResourceNotFoundError,
    UnauthorizedError,
)

from azext_mltrouble.cloud.session import Session, WorkspaceScope
from azext_mltrouble.evidence.collect import collect, list_targets
from azext_mltrouble.evidence.model import Evidence, Log, Observation
from tests.azuresim.client import SimulatedAzure
from tests.azuresim.faults import NAMES
from tests.evidence.conftest import Identity, scope_of

Sessions = Callable[..., Session]

SECRET = "obviously-not-a-real-password"
SERVICE_SOURCES = [
    "service", "operation", "image", "image-versions", "image-build-log", "models", "container-log",
    "init-container-log", "container-group", "front-end-log", "workspace", "discovery", "key-vault",
    "key-vault-history", "registry",
]  # fmt: skip


def observed(evidence: Evidence) -> dict[str, Observation]:
    return {one.source: one for one in evidence.observations}


def text_of(log: Log) -> str:
    with log.open() as stream:
        return stream.read().decode()


def logs_of(evidence: Evidence) -> dict[str, str]:
    return {log.source: text_of(log) for log in evidence.logs}


def everything(evidence: Evidence) -> str:
    return json.dumps(evidence.facts) + "".join(logs_of(evidence).values()) + repr(evidence.observations)


# -- what is read ------------------------------------------------------------------------------------------------------


def test_a_service_on_aci_is_read_from_every_source(azure: SimulatedAzure, session: Sessions) -> None:
    workspace = azure.scenario("crash-in-init", services={"mysvc": {"sslKey": SECRET}})
    evidence = collect(session(), scope_of(workspace), "mysvc")

    assert [one.source for one in evidence.observations] == SERVICE_SOURCES
    unlike = {one.source: one.status for one in evidence.observations if one.status != "collected"}
    assert unlike == {"key-vault-history": "absent"}
    assert evidence.target.name == "mysvc"
    assert (evidence.target.kind, evidence.target.generation, evidence.target.compute) == ("service", "v1", "ACI")
    assert (evidence.target.workspace, evidence.target.state) == (workspace.name, "Failed")
    assert set(evidence.facts) == {
        "service", "operation", "image", "images", "models", "containerGroup", "workspace", "identity", "vault",
        "registry",
    }  # fmt: skip
    assert evidence.facts["containerGroup"]["properties"]["instanceView"]
    assert [one["id"] for one in evidence.facts["models"]] == ["mymodel:1"]
    logs = logs_of(evidence)
    assert list(logs) == ["service error", "operation error", "image build log", "container log", "init container log"]
    assert json.loads(logs["service error"])["code"] == "AciDeploymentFailed"
    assert "ModuleNotFoundError" in logs["container log"]
    assert {log.source: log.where for log in evidence.logs}["image build log"] == "build_log"
    assert SECRET not in everything(evidence)
    assert evidence.facts["service"]["sslKey"] == "***"
    assert evidence.redactions["sslKey"] == 1
    assert evidence.redactions["sasSignature"] >= 1
    assert evidence.collected_at is not None
    assert evidence.collected_at.endswith("+00:00")


def test_a_token_is_fetched_once_for_all_reads(azure: SimulatedAzure, session: Sessions, identity: Identity) -> None:
    collect(session(), scope_of(azure.scenario("crash-in-init")), "mysvc")
    assert identity.fetched == ["https://management.core.windows.net/"]


def test_each_address_is_asked_once(azure: SimulatedAzure, session: Sessions) -> None:
    workspace = azure.scenario("crash-in-init")
    collect(session(), scope_of(workspace), "mysvc")
    asked = [(one["method"], one["path"], json.dumps(one["query"])) for one in workspace.requests()]
    assert len(asked) == len(set(asked))


def test_a_token_goes_neither_to_discovery_nor_to_storage(azure: SimulatedAzure, session: Sessions) -> None:
    workspace = azure.scenario("crash-in-init")
    collect(session(), scope_of(workspace), "mysvc")
    for request in workspace.requests():
        public = request["route"] in ("ml.discovery", "blob.read")
        assert ("Authorization" in request["headers"]) == (not public), request["route"]


def test_a_build_log_is_redacted_on_its_way_and_its_file_is_private(azure: SimulatedAzure, session: Sessions) -> None:
    noise = "Step 1/9 : RUN true\n" * 20_000
    workspace = azure.scenario("crash-in-init", images={"mysvc:1": {"build_log": f"{noise}PASSWORD={SECRET}\nlast\n"}})
    evidence = collect(session(), scope_of(workspace), "mysvc")
    log = next(log for log in evidence.logs if log.source == "image build log")
    with log.open() as file:
        assert isinstance(file, io.BufferedReader)
        path = file.name
        text = file.read().decode()
    assert text == f"{noise}PASSWORD=***\nlast\n"
    import os

    assert os.stat(os.path.dirname(path)).st_mode & 0o077 == 0
    del log, evidence, file
    import gc

    gc.collect()
    assert not os.path.exists(path), "the file goes with the evidence"


def test_a_service_on_aks_has_no_container_group(azure: SimulatedAzure, session: Sessions) -> None:
    workspace = azure.scenario("healthy-aci", services={"mysvc": {"computeType": "AKS"}}, container_groups={})
    evidence = collect(session(), scope_of(workspace), "mysvc")
    assert observed(evidence)["container-group"].status == "absent"
    assert "AKS" in observed(evidence)["container-group"].detail
    assert evidence.target.compute == "AKS"


def test_a_service_whose_name_begins_another_has_its_own_group(azure: SimulatedAzure, session: Sessions) -> None:
    workspace = azure.scenario("healthy-aci", services={"mysvc-two": {}, "my": {}})
    for name in ("mysvc", "mysvc-two", "my"):
        group = collect(session(), scope_of(workspace), name).facts["containerGroup"]["name"]
        assert group.rpartition("-")[0] == name


def test_a_wiped_policy_is_followed_to_who_wiped_it(azure: SimulatedAzure, session: Sessions) -> None:
    workspace = azure.scenario(
        "healthy-aci",
        vault={"properties": {"accessPolicies": []}},
        activity=[{"eventTimestamp": "2026-11-20T10:00:00Z"}],
    )
    evidence = collect(session(), scope_of(workspace), "mysvc")
    assert observed(evidence)["key-vault-history"].status == "collected"
    assert set(evidence.facts["vaultHistory"]) == {"deployments", "activity", "activitySince", "unread"}


def test_a_vault_that_works_by_roles_has_no_history_to_read(azure: SimulatedAzure, session: Sessions) -> None:
    vault = {"properties": {"accessPolicies": [], "enableRbacAuthorization": True}}
    evidence = collect(session(), scope_of(azure.scenario("healthy-aci", vault=vault)), "mysvc")
    assert observed(evidence)["key-vault-history"].status == "absent"


def test_an_image_without_a_service_is_a_target_too(azure: SimulatedAzure, session: Sessions) -> None:
    failed = {"creationState": "Failed", "error": {"code": "BuildFailed", "statusCode": 400, "message": "pip failed"}}
    images = {
        "lonely:1": {"build_log": "old\n"},
        "lonely:9": {"creationState": "Running"},
        "lonely:10": {**failed, "build_log": "ERROR: No matching distribution found\n"},
    }
    workspace = azure.scenario("healthy-aci", images=images)
    evidence = collect(session(), scope_of(workspace), "lonely")
    assert evidence.facts["image"]["id"] == "lonely:10"
    assert len(evidence.facts["images"]) == 3
    assert logs_of(evidence)["image build log"] == "ERROR: No matching distribution found\n"
    assert "pip failed" in logs_of(evidence)["image error"]
    assert evidence.target.name == "lonely"
    assert observed(evidence)["service"].status == "absent"
    assert "lonely:9 (Running)" in observed(evidence)["image"].detail

    older = collect(session(), scope_of(workspace), "lonely:1")
    assert observed(older)["service"].status == "unavailable", "the image is ready: where is its service?"
    assert logs_of(older)["image build log"] == "old\n"
    with pytest.raises(ResourceNotFoundError):
        collect(session(), scope_of(workspace), "lonely:2")


def test_an_environment_based_service_names_its_build_log_in_the_operation(
    azure: SimulatedAzure, session: Sessions
) -> None:
    request = {"environment": {"name": "env", "version": "3"}, "modelIds": ["mymodel:1"]}
    workspace = azure.scenario(
        "healthy-aci",
        services={
            "mysvc": {"imageId": None, "imageDetails": None, "environmentImageRequest": request, "operationId": "op1"}
        },
        operations={"op1": {"log": "building\n", "operationDetails": {"subOperationType": "BuildImage"}}},
        environments={"env:3": {}},
    )
    evidence = collect(session(), scope_of(workspace), "mysvc")
    assert logs_of(evidence)["image build log"] == "building\n"
    assert "environmentImage" in evidence.facts
    assert "image" not in evidence.facts
    assert SECRET not in everything(evidence)


def test_what_azure_does_not_have_is_absent(azure: SimulatedAzure, session: Sessions) -> None:
    workspace = azure.scenario(
        "healthy-aci", workspace={"properties": {"containerRegistry": None, "keyVault": None}}
    )
    evidence = collect(session(), scope_of(workspace), "mysvc")
    for source in ("registry", "key-vault", "key-vault-history"):
        assert observed(evidence)[source].status == "absent"
        assert observed(evidence)[source].detail


def test_a_model_that_is_not_registered_any_more_is_named(azure: SimulatedAzure, session: Sessions) -> None:
    workspace = azure.scenario("healthy-aci")
    workspace.faults({"route": "mms.model", "fault": "not-found"})
    models = observed(collect(session(), scope_of(workspace), "mysvc"))["models"]
    assert models.status == "unavailable"
    assert "mymodel:1" in models.detail
    assert models.remedy


# -- faults ------------------------------------------------------------------------------------------------------------

#: Each route and the sources that it is decisive for.
ROUTES = {
    "mms.operation": {"operation"},
    "mms.image": {"image"},
    "mms.model": {"models"},
    "mms.service_logs": {"container-log", "init-container-log"},
    "arm.vault": {"key-vault", "key-vault-history"},
    "arm.registry": {"registry"},
    "arm.container_groups": {"container-group", "front-end-log"},
    "arm.container_group": {"container-group"},
    "blob.read": {"image-build-log"},
}
#: What a fault may leave whole: a blob may be empty and no JSON; a drip comes to its end in time.
HARMLESS = {("blob.read", "empty"), ("blob.read", "broken-json"), ("blob.read", "wrong-content-type")}


@pytest.mark.parametrize("fault", NAMES)
@pytest.mark.parametrize("route", sorted(ROUTES))
def test_a_fault_costs_its_own_source_and_says_what_helps(
    azure: SimulatedAzure, session: Sessions, route: str, fault: str
) -> None:
    workspace = azure.scenario("crash-in-init")
    workspace.faults({"route": route, "fault": fault})
    evidence = collect(session(timeout=2), scope_of(workspace), "mysvc")
    lost = {one.source for one in evidence.observations if one.status == "unavailable"}
    if (route, fault) not in HARMLESS:
        assert lost == ROUTES[route]
    for one in evidence.observations:
        if one.status == "unavailable":
            assert one.detail
            assert one.remedy or "depends on it" in one.detail
    assert SECRET not in everything(evidence)
    assert "sig=" not in everything(evidence).replace("sig=***", "")


def test_a_fault_that_passes_is_not_noticed(azure: SimulatedAzure, session: Sessions) -> None:
    workspace = azure.scenario("crash-in-init")
    workspace.faults(
        {"route": "mms.*", "fault": "error-503", "times": 2}, {"route": "arm.*", "fault": "reset", "times": 2}
    )
    evidence = collect(session(), scope_of(workspace), "mysvc")
    assert not [one for one in evidence.observations if one.status == "unavailable"]


@pytest.mark.parametrize("route", ["arm.workspace", "ml.discovery", "mms.service"])
@pytest.mark.parametrize("fault", ["forbidden", "error-500", "broken-json", "reset"])
def test_a_service_that_cannot_be_read_is_unknown_and_the_rest_is_read(
    azure: SimulatedAzure, session: Sessions, route: str, fault: str
) -> None:
    workspace = azure.scenario("crash-in-init")
    workspace.faults({"route": route, "fault": fault})
    evidence = collect(session(timeout=5), scope_of(workspace), "mysvc")
    assert observed(evidence)["service"].status == "unavailable"
    assert observed(evidence)["container-group"].status == "collected"
    if route != "arm.workspace":
        assert observed(evidence)["key-vault"].status == "collected"
    if route == "mms.service":
        assert "ModuleNotFoundError" in logs_of(evidence)["container log"]
    assert evidence.target.state is None


def test_a_right_that_lacks_is_named(azure: SimulatedAzure, session: Sessions) -> None:
    workspace = azure.scenario("crash-in-init")
    workspace.faults({"route": "arm.vault", "fault": "forbidden"})
    vault = observed(collect(session(), scope_of(workspace), "mysvc"))["key-vault"]
    assert "403" in vault.detail
    assert "Microsoft.KeyVault/vaults/read" in vault.remedy
    assert "Reader" in vault.remedy


def test_a_build_log_that_breaks_off_is_kept_as_far_as_it_came(azure: SimulatedAzure, session: Sessions) -> None:
    workspace = azure.scenario("crash-in-init", images={"mysvc:1": {"build_log": "Step 1\n" * 100_000}})
    workspace.faults({"route": "blob.read", "fault": "truncated"})
    evidence = collect(session(timeout=5), scope_of(workspace), "mysvc")
    assert observed(evidence)["image-build-log"].status == "unavailable"
    assert logs_of(evidence)["image build log"].startswith("Step 1\n")


# -- names and logins --------------------------------------------------------------------------------------------------


def recommendations(error: pytest.ExceptionInfo[AzCLIError]) -> str:
    return "\n".join(error.value.recommendations)


def test_an_unknown_name_shows_the_near_ones(azure: SimulatedAzure, session: Sessions) -> None:
    workspace = azure.scenario("healthy-aci", services={"other": {}})
    with pytest.raises(ResourceNotFoundError, match="'mysvcc'") as error:
        collect(session(), scope_of(workspace), "mysvcc")
    assert "'mysvc'" in recommendations(error)
    assert "'other'" not in recommendations(error)
    assert "az ml trouble diagnose --all" in recommendations(error)


@pytest.mark.parametrize("part", ["resource_group", "workspace"])
def test_an_unknown_workspace_or_group_is_not_found(azure: SimulatedAzure, session: Sessions, part: str) -> None:
    scope = scope_of(azure.scenario("healthy-aci"))
    wrong = WorkspaceScope(**{**vars(scope), part: "elsewhere"})
    with pytest.raises(ResourceNotFoundError, match="elsewhere") as error:
        collect(session(), wrong, "mysvc")
    assert recommendations(error)


@pytest.mark.parametrize("name", ["a/b", "..", "mysvc?x=1", "mysvc#", "%2e%2e", "ü", "a b"])
def test_a_name_stays_one_part_of_the_address(azure: SimulatedAzure, session: Sessions, name: str) -> None:
    workspace = azure.scenario("healthy-aci")
    with pytest.raises(ResourceNotFoundError):
        collect(session(), scope_of(workspace), name)
    assert all("/services" in one["path"] for one in workspace.requests() if one["route"] == "mms.service")


def test_a_name_in_both_generations_asks_which(azure: SimulatedAzure, session: Sessions) -> None:
    workspace = azure.scenario("healthy-aci", online_endpoints={"mysvc": {}, "newer": {}})
    with pytest.raises(ArgumentUsageError, match=r"v1.*v2") as error:
        collect(session(), scope_of(workspace), "mysvc")
    assert "--generation v1" in recommendations(error)
    assert collect(session(), scope_of(workspace), "mysvc", "v1").target.generation == "v1"
    for name, generation in (("newer", None), ("newer", "v2"), ("mysvc", "v2")):
        with pytest.raises(ArgumentUsageError, match="online endpoint"):
            collect(session(), scope_of(workspace), name, generation)
    with pytest.raises(ResourceNotFoundError):
        collect(session(), scope_of(workspace), "nosuch", "v2")


def test_a_token_that_azure_refuses_everywhere_asks_for_a_login(azure: SimulatedAzure, session: Sessions) -> None:
    workspace = azure.scenario("healthy-aci")
    workspace.faults({"fault": "expired-token"})
    with pytest.raises(UnauthorizedError) as error:
        collect(session(), scope_of(workspace), "mysvc")
    assert "az login" in recommendations(error)


def test_no_network_is_an_error_and_no_report(
    azure: SimulatedAzure, session: Sessions, identity: Identity, monkeypatch: pytest.MonkeyPatch
) -> None:
    scope = scope_of(azure.scenario("healthy-aci"))
    nowhere = Session(identity, scope.subscription_id, "", "https://127.0.0.1:9", "https://management.core.windows.net/",
                      timeout=3)  # fmt: skip
    session()
    with pytest.raises(AzureConnectionError) as error:
        collect(nowhere, scope, "mysvc")
    assert recommendations(error)


def test_a_login_that_never_answers_ends_in_time(azure: SimulatedAzure, session: Sessions) -> None:
    blocked = threading.Event()

    class Silent:
        def get_token(self, *_: Any, **__: Any) -> Any:
            blocked.wait(30)

    scope = scope_of(azure.scenario("healthy-aci"))
    silent = Session(Silent(), scope.subscription_id, "", azure.started["arm"], "https://management.core.windows.net/",
                     timeout=0.5)  # fmt: skip
    with pytest.raises(AzureConnectionError, match="access token"):
        collect(silent, scope, "mysvc")
    blocked.set()


def test_all_targets_of_a_workspace(azure: SimulatedAzure, session: Sessions) -> None:
    workspace = azure.scenario("healthy-aci", services={f"more-{n}": {} for n in range(5)}, page_sizes={"services": 2})
    targets = list_targets(session(), scope_of(workspace))
    assert sorted(one.name or "" for one in targets) == ["more-0", "more-1", "more-2", "more-3", "more-4", "mysvc"]
    assert {one.generation for one in targets} == {"v1"}


@pytest.mark.parametrize(
    ("route", "source"),
    [
        ("mms.images", "image-versions"),
        ("arm.container_logs", "front-end-log"),
        ("arm.online_endpoint", "online-endpoint"),
    ],
)
def test_a_source_beside_the_main_ones_that_cannot_be_read_is_named(
    azure: SimulatedAzure, session: Sessions, route: str, source: str
) -> None:
    workspace = azure.scenario("crash-in-init")
    workspace.faults({"route": route, "fault": "forbidden"})

    evidence = collect(session(), scope_of(workspace), "mysvc")

    assert observed(evidence)[source].status == "unavailable"
    assert observed(evidence)["container-log"].status == "collected"


@pytest.mark.parametrize("name", [".", "..", ":", ":3", "-"])
def test_a_name_without_a_letter_is_not_looked_up(azure: SimulatedAzure, session: Sessions, name: str) -> None:
    workspace = azure.scenario("crash-in-init")
    with pytest.raises(ResourceNotFoundError):
        collect(session(), scope_of(workspace), name)


def test_endpoints_are_listed_beside_services(azure: SimulatedAzure, session: Sessions) -> None:
    workspace = azure.scenario("both-generations")
    kinds = {target.kind for target in list_targets(session(), scope_of(workspace))}
    assert kinds == {"service", "endpoint"}
