"""The stages of a deployment and the checks made on each."""
from __future__ import annotations

from azext_mltrouble.diagnosis.report import Check, CheckStatus, Finding, Stage
from azext_mltrouble.evidence.model import STAGES, Evidence, Observation

#: From best to worst. Unknown is worse than passed: what could not be looked at has not passed.
_WORSE: tuple[CheckStatus, ...] = ("skipped", "passed", "unknown", "warning", "failed")


def stages_of(evidence: Evidence, findings: tuple[Finding, ...]) -> tuple[Stage, ...]:
    """Every stage in order, each with its checks; a stage that nothing was observed of is skipped.

    A finding marks the check of the source it was proven by, or its own stage's where no such check exists.
    """
    checks: dict[str, list[Check]] = {stage: [] for stage in STAGES}
    shown: set[str] = set()
    for observation in evidence.observations:
        proven = [one for one in findings if any(line.source == observation.source for line in one.evidence)]
        shown.update(one.code for one in proven if one.stage == observation.stage)
        checks.setdefault(observation.stage, []).append(_check(observation, proven))
    for finding in findings:
        if finding.code not in shown and finding.severity != "info":
            checks.setdefault(finding.stage, []).append(
                Check(finding.code, finding.title, _status(finding), finding.summary)
            )
    return tuple(Stage(stage, _worst(made), tuple(made)) for stage, made in checks.items())


def failed_stage(root: Finding | None, stages: tuple[Stage, ...]) -> str | None:
    """The root cause's stage, or else the first that failed."""
    if root:
        return root.stage
    return next((stage.stage for stage in stages if stage.status == "failed"), None)


def _check(observation: Observation, proven: list[Finding]) -> Check:
    status: CheckStatus
    detail = observation.detail
    if observation.status == "absent":
        status = "skipped"
    elif observation.status == "unavailable":
        status = "unknown"
        detail = " ".join(filter(None, (observation.detail, observation.remedy)))
    else:
        here = [one for one in proven if one.stage == observation.stage and one.severity != "info"]
        status = _worst_of([_status(one) for one in here]) if here else "passed"
        detail = here[0].title if here else observation.detail
    return Check(observation.source, observation.title, status, detail, observation.duration_ms)


def _status(finding: Finding) -> CheckStatus:
    return "failed" if finding.severity == "error" else "warning"


def _worst(checks: list[Check]) -> CheckStatus:
    return _worst_of([check.status for check in checks])


def _worst_of(statuses: list[CheckStatus]) -> CheckStatus:
    return max(statuses, key=_WORSE.index, default="skipped")
