"""Azure Resource Manager: subscriptions and the resources that a doctor looks at."""
from __future__ import annotations

import json
import re
from datetime import datetime, timedelta, timezone
from typing import Any

from . import insights
from .replies import Refused, Reply, arm_error, ok, provider_error
from .routing import Call, Route, page, pattern
from .scenario import SECOND_SUBSCRIPTION, SUBSCRIPTION, TENANT, Scenario
from .tokens import ARM_AUDIENCES, TokenRefused

_GROUP = "/subscriptions/{subscription}/resourceGroups/{group}"
_WORKSPACE = _GROUP + "/providers/Microsoft.MachineLearningServices/workspaces/{workspace}"
_VAULT = _GROUP + "/providers/Microsoft.KeyVault/vaults/{vault}"
_REGISTRY = _GROUP + "/providers/Microsoft.ContainerRegistry/registries/{registry}"
_CONTAINER_GROUPS = _GROUP + "/providers/Microsoft.ContainerInstance/containerGroups"
_DEPLOYMENTS = _GROUP + "/providers/Microsoft.Resources/deployments"

#: The api-versions that each resource type serves, as Azure's public API definitions list them.
API_VERSIONS = {
    "metadata": "2015-01-01 2018-05-01 2019-05-01 2020-06-01 2022-09-01",
    "subscriptions": "2016-06-01 2018-06-01 2019-06-01 2019-11-01 2020-01-01 2020-05-01 2021-01-01 2022-12-01",
    "tenants": "2016-06-01 2018-06-01 2019-06-01 2019-11-01 2020-01-01 2020-05-01 2021-01-01 2022-12-01",
    "resourceGroups": "2019-05-01 2019-10-01 2020-06-01 2020-10-01 2021-04-01 2022-09-01 2024-03-01 2025-04-01",
    "Microsoft.MachineLearningServices/workspaces":
        "2018-11-19 2019-05-01 2019-06-01 2019-11-01 2020-01-01 2020-03-01 2020-04-01 2020-06-01 2020-08-01 "
        "2021-01-01 2021-04-01 2021-07-01 2022-05-01 2022-10-01 2023-04-01 2023-10-01 2024-04-01 2024-10-01 "
        "2024-10-01-preview 2025-06-01 2025-09-01 2025-12-01",
    "Microsoft.MachineLearningServices/workspaces/onlineEndpoints":
        "2021-10-01 2022-02-01-preview 2022-05-01 2022-10-01 2023-04-01 2023-04-01-preview 2023-10-01 2024-04-01 "
        "2024-10-01 2025-06-01 2025-09-01 2025-12-01",
    "Microsoft.KeyVault/vaults":
        "2015-06-01 2016-10-01 2018-02-14 2019-09-01 2021-10-01 2022-07-01 2022-11-01 2023-02-01 2023-07-01 "
        "2024-11-01 2025-05-01 2026-02-01 2026-05-15",
    "Microsoft.ContainerRegistry/registries":
        "2017-10-01 2019-05-01 2021-09-01 2022-12-01 2023-07-01 2025-04-01 2025-11-01",
    "Microsoft.ContainerInstance/containerGroups":
        "2018-10-01 2019-12-01 2020-11-01 2021-03-01 2021-07-01 2021-09-01 2021-10-01 2022-09-01 2023-05-01 "
        "2024-05-01-preview 2024-10-01-preview 2025-09-01",
    "Microsoft.Resources/deployments":
        "2016-09-01 2017-05-10 2018-05-01 2019-10-01 2020-06-01 2020-10-01 2021-04-01 2022-09-01 2023-07-01 "
        "2024-03-01 2024-11-01 2025-03-01 2025-04-01",
    "Microsoft.Insights/components": "2015-05-01 2018-04-20 2020-02-02",
    "Microsoft.Insights/eventtypes": "2014-04-01 2015-04-01 2017-03-01-preview",
    "Microsoft.Authorization/roleAssignments":
        "2015-07-01 2018-09-01-preview 2020-04-01-preview 2020-10-01-preview 2022-04-01",
}


def check(call: Call, route: Route | None, known_path: bool) -> None:
    """What Resource Manager checks before the resource provider sees a request, in its order; raises Refused."""
    try:
        if route is None or route.kind != "metadata":
            call.simulator.tokens.check(call.headers.get("Authorization"), ARM_AUDIENCES)
    except TokenRefused as refused:
        challenge = f'Bearer authorization_uri="https://login.windows.net/{TENANT}", error="invalid_token"'
        raise Refused(arm_error(401, refused.code, refused.message, **{"WWW-Authenticate": challenge})) from None
    _check_api_version(call, route)
    _check_scope(call)
    if route is None and known_path:
        raise Refused(arm_error(405, "MethodNotAllowed", "The requested resource does not support http method "
                                                         f"'{call.method}'."))
    if route is None:
        raise Refused(arm_error(404, "InvalidResourceType", f"No resource type answers to the path '{call.path}'."))


def _check_api_version(call: Call, route: Route | None) -> None:
    version = call.query.get("api-version", "")
    if not version:
        raise Refused(arm_error(400, "MissingApiVersionParameter", "The api-version query parameter (?api-version=) "
                                                                   "is required for all requests."))
    known = API_VERSIONS[route.kind].split() if route else []
    if not re.fullmatch(r"\d{4}-\d{2}-\d{2}(-preview|-alpha|-beta)?", version) or \
            (route is not None and "." not in route.kind and version not in known):
        raise Refused(arm_error(400, "InvalidApiVersionParameter", f"The api-version '{version}' is invalid. The "
                                                                   f"supported versions are '{','.join(known)}'."))
    if route is not None and version not in known:
        raise Refused(arm_error(400, "NoRegisteredProviderFound",
                                f"No registered resource provider found for location 'westeurope' and API version "
                                f"'{version}' for type '{route.kind.partition('/')[2]}'. The supported api-versions "
                                f"are '{', '.join(known)}'. The supported locations are 'westeurope'."))


def _check_scope(call: Call) -> None:
    match = re.match(r"/subscriptions/([^/]+)(?:/resourceGroups/([^/]+))?", call.path, re.IGNORECASE)
    if match is None:
        return
    subscription, group = match.groups()
    if subscription.lower() not in (SUBSCRIPTION, SECOND_SUBSCRIPTION):
        raise Refused(arm_error(404, "SubscriptionNotFound", f"The subscription '{subscription}' could not be found."))
    if group is not None and call.simulator.world.group(subscription, group) is None:
        raise Refused(arm_error(404, "ResourceGroupNotFound", f"Resource group '{group}' could not be found."))


def scenario_of(call: Call) -> Scenario | None:
    """The scenario that a request is about, if its path or filter says so."""
    scope = re.search(r"/subscriptions/([^/]+)/resourceGroups/([^/']+)", call.path + call.query.get("$filter", ""),
                      re.IGNORECASE)
    if scope is not None:
        return call.simulator.world.group(*scope.groups())
    deleted = re.search(r"/deletedVaults/([^/]+)$", call.path, re.IGNORECASE)
    if deleted is not None:
        return next((each for each in call.simulator.world if each.names.vault == deleted[1].lower()), None)
    subscription = re.match(r"/subscriptions/([^/]+)", call.path)
    group = re.search(r"resourceGroupName eq '([^']+)'", call.query.get("$filter", ""))
    if subscription and group:
        return call.simulator.world.group(subscription[1], group[1])
    return None


def _missing(kind: str, name: str, group: str) -> Refused:
    return Refused(arm_error(404, "ResourceNotFound", f"The Resource '{kind}/{name}' under resource group '{group}' "
                                                      "was not found. For more details please go to "
                                                      "https://aka.ms/ARMResourceNotFoundFix"))


def _metadata(call: Call) -> Reply:
    """What ``az cloud register`` discovers of a cloud; needs no token."""
    arm = call.simulator.addresses["arm"]
    authentication = {"loginEndpoint": "https://login.microsoftonline.com", "tenant": "common",
                      "audiences": [f"{audience}/" for audience in ARM_AUDIENCES], "identityProvider": "AAD"}
    if call.query["api-version"] == "2015-01-01":
        return ok({"galleryEndpoint": None, "graphEndpoint": "https://graph.windows.net/", "portalEndpoint": None,
                   "authentication": authentication})
    cloud = {"name": "AzureSimulated", "resourceManager": arm, "authentication": authentication,
             "graphAudience": "https://graph.windows.net/", "microsoftGraphResourceId": "https://graph.microsoft.com/",
             "suffixes": {"storage": "core.windows.net", "keyVaultDns": "vault.azure.net",
                          "acrLoginServer": "azurecr.io"}}
    return ok(cloud if call.query["api-version"] == "2022-09-01" else [cloud])


def _subscription(subscription_id: str, name: str) -> dict[str, Any]:
    return {"id": f"/subscriptions/{subscription_id}", "subscriptionId": subscription_id, "displayName": name,
            "tenantId": TENANT, "homeTenantId": TENANT, "state": "Enabled", "authorizationSource": "RoleBased",
            "managedByTenants": [], "subscriptionPolicies": {
                "locationPlacementId": "Public_2014-09-01", "quotaId": "PayAsYouGo_2014-09-01", "spendingLimit": "Off"}}


_ALL = [_subscription(SUBSCRIPTION, "Simulated Azure"), _subscription(SECOND_SUBSCRIPTION, "Second subscription")]


def _subscriptions(call: Call) -> Reply:
    return ok({"value": _ALL, "count": {"type": "Total", "value": len(_ALL)}})


def _one_subscription(call: Call) -> Reply:
    return ok(next(each for each in _ALL if each["subscriptionId"] == call.parts["subscription"].lower()))


def _tenants(call: Call) -> Reply:
    return ok({"value": [{"id": f"/tenants/{TENANT}", "tenantId": TENANT, "displayName": "Simulated tenant",
                          "tenantCategory": "Home", "defaultDomain": "example.com", "domains": ["example.com"]}]})


def _resource_group(call: Call) -> Reply:
    names = call.found.names
    return ok({"id": names.group_id, "name": names.resource_group, "type": "Microsoft.Resources/resourceGroups",
               "location": names.location, "tags": {}, "properties": {"provisioningState": "Succeeded"}})


def _need_workspace(call: Call) -> Scenario:
    if call.parts["workspace"].lower() != call.found.names.workspace.lower():
        raise _missing("Microsoft.MachineLearningServices/workspaces", call.parts["workspace"], call.parts["group"])
    return call.found


def _workspace_payload(call: Call, scenario: Scenario) -> dict[str, Any]:
    discovery = f"{call.simulator.addresses['ml']}/discovery/workspaces/{scenario.names.workspace_id}"
    return {**scenario.workspace, "properties": {"discoveryUrl": discovery, **scenario.workspace["properties"]}}


def _workspace(call: Call) -> Reply:
    return ok(_workspace_payload(call, _need_workspace(call)))


def _workspaces(call: Call) -> Reply:
    return ok({"value": [_workspace_payload(call, call.found)]})


def _all_workspaces(call: Call) -> Reply:
    subscription = call.parts["subscription"].lower()
    return ok({"value": [_workspace_payload(call, each) for each in call.simulator.world
                         if each.names.subscription == subscription]})


def _online_endpoint(call: Call) -> Reply:
    endpoint = _need_workspace(call).online_endpoints.get(call.parts["endpoint"])
    if endpoint is None:
        return provider_error(404, "UserError", f"Online endpoint '{call.parts['endpoint']}' was not found.")
    return ok(endpoint)


def _online_endpoints(call: Call) -> Reply:
    return ok({"value": list(_need_workspace(call).online_endpoints.values())})


def _vault(call: Call) -> Reply:
    return ok(_need_vault(call))


def _need_vault(call: Call) -> dict[str, Any]:
    vault = call.found.vault
    if vault is None or call.parts["vault"].lower() != vault["name"]:
        raise _missing("Microsoft.KeyVault/vaults", call.parts["vault"], call.parts["group"])
    return vault


def _write_vault(call: Call) -> Reply:
    """A PUT of the vault replaces its properties, the whole list of access policies too."""
    vault = _need_vault(call)
    wanted = json.loads(call.body)["properties"]
    _check_policies(wanted.get("accessPolicies") or [])
    vault["properties"] = {**vault["properties"], "accessPolicies": [], **wanted}
    return ok(vault)


def _write_policies(call: Call) -> Reply:
    """``add`` merges permissions by identity, ``replace`` sets them, ``remove`` takes them away; others stay."""
    vault, operation = _need_vault(call), call.parts["operation"].lower()
    given = json.loads(call.body)["properties"]["accessPolicies"]
    if operation not in ("add", "replace", "remove"):
        return arm_error(400, "BadRequest", f"The operation '{operation}' is invalid.")
    _check_policies(given)
    held = {_holder(policy): policy for policy in vault["properties"]["accessPolicies"]}
    for policy in given:
        old = held.get(_holder(policy))
        held[_holder(policy)] = _merged(old, policy, operation) if old else policy
    left = [policy for policy in held.values() if any(policy["permissions"].values())]
    vault["properties"]["accessPolicies"] = left
    return ok({"id": f"{vault['id']}/accessPolicies/", "type": "Microsoft.KeyVault/vaults/accessPolicies",
               "properties": {"accessPolicies": left}})


def _holder(policy: dict[str, Any]) -> tuple[str, ...]:
    return tuple(str(policy.get(key)).lower() for key in ("tenantId", "objectId", "applicationId"))


def _merged(old: dict[str, Any], new: dict[str, Any], operation: str) -> dict[str, Any]:
    if operation == "replace":
        return new
    merged = {}
    for kind in ("keys", "secrets", "certificates", "storage"):
        have, given = (policy["permissions"].get(kind) or [] for policy in (old, new))
        lower = {name.lower() for name in given}
        merged[kind] = [name for name in have if name.lower() not in lower] + (given if operation == "add" else [])
    return {**old, "permissions": merged}


def _check_policies(policies: list[dict[str, Any]]) -> None:
    """What Azure refuses: another tenant, no object id, permissions that there are not."""
    for policy in policies:
        guids = [str(policy.get(key)) for key in ("tenantId", "objectId")]
        if guids[0] != TENANT or not re.fullmatch(r"[0-9a-fA-F-]{36}", guids[1]):
            raise Refused(arm_error(400, "BadRequest", "An invalid value was provided for 'accessPolicies'."))
        for kind, names in (policy.get("permissions") or {}).items():
            unknown = {name.lower() for name in names or ()} - set(_PERMISSIONS[kind].split())
            if unknown:
                raise Refused(arm_error(400, "BadRequest", f"The value '{sorted(unknown)[0]}' is no permission on "
                                                           f"{kind}."))


_PERMISSIONS = {
    "keys": "all encrypt decrypt wrapkey unwrapkey sign verify get list create update import delete backup restore "
            "recover purge release rotate getrotationpolicy setrotationpolicy",
    "secrets": "all get list set delete backup restore recover purge",
    "certificates": "all get list delete create import update managecontacts getissuers listissuers setissuers "
                    "deleteissuers manageissuers recover purge backup restore",
    "storage": "all get list delete set update regeneratekey recover purge backup restore setsas listsas getsas "
               "deletesas",
}


def _deleted_vault(call: Call) -> Reply:
    deleted = call.scenario.deleted_vault if call.scenario else None
    if deleted is None or deleted["properties"]["location"] != call.parts["location"].lower():
        return arm_error(404, "DeletedVaultNotFound", "The specified deleted vault does not exist.")
    return ok(deleted)


def _registry(call: Call) -> Reply:
    registry = call.found.registry
    if registry is None or call.parts["registry"].lower() != registry["name"]:
        raise _missing("Microsoft.ContainerRegistry/registries", call.parts["registry"], call.parts["group"])
    return ok(registry)


def _container_groups(call: Call) -> Reply:
    """The list leaves the instance views out, as Azure does."""
    return ok({"value": [_without_views(group) for group in call.found.container_groups.values()]})


def _without_views(group: dict[str, Any]) -> dict[str, Any]:
    properties = {key: value for key, value in group["properties"].items() if key != "instanceView"}
    properties["containers"] = [
        {**container, "properties": {key: value for key, value in container["properties"].items()
                                     if key != "instanceView"}}
        for container in properties["containers"]
    ]
    return {**group, "properties": properties}


def _need_container_group(call: Call) -> dict[str, Any]:
    group = call.found.container_groups.get(call.parts["containers"])
    if group is None:
        raise _missing("Microsoft.ContainerInstance/containerGroups", call.parts["containers"], call.parts["group"])
    return group


def _container_group(call: Call) -> Reply:
    return ok(_need_container_group(call))


def _container_logs(call: Call) -> Reply:
    group = _need_container_group(call)
    text = call.found.container_logs.get((group["name"], call.parts["container"]))
    if text is None:
        return arm_error(404, "ContainerNotFound", f"The container '{call.parts['container']}' in the container group "
                                                   f"'{group['name']}' was not found.")
    lines = text.splitlines(keepends=True)
    tail = call.query.get("tail")
    return ok({"content": "".join(lines[-int(tail):] if tail else lines)})


def _deployments(call: Call) -> Reply:
    history = call.found.deployments
    state = re.search(r"provisioningState eq '([^']+)'", call.query.get("$filter", ""), re.IGNORECASE)
    if state:
        history = [each for each in history if each["properties"]["provisioningState"] == state[1]]
    top = call.query.get("$top")
    return ok(page(call, history[:int(top)] if top else history, call.found.page_sizes.get("deployments"),
                   call.simulator.addresses["arm"]))


def _need_deployment(call: Call) -> dict[str, Any]:
    for entry in call.found.deployments:
        if entry["name"].lower() == call.parts["deployment"].lower():
            return entry
    raise Refused(arm_error(404, "DeploymentNotFound", f"Deployment '{call.parts['deployment']}' could not be found."))


def _deployment(call: Call) -> Reply:
    return ok(_need_deployment(call))


def _template(call: Call) -> Reply:
    return ok({"template": call.found.templates[_need_deployment(call)["name"]]})


def _deployment_operations(call: Call) -> Reply:
    return ok({"value": call.found.operations_of[_need_deployment(call)["name"]]})


def _activity(call: Call) -> Reply:
    """The activity log: ``$filter`` must begin within the 90 days that the service keeps."""
    wanted: dict[str, str] = dict(re.findall(r"(\w+) eq '([^']*)'", call.query.get("$filter", "")))
    since = re.search(r"eventTimestamp ge '([^']+)'", call.query.get("$filter", ""))
    until = re.search(r"eventTimestamp le '([^']+)'", call.query.get("$filter", ""))
    if since is None or since[1] < (datetime.now(timezone.utc) - timedelta(days=90)).isoformat():
        return ok({"code": "BadRequest", "message": "The start time cannot be more than 90 days in the past."}, 400)
    resource = (wanted.get("resourceUri") or wanted.get("resourceId") or "").lower()
    events = [
        event for event in (call.scenario.activity if call.scenario else [])
        if event["resourceId"].lower().startswith(resource)
        and since[1] <= event["eventTimestamp"] <= (until[1] if until else "9999")
        and wanted.get("correlationId", event["correlationId"]) == event["correlationId"]
        and wanted.get("resourceProvider", event["resourceProviderName"]["value"]).lower()
        == event["resourceProviderName"]["value"].lower()
    ]
    return ok({"value": sorted(events, key=lambda event: event["eventTimestamp"], reverse=True)})


def _role_assignments(call: Call) -> Reply:
    scope = f"{call.found.names.group_id}/providers/{call.parts['provider']}/{call.parts['type']}/{call.parts['name']}"
    principal = re.search(r"(?:principalId eq|assignedTo\()\s*'([^']+)'", call.query.get("$filter", ""))
    return ok({"value": [
        each for each in call.found.role_assignments
        if scope.lower().startswith(each["properties"]["scope"].lower())
        and (principal is None or each["properties"]["principalId"] == principal[1])
    ]})


_ML = "Microsoft.MachineLearningServices/workspaces"
_ACI = "Microsoft.ContainerInstance/containerGroups"
_RESOURCES = "Microsoft.Resources/deployments"
ROUTES = [
    Route("arm.metadata", "GET", pattern("/metadata/endpoints"), _metadata, "metadata"),
    Route("arm.subscriptions", "GET", pattern("/subscriptions"), _subscriptions, "subscriptions"),
    Route("arm.tenants", "GET", pattern("/tenants"), _tenants, "tenants"),
    Route("arm.subscription", "GET", pattern("/subscriptions/{subscription}"), _one_subscription, "subscriptions"),
    Route("arm.resource_group", "GET", pattern(_GROUP), _resource_group, "resourceGroups",
          "Microsoft.Resources/subscriptions/resourceGroups/read"),
    Route("arm.workspace", "GET", pattern(_WORKSPACE), _workspace, _ML, f"{_ML}/read"),
    Route("arm.workspaces", "GET", pattern(_WORKSPACE.rpartition("/")[0]), _workspaces, _ML, f"{_ML}/read"),
    Route("arm.all_workspaces", "GET", pattern(f"/subscriptions/{{subscription}}/providers/{_ML}"), _all_workspaces,
          _ML, f"{_ML}/read"),
    Route("arm.online_endpoints", "GET", pattern(_WORKSPACE + "/onlineEndpoints"), _online_endpoints,
          f"{_ML}/onlineEndpoints", f"{_ML}/onlineEndpoints/read"),
    Route("arm.online_endpoint", "GET", pattern(_WORKSPACE + "/onlineEndpoints/{endpoint}"), _online_endpoint,
          f"{_ML}/onlineEndpoints", f"{_ML}/onlineEndpoints/read"),
    Route("arm.vault", "GET", pattern(_VAULT), _vault, "Microsoft.KeyVault/vaults", "Microsoft.KeyVault/vaults/read"),
    Route("arm.vault_write", "PUT", pattern(_VAULT), _write_vault, "Microsoft.KeyVault/vaults",
          "Microsoft.KeyVault/vaults/write"),
    Route("arm.vault_policies", "PUT", pattern(_VAULT + "/accessPolicies/{operation}"), _write_policies,
          "Microsoft.KeyVault/vaults", "Microsoft.KeyVault/vaults/accessPolicies/write"),
    Route("arm.deleted_vault", "GET",
          pattern("/subscriptions/{subscription}/providers/Microsoft.KeyVault/locations/{location}/deletedVaults/{vault}"),
          _deleted_vault, "Microsoft.KeyVault/vaults", "Microsoft.KeyVault/locations/deletedVaults/read"),
    Route("arm.registry", "GET", pattern(_REGISTRY), _registry, "Microsoft.ContainerRegistry/registries",
          "Microsoft.ContainerRegistry/registries/read"),
    Route("arm.container_groups", "GET", pattern(_CONTAINER_GROUPS), _container_groups, _ACI, f"{_ACI}/read"),
    Route("arm.container_group", "GET", pattern(_CONTAINER_GROUPS + "/{containers}"), _container_group, _ACI,
          f"{_ACI}/read"),
    Route("arm.container_logs", "GET", pattern(_CONTAINER_GROUPS + "/{containers}/containers/{container}/logs"),
          _container_logs, _ACI, f"{_ACI}/containers/logs/read"),
    Route("arm.deployments", "GET", pattern(_DEPLOYMENTS), _deployments, _RESOURCES, f"{_RESOURCES}/read"),
    Route("arm.deployment", "GET", pattern(_DEPLOYMENTS + "/{deployment}"), _deployment, _RESOURCES,
          f"{_RESOURCES}/read"),
    Route("arm.deployment_template", "POST", pattern(_DEPLOYMENTS + "/{deployment}/exportTemplate"), _template,
          _RESOURCES, f"{_RESOURCES}/exportTemplate/action"),
    Route("arm.deployment_operations", "GET", pattern(_DEPLOYMENTS + "/{deployment}/operations"),
          _deployment_operations, _RESOURCES, f"{_RESOURCES}/operations/read"),
    Route("arm.activity_log", "GET",
          pattern("/subscriptions/{subscription}/providers/Microsoft.Insights/eventtypes/management/values"),
          _activity, "Microsoft.Insights/eventtypes", "Microsoft.Insights/eventtypes/values/read"),
    Route("arm.insights_query", "POST", pattern(_GROUP + "/providers/Microsoft.Insights/components/{component}/query"),
          insights.query, "Microsoft.Insights/components", "Microsoft.Insights/components/query/read"),
    Route("arm.role_assignments", "GET",
          pattern(_GROUP + "/providers/{provider}/{type}/{name}/providers/Microsoft.Authorization/roleAssignments"),
          _role_assignments, "Microsoft.Authorization/roleAssignments",
          "Microsoft.Authorization/roleAssignments/read"),
]
