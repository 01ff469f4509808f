"""Changes of web services: a JSON patch, the judgement before it, and the operation that carries it out.

A change takes effect when its operation is over: at the second look at it. Where the scenario has an operation
``update-SERVICE``, the operation of a change of that service ends as that one, and changes nothing if it failed.
"""
from __future__ import annotations

import copy
import json
import uuid
from typing import Any

from .replies import Refused, Reply, mms_error, ok
from .routing import Call
from .scenario import Scenario

_PATCH = "application/json-patch+json"
_PENDING = "pending"  # of an operation: the service as it will be; never sent
_CHANGEABLE = ("autoScaler", "numReplicas", "kvTags", "description", "maxConcurrentRequestsPerContainer",
               "maxQueueWaitMs", "scoringTimeoutMs", "containerResourceRequirements", "appInsightsEnabled")


def patch(call: Call, service: dict[str, Any]) -> Reply:
    """Accept a patch: 202 with the operation's address."""
    if call.headers.get("Content-Type", "").partition(";")[0] != _PATCH:
        raise Refused(mms_error(415, "UnsupportedMediaType", f"The content must be of the type {_PATCH}."))
    changed = _patched(service, _body(call))
    objection = _objection(changed)
    if objection:
        raise Refused(mms_error(400, "BadRequest", objection))
    operation_id = str(uuid.uuid4())
    call.found.operations[operation_id] = {
        "id": operation_id, "operationType": "Service", "state": "NotStarted", "createdTime": service["createdTime"],
        "endTime": None, "error": None, "resourceLocation": call.path, "parentRequestId": str(uuid.uuid4()),
        _PENDING: changed,
    }
    service.update(state="Transitioning", operationId=operation_id)
    location = f"{call.simulator.addresses['ml']}{call.path.rpartition('/services/')[0]}/operations/{operation_id}"
    return Reply(202, b"", headers={"Operation-Location": location})


def judge(call: Call) -> Reply:
    """What ``services/validate`` says of a change: an ``error`` with a message, or none."""
    question = _body(call)
    service = call.found.services.get(question.get("serviceName", ""))
    if service is None or question.get("type") != "Update":
        return ok({})
    message = _objection(_patched(service, question["updateRequest"]))
    return ok({"error": {"message": message}} if message else {})


def progress(scenario: Scenario, operation: dict[str, Any]) -> dict[str, Any]:
    """The operation as it is at this look, one step further."""
    shown = {key: value for key, value in operation.items() if key != _PENDING}
    if _PENDING not in operation:
        return shown
    if operation["state"] == "NotStarted":
        operation["state"] = shown["state"] = "Running"
        return shown
    pending = operation.pop(_PENDING)
    service = scenario.services[pending["name"]]
    ending = scenario.operations.get(f"update-{pending['name']}", {"state": "Succeeded", "error": None})
    operation.update(state=ending["state"], error=ending["error"], endTime=service["updatedTime"])
    if ending["state"] == "Succeeded":
        service.update(pending, state="Healthy", operationId=operation["id"])
    else:
        service.update(state="Unhealthy", error=ending["error"])
    return dict(operation)


def _body(call: Call) -> Any:
    try:
        return json.loads(call.body)
    except ValueError:
        raise Refused(mms_error(400, "BadRequest", "The request's body is no JSON.")) from None


def _patched(service: dict[str, Any], operations: Any) -> dict[str, Any]:
    changed = copy.deepcopy(service)
    if not isinstance(operations, list) or not operations:
        raise Refused(mms_error(400, "BadRequest", "The patch is no list of operations."))
    for each in operations:
        parts = str(each.get("path", "")).strip("/").split("/")
        place = changed
        for part in parts[:-1]:
            place = place.get(part) if isinstance(place.get(part), dict) else {}
        if each.get("op") == "add" and parts[0] == "properties" and len(parts) == 2:
            changed["properties"][parts[1]] = each.get("value")
            continue
        if each.get("op") != "replace" or parts[0] not in _CHANGEABLE or parts[-1] not in place:
            raise Refused(mms_error(400, "BadRequest", f"The path '{each.get('path')}' cannot be changed."))
        place[parts[-1]] = each.get("value")
    return changed


def _objection(service: dict[str, Any]) -> str:
    scaler = service.get("autoScaler") or {}
    if service["computeType"] != "AKS" or not scaler.get("autoscaleEnabled"):
        return ""
    if scaler["minReplicas"] > scaler["maxReplicas"]:
        return "The minimum number of replicas cannot be greater than the maximum number of replicas."
    return ""
