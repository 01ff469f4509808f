"""A session with the simulated Azure without az around it, so that a test reads Azure in milliseconds."""
from __future__ import annotations

import json
import ssl
import time
import urllib.request
from collections.abc import Callable
from types import SimpleNamespace

import pytest

from azext_mltrouble.cloud.session import Session, WorkspaceScope
from tests.azuresim.client import SimulatedAzure, Workspace


class Identity:
    """Tokens of the simulated managed identity, as az's credential gives them; counts what it fetches."""

    def __init__(self, azure: SimulatedAzure) -> None:
        self._azure = azure
        self.fetched: list[str] = []

    def get_token(self, *scopes: str, **_: object) -> SimpleNamespace:
        started = self._azure.started
        resource = scopes[0].removesuffix("/.default")
        self.fetched.append(resource)
        address = f"{started['identityEndpoint']}?api-version=2019-08-01&resource={resource}"
        request = urllib.request.Request(address, headers={"X-IDENTITY-HEADER": started["identityHeader"]})
        trusted = ssl.create_default_context(cafile=started["ca"])
        with urllib.request.urlopen(request, context=trusted, timeout=10) as answer:
            return SimpleNamespace(token=json.load(answer)["access_token"], expires_on=int(time.time()) + 3600)


@pytest.fixture
def identity(azure: SimulatedAzure) -> Identity:
    return Identity(azure)


@pytest.fixture
def session(azure: SimulatedAzure, identity: Identity, monkeypatch: pytest.MonkeyPatch) -> Callable[..., Session]:
    """Makes sessions; ``timeout`` is in seconds."""
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", azure.started["ca"])
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")

    def make(timeout: float = 20) -> Session:
        names = azure.scenario("crash-in-init").names
        audience = "https://management.core.windows.net/"
        return Session(
            identity, names["subscription"], names.get("tenant", ""), azure.started["arm"], audience, timeout=timeout
        )

    return make


def scope_of(workspace: Workspace) -> WorkspaceScope:
    """The scope of a simulated workspace."""
    return WorkspaceScope(workspace.names["subscription"], workspace.resource_group, workspace.name)
