"""The report: what a diagnosis says. ``to_dict`` gives the documented shape (camelCase, lists never null)."""
from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, Literal

FORMAT_VERSION = "1.0"

Severity = Literal["error", "warning", "info"]
Confidence = Literal["high", "medium", "low"]
Verdict = Literal["failed", "degraded", "healthy", "unknown"]
CheckStatus = Literal["passed", "failed", "warning", "skipped", "unknown"]

#: From sure to unsure.
CONFIDENCES: tuple[Confidence, ...] = ("high", "medium", "low")


@dataclass(frozen=True)
class EvidenceLine:
    """A quoted line. ``line`` is 1-based in the text as the user has it; None for a fact that is not in a text."""

    source: str
    line: int | None
    text: str

    def to_dict(self) -> dict[str, Any]:
        return {"source": self.source, "line": self.line, "text": self.text}


@dataclass(frozen=True)
class Finding:
    """One cause recognised, with its proof and its cure."""

    code: str
    cause: str
    title: str
    severity: Severity
    stage: str
    confidence: Confidence
    summary: str
    evidence: tuple[EvidenceLine, ...]
    remedy_text: str
    remedy_commands: tuple[str, ...]
    doc_url: str

    def to_dict(self) -> dict[str, Any]:
        return {
            "code": self.code,
            "cause": self.cause,
            "title": self.title,
            "severity": self.severity,
            "stage": self.stage,
            "confidence": self.confidence,
            "summary": self.summary,
            "evidence": [line.to_dict() for line in self.evidence],
            "remedy": {"text": self.remedy_text, "commands": list(self.remedy_commands)},
            "docUrl": self.doc_url,
        }


@dataclass(frozen=True)
class Check:
    """One thing that was looked at. A check that could not run is ``unknown`` and its detail says why."""

    id: str
    title: str
    status: CheckStatus
    detail: str = ""
    duration_ms: int = 0

    def to_dict(self) -> dict[str, Any]:
        return {
            "id": self.id,
            "title": self.title,
            "status": self.status,
            "detail": self.detail,
            "durationMs": self.duration_ms,
        }


@dataclass(frozen=True)
class Stage:
    """One stage of the deployment and the checks made on it."""

    stage: str
    status: CheckStatus
    checks: tuple[Check, ...] = ()

    def to_dict(self) -> dict[str, Any]:
        return {"stage": self.stage, "status": self.status, "checks": [check.to_dict() for check in self.checks]}


@dataclass(frozen=True)
class Report:
    """What a diagnosis says about one target."""

    target: dict[str, Any]
    verdict: Verdict
    failed_stage: str | None
    root_cause: Finding | None
    findings: tuple[Finding, ...] = ()
    stages: tuple[Stage, ...] = ()
    next_steps: tuple[str, ...] = ()
    redactions: dict[str, int] = field(default_factory=dict)

    def to_dict(self) -> dict[str, Any]:
        """The report in the documented shape, ready for az's output or for JSON."""
        return {
            "formatVersion": FORMAT_VERSION,
            "target": dict(self.target),
            "verdict": self.verdict,
            "failedStage": self.failed_stage,
            "rootCause": self.root_cause.to_dict() if self.root_cause else None,
            "findings": [finding.to_dict() for finding in self.findings],
            "stages": [stage.to_dict() for stage in self.stages],
            "nextSteps": list(self.next_steps),
            "redactions": dict(self.redactions),
        }
