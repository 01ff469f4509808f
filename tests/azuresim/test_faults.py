"""Each fault does what it says, on every route, as often as asked."""
from __future__ import annotations

import itertools
import time
from collections.abc import Iterator

import pytest
import requests

from tests.azuresim import arm, faults, ml
from tests.azuresim.client import SimulatedAzure, Workspace
from tests.azuresim.routing import Route
from tests.azuresim.test_refusals import Ask, ask, code_of, mms, token  # noqa: F401 - fixtures


@pytest.fixture(scope="module")
def workspace(azure: SimulatedAzure) -> Workspace:
    return azure.scenario("healthy-aci")


@pytest.fixture
def service(azure: SimulatedAzure, workspace: Workspace) -> Iterator[str]:
    """The address of a service; its faults end with the test."""
    yield f"{mms(azure, workspace)}/services/mysvc"
    workspace.faults()


@pytest.mark.parametrize(("fault", "status", "code"), [
    ("expired-token", 401, "ExpiredAuthenticationToken"), ("forbidden", 403, "AuthorizationFailed"),
    ("not-found", 404, "ResourceNotFound"), ("throttled", 429, "TooManyRequests"),
    ("error-500", 500, "InternalServerError"), ("error-503", 503, "ServiceUnavailable"),
])
def test_refusals(workspace: Workspace, service: str, ask: Ask, fault: str, status: int, code: str) -> None:  # noqa: F811
    workspace.faults({"route": "mms.service", "fault": fault})
    answer = ask("GET", service)
    assert (answer.status_code, code_of(answer)) == (status, code)
    if fault == "forbidden":
        assert "Microsoft.MachineLearningServices/workspaces/services/read" in answer.text
    if fault == "throttled":
        assert answer.headers["Retry-After"] == "1"
    assert ask("GET", service.rpartition("/")[0]).status_code == 200, "another route"
    assert workspace.requests()[-2]["status"] == status


def test_bad_gateway(workspace: Workspace, service: str, ask: Ask) -> None:  # noqa: F811
    workspace.faults({"route": "mms.*", "fault": "error-502"})
    answer = ask("GET", service)
    assert (answer.status_code, answer.headers["Content-Type"]) == (502, "text/html")


def test_times(workspace: Workspace, service: str, ask: Ask) -> None:  # noqa: F811
    workspace.faults({"route": "mms.service", "fault": "error-503", "times": 2, "retry_after": 7})
    answers = [ask("GET", service) for _ in range(4)]
    assert [answer.status_code for answer in answers] == [503, 503, 200, 200]
    assert answers[0].headers["Retry-After"] == "7"


@pytest.mark.parametrize("fault", ["broken-json", "wrong-content-type", "empty"])
def test_answers_that_are_no_json(workspace: Workspace, service: str, ask: Ask, fault: str) -> None:  # noqa: F811
    workspace.faults({"route": "mms.service", "fault": fault})
    answer = ask("GET", service)
    assert answer.status_code == 200
    assert (answer.headers["Content-Type"] == "text/html") == (fault == "wrong-content-type")
    with pytest.raises(ValueError, match=r".*"):
        answer.json()


@pytest.mark.parametrize("fault", ["reset", "truncated"])
def test_broken_connections(workspace: Workspace, service: str, ask: Ask, fault: str) -> None:  # noqa: F811
    workspace.faults({"route": "mms.service", "fault": fault})
    with pytest.raises((requests.ConnectionError, requests.exceptions.ChunkedEncodingError)):
        ask("GET", service)


def test_an_answer_that_never_comes(azure: SimulatedAzure, workspace: Workspace, service: str) -> None:
    workspace.faults({"route": "mms.service", "fault": "hang"})
    with pytest.raises(requests.ReadTimeout):
        requests.get(service, verify=azure.started["ca"], timeout=1)


def test_an_answer_byte_by_byte(azure: SimulatedAzure, workspace: Workspace, service: str) -> None:
    workspace.faults({"route": "mms.service", "fault": "drip"})
    with requests.get(service, verify=azure.started["ca"], stream=True, timeout=5) as answer:
        start = time.monotonic()
        assert len(b"".join(itertools.islice(answer.iter_content(1), 4))) == 4
    assert time.monotonic() - start >= 0.4


def test_latency(workspace: Workspace, service: str, ask: Ask) -> None:  # noqa: F811
    workspace.faults({"latency_ms": 300})
    start = time.monotonic()
    assert ask("GET", service).status_code == 200
    assert time.monotonic() - start >= 0.3


@pytest.mark.parametrize("fault", ["expired-sas", "error-500", "throttled", "truncated", "empty", "reset", "forbidden"])
def test_blobs(azure: SimulatedAzure, workspace: Workspace, service: str, ask: Ask, fault: str) -> None:  # noqa: F811
    address = ask("GET", f"{mms(azure, workspace)}/images/mysvc:1").json()["imageBuildLogUri"]
    workspace.faults({"route": "blob.read", "fault": fault})
    if fault in ("truncated", "reset"):
        with pytest.raises((requests.ConnectionError, requests.exceptions.ChunkedEncodingError)):
            ask("GET", address, None)
        return
    answer = ask("GET", address, None)
    status = {"expired-sas": 403, "error-500": 500, "throttled": 429, "empty": 200, "forbidden": 403}[fault]
    assert answer.status_code == status
    assert answer.content == b"" if fault == "empty" else b"<Error>" in answer.content


@pytest.mark.parametrize("route", [*arm.ROUTES, *ml.ROUTES], ids=lambda route: route.name)
def test_every_route_can_fail(route: Route) -> None:
    plane = "arm" if route in arm.ROUTES else "ml"
    for name in faults.ANSWERS:
        reply = faults.answer(faults.Fault(fault=name), plane, route.action, "/scope", "someone")
        assert reply.status >= 400
        assert reply.body


def test_unknown_faults_are_refused(workspace: Workspace) -> None:
    with pytest.raises(ValueError, match="unknown fault 'bogus'"):
        workspace.faults({"route": "*", "fault": "bogus"})


def test_requests_are_recorded_without_secrets(azure: SimulatedAzure, workspace: Workspace, service: str,
                                               ask: Ask) -> None:  # noqa: F811
    address = ask("GET", f"{mms(azure, workspace)}/images/mysvc:1").json()["imageBuildLogUri"]
    ask("GET", address, None)
    ask("GET", service, **{"expand": "true"})
    blob, last = workspace.requests()[-2:]
    assert (blob["route"], blob["query"]["sig"]) == ("blob.read", "…")
    assert (last["method"], last["route"], last["query"], last["status"]) == \
        ("GET", "mms.service", {"expand": "true"}, 200)
    assert "Authorization" in last["headers"]
    assert "Bearer" not in str(last)
