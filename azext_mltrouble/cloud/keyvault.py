"""The workspace's key vault, and what happened to its access policies."""
from __future__ import annotations

from datetime import datetime, timedelta, timezone
from typing import Any

from azure.cli.core.azclierror import AzCLIError

from azext_mltrouble.cloud import arm, monitor
from azext_mltrouble.cloud.session import Session, segment

_VERSION = "2023-07-01"
_DEPLOYMENTS_VERSION = "2025-04-01"
#: Azure keeps 90 days of activity; a minute less, so that the clocks need not agree.
_HISTORY = timedelta(days=90) - timedelta(minutes=1)
#: Templates are read for so many deployments, the newest first.
_MOST_TEMPLATES = 3


def vault(session: Session, vault_id: str) -> dict[str, Any]:
    """The vault with its access policies; asked once per session."""
    what = f"the key vault '{vault_id.rpartition('/')[2]}'"
    address = arm.address_of(session, vault_id)
    return dict(session.once(("vault", vault_id), lambda: session.get(address, what, {"api-version": _VERSION})))


def deployments(session: Session, vault_id: str) -> list[dict[str, Any]]:
    """The template deployments that wrote the vault, newest first; asked once per session.

    Each entry as Azure lists it; to the newest few, ``vaultResources`` adds what their template says of vaults, where
    the user may read it (action Microsoft.Resources/deployments/exportTemplate/action).
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
    for entry in found[:_MOST_TEMPLATES]:
        export = f"{address}/{segment(str(entry.get('name')))}/exportTemplate"
        try:
            template = session.post(export, f"the template of the deployment '{entry.get('name')}'", query)
        except AzCLIError:
            continue  # a Reader may list deployments but not export them; the history proves enough without
        entry["vaultResources"] = _vault_resources(template.get("template"))
    return found


def activity(session: Session, vault_id: str) -> list[dict[str, Any]]:
    """The last 90 days of the vault's activity log; asked once per session."""
    since = datetime.now(timezone.utc) - _HISTORY
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
