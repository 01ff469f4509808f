"""Rows for ``az ml trouble keyvault … -o table``: at most 100 columns."""
from __future__ import annotations

from typing import Any

from .table import VALUE_WIDTH, Row, command_lines, prose, report_sections, two_columns
from .text import one_line
from .wording import headline

_MOST_WRITES = 5


def check_table(result: dict[str, Any]) -> list[Row]:
    """The page of the report, then who wrote the vault, then the ways out where something is missing."""
    history = result["history"]
    sections = report_sections(result)
    if history["status"] != "notNeeded":
        sections.append(("Blame", prose(f"{_STATUS[history['status']]} {history['summary']}")))
    sections.append(("Writes", [line for one in history["writes"][:_MOST_WRITES] for line in prose(_write(one))]))
    if history["status"] != "notNeeded":
        sections.append(("Limits", [line for one in history["limits"] for line in prose(one)]))
        sections.append(("Ways out", _ways(result["waysOut"])))
    return two_columns("Verdict", headline(result), sections)


def restore_table(result: dict[str, Any]) -> list[Row]:
    """What was changed: the policies before and after, in short."""
    sections = [
        ("Key vault", prose(result["keyVault"])),
        ("Identity", prose(result["principalId"])),
        ("Before", [line for one in result["before"] for line in prose(_policy(one))] or prose("no policies")),
        ("After", [line for one in result["after"] for line in prose(_policy(one))] or prose("no policies")),
    ]
    outcome = "Restored" if result["changed"] else "Unchanged"
    return two_columns("Policy", f"{outcome}: {one_line(result['message'])}", sections)


_STATUS = {
    "proven": "Proven.",
    "likely": "Likely, not proven.",
    "cannotBeProven": "Cannot be proven.",
}


def _write(one: dict[str, Any]) -> str:
    what = f"deployment {one['deployment']}" if one["deployment"] else "no deployment known"
    caller = f"by {one['caller']}" if one["caller"] else "by whom: unknown"
    parts = [str(one["time"])[:16].replace("T", " "), what, caller]
    if one["beforeWorkspace"]:
        parts.append("before the workspace was made")
    if one["policies"]:
        parts.append(f"policies {one['policies']}")
    return ", ".join(parts)


def _ways(ways: list[dict[str, Any]]) -> list[str]:
    lines = []
    for number, way in enumerate(ways, 1):
        lines += prose(f"{number}. {way['title']}: {way['text']}")
        lines += command_lines(way["commands"], f"waysOut[{number - 1}].commands", VALUE_WIDTH)
        if way["template"]:
            lines += prose(f"To paste into the template: -o json --query waysOut[{number - 1}].template")
    return lines


def _policy(policy: dict[str, Any]) -> str:
    permissions = policy.get("permissions") or {}
    granted = "; ".join(f"{kind}: {', '.join(map(str, names))}" for kind, names in permissions.items() if names)
    return f"{policy.get('objectId')} ({granted or 'nothing'})"
