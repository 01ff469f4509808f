"""Answers and failures of Azure as az's own error classes, each with what helps."""
from __future__ import annotations

import json
import re
from collections.abc import Mapping
from typing import Any

from azure.cli.core.azclierror import (
    AzCLIError,
    AzureConnectionError,
    AzureInternalError,
    AzureResponseError,
    BadRequestError,
    ForbiddenError,
    ResourceNotFoundError,
    UnauthorizedError,
)
from azure.core.exceptions import ServiceRequestTimeoutError, ServiceResponseTimeoutError

LOGIN_AGAIN = "Run 'az login' again, with --tenant if the resource is in another tenant."
TRY_AGAIN = "Try again in a few minutes; if it stays, see https://azure.status.microsoft."
CHECK_NETWORK = (
    "Check the network and the proxy (HTTPS_PROXY); a workspace behind a private endpoint answers only to machines in "
    "its network."
)
TRUST_PROXY = "If a proxy inspects TLS, let REQUESTS_CA_BUNDLE name the file with its certificate."
#: urllib3 puts the reason at the end: ``(Caused by KindOfError("reason"))``.
_CAUSED_BY = re.compile(r"\(Caused by (?:\w+\(([\"'])(?P<said>.*)\1\)|(?P<other>.*))\)$", re.DOTALL)
#: As much of an unexpected answer as an error quotes.
_QUOTED = 200
_XML_ERROR = re.compile(r"<Code>([^<]{1,200})</Code>\s*<Message>([^<]{0,2000})</Message>")
_XML_DETAIL = re.compile(r"<AuthenticationErrorDetail>([^<]{0,500})</AuthenticationErrorDetail>")


def answer_error(
    what: str, status: int, headers: Mapping[str, str], body: bytes, done: str = "read"
) -> AzCLIError:
    """The error for an answer that is no success. ``what`` was asked for ("the workspace 'ws'"), to be ``done``."""
    text = body.decode("utf-8", "replace")
    said = _what_azure_said(text) or _first_words(text) or "no reason given"
    request_id = headers.get("x-ms-request-id", "") if status >= 500 else ""
    message = f"{_capital(what)} could not be {done}: HTTP {status}, {said}"
    if request_id:
        message += f" (request id {request_id})"
    return _class_of(status)(without_queries(message), recommendation=_help_for(status, text))


def without_queries(text: str) -> str:
    """The text with the queries of its addresses cut off: a SAS address carries its key there."""
    return re.sub(r"(?<=[\w/])\?[\w.~-]{1,40}=\S*", "?...", text)


def _class_of(status: int) -> Any:
    if status >= 500 or status in (408, 429):
        return AzureInternalError
    known = {
        400: BadRequestError,
        401: UnauthorizedError,
        403: ForbiddenError,
        404: ResourceNotFoundError,
    }
    return known.get(status, AzureResponseError)


def _help_for(status: int, text: str) -> str | None:
    if status == 401:
        return LOGIN_AGAIN
    if status >= 500 or status in (408, 429):
        return TRY_AGAIN
    if status == 403 and "AuthorizationFailed" not in text and re.search(r"firewall|private|network", text, re.I):
        return CHECK_NETWORK
    return None


def content_error(what: str, content_type: str, body: bytes) -> AzCLIError:
    """The error for an answer that is not the JSON that Azure sends there."""
    text = _first_words(body.decode("utf-8", "replace")) or "nothing"
    kind = content_type or "of no type"
    message = f"{_capital(what)} could not be read: the answer is not what Azure sends ({kind}): {text}"
    return AzureResponseError(
        without_queries(message),
        recommendation=f"A proxy or a sign-in page may stand between this machine and Azure. {CHECK_NETWORK}",
    )


def connection_error(what: str, error: BaseException, done: str = "read") -> AzCLIError:
    """The error for a request that got no answer, or only a part of one."""
    cause = _CAUSED_BY.search(str(error))
    reason = (cause and (cause["said"] or cause["other"])) or str(error) or type(error).__name__
    if isinstance(error, (ServiceRequestTimeoutError, ServiceResponseTimeoutError)):
        reason = f"no answer in time ({reason})"
    message = f"{_capital(what)} could not be {done}: {_one_line(without_queries(reason))}"
    is_tls = "certificate" in reason.lower() or "ssl" in reason.lower()
    return AzureConnectionError(message, recommendation=TRUST_PROXY if is_tls else CHECK_NETWORK)


def timeout_error(what: str, seconds: float) -> AzCLIError:
    """The error for something that takes too long."""
    return AzureConnectionError(
        f"{_capital(what)} could not be read: no complete answer within {seconds:g} seconds",
        recommendation=f"{CHECK_NETWORK} To wait longer: az config set mltrouble.timeout={seconds * 2:g}",
    )


def _what_azure_said(text: str) -> str | None:
    """``CODE: message`` of the error forms of Resource Manager, of Azure ML and of the blob service."""
    xml = _XML_ERROR.search(text)
    if xml:
        detail = _XML_DETAIL.search(text)
        return f"{xml[1]}: {_one_line(detail[1] if detail else xml[2])}"
    try:
        payload: Any = json.loads(text)
    except ValueError:
        return None
    error = payload.get("error", payload) if isinstance(payload, dict) else None
    if not isinstance(error, dict) or not (error.get("code") or error.get("message")):
        return None
    return ": ".join(_one_line(str(error[key])) for key in ("code", "message") if error.get(key))


def _first_words(text: str) -> str:
    return _one_line(re.sub(r"<[^<>]{0,500}>", " ", text[: 8 * _QUOTED]))[:_QUOTED]


def _one_line(text: str) -> str:
    return re.sub(r"[\s\x00-\x1f\x7f]+", " ", text).strip()[:2000]


def _capital(text: str) -> str:
    return text[:1].upper() + text[1:]
