"""``diagnose`` of every scenario of the simulated Azure: verdict, stage and cause, as JSON and as a table."""
from __future__ import annotations

from dataclasses import dataclass

import pytest

from tests.azuresim.client import SimulatedAzure
from tests.azuresim.scenario import names_of_files
from tests.e2e.trouble import Trouble, check_report, said, unread


@dataclass(frozen=True)
class Expected:
    """What the doctor must say about ``mysvc``, and which checks cannot be made (``unread``)."""

    verdict: str
    stage: str | None = None
    cause: str | None = None
    options: tuple[str, ...] = ()
    unread: tuple[str, ...] = ()


HEALTHY = Expected("healthy")
CRASHING = Expected("failed", "launch", "missing_python_module")
SCENARIOS = {
    "autoscale-at-max": Expected("degraded", "scale", "replicas_exhausted_503"),
    "both-generations": Expected("failed", "launch", "missing_python_module", options=("--generation", "v1")),
    "build-conda-unsatisfiable": Expected("failed", "image", "conda_unsatisfiable"),
    "build-log-expired": Expected("failed", "image", "image_build_failed_undetermined", unread=("image-build-log",)),
    "build-pip-no-match": Expected("failed", "image", "pip_no_matching_distribution"),
    "crash-in-init": CRASHING,
    "environment-healthy": HEALTHY,
    "exception-in-run": Expected("failed", "scoring", "run_exception_other"),
    "healthy-aci": HEALTHY,
    "healthy-aks": HEALTHY,
    "image-pull-failed": Expected("failed", "access", "acr_auth_denied"),
    "image-versions": CRASHING,
    "model-path-missing": Expected("failed", "launch", "model_file_not_found"),
    "out-of-memory": Expected("failed", "launch", "oom_killed"),
    "registry-denied": Expected("failed", "access", "acr_auth_denied"),
    "secrets-in-logs": CRASHING,
    "several-services": CRASHING,
    "tls-key": HEALTHY,
    "transitioning": Expected("unknown"),
    "unschedulable": Expected("failed", "deploy", "aks_insufficient_resources"),
    "vault-policy-wiped": Expected("failed", "access", "keyvault_policy_wiped"),
    "vault-rbac": HEALTHY,
}
#: Scenarios of which there is no deployment to diagnose: tests of their own.
WITHOUT_DEPLOYMENT = {"empty"}


def test_every_scenario_is_expected() -> None:
    assert {*SCENARIOS, *WITHOUT_DEPLOYMENT} == set(names_of_files())


@pytest.mark.parametrize("scenario", SCENARIOS)
def test_the_doctor_names_stage_and_cause(azure: SimulatedAzure, trouble: Trouble, scenario: str) -> None:
    expected = SCENARIOS[scenario]
    workspace = azure.scenario(scenario)
    arguments = ("-n", "mysvc", *workspace.arguments, *expected.options)
    report = trouble.report(*arguments)
    root = report["rootCause"]
    assert (report["verdict"], report["failedStage"], root and root["cause"]) == (
        expected.verdict,
        expected.stage,
        expected.cause,
    )
    assert report["target"]["name"] == "mysvc"
    assert report["target"]["workspace"] == workspace.name
    assert report["target"]["resourceGroup"] == workspace.resource_group
    assert unread(report) == list(expected.unread)

    table = said(trouble.table("diagnose", *arguments))
    assert "mysvc" in table
    if root:
        assert report["failedStage"] in table
        assert root["code"] in table
        assert said(root["title"]) in table
        assert said(root["remedy"]["text"])[:40] in table


@pytest.mark.parametrize("scenario", SCENARIOS)
def test_the_exit_code_follows_the_findings(azure: SimulatedAzure, trouble: Trouble, scenario: str) -> None:
    expected = SCENARIOS[scenario]
    workspace = azure.scenario(scenario)
    options = (*workspace.arguments, *expected.options, "--fail-on", "error", "-o", "tsv", "--query", "verdict")
    result = trouble.run("diagnose", "-n", "mysvc", *options)
    assert result.code == (10 if expected.verdict == "failed" else 0)
    assert result.stdout == f"{expected.verdict}\n"


def test_an_empty_workspace_has_no_such_service(azure: SimulatedAzure, trouble: Trouble) -> None:
    workspace = azure.scenario("empty")
    assert "mysvc" in trouble.refused("diagnose", "-n", "mysvc", *workspace.arguments, code=3)
    assert trouble.run("diagnose", "--all", *workspace.arguments, "--fail-on", "warning").json == []
    trouble.table("diagnose", "--all", *workspace.arguments)


def test_only_reads_are_sent(azure: SimulatedAzure, trouble: Trouble) -> None:
    workspace = azure.scenario("crash-in-init")
    trouble.report("-n", "mysvc", *workspace.arguments)
    asked = workspace.requests()
    assert asked
    # exportTemplate is Azure's read of a deployment's template, and a POST
    writes = [one for one in asked if one["method"] != "GET" and not one["path"].endswith("/exportTemplate")]
    assert writes == []


def test_the_configured_defaults_are_used(azure: SimulatedAzure, trouble: Trouble) -> None:
    workspace = azure.scenario("crash-in-init")
    defaults = {"AZURE_DEFAULTS_GROUP": workspace.resource_group, "AZURE_DEFAULTS_WORKSPACE": workspace.name}
    assert trouble.report("-n", "mysvc", **defaults)["target"]["workspace"] == workspace.name


def test_all_deployments_of_a_workspace(azure: SimulatedAzure, trouble: Trouble) -> None:
    workspace = azure.scenario("several-services")
    result = trouble.run("diagnose", "--all", *workspace.arguments, "--fail-on", "error")
    assert result.code == 10
    for report in result.json:
        check_report(report)
    verdicts = {report["target"]["name"]: report["verdict"] for report in result.json}
    assert list(verdicts) == sorted(verdicts)
    assert [name for name, verdict in verdicts.items() if verdict == "failed"] == ["mysvc"]
    table = trouble.table("diagnose", "--all", *workspace.arguments)
    assert all(name in table for name in verdicts)


def test_all_goes_on_past_a_deployment_that_cannot_be_read(azure: SimulatedAzure, trouble: Trouble) -> None:
    workspace = azure.scenario("several-services")
    workspace.faults({"route": "mms.service", "fault": "forbidden"}, {"route": "mms.operation", "fault": "forbidden"})
    result = trouble.run("diagnose", "--all", *workspace.arguments)
    assert result.code == 0
    assert len(result.json) > 1
    for report in result.json:
        check_report(report)
        assert unread(report)
