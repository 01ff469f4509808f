"""``az ml trouble service``: the web services of a workspace (v1), their logs, and waiting for them."""
from __future__ import annotations

import time
from collections.abc import Iterator
from typing import Any

from azext_mltrouble.operations.v1_workspace import OpenWorkspace, not_found, open_workspace

#: The fewest lines that are asked for while following: what comes between two looks must be among them.
_FOLLOWED_LINES = 5000
#: The successor of a service on each compute. ACI and AKS web services have no date of retirement of their own; the
#: dates are those of the SDK and of the CLI that deploy them (Microsoft's documentation, as of November 2026).
_SUCCESSORS = {"ACI": "managed online endpoint", "AKS": "Kubernetes online endpoint"}
_MIGRATION = (
    "Web services of v1 go on running, but support ended on 2025-09-30 for the CLI (v1) and on 2026-06-30 for the SDK "
    "(v1): move this one to a {successor}."
)
_MIGRATION_DOCUMENT = "https://learn.microsoft.com/azure/machine-learning/migrate-to-v2-deploy-endpoints"


def list_services(
    cmd: Any, *, workspace_name: str | None = None, resource_group_name: str | None = None
) -> list[dict[str, Any]]:
    """All web services of the workspace, in the order of their names."""
    from azext_mltrouble.evidence.redaction import Redactor

    services = _services(open_workspace(cmd, resource_group_name, workspace_name))
    services.sort(key=lambda one: str(one.get("name")))
    return [Redactor().payload(one) for one in services]


def show_service(
    cmd: Any, *, name: str, workspace_name: str | None = None, resource_group_name: str | None = None
) -> dict[str, Any]:
    """A web service as Azure sends it, without secrets, and where it can move. ResourceNotFoundError without one."""
    from azext_mltrouble.evidence.redaction import Redactor

    service = read_service(open_workspace(cmd, resource_group_name, workspace_name), name)
    successor = _SUCCESSORS.get(str(service.get("computeType")).upper(), "online endpoint")
    migration = {"text": _MIGRATION.format(successor=successor), "docUrl": _MIGRATION_DOCUMENT}
    return {**Redactor().payload(service), "migration": migration}


def service_log(
    cmd: Any,
    *,
    name: str,
    init: bool = False,
    lines: int = 5000,
    follow: bool = False,
    workspace_name: str | None = None,
    resource_group_name: str | None = None,
) -> dict[str, Any] | None:
    """The last ``lines`` lines of the container's log, or of the init container's.

    With ``follow`` the lines go to standard output as they come, and nothing is returned.
    """
    from azext_mltrouble.evidence.redaction import Redactor
    from azext_mltrouble.operations.log_text import safe_lines

    opened = open_workspace(cmd, resource_group_name, workspace_name)
    title = f"{'init container' if init else 'container'} log of {name}"
    if follow:
        from azext_mltrouble.operations.following import show

        show(_growth(opened, name, title, init, lines))
        return None
    text = _log(opened, name, init, lines)
    return {"source": title, "name": name, "lines": list(safe_lines([text.encode()], Redactor()))}


def wait_for_service(
    cmd: Any,
    *,
    name: str,
    interval: int = 30,
    timeout: int = 3600,
    fail_on: str = "error",
    workspace_name: str | None = None,
    resource_group_name: str | None = None,
) -> dict[str, Any]:
    """Waits until the service is healthy or has failed; a failure is diagnosed.

    ``interval`` and ``timeout`` are in seconds. Raises AzureResponseError when the time is over.
    """
    from azure.cli.core.azclierror import AzureResponseError

    from azext_mltrouble.operations.progress import progress_of

    opened = open_workspace(cmd, resource_group_name, workspace_name)
    started = time.monotonic()
    with progress_of(cmd.cli_ctx) as progress:
        while True:
            state, step, failed = _state(opened, name)
            seconds = time.monotonic() - started
            if failed or state == "Healthy":
                break
            if seconds + interval > timeout:
                raise AzureResponseError(
                    f"The service '{name}' is still {state} after {seconds:.0f} seconds{step and f' ({step})'}.",
                    recommendation=[
                        f"Wait longer: --timeout {timeout * 2}",
                        f"See how far it has come: az ml trouble diagnose -n {name}",
                    ],
                )
            progress(f"{name} is {state}{step and f', {step}'} ({seconds:.0f} s)")
            time.sleep(interval)
    waited = {"name": name, "state": state, "seconds": int(seconds)}
    return {**waited, "diagnosis": _diagnosed(cmd, opened, name, fail_on) if failed else None}


def service_names(cmd: Any, resource_group_name: str | None, workspace_name: str | None) -> list[str]:
    """The names of all services of the workspace, sorted."""
    found = _services(open_workspace(cmd, resource_group_name, workspace_name))
    return sorted({str(one.get("name")) for one in found})


def read_service(opened: OpenWorkspace, name: str) -> dict[str, Any]:
    """The service with everything about it. Raises ResourceNotFoundError with the names that come close."""
    from azure.cli.core.azclierror import ResourceNotFoundError

    from azext_mltrouble.evidence import sources

    try:
        return opened.read(sources.SERVICE, lambda: opened.mms.service(name))
    except ResourceNotFoundError:
        known = [str(one.get("name")) for one in _services(opened)]
    raise not_found("web service", name, opened.scope, known, "service")


def _services(opened: OpenWorkspace) -> list[dict[str, Any]]:
    from azext_mltrouble.evidence import sources

    return opened.read_list(sources.SERVICE, opened.mms.services)


def _log(opened: OpenWorkspace, name: str, init: bool, lines: int) -> str:
    """Raises ResourceNotFoundError when there is no such service, or it has no such container."""
    from azure.cli.core.azclierror import ResourceNotFoundError

    from azext_mltrouble.evidence import sources

    source = sources.INIT_CONTAINER_LOG if init else sources.CONTAINER_LOG
    try:
        return opened.read(source, lambda: opened.mms.service_log(name, init, lines))
    except ResourceNotFoundError as error:
        read_service(opened, name)
        raise ResourceNotFoundError(str(error), recommendation=source.if_missing) from error


def _growth(opened: OpenWorkspace, name: str, title: str, init: bool, lines: int) -> Iterator[list[str]]:
    """The last lines of the log, then what comes to it, without end."""
    from azext_mltrouble.evidence.redaction import Redactor
    from azext_mltrouble.operations.following import logger, looks
    from azext_mltrouble.operations.log_text import GrowingText, added_since

    text, seen = GrowingText(Redactor()), None
    wanted = max(lines, _FOLLOWED_LINES)
    for log in looks(lambda: _log(opened, name, init, wanted), title):
        if seen is None:
            yield text.more(log)[-lines:]
        else:
            added, continues = added_since(seen, log)
            if not continues:
                logger.warning("The log begins anew: the container has restarted, or lines were missed.")
            yield text.more(added)
        seen = log


def _state(opened: OpenWorkspace, name: str) -> tuple[str, str, bool]:
    """The service's state, the step of its operation if one is under way, and whether it has failed for good."""
    from azext_mltrouble.evidence import sources

    service = read_service(opened, name)
    state, operation_id = str(service.get("state")), service.get("operationId")
    if state in ("Healthy", "Failed") or not operation_id:
        return state, "", state not in ("Healthy", "Transitioning")
    operation = opened.read(sources.OPERATION, lambda: opened.mms.operation(str(operation_id)))
    going_on = operation.get("state") in ("NotStarted", "Running")
    details = operation.get("operationDetails") or {}
    step = f"{details.get('subOperationType')} {details.get('subOperationState')}" if details else ""
    return state, step if going_on else "", not going_on and state != "Transitioning"


def _diagnosed(cmd: Any, opened: OpenWorkspace, name: str, fail_on: str) -> dict[str, Any]:
    from azext_mltrouble.diagnosis.engine import diagnose
    from azext_mltrouble.evidence.collect import collect
    from azext_mltrouble.operations.fail_on import leave_after_output
    from azext_mltrouble.operations.progress import progress_of

    with progress_of(cmd.cli_ctx) as progress:
        report = diagnose(collect(opened.session, opened.scope, name, "v1", progress)).to_dict()
    if fail_on != "never":  # the wait was in vain, whatever the diagnosis finds
        leave_after_output(cmd.cli_ctx)
    return report
