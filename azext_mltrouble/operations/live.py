"""Evidence about deployments that run in Azure, seen through the login that is active in az."""
from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any

from azext_mltrouble.operations.progress import progress_of

if TYPE_CHECKING:
    from azext_mltrouble.cloud.session import Session, WorkspaceScope
    from azext_mltrouble.evidence.model import Evidence, Target

#: Deployments read at the same time with ``--all``; each is already read by several requests side by side.
_DEPLOYMENTS_AT_ONCE = 4


def target_names(cmd: Any, resource_group_name: str | None, workspace_name: str | None) -> list[str]:
    """The names of all deployments of the workspace, sorted."""
    from azext_mltrouble.evidence.collect import list_targets

    session, scope = open_session(cmd, resource_group_name, workspace_name)
    return sorted({str(target.name) for target in list_targets(session, scope)})


def evidence_of_one(
    cmd: Any, resource_group_name: str | None, workspace_name: str | None, name: str | None, generation: str | None
) -> Evidence:
    """Everything observed about the deployment ``name``; az's not-found error when there is none."""
    from azext_mltrouble.evidence.collect import collect

    session, scope = open_session(cmd, resource_group_name, workspace_name)
    with progress_of(cmd.cli_ctx) as progress:
        return collect(session, scope, str(name), generation, progress)


def evidence_of_all(
    cmd: Any, resource_group_name: str | None, workspace_name: str | None, generation: str | None
) -> list[Evidence]:
    """Everything observed about every deployment of the workspace, in the order of their names."""
    from azext_mltrouble.evidence.collect import list_targets

    session, scope = open_session(cmd, resource_group_name, workspace_name)
    targets = sorted(
        (one for one in list_targets(session, scope) if generation in (None, one.generation)),
        key=lambda target: str(target.name),
    )
    with progress_of(cmd.cli_ctx) as progress, ThreadPoolExecutor(_DEPLOYMENTS_AT_ONCE) as pool:
        progress(f"Reading {len(targets)} deployments")
        return list(pool.map(lambda target: _evidence_or_reason(session, scope, target), targets))


def _evidence_or_reason(session: Session, scope: WorkspaceScope, target: Target) -> Evidence:
    """One deployment that cannot be read is one unknown report, and does not hide the others."""
    from azure.cli.core.azclierror import AzCLIError

    from azext_mltrouble.evidence.collect import collect
    from azext_mltrouble.evidence.model import Evidence, Observation

    try:
        return collect(session, scope, str(target.name), target.generation)
    except AzCLIError as error:
        reason = Observation("deployment", "deploy", "The deployment", "unavailable", detail=str(error))
        return Evidence(target, observations=[reason])


def open_session(
    cmd: Any, resource_group_name: str | None, workspace_name: str | None
) -> tuple[Session, WorkspaceScope]:
    """A session of the active login, and the workspace that the user names."""
    from azext_mltrouble.cloud.session import Session, WorkspaceScope

    session = Session.from_cli(cmd.cli_ctx)
    # A configured default is az's own kind of str, of which az's output makes an object.
    return session, WorkspaceScope(session.subscription_id, str(resource_group_name), str(workspace_name))
