"""Who wrote the key vault: the deployment history and the activity log, joined by their correlation ids.

A deployment is Azure's ``Microsoft.Resources/deployments`` 2025-04-01, an event of the activity log 2015-04-01. Either
may be out of reach, or gone: the history keeps one entry a name, and 800 of them; the activity log keeps 90 days.
"""
from __future__ import annotations

import re
from datetime import datetime, timedelta
from typing import Any

from azext_mltrouble.diagnosis.template_json import node_of
from azext_mltrouble.diagnosis.template_lint import lint

_VAULT_WRITE = "microsoft.keyvault/vaults/write"
_POLICY_WRITE = "microsoft.keyvault/vaults/accesspolicies/write"
_WIPING = ("wipes", "restores", "new_only")
_PROVEN = "proven"
_LIKELY = "likely"
_UNPROVEN = "cannotBeProven"
_DURATION = re.compile(r"PT(?:(\d{1,4})H)?(?:(\d{1,4})M)?(?:(\d{1,6})(?:\.\d{1,9})?S)?")


def was_rewritten(history: Any) -> bool:
    """Whether a template deployment, or a write that the activity log has, came after the one that made the vault."""
    written = any(_is(event, _VAULT_WRITE) for event in _list(history, "activity"))
    return written or len(_list(history, "deployments")) > 1


def proof_of(history: Any, vault: Any, policy_missing: bool, created: str | None = None) -> dict[str, Any]:
    """What is known about who wrote the vault.

    ``created`` is when the workspace was made (ISO-8601, UTC), and with it the policy: what began earlier cannot have
    taken it away.

    ``status``: ``proven`` (a deployment that the activity log confirms has a template without policies), ``likely``
    (deployments wrote the vault, but their template or the log is out of reach), ``cannotBeProven``, or ``notNeeded``
    when nothing is missing. ``summary`` says it in words. ``writes``: each write, newest first: time, deployment,
    caller, correlationId, policies (what its template says: ``wiped``, ``kept``, ``added`` or null for unknown),
    confirmed (both histories have it), and beforeWorkspace. ``limits``: why there may be more that nobody can see.
    """
    writes = _writes(history, vault, created)
    limits = _limits(history, writes)
    suspects = [one for one in writes if not one["beforeWorkspace"]]
    guilty = [one for one in suspects if one["policies"] == "wiped"]
    confirmed = [one for one in guilty if one["confirmed"]]
    rewrites = [one for one in suspects if one["policies"] in ("wiped", None)]
    if not policy_missing:
        status, summary = "notNeeded", "Nothing is missing, so there is nothing to prove."
    elif confirmed:
        status, summary = _PROVEN, f"{_who(confirmed[0])} wrote the vault with a template that has no access policies."
    elif guilty or rewrites:
        named = (guilty or rewrites)[0]
        status, summary = _LIKELY, f"{_who(named)} wrote the vault; {_doubt(named, bool(guilty))}"
    else:
        status = _UNPROVEN
        summary = "What took the policy away cannot be proven: no write of the vault since then can be seen."
    return {"status": status, "summary": summary, "writes": writes, "limits": limits}


def _writes(history: Any, vault: Any, created: str | None) -> list[dict[str, Any]]:
    """Deployments and events of the same correlation id are one write."""
    events: dict[str, list[dict[str, Any]]] = {}
    for event in _list(history, "activity"):
        if _is(event, _VAULT_WRITE) or _is(event, _POLICY_WRITE):
            events.setdefault(str(event.get("correlationId")).lower(), []).append(event)
    found = []
    known = set()
    for entry in _list(history, "deployments"):
        properties = _dict(entry.get("properties"))
        correlation = str(properties.get("correlationId") or "")
        known.add(correlation.lower())  # that of a nested deployment is its parent's
        found.append(_of_deployment(entry, properties, events.get(correlation.lower(), []), vault, created))
    found += [_of_event(group, created) for key, group in events.items() if key not in known and _succeeded(group)]
    return sorted(found, key=lambda one: str(one["time"]), reverse=True)


def _of_deployment(
    entry: dict[str, Any], properties: dict[str, Any], events: list[dict[str, Any]], vault: Any, created: str | None
) -> dict[str, Any]:
    began = min(str(one.get("eventTimestamp")) for one in events) if events else _beginning(properties)
    return {
        "time": properties.get("timestamp"),
        "deployment": entry.get("name"),
        "caller": next((one.get("caller") for one in events if one.get("caller")), None),
        "correlationId": properties.get("correlationId"),
        "policies": _policies_in(entry, properties, vault),
        "confirmed": bool(events),
        "beforeWorkspace": _is_before(began, created),
    }


def _of_event(group: list[dict[str, Any]], created: str | None) -> dict[str, Any]:
    first = group[0]
    only_policies = all(_is(event, _POLICY_WRITE) for event in group)
    return {
        "time": first.get("eventTimestamp"),
        "deployment": None,
        "caller": first.get("caller"),
        "correlationId": first.get("correlationId"),
        "policies": "added" if only_policies else None,
        "confirmed": False,
        "beforeWorkspace": _is_before(str(first.get("eventTimestamp")), created),
    }


def _beginning(deployment: dict[str, Any]) -> str:
    """When a deployment began: Azure gives its end and how long it took."""
    end, duration = str(deployment.get("timestamp"))[:19], _DURATION.fullmatch(str(deployment.get("duration")))
    hours, minutes, seconds = (int(one or 0) for one in duration.groups()) if duration else (0, 0, 0)
    try:
        began = datetime.fromisoformat(end) - timedelta(hours=hours, minutes=minutes, seconds=seconds)
    except (ValueError, OverflowError):
        return end
    return began.isoformat()


def _is_before(time: str, created: str | None) -> bool:
    """Whether a time is before another; both are UTC, to the second."""
    return created is not None and time[:19] < created[:19]


def _policies_in(entry: dict[str, Any], properties: dict[str, Any], vault: Any) -> str | None:
    """What the template of a deployment, with the parameters it had, did to the policies; None when not known."""
    resources = entry.get("vaultResources")
    if not isinstance(resources, list):
        return None
    given = {
        name: one["value"]
        for name, one in _dict(properties.get("parameters")).items()
        if isinstance(one, dict) and "value" in one
    }
    judged = lint(node_of({"resources": resources}), "", given, _nothing_linked).vaults
    name = str(_dict(vault).get("name") or "").lower()
    own = [one for one in judged if one.name.lower() == name] or [one for one in judged if one.name.startswith("[")]
    if any(one.judgement in _WIPING for one in own):
        return "wiped"
    return "kept" if own and all(one.judgement == "keeps" for one in own) else None


def _nothing_linked(source: str, path: str) -> Any:
    raise LookupError("linked templates are deployments of their own")


def _limits(history: Any, writes: list[dict[str, Any]]) -> list[str]:
    limits = [str(one) for one in _dict(history).get("unread") or ()]
    if any(one["deployment"] is None and one["policies"] is None for one in writes):
        limits.append(
            "The activity log has writes of the vault of which there is no deployment: its entry was overwritten by "
            "another deployment of the same name or deleted, or the vault was written without a template."
        )
    read = _dict(history).get("activitySince")
    if isinstance(read, str):
        limits.append(f"The activity log goes back to {read[:10]} (90 days); it cannot say what happened before.")
        if any(one["deployment"] and not one["confirmed"] and str(one["time"])[:10] < read[:10] for one in writes):
            limits.append("Deployments are older than that: who started them cannot be told.")
    limits += [
        f"The template of the deployment '{entry.get('name')}' could not be read: {entry['templateUnread']}"
        for entry in _list(history, "deployments")
        if entry.get("templateUnread")
    ]
    limits.append("A deployment that was repeated under the same name is listed once, with its last time.")
    return limits


def _who(write: dict[str, Any]) -> str:
    by = f" by {write['caller']}" if write["caller"] else ""
    when = str(write["time"])[:16].replace("T", " ")
    if write["deployment"]:
        return f"The deployment '{write['deployment']}'{by} of {when}"
    return f"Something{by} on {when}, not known to the deployment history,"


def _doubt(write: dict[str, Any], guilty: bool) -> str:
    if guilty:
        return "its template has no access policies. The activity log does not confirm it."
    if write["deployment"]:
        return "what its template says about the access policies could not be read."
    return "what it wrote cannot be proven."


def _succeeded(group: list[dict[str, Any]]) -> bool:
    states = [str(_dict(event.get("status")).get("value") or "").lower() for event in group]
    return "succeeded" in states or not any(states)


def _is(event: dict[str, Any], operation: str) -> bool:
    name = event.get("operationName")
    return str(name.get("value") if isinstance(name, dict) else name).lower() == operation


def _list(holder: Any, name: str) -> list[dict[str, Any]]:
    listed = _dict(holder).get(name)
    return [one for one in listed if isinstance(one, dict)] if isinstance(listed, list) else []


def _dict(value: Any) -> dict[str, Any]:
    return value if isinstance(value, dict) else {}
