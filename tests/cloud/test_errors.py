"""Azure's answers as az's errors."""
from __future__ import annotations

import json

import pytest
from azure.cli.core import azclierror
from azure.core.exceptions import ServiceRequestError, ServiceRequestTimeoutError

from azext_mltrouble.cloud.errors import answer_error, connection_error, content_error, without_queries

ARM = {"error": {"code": "AuthorizationFailed", "message": "The client 'x' does not have authorization."}}
MMS = {"code": "InternalServerError", "statusCode": 500, "message": "An internal server error occurred."}
BLOB = (
    "<?xml version='1.0'?><Error><Code>AuthenticationFailed</Code><Message>Server failed to authenticate."
    "</Message><AuthenticationErrorDetail>Signed expiry time [x] must be after</AuthenticationErrorDetail></Error>"
)


@pytest.mark.parametrize(
    ("status", "body", "kind", "said"),
    [
        (400, "", azclierror.BadRequestError, "no reason given"),
        (401, json.dumps(ARM), azclierror.UnauthorizedError, "AuthorizationFailed: The client 'x'"),
        (403, json.dumps(ARM), azclierror.ForbiddenError, "AuthorizationFailed: The client 'x'"),
        (403, BLOB, azclierror.ForbiddenError, "AuthenticationFailed: Signed expiry time"),
        (404, json.dumps(MMS), azclierror.ResourceNotFoundError, "An internal server error"),
        (409, "<html><body><h1>Conflict</h1></body></html>", azclierror.AzureResponseError, "Conflict"),
        (429, "{", azclierror.AzureInternalError, "{"),
        (500, json.dumps(MMS), azclierror.AzureInternalError, "InternalServerError: An internal"),
        (503, json.dumps({"error": "no object"}), azclierror.AzureInternalError, "no object"),
        (500, "[1]", azclierror.AzureInternalError, "[1]"),
    ],
)
def test_an_answer_is_the_error_of_its_status(status: int, body: str, kind: type, said: str) -> None:
    error = answer_error("the vault 'v'", status, {"x-ms-request-id": "r1"}, body.encode())
    assert isinstance(error, kind)
    assert f"The vault 'v' could not be read: HTTP {status}" in str(error)
    assert said in str(error)
    assert ("r1" in str(error)) == (status >= 500)


def test_a_hostile_answer_is_one_short_line() -> None:
    body = json.dumps({"error": {"code": "x\n\x1b[2J", "message": "y" * 100_000}}).encode()
    for error in (answer_error("it", 500, {}, body), content_error("it", "text/html", b"<p>\n\x1b]0;" * 10_000)):
        assert len(str(error)) < 5_000
        assert "\n" not in str(error)
        assert "\x1b" not in str(error)


def test_a_lost_connection_says_why_without_its_address() -> None:
    text = (
        "HTTPSConnectionPool(host='a', port=443): Max retries exceeded with url: /c/b?sv=1&sig=abc "
        "(Caused by NameResolutionError(\"HTTPSConnection(host='a', port=443): Failed to resolve 'a'\"))"
    )
    error = connection_error("the log", ServiceRequestError(text))
    assert "Failed to resolve 'a'" in str(error)
    assert "sig=" not in str(error)
    assert "in time" in str(connection_error("the log", ServiceRequestTimeoutError("read timed out")))


def test_queries_are_cut_off_addresses_only() -> None:
    assert without_queries("GET /c/b.log?sv=1&sig=abc HTTP/1.1") == "GET /c/b.log?... HTTP/1.1"
    assert without_queries("Is it? Yes = no") == "Is it? Yes = no"
