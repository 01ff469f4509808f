"""What a handler gives back, and how each Azure service words an error."""
from __future__ import annotations

import json
import uuid
from dataclasses import dataclass, field
from typing import Any
from xml.sax.saxutils import escape

JSON = "application/json; charset=utf-8"


@dataclass
class Reply:
    """One answer: ``body`` as sent."""

    status: int
    body: bytes
    content_type: str = JSON
    headers: dict[str, str] = field(default_factory=dict)


class Refused(Exception):
    """Raised by a handler or a check that ends the request with ``reply``."""

    def __init__(self, reply: Reply) -> None:
        super().__init__(reply.status)
        self.reply = reply


def ok(payload: Any, status: int = 200, **headers: str) -> Reply:
    """A JSON answer."""
    return Reply(status, json.dumps(payload).encode(), headers=headers)


def arm_error(status: int, code: str, message: str, **headers: str) -> Reply:
    """Azure Resource Manager's error body."""
    return ok({"error": {"code": code, "message": message}}, status, **headers)


def provider_error(status: int, code: str, message: str, **headers: str) -> Reply:
    """The error body of Microsoft.MachineLearningServices behind Azure Resource Manager, and of its newer services."""
    correlation = {"operation": uuid.uuid4().hex, "request": uuid.uuid4().hex[:16]}
    return ok({"error": {
        "code": code, "message": message, "target": None, "details": [],
        "additionalInfo": [{"type": "ComponentName", "info": {"value": "managementfrontend"}},
                           {"type": "Correlation", "info": {"value": correlation}}],
    }}, status, **headers)


def mms_error(status: int, code: str, message: str, **headers: str) -> Reply:
    """The Model Management Service's error body."""
    return ok({"code": code, "statusCode": status, "message": message, "details": [],
               "correlation": {"RequestId": str(uuid.uuid4())}}, status, **headers)


def blob_error(status: int, code: str, message: str, detail: str = "", **headers: str) -> Reply:
    """Azure Storage's error body (XML)."""
    request_id = str(uuid.uuid4())
    extra = f"<AuthenticationErrorDetail>{escape(detail)}</AuthenticationErrorDetail>" if detail else ""
    body = (f'<?xml version="1.0" encoding="utf-8"?><Error><Code>{code}</Code>'
            f"<Message>{escape(message)}\nRequestId:{request_id}</Message>{extra}</Error>")
    return Reply(status, body.encode(), "application/xml",
                 {"x-ms-error-code": code, "x-ms-request-id": request_id, **headers})


def identity_error(status: int, code: str, message: str, **headers: str) -> Reply:
    """The error body of the managed-identity endpoint of App Service."""
    return ok({"statusCode": status, "message": f"{code}: {message}", "correlationId": str(uuid.uuid4())},
              status, **headers)


def scoring_error(status: int, code: str, message: str, **headers: str) -> Reply:
    """The answer of what stands in front of a service's container: a line of text."""
    return Reply(status, f"{code}: {message}".encode(), "text/plain; charset=utf-8", headers)


#: How each plane of the simulator words an error.
ERRORS = {"arm": arm_error, "ml": mms_error, "blob": blob_error, "identity": identity_error,
          "scoring": scoring_error}
