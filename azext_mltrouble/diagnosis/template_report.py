"""What a template does to key vaults, as a report."""
from __future__ import annotations

from typing import Callable

from azext_mltrouble.diagnosis import knowledge as knowledge_module
from azext_mltrouble.diagnosis.engine import finding_of
from azext_mltrouble.diagnosis.knowledge import Entry
from azext_mltrouble.diagnosis.report import Check, CheckStatus, EvidenceLine, Finding, Report, Stage, Verdict
from azext_mltrouble.diagnosis.root import Candidate
from azext_mltrouble.diagnosis.template_lint import Lint, Unfollowed, Vault
from azext_mltrouble.evidence.model import STAGES
from azext_mltrouble.evidence.redaction import Redactor

_SEVERITIES = ("error", "warning", "info")
_STATUSES: dict[str, CheckStatus] = {"error": "failed", "warning": "warning", "info": "passed"}
_FROM_WORST: tuple[CheckStatus, ...] = ("failed", "warning", "unknown", "passed")
_COMPARE = "az ml trouble keyvault check -w WORKSPACE -g RESOURCE_GROUP --query accessPolicies"
#: The templates of entries about templates may use these values besides those of any target.
SLOTS = ("why", "parameter", "template")


def report_on(lint: Lint, template: str, quoted: Callable[[str, int], str]) -> Report:
    """The report: one finding for each vault that is in danger, one check for each vault and each link.

    ``template`` is the main template as the user named it; ``quoted`` gives a line of a template by source and number.
    """
    redactor = Redactor()
    entries = {one.judgement: one for one in knowledge_module.load().entries if one.judgement}
    judged = [(vault, entries.get(vault.judgement)) for vault in lint.vaults]
    findings = [_finding(vault, entry, template, quoted, redactor) for vault, entry in judged if entry is not None]
    findings.sort(key=lambda one: _SEVERITIES.index(one.severity))
    checks = [_vault_check(vault, entry, redactor) for vault, entry in judged]
    checks += [_link_check(one, redactor) for one in lint.unfollowed]
    if not checks:
        checks = [Check(template, "Template", "passed", "It writes no key vault.")]
    worst = next(status for status in _FROM_WORST if status in {check.status for check in checks})
    compare = [_COMPARE] if any(one.judgement == "replaces" for one in lint.vaults) else []
    root = next((one for one in findings if one.severity != "info"), None)
    return Report(
        target={
            "name": template,
            "kind": "template",
            **dict.fromkeys(("generation", "compute", "workspace", "resourceGroup", "state")),
        },
        verdict=_verdict(root, worst),
        failed_stage="access" if worst == "failed" else None,
        root_cause=root,
        findings=tuple(findings),
        stages=tuple(
            Stage(stage, worst, tuple(checks)) if stage == "access" else Stage(stage, "skipped") for stage in STAGES
        ),
        next_steps=tuple(compare),
        redactions=dict(redactor.counts),
    )


def _verdict(root: Finding | None, worst: CheckStatus) -> Verdict:
    if root is not None:
        return "failed" if root.severity == "error" else "degraded"
    return "unknown" if worst == "unknown" else "healthy"


def _finding(
    vault: Vault, entry: Entry, template: str, quoted: Callable[[str, int], str], redactor: Redactor
) -> Finding:
    proof = EvidenceLine(vault.source, vault.line, quoted(vault.source, vault.line))
    values = {"why": vault.why, "template": template, "parameter": vault.parameter or ""}
    values["vault"] = vault.name
    return finding_of(Candidate(entry, entry.confidence, (0,), (proof,), values), {}, redactor)


def _vault_check(vault: Vault, entry: Entry | None, redactor: Redactor) -> Check:
    place = f"{vault.source}:{vault.line}"
    status: CheckStatus = "unknown" if vault.judgement == "replaces" else "passed"
    status = _STATUSES[entry.severity] if entry is not None else status
    return Check(place, redactor.text(f"Key vault {vault.name}"), status, redactor.text(f"{place}: {vault.why}"))


def _link_check(one: Unfollowed, redactor: Redactor) -> Check:
    place = f"{one.source}:{one.line}"
    return Check(place, "Linked template", "unknown", redactor.text(f"{place}: {one.link} was not read: {one.why}"))
