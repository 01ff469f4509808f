from __future__ import annotations

import json
import re
from typing import Any

import pytest
from hypothesis import given

from azext_mltrouble.render.sarif import render_sarif
from tests.render import report_factory as reports
from tests.render.hostile import hostile_text, terminal_controls


def run_of(result: Any) -> dict[str, Any]:
    """The one run of a log that keeps the standard's rules for the objects that it has."""
    log = json.loads(render_sarif(result))
    assert set(log) == {"$schema", "version", "runs"}
    assert log["version"] == "2.1.0"
    (run,) = log["runs"]
    assert set(run) == {"tool", "invocations", "results"}
    driver = run["tool"]["driver"]
    assert set(driver) == {"name", "rules"}
    identifiers = [rule["id"] for rule in driver["rules"]]
    assert len(set(identifiers)) == len(identifiers)
    for rule in driver["rules"]:
        assert set(rule) - {"helpUri"} == {
            "id", "name", "shortDescription", "help", "defaultConfiguration", "properties",
        }  # fmt: skip
        assert re.match("https?://", rule.get("helpUri", "https://"))
        assert rule["defaultConfiguration"]["level"] in {"error", "warning", "note"}
    for finding in run["results"]:
        assert identifiers[finding["ruleIndex"]] == finding["ruleId"]
        assert finding["level"] in {"error", "warning", "note"}
        assert set(finding["message"]) == {"text"}
        locations = [*finding["locations"], *finding["relatedLocations"]]
        assert len({json.dumps(location) for location in locations}) == len(locations)
        for location in locations:
            assert_location(location)
    for invocation in run["invocations"]:
        assert invocation["executionSuccessful"] is True
        assert all(note["level"] == "warning" for note in invocation["toolExecutionNotifications"])
    return run


def assert_location(location: dict[str, Any]) -> None:
    assert set(location) <= {"physicalLocation", "logicalLocations"}
    if "physicalLocation" in location:
        physical = location["physicalLocation"]
        assert re.fullmatch(r"(?:[A-Za-z0-9\-._~/]|%[0-9A-F]{2})*", physical["artifactLocation"]["uri"])
        assert physical["region"]["startLine"] >= 1
        assert isinstance(physical["region"]["snippet"]["text"], str)
    assert all(set(logical) == {"name", "kind"} for logical in location["logicalLocations"])


@pytest.mark.parametrize("report", reports.every_kind())
def test_every_report_is_a_log(report: dict[str, Any]) -> None:
    assert len(run_of(report)["results"]) == len(report["findings"])


def test_the_root_cause_comes_first_with_its_line() -> None:
    first, second = run_of(reports.failed())["results"]
    assert (first["ruleId"], first["level"], first["properties"]["rootCause"]) == ("MLT4103", "error", True)
    (location,) = first["locations"]
    assert location["physicalLocation"] == {
        "artifactLocation": {"uri": "container%20log"},
        "region": {"startLine": 43, "snippet": {"text": "ModuleNotFoundError: No module named 'ruamel'"}},
    }
    assert location["logicalLocations"] == [{"name": "mysvc", "kind": "resource"}]
    assert (second["ruleId"], second["level"], second["properties"]["rootCause"]) == ("MLT6001", "warning", False)
    assert "az ml trouble image build" in first["message"]["text"]


def test_an_unknown_check_is_a_notification_that_says_why() -> None:
    (note,) = run_of(reports.failed())["invocations"][0]["toolExecutionNotifications"]
    assert note["message"]["text"].startswith("mysvc, access: Key Vault access policies is unknown: 403 Forbidden.")


def test_several_reports_share_rules() -> None:
    run = run_of([reports.failed(), reports.failed(), reports.healthy()])
    assert len(run["results"]) == 4
    assert [rule["id"] for rule in run["tool"]["driver"]["rules"]] == ["MLT4103", "MLT6001"]


def test_nothing_to_report_is_an_empty_list() -> None:
    assert run_of(reports.healthy())["results"] == []
    assert run_of([])["results"] == []


def test_a_finding_without_evidence_is_about_the_target() -> None:
    bare = reports.finding(evidence=[])
    (result,) = run_of(reports.failed(rootCause=bare, findings=[bare]))["results"]
    assert result["locations"] == [{"logicalLocations": [{"name": "mysvc", "kind": "resource"}]}]


def test_text_from_logs_makes_no_links() -> None:
    hostile = reports.finding(summary="[click](https://evil.example) \\[")
    (result, _) = run_of(reports.failed(rootCause=hostile, findings=[hostile, reports.finding()]))["results"]
    assert result["message"]["text"].startswith("\\[click\\](https://evil.example) \\\\\\[")


@given(hostile_text)
def test_any_text_gives_a_log_without_controls(text: str) -> None:
    run = run_of(reports.filled_with(text))
    assert terminal_controls(run["results"][0]["message"]["text"]) <= {"\n", "\t"}
