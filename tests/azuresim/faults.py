"""Faults that can be switched on for a workspace and a route, from a scenario file or at run time."""
from __future__ import annotations

import time
from collections.abc import Iterable
from dataclasses import dataclass
from fnmatch import fnmatchcase
from typing import Any

from .replies import ERRORS, Reply, blob_error
from .tokens import expiry_message

#: Faults that replace the answer with one that Azure sends.
ANSWERS = ("expired-token", "forbidden", "not-found", "throttled", "error-500", "error-502", "error-503",
           "expired-sas")
#: Faults that spoil the real answer on its way.
SPOILERS = ("broken-json", "wrong-content-type", "empty", "truncated", "drip", "reset", "hang")
NAMES = (*ANSWERS, *SPOILERS)


@dataclass
class Fault:
    """One switch. ``workspace`` and ``route`` are shell patterns; ``times`` is how often it strikes (None: always).

    ``latency_ms`` waits before the request is looked at, with or without a ``fault``; ``retry_after`` is in seconds
    (throttled, error-503).
    """

    route: str = "*"
    workspace: str = "*"
    fault: str | None = None
    times: int | None = None
    latency_ms: float = 0
    retry_after: int | None = None

    def __post_init__(self) -> None:
        if self.fault is not None and self.fault not in NAMES:
            raise ValueError(f"unknown fault {self.fault!r}; there are {', '.join(NAMES)}")

    def matches(self, workspace: str | None, route: str) -> bool:
        """True when this switch holds for a request that is still to be answered."""
        return self.times != 0 and fnmatchcase(route, self.route) and fnmatchcase(workspace or "", self.workspace)


class Switchboard:
    """All faults in force. The first that matches a request strikes; latencies add up."""

    def __init__(self) -> None:
        self._faults: dict[str, list[Fault]] = {}

    def set(self, workspace: str, documents: Iterable[dict[str, Any]]) -> None:
        """Replace the faults of ``workspace`` (``*``: of every request)."""
        self._faults[workspace] = [Fault(**{**document, "workspace": workspace}) for document in documents]

    def get(self) -> dict[str, list[dict[str, Any]]]:
        """The faults in force, with what is left of ``times``."""
        return {workspace: [vars(fault) for fault in faults] for workspace, faults in self._faults.items() if faults}

    def strike(self, workspace: str | None, route: str) -> tuple[float, Fault | None]:
        """How long to wait (seconds) and which fault a request meets."""
        matching = [fault for faults in self._faults.values() for fault in faults if fault.matches(workspace, route)]
        latency = sum(fault.latency_ms for fault in matching) / 1000
        striking = next((fault for fault in matching if fault.fault), None)
        if striking is not None and striking.times is not None:
            striking.times -= 1
        return latency, striking


def answer(fault: Fault, plane: str, action: str, scope: str, principal_id: str) -> Reply:
    """The answer of an ``ANSWERS`` fault, worded as the service of ``plane`` does."""
    error = ERRORS[plane]
    wait = {} if fault.retry_after is None else {"Retry-After": str(fault.retry_after)}
    if fault.fault == "expired-sas":
        return blob_error(403, "AuthenticationFailed",
                          "Server failed to authenticate the request. Make sure the value of Authorization header is "
                          "formed correctly including the signature.", "Signed expiry time is in the past")
    if fault.fault == "expired-token":
        return error(401, "ExpiredAuthenticationToken", expiry_message(time.time() - 60),
                     **{"WWW-Authenticate": 'Bearer error="invalid_token"'})
    if fault.fault == "forbidden":
        return error(403, "AuthorizationFailed",
                     f"The client '{principal_id}' with object id '{principal_id}' does not have authorization to "
                     f"perform action '{action}' over scope '{scope}' or the scope is invalid. If access was recently "
                     "granted, please refresh your credentials.")
    if fault.fault == "not-found":
        return error(404, "ResourceNotFound", f"The Resource '{scope}' was not found.")
    if fault.fault == "throttled":
        return error(429, "TooManyRequests", "The request is being throttled as the limit has been reached.",
                     **{"Retry-After": "1", **wait})
    if fault.fault == "error-502":
        page = b"<html><head><title>502 Bad Gateway</title></head><body><h1>502 Bad Gateway</h1></body></html>"
        return Reply(502, page, "text/html")
    if fault.fault == "error-503":
        return error(503, "ServiceUnavailable", "The service is temporarily unavailable. Please try again.", **wait)
    return error(500, "InternalServerError", "An internal server error occurred. Please try again. If the problem "
                                             "persists, contact support")


def spoil(fault: Fault, reply: Reply) -> Reply:
    """The real answer as the faults that change its bytes leave it; the others change how it is sent."""
    if fault.fault == "broken-json":
        return Reply(reply.status, reply.body[: max(1, len(reply.body) // 2)] + b"\x00{", reply.content_type,
                     reply.headers)
    if fault.fault == "wrong-content-type":
        return Reply(200, b"<!DOCTYPE html><html><body>Sign in to your network</body></html>", "text/html")
    if fault.fault == "empty":
        return Reply(reply.status, b"", reply.content_type, reply.headers)
    return reply
