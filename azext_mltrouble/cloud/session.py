"""The active az login as a session: one pipeline, and each token, shared answer and connection made once."""
from __future__ import annotations

import json
import time
from collections.abc import Iterator, Mapping
from concurrent.futures import Future
from concurrent.futures import TimeoutError as FutureTimeout
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from threading import Lock, Thread
from typing import Any, Callable
from urllib.parse import quote, urlencode, urlsplit

from knack.log import get_logger

from azext_mltrouble.cloud.printable import printable

logger = get_logger(__name__)

#: Seconds that one read may take, repetitions included; ``az config set mltrouble.timeout=N`` changes it.
DEFAULT_TIMEOUT = 60.0
#: Bytes; no answer of Azure comes near.
_LARGEST_JSON = 64 * 1024 * 1024
_MOST_PAGES = 100
_JSON = "application/json"
#: The status for a range that begins where the blob ends.
_NO_MORE_BYTES = 416


def segment(text: str, keep: str = "") -> str:
    """A name as one segment of an address; the characters of ``keep`` stay as they are."""
    return quote(text, safe=keep)


@dataclass(frozen=True)
class WorkspaceScope:
    """Which workspace, as the user names it."""

    subscription_id: str
    resource_group: str
    workspace: str

    @property
    def group_path(self) -> str:
        """The resource group's ARM id, ready for an address."""
        group = segment(self.resource_group, keep="()")
        return f"/subscriptions/{segment(self.subscription_id)}/resourceGroups/{group}"

    @property
    def path(self) -> str:
        """The workspace's ARM id, ready for an address."""
        return f"{self.group_path}/providers/Microsoft.MachineLearningServices/workspaces/{segment(self.workspace)}"


class Session:
    """Reads from Azure as the signed-in user. All methods may be called from several threads.

    Every error is one of az's own classes (``azure.cli.core.azclierror``). Tokens live in memory only.
    """

    def __init__(
        self,
        credential: Any,
        subscription_id: str,
        tenant_id: str,
        arm: str,
        audience: str,
        *,
        verify: bool = True,
        timeout: float = DEFAULT_TIMEOUT,
        headers: Mapping[str, str] | None = None,
        user_agent: str = "",
    ) -> None:
        """``credential`` has azure-core's ``get_token``; ``arm`` is Resource Manager's address."""
        self.subscription_id = subscription_id
        self.tenant_id = tenant_id
        self.arm = arm.rstrip("/")
        self.timeout = timeout
        self._credential = credential
        self._audience = audience
        self.verify = verify
        self._headers = dict(headers or {})
        self._user_agent = f"{user_agent} mltrouble".strip()
        self._once: dict[Any, Future[Any]] = {}
        self._lock = Lock()

    @classmethod
    def from_cli(cls, cli_ctx: Any) -> Session:
        """The session of the active ``az login``: its cloud, the tenant of the subscription in force, az's settings.

        Raises az's own error when nobody is logged in. The token is on its way when this returns.
        """
        from azure.cli.core.util import get_az_user_agent, should_disable_connection_verify

        timeout = _timeout_of(cli_ctx)
        credential, subscription_id, tenant_id = _login_of(cli_ctx, timeout)
        correlation = cli_ctx.data.get("headers", {}).get("x-ms-client-request-id")
        session = cls(
            credential,
            subscription_id,
            tenant_id,
            cli_ctx.cloud.endpoints.resource_manager,
            cli_ctx.cloud.endpoints.active_directory_resource_id,
            verify=not should_disable_connection_verify(),
            timeout=timeout,
            headers={"x-ms-correlation-request-id": correlation} if correlation else {},
            user_agent=get_az_user_agent(),
        )
        # the wait for the token and the import of the HTTP stack overlap
        Thread(target=session._prefetch, daemon=True).start()
        return session

    def token(self, audience: str | None = None) -> str:
        """An access token for an audience (Resource Manager's by default), fetched once.

        Raises az's error with its advice when the login has expired, AzureConnectionError without a network.
        """
        audience = audience or self._audience
        return str(self.once(("token", audience), lambda: self._fetch_token(audience)))

    def once(self, key: Any, make: Callable[[], Any]) -> Any:
        """The result of ``make``, or its error, made once per session for each key."""
        with self._lock:
            known = key in self._once
            future = self._once.setdefault(key, Future())
        if not known:
            try:
                future.set_result(make())
            except BaseException as error:  # pylint: disable=broad-exception-caught  # whoever waits gets it too
                future.set_exception(error)
        return future.result()

    def get(
        self, url: str, what: str, query: Mapping[str, str] | None = None, *, authenticated: bool = True
    ) -> dict[str, Any]:
        """The JSON object at an address. ``what`` names it in errors ("the workspace 'ws'")."""
        return self._json("GET", url, what, query, authenticated)

    def post(self, url: str, what: str, query: Mapping[str, str] | None = None) -> dict[str, Any]:
        """The JSON object that a POST without a body answers: the reads that Resource Manager calls actions."""
        return self._json("POST", url, what, query, True)

    def put(self, url: str, what: str, query: Mapping[str, str], payload: Any) -> None:
        """Writes a JSON payload. ``what`` names in errors what is changed."""
        body = json.dumps(payload).encode()
        with self._answer("PUT", url, what, query, authenticated=True, body=body) as (_, chunks):
            for _ in chunks:
                pass

    def send(
        self, method: str, url: str, what: str, payload: Any, content_type: str = _JSON
    ) -> tuple[Mapping[str, str], dict[str, Any]]:
        """Writes a JSON payload; the headers and the JSON object of the answer, which may be empty."""
        body = json.dumps(payload).encode()
        with self._answer(method, url, what, None, True, body=body, content_type=content_type) as (headers, chunks):
            text = b"".join(chunks)
        try:
            answer = json.loads(text or b"{}")
        except ValueError:
            answer = {}
        return headers, answer if isinstance(answer, dict) else {}

    def get_all(self, url: str, what: str, query: Mapping[str, str] | None = None) -> list[dict[str, Any]]:
        """The items of a list, page by page. A next page elsewhere is refused: the token would go along."""
        from azext_mltrouble.cloud.errors import content_error

        items: list[dict[str, Any]] = []
        page = self.get(url, what, query)
        for _ in range(_MOST_PAGES):
            items.extend(item for item in page.get("value") or [] if isinstance(item, dict))
            following = page.get("nextLink")
            if not following:
                return items
            if urlsplit(str(following))[:2] != urlsplit(url)[:2]:
                raise content_error(what, "a list whose next page is on another host", str(following).encode())
            page = self.get(str(following), what)
        return items

    def stream(self, url: str, what: str, start: int = 0) -> Iterator[bytes]:
        """The bytes from ``start`` on at an address that needs no token (a SAS address), as they come."""
        with self._answer("GET", url, what, None, authenticated=False, start=start) as (_, chunks):
            yield from chunks

    def _json(
        self, method: str, url: str, what: str, query: Mapping[str, str] | None, authenticated: bool
    ) -> dict[str, Any]:
        from azext_mltrouble.cloud.errors import content_error

        with self._answer(method, url, what, query, authenticated) as (headers, chunks):
            body = b""
            for chunk in chunks:
                body += chunk
                if len(body) > _LARGEST_JSON:
                    raise content_error(what, f"more than {_LARGEST_JSON} bytes", body[:1000])
        try:
            payload = json.loads(body)
        except ValueError:
            payload = None
        if not isinstance(payload, dict):
            raise content_error(what, headers.get("Content-Type", ""), body)
        cleaned: dict[str, Any] = printable(payload)
        return cleaned

    @contextmanager
    def _answer(
        self,
        method: str,
        url: str,
        what: str,
        query: Mapping[str, str] | None,
        authenticated: bool,
        *,
        start: int = 0,
        body: bytes | None = None,
        content_type: str = _JSON,
    ) -> Iterator[tuple[Mapping[str, str], Iterator[bytes]]]:
        """The headers and the body of a successful answer; any other is raised as an error.

        Nothing is no error where the bytes from ``start`` on are asked for and there are no more.
        """
        if urlsplit(url).scheme != "https":
            from azext_mltrouble.cloud.errors import content_error

            raise content_error(what, "an address that is not https", url.encode())
        token = self.token() if authenticated else None
        from azext_mltrouble.cloud import errors

        pipeline = self.once("pipeline", self._open_pipeline)
        from azure.core.exceptions import AzureError
        from azure.core.pipeline.transport import HttpRequest  # pylint: disable=no-name-in-module

        if query:
            url += "?" + urlencode(query, quote_via=quote, safe="$':,")
        headers = {"Accept": "application/json"} if authenticated else {}
        if token:
            headers["Authorization"] = f"Bearer {token}"
        if start:
            headers["Range"] = f"bytes={start}-"
        if body is not None:
            headers["Content-Type"] = content_type
        done = "changed" if method in ("PUT", "PATCH") else "read"
        started = time.monotonic()
        try:
            request = HttpRequest(method, url, headers=headers, data=body)
            response = pipeline.run(request, stream=True).http_response
            logger.debug("%s %s: %s in %d ms", method, urlsplit(url)._replace(query="").geturl(), response.status_code,
                         1000 * (time.monotonic() - started))  # fmt: skip
            chunks = response.stream_download(pipeline)
            if start and response.status_code == _NO_MORE_BYTES:
                chunks = iter(())
            elif not 200 <= response.status_code < 300:
                said = next(iter(chunks), b"")
                raise errors.answer_error(what, response.status_code, response.headers, said, done)
            yield response.headers, chunks
        except AzureError as error:
            raise errors.connection_error(what, error, done) from error
        except OSError as error:
            raise errors.connection_error(what, error, done) from error

    def _open_pipeline(self) -> Any:
        from azext_mltrouble.cloud.transport import open_pipeline

        return open_pipeline(self._headers, self._user_agent, self.verify, self.timeout)

    def _prefetch(self) -> None:
        with suppress(Exception):  # whoever needs the token gets the error
            self.token()

    def _fetch_token(self, audience: str) -> str:
        from azure.cli.core.auth.util import resource_to_scopes
        from azure.cli.core.azclierror import AuthenticationError
        from knack.util import CLIError
        from requests import RequestException

        from azext_mltrouble.cloud.errors import LOGIN_AGAIN, connection_error

        try:
            return str(self._credential.get_token(*resource_to_scopes(audience)).token)
        except CLIError:
            raise
        except (RequestException, ValueError) as error:  # ValueError: an answer that is no JSON, as msal reads it
            raise connection_error("the access token", error) from error
        except Exception as error:  # what msal makes of an answer without the fields that it expects
            raise AuthenticationError(
                f"The access token could not be fetched: {type(error).__name__}: {error}", recommendation=LOGIN_AGAIN
            ) from error


def _login_of(cli_ctx: Any, seconds: float) -> tuple[Any, str, str]:
    """The credential of the active login, its subscription and its tenant.

    Before az 2.71 a managed identity gets its token here, without a timeout, and fails as it happens to fail.
    """
    from azure.cli.core._profile import Profile
    from azure.cli.core.azclierror import AuthenticationError, AzCLIError, UnclassifiedUserFault
    from azure.cli.core.commands.client_factory import get_subscription_id
    from knack.util import CLIError

    from azext_mltrouble.cloud.errors import LOGIN_AGAIN, timeout_error

    login: Future[tuple[Any, str, str]] = Future()

    def log_in() -> None:
        try:
            wanted = get_subscription_id(cli_ctx)
            login.set_result(Profile(cli_ctx=cli_ctx).get_login_credentials(subscription_id=wanted))
        except BaseException as error:  # pylint: disable=broad-exception-caught  # raised again below
            login.set_exception(error)

    Thread(target=log_in, daemon=True).start()
    try:
        return login.result(seconds)
    except FutureTimeout:
        raise timeout_error("the access token", seconds) from None
    except AzCLIError:
        raise
    except CLIError as error:
        raise UnclassifiedUserFault(str(error), recommendation="Run 'az login', then try again.") from error
    except Exception as error:
        raise AuthenticationError(
            f"The access token could not be fetched: {type(error).__name__}: {error}", recommendation=LOGIN_AGAIN
        ) from error


def _timeout_of(cli_ctx: Any) -> float:
    from azure.cli.core.azclierror import InvalidArgumentValueError

    setting = cli_ctx.config.get("mltrouble", "timeout", str(DEFAULT_TIMEOUT))
    try:
        seconds = float(setting)
    except ValueError:
        seconds = 0.0
    if not 0 < seconds < float("inf"):
        raise InvalidArgumentValueError(
            f"The setting mltrouble.timeout is '{setting}', which is no number of seconds.",
            recommendation="Set it with: az config set mltrouble.timeout=60",
        )
    return seconds
