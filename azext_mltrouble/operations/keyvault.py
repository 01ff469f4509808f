"""``az ml trouble keyvault``: the workspace's access policy, wiped by a template: prove it, repair it, prevent it."""
from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from azext_mltrouble.operations.fail_on import exit_after_output
from azext_mltrouble.operations.files import make_sure_writable
from azext_mltrouble.operations.live import open_session
from azext_mltrouble.operations.progress import progress_of
from azext_mltrouble.operations.v1_workspace import advice

if TYPE_CHECKING:
    from azext_mltrouble.cloud.session import Session, WorkspaceScope

#: What is written is there at once, as a rule.
_LOOKS = 4
_SECONDS_BETWEEN_LOOKS = 1.0


def check(
    cmd: Any,
    *,
    workspace_name: str | None = None,
    resource_group_name: str | None = None,
    fail_on: str = "never",
    report: list[str] | None = None,
    yes: bool = False,
) -> dict[str, Any]:
    """Whether the workspace may use its key vault, who took that away, and the ways out.

    Returns a report with ``keyVault``, ``history``, ``accessPolicies`` and ``waysOut`` besides.
    """
    from azext_mltrouble.diagnosis.engine import diagnose
    from azext_mltrouble.diagnosis.vault_access import identity_of, policies_of, policy_missing, wanted_policies
    from azext_mltrouble.diagnosis.vault_history import proof_of
    from azext_mltrouble.diagnosis.vault_ways_out import ways_out
    from azext_mltrouble.evidence.vault_reads import collect_vault

    _make_sure_reports_can_be_written(report, yes)
    session, scope = open_session(cmd, resource_group_name, workspace_name)
    with progress_of(cmd.cli_ctx) as progress, _workspace_advice():
        evidence = collect_vault(session, scope, progress)
    facts = evidence.facts
    vault, identity = facts.get("vault"), identity_of(facts.get("workspace"))
    created = _member(_member(facts.get("workspace"), "systemData"), "createdAt")
    made = str(created) if created else None
    proof = proof_of(facts.get("vaultHistory"), vault, policy_missing(vault, identity), made)
    checked = diagnose(evidence).to_dict()
    _write_reports(checked, report)
    exit_after_output(cmd.cli_ctx, [checked], fail_on)
    return {
        **checked,
        "keyVault": {
            "id": _property(facts.get("workspace"), "keyVault"),
            "mode": _mode(vault),
            "identity": {
                "principalId": identity,
                "type": _member(facts.get("identity"), "type"),
                "resourceId": _member(facts.get("identity"), "id"),
            },
            "policies": policies_of(vault),
            "roles": facts.get("vaultRoles") or [],
            "deleted": facts.get("deletedVault"),
        },
        "history": proof,
        "accessPolicies": wanted_policies(vault, identity) if _mode(vault) == "accessPolicies" else [],
        "waysOut": ways_out(vault, identity, proof, scope.resource_group),
    }


def restore(
    cmd: Any, *, workspace_name: str | None = None, resource_group_name: str | None = None, yes: bool = False
) -> dict[str, Any]:
    """Adds the access policy that the workspace's identity lacks; no other policy changes.

    Returns ``{keyVault, principalId, changed, message, before, after}``, policies as Azure has them. Raises
    ValidationError for a vault that works by roles, and az's errors where a read or the write fails.
    """
    from azext_mltrouble.cloud import keyvault
    from azext_mltrouble.diagnosis.vault_access import lacking_permissions, policies_of, policy_for, policy_missing
    from azext_mltrouble.evidence import sources

    session, scope = open_session(cmd, resource_group_name, workspace_name)
    vault_id, identity = _vault_and_identity(session, scope)
    vault = _vault_to_restore(session, scope, vault_id, identity)
    name = str(vault.get("name"))
    before = policies_of(vault)
    result = {"keyVault": name, "principalId": identity, "changed": False, "before": before, "after": before}
    lacking = lacking_permissions(vault, identity)
    if not policy_missing(vault, identity) and not lacking:
        return {**result, "message": "Nothing to do: the workspace's identity has its access policy."}

    kind = f"{len(lacking)} permissions that its policy lacks" if lacking else "an access policy"
    others = sum(str(one.get("objectId")).lower() != identity.lower() for one in before)
    _confirm(f"Give the identity {identity} of the workspace '{scope.workspace}' {kind} in the key vault '{name}'? "
             f"The policies of {others} others stay as they are.", yes)  # fmt: skip
    with advice(sources.KEY_VAULT_POLICIES):
        keyvault.add_access_policy(session, vault_id, policy_for(identity, vault))
    after = policies_of(_restored(session, vault_id, identity))
    return {**result, "changed": True, "message": f"The identity {identity} has its policy again.", "after": after}


def check_template(
    cmd: Any,
    *,
    template: str,
    parameters: str | None = None,
    fail_on: str = "never",
    report: list[str] | None = None,
    yes: bool = False,
) -> dict[str, Any]:
    """Which key vaults a template would rob of their policies when it is deployed again. Returns a report.

    Reads files only. Raises FileOperationError for a file that cannot be read, InvalidArgumentValueError for one that
    is no template.
    """
    from azext_mltrouble.diagnosis.template_lint import lint
    from azext_mltrouble.diagnosis.template_report import report_on
    from azext_mltrouble.operations.template_files import TemplateFiles

    _make_sure_reports_can_be_written(report, yes)
    files = TemplateFiles()
    main = files.main(template)
    given = files.parameters(parameters) if parameters else {}
    checked = report_on(lint(main, template, given, files.follow), template, files.line).to_dict()
    _write_reports(checked, report)
    exit_after_output(cmd.cli_ctx, [checked], fail_on)
    return checked


def _vault_and_identity(session: Session, scope: WorkspaceScope) -> tuple[str, str]:
    """The id of the workspace's vault and the object id of the identity that it acts as."""
    from azure.cli.core.azclierror import ValidationError

    from azext_mltrouble.cloud import arm
    from azext_mltrouble.diagnosis.vault_access import identity_of

    with _workspace_advice():
        workspace = arm.workspace(session, scope)
    vault_id, identity = _property(workspace, "keyVault"), identity_of(workspace)
    if not vault_id:
        raise ValidationError(
            f"The workspace '{scope.workspace}' names no key vault.",
            recommendation="Look at the workspace: az ml workspace show, or at another one with --workspace-name.",
        )
    if not identity:
        raise ValidationError(
            f"The workspace '{scope.workspace}' has no identity that a policy could be for.",
            recommendation="Give it one first: az ml workspace update -n NAME -g GROUP with an identity.",
        )
    return str(vault_id), identity


def _vault_to_restore(session: Session, scope: WorkspaceScope, vault_id: str, identity: str) -> dict[str, Any]:
    """The vault, if it works by access policies."""
    from azure.cli.core.azclierror import ResourceNotFoundError, ValidationError

    from azext_mltrouble.cloud import keyvault
    from azext_mltrouble.diagnosis.vault_access import works_by_roles
    from azext_mltrouble.evidence import sources

    with advice(sources.KEY_VAULT):
        try:
            vault = keyvault.vault_now(session, vault_id)
        except ResourceNotFoundError as error:
            raise ResourceNotFoundError(
                str(error),
                recommendation=[
                    f"If it was deleted, recover it: az keyvault recover -n {vault_id.rpartition('/')[2]}",
                    f"Find out more: az ml trouble keyvault check -g {scope.resource_group} -w {scope.workspace}",
                ],
            ) from error
    if works_by_roles(vault):
        raise ValidationError(
            f"The key vault '{vault.get('name')}' works by roles (RBAC); access policies have no effect there.",
            recommendation='Assign the role instead: az role assignment create --role "Key Vault Administrator" '
            f"--assignee-object-id {identity} --assignee-principal-type ServicePrincipal --scope {vault_id}",
        )
    return vault


def _restored(session: Session, vault_id: str, identity: str) -> dict[str, Any]:
    """The vault as it is after the write; AzureResponseError if the policy is not there."""
    from azure.cli.core.azclierror import AzureResponseError

    from azext_mltrouble.cloud import keyvault
    from azext_mltrouble.diagnosis.vault_access import lacking_permissions, policy_missing

    for look in range(_LOOKS):
        time.sleep(_SECONDS_BETWEEN_LOOKS if look else 0)
        vault = keyvault.vault_now(session, vault_id)
        if not policy_missing(vault, identity) and not lacking_permissions(vault, identity):
            return vault
    raise AzureResponseError(
        f"Azure accepted the policy, but the key vault '{vault.get('name')}' does not show it.",
        recommendation="Look again in a minute: az ml trouble keyvault check. An Azure Policy may forbid it.",
    )


def _confirm(question: str, yes: bool) -> None:
    from azure.cli.core.azclierror import ManualInterrupt, NoTTYError
    from knack.prompting import NoTTYException, prompt_y_n

    if yes:
        return
    try:
        agreed = prompt_y_n(question, default="n")
    except NoTTYException as error:
        raise NoTTYError(
            "There is no terminal to ask whether to change the key vault.", recommendation="Add --yes to change it."
        ) from error
    if not agreed:
        raise ManualInterrupt("Nothing was changed.")


@contextmanager
def _workspace_advice() -> Iterator[None]:
    from azure.cli.core.azclierror import ResourceNotFoundError

    from azext_mltrouble.evidence import sources
    from azext_mltrouble.evidence.collect import NO_SUCH_WORKSPACE

    with advice(sources.WORKSPACE):
        try:
            yield
        except ResourceNotFoundError as error:
            raise ResourceNotFoundError(str(error), recommendation=list(NO_SUCH_WORKSPACE)) from error


def _make_sure_reports_can_be_written(paths: list[str] | None, yes: bool) -> None:
    for path in paths or ():
        make_sure_writable(Path(path), yes)


def _write_reports(result: dict[str, Any], paths: list[str] | None) -> None:
    from azext_mltrouble.render.report_file import write_report

    for path in paths or ():
        write_report(result, path)


def _mode(vault: Any) -> str | None:
    from azext_mltrouble.diagnosis.vault_access import works_by_roles

    if vault is None:
        return None
    return "roles" if works_by_roles(vault) else "accessPolicies"


def _property(resource: Any, name: str) -> Any:
    return _member(_member(resource, "properties"), name)


def _member(holder: Any, name: str) -> Any:
    return holder.get(name) if isinstance(holder, dict) else None
