"""``az ml trouble autoscale apply``: the settings of a service, changed in one request."""
from __future__ import annotations

import time
from dataclasses import replace
from typing import Any

from azext_mltrouble.operations.autoscale_target import ENABLE, AksService, Scaling, open_service, scaling_of
from azext_mltrouble.operations.autoscale_traffic import input_errors

#: Seconds between two looks at an operation: azureml-core's, after a first quick one.
_FIRST_LOOK, _NEXT_LOOK = 1.0, 5.0
_OVER = ("Succeeded", "Failed", "Cancelled", "TimedOut")


def apply(
    cmd: Any,
    *,
    name: str,
    min_replicas: int,
    max_replicas: int,
    target_utilization: int | None = None,
    workspace_name: str | None = None,
    resource_group_name: str | None = None,
    timeout: int = 1800,
    yes: bool = False,
) -> dict[str, Any]:
    """Changes minimum, maximum and target utilization of an AKS service in one request, and waits for it."""
    service = open_service(cmd, resource_group_name, workspace_name, name)
    before = service.scaling
    _refuse_fixed(before)
    wanted = replace(
        before,
        min_replicas=min_replicas,
        max_replicas=max_replicas,
        target_percent=before.target_percent if target_utilization is None else target_utilization,
    )
    with input_errors():
        _ = wanted.settings  # raises for a range that is none
    result: dict[str, Any] = {
        "name": name,
        "changed": wanted != before,
        "before": before.to_dict(),
        "after": wanted.to_dict(),
        "unchanged": service.limits,
        "operation": None,
    }
    if wanted == before:
        return result
    _confirm(before, wanted, yes)
    operation_id = _update(service, wanted)
    result["operation"] = {"id": operation_id, "state": _wait(cmd, service, operation_id, timeout)}
    result["after"] = scaling_of(service.opened.mms.service(name)).to_dict()
    return result


def _refuse_fixed(scaling: Scaling) -> None:
    from azure.cli.core.azclierror import InvalidArgumentValueError

    if scaling.fixed is not None:
        raise InvalidArgumentValueError(
            f"The service '{scaling.name}' has a fixed number of {scaling.fixed} replicas: it is not scaled.",
            recommendation=f"A minimum and a maximum would have no effect; {ENABLE}",
        )


def _confirm(before: Scaling, wanted: Scaling, yes: bool) -> None:
    from azure.cli.core.azclierror import ManualInterrupt, NoTTYError
    from knack.prompting import NoTTYException, prompt_y_n

    if yes:
        return
    change = (
        f"{before.min_replicas}..{before.max_replicas} replicas at {before.target_percent} % -> "
        f"{wanted.min_replicas}..{wanted.max_replicas} at {wanted.target_percent} %"
    )
    try:
        agreed = prompt_y_n(f"Change the service '{before.name}' ({change})?", default="n")
    except NoTTYException as error:
        raise NoTTYError(
            f"The service '{before.name}' would be changed ({change}), and there is no terminal to ask.",
            recommendation="Add --yes to change it without being asked.",
        ) from error
    if not agreed:
        raise ManualInterrupt("Nothing was changed.")


def patch_for(wanted: Scaling) -> list[dict[str, Any]]:
    """What ``AksWebservice.update`` of azureml-core sends for these settings, in its order (RFC 6902)."""
    return [
        {"op": "replace", "path": f"/autoScaler/{key}", "value": value} for key, value in wanted.to_dict().items()
    ]


def _update(service: AksService, wanted: Scaling) -> str:
    """Sends the change, if Azure has no objection. Returns the operation's id."""
    from azure.cli.core.azclierror import ForbiddenError, InvalidArgumentValueError

    patch = patch_for(wanted)
    objection = service.opened.mms.objection(wanted.name, patch)
    if objection:
        raise InvalidArgumentValueError(
            f"Azure refuses to change '{wanted.name}': {objection}",
            recommendation="Nothing was changed. Choose other replicas, or make room on the cluster.",
        )
    try:
        return service.opened.mms.update(wanted.name, patch)
    except ForbiddenError as error:
        error.set_recommendation(
            "Ask for the role 'AzureML Data Scientist' on the workspace: it includes "
            "Microsoft.MachineLearningServices/workspaces/services/aks/write."
        )
        raise


def _wait(cmd: Any, service: AksService, operation_id: str, timeout: int) -> str:
    """Until the operation is over, at most ``timeout`` seconds. Raises AzureResponseError unless it succeeds."""
    from azure.cli.core.azclierror import AzureResponseError

    from azext_mltrouble.operations.progress import progress_of

    if not operation_id:
        return "Unknown"
    name = service.scaling.name
    started, pause = time.monotonic(), _FIRST_LOOK
    with progress_of(cmd.cli_ctx) as progress:
        while True:
            operation = service.opened.mms.operation(operation_id)
            state, seconds = str(operation.get("state")), time.monotonic() - started
            if state in _OVER:
                break
            if seconds + pause > timeout:
                raise AzureResponseError(
                    f"The change of '{name}' is still {state} after {seconds:.0f} seconds.",
                    recommendation=f"It goes on. Wait for it: az ml trouble service wait -n {name}",
                )
            progress(f"Changing {name}: {state} ({seconds:.0f} s)")
            time.sleep(pause)
            pause = _NEXT_LOOK
    if state != "Succeeded":
        said = (operation.get("error") or {}).get("message") or "Azure gives no reason"
        raise AzureResponseError(
            f"The change of '{name}' ended as {state}: {said}",
            recommendation=f"See what the service needs: az ml trouble diagnose -n {name}",
        )
    return state
