"""The simulator's listeners: one port per plane of Azure, with recording, faults and checks before each answer."""
from __future__ import annotations

import asyncio
import json
import secrets
import ssl
import sys
import time
from collections.abc import Awaitable
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType
from typing import Any, Callable
from urllib.parse import parse_qs

import aiohttp
import trustme
from aiohttp import web

from . import arm, blob, control, identity, ml, scenario, scoring
from .azurite import Azurite, AzuriteMissing
from .faults import ANSWERS, Fault, Switchboard, answer, spoil
from .replies import ERRORS, Refused, Reply
from .routing import Call, Route, Simulator, find
from .tokens import TokenAuthority

_PRINCIPAL = "00000000-0000-4000-8000-0000000000c1"
_DRIP_SECONDS = 0.2
_FORGET = 20_000


@dataclass
class Options:
    """How a simulator is started. ``ports`` are 0 for free ones; ``latency_ms`` holds for every request."""

    state: Path
    azurite: Path
    ports: dict[str, int]
    latency_ms: float = 0
    token_lifetime: int = 3600
    scenarios: list[str] | None = None


class Server:
    """A running simulated Azure. ``started`` is what a client needs to know of it, as one JSON object."""

    def __init__(self, options: Options) -> None:
        self._options = options
        self.simulator = Simulator(scenario.World(),
                                   TokenAuthority(scenario.TENANT, _PRINCIPAL, options.token_lifetime),
                                   Switchboard(), secrets.token_hex(16))
        self.requests: list[dict[str, Any]] = []
        self.secret = secrets.token_hex(16)
        self.azurite: Azurite | None = None
        self.started: dict[str, Any] = {}
        self._session: aiohttp.ClientSession | None = None
        self._runners: list[web.AppRunner] = []

    async def start(self) -> None:
        """Open the listeners, start Azurite and fill in the scenarios."""
        options = self._options
        options.state.mkdir(parents=True, exist_ok=True)
        authority = trustme.CA()
        tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        authority.issue_cert("127.0.0.1", "localhost").configure_cert(tls)
        authority.cert_pem.write_to_path(str(options.state / "ca.pem"))
        loop = asyncio.get_running_loop()
        azurite = loop.run_in_executor(None, self._start_azurite)
        for plane, serve in (("arm", self._plane(arm)), ("ml", self._plane(ml)), ("blob", self._blob)):
            address = await self._listen(serve, plane, options.ports.get(plane, 0), tls)
            self.simulator.addresses[plane] = address
        self.simulator.addresses["scoring"] = await self._listen(
            self._plane(scoring), "scoring", options.ports.get("scoring", 0), None)
        local = await self._listen(self._local, "local", options.ports.get("local", 0), None)
        self.simulator.addresses["identity"] = local
        self._session = aiohttp.ClientSession(auto_decompress=False)
        scenarios = [scenario.load(name) for name in options.scenarios or scenario.names_of_files()]
        await azurite
        if options.latency_ms:
            self.simulator.faults.set("*", [{"latency_ms": options.latency_ms}])
        for each in scenarios:
            await loop.run_in_executor(None, self.add, each)
        self.started = {
            "arm": self.simulator.addresses["arm"], "ca": str(options.state / "ca.pem"),
            "identityEndpoint": f"{local}/msi/token", "identityHeader": self.simulator.identity_header,
            "control": f"{local}/control/{self.secret}", "subscription": scenario.SUBSCRIPTION,
            "tenant": scenario.TENANT, "blob": self.simulator.addresses["blob"],
            "ml": self.simulator.addresses["ml"], "azurite": self.azurite is not None,
        }

    async def stop(self) -> None:
        """Close everything."""
        if self._session is not None:
            await self._session.close()
        for runner in self._runners:
            await runner.cleanup()
        if self.azurite is not None:
            self.azurite.stop()

    def add(self, new: scenario.Scenario) -> None:
        """Take up a scenario: its build logs go to Azurite, its faults into force."""
        if self.azurite is not None:
            self.azurite.upload(new.names.container, new.blobs)
        self.simulator.world.add(new)
        self.simulator.faults.set(new.names.scenario, new.faults)

    def change(self, name: str, document: dict[str, Any]) -> None:
        """What happens in a scenario after its start (see README.md); KeyError for what it does not have."""
        found = self.simulator.world.named(name)
        if found is None:
            raise KeyError(name)
        images = {image["id"]: image for image in found.images}
        for kind, items in (("services", found.services), ("images", images), ("operations", found.operations)):
            for key, fields in document.get(kind, {}).items():
                items[key].update(fields)
        for service, added in document.get("logs", {}).items():
            for container, text in added.items():
                found.logs[service][container] += text
        for key, text in document.get("build_logs", {}).items():
            place = images[key]["imageBuildLogUri"] if key in images else found.operations[key]["operationLog"]
            found.blobs[place["blob"]] += text
            if self.azurite is not None:
                self.azurite.upload(found.names.container, {place["blob"]: found.blobs[place["blob"]]})

    def _start_azurite(self) -> None:
        try:
            self.azurite = Azurite(self._options.azurite, self._options.state / "azurite")
        except AzuriteMissing as missing:
            print(f"No build logs: {missing}", file=sys.stderr)
            return
        azurite = self.azurite

        def sign(owner: scenario.Scenario, name: str, expired: bool) -> str:
            seconds = -3600 if expired else owner.sas_seconds
            return self.simulator.addresses["blob"] + azurite.sign(owner.names.container, name, seconds)

        self.simulator.sign_blob = sign

    async def _listen(self, serve: Callable[[web.BaseRequest], Awaitable[web.StreamResponse]], plane: str, port: int,
                      tls: ssl.SSLContext | None) -> str:
        runner = web.ServerRunner(web.Server(serve, access_log=None), handle_signals=False)
        await runner.setup()
        self._runners.append(runner)  # type: ignore[arg-type]
        site = web.TCPSite(runner, "127.0.0.1", port, ssl_context=tls, shutdown_timeout=0.1)
        await site.start()
        number = site._server.sockets[0].getsockname()[1]  # type: ignore[union-attr]
        return f"{'https' if tls else 'http'}://127.0.0.1:{number}"

    # ---- one request ------------------------------------------------------------------------------------------

    def _plane(self, plane: ModuleType) -> Callable[[web.BaseRequest], Awaitable[web.StreamResponse]]:
        async def serve(request: web.BaseRequest) -> web.StreamResponse:
            call = await self._call(request)
            route, call.parts, known_path = find(plane.ROUTES, call.method, call.path)
            call.scenario = plane.scenario_of(call) if hasattr(plane, "scenario_of") else None
            name = route.name if route else f"{plane.__name__.rpartition('.')[2]}.unknown"
            fault = await self._meet(request, call, name)
            try:
                plane.check(call, route, known_path)
                assert route is not None
                struck = self._struck(fault, plane, route, call)
                reply = struck or route.handler(call)
            except Refused as refused:
                reply = refused.reply
            except ValueError as error:  # a number in the query that is none
                reply = ERRORS[plane.__name__.rpartition(".")[2]](400, "BadRequest", str(error))
            return await self._send(request, reply, fault)
        return serve

    async def _local(self, request: web.BaseRequest) -> web.StreamResponse:
        if request.path.startswith(f"/control/{self.secret}/"):
            return await control.serve(self, request)
        return await self._plane(identity)(request)

    async def _blob(self, request: web.BaseRequest) -> web.StreamResponse:
        call = await self._call(request)
        call.scenario = blob.scenario_of(call)
        fault = await self._meet(request, call, blob.ROUTE)
        try:
            blob.check(call)
            if fault is not None and fault.fault in ANSWERS:
                reply = answer(fault, "blob", "", call.path, _PRINCIPAL)
            elif self.azurite is None or self._session is None:
                reply = Reply(503, b"", "text/plain")
            elif fault is None:
                return await blob.forward(self._session, self.azurite.url, request)
            else:
                reply = await blob.fetch(self._session, self.azurite.url, request)
        except Refused as refused:
            reply = refused.reply
        return await self._send(request, reply, fault)

    async def _call(self, request: web.BaseRequest) -> Call:
        return Call(self.simulator, request.method, request.path, request.query, request.headers,
                    await request.read())

    async def _meet(self, request: web.BaseRequest, call: Call, route: str) -> Fault | None:
        """Record the request, wait out the latency, and say which fault it meets."""
        workspace = call.scenario.names.scenario if call.scenario else None
        record = {"route": route, "workspace": workspace, "method": call.method, "path": call.path,
                  "rawPath": request.raw_path.partition("?")[0],
                  "query": _shown_query(request.query_string), "headers": sorted(map(str, request.headers)),
                  "userAgent": request.headers.get("User-Agent", ""), "at": time.time(), "status": None}
        del self.requests[:-_FORGET]
        self.requests.append(record)
        request["record"] = record
        latency, fault = self.simulator.faults.strike(workspace, route)
        if latency:
            await asyncio.sleep(latency)
        return fault

    def _struck(self, fault: Fault | None, plane: ModuleType, route: Route, call: Call) -> Reply | None:
        if fault is None or fault.fault not in ANSWERS:
            return None
        kind = plane.__name__.rpartition(".")[2]
        scope = call.path.partition("/modelmanagement/v1.0")[2] or call.path
        return answer(fault, kind, route.action, scope, _PRINCIPAL)

    async def _send(self, request: web.BaseRequest, reply: Reply, fault: Fault | None) -> web.StreamResponse:
        """Send a reply as the fault leaves it."""
        kind = fault.fault if fault else None
        record = request["record"]
        if kind == "hang":
            await asyncio.sleep(3600)
        if kind == "reset":
            assert request.transport is not None
            request.transport.abort()
            return web.Response()
        if fault is not None:
            reply = spoil(fault, reply)
        record["status"] = reply.status
        headers = {"Content-Type": reply.content_type, "x-ms-request-id": secrets.token_hex(8), **reply.headers}
        client_id = request.headers.get("x-ms-client-request-id")
        if client_id:
            headers["x-ms-client-request-id"] = client_id
        if kind in ("drip", "truncated"):
            return await _send_slowly(request, reply, headers, cut=kind == "truncated")
        return web.Response(status=reply.status, body=reply.body, headers=headers)


async def _send_slowly(request: web.BaseRequest, reply: Reply, headers: dict[str, str],
                       cut: bool) -> web.StreamResponse:
    """Send the body byte by byte with a pause after each; or stop half-way and break the connection."""
    response = web.StreamResponse(status=reply.status, headers={**headers, "Content-Length": str(len(reply.body))})
    await response.prepare(request)
    if cut:
        await response.write(reply.body[: len(reply.body) // 2])
        await asyncio.sleep(0.05)
        assert request.transport is not None
        request.transport.abort()
        return response
    for number in range(len(reply.body)):
        await response.write(reply.body[number:number + 1])
        await asyncio.sleep(_DRIP_SECONDS)
    return response


def _shown_query(query: str) -> dict[str, str]:
    """The query as recorded: without signatures."""
    return {key: "…" if key == "sig" else values[0]
            for key, values in parse_qs(query, keep_blank_values=True).items()}


def dump(started: dict[str, Any]) -> str:
    """``started`` as the one line that the command prints."""
    return json.dumps(started)
