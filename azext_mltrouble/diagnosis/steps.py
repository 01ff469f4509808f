"""What to do next where the evidence at hand does not settle it."""
from __future__ import annotations

import re
from shlex import quote

from azext_mltrouble.diagnosis.report import Finding, Verdict
from azext_mltrouble.evidence.model import Evidence, Target

#: A remedy may be a sentence too ("Ask for the role ..."); its check says that one.
_COMMAND = re.compile(r"(az|docker|kubectl) ")


def next_steps(evidence: Evidence, verdict: Verdict, root: Finding | None, settled: bool) -> tuple[str, ...]:
    """Exact commands that fetch what is missing; none for a healthy deployment or a settled cause."""
    if verdict == "healthy" or settled:
        return ()
    commands = list(root.remedy_commands) if root else []
    remedies = [one.remedy for one in evidence.observations if one.status == "unavailable"]
    missing = [remedy for remedy in remedies if _COMMAND.match(remedy)]
    return tuple(dict.fromkeys(commands + missing + _usual(evidence.target)))


def _usual(target: Target) -> list[str]:
    name = quote(target.name) if target.name and target.kind in ("service", "endpoint") else "SERVICE"
    if target.kind == "vault":
        return []
    if target.kind in ("log", "bundle"):
        return [f"az ml trouble diagnose -n {name}"]
    log = f"az ml trouble service log -n {name}"
    return [log, f"{log} --init", f"az ml trouble collect -n {name}"]
