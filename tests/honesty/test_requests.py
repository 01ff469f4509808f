"""Our reads are azureml-core's: every request of ours to the services of v1 is one that the SDK sends as well."""
from __future__ import annotations

import json
import urllib.parse
import urllib.request
from typing import Any

import pytest
from azure.core.credentials import AccessToken

from azext_mltrouble.cloud.session import Session, WorkspaceScope
from azext_mltrouble.evidence.collect import collect
from tests.azuresim import scenario
from tests.azuresim.client import SimulatedAzure
from tests.honesty.conftest import Reading

#: The planes on which both read; the rest (key vault, container groups, endpoints of v2) the SDK never looks at.
_SHARED = ("arm.workspace", "ml.", "mms.", "env.")
_NO_TARGET = ("empty",)  # nothing there to be diagnosed
_AUDIENCE = "https://management.core.windows.net/"


class _Identity:
    """azure-core's credential over the managed identity of the simulated Azure."""

    def __init__(self, azure: SimulatedAzure) -> None:
        self._started = azure.started

    def get_token(self, *scopes: str, **_options: Any) -> AccessToken:
        query = urllib.parse.urlencode({"api-version": "2019-08-01", "resource": _AUDIENCE})
        request = urllib.request.Request(f"{self._started['identityEndpoint']}?{query}",
                                         headers={"X-IDENTITY-HEADER": self._started["identityHeader"]})
        with urllib.request.urlopen(request) as answer:
            token = json.load(answer)
        return AccessToken(token["access_token"], int(token["expires_on"]))


def _shared(requests: list[dict[str, Any]]) -> dict[tuple[str, str, str], str]:
    """Requests on the planes that both read: (method, path as sent, query) and the route of each."""
    return {(one["method"], one["rawPath"], urllib.parse.urlencode(sorted(one["query"].items()))): one["route"]
            for one in requests if one["route"].startswith(_SHARED)}


def _deployment(held: scenario.Scenario) -> str:
    return next(iter(held.services), None) or held.images[0]["name"]


@pytest.fixture(params=[name for name in scenario.names_of_files() if name not in _NO_TARGET])
def reading(request: pytest.FixtureRequest, readings: dict[str, Reading]) -> Reading:
    return readings[request.param]


def test_our_requests_are_the_sdks_and_none_is_sent_twice(reading: Reading, azure: SimulatedAzure,
                                                           monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", azure.started["ca"])
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    names = reading.held.names
    before = len(reading.workspace.requests())
    session = Session(_Identity(azure), names.subscription, scenario.TENANT, azure.started["arm"], _AUDIENCE)
    evidence = collect(session, WorkspaceScope(names.subscription, names.resource_group, names.workspace),
                       _deployment(reading.held), "v1")
    asked = reading.workspace.requests()[before:]
    ours, theirs = _shared(asked), _shared(reading.asked)
    assert {key: route for key, route in ours.items() if key not in theirs} == {}
    assert {"arm.workspace", "ml.discovery", "mms.service"} <= set(ours.values())
    if evidence.target.kind == "service" and reading.held.services:
        assert {"mms.service_logs", "mms.operation"} <= set(ours.values())
    sent = [(one["method"], one["rawPath"], json.dumps(one["query"], sort_keys=True)) for one in asked]
    assert len(sent) == len(set(sent)), "nothing is asked twice"
