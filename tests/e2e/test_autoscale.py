"""``az ml trouble autoscale`` through the real az: every source of traffic, every bad input, and a change that is
carried out."""
from __future__ import annotations

import random
from pathlib import Path
from typing import Any

import pytest

from tests.azuresim.client import SimulatedAzure, Workspace
from tests.e2e.trouble import Trouble, said

DESCRIBED = {
    "minReplicas", "maxReplicas", "targetUtilization", "predictedErrorShare", "p95WaitMs", "meanReplicas",
    "replicaHours",
}  # fmt: skip
T = "2026-01-05T10:00:"


@pytest.fixture(scope="module")
def log(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two hours of 5 requests a second of 2 s: 10 erlangs."""
    source, now = random.Random(1), 1_767_600_000.0
    rows = []
    while now < 1_767_607_200:
        now += source.expovariate(5)
        rows.append(f"{now:.3f},{source.expovariate(0.5):.3f}\n")
    path = tmp_path_factory.mktemp("traffic") / "requests.csv"
    path.write_text("timestamp,duration\n" + "".join(rows))
    return path


@pytest.fixture(scope="module")
def counts(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("traffic") / "counts.csv"
    rows = [f"2026-01-05T{minute // 60:02}:{minute % 60:02}:00Z,{60 + minute % 7 * 10}\n" for minute in range(600)]
    path.write_text("timestamp,count\n" + "".join(rows))
    return path


@pytest.fixture(scope="module")
def busy(azure: SimulatedAzure) -> Workspace:
    """A service that is at its maximum of 3 replicas; tests only read it."""
    return azure.scenario("autoscale-at-max")


def _words(value: Any) -> str | None:
    return " ".join(value) if isinstance(value, tuple) else None


def recommended(trouble: Trouble, *arguments: str) -> dict[str, Any]:
    result = trouble.run("autoscale", "recommend", *arguments)
    assert result.code == 0, result.stderr
    found = dict(result.json)
    assert {
        "service", "traffic", "guide", "current", "recommendation", "sensitivity", "tradeoffs", "reasons", "warnings",
        "assumptions", "commands", "timelines",
    } == set(found)  # fmt: skip
    assert set(found["recommendation"]) == DESCRIBED
    assert all(isinstance(found[key], list) for key in ("tradeoffs", "reasons", "warnings", "commands", "timelines"))
    assert [row["goal"] for row in found["tradeoffs"]] == [0.01, 0.001, 0.0001]
    return found


def test_figures_give_the_guides_number_and_need_no_login(stranger: Trouble) -> None:
    found = recommended(stranger, "--rps", "20", "--request-time", "10")
    guide = found["guide"]
    assert (guide["replicas"], guide["targetRps"], guide["reqTime"], guide["targetUtilization"]) == (286, 20, 10, 70)
    assert found["recommendation"]["predictedErrorShare"] <= 0.001
    assert "286 replicas" in stranger.table("autoscale", "recommend", "--rps", "20", "--request-time", "10")


def test_a_log_without_a_login(stranger: Trouble, log: Path) -> None:
    found = recommended(stranger, "--request-log", str(log))
    assert found["traffic"]["requests"] == pytest.approx(36_000, rel=0.05)
    assert 10 < found["recommendation"]["minReplicas"] < 40
    assert found["current"] is None


def test_counts_with_a_request_time(stranger: Trouble, counts: Path) -> None:
    found = recommended(stranger, "--request-counts", str(counts), "--request-time", "2")
    assert found["traffic"]["offeredErlangs"] == pytest.approx(3, rel=0.05)


def test_options_change_the_recommendation(stranger: Trouble, log: Path) -> None:
    plain = recommended(stranger, "--request-log", str(log))["recommendation"]
    four = recommended(stranger, "--request-log", str(log), "--concurrency", "4")["recommendation"]
    grown = recommended(stranger, "--request-log", str(log), "--growth", "3")["recommendation"]
    assert four["minReplicas"] < plain["minReplicas"] / 2
    assert grown["minReplicas"] > 2 * plain["minReplicas"]
    hurried = recommended(stranger, "--request-log", str(log), "--queue-wait", "0", "--start-delay", "300")
    assert any("no request waits" in note for note in hurried["assumptions"])
    assert any("300 s to start" in warning for warning in hurried["warnings"])


def test_the_services_own_settings_are_judged(trouble: Trouble, busy: Workspace, log: Path) -> None:
    found = recommended(trouble, "-n", "mysvc", *busy.arguments, "--request-log", str(log))
    assert (found["current"]["minReplicas"], found["current"]["maxReplicas"]) == (1, 3)
    assert found["current"]["predictedErrorShare"] > 0.5
    assert found["service"]["scoringTimeoutMs"] == 60_000
    assert found["service"]["memoryInGB"] == 0.5
    assert "maximum is reached now" in found["reasons"][0]
    assert any("both must be changed" in warning for warning in found["warnings"])
    assert f"-n mysvc --min-replicas {found['recommendation']['minReplicas']} " in found["commands"][0]
    assert f"-g {busy.resource_group} -w {busy.name}" in found["commands"][0]


def test_why_503_is_said_for_figures_too(trouble: Trouble, busy: Workspace) -> None:
    arguments = ("-n", "mysvc", *busy.arguments, "--rps", "20", "--request-time", "1")
    assert any("maximum of 3 is reached" in reason for reason in recommended(trouble, *arguments)["reasons"])


def test_the_table_has_a_picture_and_a_page_can_be_written(
    trouble: Trouble, busy: Workspace, log: Path, tmp_path: Path
) -> None:
    page = tmp_path / "replicas.html"
    arguments = ("autoscale", "recommend", "-n", "mysvc", *busy.arguments, "--request-log", str(log))
    assert "█" in trouble.table(*arguments)
    table = trouble.table(*arguments, "--report", str(page))
    assert "Why 503" in table
    assert "mysvc" in page.read_text("utf-8")
    assert "<script" not in page.read_text("utf-8")
    assert "--yes" in trouble.refused(*arguments, "--report", str(page))
    assert trouble.run(*arguments, "--report", str(page), "--yes").code == 0


def test_the_service_has_no_traffic_of_its_own(trouble: Trouble, busy: Workspace) -> None:
    message = trouble.refused("autoscale", "recommend", "-n", "mysvc", *busy.arguments, code=3)
    assert "--request-log" in message


def test_the_traffic_comes_from_application_insights(azure: SimulatedAzure, trouble: Trouble) -> None:
    workspace = azure.scenario(
        "healthy-aks",
        services={"mysvc": {"appInsightsEnabled": True}},
        insights={"mysvc": {"perHour": 3600, "milliseconds": 800, "hours": 3}},
    )
    found = recommended(trouble, "-n", "mysvc", *workspace.arguments)
    assert found["traffic"]["requests"] == 10_800
    assert found["traffic"]["offeredErlangs"] == pytest.approx(0.8, rel=0.01)
    assert any("Application Insights" in note for note in found["assumptions"])
    workspace.faults({"route": "arm.insights_query", "fault": "forbidden"})
    assert "Monitoring Reader" in trouble.refused("autoscale", "recommend", "-n", "mysvc", *workspace.arguments)


def test_application_insights_without_requests(azure: SimulatedAzure, trouble: Trouble) -> None:
    workspace = azure.scenario("healthy-aks", services={"mysvc": {"appInsightsEnabled": True}})
    message = trouble.refused("autoscale", "recommend", "-n", "mysvc", *workspace.arguments, code=3)
    assert "last 7 days" in message


@pytest.mark.parametrize("command", ["recommend", "apply"])
def test_a_service_on_aci_has_no_autoscaler(azure: SimulatedAzure, trouble: Trouble, command: str) -> None:
    workspace = azure.scenario("healthy-aci")
    given = {
        "recommend": ("--rps", "1", "--request-time", "1"),
        "apply": ("--min-replicas", "1", "--max-replicas", "2", "--yes"),
    }[command]
    assert "AKS" in trouble.refused("autoscale", command, "-n", "mysvc", *workspace.arguments, *given)


def test_an_unknown_service_is_not_found(trouble: Trouble, busy: Workspace) -> None:
    arguments = ("-n", "mysvcc", *busy.arguments, "--rps", "1", "--request-time", "1")
    assert "Did you mean 'mysvc'?" in trouble.refused("autoscale", "recommend", *arguments, code=3)


GOOD = ("--rps", "20", "--request-time", "1")


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ((), "no traffic"),
        (("--rps", "20"), "--request-time"),
        (("--rps", "-3", "--request-time", "1"), "-3"),
        (("--rps", "0", "--request-time", "1"), "request rate is 0"),
        (("--rps", "inf", "--request-time", "1"), "inf"),
        (("--rps", "1e30", "--request-time", "1"), "1e+30"),
        (("--rps", "20", "--request-time", "0"), "request time is 0"),
        (("--rps", "20", "--request-time", "1", "--peak-rps", "5"), "peak"),
        ((*GOOD, "--target-utilization", "170"), "utilization"),
        ((*GOOD, "--concurrency", "0"), "concurrency"),
        ((*GOOD, "--queue-wait", "-1"), "queue wait"),
        ((*GOOD, "--max-errors", "0"), "goal"),
        ((*GOOD, "--report", "page.pdf"), ".html"),
        ((*GOOD, "--request-log", "a.csv"), "cannot be used together"),
        (("--request-log", "a.csv", "--peak-rps", "1"), "--peak-rps"),
        (("--request-counts", "a.csv"), "--request-time"),
        (("--request-log", "no-such-file.csv"), "no-such-file.csv"),
        (("--request-log", "."), "could not be read"),
        (("-n", "mysvc"), "--workspace-name"),
    ],
    ids=_words,
)
def test_options_that_cannot_be(stranger: Trouble, arguments: tuple[str, ...], words: str) -> None:
    assert words in stranger.refused("autoscale", "recommend", *arguments)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("", "empty"),
        ("timestamp,duration\n", "0 requests"),
        (f"timestamp,duration\n{T}00Z,1\n", "1 request."),
        (f"timestamp,duration\n{T}00Z,1\n{T}01Z,-1\n", "line 3"),
        (f"timestamp,duration\n{T}00Z,1\n,1\n", "line 3 is empty"),
        (f"timestamp,duration\n{T}00Z,1\n1767607200,1\n", "several kinds"),
        (f"timestamp,duration\n{T}00Z,1\n{T}01,1\n", "several kinds"),
        (f"timestamp,duration\n{T}00Z,1\n{T}00Z,1\n", "same timestamp"),
        ("time,ms\n1,2\n", "Its first line names: time, ms"),
        ("\x00\x01\x02", "exactly one column"),
    ],
)
def test_logs_that_cannot_be_used(stranger: Trouble, tmp_path: Path, text: str, words: str) -> None:
    path = tmp_path / "bad.csv"
    path.write_text(text)
    assert words in said(stranger.refused("autoscale", "recommend", "--request-log", str(path)))


def test_what_is_assumed_of_a_log_is_said(stranger: Trouble, tmp_path: Path) -> None:
    path = tmp_path / "odd.csv"
    rows = [f"2026-01-05T{i // 60:02}:{i % 60:02}:00+01:00,1" for i in range(600)]
    rows += ["2026-01-05T00:00:30Z,1", rows[5], "2026-01-06T12:00:00Z,1"]
    path.write_text("timestamp,duration\n" + "\n".join(rows) + "\n")
    notes = " ".join(recommended(stranger, "--request-log", str(path))["assumptions"])
    for words in ("2 time zones", "it was sorted", "timestamp of another", "are few", "without traffic"):
        assert words in notes


def test_a_backtest_judges_all_policies(stranger: Trouble, log: Path) -> None:
    result = stranger.run("autoscale", "backtest", "--request-log", str(log))
    assert result.code == 0, result.stderr
    policies = {row["policy"]: row for row in result.json["policies"]}
    assert list(policies) == ["defaults", "guideAtMean", "guideAtPeak", "recommended", "cheapest"]
    assert policies["recommended"]["goalKept"]
    assert not policies["defaults"]["goalKept"]
    assert result.json["train"]["requests"] == pytest.approx(18_000, rel=0.05)
    table = stranger.table("autoscale", "backtest", "--request-log", str(log))
    assert "recommended" in table


def test_a_backtest_of_given_settings_and_assumptions(stranger: Trouble, log: Path) -> None:
    arguments = ("autoscale", "backtest", "--request-log", str(log), "--train-share", "0.75")
    settings = ("--min-replicas", "14", "--max-replicas", "14")
    queued, refused_at_once = (
        stranger.run(*arguments, *settings, "--queue-wait", wait).json for wait in ("2000", "0")
    )
    assert [row["policy"] for row in queued["policies"]] == ["given"]
    assert queued["policies"][0]["errorShare"] < refused_at_once["policies"][0]["errorShare"]
    assert queued["judge"]["hours"] == pytest.approx(0.5, abs=0.01)
    assert any("Queue wait 2000 ms" in note for note in queued["assumptions"])


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ((), "no traffic"),
        (("--train-share", "1"), "train share"),
        (("--min-replicas", "3"), "together"),
        (("--min-replicas", "3", "--max-replicas", "2"), "no range"),
        (("--smoothing", "-1"), "smoothing"),
    ],
    ids=_words,
)
def test_a_backtest_that_cannot_be(stranger: Trouble, log: Path, arguments: tuple[str, ...], words: str) -> None:
    source = ("--request-log", str(log)) if arguments else ()
    assert words in stranger.refused("autoscale", "backtest", *source, *arguments)


def test_a_backtest_judges_the_services_own_settings(trouble: Trouble, busy: Workspace, log: Path) -> None:
    result = trouble.run("autoscale", "backtest", "-n", "mysvc", *busy.arguments, "--request-log", str(log))
    first = result.json["policies"][0]
    assert (first["policy"], first["maxReplicas"], first["goalKept"]) == ("current", 3, False)


APPLY = ("autoscale", "apply", "-n", "mysvc", "--min-replicas", "12", "--max-replicas", "40")


def test_settings_are_applied_and_shown(azure: SimulatedAzure, trouble: Trouble) -> None:
    workspace = azure.scenario("autoscale-at-max")
    result = trouble.run(*APPLY, *workspace.arguments, "--target-utilization", "90", "--yes")
    assert result.code == 0, result.stderr
    found = result.json
    assert found["changed"]
    assert found["before"] == {
        "autoscaleEnabled": True, "minReplicas": 1, "maxReplicas": 3, "targetUtilization": 70,
    }  # fmt: skip
    assert found["after"] == {**found["before"], "minReplicas": 12, "maxReplicas": 40, "targetUtilization": 90}
    assert found["unchanged"]["queueWaitMs"] == 500
    assert found["operation"]["state"] == "Succeeded"
    assert [one["route"] for one in workspace.requests()].count("mms.service_update") == 1
    shown = trouble.run("service", "show", "-n", "mysvc", *workspace.arguments).json
    assert shown["autoScaler"]["minReplicas"] == 12
    again = trouble.run(*APPLY, *workspace.arguments).json
    assert (again["changed"], again["operation"]) == (False, None)
    assert "so already" in trouble.table(*APPLY, *workspace.arguments)


def test_nothing_is_changed_without_an_answer(azure: SimulatedAzure, trouble: Trouble) -> None:
    workspace = azure.scenario("healthy-aks")
    message = trouble.refused(*APPLY, *workspace.arguments)
    assert "--yes" in message
    assert "1..10 replicas at 70 % -> 12..40" in message
    assert not [one for one in workspace.requests() if one["method"] not in ("GET", "HEAD")]


def test_an_operation_that_fails_says_why(azure: SimulatedAzure, trouble: Trouble) -> None:
    error = {"code": "NoRoom", "statusCode": 400, "message": "The nodes have no room for 12 replicas.", "details": []}
    workspace = azure.scenario("healthy-aks", operations={"update-mysvc": {"state": "Failed", "error": error}})
    message = trouble.refused(*APPLY, *workspace.arguments, "--yes")
    assert "no room for 12 replicas" in message
    assert "diagnose -n mysvc" in message


def test_a_wait_ends_while_the_change_goes_on(azure: SimulatedAzure, trouble: Trouble) -> None:
    workspace = azure.scenario("healthy-aks")
    message = trouble.refused(*APPLY, *workspace.arguments, "--yes", "--timeout", "1")
    assert "goes on" in message


def test_a_fixed_number_of_replicas_is_not_scaled(azure: SimulatedAzure, trouble: Trouble) -> None:
    fixed = {"numReplicas": 3, "autoScaler": {"autoscaleEnabled": False}}
    workspace = azure.scenario("healthy-aks", services={"mysvc": fixed})
    assert "autoscale_enabled=True" in trouble.refused(*APPLY, *workspace.arguments, "--yes")
    found = recommended(trouble, "-n", "mysvc", *workspace.arguments, *GOOD)
    assert (found["current"]["minReplicas"], found["current"]["maxReplicas"]) == (3, 3)
    assert "fixed number of 3" in found["warnings"][0]


@pytest.mark.parametrize(
    ("fault", "words"),
    [("forbidden", "AzureML Data Scientist"), ("error-500", "could not be changed"), ("throttled", "changed")],
)
def test_a_change_that_azure_refuses(azure: SimulatedAzure, trouble: Trouble, fault: str, words: str) -> None:
    workspace = azure.scenario("healthy-aks")
    workspace.faults({"route": "mms.service_update", "fault": fault})
    assert words in trouble.refused(*APPLY, *workspace.arguments, "--yes")


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("--min-replicas", "0", "--max-replicas", "2"), "too small"),
        (("--min-replicas", "3", "--max-replicas", "2"), "below"),
        (("--min-replicas", "1", "--max-replicas", "2", "--target-utilization", "0"), "percentage"),
    ],
    ids=_words,
)
def test_settings_that_cannot_be(trouble: Trouble, busy: Workspace, arguments: tuple[str, ...], words: str) -> None:
    assert words in trouble.refused("autoscale", "apply", "-n", "mysvc", *busy.arguments, *arguments, "--yes")
