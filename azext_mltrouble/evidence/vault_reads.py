"""What is read about the workspace's key vault: the vault or its deleted self, then roles or history.

    workspace ── key vault ─┬─ roles    (where the vault works by roles)
                            └─ history  (where it works by access policies)
"""
from __future__ import annotations

from datetime import datetime, timezone
from typing import Any, Callable

from azure.cli.core.azclierror import AzCLIError, ResourceNotFoundError

from azext_mltrouble.cloud import arm, keyvault
from azext_mltrouble.cloud.session import Session, WorkspaceScope
from azext_mltrouble.evidence import sources
from azext_mltrouble.evidence.model import Evidence, Target
from azext_mltrouble.evidence.observing import observations_of
from azext_mltrouble.evidence.redaction import Redactor
from azext_mltrouble.evidence.sources import Source
from azext_mltrouble.evidence.tasks import Absent, Outcome, Partial, Task


def field(payload: Any, *path: str) -> Any:
    """What lies at a path of names; None where Azure sent something else than an object on the way."""
    for name in path:
        payload = payload.get(name) if isinstance(payload, dict) else None
    return payload


def identity_of(workspace: Any) -> dict[str, Any] | None:
    """The identity that the workspace acts as: its primary user-assigned one, else its own."""
    identity = field(workspace, "identity")
    primary = str(field(workspace, "properties", "primaryUserAssignedIdentity") or "").lower()
    for identity_id, one in (field(identity, "userAssignedIdentities") or {}).items():
        if identity_id.lower() == primary and isinstance(one, dict):
            return {"type": "UserAssigned", "id": identity_id, **one}
    return identity if isinstance(identity, dict) else None


def collect_vault(session: Session, scope: WorkspaceScope, progress: Callable[[str], None]) -> Evidence:
    """Everything that can be observed about the key vault of a workspace, its history in any case.

    Raises az's errors when the workspace cannot be read: it names the vault and the identity.
    """
    progress(f"Reading the key vault of the workspace '{scope.workspace}'")
    redactor = Redactor()
    workspace = Task("the workspace", session.timeout, lambda: arm.workspace(session, scope))
    reads = VaultReads(session, workspace, always_history=True)
    read = workspace.outcome()
    if read.error is not None:
        raise read.error
    facts = {"workspace": read.value, "identity": identity_of(read.value), **reads.facts()}
    outcomes = [(sources.WORKSPACE, read, ""), *reads.outcomes()]
    vault_id = field(read.value, "properties", "keyVault")
    return Evidence(
        target=Target(
            name=str(vault_id).rpartition("/")[2] if vault_id else None,
            kind="vault",
            workspace=scope.workspace,
            resource_group=scope.resource_group,
        ),
        facts={name: redactor.payload(fact) for name, fact in facts.items() if fact is not None},
        observations=observations_of(outcomes, redactor),
        redactions=dict(sorted(redactor.counts.items())),
        collected_at=datetime.now(timezone.utc).isoformat(timespec="seconds"),
    )


class VaultReads:
    """The reads about the key vault of a workspace that is being read.

    Without ``always_history`` the vault's history is read only where the workspace's access policy is gone: it costs
    two more round trips.
    """

    def __init__(self, session: Session, workspace: Task, *, always_history: bool = False) -> None:
        self._session = session
        self._always_history = always_history
        self._vault = self._read("the key vault", self._read_vault, workspace)
        self._roles = self._read("the roles on the key vault", self._read_roles, workspace, self._vault)
        self._history = self._read("the key vault's history", self._read_history, workspace, self._vault)

    def facts(self) -> dict[str, Any]:
        """The payloads by the names that the evidence knows them under; None where there is none."""
        found = self._vault.outcome().value
        is_deleted = "deletionDate" in (field(found, "properties") or {})
        return {
            "vault": None if is_deleted else found,
            "deletedVault": found if is_deleted else None,
            "vaultRoles": self._roles.outcome().value,
            "vaultHistory": self._history.outcome().value,
        }

    def outcomes(self) -> list[tuple[Source, Outcome, str]]:
        """What became of each source; of the roles, only where they count."""
        found = self._vault.outcome()
        roles = [(sources.KEY_VAULT_ROLES, self._roles.outcome(), "")]
        return [
            (sources.KEY_VAULT, found, ""),
            *(roles if _works_by_roles(found.value) else []),
            (sources.KEY_VAULT_HISTORY, self._history.outcome(), ""),
        ]

    def _read(self, name: str, work: Callable[..., Any], *needs: Task) -> Task:
        return Task(name, self._session.timeout, work, needs)

    def _read_vault(self, workspace: dict[str, Any]) -> dict[str, Any]:
        """The vault; where there is none, the deleted one that can be recovered."""
        vault_id = str(field(workspace, "properties", "keyVault") or "")
        if not vault_id:
            raise Absent("The workspace names no key vault.")
        try:
            return keyvault.vault(self._session, vault_id)
        except ResourceNotFoundError as missing:
            try:
                return keyvault.deleted_vault(self._session, vault_id, str(field(workspace, "location")))
            except AzCLIError:
                raise missing from None

    def _read_roles(self, workspace: dict[str, Any], vault: dict[str, Any]) -> list[dict[str, Any]]:
        if not _works_by_roles(vault):
            raise Absent("The key vault works by access policies.")
        principal = field(identity_of(workspace), "principalId")
        if not principal:
            raise Absent("The workspace has no identity that could have a role.")
        vault_id = str(field(workspace, "properties", "keyVault"))
        return keyvault.role_assignments(self._session, vault_id, str(principal))

    def _read_history(self, workspace: dict[str, Any], vault: dict[str, Any]) -> dict[str, Any]:
        """Who wrote the vault, and why more of that could not be read."""
        if _works_by_roles(vault):
            raise Absent("The key vault works by roles; it has no access policies to lose.")
        if not self._always_history:
            _need_missing_policy(workspace, vault)
        vault_id = str(field(workspace, "properties", "keyVault"))
        since = keyvault.activity_begins()
        activity = self._read("the activity log", lambda: keyvault.activity(self._session, vault_id, since))
        deployments = self._read("the deployment history", lambda: keyvault.deployments(self._session, vault_id))
        ended = (deployments.outcome(), activity.outcome())
        errors = [one.error for one in ended if one.error is not None]
        history = {
            "deployments": ended[0].value or [],
            "activity": ended[1].value or [],
            "activitySince": since.isoformat(timespec="seconds") if ended[1].error is None else None,
            "unread": [str(error) for error in errors],
        }
        if errors:
            raise Partial(history, errors[0])
        return history


def _need_missing_policy(workspace: dict[str, Any], vault: dict[str, Any]) -> None:
    identity = field(identity_of(workspace), "principalId")
    if not identity:
        raise Absent("The workspace has no identity whose access policy could be missing.")
    policies = field(vault, "properties", "accessPolicies") or []
    if any(str(field(one, "objectId")).lower() == identity.lower() for one in policies):
        raise Absent("Not needed: the workspace's identity has its access policy.")


def _works_by_roles(vault: Any) -> bool:
    return bool(field(vault, "properties", "enableRbacAuthorization"))
