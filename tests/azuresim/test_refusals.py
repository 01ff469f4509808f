"""The simulated Azure refuses what Azure refuses, in the same words."""
from __future__ import annotations

import re
from collections.abc import Callable
from datetime import datetime, timedelta, timezone
from typing import Any

import pytest
import requests

from tests.azuresim import arm, identity, ml, scenario
from tests.azuresim.client import SimulatedAzure, Workspace
from tests.azuresim.tokens import ARM_AUDIENCES, TokenAuthority, TokenRefused

Ask = Callable[..., requests.Response]
ARM = "https://management.core.windows.net/"


@pytest.fixture(scope="module")
def workspace(azure: SimulatedAzure) -> Workspace:
    """A workspace that these tests only read."""
    return azure.scenario("healthy-aci", online_endpoints={"both": {}}, environments={"env:1": {}},
                          deployments={"infra": {"timestamp": "2026-11-02T08:15:30.000Z"}})


@pytest.fixture(scope="module")
def token(azure: SimulatedAzure) -> Callable[[str], str]:
    """Tokens from the identity endpoint, by audience."""
    def get(audience: str) -> str:
        answer = requests.get(azure.started["identityEndpoint"],
                              params={"api-version": "2019-08-01", "resource": audience},
                              headers={"X-IDENTITY-HEADER": azure.started["identityHeader"]}, timeout=10)
        return str(answer.json()["access_token"])
    return get


@pytest.fixture(scope="module")
def ask(azure: SimulatedAzure, token: Callable[[str], str]) -> Ask:
    """One request; with a good token, unless ``authorization`` says another (None: none)."""
    good = f"Bearer {token(ARM)}"

    def send(method: str, url: str, authorization: str | None = good, **query: str) -> requests.Response:
        headers = {} if authorization is None else {"Authorization": authorization}
        return requests.request(method, url, params=query, headers=headers, verify=azure.started["ca"], timeout=10)
    return send


def code_of(answer: requests.Response) -> Any:
    """The error code in an error body of Resource Manager or of the Model Management Service."""
    body = answer.json()
    return body["error"]["code"] if "error" in body else body["code"]


def mms(azure: SimulatedAzure, workspace: Workspace) -> str:
    """The address of the workspace's Model Management Service."""
    return f"{azure.started['ml']}/modelmanagement/v1.0{workspace.names['workspace_arm_id']}"


@pytest.mark.parametrize(("authorization", "code"), [
    (None, "AuthenticationFailed"),
    ("Basic abc", "AuthenticationFailed"),
    ("Bearer not.a.token", "InvalidAuthenticationToken"),
    ("forged", "InvalidAuthenticationToken"),
    ("storage", "InvalidAuthenticationTokenAudience"),
])
@pytest.mark.parametrize("plane", ["arm", "mms"])
def test_tokens(azure: SimulatedAzure, workspace: Workspace, ask: Ask, token: Callable[[str], str],
                authorization: str | None, code: str, plane: str) -> None:
    if authorization == "forged":
        authorization = "Bearer " + TokenAuthority(scenario.TENANT, "someone").issue(ARM)[0]
    elif authorization == "storage":
        authorization = f"Bearer {token('https://storage.azure.com')}"
    if plane == "arm":
        arm_id = workspace.names["workspace_arm_id"]
        answer = ask("GET", azure.started["arm"] + arm_id, authorization, **{"api-version": "2022-05-01"})
    else:
        answer = ask("GET", f"{mms(azure, workspace)}/services", authorization)
    assert answer.status_code == 401
    assert answer.headers["WWW-Authenticate"].startswith("Bearer")
    assert code_of(answer) == (code if plane == "arm" else "Unauthorized")


def test_a_token_expires(azure: SimulatedAzure) -> None:
    authority = TokenAuthority(scenario.TENANT, "someone")
    with pytest.raises(TokenRefused, match="is earlier than current UTC time") as refused:
        authority.check(f"Bearer {authority.issue(ARM, lifetime=-1)[0]}", ARM_AUDIENCES)
    assert refused.value.code == "ExpiredAuthenticationToken"


def test_identity(azure: SimulatedAzure) -> None:
    url, header = azure.started["identityEndpoint"], azure.started["identityHeader"]
    good = {"api-version": "2019-08-01", "resource": ARM}
    assert requests.get(url, params=good, timeout=10).status_code == 401
    assert requests.get(url, params={**good, "api-version": "2018-02-01"}, timeout=10).status_code == 400
    wrong = requests.get(url, params={**good, "resource": "https://example.com"}, timeout=10,
                         headers={"X-IDENTITY-HEADER": header})
    assert wrong.status_code == 500
    old = requests.get(url + "/", params={**good, "api-version": "2017-09-01"}, headers={"Secret": header}, timeout=10)
    assert re.fullmatch(r"\d\d/\d\d/\d{4} \d\d:\d\d:\d\d \+00:00", old.json()["expires_on"])


@pytest.mark.parametrize(("version", "code"), [
    (None, "MissingApiVersionParameter"), ("latest", "InvalidApiVersionParameter"),
    ("2022-05-02", "NoRegisteredProviderFound"),
])
def test_api_versions(azure: SimulatedAzure, workspace: Workspace, ask: Ask, version: str | None, code: str) -> None:
    answer = ask("GET", azure.started["arm"] + workspace.names["workspace_arm_id"],
                 **({"api-version": version} if version else {}))
    assert (answer.status_code, code_of(answer)) == (400, code)


def test_an_api_version_that_the_model_management_service_does_not_know(azure: SimulatedAzure, workspace: Workspace,
                                                                        ask: Ask) -> None:
    answer = ask("GET", f"{mms(azure, workspace)}/services", **{"api-version": "2022-05-01"})
    assert (answer.status_code, code_of(answer)) == (400, "UnsupportedApiVersion")


@pytest.mark.parametrize(("old", "new", "code"), [
    (scenario.SUBSCRIPTION, "00000000-0000-4000-8000-0000000000ff", "SubscriptionNotFound"),
    ("resourceGroups/", "resourceGroups/no-", "ResourceGroupNotFound"),
    ("workspaces/", "workspaces/no-", "ResourceNotFound"),
    ("workspaces/", "werkspaces/", "InvalidResourceType"),
])
def test_wrong_names(azure: SimulatedAzure, workspace: Workspace, ask: Ask, old: str, new: str, code: str) -> None:
    path = workspace.names["workspace_arm_id"].replace(old, new)
    answer = ask("GET", azure.started["arm"] + path, **{"api-version": "2022-05-01"})
    assert (answer.status_code, code_of(answer)) == (404, code)
    service = ask("GET", f"{azure.started['ml']}/modelmanagement/v1.0{path}/services")
    assert (service.status_code, code_of(service)) == (404, "UserError" if "werk" in new else "WorkspaceNotFound")


def test_names_are_found_in_any_case(azure: SimulatedAzure, workspace: Workspace, ask: Ask) -> None:
    path = workspace.names["workspace_arm_id"].replace("resourceGroups", "resourcegroups")
    assert ask("GET", azure.started["arm"] + path.upper().replace("SUBSCRIPTIONS", "subscriptions"),
               **{"api-version": "2022-05-01"}).status_code == 200


@pytest.mark.parametrize(("path", "code"), [
    ("/services/none", "ServiceNotFound"), ("/services/none/logs", "ServiceNotFound"),
    ("/images/none:1", "ImageNotFound"), ("/operations/none", "OperationNotFound"),
    ("/models/none:1", "ModelNotFound"), ("/assets/none", "AssetNotFound"), ("/nothing", "UserError"),
])
def test_what_the_model_management_service_does_not_have(azure: SimulatedAzure, workspace: Workspace, ask: Ask,
                                                         path: str, code: str) -> None:
    answer = ask("GET", mms(azure, workspace) + path)
    assert (answer.status_code, code_of(answer)) == (404, code)


def test_wrong_methods(azure: SimulatedAzure, workspace: Workspace, ask: Ask) -> None:
    version = {"api-version": "2022-05-01"}
    assert ask("POST", azure.started["arm"] + workspace.names["workspace_arm_id"], **version).status_code == 405
    assert ask("GET", f"{azure.started['arm']}{workspace.names['group_id']}/providers/Microsoft.Resources/deployments/"
                      "infra/exportTemplate", **{"api-version": "2025-04-01"}).status_code == 405
    assert ask("DELETE", f"{mms(azure, workspace)}/services/mysvc").status_code == 405


def _days_ago(days: int) -> str:
    return (datetime.now(timezone.utc) - timedelta(days=days)).isoformat()


def test_the_activity_log_goes_back_90_days(azure: SimulatedAzure, ask: Ask) -> None:
    workspace = azure.scenario("vault-policy-wiped")
    url = (f"{azure.started['arm']}/subscriptions/{workspace.names['subscription']}/providers/Microsoft.Insights/"
           "eventtypes/management/values")
    about = f" and resourceUri eq '{workspace.names['vault_id']}'"

    def events(since: str) -> requests.Response:
        return ask("GET", url, **{"api-version": "2015-04-01", "$filter": since + about})

    assert len(events(f"eventTimestamp ge '{_days_ago(89)}'").json()["value"]) == 2
    assert len(events(f"eventTimestamp ge '{_days_ago(4)}'").json()["value"]) == 1
    assert events(f"eventTimestamp ge '{_days_ago(91)}'").status_code == 400
    assert events("status eq 'Succeeded'").status_code == 400


def test_discovery_takes_no_token(azure: SimulatedAzure, workspace: Workspace, ask: Ask) -> None:
    url = f"{azure.started['ml']}/discovery/workspaces/{workspace.names['workspace_id']}"
    assert ask("GET", url, None).json()["modelmanagement"] == azure.started["ml"]
    assert ask("GET", url[:-1] + "x", None).status_code == 404


def test_blobs(azure: SimulatedAzure, workspace: Workspace, ask: Ask, token: Callable[[str], str]) -> None:
    def build_log(**changes: Any) -> str:
        other = azure.scenario("healthy-aci", **changes)
        return str(ask("GET", f"{mms(azure, other)}/images/mysvc:1").json()["imageBuildLogUri"])

    address = build_log()
    assert b"Successfully built" in ask("GET", address, None).content
    assert ask("GET", address, f"Bearer {token('https://storage.azure.com')}").status_code == 200
    for spoiled, authorization, status, code in (
        (address.partition("?")[0], None, 409, "PublicAccessNotPermitted"),
        (address.replace("sig=", "sig=A"), None, 403, "AuthenticationFailed"),
        (address, f"Bearer {token(ARM)}", 401, "InvalidAuthenticationInfo"),
        (build_log(images={"mysvc:1": {"build_log_expired": True}}), None, 403, "AuthenticationFailed"),
        (build_log(sas_seconds=-1), None, 403, "AuthenticationFailed"),
    ):
        answer = ask("GET", spoiled, authorization)
        assert (answer.status_code, answer.headers["x-ms-error-code"]) == (status, code)
        assert f"<Code>{code}</Code>" in answer.text


def test_every_route_answers(azure: SimulatedAzure, workspace: Workspace, ask: Ask) -> None:
    """Each route is reachable by the path that it is written with, and names a right for its 403."""
    names = workspace.names
    parts = {
        "subscription": names["subscription"], "group": names["resource_group"], "workspace": names["workspace"],
        "vault": names["vault"], "registry": names["registry"], "containers": f"mysvc-{names['suffix']}",
        "container": "azureml-fe-aci", "deployment": "infra", "endpoint": "both", "workspace_id": names["workspace_id"],
        "service": "mysvc", "image": "mysvc:1", "model": "mymodel:1", "environment": "env", "version": "1",
        "provider": "Microsoft.KeyVault", "type": "vaults", "name": names["vault"],
        "location": names["location"], "component": "ai",
    }
    held = scenario.build(workspace.name, {"extends": "healthy-aci"})
    parts["operation"] = held.services["mysvc"]["operationId"]
    parts["asset"] = held.models[0]["url"].rpartition("/")[2]
    for plane, routes in (("arm", arm.ROUTES), ("ml", ml.ROUTES)):
        for route in routes:
            path = re.sub(r"\(\?P<(\w+)>\[\^/\]\+\)", lambda match: parts[match[1]], route.pattern.pattern)
            query = {}
            if route.kind:
                query["api-version"] = arm.API_VERSIONS[route.kind].split()[-1]
            if route.name == "arm.activity_log":
                query["$filter"] = f"eventTimestamp ge '{_days_ago(89)}'"
            answer = ask(route.method, azure.started[plane] + path.rstrip("/?"), **query)
            # What takes a body refuses to go without one.
            expected = (200,) if route.method == "GET" else (200, 400, 415)
            if route.name == "arm.deleted_vault":
                expected = (404,)  # it is not deleted here
            assert answer.status_code in expected, (route.name, answer.text)
    assert {route.name for route in identity.ROUTES} == {"identity.token"}
