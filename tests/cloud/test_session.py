"""The session: the login it stands for, what it sends, and what it refuses."""
from __future__ import annotations

import logging
import threading
from collections.abc import Callable
from types import SimpleNamespace
from typing import Any

import pytest
from azure.cli.core.azclierror import (
    AuthenticationError,
    AzCLIError,
    AzureConnectionError,
    AzureResponseError,
    InvalidArgumentValueError,
)

from azext_mltrouble.cloud import arm, blob, v1
from azext_mltrouble.cloud.session import DEFAULT_TIMEOUT, Session, WorkspaceScope, segment
from tests.azuresim.client import SimulatedAzure
from tests.evidence.conftest import Identity, scope_of

Sessions = Callable[..., Session]


class FakeConfig(dict[tuple[str, str], str]):
    def get(self, section: str, option: str, fallback: Any = None) -> Any:  # type: ignore[override]
        return super().get((section, option), fallback)


def cli_ctx(config: dict[tuple[str, str], str] | None = None) -> Any:
    endpoints = SimpleNamespace(resource_manager="https://arm.example/", active_directory_resource_id="https://res/")
    return SimpleNamespace(
        data={"headers": {"x-ms-client-request-id": "correlation-1"}, "subscription_id": "sub"},
        cloud=SimpleNamespace(endpoints=endpoints),
        config=FakeConfig(config or {}),
    )


@pytest.fixture
def profile(monkeypatch: pytest.MonkeyPatch) -> list[Any]:
    """az's profile with somebody logged in; the list holds the subscriptions that were asked for."""
    asked: list[Any] = []

    class Profile:
        def __init__(self, cli_ctx: Any) -> None: ...

        def get_login_credentials(self, subscription_id: str | None = None) -> tuple[Any, str, str]:
            asked.append(subscription_id)
            credential = SimpleNamespace(get_token=lambda *scopes: SimpleNamespace(token=f"token for {scopes[0]}"))
            return credential, "sub", "tenant"

    monkeypatch.setattr("azure.cli.core._profile.Profile", Profile)
    return asked


# -- the login ---------------------------------------------------------------------------------------------------------


def test_a_session_stands_for_the_active_login(profile: list[Any]) -> None:
    session = Session.from_cli(cli_ctx())
    assert profile == ["sub"]
    assert (session.subscription_id, session.tenant_id, session.arm) == ("sub", "tenant", "https://arm.example")
    assert session.timeout == DEFAULT_TIMEOUT
    assert session.token() == "token for https://res//.default"
    assert session.token("https://storage") == "token for https://storage/.default"


@pytest.mark.parametrize(("setting", "seconds"), [("5", 5.0), ("0.5", 0.5)])
def test_the_time_for_a_read_is_a_setting(profile: list[Any], setting: str, seconds: float) -> None:
    assert Session.from_cli(cli_ctx({("mltrouble", "timeout"): setting})).timeout == seconds


@pytest.mark.parametrize("setting", ["soon", "0", "-1", "inf", "nan", ""])
def test_a_time_that_is_none_is_a_clear_error(profile: list[Any], setting: str) -> None:
    with pytest.raises(InvalidArgumentValueError) as error:
        Session.from_cli(cli_ctx({("mltrouble", "timeout"): setting}))
    assert error.value.recommendations


def test_without_a_login_azs_own_words_are_said(monkeypatch: pytest.MonkeyPatch) -> None:
    from knack.util import CLIError

    class Profile:
        def __init__(self, cli_ctx: Any) -> None: ...

        def get_login_credentials(self, **_: Any) -> Any:
            raise CLIError("Please run 'az login' to setup account.")

    monkeypatch.setattr("azure.cli.core._profile.Profile", Profile)
    with pytest.raises(AzCLIError, match="az login") as error:
        Session.from_cli(cli_ctx())
    assert error.value.recommendations


def test_a_token_without_a_network_is_a_connection_error() -> None:
    import requests

    def refuse(*_: Any) -> Any:
        raise requests.ConnectionError("login.example cannot be reached")

    session = Session(SimpleNamespace(get_token=refuse), "sub", "tenant", "https://arm.example", "https://res/")
    for _ in range(2):
        with pytest.raises(AzureConnectionError, match=r"login\.example"):
            session.token()


def test_a_login_server_that_answers_nonsense_is_an_authentication_error() -> None:
    def nonsense(*_: Any) -> Any:
        raise KeyError("expires_on")

    session = Session(SimpleNamespace(get_token=nonsense), "sub", "tenant", "https://arm.example", "https://res/")
    with pytest.raises(AuthenticationError, match="expires_on") as error:
        session.token()
    assert "az login" in "".join(error.value.recommendations)


def test_what_is_shared_is_made_once_for_all_threads() -> None:
    session = Session(None, "sub", "tenant", "https://arm.example", "https://res/")
    made: list[int] = []
    release = threading.Event()

    def make() -> str:
        made.append(1)
        release.wait(10)
        return "value"

    got: list[str] = []
    threads = [threading.Thread(target=lambda: got.append(session.once("key", make))) for _ in range(8)]
    for thread in threads:
        thread.start()
    release.set()
    for thread in threads:
        thread.join()
    assert got == ["value"] * 8
    assert made == [1]


# -- what goes over the wire -------------------------------------------------------------------------------------------


def test_a_request_says_who_asks(azure: SimulatedAzure, session: Sessions) -> None:
    workspace = azure.scenario("healthy-aci")
    arm.workspace(session(), scope_of(workspace))
    (request,) = workspace.requests()
    assert "mltrouble" in request["userAgent"]
    assert "x-ms-client-request-id" in request["headers"]
    assert request["query"] == {"api-version": "2022-05-01"}


def test_connections_are_used_again(azure: SimulatedAzure, session: Sessions, caplog: pytest.LogCaptureFixture) -> None:
    workspace = azure.scenario("healthy-aci")
    with caplog.at_level(logging.DEBUG, "urllib3.connectionpool"):
        mms = v1.open_workspace(session(), scope_of(workspace))
        for _ in range(3):
            mms.service("mysvc")
    opened = [one for one in caplog.messages if "new HTTPS connection" in one]
    assert len(opened) == 2  # Resource Manager, and the workspace's services


def test_a_sas_address_is_in_no_debug_log(
    azure: SimulatedAzure, session: Sessions, caplog: pytest.LogCaptureFixture
) -> None:
    workspace = azure.scenario("healthy-aci")
    one = session()
    mms = v1.open_workspace(one, scope_of(workspace))
    address = mms.image("mysvc:1")["imageBuildLogUri"]
    with caplog.at_level(logging.DEBUG):
        assert b"".join(blob.download(one, address, "the log"))
    assert "build.log" in caplog.text
    assert "sig=" not in caplog.text


def test_a_list_is_read_to_its_end(azure: SimulatedAzure, session: Sessions) -> None:
    services: dict[str, Any] = {f"s{number}": {} for number in range(6)}
    workspace = azure.scenario("healthy-aci", services=services, page_sizes={"services": 2})
    assert len(v1.open_workspace(session(), scope_of(workspace)).services()) == 7


def test_a_server_that_asks_for_an_hour_is_not_waited_for(azure: SimulatedAzure, session: Sessions) -> None:
    from azext_mltrouble.cloud.transport import _BoundedRetries

    headers = {"Retry-After": "3600"}
    response = SimpleNamespace(http_response=SimpleNamespace(status_code=429, headers=headers))
    assert _BoundedRetries().get_retry_after(response) == 8


# -- what is refused ---------------------------------------------------------------------------------------------------


def test_a_next_page_on_another_host_is_refused(monkeypatch: pytest.MonkeyPatch, identity: Identity) -> None:
    session = Session(identity, "sub", "tenant", "https://arm.example", "https://res/")
    asked: list[str] = []

    def get(url: str, *_: Any) -> dict[str, Any]:
        asked.append(url)
        return {"value": [], "nextLink": "https://thief.example/next"}

    monkeypatch.setattr(session, "get", get)
    with pytest.raises(AzureResponseError, match="another host"):
        session.get_all("https://arm.example/list", "the list")
    assert asked == ["https://arm.example/list"]


def test_a_list_without_end_ends(monkeypatch: pytest.MonkeyPatch, identity: Identity) -> None:
    session = Session(identity, "sub", "tenant", "https://arm.example", "https://res/")
    page = {"value": [{"name": "a"}], "nextLink": "https://arm.example/list"}
    monkeypatch.setattr(session, "get", lambda *_: page)
    assert len(session.get_all("https://arm.example/list", "the list")) == 100


@pytest.mark.parametrize("address", ["http://arm.example/x", "file:///etc/passwd", "ftp://x", "", "//x"])
def test_only_https_is_spoken(identity: Identity, address: str) -> None:
    session = Session(identity, "sub", "tenant", "https://arm.example", "https://res/")
    with pytest.raises(AzureResponseError, match="not https"):
        session.get(address, "the thing")
    assert identity.fetched == [], "no token is made ready for it"


def test_a_certificate_that_is_not_trusted_is_explained(
    azure: SimulatedAzure, session: Sessions, monkeypatch: pytest.MonkeyPatch
) -> None:
    scope = scope_of(azure.scenario("healthy-aci"))
    one = session(timeout=5)
    monkeypatch.delenv("REQUESTS_CA_BUNDLE")
    with pytest.raises(AzureConnectionError) as error:
        arm.workspace(one, scope)
    assert "REQUESTS_CA_BUNDLE" in "".join(error.value.recommendations)


def test_a_ca_bundle_that_does_not_exist_is_explained(
    azure: SimulatedAzure, session: Sessions, monkeypatch: pytest.MonkeyPatch
) -> None:
    scope = scope_of(azure.scenario("healthy-aci"))
    one = session(timeout=5)
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", "/nowhere/ca.pem")
    with pytest.raises(AzureConnectionError, match=r"/nowhere/ca\.pem"):
        arm.workspace(one, scope)


def test_names_cannot_leave_their_place_in_an_address() -> None:
    assert segment("a/b?c#d%2e:") == "a%2Fb%3Fc%23d%252e%3A"
    scope = WorkspaceScope("s", "g(1)/x", "w s")
    assert scope.path == (
        "/subscriptions/s/resourceGroups/g(1)%2Fx/providers/Microsoft.MachineLearningServices/workspaces/w%20s"
    )
