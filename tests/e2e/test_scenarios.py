"""``diagnose`` of every scenario of the simulated Azure: verdict, stage and cause, as JSON and as a table."""
from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.azuresim.client import SimulatedAzure
from tests.azuresim.scenario import FOLDER
from tests.e2e.trouble import Trouble, said


@dataclass(frozen=True)
class Expected:
    """What the doctor must say. ``name`` is the deployment to ask about."""

    verdict: str
    stage: str | None = None
    cause: str | None = None
    name: str = "mysvc"


SCENARIOS = {
    "healthy-aci": Expected("healthy"),
    "crash-in-init": Expected("failed", "launch", "python_module_missing"),
}


def test_every_scenario_is_expected() -> None:
    assert sorted(SCENARIOS) == sorted(path.stem for path in Path(FOLDER).glob("*.yaml"))


@pytest.mark.parametrize("scenario", SCENARIOS)
def test_the_doctor_names_stage_and_cause(azure: SimulatedAzure, trouble: Trouble, scenario: str) -> None:
    expected = SCENARIOS[scenario]
    workspace = azure.scenario(scenario)
    report = trouble.report("-n", expected.name, *workspace.arguments)
    root = report["rootCause"]
    assert (report["verdict"], report["failedStage"], root and root["cause"]) == (
        expected.verdict,
        expected.stage,
        expected.cause,
    )
    assert report["target"]["name"] == expected.name
    assert report["target"]["workspace"] == workspace.name
    assert report["target"]["resourceGroup"] == workspace.resource_group
    unread = [check for stage in report["stages"] for check in stage["checks"] if check["status"] == "unknown"]
    assert unread == [], "nothing stands in the way of any read"

    table = said(trouble.table("diagnose", "-n", expected.name, *workspace.arguments))
    assert expected.name in table
    if root:
        assert expected.stage in table
        assert root["code"] in table
        assert said(root["title"]) in table
        assert said(root["remedy"]["text"])[:40] in table


@pytest.mark.parametrize("scenario", SCENARIOS)
def test_the_exit_code_follows_the_findings(azure: SimulatedAzure, trouble: Trouble, scenario: str) -> None:
    expected = SCENARIOS[scenario]
    workspace = azure.scenario(scenario)
    result = trouble.run("diagnose", "-n", expected.name, *workspace.arguments, "--fail-on", "error", "-o", "tsv")
    assert result.code == (10 if expected.verdict == "failed" else 0)
    assert result.stdout


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
    workspace = azure.scenario("crash-in-init")
    result = trouble.run("diagnose", "--all", *workspace.arguments, "--fail-on", "error")
    assert result.code == 10
    assert [report["target"]["name"] for report in result.json] == ["mysvc"]
    table = trouble.table("diagnose", "--all", *workspace.arguments)
    assert "mysvc" in table
    assert "launch" in table


def test_all_of_an_empty_workspace_is_an_empty_list(azure: SimulatedAzure, trouble: Trouble) -> None:
    workspace = azure.scenario("healthy-aci", services={"mysvc": None})
    result = trouble.run("diagnose", "--all", *workspace.arguments, "--generation", "v2", "--fail-on", "warning")
    assert result.code == 0
    assert result.json == []
