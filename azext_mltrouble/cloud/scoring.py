"""One request to a web service, as its callers send it: JSON in, whatever it answers out.

The request is azureml-core's ``Webservice.run``: a POST with ``Content-Type: application/json`` and the key or token as
the bearer. It is sent once: scoring may have effects, and a repetition would hide what is to be seen.
"""
from __future__ import annotations

import re
import time
from concurrent.futures import Future
from concurrent.futures import TimeoutError as FutureTimeout
from dataclasses import dataclass
from threading import Thread
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from azext_mltrouble.cloud.session import Session

if TYPE_CHECKING:
    from azure.cli.core.azclierror import AzCLIError

#: Seconds to wait for the connection.
_CONNECT_SECONDS = 10.0
#: Bytes of an answer that are kept.
LARGEST_ANSWER = 16 * 1024 * 1024
_CHUNK = 64 * 1024
_PLAIN = re.compile(r"[\x21-\x7e]+")


@dataclass(frozen=True)
class Answer:
    """What the service answered; ``headers`` have names in lower case, ``body`` is cut where ``complete`` is false."""

    status: int
    reason: str
    headers: dict[str, str]
    body: bytes
    duration_ms: int
    complete: bool


def score(session: Session, address: str, name: str, body: bytes, credential: str | None, timeout: float) -> Answer:
    """Sends ``body`` to the service ``name`` and waits at most ``timeout`` seconds for the whole answer.

    Any status is an answer. Raises AzureConnectionError when there is none, AzureResponseError when the address or the
    credential is none that can be used. A redirection is not followed: the credential would go along.
    """
    from requests import RequestException

    from azext_mltrouble.cloud.errors import content_error

    if urlsplit(address).scheme not in ("http", "https"):
        raise content_error(f"the scoring address of '{name}'", "not an address of the web", b"")
    if credential is not None and not _PLAIN.fullmatch(credential):
        raise content_error(f"the key or token of '{name}'", "not fit for a header", b"")
    answer: Future[Answer] = Future()

    def call() -> None:
        try:
            answer.set_result(_send(address, body, credential, timeout, session.verify))
        except (RequestException, OSError) as error:
            answer.set_exception(error)

    # A service that sends a byte now and then holds up its reader for ever; it is left behind then.
    Thread(target=call, daemon=True).start()
    try:
        return answer.result(timeout)
    except (RequestException, OSError, TimeoutError, FutureTimeout) as error:
        raise _no_answer(name, timeout, error) from error


def _send(address: str, body: bytes, credential: str | None, timeout: float, verify: bool) -> Answer:
    import requests

    def sign(request: Any) -> Any:  # also keeps requests from looking for a password in .netrc
        if credential:
            request.headers["Authorization"] = f"Bearer {credential}"
        return request

    headers = {"Content-Type": "application/json", "Accept": "application/json"}
    started = time.monotonic()
    with requests.Session() as caller:
        response = caller.post(
            address,
            data=body,
            headers=headers,
            auth=sign,
            timeout=(min(_CONNECT_SECONDS, timeout), timeout),
            verify=verify,
            allow_redirects=False,
            stream=True,
        )
        answer, complete = _read(response)
    duration = int(1000 * (time.monotonic() - started))
    lowered = {str(key).lower(): str(value) for key, value in response.headers.items()}
    return Answer(response.status_code, str(response.reason or ""), lowered, answer, duration, complete)


def _read(response: Any) -> tuple[bytes, bool]:
    """The body as far as it is kept, and whether that is all of it."""
    body = b""
    for chunk in response.iter_content(_CHUNK):
        body += chunk
        if len(body) > LARGEST_ANSWER:
            return body[:LARGEST_ANSWER], False
    return body, True


def _no_answer(name: str, timeout: float, error: Exception) -> AzCLIError:
    from azure.cli.core.azclierror import AzureConnectionError
    from requests import Timeout

    from azext_mltrouble.cloud.errors import connection_error

    look = f"See whether the service is up: az ml trouble diagnose -n {name}"
    if isinstance(error, (Timeout, TimeoutError, FutureTimeout)):
        return AzureConnectionError(
            f"The service '{name}' gave no complete answer within {timeout:g} seconds.",
            recommendation=[f"Wait longer: --timeout {timeout * 2:g}", look],
        )
    failed = connection_error(f"the answer of the service '{name}'", error)
    failed.set_recommendation(look)
    return failed
