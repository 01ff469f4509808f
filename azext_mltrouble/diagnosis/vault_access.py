"""Whether the workspace's identity may use its key vault, and which policy it needs.

What it needs: all permissions on keys, secrets and certificates besides purging (learn.microsoft.com, "Set up service
authentication", key vault access policies), or in a vault that works by roles the role Key Vault Administrator.
Shapes: ``Microsoft.KeyVault/vaults`` 2023-07-01, ``Microsoft.Authorization/roleAssignments`` 2022-04-01.
"""
from __future__ import annotations

from typing import Any

#: What a policy for the workspace grants, by kind: everything besides purge.
PERMISSIONS: dict[str, tuple[str, ...]] = {
    "secrets": ("get", "list", "set", "delete", "backup", "restore", "recover"),
    "keys": (
        "get", "list", "create", "update", "import", "delete", "backup", "restore", "recover", "encrypt", "decrypt",
        "wrapKey", "unwrapKey", "sign", "verify", "release", "rotate", "getrotationpolicy", "setrotationpolicy",
    ),
    "certificates": (
        "get", "list", "create", "update", "import", "delete", "backup", "restore", "recover", "managecontacts",
        "manageissuers", "getissuers", "listissuers", "setissuers", "deleteissuers",
    ),
}  # fmt: skip
#: Permissions that came later than most policies were made; a policy without them is not called incomplete.
_LATE = frozenset(("release", "rotate", "getrotationpolicy", "setrotationpolicy"))

#: Built-in roles on a vault's data, by the id of their definition.
_ADMINISTRATOR = "00482a5a-887f-4fb3-b363-3b7fe8e74483"
_SECRETS_OFFICER = "b86a8fe4-44ce-4948-aee5-eccb2c155cd7"
_ROLE_NAMES = {
    _ADMINISTRATOR: "Key Vault Administrator",
    _SECRETS_OFFICER: "Key Vault Secrets Officer",
    "4633458b-17de-408a-b874-0445c86b69e6": "Key Vault Secrets User",
    "b24988ac-6180-42a0-ab88-20f7382dd24c": "Contributor",
    "8e3af657-a8ff-443c-a75c-2fe8c4bcb635": "Owner",
    "acdd72a7-3385-48ef-bd42-f606fba81ae7": "Reader",
    "21090545-7ca7-4776-b22c-e363652d74d2": "Key Vault Reader",
    "f25e0fa2-a7c8-4377-a976-54943a77a395": "Key Vault Contributor",
}


def identity_of(workspace: Any) -> str | None:
    """The object id of the identity that a workspace acts as: the primary user-assigned one, or its own."""
    workspace = _dict(workspace)
    identity = _dict(workspace.get("identity"))
    properties = _dict(workspace.get("properties")) or workspace
    primary = str(properties.get("primaryUserAssignedIdentity") or "").lower()
    for identifier, one in _dict(identity.get("userAssignedIdentities")).items():
        if identifier.lower() == primary:
            principal = _dict(one).get("principalId")
            return principal if isinstance(principal, str) else None
    principal = identity.get("principalId")
    return principal if isinstance(principal, str) else None


def works_by_roles(vault: Any) -> bool:
    """Whether role assignments decide on the vault's data; access policies then have no effect."""
    return bool(_dict(_dict(vault).get("properties")).get("enableRbacAuthorization"))


def policies_of(vault: Any) -> list[dict[str, Any]]:
    """The access policies of a vault."""
    listed = _dict(_dict(vault).get("properties")).get("accessPolicies")
    return [one for one in listed if isinstance(one, dict)] if isinstance(listed, list) else []


def policy_missing(vault: Any, identity: str | None) -> bool:
    """Whether the vault works by access policies and has none for the identity; false where that is not known."""
    properties = _dict(_dict(vault).get("properties"))
    if not properties or not identity or works_by_roles(vault):
        return False
    return not any(_is_of(policy, identity) for policy in policies_of(vault))


def lacking_permissions(vault: Any, identity: str | None) -> list[str]:
    """What the identity's policy should grant and does not, as ``secrets/set``; nothing where there is no policy."""
    if not identity or works_by_roles(vault):
        return []
    own = [policy for policy in policies_of(vault) if _is_of(policy, identity)]
    if not own:
        return []
    lacking = []
    for kind, needed in PERMISSIONS.items():
        granted = {str(one).lower() for policy in own for one in _dict(policy.get("permissions")).get(kind) or ()}
        if "all" not in granted:
            lacking += [f"{kind}/{one}" for one in needed if one.lower() not in granted and one not in _LATE]
    return lacking


def role_names(assignments: Any) -> list[str] | None:
    """The names (or ids) of the roles assigned; None where the assignments are not known."""
    if not isinstance(assignments, list):
        return None
    ids = [_role_id(_dict(one)) for one in assignments]
    return sorted({_ROLE_NAMES.get(one, one) for one in ids if one})


def role_missing(vault: Any, assignments: Any) -> bool:
    """Whether the vault works by roles and those assigned give no access to secrets; false where that is not known.

    A role of one's own may give it: then nothing is claimed.
    """
    if not works_by_roles(vault) or not isinstance(assignments, list):
        return False
    ids = {_role_id(_dict(one)) for one in assignments} - {""}
    own = ids - set(_ROLE_NAMES)
    return not own and not ids & {_ADMINISTRATOR, _SECRETS_OFFICER}


def policy_for(identity: str, vault: Any) -> dict[str, Any]:
    """The policy that the identity needs, as Azure takes it in ``accessPolicies``."""
    return {
        "tenantId": _dict(_dict(vault).get("properties")).get("tenantId"),
        "objectId": identity,
        "permissions": {kind: list(names) for kind, names in PERMISSIONS.items()},
    }


def wanted_policies(vault: Any, identity: str | None) -> list[dict[str, Any]]:
    """The policies that the vault has, with the identity's own complete: what a template has to say."""
    policies = policies_of(vault)
    if identity and (policy_missing(vault, identity) or lacking_permissions(vault, identity)):
        policies = [one for one in policies if not _is_of(one, identity)] + [policy_for(identity, vault)]
    return policies


def _is_of(policy: dict[str, Any], identity: str) -> bool:
    # a policy for an application on behalf of the identity is not the identity's own
    return str(policy.get("objectId")).lower() == identity.lower() and not policy.get("applicationId")


def _role_id(assignment: dict[str, Any]) -> str:
    role = _dict(assignment.get("properties")).get("roleDefinitionId")
    return str(role or "").rpartition("/")[2].lower()


def _dict(value: Any) -> dict[str, Any]:
    return value if isinstance(value, dict) else {}
