"""The workspace's key vault, and what happened to its access policies."""
from __future__ import annotations

from datetime import datetime, timedelta, timezone
from typing import Any

from azure.cli.core.azclierror import AzCLIError

from azext_mltrouble.cloud import arm, monitor
from azext_mltrouble.cloud.session import Session, segment

_VERSION = "2023-07-01"
_ROLES_VERSION = "2022-04-01"
_DEPLOYMENTS_VERSION = "2025-04-01"
#: Azure keeps 90 days of activity; a minute less, so that the clocks need not agree.
_HISTORY = timedelta(days=90) - timedelta(minutes=1)
#: Templates are read for so many deployments, the newest first.
_MOST_TEMPLATES = 3


def vault(session: Session, vault_id: str) -> dict[str, Any]:
    """The vault with its access policies; asked once per session."""
    return dict(session.once(("vault", vault_id), lambda: vault_now(session, vault_id)))


def vault_now(session: Session, vault_id: str) -> dict[str, Any]:
    """The vault as it is at this moment."""
    what = f"the key vault '{vault_id.rpartition('/')[2]}'"
    return session.get(arm.address_of(session, vault_id), what, {"api-version": _VERSION})


def deleted_vault(session: Session, vault_id: str, location: str) -> dict[str, Any]:
    """The vault that was deleted and can still be recovered; ResourceNotFoundError when there is none."""
    _, subscription_id, *_, name = vault_id.strip("/").split("/")
    address = (
        f"{session.arm}/subscriptions/{segment(subscription_id)}/providers/Microsoft.KeyVault"
        f"/locations/{segment(location)}/deletedVaults/{segment(name)}"
    )
    return session.get(address, f"the deleted key vault '{name}'", {"api-version": _VERSION})


def role_assignments(session: Session, vault_id: str, principal_id: str) -> list[dict[str, Any]]:
    """The role assignments of an identity that hold for the vault, those inherited from above it too.

    Roles that it has as the member of a group are not among them.
    """
    address = f"{arm.address_of(session, vault_id)}/providers/Microsoft.Authorization/roleAssignments"
    query = {"api-version": _ROLES_VERSION, "$filter": f"principalId eq '{principal_id}'"}
    listed = session.get_all(address, f"the roles on the key vault '{vault_id.rpartition('/')[2]}'", query)
    below = f"{vault_id}/".lower()  # those on single secrets and keys are listed, too
    return [one for one in listed if not str(_properties(one).get("scope")).lower().startswith(below)]


def add_access_policy(session: Session, vault_id: str, policy: dict[str, Any]) -> None:
    """Adds a policy; what identities, this one too, may do already stays."""
    name = vault_id.rpartition("/")[2]
    address = f"{arm.address_of(session, vault_id)}/accessPolicies/add"
    payload = {"properties": {"accessPolicies": [policy]}}
    session.put(address, f"the access policies of the key vault '{name}'", {"api-version": _VERSION}, payload)


def deployments(session: Session, vault_id: str) -> list[dict[str, Any]]:
    """The template deployments that wrote the vault, newest first; asked once per session.

    Each entry as Azure lists it; to the newest few, ``vaultResources`` adds what their template says of vaults, where
    the user may read it (action Microsoft.Resources/deployments/exportTemplate/action); else ``templateUnread`` says
    why it was not read.
    """
    return list(session.once(("vaultDeployments", vault_id), lambda: _deployments(session, vault_id)))


def _deployments(session: Session, vault_id: str) -> list[dict[str, Any]]:
    _, subscription_id, _, group, *_ = vault_id.strip("/").split("/")
    address = (
        f"{session.arm}/subscriptions/{segment(subscription_id)}/resourcegroups/{segment(group)}"
        "/providers/Microsoft.Resources/deployments"
    )
    query = {"api-version": _DEPLOYMENTS_VERSION}
    listed = session.get_all(address, f"the deployment history of '{group}'", query)
    found = sorted((one for one in listed if _wrote(one, vault_id)), key=_timestamp, reverse=True)
    for entry in found[_MOST_TEMPLATES:]:
        entry["templateUnread"] = f"only the newest {_MOST_TEMPLATES} are"
    for entry in found[:_MOST_TEMPLATES]:
        export = f"{address}/{segment(str(entry.get('name')))}/exportTemplate"
        try:
            template = session.post(export, f"the template of the deployment '{entry.get('name')}'", query)
        except AzCLIError as error:  # a Reader may list deployments but not export them
            entry["templateUnread"] = str(error)
            continue
        entry["vaultResources"] = _vault_resources(template.get("template"))
    return found


def activity_begins() -> datetime:
    """The earliest time that the activity log can be asked for (UTC)."""
    return datetime.now(timezone.utc) - _HISTORY


def activity(session: Session, vault_id: str, since: datetime) -> list[dict[str, Any]]:
    """The vault's activity log since a time; asked once per session."""
    return list(
        session.once(
            ("vaultActivity", vault_id),
            lambda: monitor.activity(session, session.subscription_id, vault_id, since),
        )
    )


def _properties(entry: dict[str, Any]) -> dict[str, Any]:
    properties = entry.get("properties")
    return properties if isinstance(properties, dict) else {}


def _timestamp(entry: dict[str, Any]) -> str:
    return str(_properties(entry).get("timestamp") or "")


def _wrote(entry: dict[str, Any], vault_id: str) -> bool:
    outputs = _properties(entry).get("outputResources") or []
    return any(str(one.get("id")).lower() == vault_id.lower() for one in outputs if isinstance(one, dict))


def _vault_resources(template: Any) -> list[dict[str, Any]]:
    """The vaults that a template writes, those in nested templates too."""
    if not isinstance(template, dict):
        return []
    resources = template.get("resources") or []
    found: list[dict[str, Any]] = []
    for resource in resources.values() if isinstance(resources, dict) else resources:
        if not isinstance(resource, dict):
            continue
        if str(resource.get("type")).lower() == "microsoft.keyvault/vaults":
            found.append(resource)
        found.extend(_vault_resources(_properties(resource).get("template")))
    return found
