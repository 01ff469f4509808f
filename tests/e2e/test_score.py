"""``service score``: the answer, its explanation, and a key that is seen nowhere."""
from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from tests.azuresim.client import SimulatedAzure, Workspace
from tests.e2e.trouble import Trouble, check_report, said

GOOD = '{"data": [[1, 2, 3]]}'


def service(azure: SimulatedAzure, scoring: dict[str, Any] | None = None, **fields: Any) -> Workspace:
    """A workspace whose service ``mysvc`` answers requests."""
    return azure.scenario("healthy-aks", services={"mysvc": {"scoring": scoring or {}, **fields}})


def score(trouble: Trouble, workspace: Workspace, data: str = GOOD, *more: str, **options: Any) -> dict[str, Any]:
    """The result; what must hold for every one is checked."""
    result = trouble.run("service", "score", "-n", "mysvc", "--data", data, *workspace.arguments, *more, **options)
    assert result.code == 0, result.stderr
    answer = dict(result.json)
    assert (answer["diagnosis"] is None) == (200 <= answer["status"] < 300)
    if answer["diagnosis"]:
        check_report(answer["diagnosis"])
        assert answer["diagnosis"]["verdict"] != "healthy"
    return answer


@pytest.fixture(scope="module")
def answering(azure: SimulatedAzure) -> Workspace:
    return service(azure)


def test_the_answer_with_status_headers_and_time(answering: Workspace, trouble: Trouble) -> None:
    answer = score(trouble, answering)
    assert (answer["status"], answer["reason"], answer["answer"]) == (200, "OK", [0.5])
    assert (answer["auth"], answer["complete"]) == ("key", True)
    assert answer["headers"]["x-ms-run-function-failed"] == "False"
    assert isinstance(answer["durationMs"], int)
    options = ("service", "score", "-n", "mysvc", "--data", GOOD, *answering.arguments)
    assert "Status 200 OK in" in said(trouble.table(*options))
    assert trouble.run(*options, "--query", "answer[0]", "-o", "tsv").stdout == "0.5\n"


def test_the_body_from_a_file_and_from_standard_input(
    answering: Workspace, trouble: Trouble, tmp_path: Path
) -> None:
    path = tmp_path / "request.json"
    path.write_text(GOOD)
    assert score(trouble, answering, f"@{path}")["status"] == 200
    assert score(trouble, answering, "-", stdin=GOOD)["status"] == 200


@pytest.mark.parametrize(
    ("fields", "kind"),
    [({}, "key"), ({"authEnabled": False, "aadAuthEnabled": True}, "token"), ({"authEnabled": False}, "none")],
    ids=str,
)
def test_the_service_is_called_as_it_wants_to_be(
    azure: SimulatedAzure, trouble: Trouble, fields: dict[str, Any], kind: str
) -> None:
    workspace = service(azure, {"echo": True}, **fields)
    answer = score(trouble, workspace, GOOD, "--debug")
    assert (answer["auth"], answer["status"]) == (kind, 200)
    sent = {name.lower(): value for name, value in answer["answer"]["headers"].items()}
    assert sent["content-type"] == "application/json"
    assert sent.get("authorization") == (None if kind == "none" else "Bearer ***")


def test_a_key_over_http_is_warned_about(answering: Workspace, trouble: Trouble) -> None:
    result = trouble.run("service", "score", "-n", "mysvc", "--data", GOOD, *answering.arguments)
    assert "unencrypted" in result.stderr


def test_a_body_that_does_not_fit_makes_run_fail(azure: SimulatedAzure, trouble: Trouble) -> None:
    workspace = service(azure, logs={"main": "Users's init has completed successfully\n"})
    answer = score(trouble, workspace, '{"rows": []}')
    assert answer["status"] == 500
    assert answer["headers"]["x-ms-run-function-failed"] == "True"
    assert answer["diagnosis"]["failedStage"] == "scoring"
    assert answer["diagnosis"]["rootCause"]["cause"] == "input_schema_mismatch"
    options = ("service", "score", "-n", "mysvc", "--data", '{"rows": []}', *workspace.arguments)
    table = trouble.table(*options)
    assert "Cause" in table
    assert trouble.run(*options, "--fail-on", "error").code == 10


@pytest.mark.parametrize(
    ("scoring", "stage", "cause"),
    [
        ({"status": 502, "headers": {"x-ms-run-function-failed": "True"}, "body": "name 'np' is not defined"},
         "scoring", "run_exception_other"),
        ({"status": 503, "body": "Service Unavailable"}, "scale", "replicas_exhausted_503"),
        ({"status": 504, "body": "Gateway Timeout"}, "scoring", "scoring_timeout"),
        ({"status": 400, "body": "POST body should be a JSON dictionary"}, "scoring", "input_schema_mismatch"),
        ({"status": 404, "body": "nothing here"}, "scoring", "endpoint_route_not_found"),
    ],
    ids=lambda value: str(value.get("status")) if isinstance(value, dict) else None,
)  # fmt: skip
def test_a_status_is_explained(
    azure: SimulatedAzure, trouble: Trouble, scoring: dict[str, Any], stage: str, cause: str
) -> None:
    answer = score(trouble, service(azure, scoring))
    assert answer["status"] == scoring["status"]
    assert (answer["diagnosis"]["failedStage"], answer["diagnosis"]["rootCause"]["cause"]) == (stage, cause)


def test_a_refused_key_fails(azure: SimulatedAzure, trouble: Trouble) -> None:
    workspace = service(azure, {"wants_key": True}, authEnabled=False)
    answer = score(trouble, workspace)
    assert (answer["status"], answer["auth"]) == (401, "none")
    assert answer["diagnosis"]["rootCause"]["cause"] == "endpoint_auth_invalid_key"
    options = ("service", "score", "-n", "mysvc", "--data", GOOD, *workspace.arguments)
    assert trouble.run(*options, "--fail-on", "error").code == 10


def test_the_request_is_sent_once(azure: SimulatedAzure, trouble: Trouble) -> None:
    workspace = service(azure, {"status": 503})
    score(trouble, workspace)
    assert [one["route"] for one in workspace.requests()].count("score") == 1


def test_an_unreadable_log_leaves_the_explanation(azure: SimulatedAzure, trouble: Trouble) -> None:
    workspace = service(azure, {"status": 504, "body": "Gateway Timeout"})
    workspace.faults({"route": "mms.service_logs", "fault": "forbidden"})
    report = score(trouble, workspace)["diagnosis"]
    assert report["rootCause"]["cause"] == "scoring_timeout"
    unknown = [check for stage in report["stages"] for check in stage["checks"] if check["status"] == "unknown"]
    assert [check["id"] for check in unknown] == ["container-log"]


@pytest.mark.parametrize("data", ["{data: 1}", "", "{'data': [1]}", "@no-such-file.json", "[" * 100_000])
def test_what_is_no_json_is_not_sent(azure: SimulatedAzure, trouble: Trouble, data: str) -> None:
    workspace = service(azure)
    trouble.refused("service", "score", "-n", "mysvc", f"--data={data}", *workspace.arguments)
    assert workspace.requests() == []


def test_a_slow_answer_is_not_waited_for_without_end(azure: SimulatedAzure, trouble: Trouble) -> None:
    workspace = service(azure)
    workspace.faults({"route": "score", "latency_ms": 20_000})
    options = ("-n", "mysvc", "--data", GOOD, "--timeout", "1", *workspace.arguments)
    assert "--timeout 2" in trouble.refused("service", "score", *options)
    trouble.refused("service", "score", "-n", "mysvc", "--data", GOOD, "--timeout", "0", *workspace.arguments)


@pytest.mark.parametrize("fault", ["reset", "truncated", "drip"])
def test_a_broken_connection_is_an_error(azure: SimulatedAzure, trouble: Trouble, fault: str) -> None:
    workspace = service(azure, {"answer": [0.25] * 100})
    workspace.faults({"route": "score", "fault": fault})
    options = ("-n", "mysvc", "--data", GOOD, "--timeout", "3", *workspace.arguments)
    assert "az ml trouble diagnose -n mysvc" in trouble.refused("service", "score", *options)


def test_without_the_right_to_the_keys_the_role_is_named(azure: SimulatedAzure, trouble: Trouble) -> None:
    workspace = service(azure)
    workspace.faults({"route": "mms.service_keys", "fault": "forbidden"})
    message = trouble.refused("service", "score", "-n", "mysvc", "--data", GOOD, *workspace.arguments)
    assert "AzureML Data Scientist" in message


def test_a_service_without_an_address_cannot_be_scored(azure: SimulatedAzure, trouble: Trouble) -> None:
    workspace = azure.scenario("crash-in-init", services={"mysvc": {"scoringUri": None}})
    message = trouble.refused("service", "score", "-n", "mysvc", "--data", GOOD, *workspace.arguments, code=3)
    assert "service wait" in message


@pytest.mark.parametrize(
    "body",
    ["\x1b[2J<html>\x07", "\udcff\udcfe", "x" * 900_000, "[" * 100_000, '{"log": "AccountKey=' + "a1" * 43 + '=="}'],
    ids=["escapes", "bytes", "large", "deep", "secret"],
)
def test_a_hostile_answer_harms_nobody(azure: SimulatedAzure, trouble: Trouble, body: str) -> None:
    workspace = service(azure, {"status": 200, "body": body})
    answer = score(trouble, workspace)
    assert "a1a1a1" not in str(answer["answer"])
    trouble.table("service", "score", "-n", "mysvc", "--data", GOOD, *workspace.arguments)
