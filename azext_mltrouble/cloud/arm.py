"""Resource Manager: the workspace, its container groups, and any other resource by its id."""
from __future__ import annotations

from typing import Any
from urllib.parse import quote

from azext_mltrouble.cloud.session import Session, WorkspaceScope, segment

#: What azureml-core asks the workspace with.
_WORKSPACE_VERSION = "2022-05-01"
#: What azure-ai-ml asks online endpoints with.
_ENDPOINT_VERSION = "2022-02-01-preview"
_CONTAINER_VERSION = "2023-05-01"


def workspace(session: Session, scope: WorkspaceScope) -> dict[str, Any]:
    """The workspace; asked once per session."""
    return dict(session.once(("workspace", scope), lambda: _workspace(session, scope)))


def _workspace(session: Session, scope: WorkspaceScope) -> dict[str, Any]:
    what = f"the workspace '{scope.workspace}' in the resource group '{scope.resource_group}'"
    return session.get(session.arm + scope.path, what, {"api-version": _WORKSPACE_VERSION})


def online_endpoint(session: Session, scope: WorkspaceScope, name: str) -> dict[str, Any]:
    """A v2 online endpoint."""
    address = f"{session.arm}{scope.path}/onlineEndpoints/{segment(name)}"
    return session.get(address, f"the online endpoint '{name}'", {"api-version": _ENDPOINT_VERSION})


def online_endpoints(session: Session, scope: WorkspaceScope) -> list[dict[str, Any]]:
    """All v2 online endpoints of the workspace."""
    what = f"the online endpoints of '{scope.workspace}'"
    return session.get_all(f"{session.arm}{scope.path}/onlineEndpoints", what, {"api-version": _ENDPOINT_VERSION})


def container_groups(session: Session, scope: WorkspaceScope) -> list[dict[str, Any]]:
    """The container groups of the workspace's resource group, without their instance views; asked once per session."""
    address = f"{session.arm}{scope.group_path}/providers/Microsoft.ContainerInstance/containerGroups"
    query = {"api-version": _CONTAINER_VERSION}
    return list(
        session.once(
            ("containerGroups", scope),
            lambda: session.get_all(address, f"the container groups of '{scope.resource_group}'", query),
        )
    )


def container_group(session: Session, group_id: str) -> dict[str, Any]:
    """A container group with the instance views and events of its containers."""
    what = f"the container group '{group_id.rpartition('/')[2]}'"
    return session.get(address_of(session, group_id), what, {"api-version": _CONTAINER_VERSION})


def container_log(session: Session, group_id: str, container: str, tail: int) -> str:
    """The last ``tail`` lines that a container of a group wrote."""
    address = f"{address_of(session, group_id)}/containers/{segment(container)}/logs"
    query = {"api-version": _CONTAINER_VERSION, "tail": str(tail)}
    return str(session.get(address, f"the log of the container '{container}'", query).get("content") or "")


def address_of(session: Session, resource_id: str) -> str:
    """The address of a resource id; what came from Azure may hold anything."""
    return session.arm + "/" + quote(resource_id.strip("/"), safe="/()")
