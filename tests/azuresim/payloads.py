"""Azure's payloads, filled with what a healthy workspace has, for whatever a scenario leaves out.

Shapes: the Model Management Service's public client models (azureml-core 1.61), and the resource providers' public
API definitions at the versions that ``arm`` lists.
"""
from __future__ import annotations

import uuid
from copy import deepcopy
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from .scenario import Names, Scenario

CREATED = "2026-11-02T08:15:30.4183921+00:00"
_CREATOR = {"userObjectId": "00000000-0000-4000-8000-0000000000b1",
            "userTenantId": "00000000-0000-4000-8000-00000000000a", "userName": "Sample User"}


def scenario(cls: type[Scenario], names: Names, document: dict[str, Any]) -> Scenario:
    """The full scenario of a merged document. Build logs become blobs: their payloads name them as
    ``{"blob": NAME, "expired": bool}`` until an address is signed for an answer."""
    blobs: dict[str, str] = {}
    images = [_image(names, image_id, entry, blobs) for image_id, entry in _items(document, "images")]
    operations = {key: _operation(names, key, entry, blobs) for key, entry in _items(document, "operations")}
    models = [_model(names, model_id, entry) for model_id, entry in _items(document, "models")]
    services, logs, scoring = {}, {}, {}
    for name, entry in _items(document, "services"):
        logs[name] = {"main": "", "init": "", **entry.pop("logs", {})}
        if "scoring" in entry:
            scoring[name] = entry.pop("scoring")
        services[name] = _service(names, name, entry, images, models)
        operations.setdefault(services[name]["operationId"],
                              _service_operation(names, services[name]))
    groups, container_logs = _container_groups(names, document, services)
    deployments, templates, operations_of = _deployments(names, document)
    vault = document.get("vault", {})
    registry = document.get("registry", {})
    return cls(
        names=names, workspace=_workspace(names, document.get("workspace", {})),
        vault=None if vault is None else _vault(names, vault),
        deleted_vault=_deleted_vault(names, document.get("deleted_vault")),
        registry=None if registry is None else _registry(names, registry),
        services=services, logs=logs, scoring=scoring, images=images, operations=operations, models=models,
        environments={key: _environment(names, key, entry) for key, entry in _items(document, "environments")},
        container_groups=groups, container_logs=container_logs, deployments=deployments, templates=templates,
        operations_of=operations_of,
        activity=[_activity(names, entry) for entry in document.get("activity", [])],
        role_assignments=[_role_assignment(names, entry) for entry in document.get("role_assignments", [])],
        online_endpoints={key: _online_endpoint(names, key, entry)
                          for key, entry in _items(document, "online_endpoints")},
        insights=document.get("insights", {}),
        blobs=blobs, page_sizes=document.get("page_sizes", {}), sas_seconds=document.get("sas_seconds", 3600),
        faults=document.get("faults", []),
    )


def _items(document: dict[str, Any], key: str) -> list[tuple[str, dict[str, Any]]]:
    """The named things of a scenario; null is a thing that is not there."""
    return [(name, dict(entry)) for name, entry in (document.get(key) or {}).items() if entry is not None]


def _fill(defaults: dict[str, Any], over: dict[str, Any]) -> dict[str, Any]:
    """``over`` merged on ``defaults``: mappings merge, everything else replaces."""
    filled = deepcopy(defaults)
    for key, value in over.items():
        both = isinstance(value, dict) and isinstance(filled.get(key), dict)
        filled[key] = _fill(filled[key], value) if both else value
    return filled


def _guid(*parts: str) -> str:
    return str(uuid.uuid5(uuid.NAMESPACE_X500, "/".join(parts)))


# ---- Azure Resource Manager -----------------------------------------------------------------------------------

def _workspace(names: Names, over: dict[str, Any]) -> dict[str, Any]:
    group = names.group_id
    return _fill({
        "id": names.workspace_arm_id, "name": names.workspace, "location": names.location, "tags": {}, "etag": None,
        "type": "Microsoft.MachineLearningServices/workspaces", "kind": "Default",
        "identity": {"type": "SystemAssigned", "principalId": names.principal_id,
                     "tenantId": "00000000-0000-4000-8000-00000000000a"},
        "sku": {"name": "Basic", "tier": "Basic"},
        "systemData": {"createdAt": CREATED, "createdBy": "sample.user@example.com", "createdByType": "User"},
        "properties": {
            "friendlyName": names.workspace, "description": "", "provisioningState": "Succeeded",
            "creationTime": CREATED, "workspaceId": names.workspace_id,
            "tenantId": "00000000-0000-4000-8000-00000000000a",
            "storageAccount": f"{group}/providers/Microsoft.Storage/storageAccounts/{names.storage}",
            "keyVault": names.vault_id, "containerRegistry": names.registry_id,
            "applicationInsights": f"{group}/providers/Microsoft.Insights/components/ai-{names.workspace}",
            "hbiWorkspace": False, "imageBuildCompute": "", "allowPublicAccessWhenBehindVnet": False,
            "publicNetworkAccess": "Enabled", "privateEndpointConnections": [], "v1LegacyMode": False,
            "systemDatastoresAuthMode": "accesskey",
        },
    }, over)


def _vault(names: Names, over: dict[str, Any]) -> dict[str, Any]:
    policy = {"tenantId": "00000000-0000-4000-8000-00000000000a", "objectId": names.principal_id,
              "permissions": {"keys": ["all"], "secrets": ["all"], "certificates": ["all"], "storage": []}}
    return _fill({
        "id": names.vault_id, "name": names.vault, "type": "Microsoft.KeyVault/vaults", "location": names.location,
        "tags": {},
        "properties": {
            "sku": {"family": "A", "name": "standard"}, "tenantId": "00000000-0000-4000-8000-00000000000a",
            "accessPolicies": [policy], "enabledForDeployment": False, "enableSoftDelete": True,
            "softDeleteRetentionInDays": 90, "enableRbacAuthorization": False,
            "vaultUri": f"https://{names.vault}.vault.azure.net/", "provisioningState": "Succeeded",
            "publicNetworkAccess": "Enabled",
        },
    }, over)


def _deleted_vault(names: Names, over: dict[str, Any] | None) -> dict[str, Any] | None:
    return None if over is None else _fill({
        "id": f"/subscriptions/{names.subscription}/providers/Microsoft.KeyVault/locations/{names.location}/"
              f"deletedVaults/{names.vault}",
        "name": names.vault, "type": "Microsoft.KeyVault/deletedVaults",
        "properties": {
            "vaultId": names.vault_id, "location": names.location, "tags": {},
            "deletionDate": "2026-11-20T10:00:00Z", "scheduledPurgeDate": "2027-02-18T10:00:00Z",
            "purgeProtectionEnabled": True,
        },
    }, over)


def _registry(names: Names, over: dict[str, Any]) -> dict[str, Any]:
    return _fill({
        "id": names.registry_id, "name": names.registry, "type": "Microsoft.ContainerRegistry/registries",
        "location": names.location, "tags": {}, "sku": {"name": "Standard", "tier": "Standard"},
        "properties": {
            "loginServer": names.registry_server, "creationDate": CREATED, "provisioningState": "Succeeded",
            "adminUserEnabled": True, "anonymousPullEnabled": False, "dataEndpointEnabled": False,
            "publicNetworkAccess": "Enabled", "networkRuleBypassOptions": "AzureServices",
            "zoneRedundancy": "Disabled", "privateEndpointConnections": [],
            "policies": {
                "quarantinePolicy": {"status": "disabled"}, "trustPolicy": {"type": "Notary", "status": "disabled"},
                "retentionPolicy": {"days": 7, "status": "disabled"}, "exportPolicy": {"status": "enabled"},
                "azureADAuthenticationAsArmPolicy": {"status": "enabled"},
            },
        },
    }, over)


def _container_groups(names: Names, document: dict[str, Any], services: dict[str, dict[str, Any]]) \
        -> tuple[dict[str, dict[str, Any]], dict[tuple[str, str], str]]:
    """The groups of the scenario, and one in good health for each ACI service that names none (null: no group)."""
    on_aci = [name for name, service in services.items() if service["computeType"] == "ACI"]
    entries: dict[str, Any] = {f"{name}-{names.suffix}": {} for name in on_aci}
    entries.update(document.get("container_groups") or {})
    groups, logs = {}, {}
    for name, entry in entries.items():
        if entry is None:
            continue
        entry = dict(entry)
        for container, text in entry.pop("logs", {}).items():
            logs[name, container] = text
        main = entry.pop("main", {})
        service = name[: -len(names.suffix) - 1]
        payload = services.get(service, {})
        groups[name] = _fill({
            "id": f"{names.group_id}/providers/Microsoft.ContainerInstance/containerGroups/{name}", "name": name,
            "type": "Microsoft.ContainerInstance/containerGroups", "location": names.location, "tags": {},
            "properties": {
                "sku": "Standard", "provisioningState": "Succeeded", "osType": "Linux", "restartPolicy": "Always",
                "ipAddress": {"type": "Public", "ip": "203.0.113.7", "ports": [{"protocol": "TCP", "port": 80}]},
                "instanceView": {"state": "Running", "events": []},
                "containers": [
                    _container(service, payload.get("imageDigest") or f"{names.registry_server}/{service}", main),
                    _container("azureml-fe-aci", "mcr.microsoft.com/azureml/azureml-fe-aci:latest", {}),
                ],
            },
        }, entry)
        for container in ("azureml-fe-aci", service):
            logs.setdefault((name, container), "")
    return groups, logs


def _container(name: str, image: str, instance_view: dict[str, Any]) -> dict[str, Any]:
    return {"name": name, "properties": {
        "image": image, "ports": [{"port": 5001}], "environmentVariables": [],
        "resources": {"requests": {"cpu": 0.1, "memoryInGB": 0.5}},
        "instanceView": _fill({
            "restartCount": 0,
            "currentState": {"state": "Running", "startTime": "2026-11-20T09:14:01Z", "detailStatus": ""},
            "events": [],
        }, instance_view),
    }}


def _deployments(names: Names, document: dict[str, Any]) \
        -> tuple[list[dict[str, Any]], dict[str, dict[str, Any]], dict[str, list[dict[str, Any]]]]:
    """The deployment history of the resource group, newest first, with each template and its operations."""
    history: list[dict[str, Any]] = []
    templates: dict[str, dict[str, Any]] = {}
    operations_of: dict[str, list[dict[str, Any]]] = {}
    for name, entry in _items(document, "deployments"):
        templates[name] = {"$schema": "https://schema.management.azure.com/schemas/2019-04-01/"
                                      "deploymentTemplate.json#", "contentVersion": "1.0.0.0", "parameters": {},
                           "resources": entry.pop("resources", [])}
        correlation = entry.setdefault("correlationId", _guid(names.scenario, name))
        touched = entry.pop("outputs", [names.vault_id])
        history.append({
            "id": f"{names.group_id}/providers/Microsoft.Resources/deployments/{name}", "name": name,
            "type": "Microsoft.Resources/deployments",
            "properties": _fill({
                "provisioningState": "Succeeded", "mode": "Incremental", "timestamp": CREATED, "duration": "PT21.4S",
                "templateHash": "4213778095517731190", "parameters": {}, "dependencies": [],
                "providers": [{"namespace": "Microsoft.KeyVault",
                               "resourceTypes": [{"resourceType": "vaults", "locations": [names.location]}]}],
                "outputResources": [{"id": resource} for resource in touched],
            }, entry),
        })
        operations_of[name] = [_deployment_operation(names, name, resource, history[-1]["properties"]["timestamp"],
                                                     correlation) for resource in touched]
    history.sort(key=lambda entry: entry["properties"]["timestamp"], reverse=True)
    return history, templates, operations_of


def _deployment_operation(names: Names, deployment: str, resource: str, timestamp: str, tracking: str) \
        -> dict[str, Any]:
    operation_id = _guid(deployment, resource)[:16].replace("-", "").upper()
    kind, _, name = resource.partition("/providers/")[2].rpartition("/")
    return {
        "id": f"{names.group_id}/providers/Microsoft.Resources/deployments/{deployment}/operations/{operation_id}",
        "operationId": operation_id,
        "properties": {
            "provisioningOperation": "Create", "provisioningState": "Succeeded", "timestamp": timestamp,
            "duration": "PT3.1S", "trackingId": tracking, "statusCode": "OK",
            "targetResource": {"id": resource, "resourceType": kind, "resourceName": name},
        },
    }


def _activity(names: Names, over: dict[str, Any]) -> dict[str, Any]:
    over = dict(over)
    operation = over.pop("operation", "Microsoft.KeyVault/vaults/write")
    resource = over.get("resourceId", names.vault_id)
    when = over["eventTimestamp"]
    return _fill({
        "id": f"{resource}/events/{_guid(resource, when)}", "eventDataId": _guid(resource, when),
        "eventTimestamp": when, "submissionTimestamp": when, "level": "Informational", "resourceId": resource,
        "resourceGroupName": names.resource_group, "subscriptionId": names.subscription,
        "operationName": {"value": operation, "localizedValue": operation},
        "resourceProviderName": {"value": operation.partition("/")[0], "localizedValue": operation.partition("/")[0]},
        "status": {"value": "Succeeded", "localizedValue": "Succeeded"},
        "subStatus": {"value": "OK", "localizedValue": "OK (HTTP Status Code: 200)"},
        "category": {"value": "Administrative", "localizedValue": "Administrative"},
        "caller": "sample.user@example.com", "correlationId": _guid(names.scenario, when), "claims": {},
        "authorization": {"action": operation, "role": "Subscription Admin", "scope": resource},
        "httpRequest": {"method": "PUT", "clientIpAddress": "203.0.113.20"}, "properties": {"statusCode": "OK"},
    }, over)


def _role_assignment(names: Names, over: dict[str, Any]) -> dict[str, Any]:
    over = dict(over)
    role, scope = over.pop("role"), over.pop("scope", names.vault_id)
    name = _guid(names.scenario, role, scope)
    return {
        "id": f"{scope}/providers/Microsoft.Authorization/roleAssignments/{name}", "name": name,
        "type": "Microsoft.Authorization/roleAssignments",
        "properties": _fill({
            "roleDefinitionId": f"/subscriptions/{names.subscription}/providers/Microsoft.Authorization/"
                                f"roleDefinitions/{role}",
            "principalId": names.principal_id, "principalType": "ServicePrincipal", "scope": scope,
            "createdOn": CREATED, "condition": None,
        }, over),
    }


def _online_endpoint(names: Names, name: str, over: dict[str, Any]) -> dict[str, Any]:
    return _fill({
        "id": f"{names.workspace_arm_id}/onlineEndpoints/{name}", "name": name, "location": names.location,
        "type": "Microsoft.MachineLearningServices/workspaces/onlineEndpoints", "kind": "Managed", "tags": {},
        "identity": {"type": "SystemAssigned", "principalId": _guid(names.scenario, name),
                     "tenantId": "00000000-0000-4000-8000-00000000000a"},
        "properties": {
            "authMode": "Key", "description": "", "properties": {}, "provisioningState": "Succeeded",
            "publicNetworkAccess": "Enabled", "traffic": {"blue": 100}, "mirrorTraffic": {},
            "scoringUri": f"https://{name}.{names.location}.inference.ml.azure.com/score",
            "swaggerUri": f"https://{name}.{names.location}.inference.ml.azure.com/swagger.json",
        },
    }, over)


# ---- Model Management Service ---------------------------------------------------------------------------------

def _image(names: Names, image_id: str, over: dict[str, Any], blobs: dict[str, str]) -> dict[str, Any]:
    name, _, version = image_id.partition(":")
    over = dict(over)
    build_log = over.pop("build_log", "")
    expired = over.pop("build_log_expired", False)
    folder = f"ImageLogs/{_guid(names.scenario, image_id)}"
    filled = _fill({
        "id": image_id, "name": name, "version": int(version or 1), "description": "", "kvTags": {}, "properties": {},
        "createdTime": CREATED, "modifiedTime": CREATED, "autoDelete": False, "imageType": "Docker",
        "imageFlavor": "WebApiContainer", "creationState": "Succeeded", "error": None, "modelIds": ["mymodel:1"],
        "modelDetails": [], "digest": "", "imageLocation": f"{names.registry_server}/{name}:{version or 1}",
        "driverProgram": "score.py", "dockerFileUri": None, "operationId": _guid(names.scenario, "image", image_id),
        "assets": [{"id": "driver", "mimeType": "application/x-python", "url": "aml://storage/score.py",
                    "unpack": False}],
        "targetRuntime": {"runtimeType": "Python", "targetArchitecture": "Amd64",
                          "properties": {"condaEnvFile": "aml://storage/conda.yml", "pipRequirements": ""}},
    }, over)
    if filled["creationState"] == "Succeeded" and not filled["digest"]:
        filled["digest"] = "sha256:" + _guid(names.scenario, image_id).replace("-", "") * 2
    if build_log is not None:
        blobs[f"{folder}/build.log"] = build_log
        filled.setdefault("imageBuildLogUri", {"blob": f"{folder}/build.log", "expired": expired})
    return filled


def _operation(names: Names, operation_id: str, over: dict[str, Any], blobs: dict[str, str]) -> dict[str, Any]:
    over = dict(over)
    log = over.pop("log", None)
    filled = _fill({
        "id": operation_id, "operationType": "Service", "state": "Succeeded", "createdTime": CREATED,
        "endTime": CREATED, "error": None, "resourceLocation": None, "parentRequestId": _guid(operation_id),
    }, over)
    if log is not None:
        blob = f"ImageLogs/{_guid(names.scenario, operation_id)}/build.log"
        blobs[blob] = log
        filled["operationLog"] = {"blob": blob, "expired": over.get("log_expired", False)}
    filled.pop("log_expired", None)
    return filled


def _service_operation(names: Names, service: dict[str, Any]) -> dict[str, Any]:
    """The operation that deployed a service of which the scenario says nothing more."""
    failed = service["state"] not in ("Healthy", "Transitioning")
    state = "Failed" if failed else "Running" if service["state"] == "Transitioning" else "Succeeded"
    return {
        "id": service["operationId"], "operationType": "Service", "state": state, "createdTime": CREATED,
        "endTime": None if state == "Running" else CREATED, "error": service.get("error") if failed else None,
        "resourceLocation": f"/api{names.workspace_arm_id}/services/{service['name']}",
        "parentRequestId": _guid(service["operationId"]),
        "operationDetails": {"subOperationType": "DeployService", "subOperationState": state},
    }


def _model(names: Names, model_id: str, over: dict[str, Any]) -> dict[str, Any]:
    name, _, version = model_id.partition(":")
    return _fill({
        "id": model_id, "name": name, "version": int(version or 1), "description": "", "kvTags": {}, "tags": [],
        "properties": {}, "createdTime": CREATED, "modifiedTime": CREATED, "createdBy": _CREATOR,
        "framework": "Custom", "frameworkVersion": None, "mimeType": "application/json", "unpack": False,
        "url": f"aml://asset/{_guid(names.scenario, model_id).replace('-', '')}", "experimentName": None,
        "runId": None, "datasets": [], "resourceRequirements": None, "parentModelId": None, "derivedModelIds": None,
        "sampleInputData": None, "sampleOutputData": None,
    }, over)


def _service(names: Names, name: str, over: dict[str, Any], images: list[dict[str, Any]],
             models: list[dict[str, Any]]) -> dict[str, Any]:
    compute = over.get("computeType", "ACI")
    defaults = _fill(_service_common(names, name), _aci(names, name) if compute == "ACI" else _aks(name))
    filled = _fill({**defaults, "computeType": compute}, over)
    by_id = {model["id"]: model for model in models}
    image = next((image for image in images if image["id"] == filled.get("imageId")), None)
    request = filled.get("environmentImageRequest")
    if request is not None:
        wanted = request.get("modelIds", [])
        given = request["environment"]
        key = f"{given['name']}:{given['version']}"
        request["environment"] = _fill(_environment(names, key, {})["definition"], given)
    else:
        wanted = (image or {}).get("modelIds", [])
    if image is not None:
        filled["imageDetails"] = image
        filled.setdefault("imageDigest", image["digest"])
    filled.setdefault("models", [by_id[model_id] for model_id in wanted if model_id in by_id])
    return filled


def _service_common(names: Names, name: str) -> dict[str, Any]:
    return {
        "id": name, "name": name, "description": "", "kvTags": {}, "properties": {"hasInferenceSchema": "False"},
        "operationId": _guid(names.scenario, "service", name), "state": "Healthy", "createdTime": CREATED,
        "updatedTime": CREATED, "error": None, "deploymentType": "HttpRealtimeEndpoint", "createdBy": _CREATOR,
        "modelConfigMap": {"models": {}, "modelsMap": {}},
    }


def _aci(names: Names, name: str) -> dict[str, Any]:
    host = f"{_guid(names.scenario, name)}.{names.location}.azurecontainer.io"
    return {
        "containerResourceRequirements": {"cpu": 0.1, "cpuLimit": None, "memoryInGB": 0.5, "memoryInGBLimit": None,
                                          "gpu": None},
        "location": names.location, "authEnabled": False, "sslEnabled": False, "appInsightsEnabled": False,
        "dataCollection": None, "sslCertificate": None, "sslKey": None, "cname": None, "publicIp": "203.0.113.7",
        "publicFqdn": host, "scoringUri": f"http://{host}/score", "swaggerUri": f"http://{host}/swagger.json",
        "vnetConfiguration": None, "encryptionProperties": None,
    }


def _aks(name: str) -> dict[str, Any]:
    address = f"http://203.0.113.9:80/api/v1/service/{name}"
    return {
        "isDefault": None, "trafficPercentile": None, "type": None, "computeName": "aks-cluster",
        "namespace": "azureml-sample", "numReplicas": None, "maxConcurrentRequestsPerContainer": 1,
        "maxQueueWaitMs": 500, "scoringTimeoutMs": 60000, "authEnabled": True, "aadAuthEnabled": False,
        "appInsightsEnabled": False, "dataCollection": {"eventHubEnabled": False, "storageEnabled": False},
        "containerResourceRequirements": {"cpu": 0.1, "cpuLimit": None, "memoryInGB": 0.5, "memoryInGBLimit": None,
                                          "gpu": 0},
        "autoScaler": {"autoscaleEnabled": True, "minReplicas": 1, "maxReplicas": 10, "targetUtilization": 70,
                       "refreshPeriodInSeconds": 1},
        "livenessProbeRequirements": {"periodSeconds": 10, "initialDelaySeconds": 310, "timeoutSeconds": 2,
                                      "successThreshold": 1, "failureThreshold": 3},
        "deploymentStatus": {"desiredReplicas": 1, "updatedReplicas": 1, "availableReplicas": 1, "error": None},
        "scoringUri": f"{address}/score", "swaggerUri": f"{address}/swagger.json",
    }


def _environment(names: Names, key: str, over: dict[str, Any]) -> dict[str, Any]:
    """An environment version (``definition``) and the details of its image (``image``)."""
    name, _, version = key.partition(":")
    return _fill({
        "definition": {
            "name": name, "version": version or "1", "environmentVariables": {"EXAMPLE_ENV_VAR": "EXAMPLE_VALUE"},
            "python": {"userManagedDependencies": False, "interpreterPath": "python", "condaDependenciesFile": None,
                       "baseCondaEnvironment": None,
                       "condaDependencies": {"channels": ["conda-forge"], "dependencies": [
                           "python=3.8.13", {"pip": ["azureml-defaults"]}]}},
            "docker": {"baseImage": "mcr.microsoft.com/azureml/openmpi4.1.0-ubuntu20.04", "baseDockerfile": None,
                       "baseImageRegistry": {"address": None, "username": None, "password": None}, "enabled": False,
                       "platform": {"os": "Linux", "architecture": "amd64"}, "arguments": []},
            "spark": {"repositories": [], "packages": [], "precachePackages": True}, "r": None,
            "inferencingStackVersion": None,
        },
        "image": {
            "imageExistsInRegistry": True,
            "dockerImage": {"name": f"azureml/azureml_{_guid(names.scenario, key).replace('-', '')}",
                            "registry": {"address": names.registry_server, "username": names.registry,
                                         "password": "obviously-not-a-real-password"}},
            "pythonEnvironment": {"interpreterPath": "/azureml-envs/azureml_env/bin/python",
                                  "condaEnvironmentPath": "/azureml-envs/azureml_env"},
            "ingredients": {"dockerfile": "FROM mcr.microsoft.com/azureml/openmpi4.1.0-ubuntu20.04"},
        },
    }, over)
