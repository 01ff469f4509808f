"""What follows from several facts together, computed once so that the knowledge can ask for it in one expression.

Shapes of payloads: the Model Management Service's responses as azureml-core 1.61 declares them, ARM's
``Microsoft.KeyVault/vaults`` 2023-07-01 and ``Microsoft.ContainerInstance/containerGroups`` 2023-05-01.
"""
from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any

from azext_mltrouble.diagnosis.demand import demand
from azext_mltrouble.diagnosis.matches import LogReading
from azext_mltrouble.diagnosis.startup import startup
from azext_mltrouble.diagnosis.vault_access import (
    identity_of,
    lacking_permissions,
    policy_missing,
    role_missing,
    role_names,
)
from azext_mltrouble.diagnosis.vault_history import was_rewritten
from azext_mltrouble.evidence.model import Evidence

_IMAGE_IN_MESSAGE = re.compile(r"\brun image (\S{1,300}\.azurecr\.\w{1,10}/\S{1,300})")


def derived(facts: dict[str, Any], readings: Sequence[LogReading] = ()) -> dict[str, Any]:
    """Facts about facts and logs, under the name ``state`` in the knowledge's conditions.

    ``containers``: of every container of the group its name, restarts, last exit code and reason; ``errors``: every
    error object of service, operation and image, flat; ``identity``: the workspace identity's object id;
    ``vaultPolicyMissing``: the vault works by access policies and has none for that identity; ``vaultLacking``: what
    the policy does not grant; ``vaultRoleMissing``: the vault works by roles and the identity has none that helps;
    ``vaultRoles``: those it has, in words; ``vaultRewritten``: a template deployment has written the vault again;
    ``replicas``: wanted, available, and the autoscaler's limits; ``startup``, ``demand``: see the modules so called.
    """
    service = _dict(facts.get("service"))
    errors = [one for name in ("service", "operation", "image") for one in _errors(name, _dict(facts.get(name)))]
    return {
        "containers": _containers(_dict(facts.get("containerGroup"))),
        "errors": errors,
        **_vault(facts),
        "replicas": _replicas(service),
        "startup": startup(facts, readings),
        "demand": demand(service, [str(error["message"]) for error in errors]),
    }


def slots_of(evidence: Evidence) -> dict[str, str]:
    """The values that every template may use, as far as the evidence names them."""
    target, facts = evidence.target, evidence.facts
    named = target.kind in ("service", "endpoint")
    values = {
        "service": target.name if named else None,
        "workspace": target.workspace,
        "resource_group": target.resource_group,
        "image": _dict(facts.get("image")).get("imageLocation") or _image_in_errors(facts),
        "registry": _dict(facts.get("registry")).get("name"),
        "vault": _dict(facts.get("vault")).get("name"),
        "identity": identity_of(facts.get("workspace")),
    }
    return {name: value for name, value in values.items() if isinstance(value, str) and value}


def _containers(group: dict[str, Any]) -> list[dict[str, Any]]:
    properties = _dict(group.get("properties")) or group
    found = []
    for container in _list(properties.get("containers")) + _list(properties.get("initContainers")):
        settings = _dict(container.get("properties")) or container
        view = _dict(settings.get("instanceView"))
        current, previous = _dict(view.get("currentState")), _dict(view.get("previousState"))
        ended = previous if previous.get("exitCode") is not None else current
        found.append(
            {
                "name": container.get("name"),
                "restarts": view.get("restartCount") or 0,
                "state": current.get("state"),
                "detail": current.get("detailStatus") or "",
                "exitCode": ended.get("exitCode"),
                "endDetail": ended.get("detailStatus") or "",
                "events": [_dict(event) for event in _list(view.get("events"))],
            }
        )
    return found


def _errors(source: str, holder: dict[str, Any]) -> list[dict[str, Any]]:
    """The error object and its details, outermost first."""
    error = _dict(holder.get("error"))
    error = _dict(error.get("error")) or error
    if not error:
        return []
    own = {
        "source": source,
        "code": error.get("code") or "",
        "statusCode": error.get("statusCode"),
        "message": error.get("message") or "",
    }
    details = [
        {"source": source, "code": one.get("code") or "", "statusCode": None, "message": one.get("message") or ""}
        for one in map(_dict, _list(error.get("details")))
    ]
    return [own, *details]


def _vault(facts: dict[str, Any]) -> dict[str, Any]:
    vault, roles = facts.get("vault"), facts.get("vaultRoles")
    identity = identity_of(facts.get("workspace"))
    return {
        "identity": identity,
        "vaultPolicyMissing": policy_missing(vault, identity),
        "vaultLacking": lacking_permissions(vault, identity),
        "vaultRoleMissing": role_missing(vault, roles),
        "vaultRoles": ", ".join(role_names(roles) or ["none"]),
        "vaultRewritten": was_rewritten(facts.get("vaultHistory")),
    }


def _replicas(service: dict[str, Any]) -> dict[str, Any] | None:
    status, scaler = _dict(service.get("deploymentStatus")), _dict(service.get("autoScaler"))
    if not status:
        return None
    available, limit = status.get("availableReplicas"), scaler.get("maxReplicas")
    return {
        "desired": status.get("desiredReplicas"),
        "available": available,
        "minimum": scaler.get("minReplicas"),
        "limit": limit,
        "atLimit": bool(scaler.get("autoscaleEnabled")) and isinstance(available, int) and available == limit,
    }


def _image_in_errors(facts: dict[str, Any]) -> str | None:
    """The image that a crash message names, for services whose payload has none."""
    for name in ("service", "operation"):
        for error in _errors(name, _dict(facts.get(name))):
            found = _IMAGE_IN_MESSAGE.search(error["message"])
            if found:
                return found[1]
    return None


def _dict(value: Any) -> dict[str, Any]:
    return value if isinstance(value, dict) else {}


def _list(value: Any) -> list[Any]:
    return value if isinstance(value, list) else []
