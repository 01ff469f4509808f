"""Reports made by hand, in the documented shape."""
from __future__ import annotations

import copy
from typing import Any

#: A log line as an attacker would write it: terminal escapes, markup of every format, a bidirectional override.
HOSTILE = (
    "\x1b[31mred\x1b[0m \x1b]0;owned\x07 \x9b2J <script>alert(1)</script> <img src=x onerror=alert(1)> "
    "]]> --> &amp; ``` ~~~~ | [click](javascript:alert(1)) ![x](https://evil.example/p.png) @everyone "
    "https://evil.example/ #1 \u202egnp.exe \ud800 \x00\ufffe"
)


def finding(**changes: Any) -> dict[str, Any]:
    """The finding of a service whose entry script imports a package that the image lacks."""
    return {
        "code": "MLT4103",
        "cause": "module_not_found",
        "title": "A Python module that the entry script imports is not in the image",
        "severity": "error",
        "stage": "launch",
        "confidence": "high",
        "summary": "The container stops because init() imports 'ruamel', which the environment does not install.",
        "evidence": [
            {"source": "container log", "line": 43, "text": "ModuleNotFoundError: No module named 'ruamel'"},
            {"source": "container group", "line": None, "text": "scoring-container: CrashLoopBackOff, exit code 111"},
        ],
        "remedy": {
            "text": "Add the package to the environment, then build the image again.",
            "commands": [
                "az ml trouble image build --name mysvc --environment environment.yml --model sklearn_mnist:3 "
                "--workspace-name ml-prod --resource-group rg-ml"
            ],
        },
        "docUrl": "https://learn.microsoft.com/azure/machine-learning/v1/how-to-troubleshoot-deployment",
        **changes,
    }


def check(title: str, status: str, detail: str = "", duration_ms: int = 0) -> dict[str, Any]:
    return {
        "id": title.lower().replace(" ", "-"),
        "title": title,
        "status": status,
        "detail": detail,
        "durationMs": duration_ms,
    }


def stages() -> list[dict[str, Any]]:
    return [
        {"stage": "register", "status": "passed", "checks": [check("Registered model", "passed", "", 81)]},
        {
            "stage": "image",
            "status": "passed",
            "checks": [check("Image", "passed", "", 64), check("Build log", "passed", "1204 lines", 1310)],
        },
        {"stage": "deploy", "status": "passed", "checks": [check("Deployment operation", "passed", "", 70)]},
        {
            "stage": "launch",
            "status": "failed",
            "checks": [
                check("Container state", "failed", "CrashLoopBackOff: back-off 40s restarting failed container", 120),
                check("Container log", "passed", "212 lines", 340),
            ],
        },
        {"stage": "scoring", "status": "skipped", "checks": []},
        {"stage": "scale", "status": "skipped", "checks": []},
        {
            "stage": "access",
            "status": "unknown",
            "checks": [
                check(
                    "Key Vault access policies",
                    "unknown",
                    "403 Forbidden. Ask for the Reader role on the key vault mlprodkv.",
                    95,
                )
            ],
        },
    ]


def failed(**changes: Any) -> dict[str, Any]:
    """A report with a root cause; ``changes`` replace top-level fields."""
    root_cause = finding()
    scale = finding(
        code="MLT6001",
        cause="autoscale_limit",
        title="All replicas are busy and autoscaling has reached its limit",
        severity="warning",
        stage="scale",
        confidence="medium",
        summary="Requests were refused with 503 while 10 of 10 replicas were running.",
        evidence=[{"source": "service", "line": None, "text": "autoScaler.maxReplicas: 10"}],
    )
    return {
        "formatVersion": "1.0",
        "target": {
            "name": "mysvc",
            "kind": "service",
            "generation": "v1",
            "compute": "ACI",
            "workspace": "ml-prod",
            "resourceGroup": "rg-ml",
            "state": "Failed",
        },
        "verdict": "failed",
        "failedStage": "launch",
        "rootCause": root_cause,
        "findings": [copy.deepcopy(root_cause), scale],
        "stages": stages(),
        "nextSteps": ["az ml trouble local run --image mysvc:3 --workspace-name ml-prod --resource-group rg-ml"],
        "redactions": {"sas": 2, "key": 1},
        **changes,
    }


def degraded() -> dict[str, Any]:
    """A service that answers, but refuses requests."""
    report = failed(verdict="degraded", failedStage="scale")
    scale = report["findings"][1]
    return {**report, "rootCause": scale, "findings": [scale]}


def healthy() -> dict[str, Any]:
    report = failed(verdict="healthy", failedStage=None, rootCause=None, findings=[], nextSteps=[], redactions={})
    report["target"]["state"] = "Healthy"
    report["stages"] = [
        {"stage": stage, "status": "passed", "checks": [check(f"Check of {stage}", "passed")]}
        for stage in ("register", "image", "deploy", "launch", "scoring", "scale")
    ]
    return report


def unknown() -> dict[str, Any]:
    """A log in which nothing is recognised."""
    return failed(
        target={
            "name": "build.log",
            "kind": "log",
            "generation": None,
            "compute": None,
            "workspace": None,
            "resourceGroup": None,
            "state": None,
        },
        verdict="unknown",
        failedStage=None,
        rootCause=None,
        findings=[],
        stages=[
            {
                "stage": "image",
                "status": "unknown",
                "checks": [check("build.log", "unknown", "No known cause; the last line is: Killed by operator")],
            }
        ],
        nextSteps=["az ml trouble image log --name mysvc", "az ml trouble service log --name mysvc --init"],
        redactions={},
    )


def filled_with(text: str) -> dict[str, Any]:
    """A failed report in which every text is ``text``."""
    quote = {"source": text, "line": 7, "text": text}
    cause = finding(
        title=text,
        summary=text,
        evidence=[quote] * 5,
        remedy={"text": text, "commands": [text] * 6},
        docUrl=text,
    )
    other = {**cause, "code": "MLT4999", "severity": "warning"}
    statuses = ("failed", "warning", "unknown", "passed", "skipped")
    return failed(
        target=dict.fromkeys(("name", "kind", "generation", "compute", "workspace", "resourceGroup", "state"), text),
        rootCause=cause,
        findings=[cause, *[other] * 7],
        stages=[
            {"stage": "launch", "status": "failed", "checks": [check(text, status, text, 1500) for status in statuses]}
        ],
        nextSteps=[text],
        redactions={text: 2},
    )


def every_kind() -> list[dict[str, Any]]:
    return [failed(), degraded(), healthy(), unknown(), filled_with(HOSTILE)]
