"""Azure Storage in front of Azurite: its errors are worded as Azure's, and a stray token is refused."""
from __future__ import annotations

import time
from datetime import datetime, timezone
from typing import Any

import aiohttp
from aiohttp import web

from .azurite import ACCOUNT
from .replies import Refused, Reply, blob_error
from .routing import Call
from .scenario import Scenario
from .tokens import STORAGE_AUDIENCES, TokenRefused

ROUTE = "blob.read"
_CHUNK = 64 * 1024


def scenario_of(call: Call) -> Scenario | None:
    """The scenario whose container a request names."""
    parts = call.path.split("/")
    return call.simulator.world.container(parts[2]) if len(parts) > 2 else None


def check(call: Call) -> None:
    """What the storage service checks before it looks for a blob; raises Refused.

    An ``Authorization`` header is looked at even when the address is signed: a token for another service is refused.
    """
    if call.method not in ("GET", "HEAD"):
        raise Refused(blob_error(405, "UnsupportedHttpVerb", "The resource doesn't support specified Http Verb."))
    if not call.path.startswith(f"/{ACCOUNT}/"):
        raise Refused(blob_error(404, "ResourceNotFound", "The specified resource does not exist."))
    authorization = call.headers.get("Authorization")
    if authorization:
        try:
            call.simulator.tokens.check(authorization, STORAGE_AUDIENCES)
        except TokenRefused as refused:
            raise Refused(blob_error(401, "InvalidAuthenticationInfo",
                                     "Server failed to authenticate the request. Please refer to the information in "
                                     "the www-authenticate header.", refused.message,
                                     **{"WWW-Authenticate": "Bearer resource_id=https://storage.azure.com"})) from None
    if "sig" not in call.query and not authorization:
        raise Refused(blob_error(409, "PublicAccessNotPermitted",
                                 "Public access is not permitted on this storage account."))
    expiry = call.query.get("se")
    if expiry and _seconds(expiry) < time.time():
        start, now = call.query.get("st", ""), datetime.now(timezone.utc).strftime("%a, %d %b %Y %H:%M:%S GMT")
        raise Refused(_not_authenticated(f"Signature not valid in the specified time frame: Start [{start}] - "
                                         f"Expiry [{expiry}] - Current [{now}]"))


def _seconds(when: str) -> float:
    return datetime.fromisoformat(when.replace("Z", "+00:00")).timestamp()


def _not_authenticated(detail: str) -> Reply:
    return blob_error(403, "AuthenticationFailed",
                      "Server failed to authenticate the request. Make sure the value of Authorization header is "
                      "formed correctly including the signature.", detail)


async def fetch(session: aiohttp.ClientSession, azurite: str, request: web.BaseRequest) -> Reply:
    """Azurite's answer, whole."""
    async with session.request(request.method, azurite + request.raw_path, headers=_passed_on(request)) as answer:
        body = await answer.read()
        return _worded(answer.status, Reply(answer.status, body, answer.headers.get("Content-Type", ""),
                                            _kept(answer.headers)))


async def forward(session: aiohttp.ClientSession, azurite: str, request: web.BaseRequest) -> web.StreamResponse:
    """Azurite's answer, streamed."""
    async with session.request(request.method, azurite + request.raw_path, headers=_passed_on(request)) as answer:
        request["record"]["status"] = answer.status
        if answer.status >= 400:
            reply = _worded(answer.status, Reply(answer.status, await answer.read(),
                                                 answer.headers.get("Content-Type", ""), _kept(answer.headers)))
            return web.Response(status=reply.status, body=reply.body,
                                headers={"Content-Type": reply.content_type, **reply.headers})
        headers = {**_kept(answer.headers), "Content-Type": answer.headers.get("Content-Type", "")}
        if "Content-Length" in answer.headers:
            headers["Content-Length"] = answer.headers["Content-Length"]
        response = web.StreamResponse(status=answer.status, headers=headers)
        await response.prepare(request)
        async for chunk in answer.content.iter_chunked(_CHUNK):
            await response.write(chunk)
        return response


def _passed_on(request: web.BaseRequest) -> dict[str, str]:
    """The request's headers that mean something to Azurite; a token has been checked and is left out."""
    return {key: value for key, value in request.headers.items()
            if key.lower().startswith("x-ms-") or key.lower() in ("range", "accept", "if-none-match")}


def _kept(headers: Any) -> dict[str, str]:
    return {key: value for key, value in headers.items()
            if key.lower().startswith("x-ms-") or key.lower() in ("etag", "last-modified", "content-range",
                                                                  "accept-ranges")}


def _worded(status: int, reply: Reply) -> Reply:
    """Azurite says AuthorizationFailure where Azure says AuthenticationFailed."""
    if status == 403 and b"AuthorizationFailure" in reply.body:
        return _not_authenticated("Signature did not match.")
    return reply
