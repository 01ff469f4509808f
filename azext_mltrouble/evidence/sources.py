"""The sources of evidence, and what it takes to read each of them."""
from __future__ import annotations

from dataclasses import dataclass

_AML = "Microsoft.MachineLearningServices/workspaces"


@dataclass(frozen=True)
class Source:
    """One source: ``role`` on ``scope`` includes ``action``, the right to read it."""

    id: str
    stage: str
    title: str
    action: str
    role: str = "Reader"
    scope: str = "the workspace"
    if_missing: str = ""


WORKSPACE = Source("workspace", "access", "Workspace", f"{_AML}/read")
DISCOVERY = Source("discovery", "access", "Addresses of the workspace's services", f"{_AML}/read")
SERVICE = Source(
    "service", "deploy", "Web service", f"{_AML}/services/read",
    if_missing="Deploy the image; the diagnosis of the service then tells how that went.",
)  # fmt: skip
SERVICE_KEYS = Source(
    "service-keys", "scoring", "Key or token of the service", f"{_AML}/services/{{aks,aci}}/listkeys/action",
    role="AzureML Data Scientist",
)  # fmt: skip
OPERATION = Source(
    "operation", "deploy", "Last operation on the service", f"{_AML}/services/read",
    if_missing="Azure forgets operations after a while; a new deployment leaves a new one.",
)  # fmt: skip
IMAGE = Source(
    "image", "image", "Image", f"{_AML}/images/read",
    if_missing="The image was deleted, or never built: build it again, then deploy it.",
)  # fmt: skip
IMAGE_VERSIONS = Source("image-versions", "image", "Versions of the image", f"{_AML}/images/read")
BUILD_LOG = Source(
    "image-build-log", "image", "Image build log", "the address that Azure ML signs",
    if_missing="The log was deleted from the workspace's storage account; building the image again writes a new one.",
)  # fmt: skip
MODELS = Source(
    "models", "register", "Registered models", f"{_AML}/models/read",
    if_missing="Register the model again, or deploy a version that is still registered.",
)  # fmt: skip
_NO_CONTAINER = "The service has no such container at the moment; look again in a few minutes, or deploy it again."
CONTAINER_LOG = Source(
    "container-log", "launch", "Container log", f"{_AML}/services/read", if_missing=_NO_CONTAINER
)  # fmt: skip
INIT_CONTAINER_LOG = Source(
    "init-container-log", "launch", "Init container log", f"{_AML}/services/read", if_missing=_NO_CONTAINER
)  # fmt: skip
CONTAINER_GROUP = Source(
    "container-group", "launch", "Container group", "Microsoft.ContainerInstance/containerGroups/read",
    scope="the workspace's resource group",
    if_missing="The container group was deleted: deploy the service again.",
)  # fmt: skip
FRONT_END_LOG = Source(
    "front-end-log", "launch", "Front-end log", "Microsoft.ContainerInstance/containerGroups/containers/logs/read",
    scope="the workspace's resource group", if_missing=_NO_CONTAINER,
)  # fmt: skip
ONLINE_ENDPOINT = Source(
    "online-endpoint", "deploy", "Online endpoint (v2) of the same name", f"{_AML}/onlineEndpoints/read"
)  # fmt: skip
KEY_VAULT = Source(
    "key-vault", "access", "Key Vault", "Microsoft.KeyVault/vaults/read", scope="the workspace's key vault",
    if_missing="Recover the vault if it was deleted: az keyvault list-deleted, then az keyvault recover.",
)  # fmt: skip
KEY_VAULT_ROLES = Source(
    "key-vault-roles", "access", "Roles on the Key Vault", "Microsoft.Authorization/roleAssignments/read",
    scope="the workspace's key vault",
)  # fmt: skip
KEY_VAULT_POLICIES = Source(
    "key-vault-policies", "access", "Access policies of the Key Vault",
    "Microsoft.KeyVault/vaults/accessPolicies/write",
    role="Key Vault Contributor", scope="the workspace's key vault",
)  # fmt: skip
KEY_VAULT_HISTORY = Source(
    "key-vault-history", "access", "What changed the Key Vault", "Microsoft.Resources/deployments/read",
    scope="the vault's resource group", if_missing="The vault's resource group was deleted.",
)  # fmt: skip
REGISTRY = Source(
    "registry", "access", "Container registry", "Microsoft.ContainerRegistry/registries/read",
    scope="the workspace's container registry",
    if_missing="The workspace refers to a registry that does not exist: attach another one to it.",
)  # fmt: skip
