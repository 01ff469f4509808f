"""Evidence of a live deployment: its target established, then everything about it read side by side."""
from __future__ import annotations

import difflib
import re
from datetime import datetime, timezone
from typing import Any, Callable

from azure.cli.core.azclierror import (
    ArgumentUsageError,
    AzCLIError,
    AzureConnectionError,
    ResourceNotFoundError,
    UnauthorizedError,
)
from knack.log import get_logger

from azext_mltrouble.cloud import arm, v1
from azext_mltrouble.cloud.session import Session, WorkspaceScope
from azext_mltrouble.evidence.model import Evidence, Target
from azext_mltrouble.evidence.observing import observations_of
from azext_mltrouble.evidence.redaction import Redactor
from azext_mltrouble.evidence.tasks import Task
from azext_mltrouble.evidence.v1_reads import ImageReads, Reads, ServiceReads
from azext_mltrouble.evidence.vault_reads import field

logger = get_logger(__name__)

Progress = Callable[[str], None]

#: What helps when there is no workspace of the name.
NO_SUCH_WORKSPACE = (
    "List the workspaces that you can see: az resource list --resource-type "
    "Microsoft.MachineLearningServices/workspaces -o table",
    "Name another with --workspace-name, --resource-group and --subscription.",
)


def collect(
    session: Session, scope: WorkspaceScope, name: str, generation: str | None = None, progress: Progress | None = None
) -> Evidence:
    """Everything that can be observed about the deployment ``name``; for what cannot be read, why.

    ``name`` is a v1 web service, or an image (``NAME`` or ``NAME:VERSION``) of which no service came to be.
    ``generation`` (``v1`` or ``v2``) decides where a name is in use in both.

    Raises ResourceNotFoundError when there is no such deployment, workspace or group, ArgumentUsageError when the name
    is not enough or is an endpoint of v2, and az's own errors when nobody is logged in or Azure cannot be reached.
    """
    if not re.search(r"\w", name.partition(":")[0]):
        raise ResourceNotFoundError(
            f"'{name}' is no name of a service, endpoint or image.",
            recommendation=f"Diagnose all that there are: az ml trouble diagnose --all {_where(scope)}",
        )
    tell = progress or (lambda message: None)
    tell(f"Reading '{name}' in the workspace '{scope.workspace}'")
    redactor = Redactor()
    reads = ServiceReads(session, scope, name, redactor, endpoint=generation != "v1")
    login = Task("the access token", session.timeout, session.token).outcome()
    if login.error is not None:  # without a login there is nothing to read, and az's own error says what to do
        raise login.error
    chosen = _establish(reads, session, scope, name, generation, redactor)
    tell(f"Reading what belongs to '{name}'")
    return _evidence(chosen, redactor)


def list_targets(session: Session, scope: WorkspaceScope) -> list[Target]:
    """The deployments of a workspace, services (v1) first. Raises az's errors as the reads do.

    Endpoints (v2) that may not be listed are left out with a warning: services alone are worth diagnosing.
    """
    services = v1.open_workspace(session, scope).services()
    targets = [_target_of_service(service, str(service.get("name")), scope) for service in services]
    try:
        endpoints = arm.online_endpoints(session, scope)
    except AzCLIError as error:
        logger.warning("The workspace may have online endpoints (v2) that are not shown here. %s", error)
        return targets
    return targets + [_target_of_endpoint(endpoint, scope) for endpoint in endpoints]


def _establish(
    reads: ServiceReads, session: Session, scope: WorkspaceScope, name: str, generation: str | None, redactor: Redactor
) -> Reads:
    """The reads that belong to the name: those of the service, or of the image where there is no service."""
    workspace = reads.workspace.outcome()
    if isinstance(workspace.error, ResourceNotFoundError):
        raise ResourceNotFoundError(redactor.text(str(workspace.error)), recommendation=list(NO_SUCH_WORKSPACE))
    if workspace.error is not None:
        _raise_if_nothing_answers(reads, workspace.error)
    endpoint = reads.endpoint.outcome() if reads.endpoint else None
    is_endpoint = endpoint is not None and endpoint.error is None
    if generation == "v2":
        if endpoint is not None and isinstance(endpoint.error, ResourceNotFoundError):
            raise ResourceNotFoundError(
                f"The workspace '{scope.workspace}' has no online endpoint '{name}'.",
                recommendation=f"List its endpoints: az ml online-endpoint list {_where(scope)} -o table",
            )
        if endpoint is not None and isinstance(endpoint.error, AzCLIError):
            raise endpoint.error
        raise _only_v1(name)

    service = reads.service.outcome()
    if service.error is None:
        if is_endpoint and generation is None:
            raise ArgumentUsageError(
                f"The workspace '{scope.workspace}' has both a web service (v1) and an online endpoint (v2) '{name}'.",
                recommendation="Say which: --generation v1 or --generation v2.",
            )
        return reads
    if not isinstance(service.error, ResourceNotFoundError):
        return reads  # it may well exist; what else can be read says more than an error would
    if is_endpoint and generation is None:
        raise _only_v1(name)
    images = ImageReads(session, scope, name, redactor)
    if images.versions.outcome().error is None:
        return images
    raise _unknown_name(reads, scope, name)


def _raise_if_nothing_answers(reads: ServiceReads, error: Exception) -> None:
    """A token that Azure refuses everywhere, or no network, is no finding about this deployment."""
    others = [reads.groups.outcome().error, *([reads.endpoint.outcome().error] if reads.endpoint else [])]
    for kind in (UnauthorizedError, AzureConnectionError):
        if all(isinstance(one, kind) for one in [error, *others]):
            raise error


def _only_v1(name: str) -> AzCLIError:
    return ArgumentUsageError(
        f"'{name}' is an online endpoint (v2). This version diagnoses web services (v1) live, and endpoints from logs.",
        recommendation=f"Save its log with 'az ml online-deployment get-logs --endpoint-name {name} ... > FILE', "
        "then: az ml trouble diagnose --log FILE",
    )


def _unknown_name(reads: ServiceReads, scope: WorkspaceScope, name: str) -> AzCLIError:
    """The not-found error, with the names that come close."""
    try:
        known = [str(service.get("name")) for service in reads.services()]
    except AzCLIError:
        known = []
    advice = []
    close = difflib.get_close_matches(name.lower(), [one.lower() for one in known], n=3, cutoff=0.5)
    if close:
        names = [one for one in known if one.lower() in close]
        advice.append("Did you mean " + " or ".join(f"'{one}'" for one in names) + "?")
    elif not known:
        advice.append("The workspace has no services that you can see.")
    advice.append(f"Diagnose all that there are: az ml trouble diagnose --all {_where(scope)}")
    return ResourceNotFoundError(
        f"The workspace '{scope.workspace}' has no service, endpoint or image '{name}'.", recommendation=advice
    )


def _where(scope: WorkspaceScope) -> str:
    return f"-g {scope.resource_group} -w {scope.workspace}"


def _evidence(reads: Reads, redactor: Redactor) -> Evidence:
    facts = {name: redactor.payload(fact) for name, fact in reads.facts().items() if fact is not None}
    logs = reads.logs()
    observations = observations_of(reads.outcomes(), redactor)
    return Evidence(
        target=_target(reads, facts),
        facts=facts,
        logs=logs,
        observations=observations,
        redactions=dict(sorted(redactor.counts.items())),
        collected_at=datetime.now(timezone.utc).isoformat(timespec="seconds"),
    )


def _target(reads: Reads, facts: dict[str, Any]) -> Target:
    return _target_of_service(facts.get("service") or {}, reads.name, reads.scope)


def _target_of_service(service: dict[str, Any], name: str, scope: WorkspaceScope) -> Target:
    compute, state = field(service, "computeType"), field(service, "state")
    return Target(
        name=name,
        kind="service",
        generation="v1",
        compute=str(compute) if compute else None,
        workspace=scope.workspace,
        resource_group=scope.resource_group,
        state=str(state) if state else None,
    )


def _target_of_endpoint(endpoint: dict[str, Any], scope: WorkspaceScope) -> Target:
    state = field(endpoint, "properties", "provisioningState")
    return Target(
        name=str(endpoint.get("name")),
        kind="endpoint",
        generation="v2",
        compute=str(endpoint["kind"]) if endpoint.get("kind") else None,
        workspace=scope.workspace,
        resource_group=scope.resource_group,
        state=str(state) if state else None,
    )
